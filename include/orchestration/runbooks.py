"""What Airflow shows of a DAG's page in docs/dags.md.

Airflow 3.2.1 draws each code span as a block on a line of its own, and cuts off wide tables. So names are
bold there, tables are lists, and what a person does not need at night is on the full page.
"""

from __future__ import annotations

import inspect
import re

from include.orchestration.alerts import docs_url

_SHOWN = ("### ", "**What it makes.**", "|", "**When.**", "**Rerunning is safe.**", "**When a task fails**")
"""How the paragraphs begin that Airflow shows."""


def runbook(page: str, dag_id: str) -> str:
    """The paragraphs of a DAG's page that Airflow shows, and where the full page is.

    Args:
        page: The DAG file's docstring.
        dag_id: The DAG's name, which is its heading on the page.
    """
    where = f"docs/dags.md, section {dag_id}"
    if docs := docs_url():
        where = f"[{where}]({docs}/dags.md#{dag_id})"
    paragraphs = inspect.cleandoc(page).split("\n\n")
    shown = [_as_list(text) for text in paragraphs if text.startswith(_SHOWN)]
    return _bold_names("\n\n".join([shown[0], f"**The full page.** {where}", *shown[1:]]))


def _as_list(paragraph: str) -> str:
    """A table as a list: an item a row, of its first and its last cell."""
    if not paragraph.startswith("|"):
        return paragraph
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in paragraph.splitlines()[2:]]
    return "\n".join(f"* {cells[0]}: {cells[-1]}" for cells in rows)


def _bold_names(text: str) -> str:
    def bold(span: re.Match[str]) -> str:
        escaped = re.sub(r"([*_<>])", r"\\\1", " ".join(span[1].split()))
        return f"**{escaped}**"

    return re.sub(r"`([^`]+)`", bold, text)
