"""Price files as people have them: known rows, written in every convention, and what has to become of them.

Nothing here is copied from a real file. A convention is drawn for each of a file's properties, independently:
shape, nesting, ids, currency, decimal sign, thousands, dates, delimiter, encoding. `Made.is_shown` says
whether the file itself shows its conventions; then it should be read. It must never be read wrongly.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

ARRIVED = datetime(2026, 3, 20, 12, tzinfo=UTC)
COINS = [
    ("bitcoin", "BTC", "Bitcoin", 64123.5),
    ("ethereum", "ETH", "Ethereum", 3456.78),
    ("solana", "SOL", "Solana", 145.6),
    ("monero", "XMR", "Monero", 119.183),
    ("cardano", "ADA", "Cardano", 0.49),
    ("chainlink", "LINK", "Chainlink", 17.425),
    ("eos", "EOS", "EOS", 0.512),
    ("pepe", "PEPE", "Pepe", 0.0000071),
    ("crypto-com-chain", "CRO", "Cronos", 0.0912),
]


@dataclass
class Made:
    """A file, and the rows that are in it.

    Attributes:
        body: Its bytes.
        key: Its key.
        prices: (day, coin) -> price: nothing else may come out.
        caps: The same of the market caps; null may come out, too.
        is_shown: Whether the file shows all of its conventions.
        how: The conventions.
    """

    body: bytes
    key: str
    prices: dict[tuple[date, str], float]
    caps: dict[tuple[date, str], float]
    is_shown: bool
    how: dict[str, str] = field(default_factory=dict)


def grouped(number: float, decimal: str, group: str, places: int) -> str:
    text = f"{number:,.{places}f}" if places >= 0 else f"{number:,}"
    return text.replace(",", "\0").replace(".", decimal).replace("\0", group)


NUMBERS: dict[str, Callable[[float], str]] = {
    "plain": lambda n: f"{n:.10f}".rstrip("0").rstrip("."),
    "repr": repr,
    "comma": lambda n: f"{n:.10f}".rstrip("0").rstrip(".").replace(".", ","),
    "us": lambda n: grouped(n, ".", ",", 8),
    "german": lambda n: grouped(n, ",", ".", 8),
    "french": lambda n: grouped(n, ",", "\u202f", 8),
    "spaces": lambda n: grouped(n, ",", " ", 7),
    "swiss": lambda n: grouped(n, ".", "’", 8),
    "dollars": lambda n: "$" + grouped(n, ".", ",", 8),
    "code": lambda n: grouped(n, ".", ",", 8) + " USD",
    "exponent": lambda n: f"{n:.10E}",
    "three places": lambda n: grouped(n, ".", "", 3),
    "three places, comma": lambda n: grouped(n, ",", "", 3),
}
# With three places everywhere only zeros in front of the sign show what it is.
_DOUBTFUL = {"three places", "three places, comma"}
_COMMAS = {"comma", "german", "french", "spaces", "three places, comma"}


def _epoch(at: datetime) -> int:
    return int(at.timestamp())


DATES: dict[str, Callable[[datetime], Any]] = {
    "iso": lambda at: at.isoformat(),
    "iso z": lambda at: f"{at:%Y-%m-%dT%H:%M:%S.000Z}",
    "space": lambda at: f"{at:%Y-%m-%d %H:%M:%S}",
    "offset": lambda at: (at + timedelta(hours=5, minutes=30)).strftime("%Y-%m-%dT%H:%M:%S+05:30"),
    "seconds": _epoch,
    "milliseconds": lambda at: _epoch(at) * 1_000,
    "microseconds": lambda at: _epoch(at) * 1_000_000,
    "nanoseconds": lambda at: _epoch(at) * 1_000_000_000,
    "excel exponent": lambda at: f"{_epoch(at) * 1_000:.2E}",
    "day": lambda at: f"{at:%Y-%m-%d}",
    "day first": lambda at: f"{at:%d/%m/%Y %H:%M}",
    "day first, dots": lambda at: f"{at:%d.%m.%Y}",
    "month first": lambda at: f"{at:%m/%d/%Y %H:%M:%S}",
    "month first, short": lambda at: f"{at.month}/{at.day}/{at:%y} {at:%I:%M %p}",
    "named": lambda at: f"{at:%b %d, %Y}",
    "named, long": lambda at: f"{at.day} {at:%B %Y %H:%M}",
    "mail": lambda at: f"{at:%a, %d %b %Y %H:%M:%S} GMT",
    "compact": lambda at: f"{at:%Y%m%dT%H%M%SZ}",
    "none": lambda at: None,
}
_NEEDS_A_LATE_DAY = {"day first", "day first, dots", "month first", "month first, short"}
_DAYS_ALONE = {"day", "day first, dots", "named"}

IDS: dict[str, Callable[[int, tuple[str, str, str, float]], dict[str, Any]]] = {
    "id": lambda n, coin: {"id": coin[0], "symbol": coin[1].lower(), "name": coin[2]},
    "coin_id": lambda n, coin: {"coin_id": coin[0], "name": coin[2]},
    "Coin": lambda n, coin: {"Coin": coin[0]},
    "mongo": lambda n, coin: {"_id": f"66f1a0c2a1b2c3d4e5f6{n:04x}", "id": coin[0], "__v": 0},
    "database": lambda n, coin: {"id": n + 1, "coin_id": coin[0]},
    "coingecko_id": lambda n, coin: {"id": n + 1, "slug": coin[2].lower(), "coingecko_id": coin[0]},
    "uuid": lambda n, coin: {"id": f"9f1c7f9e-0d1a-4a52-8a4e-3c1f1f1f{n:04x}", "coin": coin[0]},
    "capitals": lambda n, coin: {"id": coin[0].upper()},
    "ulid": lambda n, coin: {"id": f"01J8Z3K6YQ4V6E5W2T1R0N9M{n:02d}", "coin": coin[0]},
    "numbered": lambda n, coin: {"id": f"row-{n + 1}", "coin": coin[0]},
    # These name no coin that CoinGecko knows: nothing may come out.
    "symbol alone": lambda n, coin: {"symbol": coin[1], "name": coin[2]},
    "symbols as ids": lambda n, coin: {"id": coin[1]},
    "coinmarketcap": lambda n, coin: {"id": n + 1, "symbol": coin[1], "slug": coin[2].lower(), "cmc_rank": n},
    "coinlore": lambda n, coin: {"id": str(n + 90), "symbol": coin[1], "nameid": coin[2].lower()},
    "paprika": lambda n, coin: {"id": f"{coin[1]}-{coin[2]}".lower(), "symbol": coin[1], "name": coin[2]},
    "pairs": lambda n, coin: {"id": f"{coin[1]}-USD", "market": f"{coin[1]}-USD"},
}
_NAMELESS = {"symbol alone", "symbols as ids", "coinmarketcap", "coinlore", "paprika", "pairs"}

PRICES = ["current_price", "price", "Price (USD)", "price_usd", "usd", "priceUsd", "close", "quote.USD.price"]
FOREIGN = ["price_eur", "Price (EUR)", "eur", "priceJpy", "quote.GBP.price", "column", "pair", "any column"]
TIME_NAMES = ["last_updated", "timestamp", "Date", "date", "snapshot_date", "open_time", "Datetime (UTC)"]
# What must not be taken for a row's own moment, or for its currency.
BESIDE: dict[str, dict[str, Any]] = {
    "nothing": {},
    "stored later": {"updated_at": "2026-03-19T08:00:00Z"},
    "another event": {"genesis_date": "2009-01-03"},
    "another currency": {"roi_currency": "eur", "price_gbp": "1"},
}
CAPS = ["market_cap", "Market Cap", "market_cap_usd", "marketCap", "usd_market_cap"]
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
ENCODINGS = ["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"]
SHAPES = ["array", "envelope", "lines", "keyed", "split", "by column", "table", "nested", "sheet"]
TITLES = ["", "", "", "Crypto export\n\n", "sep"]
NAMES = ["raw/prices_{day}.x", "raw/prices_{day}.x", "raw/export.x"]


def make(random: Random) -> Made:
    """A file in random conventions."""
    how = {
        "ids": random.choice([*IDS, *(kind for kind in IDS if kind not in _NAMELESS)]),
        "date": random.choice(list(DATES)),
        "number": random.choice(list(NUMBERS)),
        "rows": random.choice(["snapshot", "snapshot", "history"]),
        "price": random.choice(PRICES) if random.random() < 0.85 else f"foreign {random.choice(FOREIGN)}",
        "cap": random.choice(CAPS),
        "beside": random.choice(list(BESIDE)),
        "file": random.choice(["csv", "csv", "json"]),
        "name": random.choice(NAMES),
    }
    day = date(2026, 2, 1) + timedelta(days=random.randrange(40))
    start = datetime(day.year, day.month, day.day, random.randrange(3, 22), 30, tzinfo=UTC)
    coins = random.sample(COINS, random.randint(2, len(COINS)))
    if how["rows"] == "history":
        moments = [(coin, start - timedelta(days=back)) for coin in coins[:2] for back in range(7)]
    else:
        moments = [(coin, start) for coin in coins]
    rows, prices, caps, texts = [], {}, {}, []
    time_name = random.choice(TIME_NAMES)
    number_of = (
        NUMBERS[how["number"]] if how["file"] == "csv" else random.choice([repr, NUMBERS[how["number"]]])
    )
    how["number"] = "repr" if number_of is repr else how["number"]
    for coin, at in moments:
        price = coin[3] * random.uniform(0.9, 1.1)
        text = number_of(round(price, 7) or 1e-7)
        shown_price = _value(text, how["number"])
        cap = round(price * random.randint(10_000_000, 20_000_000)) + 0.25
        cap_text = number_of(cap)
        row = (
            IDS[how["ids"]](COINS.index(coin), coin)
            | _price(how["price"], text, coin)
            | {how["cap"]: cap_text}
            | BESIDE[how["beside"]]
        )
        texts += [text, cap_text]
        stamp = DATES[how["date"]](at)
        if stamp is not None:
            row[time_name] = stamp
        rows.append(row)
        of = at.date() if stamp is not None and how["date"] != "excel exponent" else day
        if stamp is None and how["beside"] == "stored later":
            of = date(2026, 3, 19)
        if shown_price > 0:
            prices[of, coin[0]] = shown_price
        caps[of, coin[0]] = _value(cap_text, how["number"])
    if how["ids"] in _NAMELESS or how["price"].startswith("foreign"):
        prices, caps = {}, {}
    body = _csv(rows, how, random) if how["file"] == "csv" else _json(rows, how, random)
    if random.random() < 0.2:
        body = gzip.compress(body, mtime=0)
        how["packed"] = "gzip"
    key = how["name"].format(day=day)
    return Made(body, key, prices, caps, _is_shown(how, moments, texts, day, prices), how)


def _price(kind: str, text: str, coin: tuple[str, str, str, float]) -> dict[str, Any]:
    if not kind.startswith("foreign "):
        return {kind: text}
    name = kind.removeprefix("foreign ")
    if name == "column":
        return {"price": text, "currency": "EUR"}
    if name == "any column":
        return {"price": text, "Währung": "EUR"}
    if name == "pair":
        return {"price": text, "pair": f"{coin[1]}/EUR"}
    return {name: text}


def _value(text: str, style: str) -> float:
    """What the writer meant."""
    plain = text.replace("$", "").replace(" USD", "")
    if style in _COMMAS:
        for group in (".", " ", "\u202f"):
            plain = plain.replace(group, "")
        return float(plain.replace(",", "."))
    return float(plain.replace(",", "").replace("’", ""))


def _is_shown(
    how: dict[str, str], moments: list[Any], texts: list[str], day: date, prices: dict[Any, float]
) -> bool:
    days = {at.date() for _, at in moments}
    if not prices or (how["date"] == "excel exponent" and "{day}" not in how["name"]):
        return False
    if how["date"] in _NEEDS_A_LATE_DAY and not any(at.day > 12 for at in days):
        return False
    if how["date"] == "month first, short" and max(at.day for at in days) <= 26 and how["rows"] != "history":
        return False
    if how["date"] == "none" and how["beside"] == "stored later":
        return False
    if how["date"] in ("none", "excel exponent") and (how["rows"] == "history" or "{day}" not in how["name"]):
        return False
    if how["number"] in _DOUBTFUL:
        return any(text.startswith("0") for text in texts)
    return True


def _csv(rows: list[dict[str, Any]], how: dict[str, str], random: Random) -> bytes:
    how["delimiter"] = random.choice(list(DELIMITERS))
    if how["number"] in _COMMAS and how["delimiter"] == "comma" and random.random() < 0.8:
        how["delimiter"] = "semicolon"
    delimiter = DELIMITERS[how["delimiter"]]
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, names, delimiter=delimiter, lineterminator=random.choice(["\n", "\r\n"]),
                            quoting=random.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))  # fmt: skip
    how["title"] = random.choice(TITLES)
    text.write(f"sep={delimiter}\n" if how["title"] == "sep" else how["title"])
    writer.writeheader()
    writer.writerows(rows)
    found = text.getvalue()
    if random.random() < 0.15:  # trailing delimiters
        ends = "\r\n" if "\r\n" in found else "\n"
        found = ends.join(line + delimiter if line else line for line in found.split(ends))
    how["encoding"] = random.choice(ENCODINGS)
    try:
        return found.encode(how["encoding"])
    except UnicodeEncodeError:
        how["encoding"] = "utf-8"
        return found.encode()


def _json(rows: list[dict[str, Any]], how: dict[str, str], random: Random) -> bytes:
    how["shape"] = shape = random.choice(SHAPES)
    if how["number"] == "repr":  # as JSON's own numbers
        names = {how["cap"], *_price(how["price"], "", COINS[0])} - {"currency", "pair", "Währung"}
        rows = [{k: float(v) if k in names else v for k, v in row.items()} for row in rows]
    names = list(dict.fromkeys(name for row in rows for name in row))
    values = [[row.get(name) for name in names] for row in rows]
    if shape == "lines":
        return "\n".join(json.dumps(row) for row in rows).encode()
    if shape == "nested":
        rows = [_nested(row) for row in rows]
    document: Any = {
        "array": rows,
        "nested": rows,
        "envelope": {"source": "desk", "data": rows},
        "keyed": {str(number): row for number, row in enumerate(rows)},
        "split": {"columns": names, "index": list(range(len(rows))), "data": values},
        "by column": {n: {str(i): v[c] for i, v in enumerate(values)} for c, n in enumerate(names)},
        "table": {"schema": {"fields": [{"name": name} for name in names]}, "data": rows},
        "sheet": [names, *values],
    }[shape]
    return json.dumps(document, indent=random.choice([None, 1])).encode()


def _nested(row: dict[str, Any]) -> dict[str, Any]:
    """`quote.USD.price` as CoinMarketCap's API has it."""
    made: dict[str, Any] = {}
    for name, value in row.items():
        if name.startswith("quote."):
            _, currency, measure = name.split(".")
            made["quote"] = {currency: {measure: value}}
        else:
            made[name] = value
    return made
