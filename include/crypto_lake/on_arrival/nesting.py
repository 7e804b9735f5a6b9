"""Amounts that lie in objects below a row: one for each currency, or as a database spells its numbers.

{"quote": {"USD": {"price": 64123.5}}}      CoinMarketCap, CoinPaprika
{"market_data": {"current_price": {"usd": 64123.5, "eur": 59000.1}}}      CoinGecko's /coins/{id}
{"current_price": {"$numberDecimal": "64123.5"}}      MongoDB
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.crypto_lake.on_arrival.columns import meaning, snake_case
from include.crypto_lake.on_arrival.currencies import is_currency
from include.crypto_lake.on_arrival.reading.chunks import text_array

Columns = list[tuple[str, pa.Array]]

_QUOTES = frozenset({"quote", "quotes"})
_MEASURES = "market_data"
_CURRENCY = "quote currency"
_EXTENDED = frozenset({"$oid", "$date", "$numberDecimal", "$numberLong", "$numberInt", "$numberDouble"})


def unnested(columns: Columns, currency: str) -> Columns:
    """Columns in which objects with amounts are replaced by the amounts in the lake's currency.

    An object of other currencies alone becomes the column `quote currency`, which refuses the row.
    """
    made: Columns = []
    for name, cells in columns:
        snake = snake_case(name)
        known = snake in _QUOTES or snake == _MEASURES or meaning(name, currency).target or snake == "id"
        if not known or not _has_objects(cells):
            made.append((name, cells))
            continue
        rows = [_flat(name, snake, cell, currency) for cell in cells.to_pylist()]
        names = dict.fromkeys(name for row in rows for name in row)
        made += [(name, text_array([row.get(name) for row in rows])) for name in names]
    return made


def _has_objects(cells: pa.Array) -> bool:
    return bool(pc.any(pc.starts_with(cells, "{")).as_py())


def _flat(name: str, snake: str, cell: str | None, currency: str) -> dict[str, str | None]:
    found = object_in(cell)
    if found is None:
        return {name: cell}
    if snake in _QUOTES:
        if not any(map(is_currency, found)):
            return {name: cell}
        quoted = next((inner for key, inner in found.items() if key.lower() == currency), None)
        if quoted is None:
            return {name: cell, _CURRENCY: next(iter(found))}
        if not isinstance(quoted, dict):
            return {"quote.price": _text(quoted)}
        return {f"quote.{key}": _text(inner) for key, inner in quoted.items()}
    if snake == _MEASURES:
        return dict(_measures(found, cell, currency))
    if len(found) == 1 and (key := next(iter(found))) in _EXTENDED:
        inner = found[key]
        return {
            name: _text(inner[next(iter(inner))] if isinstance(inner, dict) and len(inner) == 1 else inner)
        }
    if found and all(map(is_currency, found)):
        return dict(_of_currencies(name, found, cell, currency))
    return {name: cell}


def _measures(found: dict[str, Any], cell: str | None, currency: str) -> Iterator[tuple[str, str | None]]:
    yield "market_data", cell
    for key, inner in found.items():
        if not meaning(key, currency).target:
            continue
        if isinstance(inner, dict):
            yield from _of_currencies(key, inner, None, currency)
        else:
            yield key, _text(inner)


def _of_currencies(
    name: str, found: dict[str, Any], cell: str | None, currency: str
) -> Iterator[tuple[str, str | None]]:
    by_currency = {key.lower(): inner for key, inner in found.items()}
    if currency in by_currency:
        yield name, _text(by_currency[currency])
    elif meaning(name, currency).target == "current_price" and found:
        yield name, cell
        yield _CURRENCY, next(iter(found))


def object_in(cell: str | None) -> dict[str, Any] | None:
    """A JSON object, its numbers as they were written; None if a text is not one."""
    if cell is None or not cell.startswith("{"):
        return None
    try:
        found = json.loads(cell, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _text(inner: Any) -> str | None:
    return inner if isinstance(inner, str | None) else json.dumps(inner, ensure_ascii=False)
