"""docs/dags.md says what the DAG files say, docs/data.md what the catalog says; a stale page is refused."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from include.crypto_lake.resources import load_resources
from laptop.lake.deployment import VALUES

GENERATE = Path(__file__).parents[2] / "docs" / "generate.py"


@pytest.mark.product
def test_the_pages_are_what_the_dag_files_and_the_catalog_say() -> None:
    done = subprocess.run([sys.executable, GENERATE, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_stale_reference_is_refused_with_the_remedy_and_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generate = runpy.run_path(str(GENERATE))
    generate["main"].__globals__["load_dags"] = list  # none, and no Airflow
    check, write = ["--check", "--folder", str(tmp_path)], ["--folder", str(tmp_path)]
    assert generate["main"](write) == 0
    for name in ("dags.md", "data.md"):
        page = tmp_path / name
        written = page.read_text()
        page.write_text("of yesterday")
        assert generate["main"](check) == 1
        refusal = capsys.readouterr().err
        assert str(page) in refusal
        assert "run 'make docs'" in refusal
        assert page.read_text() == "of yesterday"

        assert generate["main"](write) == 0
        assert page.read_text() == written
        assert generate["main"](check) == 0


def test_the_dictionary_has_every_column_of_every_table() -> None:
    page = (GENERATE.parent / "data.md").read_text(encoding="utf-8")
    tables = load_resources(VALUES)["catalog"]["tables"]
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", page, flags=re.MULTILINE | re.DOTALL))
    assert sections.keys() == tables.keys()
    for name, table in tables.items():
        columns = re.findall(r"^\| `(\w+)` \|(.*)\|$", sections[name], flags=re.MULTILINE)
        assert [column for column, _ in columns] == [
            column["Name"] for column in table["StorageDescriptor"]["Columns"]
        ]
        for column, told in columns:
            type_, _, null, example, comment = (cell.strip() for cell in told.split(" | "))
            assert all((type_, null, example, comment)), (name, column)
