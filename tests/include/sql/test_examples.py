"""The four sample queries, through Athena's API, against the same answers from pandas."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd
import pytest

if TYPE_CHECKING:
    from tests.include.sql.conftest import Gold


def test_market_overview_shows_the_twenty_largest_of_the_newest_day(gold: Gold) -> None:
    rows = gold.ask("examples/market_overview.sql")
    expected = gold.coins[(gold.coins.dt == gold.today) & (gold.coins["rank"] <= 20)].sort_values("rank")
    assert [row["rank"] for row in rows] == list(range(1, 21))
    assert [row["name"] for row in rows] == list(expected["name"])
    assert [row["current_price"] for row in rows] == pytest.approx(list(expected.current_price))
    assert {row["dt"] for row in rows} == {gold.today}


def test_bitcoin_price_history_has_the_last_thirty_days_with_their_changes(gold: Gold) -> None:
    rows = gold.ask("examples/bitcoin_price_history.sql")
    bitcoin = gold.coins[gold.coins.coin_id == "bitcoin"].sort_values("dt")
    expected = bitcoin[bitcoin.dt >= gold.today - timedelta(days=30)]
    changes = 100 * expected.current_price.pct_change()
    assert [row["dt"] for row in rows] == list(expected.dt)
    assert [row["current_price"] for row in rows] == pytest.approx(list(expected.current_price))
    assert rows[0]["change_pct"] is None
    assert [row["change_pct"] for row in rows[1:]] == pytest.approx(list(changes[1:]))


def test_market_volatility_ranks_coins_by_the_spread_of_their_changes(gold: Gold) -> None:
    rows = gold.ask("examples/market_volatility.sql")
    recent = gold.coins[(gold.coins.dt >= gold.today - timedelta(days=30)) & gold.coins["rank"].notna()]
    spread = recent.groupby("coin_id").price_change_percentage_24h.std().sort_values(ascending=False)
    assert [row["coin_id"] for row in rows] == list(spread.index[:20])
    assert [row["volatility_pct"] for row in rows] == pytest.approx(list(spread[:20]))
    assert {row["days"] for row in rows} == {31}
    widest = recent.groupby("coin_id").price_range_24h_pct.max()
    assert [row["widest_day_pct"] for row in rows] == pytest.approx([widest[row["coin_id"]] for row in rows])


def test_total_market_metrics_has_a_row_for_each_of_the_last_days(gold: Gold) -> None:
    rows = gold.ask("examples/total_market_metrics.sql")
    summaries = gold.summaries.sort_values("dt")
    expected = summaries[summaries.dt >= gold.today - timedelta(days=7)]
    assert [row["dt"] for row in rows] == list(expected.dt)
    for column in ("total_market_cap", "btc_dominance_pct", "median_change_24h_pct", "gainers", "losers"):
        assert [row[column] for row in rows] == pytest.approx(list(expected[column])), column
    changes = 100 * expected.total_market_cap.pct_change()
    assert [row["market_cap_change_pct"] for row in rows[1:]] == pytest.approx(list(changes[1:]))


def test_the_website_queries_give_their_day(gold: Gold) -> None:
    day = gold.today - timedelta(days=3)
    top10 = gold.ask("top10_cryptos.sql", day)
    assert [row["rank"] for row in top10] == list(range(1, 11))
    on_day = gold.coins[gold.coins.dt == day].set_index("coin_id")
    assert [row["current_price"] for row in top10] == pytest.approx(
        [on_day.current_price[row["coin_id"]] for row in top10]
    )
    history = gold.ask("market_history.sql", day, coins=25)
    assert [row["dt"] for row in history] == list(
        pd.Series(gold.summaries.dt[gold.summaries.dt <= day]).sort_values()
    )
    assert [row["total_market_cap"] for row in history] == [
        round(total) for total in gold.summaries.sort_values("dt").total_market_cap if total
    ][: len(history)]
    assert {(row["ranked"], row["coins"]) for row in history} == {(25, 26)}, "the flagged coin is not ranked"


def test_the_coins_history_follows_the_days_ten_largest(gold: Gold) -> None:
    day = gold.today - timedelta(days=3)
    rows = gold.ask("coin_history.sql", day, coins=25)
    on_day = gold.coins[(gold.coins.dt == day) & (gold.coins["rank"] <= 10)]
    expected = gold.coins[
        gold.coins.coin_id.isin(on_day.coin_id) & (gold.coins.dt <= day) & gold.coins["rank"].notna()
    ].sort_values(["coin_id", "dt"])
    assert [(row["coin_id"], row["dt"]) for row in rows] == list(
        zip(expected.coin_id, expected.dt, strict=True)
    )
    assert [row["current_price"] for row in rows] == pytest.approx(list(expected.current_price))
    assert [row["rank"] for row in rows] == list(expected["rank"])
