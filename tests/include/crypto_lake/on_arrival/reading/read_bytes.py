"""Reads bytes as a dropped file's rows, for the tests of reading."""

from __future__ import annotations

import io

import pytest

from include.crypto_lake.on_arrival.reading import Chunk, read
from include.crypto_lake.on_arrival.reading.head import Head
from include.crypto_lake.on_arrival.reading.shapes import SHAPES
from include.crypto_lake.on_arrival.reading.text import encoding_of
from include.crypto_lake.on_arrival.refusals import SAMPLE_BYTES, UnusableFileError


def chunks(body: bytes) -> list[Chunk]:
    return list(read(io.BytesIO(body)).chunks)


def rows(body: bytes) -> list[dict[str, str | None]]:
    """The readable rows."""
    found = []
    for chunk in chunks(body):
        columns = [(name, cells.to_pylist()) for name, cells in chunk.columns]
        found += [{name: cells[row] for name, cells in columns} for row in range(len(chunk.numbers))]
    return found


def malformed(body: bytes) -> list[tuple[int, str, str]]:
    return [(row.number, row.detail, row.raw) for chunk in chunks(body) for row in chunk.malformed]


def refusal(body: bytes) -> UnusableFileError:
    with pytest.raises(UnusableFileError) as caught:
        chunks(body)
    assert len(caught.value.sample.encode()) <= SAMPLE_BYTES
    return caught.value


def shape_of(body: bytes) -> str:
    """The name of the class that reads a file."""
    head = Head(io.BytesIO(body), encoding_of(io.BytesIO(body)))
    return next(shape for shape in SHAPES if shape.recognizes(head)).__name__
