"""Each query of `include/sql` on a lake with dollars and euros: it reads its own currency and no other."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.include.sql.conftest import EUROS, in_euros, made_up_day

if TYPE_CHECKING:
    from tests.include.sql.conftest import Gold


def test_the_gate_counts_one_currency(gold: Gold) -> None:
    for currency, coins in (("usd", "26"), ("eur", "24")):
        checks = gold.ask("checks/gold_coins_market.sql", gold.today, coins=24, currency=currency)
        observed = {check["check_name"]: check["observed"] for check in checks}
        assert all(check["passed"] for check in checks), observed
        assert observed["partition_present"] == f"{coins} rows, 1 summary rows"
        assert (
            observed["no_coins_lost_since_silver"]
            == f"{coins} in silver, {coins} in gold, {coins} in the summary"
        )
    missing = gold.ask("checks/gold_coins_market.sql", gold.today, coins=24, currency="gbp")
    [present] = [check for check in missing if check["check_name"] == "partition_present"]
    assert (present["passed"], present["observed"]) == (False, "0 rows, 0 summary rows")


@pytest.mark.parametrize(("currency", "rate"), [("usd", 1), ("eur", EUROS)])
def test_the_website_shows_one_currency(gold: Gold, currency: str, rate: float) -> None:
    day = gold.today - timedelta(days=3)
    dollars = gold.coins[gold.coins.dt == day].set_index("coin_id")
    top10 = gold.ask("top10_cryptos.sql", day, currency=currency)
    assert [row["rank"] for row in top10] == list(range(1, 11))
    assert [row["current_price"] for row in top10] == pytest.approx(
        [dollars.current_price[row["coin_id"]] * rate for row in top10]
    )
    market = gold.ask("market_history.sql", day, coins=24, currency=currency)
    shown = [row["dt"] for row in market]
    assert len(shown) == len(set(shown))
    assert shown[-1] == day
    expected = in_euros(*made_up_day(day)) if currency == "eur" else made_up_day(day)
    assert market[-1]["total_market_cap"] == round(expected[1]["total_market_cap"])
    prices = gold.ask("coin_history.sql", day, coins=24, currency=currency)
    keys = [(row["coin_id"], row["dt"]) for row in prices]
    assert len(keys) == len(set(keys)) > 10
    [bitcoin] = [row for row in prices if (row["coin_id"], row["dt"]) == ("bitcoin", day)]
    assert bitcoin["current_price"] == pytest.approx(dollars.current_price["bitcoin"] * rate)
    assert {row["currency"] for row in (*top10, *market, *prices)} == {currency}


@pytest.mark.parametrize(("currency", "gold_rows", "ranked"), [("usd", 26, 25), ("eur", 24, 24)])
def test_the_metrics_are_of_one_currency(gold: Gold, currency: str, gold_rows: int, ranked: int) -> None:
    [row] = gold.ask("day_metrics.sql", gold.today, currency=currency)
    assert (row["silver_rows"], row["gold_rows"]) == (gold_rows, gold_rows)
    assert (row["ranked_rows"], row["ranked_rows_day_before"]) == (ranked, ranked)


def test_a_currency_without_a_day_before_has_nothing_to_drop_from(gold: Gold) -> None:
    oldest = min(gold.coins.dt)
    [row] = gold.ask("day_metrics.sql", oldest, currency="eur")
    assert (row["ranked_rows"], row["ranked_rows_day_before"], row["ranked_rows_dropped"]) == (24, None, 0)
