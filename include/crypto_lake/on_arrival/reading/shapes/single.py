"""One JSON value that is none of the other shapes."""

from __future__ import annotations

from collections.abc import Iterator

from include.crypto_lake.on_arrival.reading.chunks import Row
from include.crypto_lake.on_arrival.reading.head import Head
from include.crypto_lake.on_arrival.reading.json_values import row, value
from include.crypto_lake.on_arrival.reading.shapes.base import Shape
from include.crypto_lake.on_arrival.reading.text import Text
from include.crypto_lake.on_arrival.refusals import UnusableFileError


class Single(Shape):
    """`{"id": "bitcoin", "current_price": 64123.5}`: one row, as of CoinGecko's /coins/{id}."""

    def __init__(self, head: Head) -> None:
        super().__init__(head)
        if isinstance(head.outline, UnusableFileError):
            raise head.outline

    @classmethod
    def recognizes(cls, head: Head) -> bool:
        """Whether the file begins as an object; a broken one is refused."""
        return head.start == "{"

    def rows(self, text: Text) -> Iterator[Row]:
        """The one row."""
        found = row(*value(text))
        text.end()
        yield found
