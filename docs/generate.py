"""Writes the pages of docs/ that say what the code says: `make docs`.

docs/dags.md comes from the DAG files, docs/data.md from the declared tables, and docs/athena-embedded.md from
the tables that drive the embedded Athena.

The DAG files are imported as the DAG processor imports them; no metadata database is needed. With `--check`
nothing is written, and the exit status says whether the pages are up to date.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import os
import re
import runpy
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import DAG

REPOSITORY = Path(__file__).parents[1]
FOLDER = REPOSITORY / "docs"
DAGS_HEAD = """# The DAGs

<!-- Written by `make docs` from the files in dags/: change those, not this. -->

What Airflow shows of each DAG, for reading without Airflow: its runbook, its parameters and its tasks.
"""
_DAG_LEVEL = 2  # of the headings
DATA_HEAD = """# The data

<!-- Written by `make docs` from include/resources/catalog.yaml: change that, not this. -->

Every table of the database `{database}`, column by column. Times are in UTC. Amounts are in the
currency that the row's `currency` names. A day may be there in several, so a query names the one that it is
about. Percentages are percentages: 1.5 is 1.5 %. A value that is not of its column's type, or that cannot be,
is null, and its row carries a [flag](operations.md#the-days-report).

**New columns.** A release that adds a column declares it in the catalog, at the end of its table. Days that
are written from then on have its values. Days that were written before show null, and a rerun of the two
Glue jobs fills it, as far as the day's bronze has the field: fields that no column has are kept in `extra`.
"""


def load_dags() -> list[DAG]:
    """The DAGs of all files in dags/, by name. For a process of its own: Airflow is set up for this alone."""
    sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "plugins")]
    files = sorted((REPOSITORY / "dags").glob("*.py"))
    with tempfile.TemporaryDirectory(prefix="airflow-home-") as home:
        os.environ["AIRFLOW_HOME"] = home  # Airflow writes its configuration there when it is first imported
        from airflow.sdk import DAG

        found = [value for file in files for value in runpy.run_path(str(file)).values()]
    return sorted((value for value in found if isinstance(value, DAG)), key=lambda dag: dag.dag_id)


def reference(dags: list[DAG]) -> str:
    """The whole of docs/dags.md."""
    return "\n".join([DAGS_HEAD, *(line for dag in dags for line in _dag_section(dag))]).rstrip() + "\n"


def _dag_section(dag: DAG) -> Iterator[str]:
    file = Path(dag.fileloc).relative_to(REPOSITORY).as_posix()
    yield f"{'#' * _DAG_LEVEL} {dag.dag_id}\n"
    yield f"{dag.description}. File: [`{file}`](../{file}).\n"
    yield "| | |\n|---|---|"
    yield f"| Schedule | {'none: by hand' if dag.schedule is None else _describe_schedule(dag.timetable)} |"
    yield f"| Catch-up | {'yes' if dag.catchup else 'no'} |"
    yield f"| Runs at a time | {dag.max_active_runs} |"
    yield f"| A run may take | {_format_duration(dag.dagrun_timeout)} |"
    yield f"| At first | {'unpaused' if dag.is_paused_upon_creation is False else 'paused'} |"
    yield f"| Tags | {_as_code_list(str(tag) for tag in dag.tags)} |\n"
    yield _shift_headings(page(Path(dag.fileloc)))
    yield f"\n### Parameters of {dag.dag_id}\n"
    yield "| name | type | default | |\n|---|---|---|---|"
    for name in dag.params:
        param = dag.params.get_param(name)
        if param.value is not None and param.has_value:
            default = f"`{param.value}`"
        else:
            default = "empty" if "null" in param.schema["type"] else "required"
        kind, description = _describe_type(param.schema), _table_cell(param.description or "")
        yield f"| `{name}` | {kind} | {default} | {description} |"
    yield f"\n### Tasks of {dag.dag_id}\n"
    for task in dag.topological_sort():  # type: ignore[no-untyped-call]
        yield from _task_section(task)


def page(dag_file: Path) -> str:
    """A DAG's own text, all of it: Airflow shows less."""
    return ast.get_docstring(ast.parse(dag_file.read_text(encoding="utf-8"))) or ""


def _task_section(task: Any) -> Iterator[str]:
    """A task, mapped or not."""
    yield f"#### {task.task_id}\n"
    yield f"{inspect.cleandoc(task.doc_md)}\n"
    module = type(task).__module__ if not task.is_mapped else task.operator_class.__module__
    mapped = ", mapped" if task.is_mapped else ""
    if task.operator_name.startswith("@"):
        yield f"* Operator: `{task.operator_name}`{mapped}"
    else:
        yield f"* Operator: `{module}.{task.operator_name}`{mapped}"
    if task.upstream_task_ids:
        rule = "" if task.trigger_rule == "all_success" else f", when `{task.trigger_rule.value}`"
        yield f"* After: {_as_code_list(task.upstream_task_ids)}{rule}"
    longest = f", up to {_format_duration(task.max_retry_delay)}" if task.retry_exponential_backoff else ""
    yield f"* Retries: {task.retries}, after {_format_duration(task.retry_delay)}{longest}"
    waits = "; waits in the triggerer" if getattr(task, "deferrable", False) else ""
    yield f"* Timeout: {_format_duration(task.execution_timeout)}{waits}"
    for direction, found in (("in", task.inlets), ("out", task.outlets)):
        if found:
            yield f"* Assets {direction}: {_as_code_list(asset.name for asset in found)}"
    yield ""


def _describe_schedule(timetable: Any) -> str:
    """When a DAG runs.

    Raises:
        TypeError: The DAG has a timetable that this module cannot describe yet.
    """
    from airflow.sdk import Asset, AssetOrTimeSchedule, CronTriggerTimetable

    match timetable:
        case CronTriggerTimetable():
            return f"`{timetable.expression}`, {timetable.timezone}"
        case AssetOrTimeSchedule(asset_condition=Asset() as asset):
            watchers = (f"`{type(w.trigger).__name__}`" for w in asset.watchers)
            timer = _describe_schedule(timetable.timetable)
            return f"{timer}, and on the asset `{asset.name}`: {', '.join(watchers)}"
    raise TypeError(f"docs/generate.py cannot describe a {type(timetable).__name__}: teach _schedule")


def _describe_type(schema: dict[str, Any]) -> str:
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    limits = [f"{key} `{schema[key]}`" for key in ("format", "pattern", "enum") if key in schema]
    return ", ".join([" or ".join(name for name in types if name != "null"), *limits])


def _format_duration(value: timedelta | None) -> str:
    if value is None:
        return "as long as it takes"
    seconds = int(value.total_seconds())
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _as_code_list(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _table_cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _shift_headings(markdown: str) -> str:
    """The runbook, its highest heading one below the DAG's."""
    headings = re.compile(r"^(#+) ", re.MULTILINE)
    shift = _DAG_LEVEL + 1 - min((len(found) for found in headings.findall(markdown)), default=0)
    return headings.sub(lambda found: "#" * (len(found[1]) + shift) + " ", markdown)


def data_dictionary() -> str:
    """The whole of docs/data.md."""
    sys.path[:0] = [str(REPOSITORY)]
    from include.crypto_lake.resources import PLACEHOLDERS, load_resources

    catalog = load_resources({name: f"<{name}>" for name in PLACEHOLDERS})["catalog"]
    lines = [DATA_HEAD.format(database=catalog["database"]["Name"])]
    for name, table in catalog["tables"].items():
        lines.append(f"## {name}\n\n{table['Description']}\n")
        lines += [
            f"* Partition key `{key['Name']}` (`{key['Type']}`): {key['Comment']}"
            for key in table["PartitionKeys"]
        ]
        lines.append("\n| column | type | unit | null, or missing | example | |\n|---|---|---|---|---|---|")
        for column in table["StorageDescriptor"]["Columns"]:
            told = column["Parameters"]
            lines.append(
                f"| `{column['Name']}` | `{column['Type']}` | {told.get('unit', '')} | {told['null_when']} "
                f"| `{_table_cell(told['example'])}` | {_table_cell(column['Comment'])} |"
            )
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def main(argv: list[str] | None = None) -> int:
    """Write the pages, or with `--check` compare them; returns the exit status."""
    parser = argparse.ArgumentParser(description="Write dags.md, data.md and athena-embedded.md.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is stale")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="default: docs/")
    arguments = parser.parse_args(argv)
    stale = False
    pages = {"dags.md": reference(load_dags()), "data.md": data_dictionary()}
    from laptop.aws.athena.embedded.reference import page as embedded_athena

    pages["athena-embedded.md"] = embedded_athena()
    for name, text in pages.items():
        page = arguments.folder / name
        if not arguments.check:
            page.write_text(text, encoding="utf-8")
        elif not page.exists() or page.read_text(encoding="utf-8") != text:
            sys.stderr.write(f"{page} is not up to date: run 'make docs' and commit it\n")
            stale = True
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())
