"""What holds for every DAG of the package."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from markdown_it import MarkdownIt

from include.crypto_lake.resources import load_resources
from include.orchestration.alerts import run_failed
from include.orchestration.defaults import DEFAULT_ARGS, Tag
from include.orchestration.runbooks import runbook
from laptop.lake.deployment import VALUES

pytestmark = pytest.mark.product

REPOSITORY = Path(__file__).parents[2]
page: Callable[[Path], str] = runpy.run_path(str(REPOSITORY / "docs" / "generate.py"))["page"]
DAG_FILES = sorted((REPOSITORY / "dags").glob("*.py"))
HEAVY = {"pandas", "pyarrow", "numpy", "pyspark", "duckdb", "moto", "sqlglot"}


def fresh_interpreter(code: str, *arguments: str, **environment: str) -> str:
    """Run code as a DAG processor would: a new interpreter, the repository and the plugins on its path."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "plugins")])}
        | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip().splitlines()[-1]


def test_every_dag_file_loads_without_error_and_holds_a_dag(dag_bag: DagBag) -> None:
    assert dag_bag.import_errors == {}
    assert DAG_FILES, "no DAG file was found: the test would prove nothing"
    assert sorted(Path(dag.fileloc) for dag in dag_bag.dags.values()) == DAG_FILES


def test_every_dag_explains_itself_in_the_ui(dag_bag: DagBag) -> None:
    for dag in dag_bag.dags.values():
        text = page(Path(dag.fileloc))
        for section in (
            "**What it makes.**",
            "**When.**",
            "**Needs.**",
            "**Rerunning is safe.**",
            "**When a task fails**",
        ):
            assert section in text, f"{dag.dag_id} has no section {section}"
        named = rows_of_runbook(text)
        for task in dag.tasks:
            assert task.doc_md, f"{dag.dag_id}.{task.task_id} has no line of documentation"
            rows = [name for name in named if fnmatchcase(task.task_id, name)]
            assert len(rows) == 1, f"{task.task_id} has the rows {rows} in the runbook of {dag.dag_id}"
        for name in named:
            assert any(fnmatchcase(task.task_id, name) for task in dag.tasks), f"{dag.dag_id} has no {name}"


def test_what_the_ui_shows_is_drawn_as_it_is_meant(dag_bag: DagBag) -> None:
    """Airflow 3.2.1 makes a block of each code span, and cuts off wide tables."""
    for dag in dag_bag.dags.values():
        assert dag.doc_md, dag.dag_id
        assert f"docs/dags.md, section {dag.dag_id}" in dag.doc_md
        for where, text in [("", dag.doc_md), *((task.task_id, task.doc_md) for task in dag.tasks)]:
            assert not re.search(r"`|^\|", text, re.MULTILINE), f"{dag.dag_id} {where}: {text}"
            drawn = MarkdownIt().render(text)
            assert "**" not in drawn, f"{dag.dag_id} {where}: {drawn}"
        shown = MarkdownIt().render(dag.doc_md)
        for name in rows_of_runbook(page(Path(dag.fileloc))):
            assert f"<strong>{name.replace('*', '…')}</strong>" in shown
        for name in dag.params:
            assert dag.params.get_param(name).description, f"{dag.dag_id}: {name}"


def test_the_runbook_links_to_the_full_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CRYPTO_LAKE__DOCS_URL", "https://docs.example/lake")
    text = runbook(
        """### A title

    **Needs.** Much.

    **When a task fails**

    | task | usual reason | what to do |
    |---|---|---|
    | `a_*`, `b` | a reason | clear `<x>` |
    """,
        "a_dag",
    )
    assert text.split("\n\n") == [
        "### A title",
        "**The full page.** [docs/dags.md, section a_dag](https://docs.example/lake/dags.md#a_dag)",
        "**When a task fails**",
        r"* **a\_\***, **b**: clear **\<x\>**",
    ]


def test_a_form_says_which_date_is_meant_and_the_docs_what_is_required(dag_bag: DagBag) -> None:
    run_date = dag_bag.dags["crypto_market_daily"].params.get_param("run_date")
    assert "not Logical Date" in run_date.description
    docs = (REPOSITORY / "docs" / "dags.md").read_text("utf-8")
    required = set(re.findall(r"^\| `(\w+)` \|.*\| required \|", docs, re.MULTILINE))
    assert required == {"from_date", "to_date"}


def rows_of_runbook(doc_md: str) -> list[str]:
    """The names of tasks in the first column of the table under "When a task fails"; `…` stands for any."""
    _, _, section = doc_md.partition("**When a task fails**")
    table = [line.split("|")[1:-1] for line in section.strip().split("\n\n")[0].splitlines()]
    head, _, *rows = ([cell.strip() for cell in row] for row in table)
    assert head == ["task", "usual reason", "what to do"]
    assert all(all(row) for row in rows), "a row that says nothing helps nobody"
    return [name.replace("…", "*") for row in rows for name in re.findall(r"`([^`]+)`", row[0])]


def test_every_dag_keeps_the_shared_defaults(dag_bag: DagBag) -> None:
    for dag in dag_bag.dags.values():
        assert dag.tags, dag.dag_id
        assert dag.tags <= {tag.value for tag in Tag}, f"{dag.dag_id} has tags that are not in Tag"
        assert not dag.catchup, dag.dag_id
        assert dag.dagrun_timeout, dag.dag_id
        assert dag.on_failure_callback is run_failed, dag.dag_id
        assert dag.start_date is not None
        assert dag.start_date.utcoffset() == timedelta(0), f"{dag.dag_id}: start_date is not in UTC"
        for task in dag.tasks:
            where = f"{dag.dag_id}.{task.task_id}"
            assert task.owner == DEFAULT_ARGS["owner"], where
            assert task.retries >= 2, where
            assert task.retry_exponential_backoff, where
            assert task.max_retry_delay, where
            assert task.execution_timeout, where
            assert DEFAULT_ARGS["on_failure_callback"] in task_callbacks(task), where


def task_callbacks(task: Any) -> list[Any]:
    """What is called when a task, mapped or not, has failed."""
    found = task.partial_kwargs["on_failure_callback"] if task.is_mapped else task.on_failure_callback
    return list(found) if isinstance(found, Sequence) else [found]


def test_what_waits_for_minutes_is_deferred_and_what_waits_for_seconds_is_not(dag_bag: DagBag) -> None:
    """Whatever an installation's default is."""
    waiting = [task for dag in dag_bag.dags.values() for task in dag.tasks if hasattr(task, "deferrable")]
    deferred = {task.task_id for task in waiting if task.deferrable}
    assert deferred == {
        "bronze_to_silver",
        "silver_to_gold",
        "crawl_silver",
        "crawl_gold",
        "crawl_processed",
    }
    assert {task.task_id for task in waiting} - deferred == {
        "check_gold",
        "measure_day",
        "query_top10",
        "query_market_history",
        "query_coin_history",
    }


@pytest.mark.parametrize(("option", "expected"), [("2", 2), ("10", 10), (None, 10)])
def test_tasks_look_as_often_as_the_option_says_and_wait_as_long_whatever_it_says(
    option: str | None, expected: int
) -> None:
    set_option = {} if option is None else {"AIRFLOW__CRYPTO_LAKE__POLL_SECONDS": option}
    waits = json.loads(
        fresh_interpreter(
            "import json, runpy, sys\n"
            "from airflow.sdk import DAG\n"
            "names = [runpy.run_path(file) for file in sys.argv[1:]]\n"
            "dags = [found for module in names for found in module.values() if isinstance(found, DAG)]\n"
            "tasks = [t for dag in dags for t in dag.tasks if getattr(t, 'deferrable', False)]\n"
            "print(json.dumps([[t.task_id, getattr(t, 'waiter_delay', None) or t.poll_interval, "
            "getattr(t, 'waiter_max_attempts', None)] for t in tasks]))",
            *map(str, DAG_FILES),
            **set_option,
        )
    )
    assert len(waits) == 9
    assert {seconds for _, seconds, _ in waits} == {expected}
    jobs = load_resources(VALUES)["glue_jobs"]
    attempts = {task: looks for task, _, looks in waits if task in jobs}
    assert set(attempts) == set(jobs)
    for task, looks in attempts.items():
        assert looks * expected == 20 * 60
        assert looks * expected > jobs[task]["Timeout"] * 60, "Airflow would give up before Glue does"


def test_parsing_imports_nothing_heavy() -> None:
    loaded = fresh_interpreter(
        "import json, runpy, sys\n"
        "for file in sys.argv[1:]: runpy.run_path(file)\n"
        "print(json.dumps(sorted(sys.modules)))",
        *map(str, DAG_FILES),
    )
    assert HEAVY & set(json.loads(loaded)) == set()


def test_two_parses_serialise_alike() -> None:
    """Else every parse makes a new version of the DAG."""
    code = (
        "import json, runpy, sys\n"
        "from airflow.sdk import DAG\n"
        "from airflow.serialization.serialized_objects import DagSerialization\n"
        "found = [v for file in sys.argv[1:] for v in runpy.run_path(file).values() if isinstance(v, DAG)]\n"
        "print(json.dumps({dag.dag_id: DagSerialization.to_dict(dag) for dag in found}))"
    )
    files = [str(file) for file in DAG_FILES]
    first, second = (fresh_interpreter(code, *files, PYTHONHASHSEED=seed) for seed in ("1", "2"))
    assert len(json.loads(first)) == len(DAG_FILES)
    assert json.loads(first) == json.loads(second)
