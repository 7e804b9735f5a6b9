"""Runs of the Glue jobs side by side: of different days nobody notices, of one day a rerun is right."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier
from typing import Any

import pytest

from include.glue_scripts import bronze_to_silver, silver_to_gold

DAY, DAY_AFTER = date(2026, 1, 31), date(2026, 2, 1)
TABLES = ("silver/coins_market", "quarantine/coins_market", "gold/coins_market", "gold/market_summary")


def ingest(lake, coin) -> None:
    for day in (DAY, DAY_AFTER):
        price = float(day.day)
        rows = [
            coin("bitcoin", current_price=price),
            coin("ethereum", current_price=price / 2),
            {"id": "none"},
        ]
        lake.ingest(rows, day=day)


def rows(lake, day: date) -> list[Any]:
    return [lake.rows(table, day) for table in TABLES]


def files(lake) -> list[str]:
    """Every file below the tables that is not part of their bookkeeping."""
    return sorted(
        str(path.relative_to(lake.folder))
        for table in TABLES
        for path in (lake.folder / table).rglob("[!._]*")
        if path.is_file()
    )


@pytest.fixture(scope="module")
def alone(spark, tmp_path_factory, shared_lake, coin) -> list[list[Any]]:
    """Both days' tables, made one after another."""
    lake = type(shared_lake)(tmp_path_factory.mktemp("alone"))
    ingest(lake, coin)
    for day in (DAY, DAY_AFTER):
        bronze_to_silver.run(spark, str(lake), [day])
        silver_to_gold.run(spark, str(lake), [day])
    return [rows(lake, day) for day in (DAY, DAY_AFTER)]


def at_once(spark, lake, job: Callable[..., Any], days: tuple[date, ...]) -> list[Exception | None]:
    """How the runs of a job ended that began at the same moment."""
    start = Barrier(len(days))

    def run(day: date) -> Exception | None:
        start.wait()
        try:
            job(spark, str(lake), [day])
        except Exception as error:
            return error
        return None

    with ThreadPoolExecutor(len(days)) as pool:
        return list(pool.map(run, days))


@pytest.mark.thorough
def test_runs_of_different_days_leave_what_each_leaves_alone(spark, lake, coin, alone):
    ingest(lake, coin)
    assert at_once(spark, lake, bronze_to_silver.run, (DAY, DAY_AFTER)) == [None, None]
    assert at_once(spark, lake, silver_to_gold.run, (DAY, DAY_AFTER)) == [None, None]
    assert [rows(lake, day) for day in (DAY, DAY_AFTER)] == alone
    assert len(files(lake)) == len(TABLES) * 2


@pytest.mark.thorough
def test_whatever_two_runs_of_one_day_leave_a_rerun_makes_it_right(spark, lake, coin, alone):
    ingest(lake, coin)
    for job in (bronze_to_silver.run, silver_to_gold.run):
        at_once(spark, lake, job, (DAY, DAY))
        job(spark, str(lake), [DAY])
    assert rows(lake, DAY) == alone[0]
    assert len(files(lake)) == len(TABLES)
