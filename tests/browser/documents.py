"""The website's data files for any state that a test wants to see: made-up, but true to their schemas."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from include.crypto_lake.website import COIN_HISTORY, MARKET_HISTORY, TOP10_CRYPTOS
from laptop.coingecko import demo_market as coingecko_demo

Documents = dict[str, Any]
Market = Callable[[date], list[dict[str, Any]]]
CURRENCY = "usd"
NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
"""What tests and their pages take for now, whatever hour it is and however long the tests last."""
_COINS = 250
_COPIED = (
    "symbol",
    "name",
    "image",
    "current_price",
    "price_change_percentage_24h",
    "market_cap",
    "total_volume",
    "high_24h",
    "low_24h",
    "circulating_supply",
    "total_supply",
    "max_supply",
    "ath",
    "ath_change_percentage",
)
_demo_market = cache(coingecko_demo.market)


def documents(
    *,
    at: datetime = NOW,
    days: int = 91,
    source: str = "coingecko",
    market: Market = _demo_market,
    currency: str = CURRENCY,
) -> Documents:
    """All three files by name, as the DAG would write them at a moment, with so many days of history.

    Args:
        at: When the snapshot was taken.
        days: Of the market's history, the day itself among them; the coins have 91 at most.
        source: `synthetic` for what calls itself demo data.
        market: Gives a day's coins in CoinGecko's shape, largest first.
        currency: What the figures claim to be in.
    """
    dates = [at.date() - timedelta(days=back) for back in reversed(range(days))]
    largest = {coin["id"] for coin in market(at.date())[:10]}
    rows = _Rows(market)
    envelope = {"run_date": at.date(), "generated_at": at}
    today = [row | {"last_updated": at} for row in rows.coins(at.date())[:10]]
    prices = [
        {key: row[key] for key in ("coin_id", "dt", "rank", "current_price")}
        for day in dates[-91:]
        for row in rows.coins(day)
        if row["coin_id"] in largest
    ]

    def made(export: Any, content: list[dict[str, Any]]) -> Any:
        return export.document(
            [row | {"source": source, "currency": currency} for row in content], **envelope
        )

    return {
        "top10_cryptos": made(TOP10_CRYPTOS, [{k: v for k, v in row.items() if k != "dt"} for row in today]),
        "market_history": made(MARKET_HISTORY, [rows.summary(day) for day in dates]),
        "coin_history": made(COIN_HISTORY, sorted(prices, key=lambda row: (row["coin_id"], row["dt"]))),
    }


class _Rows:
    """The rows that the queries would give for a market."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def _ranked(self, day: date) -> list[dict[str, Any]]:
        return [coin for coin in self._market(day)[:_COINS] if coin["market_cap"] and coin["current_price"]]

    def coins(self, day: date) -> list[dict[str, Any]]:
        """The day's coins with their ranks."""
        ranked = self._ranked(day)
        total = sum(coin["market_cap"] for coin in ranked)
        return [
            {name: coin[name] for name in _COPIED}
            | {
                "dt": day,
                "rank": rank,
                "coin_id": coin["id"],
                "market_share_pct": 100 * coin["market_cap"] / total,
                "ath_date": coin["ath_date"] and datetime.fromisoformat(coin["ath_date"]),
                "last_updated": None,
            }
            for rank, coin in enumerate(ranked, start=1)
        ]

    def summary(self, day: date) -> dict[str, Any]:
        """The day's totals."""
        ranked = self._ranked(day)
        total = sum(coin["market_cap"] for coin in ranked)
        caps = {coin["id"]: coin["market_cap"] for coin in ranked}
        changes = [c for coin in ranked if (c := coin["price_change_percentage_24h"]) is not None]
        return {
            "dt": day,
            "coins": len(ranked) + 2,  # two that a quality flag disqualifies
            "ranked": len(ranked),
            "total_market_cap": round(total),
            "total_volume": round(sum(coin["total_volume"] or 0 for coin in ranked)),
            "btc_dominance_pct": round(100 * caps["bitcoin"] / total, 3),
            "eth_dominance_pct": round(100 * caps["ethereum"] / total, 3),
            "median_change_24h_pct": round(statistics.median(changes), 3),
            "gainers": sum(change > 0 for change in changes),
            "losers": sum(change < 0 for change in changes),
        }
