"""Thousands of damaged pages in one day of bronze: the job ends well, and each page's rows are found again.

How many rows a page has is Python's word, not Spark's.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, NoReturn

import pyarrow.parquet as pq
import pytest

from include.glue_scripts import bronze_to_silver
from include.glue_scripts.bronze_to_silver import run
from tests.damage import damaged_pages

from .conftest import DAY, Lake

PAGES = 2_500
# Some Pythons' recursion ended at these depths, before Spark's did.
DEEP_PAGES = [
    f'[{{"id": "deep", "current_price": 1, "roi": {opening * depth}1{closing * depth}}}]'.encode()
    for opening, closing in (("[", "]"), ('{"a":', "}"))
    for depth in (400, 499, 700, 980)
]


@pytest.fixture(scope="module", autouse=True)
def _deep_recursion() -> Iterator[None]:
    """Let Python follow as deep as Spark reads, some 1,000 levels, with several calls for each."""
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(5_000)
    yield
    sys.setrecursionlimit(usual)


def refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def rows_of(page: bytes) -> list[Any] | None:
    """The rows of a page that is a JSON array in UTF-8, None for any other."""
    try:
        value = json.loads(page.decode(), parse_int=float, parse_constant=refuse)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) else None


def beyond_sparks_reader(page: bytes) -> bool:
    """Whether a page has what Spark refuses to read: a number of over 1,000 digits, or some 1,000 levels."""
    deepest = depth = 0
    for bracket in re.sub(rb'"(?:[^"\\]|\\.)*"|[^][{}"]', b"", page):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest > 990 or bool(re.search(rb"[0-9]{990}", page))


def same(value: Any) -> Any:
    """A value as it can be compared: half surrogate pairs and 1e999 as Java writes them."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\ufffd", "?")
    if isinstance(value, float) and math.isinf(value):
        return str(value).replace("inf", "Infinity")
    if isinstance(value, list):
        return [same(element) for element in value]
    if isinstance(value, dict):
        return {same(name): same(inner) for name, inner in value.items()}
    return value


@pytest.fixture(scope="module")
def damaged_day(spark, shared_lake: Lake, tmp_path_factory, seed):
    """The job's own run over a day of damaged pages, and what it decided for each row."""
    pages = {
        shared_lake.ingest(body or b" ", number=n): body or b" "
        for n, body in enumerate((*DEEP_PAGES, *damaged_pages(PAGES, seed)), 1)
    }
    decided = str(tmp_path_factory.mktemp("decided"))
    transform = bronze_to_silver.transform

    def noted(frame):
        transform(frame).write.mode("overwrite").parquet(decided)
        return spark.read.parquet(decided)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bronze_to_silver, "transform", noted)
        [balance] = run(spark, str(shared_lake), [DAY])
    rows = defaultdict(list)
    for row in pq.read_table(decided).to_pylist():
        rows[row["bronze_key"]].append(row)
    return balance, shared_lake, pages, rows


def test_the_balance_of_a_damaged_day_holds_as_python_counts_its_rows(damaged_day):
    balance, lake, _, rows = damaged_day
    assert balance.holds
    verdicts = Counter(row["verdict"] for found in rows.values() for row in found)
    assert balance.silver == verdicts["silver"] == len(lake.rows("silver/coins_market")) > PAGES / 50
    assert balance.quarantined == verdicts["quarantined"] == len(lake.quarantine()) > PAGES / 5
    assert balance.duplicates == verdicts["duplicate"] > PAGES / 10
    unread = sum(found[0]["reasons"] == ["unparseable_page"] for found in rows.values())
    read = sum(found[0]["page_rows"] for found in rows.values()) - unread
    assert balance.bronze == read + unread
    assert read > PAGES / 5  # the damage leaves something to read


def test_each_row_of_a_damaged_page_is_found_again(damaged_day):
    _, _, pages, rows = damaged_day
    assert set(rows) == set(pages)
    for key, page in pages.items():
        found = {row["row_number"]: row for row in rows[key]}
        assert len(found) == len(rows[key]), page
        expected = rows_of(page)
        refused = rows[key][0]["reasons"] == ["unparseable_page"]
        if expected is None or (refused and beyond_sparks_reader(page)):
            assert refused, page
            assert [row["raw"] for row in rows[key]] == [page.decode(errors="replace")]
            assert rows[key][0]["row_number"] is None
            assert rows[key][0]["verdict"] == "quarantined"
        elif not expected:
            assert [row["verdict"] for row in rows[key]] == ["empty_page"], page
        else:
            assert sorted(found) == list(range(1, len(expected) + 1)), page
            for number, value in enumerate(expected, 1):
                raw = found[number]["raw"]
                assert same(raw if isinstance(value, str) else json.loads(raw, parse_int=float)) == same(
                    value
                ), page
                if found[number]["verdict"] in ("silver", "duplicate"):
                    assert found[number]["coin_id"] == same(value["id"]), page
                    assert found[number]["current_price"] == float(value["current_price"]), page


def test_what_reached_silver_can_be_used(damaged_day):
    _, lake, _, _ = damaged_day
    silver = lake.rows("silver/coins_market")
    assert len({row["coin_id"] for row in silver}) == len(silver)
    assert all(0 < row["current_price"] < float("inf") and row["coin_id"].strip() for row in silver)
    assert all(row["reasons"] for row in lake.quarantine())
