"""The table of faults in docs/operations.md names tests that exist, and every test of tests/faults/."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SECTION = re.search(
    r"^## Faults$(.*?)^## ",
    (REPOSITORY / "docs" / "operations.md").read_text("utf-8"),
    re.MULTILINE | re.DOTALL,
)
ROWS = [line for line in (SECTION[1] if SECTION else "").splitlines() if re.match(r"\| (?!Fault )", line)]
NAMED = sorted({name for row in ROWS for name in re.findall(r"`(tests/[\w/.]+::\w+)`", row)})


def test_every_fault_has_all_cells_and_a_test() -> None:
    assert len(ROWS) >= 25
    for row in ROWS:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert len(cells) == 6, row
        assert all(cells), row
        assert "::test_" in cells[-1], row


@pytest.mark.parametrize("name", NAMED)
def test_the_named_test_exists(name: str) -> None:
    path, _, test = name.partition("::")
    assert re.search(rf"^(async )?def {test}\(", (REPOSITORY / path).read_text("utf-8"), re.MULTILINE)


def test_every_test_of_a_fault_is_named() -> None:
    tests = {
        f"{file.relative_to(REPOSITORY)}::{test}"
        for file in (REPOSITORY / "tests" / "faults").rglob("test_*.py")
        for test in re.findall(r"^def (test_\w+)\(", file.read_text("utf-8"), re.MULTILINE)
    }
    assert sorted(tests - set(NAMED)) == []
