"""Rows out of a dropped file, whatever shape it has: JSON, JSON Lines or CSV, plain or gzipped.

The shape is told from the content (`shapes/`, one class each). Rows come in chunks, and every value becomes
text or null: a number keeps its digits, a nested value is JSON. So what comes after need not know what a row
was read from, and memory holds one chunk, never the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from include.crypto_lake.on_arrival.reading.chunks import KEY, Chunk, Malformed, check_width, gathered
from include.crypto_lake.on_arrival.reading.head import Head
from include.crypto_lake.on_arrival.reading.shapes import SHAPES
from include.crypto_lake.on_arrival.reading.shapes.base import Shape
from include.crypto_lake.on_arrival.reading.text import REMEDY, encoding_of, opened

__all__ = ["KEY", "Chunk", "Content", "Malformed", "read"]


@dataclass(frozen=True)
class Content:
    """What a file holds.

    Attributes:
        envelope: What the file says of all its rows (source, ingestion_timestamp, …): names and texts.
        columns: A CSV's header; empty for what names its columns in every row.
        chunks: The rows. Reading on may raise UnusableFileError.
        delimiter: What stands between a CSV's values; empty for JSON.
        titles: Lines above a CSV's header.
        encoding: Of its text.
    """

    envelope: Sequence[tuple[str, str]]
    columns: Sequence[str]
    chunks: Iterator[Chunk]
    delimiter: str
    titles: Sequence[str]
    encoding: str


def read(body: IO[bytes]) -> Content:
    """Find out what a file is, and read it from its beginning.

    Args:
        body: Seekable; it is left open.

    Raises:
        UnusableFileError: empty, unreadable, wrong_shape or too_large.
    """
    encoding = encoding_of(body)
    head = Head(body, encoding)
    shape = next(kind for kind in SHAPES if kind.recognizes(head))(head)
    check_width(shape.names or ())
    return Content(
        shape.envelope,
        shape.names or (),
        _chunks(body, encoding, shape),
        shape.delimiter,
        shape.titles,
        encoding,
    )


def _chunks(body: IO[bytes], encoding: str, shape: Shape) -> Iterator[Chunk]:
    with opened(body, encoding) as text:
        yield from gathered(text, shape.rows(text), shape.names, REMEDY)
