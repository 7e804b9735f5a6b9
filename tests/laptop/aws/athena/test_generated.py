"""The embedded engine, held against what Trino answered to queries that the generator composed."""

from __future__ import annotations

from pathlib import Path

import pytest

from laptop.aws.athena.embedded.engine import EmbeddedEngine
from laptop.trino.__main__ import GENERATED, read
from laptop.trino.comparison import Answer, FileCatalog, answer, is_alike
from laptop.trino.generator import Generator

pytestmark = pytest.mark.clock

RECORDED = read(GENERATED)
ANSWERED = 200
"""So many are answered at least; the others are refused by name."""


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> list[Answer]:
    engine, catalog = EmbeddedEngine(), FileCatalog(tmp_path_factory.mktemp("tables"))
    return [answer(engine, recorded["sql"], catalog) for recorded in RECORDED]


def test_each_query_is_answered_as_by_trino_or_refused_by_name(given: list[Answer]) -> None:
    wrong = [
        (found, wanted) for found, wanted in zip(given, RECORDED, strict=True) if not is_alike(found, wanted)
    ]
    assert not wrong, "\n".join(f"{wanted}\n  given {found}" for found, wanted in wrong)


def test_most_queries_are_answered(given: list[Answer]) -> None:
    assert len(RECORDED) == 300
    assert sum(found.get("error") != "NOT_SUPPORTED" for found in given) >= ANSWERED


def test_another_error_of_a_value_is_alike_and_an_answer_is_not() -> None:
    division, cast = {"error": "DIVISION_BY_ZERO"}, {"error": "INVALID_CAST_ARGUMENT"}
    assert is_alike(division, cast)
    assert is_alike({"error": "NOT_SUPPORTED"}, division)
    assert not is_alike({"columns": [["v", "bigint"]], "rows": []}, division)
    assert not is_alike(division, {"error": "TYPE_MISMATCH"})


def test_a_seed_gives_the_same_queries_again() -> None:
    one, again, other = (Generator(seed).queries(50) for seed in (1, 1, 2))
    assert one == again
    assert len(set(one)) == 50
    assert one != other


def test_a_table_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    found = answer(EmbeddedEngine(), "SELECT 1 FROM nosuch", FileCatalog(tmp_path))
    assert found["error"] == "TABLE_NOT_FOUND"
