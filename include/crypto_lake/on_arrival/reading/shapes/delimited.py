"""CSV as spreadsheets, databases and programs write it."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice, repeat

from include.crypto_lake.on_arrival.columns import known_targets, names_coin_and_price
from include.crypto_lake.on_arrival.currencies import is_currency
from include.crypto_lake.on_arrival.reading.chunks import Row
from include.crypto_lake.on_arrival.reading.head import Head
from include.crypto_lake.on_arrival.reading.shapes.base import Shape
from include.crypto_lake.on_arrival.reading.text import REMEDY, Text
from include.crypto_lake.on_arrival.refusals import UnusableFileError
from include.crypto_lake.on_arrival.values import is_number

# A quoted field may hold line ends, but a quote that is never closed must not swallow the rows after it.
MAX_LINES_OF_A_RECORD = 20
# One value: the csv module's own limit.
MAX_FIELD = 131_072
DELIMITERS = ",;\t|"
# How far down a header is looked for: exports put a title, a date and a filter above it.
_HEADER_WITHIN = 20
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_DATE = re.compile(r"\s*[0-9]{1,4}[-/.][0-9].*")


@dataclass(frozen=True)
class _Header:
    names: list[str]
    delimiter: str
    lines: int  # with those above it
    titles: list[str]


class Delimited(Shape):
    """Values with a delimiter between them, under a header."""

    def __init__(self, head: Head) -> None:
        super().__init__(head)
        self.header = _header(head.text)
        self.names = self.header.names
        self.delimiter = self.header.delimiter
        self.titles = self.header.titles

    @classmethod
    def recognizes(cls, head: Head) -> bool:  # noqa: ARG003 - whatever is left
        """Whatever no other shape recognizes."""
        return True

    def rows(self, text: Text) -> Iterator[Row]:
        """A row a record. Empty values at its end may be left out, or be too many: spreadsheets do both."""
        delimiter, width = self.delimiter, len(self.header.names)
        named = len(self.header.names)
        while named and not self.header.names[named - 1]:
            named -= 1
        blocks = text.lines(skip=self.header.lines)
        lines: deque[str] = deque()

        def read_on() -> bool:
            block = next(blocks, None)
            lines.extend(block or ())
            return block is not None

        while lines or read_on():
            raws = [line.rstrip("\r\n") for line in lines]
            if records := _records(raws, delimiter):
                is_cut = not lines[-1].endswith(("\r", "\n"))
                lines.clear()
                if set(map(len, records)) == {width} and named == width:
                    yield from zip(raws, records, repeat(None))
                else:
                    *others, last = zip(raws, records, strict=True)
                    yield from (_fitted(*row, width, named) for row in others)
                    yield _fitted(*last, width, named, is_cut=is_cut)
            while lines:
                line = lines.popleft()
                raw = line.rstrip("\r\n")
                cells = _cells(raw, delimiter)
                if cells is None:
                    while len(lines) < MAX_LINES_OF_A_RECORD and read_on():
                        pass
                    ahead = islice(lines, MAX_LINES_OF_A_RECORD)
                    cells, raw, used = _joined(line, ahead, width, delimiter)
                    for _ in range(used):
                        lines.popleft()
                yield _fitted(raw, cells, width, named, is_cut=not line.endswith(("\r", "\n")))


def _header(text: str) -> _Header:
    """Find the header: the first record that names a coin's id and a price, else the first one."""
    first = next((line for line in io.StringIO(text, newline="") if line.strip(" \r\n")), "")
    if _CONTROL.search(first):
        raise UnusableFileError(
            "unreadable", f"the file is binary, of a kind not known here: {REMEDY}", sample=repr(first[:200])
        )
    declared = _SEPARATOR_LINE.fullmatch(first.strip("\r\n\ufeff"))
    delimiters = declared[1] if declared else DELIMITERS
    found: list[tuple[int, int, _Header]] = []
    for order, delimiter in enumerate(delimiters):
        if header := _first_known(text, delimiter):
            found.append((len(known_targets(header.names)), -order, header))
    if found:
        return max(found, key=lambda one: one[:2])[2]
    return _first_record(text, first, delimiters, bool(declared))


def _first_known(text: str, delimiter: str) -> _Header | None:
    """The first record that names a coin and a price, alone or with the one below it."""
    above: list[str] = []
    before: _Header | None = None
    for lines, record in _numbered_records(text, delimiter):
        if len(above) > _HEADER_WITHIN:
            break
        names = [cell.strip().removeprefix("\ufeff") for cell in record]
        if before:
            both = _two_lines(before, names, lines)
            if names_coin_and_price(before.names):
                return both or before
            if both and names_coin_and_price(both.names):
                return both
        before = _Header(names, delimiter, lines, list(above))
        above.append(delimiter.join(record))
    return before if before and names_coin_and_price(before.names) else None


def _two_lines(upper: _Header, names: list[str], lines: int) -> _Header | None:
    """A header together with the record below it, if that has names, units or currencies, and no value."""
    if len(upper.names) != len(names) or any(is_number(name) or _DATE.match(name) for name in names):
        return None
    if not known_targets(names) and not any(is_currency(re.sub("[^A-Za-z]", "", name)) for name in names):
        return None
    trios = zip(upper.names, _filled(upper.names), names, strict=True)
    both = [" ".join(filter(None, (filled if name else own, name))) for own, filled, name in trios]
    return _Header(both, upper.delimiter, lines, upper.titles)


def _filled(names: list[str]) -> list[str]:
    """The upper line of a header, whose merged cells hold only in their first column."""
    filled: list[str] = []
    for name in names:
        filled.append(name or (filled[-1] if filled else ""))
    return filled


def _numbered_records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Records that are not empty, each with how many lines there are up to its end."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    while True:
        try:
            record = next(reader, None)
        except csv.Error:
            return
        if record is None:
            return
        if any(cell.strip() for cell in record):
            yield reader.line_num, record


def _first_record(text: str, first: str, delimiters: str, declared: bool) -> _Header:
    lines = text[: text.find(first)].count("\n") + 1
    if declared:
        following = islice(_numbered_records(text, delimiters), 1, 2)
        for number, record in following:
            return _Header(record, delimiters, number, [])
        return _Header([first.strip()], delimiters, lines, [])
    line = first.rstrip("\r\n").removeprefix("\ufeff")
    unquoted = re.sub('"[^"]*"', "", line)
    delimiter = max(delimiters, key=unquoted.count)
    return _Header(_cells(line, delimiter) or [line], delimiter, lines, [])


def _records(raws: list[str], delimiter: str) -> list[list[str]] | None:
    """The values of lines that are a record each, all at once; None if one needs a closer look."""
    if not any('"' in raw for raw in raws):
        return [raw.split(delimiter) for raw in raws]
    try:
        records = list(csv.reader(raws, delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return records if len(records) == len(raws) else None


def _fitted(raw: str, cells: list[str] | None, width: int, named: int, *, is_cut: bool = False) -> Row:
    """A row from a record, if it is one and has no value beyond the header's width.

    A value below no name may be one that a number with an unquoted comma has pushed out of its place.
    """
    if cells is None:
        return raw, None, "a quote is opened and never closed"
    if is_cut and len(cells) < width:  # half a price looks like a price
        return raw, None, f"{len(cells)} fields without a line end: the file may be cut off here"
    if any(cells[width:]):
        return raw, None, f"{len(cells)} fields, but the header has {width}"
    if any(cells[named:]) and any(map(_are_one_number, cells, cells[1:])):
        return raw, None, f"{len(cells)} fields, but the header has {named} names"
    return raw, [*cells[:width], *[""] * (width - len(cells))], None


def _are_one_number(left: str, right: str) -> bool:
    return bool(re.fullmatch("[0-9]{1,3}", left) and re.fullmatch(r"[0-9]{3}(\.[0-9]+)?", right))


def _joined(line: str, ahead: Iterator[str], width: int, delimiter: str) -> tuple[list[str] | None, str, int]:
    """Close a record's quote in the lines that follow.

    Returns:
        The record (None if that makes no whole record), its text, and how many of the lines it took.
    """
    record = line
    for used, following in enumerate(ahead, 1):
        record += following
        if len(record) > MAX_FIELD:
            break
        # Strictly: a quote in the middle of a later field would make one row of several.
        if (cells := _strict_cells(record.rstrip("\r\n"), delimiter)) is not None:
            if len(cells) == width:
                return cells, record.rstrip("\r\n"), used
            break
    return None, line.rstrip("\r\n"), 0


def _cells(record: str, delimiter: str) -> list[str] | None:
    """A record's values, none at all if it cannot be read, None if a quote is still open at its end."""
    if '"' not in record:
        return record.split(delimiter)
    cells = _strict_cells(record, delimiter)
    if cells == []:  # perhaps 5" in the middle of a field
        with suppress(csv.Error):
            return next(csv.reader([record], delimiter=delimiter))
    return cells


def _strict_cells(record: str, delimiter: str) -> list[str] | None:
    try:
        return next(csv.reader([record], delimiter=delimiter, strict=True))
    except csv.Error as error:
        return None if "unexpected end" in str(error) else []
