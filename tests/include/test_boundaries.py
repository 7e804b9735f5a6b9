"""Who may import whom: what keeps the folders apart."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

FORBIDDEN = {
    "include/crypto_lake": {"airflow", "lake_provider", "laptop", "moto", "pyspark"},
    "include/orchestration": {"laptop", "moto", "pyspark"},
    "include/glue_scripts": {"airflow", "include", "lake_provider", "laptop", "pandas"},
    "plugins": {"include", "laptop", "moto", "pyspark", "pandas"},
    "dags": {"laptop", "moto", "pyspark", "os"},
}


def imports_of(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").partition(".")[0])
    return names


@pytest.mark.parametrize(("folder", "forbidden"), FORBIDDEN.items(), ids=FORBIDDEN.keys())
def test_a_folder_imports_nothing_that_it_must_not_know(folder: str, forbidden: set[str]) -> None:
    files = sorted((REPOSITORY / folder).rglob("*.py"))
    assert files, f"{folder} has no Python file: the test would prove nothing"
    assert {
        str(f.relative_to(REPOSITORY)): found for f in files if (found := imports_of(f) & forbidden)
    } == {}
