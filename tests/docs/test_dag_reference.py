"""docs/dags.md says what the DAG files say, and whoever forgets it is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
REFERENCE = REPOSITORY / "docs" / "dags.md"


def generate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, REPOSITORY / "docs" / "generate.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_reference_is_what_the_dag_files_say() -> None:
    done = generate("--check")
    assert done.returncode == 0, done.stderr


def test_a_stale_reference_is_refused_with_the_remedy_and_left_alone(tmp_path: Path) -> None:
    stale = tmp_path / "dags.md"
    text = REFERENCE.read_text(encoding="utf-8").replace("`0 2 * * *`", "`0 3 * * *`")
    stale.write_text(text, encoding="utf-8")
    done = generate("--check", "--output", str(stale))
    assert done.returncode == 1
    assert "make docs" in done.stderr
    assert stale.read_text(encoding="utf-8") == text
