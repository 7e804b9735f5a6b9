"""What pandas' `to_json` writes when it is not told `orient="records"`."""

from __future__ import annotations

from collections.abc import Iterator

from include.crypto_lake.on_arrival.columns import names_coin_and_price
from include.crypto_lake.on_arrival.reading.chunks import Row
from include.crypto_lake.on_arrival.reading.head import Head
from include.crypto_lake.on_arrival.reading.json_values import (
    as_json,
    decode,
    decode_exactly,
    elements,
    members,
    row,
    value,
)
from include.crypto_lake.on_arrival.reading.shapes.array import records
from include.crypto_lake.on_arrival.reading.shapes.base import ObjectShape
from include.crypto_lake.on_arrival.reading.text import Text


class Split(ObjectShape):
    """`{"columns": ["id", "price"], "index": [0, 1], "data": [["bitcoin", 64123.5], …]}`."""

    def __init__(self, head: Head) -> None:
        super().__init__(head)
        with_columns, _ = _member_named("columns", head)
        self.names = [str(name) for name in with_columns]

    @classmethod
    def recognizes(cls, head: Head) -> bool:
        """Whether `columns` names known columns, and `data` is an array of arrays."""
        found = cls.outline(head)
        columns, data = found.get("columns"), found.get("data")
        return bool(columns and data and isinstance(columns.first, str) and isinstance(data.first, list))

    def rows(self, text: Text) -> Iterator[Row]:
        """A row an element of `data`."""
        for name in members(text):
            if name == "data" and text.peek() == "[":
                yield from records(elements(text), self.names or ())
            else:
                value(text)


class ByColumn(ObjectShape):
    """`{"id": {"0": "bitcoin", …}, "price": {"0": 64123.5, …}}`: pandas' default. It is read as a whole."""

    @classmethod
    def recognizes(cls, head: Head) -> bool:
        """Whether members with the same keys are called as a coin's id and its price are."""
        found = cls.outline(head)
        return (
            names_coin_and_price(list(found))
            and all(member.kind is dict for member in found.values())
            and len({member.keys for member in found.values()}) == 1
        )

    def rows(self, text: Text) -> Iterator[Row]:
        """A row for each key of the members."""
        columns = {}
        for name in members(text):
            columns[name] = decode_exactly(value(text)[1])
        for label in next(iter(columns.values())):
            raw = as_json({name: column.get(label) for name, column in columns.items()})
            yield row(decode(raw)[0], raw)


def _member_named(wanted: str, head: Head) -> tuple[list[object], str]:
    from include.crypto_lake.on_arrival.reading.text import opened

    with opened(head.body, head.encoding) as text:
        for name in members(text):
            found, raw = value(text)
            if name == wanted:
                return found, raw
    raise AssertionError(f"{wanted} was there a moment ago")
