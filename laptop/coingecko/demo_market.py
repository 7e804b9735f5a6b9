"""A made-up crypto market for any day, in the shape of CoinGecko's /coins/markets.

Every number is invented; the first coins only borrow well-known names. One date always gives the same
market, and a day needs no other day's data except the day before (for the 24 h changes): a coin's price is
the market's mood plus its own, each a sum of slow and fast sine waves and a little noise, drawn from hashes.

What real data has and a happy path forgets is in it: whole numbers and fractions side by side, prices below
1e-8, nulls, coins without rank, names with quotes, markup and other scripts, a symbol used twice, a coin that
nobody has updated for days and one without a price. Images are null: no one else's logo stands next to an
invented price, and no page shows a broken picture when offline.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from hashlib import blake2b
from typing import Any

COINS = 300
CURRENCIES = ("usd", "eur")

_KNOWN = [
    # id, symbol, name, price around which it moves in USD
    ("bitcoin", "btc", "Bitcoin", 80_000.0),
    ("ethereum", "eth", "Ethereum", 3_000.0),
    ("tether", "usdt", "Tether", 1.0),
    ("ripple", "xrp", "XRP", 2.0),
    ("binancecoin", "bnb", "BNB", 800.0),
    ("solana", "sol", "Solana", 130.0),
    ("usd-coin", "usdc", "USDC", 1.0),
    ("dogecoin", "doge", "Dogecoin", 0.15),
    ("tron", "trx", "TRON", 0.3),
    ("cardano", "ada", "Cardano", 0.5),
    ("chainlink", "link", "Chainlink", 15.0),
    ("stellar", "xlm", "Stellar", 0.25),
    ("monero", "xmr", "Monero", 350.0),
    ("litecoin", "ltc", "Litecoin", 90.0),
    ("avalanche-2", "avax", "Avalanche", 20.0),
    ("hedera-hashgraph", "hbar", "Hedera", 0.12),
    ("shiba-inu", "shib", "Shiba Inu", 0.000009),
    ("polkadot", "dot", "Polkadot", 3.0),
    ("uniswap", "uni", "Uniswap", 6.0),
    ("dai", "dai", "Dai", 1.0),
    ("near", "near", "NEAR Protocol", 2.0),
    ("bitcoin-cash", "bch", "Bitcoin Cash", 500.0),
    ("internet-computer", "icp", "Internet Computer", 4.0),
    ("algorand", "algo", "Algorand", 0.15),
    ("cosmos", "atom", "Cosmos Hub", 3.0),
    ("filecoin", "fil", "Filecoin", 1.5),
    ("pepe", "pepe", "Pepe", 0.000005),
    ("tezos", "xtz", "Tezos", 0.6),
]
_STABLE = {"tether", "usd-coin", "dai"}
_ODD_NAMES = {
    40: 'The "Quoted" Coin & Sons',
    60: "<b>Bold</b> Coin",
    80: "Кофе ☕ 硬币",
    100: "O'Hara; DROP TABLE coins",
    120: "Slash\\Coin / 100 %",
}
_SAME_SYMBOL = (50, 150)
_UNRANKED = 70
"""Has a market cap but no rank, as some real coins have."""
_STALE = 90
_PRICELESS = 110
_WITHOUT_CAP = range(COINS - 6, COINS)
"""The tail of the list: no market cap, hence no rank."""
_MARKET = "the market"
_WAVES = ((9.0, 0.02), (31.0, 0.05), (97.0, 0.1), (410.0, 0.2))
"""Period in days and amplitude of a mood, in logarithms of the price."""
_NOISE = 0.012
_CAP_OF_THE_FIRST = 1.6e12  # USD
_EUROS = 0.87
_EUROS_SWING = 0.05
"""A dollar is worth 0.87 EUR, 5 % more or less, over 200 days."""


@dataclass(frozen=True)
class _Coin:
    """What does not change from day to day; ``temper`` is how strongly the price follows the moods."""

    index: int
    id: str
    symbol: str
    name: str
    base: float
    supply: float
    temper: float

    @property
    def swing(self) -> float:
        """Bounds the logarithm of price / ``base``, on any day, with a margin for rounding."""
        return 2.1 * self.temper * (sum(amplitude for _, amplitude in _WAVES) + _NOISE) + 0.001


def market(day: date, currency: str = "usd") -> list[dict[str, Any]]:
    """Return the market of a day: `COINS` coins of 26 fields, largest market cap first.

    Prices are as of 00:00 UTC, so that they are never in the future of the day they belong to. The
    currency is one of `CURRENCIES`.
    """
    rows = [_market_row(coin, day, currency) for coin in _all_coins()]
    rows.sort(key=lambda row: -(row["market_cap"] or 0))
    rank = 0
    for row in rows:
        if row["market_cap"] is None:
            continue
        rank += 1
        if row["id"] != _coin_id(_UNRANKED):
            row["market_cap_rank"] = rank
    return rows


def history(
    coin_id: str, days: Iterable[date], currency: str = "usd"
) -> list[tuple[float | None, int | None, int]]:
    """Return a coin's (price, market cap, volume) of each day at 00:00 UTC, as `market` has them.

    Raises:
        KeyError: there is no such coin.
    """
    coin = next((coin for coin in _all_coins() if coin.id == coin_id), None)
    if coin is None:
        raise KeyError(coin_id)
    return [
        (
            None if coin.index == _PRICELESS else price,
            None if coin.index in _WITHOUT_CAP else cap,
            _volume(coin, cap, day.toordinal()),
        )
        for day in days
        for price, cap in [_price_and_cap(coin, day.toordinal(), currency)]
    ]


def _price_and_cap(coin: _Coin, day: int, currency: str) -> tuple[float, int]:
    price = _price(coin, day, currency)
    return price, round(price * coin.supply)


def _volume(coin: _Coin, cap: int, day: int) -> int:
    return round(cap * (0.01 + 0.1 * _pseudo_random(coin.id, "turnover", day)))


def _market_row(coin: _Coin, day: date, currency: str) -> dict[str, Any]:
    today = day.toordinal()
    price, cap = _price_and_cap(coin, today, currency)
    before, cap_before = _price_and_cap(coin, today - 1, currency)
    high = _round_like_coingecko(max(price, before) * (1 + 0.01 * _pseudo_random(coin.id, "high", today)))
    low = _round_like_coingecko(min(price, before) * (1 - 0.01 * _pseudo_random(coin.id, "low", today)))
    lowest_rate, highest_rate = _rates(currency)
    ath, atl = (
        _round_like_coingecko(coin.base * math.exp(coin.swing) * highest_rate),
        _round_like_coingecko(coin.base * math.exp(-coin.swing) * lowest_rate),
    )
    limited = coin.index % 5 < 2
    row: dict[str, Any] = {
        "id": coin.id,
        "symbol": coin.symbol,
        "name": coin.name,
        "image": None,
        "current_price": price,
        "market_cap": cap,
        "market_cap_rank": None,
        "fully_diluted_valuation": round(price * coin.supply * 1.25) if limited else cap,
        "total_volume": _volume(coin, cap, today),
        "high_24h": max(high, price, before),
        "low_24h": min(low, price, before),
        "price_change_24h": _round_to_digits(price - before, 12),
        "price_change_percentage_24h": _percent_change(price, before),
        "market_cap_change_24h": cap - cap_before,
        "market_cap_change_percentage_24h": _percent_change(cap, cap_before),
        "circulating_supply": coin.supply,
        "total_supply": _round_to_digits(coin.supply * 1.25, 9) if limited else coin.supply,
        "max_supply": _round_to_digits(coin.supply * 1.25, 9) if limited else None,
        "ath": ath,
        "ath_change_percentage": _percent_change(price, ath),
        "ath_date": f"2021-11-{1 + coin.index % 28:02d}T14:24:11.849Z",
        "atl": atl,
        "atl_change_percentage": _percent_change(price, atl),
        "atl_date": f"2020-03-{1 + coin.index % 28:02d}T02:20:00.000Z",
        "roi": None,
        "last_updated": f"{day}T00:00:{coin.index % 60:02d}.{coin.index % 1000:03d}Z",
    }
    if coin.id == "ethereum":
        times = price / 0.3 - 1
        row["roi"] = {"times": times, "currency": "usd", "percentage": times * 100}
    if coin.index == _STALE:
        row["last_updated"] = f"{date.fromordinal(today - 3)}T05:06:07.008Z"
    if coin.index == _PRICELESS:
        for field in (
            "current_price",
            "high_24h",
            "low_24h",
            "price_change_24h",
            "price_change_percentage_24h",
        ):
            row[field] = None
    if coin.index in _WITHOUT_CAP:
        for field in row:
            if field.startswith(("market_cap", "fully_diluted", "max_supply", "total_supply")):
                row[field] = None
        row["circulating_supply"] = 0
    return row


@cache
def _all_coins() -> tuple[_Coin, ...]:
    return tuple(_make_coins())


def _make_coins() -> Iterator[_Coin]:
    for index in range(COINS):
        coin_id = _coin_id(index)
        if index < len(_KNOWN):
            _, symbol, name, base = _KNOWN[index]
        else:
            symbol = f"dc{max(_SAME_SYMBOL) if index in _SAME_SYMBOL else index}"
            name = _ODD_NAMES.get(index, f"Demo Coin {index}")
            base = _round_to_digits(10 ** (3 - 12 * _pseudo_random(coin_id, "base")), 4)  # 1e-9 to 1e3 USD
        stable = coin_id in _STABLE
        temper = 0.002 if stable else 0.7 + 0.8 * _pseudo_random(coin_id, "temper") * min(1.0, index / 30)
        cap = _CAP_OF_THE_FIRST / (index + 1) ** 1.6
        yield _Coin(
            index=index,
            id=coin_id,
            symbol=symbol,
            name=name,
            base=base,
            supply=_round_to_digits(cap / base, 9),
            temper=temper,
        )


def _coin_id(index: int) -> str:
    return _KNOWN[index][0] if index < len(_KNOWN) else f"demo-coin-{index}"


def _price(coin: _Coin, day: int, currency: str) -> float:
    dollars = coin.base * math.exp(coin.temper * (_market_mood(day) + _mood_of(coin.id, day)))
    return _round_like_coingecko(dollars * _rate(currency, day))


def _rate(currency: str, day: int) -> float:
    """What a dollar is worth in a currency on a day."""
    lowest, highest = _rates(currency)
    return (lowest + highest) / 2 + (highest - lowest) / 2 * math.sin(2 * math.pi * day / 200)


def _rates(currency: str) -> tuple[float, float]:
    """Between what a dollar's worth moves."""
    swing = _EUROS * _EUROS_SWING
    return {"usd": (1.0, 1.0), "eur": (_EUROS - swing, _EUROS + swing)}[currency]


@lru_cache(maxsize=4096)  # all coins share it
def _market_mood(day: int) -> float:
    return _mood_of(_MARKET, day)


def _mood_of(whose: str, day: int) -> float:
    mood = _NOISE * (2 * _pseudo_random(whose, "noise", day) - 1)
    for period, amplitude, phase in _waves(whose):
        mood += amplitude * math.sin(2 * math.pi * (day / period + phase))
    return mood


@cache
def _waves(whose: str) -> list[tuple[float, float, float]]:
    return [
        (
            period * (0.8 + 0.4 * _pseudo_random(whose, "period", number)),
            amplitude,
            _pseudo_random(whose, "phase", number),
        )
        for number, (period, amplitude) in enumerate(_WAVES)
    ]


def _round_like_coingecko(value: float) -> float:
    """Round much as CoinGecko does: whole numbers above 10,000, cents above 100, else six digits."""
    if value >= 10_000:
        return round(value)
    return round(value, 2) if value >= 100 else _round_to_digits(value, 6)


def _round_to_digits(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")


def _percent_change(value: float, reference: float) -> float:
    return round((value / reference - 1) * 100, 5)


def _pseudo_random(*what: object) -> float:
    """Return a number in [0, 1) that depends on nothing but the arguments."""
    digest = blake2b(":".join(map(str, what)).encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
