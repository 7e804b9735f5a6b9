"""An object around an array of rows."""

from __future__ import annotations

from collections.abc import Iterator

from include.crypto_lake.on_arrival.reading.chunks import Row
from include.crypto_lake.on_arrival.reading.head import Head
from include.crypto_lake.on_arrival.reading.json_values import elements, members, row, value
from include.crypto_lake.on_arrival.reading.shapes.base import ObjectShape
from include.crypto_lake.on_arrival.reading.text import Text

_NAMES = ("data", "coins", "rows", "items", "results", "records", "assets", "markets", "prices")


class Envelope(ObjectShape):
    """`{"source": …, "ingestion_timestamp": …, "data": [{…}, …]}`: what stands beside the rows is of all."""

    def __init__(self, head: Head) -> None:
        super().__init__(head)
        self.envelope = [*self.texts(), *self.inner_texts()]
        self.name = self._rows_member(head)

    @classmethod
    def recognizes(cls, head: Head) -> bool:
        """Whether a member that is called so is an array, of objects unless it is `data`."""
        return bool(cls._rows_member(head))

    @classmethod
    def _rows_member(cls, head: Head) -> str:
        found = [
            name
            for name, member in cls.outline(head).items()
            if name in _NAMES and member.kind is list and (name == "data" or isinstance(member.first, dict))
        ]
        return "data" if "data" in found else found[0] if len(found) == 1 else ""

    def rows(self, text: Text) -> Iterator[Row]:
        """A row an element."""
        for name in members(text):
            if name == self.name and text.peek() == "[":
                for found, raw in elements(text):
                    yield row(found, raw)
            else:
                value(text)
