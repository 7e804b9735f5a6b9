"""A JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain

from include.crypto_lake.on_arrival.reading.chunks import Row
from include.crypto_lake.on_arrival.reading.head import Head
from include.crypto_lake.on_arrival.reading.json_values import UNREADABLE, decode, row, scan
from include.crypto_lake.on_arrival.reading.shapes.base import Shape
from include.crypto_lake.on_arrival.reading.text import Text
from include.crypto_lake.on_arrival.refusals import UnusableFileError


class Lines(Shape):
    """JSON Lines: a broken line costs one row."""

    @classmethod
    def recognizes(cls, head: Head) -> bool:
        """Whether the file is not one object, but its first lines are one each."""
        outline = head.outline
        return (
            isinstance(outline, UnusableFileError) and outline.reason == "unreadable" and head.is_json_lines
        )

    def rows(self, text: Text) -> Iterator[Row]:
        """A row a line."""
        for line in chain.from_iterable(text.lines()):
            raw = line.strip()
            try:
                found, end = scan(raw, 0)
            except UNREADABLE:
                end = -1
            if end == len(raw):
                yield row(found, raw)
                continue
            try:
                found, end = decode(raw)
            except json.JSONDecodeError as error:
                yield raw, None, f"broken JSON at character {error.pos + 1} of the line: {error.msg}"
            except RecursionError:
                yield raw, None, "nested too deeply"
            else:
                if end < len(raw):
                    yield raw, None, f"more text follows the JSON value at character {end + 1} of the line"
                else:
                    yield row(found, raw)
