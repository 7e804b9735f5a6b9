"""How many partitions each shipped query reads, from its own conditions: a day's price must not grow."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from benchmarks.queries import PER_DAY, partitions_read, queries
from tests import athena

pytestmark = pytest.mark.clock

NOW = datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)
DAY = NOW.date()
SHIPPED = {name: athena.at(sql, NOW) for name, sql in queries(DAY, 250).items()}
BOUNDED = {
    "market_history.sql": {"gold_market_summary": 365},
    "day_metrics.sql": {"gold_market_summary": 2, "silver_coins_market": 1},
    "coin_history.sql": {"gold_market_summary": 91, "gold_coins_market": 91},
    "examples/bitcoin_price_history.sql": {"gold_coins_market": 31},
    "examples/market_overview.sql": {"gold_market_summary": 8, "gold_coins_market": 8},
    "examples/market_volatility.sql": {"gold_coins_market": 31},
    "examples/total_market_metrics.sql": {"gold_market_summary": 8},
}


def history(days: int) -> list[date]:
    return [DAY - timedelta(days=back) for back in range(days)]


@pytest.mark.parametrize("name", PER_DAY)
def test_a_query_of_a_day_reads_one_partition_of_each_table(name: str) -> None:
    assert set(partitions_read(SHIPPED[name], history(500)).values()) == {1}


@pytest.mark.parametrize("name", BOUNDED)
def test_a_query_over_days_reads_no_more_when_the_lake_grows_older(name: str) -> None:
    assert partitions_read(SHIPPED[name], history(500)) == BOUNDED[name]


def test_no_query_of_the_lake_is_left_out() -> None:
    assert SHIPPED.keys() == {*PER_DAY, *BOUNDED}
