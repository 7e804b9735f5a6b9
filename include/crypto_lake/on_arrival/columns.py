"""The columns of processed/crypto/: their types, what a missing value does, and the names they come under.

A column of a dropped file that is none of these is kept beside them as text, under its name in snake_case.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import pyarrow as pa

from include.crypto_lake.on_arrival.currencies import CURRENCIES

TEXT = pa.string()
AMOUNT = pa.float64()
MOMENT = pa.timestamp("us", tz="UTC")

REFUSED = "the row is refused"
NULL = "stays null"

# When a row was fetched or stored. A column that says when its price was current goes before these.
WRITTEN_LATER = (
    "updated_at", "last_update", "fetched_at", "retrieved_at", "collected_at", "captured_at", "scraped_at",
    "crawled_at", "created_at", "inserted_at", "ingestion_timestamp", "ingestion_time",
)  # fmt: skip


class Column(NamedTuple):
    """A column of the table: what it holds, what happens without it, and the input names it answers to."""

    name: str
    type: pa.DataType
    meaning: str
    missing: str
    aliases: tuple[str, ...] = ()


# Amounts are in the lake's currency, which stands for {currency} in a name: in a lake of euros `price_eur` is
# the price, and `price_usd` is kept as a further column. Of several input columns for one target the exact
# name goes first, then the aliases in their order here, and a row takes the first value that is not missing;
# a column whose values are passed over is kept as a further one. Underscores do not count: `marketcap` is
# `market_cap`. Names that mean an amount here and a percentage there (`change_24h`) are nobody's alias.
COLUMNS = (
    Column("coin_id", TEXT, "CoinGecko's id, lower case", REFUSED,
           ("coingecko_id", "id", "coin", "slug", "coin_slug")),
    Column("symbol", TEXT, "Ticker, lower case; symbols repeat between coins", NULL,
           ("ticker", "coin_symbol")),
    Column("name", TEXT, "The coin's name", NULL, ("coin_name",)),
    Column("image", TEXT, "Address of the coin's logo", NULL, ("image_url", "logo", "logo_url", "icon")),
    Column("current_price", AMOUNT, "Price of one coin, over zero", REFUSED,
           ("price_{currency}", "{currency}_price", "current_price_{currency}", "price", "{currency}",
            "last_price", "last_price_{currency}", "close", "close_price", "last")),
    Column("market_cap", AMOUNT, "Market capitalisation, not negative", NULL,
           ("market_cap_{currency}", "{currency}_market_cap", "mcap", "market_capitalization",
            "market_capitalisation")),
    Column("market_cap_rank", pa.int32(), "Rank by market capitalisation, from 1", NULL,
           ("rank", "market_rank")),
    Column("fully_diluted_valuation", AMOUNT, "Market capitalisation if all coins circulated", NULL,
           ("fdv", "fully_diluted_market_cap", "fully_diluted_valuation_{currency}")),
    Column("total_volume", AMOUNT, "Traded in 24 hours", NULL,
           ("total_volume_{currency}", "{currency}_24h_vol", "volume_24h", "24h_volume",
            "volume_24h_{currency}", "24h_volume_{currency}", "{currency}_24h_volume", "volume_{currency}",
            "volume", "vol_24h", "24h_vol", "vol")),
    Column("high_24h", AMOUNT, "Highest price in 24 hours", NULL,
           ("24h_high", "high_24h_{currency}", "high")),
    Column("low_24h", AMOUNT, "Lowest price in 24 hours", NULL, ("24h_low", "low_24h_{currency}", "low")),
    Column("price_change_24h", AMOUNT, "Change of the price in 24 hours", NULL,
           ("24h_price_change", "price_change_24h_{currency}")),
    Column("price_change_percentage_24h", AMOUNT, "Change of the price in 24 hours, percent", NULL,
           ("{currency}_24h_change", "price_change_24h_percentage", "change_percentage_24h",
            "change_24h_percentage", "24h_change_percentage", "percent_change_24h", "24h_percentage",
            "24h_price_change_percentage")),
    Column("market_cap_change_24h", AMOUNT, "Change of the market capitalisation in 24 hours", NULL,
           ("24h_market_cap_change",)),
    Column("market_cap_change_percentage_24h", AMOUNT,
           "Change of the market capitalisation in 24 hours, percent", NULL,
           ("market_cap_change_24h_percentage", "24h_market_cap_change_percentage")),
    Column("circulating_supply", AMOUNT, "Coins in circulation", NULL, ("available_supply",)),
    Column("total_supply", AMOUNT, "Coins that exist", NULL),
    Column("max_supply", AMOUNT, "Coins that can ever exist", NULL, ("maximum_supply",)),
    Column("ath", AMOUNT, "All-time high price", NULL, ("all_time_high", "ath_{currency}", "ath_price")),
    Column("ath_change_percentage", AMOUNT, "Change of the price since its all-time high, percent", NULL),
    Column("ath_date", MOMENT, "When the all-time high was (UTC)", NULL, ("all_time_high_date",)),
    Column("atl", AMOUNT, "All-time low price", NULL, ("all_time_low", "atl_{currency}", "atl_price")),
    Column("atl_change_percentage", AMOUNT, "Change of the price since its all-time low, percent", NULL),
    Column("atl_date", MOMENT, "When the all-time low was (UTC)", NULL, ("all_time_low_date",)),
    Column("last_updated", MOMENT, "When the price was current (UTC)",
           "stays null if the file's name gives the day, else " + REFUSED,
           ("last_updated_at", "timestamp", "datetime", "date_time", "time", "date", "day", "price_date",
            "snapped_at", "snapshot_date", "snapshot_time", "snapshot_at", "trade_date", "trading_date",
            "trade_time", "open_time", "time_open", "unix", "unix_time", "unix_timestamp", "epoch", "ts",
            "as_of", "as_of_date", *WRITTEN_LATER)),
    Column("currency", TEXT, "Of every amount in the row, lower case", "the lake's currency",
           ("vs_currency", "vs_currencies", "quote_currency", "quote_asset", "price_currency",
            "counter_currency", "convert", "ccy", "vs", "fiat", "fiat_currency", "currency_code", "tsym",
            "to_symbol", "unit", "denomination")),
    Column("source", TEXT, "Where the file says its figures come from", NULL,
           ("data_source", "provider")),
    Column("price_date", pa.date32(), "The day the row belongs to (UTC): its partition",
           "from last_updated, else from the file's name"),
    Column("ingested_at", MOMENT, "When the file arrived in the lake (UTC)", "always there"),
    Column("source_file", TEXT, "Key of the file below the lake's bucket", "always there"),
    Column("source_row", pa.int64(), "Number of the row in the file, from 1", "always there"),
)  # fmt: skip

SCHEMA = pa.schema(
    pa.field(column.name, column.type, metadata={"comment": column.meaning, "missing": column.missing})
    for column in COLUMNS
)

AMOUNTS = [column.name for column in COLUMNS if column.type == AMOUNT]
MOMENTS = ("ath_date", "atl_date", "last_updated")

# Written by the lake; year, month and day are the partition's folders. A file's own column of that name is
# kept with col_ before it.
LAKE_COLUMNS = frozenset({"price_date", "ingested_at", "source_file", "source_row"})
RESERVED = LAKE_COLUMNS | {"year", "month", "day", "further_columns"}

MAX_COLUMNS = 200  # of one file: a table that grew a column for every coin would be lost
MAX_NAME = 100
OVERFLOW = "further_columns"  # has, as JSON, what the table has no column for any more
MAX_INPUT_NAME = 1_000  # of a column in a file. Beyond, a name's normalization takes longer than the rows

# Names that do not say "of 24 hours": in a file of candles, what they hold is of the candle.
OF_AN_INTERVAL = {
    "high_24h": frozenset({"high"}),
    "low_24h": frozenset({"low"}),
    "total_volume": frozenset({"volume", "vol", "volume_{currency}", "total_volume"}),
}
# Names that do not say in what a volume is counted, and what shows that it may be in coins: an exchange's
# columns beside it.
VOLUME_OF_SOMETHING = frozenset({"volume", "vol"})
VOLUME_OF_24H = frozenset({"volume_24h", "volume24h", "vol_24h", "vol24h", "24h_volume", "24h_vol"})
TURNOVER = frozenset(
    ["turnover", "turnover_24h", "turnover24h", "vol_ccy_24h", "vol_ccy24h", "vol_value", "quote_volume",
     "quote_volume_24h", "volume_quote"]
)  # fmt: skip
# What shows that an amount in the lake's currency is worth of coins that are held, and no price.
HOLDINGS = frozenset({"amount", "quantity", "qty", "balance", "holdings", "holding", "shares"})
EXCHANGE_COLUMNS = frozenset(
    [
        "open",
        "bid",
        "ask",
        "vwap",
        "trades",
        "trade_count",
        "quote_volume",
        "quotevolume",
        "base_volume",
        "basevolume",
        "volumeto",
        "volumefrom",
        "vol_fiat",
        "open_price",
        "opening_price",
        "bid_price",
        "ask_price",
        "open_24h",
        "number_of_trades",
        "lowest_ask",
        "highest_bid",
        "base",
        "target",
        "converted_volume",
    ]
)

# Words of a name that is of a row's moment or period, though none of those above; and what is of another.
_TIMES = frozenset(
    ["date", "datetime", "datum", "fecha", "jour", "zeit", "time", "timestamp", "day", "month", "quarter",
     "week", "year", "period", "unix", "epoch", "ts"]
)  # fmt: skip
_OF_ANOTHER_EVENT = frozenset(
    ["genesis", "added", "ath", "atl", "launch", "launched", "listed", "listing", "first", "ico", "founded",
     "established", "inception", "halving", "expiry", "expires", "next", "block", "since", "birth", "start",
     "started", "release", "released", "high", "low", "max", "min", "all", "age", "response", "update"]
)  # fmt: skip
PERIODS = frozenset({"month", "quarter", "week", "year", "period"})
DATE_PARTS = ("year", "month", "day")
# Objects that tell of the rows beside them.
ABOUT = frozenset({"meta", "_meta", "metadata", "info", "params", "query", "request"})
ZONES = frozenset({"timezone", "time_zone", "tz", "utc_offset"})
_LOCAL = re.compile(
    r"(?:utc|gmt) ?[-+] ?0?[1-9]|\b(?:local|e[sd]t|c[sde]s?t|p[sd]t|bst|ist|jst|kst|msk|hkt|sgt|aest|brt)\b"
)


def may_name_a_moment(name: str) -> bool:
    """Whether a column of no target may still say of which day or period a row is."""
    words = set(snake_case(name).split("_"))
    return bool(words & _TIMES) and not words & _OF_ANOTHER_EVENT


def is_local(name: str) -> bool:
    """Whether a column's name says that its times are not UTC's."""
    return bool(_LOCAL.search(name.lower().replace("_", " ")))


CURRENCY_SIGNS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}
_WORDS = {"%": " percentage ", "US$": " usd "} | {
    sign: f" {currency} " for currency, sign in CURRENCY_SIGNS.items()
}


class Meaning(NamedTuple):
    """What an input column is for.

    Attributes:
        target: The column of the table; None: none, it is a further column.
        precedence: From 0, among the input columns for that target.
        currency: Another than the lake's, in which its amounts are: then it is a further column, too.
    """

    target: str | None
    precedence: int = 0
    currency: str | None = None


def snake_case(name: str) -> str:
    """A column's name as words of [a-z0-9] joined by underscores; empty when it has no letter or digit.

    `currentPrice` is `current_price`, `24h Volume ($)` is `24h_volume_usd`. Letters outside ASCII lose their
    accents or become their code points, so that different names stay different.
    """
    for sign, word in _WORDS.items():
        name = name.replace(sign, word)
    name = re.sub(r"([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])", r"\1\3_\2\4", name)
    folded = (c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    plain = (c if c.isascii() or not c.isalnum() else f"_u{ord(c):x}_" for c in folded)
    return "_".join(re.findall("[a-z0-9]+", "".join(plain).lower()))


@lru_cache
def targets(currency: str) -> dict[str, tuple[str, int]]:
    """The input names that are known: name without underscores -> (target column, precedence from 0)."""
    known: dict[str, tuple[str, int]] = {}
    for column in COLUMNS:
        if column.name not in LAKE_COLUMNS:
            for precedence, name in enumerate((column.name, *column.aliases)):
                known.setdefault(name.format(currency=currency).replace("_", ""), (column.name, precedence))
    return known


_LAST = 1_000
# What a moment's name may have beside it: `Date (UTC)`, `timestamp_ms`.
_OF_TIMES = frozenset({"utc", "gmt", "ms", "millis", "milliseconds", "seconds"})


@lru_cache(10_000)
def meaning(name: str, currency: str) -> Meaning:
    """What a file's column is for, in a lake of that currency.

    A currency may stand anywhere in a name: `price_usd`, `USD price`, `quote.USD.price`.
    """
    words = snake_case(name)
    known = targets(currency)
    if found := known.get(words.replace("_", "")):
        return Meaning(*found)
    parts = words.split("_")
    for prefix in (["market", "data"], ["quote"], ["quotes"]):
        if parts[: len(prefix)] == prefix and len(parts) > len(prefix):
            parts = parts[len(prefix) :]
    of_moment, place = known.get("".join(part for part in parts if part not in _OF_TIMES), (None, 0))
    if of_moment and SCHEMA.field(of_moment).type == MOMENT:
        return Meaning(of_moment, place)
    mentioned = [part for part in parts if part in CURRENCIES]
    rest = [part for part in parts if part not in CURRENCIES and part != "in"]
    if "in_currency" in "_".join(parts):
        rest = [part for part in rest if part != "currency"]
    if len(mentioned) > 1 or (not mentioned and rest == words.split("_")):
        return Meaning(None)
    target, precedence = known.get("".join(rest) or "price", (None, 0))
    if target is None or SCHEMA.field(target).type not in (AMOUNT, MOMENT):
        return Meaning(None)
    return Meaning(
        target, _LAST + precedence, mentioned[0] if mentioned and mentioned[0] != currency else None
    )


def known_targets(names: Iterable[str]) -> set[str | None]:
    """The columns of the table that names stand for, in whatever currency."""
    found: set[str | None] = set()
    for name in names:
        if len(name) <= MAX_INPUT_NAME:
            found.add(meaning(name, "usd").target)
    return found - {None}


def names_coin_and_price(names: Iterable[str]) -> bool:
    """Whether names are a header: one is of the coin's id or of a moment or symbol, one of a price."""
    found = known_targets(names)
    return "current_price" in found and bool(found & {"coin_id", "symbol", "name", "last_updated"})


def further_name(name: str, position: int) -> str:
    """The table's name for a column that is not in the schema.

    Args:
        name: in snake_case.
        position: of the column in its file, from 1; names what has no name.
    """
    if not name or name[0].isdigit() or name in RESERVED:
        name = f"col_{name or position}"
    if len(name) > MAX_NAME:  # cut, with a mark that keeps two long names apart
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        name = f"{name[: MAX_NAME - 9]}_{digest}"
    return name
