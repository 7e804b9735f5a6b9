"""A JSON array: of objects, or of arrays of which the first one names the columns."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from include.crypto_lake.on_arrival.columns import names_coin_and_price
from include.crypto_lake.on_arrival.reading.chunks import Row
from include.crypto_lake.on_arrival.reading.head import Head
from include.crypto_lake.on_arrival.reading.json_values import elements, row
from include.crypto_lake.on_arrival.reading.shapes.base import Shape
from include.crypto_lake.on_arrival.reading.text import Text, opened
from include.crypto_lake.on_arrival.refusals import UnusableFileError


class Array(Shape):
    """`[{"id": "bitcoin", "current_price": 64123.5}, …]`: CoinGecko's /coins/markets."""

    @classmethod
    def recognizes(cls, head: Head) -> bool:
        """Whether the file is an array."""
        return head.start == "["

    def rows(self, text: Text) -> Iterator[Row]:
        """A row an element."""
        for found, raw in elements(text):
            yield row(found, raw)
        text.end()


class ArrayWithHeader(Shape):
    """`[["id", "price"], ["bitcoin", 64123.5], …]`: what Google's Sheets API calls values."""

    def __init__(self, head: Head) -> None:
        super().__init__(head)
        self.names = _first_element(head)

    @classmethod
    def recognizes(cls, head: Head) -> bool:
        """Whether the first element is an array of names that are known."""
        if head.start != "[" or not head.text.lstrip()[1:].lstrip().startswith("["):
            return False
        names = _first_element(head)
        return (
            isinstance(names, list) and all(isinstance(n, str) for n in names) and names_coin_and_price(names)
        )

    def rows(self, text: Text) -> Iterator[Row]:
        """A row an element after the first."""
        yield from records(islice(elements(text), 1, None), self.names or ())
        text.end()


def records(found: Iterator[tuple[Any, str]], names: Any) -> Iterator[Row]:
    """Rows from arrays of values."""
    for values, raw in found:
        if not isinstance(values, list):
            yield raw, None, "not a JSON array, as the others are"
        elif len(values) > len(names):
            yield raw, None, f"{len(values)} values, but there are {len(names)} columns"
        else:
            _, _, problem = row({"": values}, f'{{"": {raw}}}')
            if problem or any(isinstance(cell, list | dict) for cell in values):
                yield raw, None, problem or "a value is nested"
            else:
                yield raw, [*values, *[None] * (len(names) - len(values))], None


def _first_element(head: Head) -> Any:
    try:
        with opened(head.body, head.encoding) as text:
            return next(elements(text), (None, ""))[0]
    except UnusableFileError:
        return None
