"""Rows on their way from a file to the cleaning: what every shape makes, and how it is gathered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from include.crypto_lake.on_arrival.columns import MAX_COLUMNS, MAX_INPUT_NAME
from include.crypto_lake.on_arrival.reading.text import Text
from include.crypto_lake.on_arrival.refusals import UnusableFileError

# A chunk ends at the first of these. More rows would save little time and cost much memory.
CHUNK_ROWS = 10_000
CHUNK_CHARACTERS = 8_000_000
# Twice what the benchmark cleans in half a minute. A longer file is refused, for it would hold up the others.
MAX_ROWS = 2_000_000
# The column that holds the key under which an object has its row. It is never the row's own id.
KEY = "(key)"

# A row: its text, its values, and what is wrong with it, if anything. The values are names and texts, or in
# the order of the file's columns if it names them once.
Row = tuple[str, Any, str | None]


@dataclass(frozen=True)
class Malformed:
    """A row that cannot be read: its number in the file from 1, what is wrong with it, its text."""

    number: int
    detail: str
    raw: str


@dataclass
class Chunk:
    """Some consecutive rows.

    Attributes:
        numbers: Of the readable rows, from 1; malformed ones are counted too.
        raws: Their text in the file.
        columns: The file's own column names, in its order, each with a string array as long as `numbers`; in
            a CSV a name may occur twice.
        malformed: The rows that cannot be read.
    """

    numbers: list[int] = field(default_factory=list)
    raws: list[str] = field(default_factory=list)
    columns: list[tuple[str, pa.Array]] = field(default_factory=list)
    malformed: list[Malformed] = field(default_factory=list)


def gathered(text: Text, rows: Iterator[Row], names: Sequence[str] | None, empty: str) -> Iterator[Chunk]:
    """Gather rows into chunks.

    Args:
        text: What the rows are read from; counts them.
        rows: The rows.
        names: The columns of a file that names them once; None: each row names its own.
        empty: What a file without any row should have been.

    Raises:
        UnusableFileError: no row, too many rows, or too many columns.
    """
    seen: set[str] = set()

    def columns_of(contents: list[Any]) -> list[tuple[str, pa.Array]]:
        made = _of_objects(contents) if names is None else _of_records(contents, names)
        seen.update(name for name, _ in made)
        check_width(seen)
        return made

    chunk, contents, characters, start = Chunk(), list[Any](), 0, 0
    for raw, content, problem in rows:
        text.rows += 1
        if problem:
            chunk.malformed.append(Malformed(text.rows, problem, raw))
        else:
            chunk.numbers.append(text.rows)
            chunk.raws.append(raw)
            contents.append(content)
        characters += len(raw)
        if text.rows - start >= CHUNK_ROWS or characters >= CHUNK_CHARACTERS:
            if text.rows > MAX_ROWS:
                raise UnusableFileError(
                    "too_large", f"the file has over {MAX_ROWS:,} rows: split it into several files"
                )
            chunk.columns = columns_of(contents)
            yield chunk
            chunk, contents, characters, start = Chunk(), [], 0, text.rows
    if contents or chunk.malformed:
        chunk.columns = columns_of(contents)
        yield chunk
    if not text.rows:
        raise UnusableFileError("empty", f"the file has no row: {empty}, with at least one row")


def check_width(names: Iterable[str]) -> None:
    """Refuse a file that would give the table a column for every coin or every day.

    Raises:
        UnusableFileError: too many columns, or a name that is too long to be one.
    """
    found = list(names)
    if len(found) > MAX_COLUMNS:
        raise UnusableFileError(
            "wrong_shape",
            f"the rows have over {MAX_COLUMNS} different columns: write one row for each coin, with its "
            f"id and "
            "price, and not one column for each coin",
            sample="\n".join(name[:100] for name in found[:20]),
        )
    for name in found:
        if len(name) > MAX_INPUT_NAME:
            raise UnusableFileError(
                "too_large",
                f"a column's name has {len(name):,} characters, which begin with {name[:40]!r}: give every "
                f"column a name of at most {MAX_INPUT_NAME} characters",
                sample=name[:200],
            )


def _of_objects(rows: list[dict[str, str | None]]) -> list[tuple[str, pa.Array]]:
    shapes = dict.fromkeys(map(tuple, rows))
    names = list(dict.fromkeys(name for shape in shapes for name in shape))
    check_width(names)
    if len(shapes) == 1:
        return _of_records([row.values() for row in rows], names)
    return [(name, text_array([row.get(name) for row in rows])) for name in names]


def _of_records(records: Sequence[Iterable[str | None]], names: Sequence[str]) -> list[tuple[str, pa.Array]]:
    columns: Iterable[Any] = zip(*records, strict=True) if records else [[]] * len(names)
    return [(name, text_array(list(column))) for name, column in zip(names, columns, strict=True)]


def text_array(values: Sequence[str | None]) -> pa.Array:
    """A column of text."""
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:  # JSON can escape half a character, which UTF-8 cannot write
        whole = (
            value and value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for value in values
        )
        return pa.array(whole, pa.string())


RowReader = Callable[[Text], Iterator[Row]]
