"""docs/dags.md says what the DAG files say, and whoever forgets it is told."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

GENERATE = Path(__file__).parents[2] / "docs" / "generate.py"


def test_the_reference_is_what_the_dag_files_say() -> None:
    done = subprocess.run([sys.executable, GENERATE, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_stale_reference_is_refused_with_the_remedy_and_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generate = runpy.run_path(str(GENERATE))
    generate["main"].__globals__["load_dags"] = list  # none, and no Airflow
    page = tmp_path / "dags.md"
    check = ["--check", "--output", str(page)]

    page.write_text("of yesterday")
    assert generate["main"](check) == 1
    assert "run 'make docs'" in capsys.readouterr().err
    assert page.read_text() == "of yesterday"

    assert generate["main"](["--output", str(page)]) == 0
    assert generate["main"](check) == 0
