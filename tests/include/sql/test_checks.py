"""The gate's SQL: open on a good day, and closed by exactly the check that a fault concerns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.include.sql.conftest import Gold

Rows = list[dict[str, Any]]
CHECKS = "checks/gold_coins_market.sql"


def failed(gold: Gold, day: date, coins: int = 25) -> dict[str, str]:
    """The failed checks with what was observed."""
    rows = gold.ask(CHECKS, day, coins)
    assert len(rows) == 10
    return {row["check_name"]: row["observed"] for row in rows if not row["passed"]}


def test_a_good_day_of_25_coins_passes_when_25_were_requested_and_not_when_250_were(gold: Gold) -> None:
    assert failed(gold, gold.today) == {}
    assert failed(gold, gold.today, coins=250) == {
        "enough_coins": "25 ranked coins",
        "request_complete": "25 ranked coins of 250 requested",
    }


@pytest.mark.parametrize(("requested", "checks"), [(27, set()), (28, {"request_complete"})])
def test_a_tenth_of_the_coins_requested_may_lack_a_rank(gold: Gold, requested: int, checks: set[str]) -> None:
    assert failed(gold, gold.today, requested).keys() - {"enough_coins"} == checks


def test_a_day_that_is_not_there_closes_the_gate(gold: Gold) -> None:
    assert failed(gold, gold.today + timedelta(days=1)).keys() >= {
        "partition_present",
        "no_coins_lost_since_silver",
    }


def twice(rows: Rows, _: dict[str, Any]) -> None:
    rows[1]["coin_id"] = rows[0]["coin_id"]


def free(rows: Rows, _: dict[str, Any]) -> None:
    rows[3]["current_price"] = 0.0


def not_a_number(rows: Rows, _: dict[str, Any]) -> None:
    rows[3]["current_price"] = float("nan")


def old(rows: Rows, _: dict[str, Any]) -> None:
    for row in rows:
        row["last_updated"] = row["ingestion_timestamp"] - timedelta(hours=13)


def gap(rows: Rows, _: dict[str, Any]) -> None:
    rows[24]["rank"] = 99


def shares(rows: Rows, _: dict[str, Any]) -> None:
    rows[0]["market_share_pct"] -= 1


def refusals(_: Rows, summary: dict[str, Any]) -> None:
    summary["quarantined"] = 5


def lost(rows: Rows, summary: dict[str, Any]) -> None:
    del rows[24:]
    summary["coins"] = len(rows)


@pytest.mark.parametrize(
    ("fault", "checks"),
    [
        (twice, {"keys_unique"}),
        (free, {"prices_positive"}),
        (not_a_number, {"prices_positive"}),
        (old, {"fresh"}),
        (gap, {"top_ten_complete"}),
        (shares, {"shares_add_up"}),
        (refusals, {"few_quarantined"}),
        (lost, {"no_coins_lost_since_silver", "shares_add_up"}),
    ],
)
def test_a_fault_fails_its_own_check(
    gold: Gold, spoiled_day: Callable[..., date], fault: Callable[..., None], checks: set[str]
) -> None:
    assert failed(gold, spoiled_day(fault)).keys() - {"enough_coins"} == checks


@pytest.mark.parametrize(("minutes", "checks"), [(720, set()), (721, {"fresh"})])
def test_the_newest_price_may_be_half_a_day_old(
    gold: Gold, spoiled_day: Callable[..., date], minutes: int, checks: set[str]
) -> None:
    def aged(rows: Rows, _: dict[str, Any]) -> None:
        for row in rows:
            row["last_updated"] = row["ingestion_timestamp"] - timedelta(minutes=minutes)

    assert failed(gold, spoiled_day(aged)).keys() - {"enough_coins"} == checks


@pytest.mark.parametrize(("quarantined", "checks"), [(3, set()), (4, {"few_quarantined"})])
def test_one_row_in_quarantine_for_ten_accepted_is_not_too_many(
    gold: Gold, spoiled_day: Callable[..., date], quarantined: int, checks: set[str]
) -> None:
    def refused(_: Rows, summary: dict[str, Any]) -> None:
        summary |= {"coins": 30, "quarantined": quarantined}

    day = spoiled_day(refused)
    assert failed(gold, day).keys() - {"enough_coins"} == {"no_coins_lost_since_silver"} | checks


@pytest.mark.parametrize(
    ("minutes", "quarantined", "shown"), [(720, 3, True), (721, 3, False), (720, 4, False)]
)
def test_the_history_draws_the_same_lines(
    gold: Gold, spoiled_day: Callable[..., date], minutes: int, quarantined: int, shown: bool
) -> None:
    def at_the_line(_: Rows, summary: dict[str, Any]) -> None:
        updated = summary["ingestion_timestamp"] - timedelta(minutes=minutes)
        summary |= {"coins": 30, "quarantined": quarantined, "last_updated": updated}

    newest = spoiled_day(lambda *_: None)
    day = spoiled_day(at_the_line)
    days = {row["dt"] for row in gold.ask("market_history.sql", newest, coins=25)}
    assert newest in days
    assert (day in days) == shown


def test_a_day_that_the_gate_refused_does_not_enter_the_history_later(
    gold: Gold, spoiled_day: Callable[..., date]
) -> None:
    def nothing_ranked(_: Rows, summary: dict[str, Any]) -> None:
        summary |= {"ranked": 0, "total_market_cap": None}

    def good(_: Rows, __: dict[str, Any]) -> None:
        pass

    # Made from the youngest to the oldest, each day before the one made before it.
    newest = spoiled_day(good)
    spoiled_day(nothing_ranked)
    spoiled_day(refusals)
    spoiled_day(one_disqualified)
    oldest = spoiled_day(good)
    days = [row["dt"] for row in gold.ask("market_history.sql", newest, coins=25)]
    disqualified = oldest + timedelta(days=1)
    assert days[-3:] == [oldest, disqualified, newest]
    prices = gold.ask("coin_history.sql", newest, coins=25)
    assert [row["dt"] for row in prices if row["coin_id"] == "ethereum"][-3:] == days[-3:]
    assert [row["dt"] for row in prices if row["coin_id"] == "bitcoin"][-2:] == [oldest, newest]


def test_the_run_date_is_in_its_history_whatever_its_summary_says(
    gold: Gold, spoiled_day: Callable[..., date]
) -> None:
    """The gate has decided on it, by more than the summary."""
    day = spoiled_day(refusals)
    assert gold.ask("market_history.sql", day, coins=25)[-1]["dt"] == day
    assert {row["coin_id"] for row in gold.ask("coin_history.sql", day, coins=25) if row["dt"] == day} == {
        row["coin_id"] for row in gold.ask("top10_cryptos.sql", day)
    }


def one_disqualified(rows: Rows, _: dict[str, Any]) -> None:
    rows[0] |= {"rank": None, "quality_flags": ["implausible_change"]}


def fetched_later(rows: Rows, summary: dict[str, Any], day: int = 0) -> None:
    """A day as the backfill makes it a year later: prices of 00:00, no changes."""
    midnight = rows[0]["last_updated"].replace(hour=0, minute=0) - timedelta(days=day)
    for row in (*rows, summary):
        row |= {
            "source": "coingecko-history",
            "last_updated": midnight,
            "ingestion_timestamp": midnight + timedelta(days=365),
        }
    for row in rows:
        row["price_change_percentage_24h"] = None
    summary |= {"gainers": None, "losers": None, "median_change_24h_pct": None}


def test_a_history_passes_the_gate_and_stands_beside_snapshots(
    gold: Gold, spoiled_day: Callable[..., date]
) -> None:
    snapshot = spoiled_day(lambda *_: None)
    history = spoiled_day(fetched_later)
    assert failed(gold, history, coins=250).keys() == {"enough_coins"}
    days = gold.ask("market_history.sql", snapshot, coins=25)[-2:]
    assert [(day["dt"], day["gainers"] is None, day["source"]) for day in days] == [
        (history, True, "coingecko"),
        (snapshot, False, "coingecko"),
    ]
    prices = gold.ask("coin_history.sql", snapshot, coins=25)
    assert history in {price["dt"] for price in prices}
    assert {price["source"] for price in prices} == {"coingecko"}
    assert {coin["source"] for coin in gold.ask("top10_cryptos.sql", history)} == {"coingecko"}


def test_a_history_of_another_day_does_not_pass_the_gate(
    gold: Gold, spoiled_day: Callable[..., date]
) -> None:
    day = spoiled_day(lambda rows, summary: fetched_later(rows, summary, day=1))
    assert failed(gold, day).keys() - {"enough_coins"} == {"fresh"}
