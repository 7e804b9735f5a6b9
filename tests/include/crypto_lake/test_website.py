"""The website's data files: contract, credits, and never back in time."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from include.crypto_lake.website import MARKET_HISTORY, TOP10_CRYPTOS, WebsiteDataError, encode, may_replace

NOW = datetime(2026, 1, 31, 4, 5, 6, 789, tzinfo=timezone(timedelta(hours=2)))


def coin(rank: int, **changes: Any) -> dict[str, Any]:
    return {
        "rank": rank,
        "coin_id": f"coin-{rank}",
        "symbol": "c",
        "name": f"Coin {rank} “Ünï”",
        "image": None,
        "current_price": 8.12e-6,
        "price_change_percentage_24h": -0.5,
        "market_cap": 1e12 / rank,
        "market_share_pct": 5.0,
        "total_volume": 1e9,
        "high_24h": None,
        "low_24h": None,
        "circulating_supply": 1.9e7,
        "total_supply": None,
        "max_supply": None,
        "ath": 2e-5,
        "ath_change_percentage": -59.4,
        "ath_date": datetime(2025, 10, 6, 18, 57, 42, tzinfo=UTC),
        "last_updated": datetime(2026, 1, 31, 1, 59, tzinfo=UTC),
        "source": "coingecko",
        "currency": "usd",
    } | changes


def ten(**changes: Any) -> list[dict[str, Any]]:
    return [coin(rank, **changes) for rank in range(1, 11)]


def document(rows: list[dict[str, Any]], run_date: str = "2026-01-31") -> dict[str, Any]:
    day = date.fromisoformat(run_date)
    return TOP10_CRYPTOS.document(rows, run_date=day, generated_at=NOW)


def test_the_file_says_what_it_is_and_whom_to_credit() -> None:
    made = json.loads(encode(document(ten())))
    assert made["as_of"] == "2026-01-31"
    assert made["generated_at"] == "2026-01-31T02:05:06Z"
    assert made["source"] == "coingecko"
    assert made["currency"] == "usd"
    assert made["attribution"] == {"text": "Data provided by CoinGecko", "url": "https://www.coingecko.com"}
    assert [c["rank"] for c in made["coins"]] == list(range(1, 11))
    assert made["coins"][0]["name"] == "Coin 1 “Ünï”"
    assert made["coins"][0]["last_updated"] == "2026-01-31T01:59:00Z"
    assert {"source", "currency"}.isdisjoint(made["coins"][0])


def test_the_file_is_in_the_currency_of_its_rows() -> None:
    assert document(ten(currency="eur"))["currency"] == "eur"


def test_made_up_data_are_not_credited_to_coingecko() -> None:
    made = document(ten(source="synthetic"))
    assert made["source"] == "synthetic"
    assert made["attribution"] == {"text": "Made-up demo data, not market prices"}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "gave no rows for 2026-01-31"),
        (ten()[:9], "is too short"),
        ([{k: v for k, v in row.items() if k != "currency"} for row in ten()], "clear fetch_markets with"),
        (ten(current_price=None), r"coins\[0\].current_price"),
        (ten(current_price=0.0), r"coins\[0\].current_price"),
        (ten(market_cap=float("nan")), r"coins\[0\].market_cap"),
        (ten(surprise=1), "surprise"),
        ([*ten()[:9], coin(10, source="synthetic")], "several sources"),
        ([*ten()[:9], coin(10, currency="eur")], r"several currencies: \['eur', 'usd'\]"),
    ],
)
def test_rows_that_break_the_contract_are_refused(rows: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(WebsiteDataError, match=message) as error:
        document(rows)
    assert "data/top10_cryptos.json" in str(error.value)


def history(last: str, days: int) -> dict[str, Any]:
    """The market's file of the year's last day, with so many days up to `last`."""
    rows = [
        {
            "dt": date.fromisoformat(last) - timedelta(days=back),
            "coins": 250,
            "ranked": 248,
            "total_market_cap": 3e12,
            "total_volume": 1e11,
            "btc_dominance_pct": 55.0,
            "eth_dominance_pct": None,
            "median_change_24h_pct": 0.1,
            "gainers": 130,
            "losers": 118,
            "source": "coingecko",
            "currency": "usd",
        }
        for back in reversed(range(days))
    ]
    return MARKET_HISTORY.document(rows, run_date=date(2025, 12, 31), generated_at=NOW)


def test_the_history_takes_a_year_and_no_more() -> None:
    assert len(history("2025-12-31", 365)["days"]) == 365
    assert history("2025-12-31", 1)["days"][0]["dt"] == "2025-12-31"
    with pytest.raises(WebsiteDataError, match="too long"):
        history("2025-12-31", 366)


@pytest.mark.parametrize("last", ["2025-12-30", "2026-01-01"])
def test_a_history_ends_on_its_day(last: str) -> None:
    with pytest.raises(
        WebsiteDataError, match=f"market_history.json is of 2025-12-31, but its last day is {last}"
    ):
        history(last, 30)


def test_the_website_never_goes_back_in_time() -> None:
    # Of one day, the later query counts: clearing an earlier run's publication must not bring it back.
    noon = document(ten(), "2026-01-31") | {"generated_at": "2026-01-31T12:00:00Z"}
    assert not may_replace(document(ten(), "2026-01-31"), noon)
    assert may_replace(noon, document(ten(), "2026-01-31"))
    january, february = document(ten(), "2026-01-31"), document(ten(), "2026-02-01")
    demo = document(ten(source="synthetic"), "2026-11-22")
    assert may_replace(february, january)
    assert may_replace(january, january)
    assert not may_replace(january, february)
    assert may_replace(january, demo), "demo data of a later day must not keep real data off the website"
    assert not may_replace(january | {"source": "another"}, february)
