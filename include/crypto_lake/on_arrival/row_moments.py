"""Of which moment and day a row is: what its columns say of it, and what they say against each other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.crypto_lake.on_arrival import values
from include.crypto_lake.on_arrival.columns import (
    DATE_PARTS,
    PERIODS,
    WRITTEN_LATER,
    ZONES,
    is_local,
    may_name_a_moment,
    snake_case,
)
from include.crypto_lake.on_arrival.file_columns import FileColumn, Rows
from include.crypto_lake.on_arrival.moments import DateEvidence, is_clock, moments

# A snapshot that was taken just after midnight still has prices from before, and the other way round.
OVER_MIDNIGHT = timedelta(hours=1)
_OFFSET = r"(?i)(z|utc|gmt|[+-][0-9]{2}:?([0-9]{2})?|[+-][0-9])$"
_UTC = frozenset({"utc", "gmt", "z", "etc/utc", "0", "+0", "+00", "+00:00", "+0000", "utc+0", "utc+00:00"})


@dataclass
class Moments:
    """A target's moments in some rows.

    Attributes:
        at: NaT where there is none.
        problems: Why there is none.
        there: Where there was text.
        are_days: Where it was a day, without a time.
        are_disputed: Where another column names another day.
    """

    at: npt.NDArray[np.datetime64]
    problems: values.Problems
    there: values.Mask
    are_days: values.Mask
    are_disputed: values.Mask


class MomentColumns:
    """A file's columns that say when a row's price was current."""

    def __init__(
        self, columns: Sequence[FileColumn], sources: Mapping[str, Sequence[int]], evidence: DateEvidence
    ) -> None:
        self._columns = columns
        self._sources = sources
        self._evidence = evidence  # of no column
        by_name = {snake_case(column.name): index for index, column in enumerate(columns)}
        self._zones = [index for name, index in by_name.items() if name in ZONES]
        timed = sources.get("last_updated", ())
        parts = [by_name[name] for name in DATE_PARTS if name in by_name]
        self._parts = parts if len(parts) == len(DATE_PARTS) else []
        # What is not read for a moment, but may contradict the date in the file's name.
        self._witnesses = [
            index
            for index, column in enumerate(columns)
            if not column.target and not column.is_envelope and may_name_a_moment(column.name)
        ]
        if timed or self._parts:
            self._witnesses = []

    def moments(self, rows: Rows, target: str) -> Moments:
        """A target's moments: in each row the first that can be read."""
        found = Moments(
            np.full(rows.count, np.datetime64("NaT"), "datetime64[us]"),
            np.zeros(rows.count, np.int8),
            *(np.zeros(rows.count, np.bool_) for _ in range(3)),
        )
        for cells, evidence, is_of_price in self._cells(rows, target):
            at, wrong, days = moments(cells, evidence)
            has = values.mask(pc.is_valid(cells))
            now = has & ~found.there
            if is_of_price:
                found.are_disputed |= _disputed(found.at, at, days)
                now |= np.isnat(found.at) & ~np.isnat(at)
            found.at[now], found.problems[now], found.are_days[now] = at[now], wrong[now], days[now]
            found.there |= has
        return found

    def _cells(self, rows: Rows, target: str) -> list[tuple[pa.Array, DateEvidence, bool]]:
        """A target's texts, how they are read, and whether they are of the price.

        When a row was stored does not replace a moment of its price that cannot be read.

        A day and a clock in two columns are one moment; so are a year, a month and a day in three.
        """
        made: list[tuple[pa.Array, DateEvidence, bool]] = []
        sources = [index for index in self._sources.get(target, ()) if index in rows.cells]
        parts = self._parts if target == "last_updated" else []
        sources = [index for index in sources if index not in parts]
        names = {index: snake_case(self._columns[index].name) for index in sources}
        dates = [index for index in sources if names[index] in ("date", "day")]
        for index in sources:
            column, cells = self._columns[index], rows.cells[index]
            evidence = column.dates or self._evidence
            if dates and index not in dates:
                clocks = is_clock(cells)
                if bool(pc.any(clocks).as_py()):
                    both = pc.binary_join_element_wise(rows.cells[dates[0]], cells, " ")
                    of_days = self._columns[dates[0]].dates or self._evidence
                    made.append((pc.if_else(pc.fill_null(clocks, False), both, None), of_days, True))
            is_of_price = target == "last_updated" and not column.is_envelope
            made.append((cells, evidence, is_of_price and names[index] not in WRITTEN_LATER))
        if parts:
            year, month, day = (values.words(_cells_of(rows, index)) for index in parts)
            made.append((pc.binary_join_element_wise(year, month, day, "-"), self._evidence, True))
        return made

    def are_local(self, rows: Rows) -> values.Mask:
        """Where a row's time is another zone's than UTC, which it does not say itself."""
        local = np.zeros(rows.count, np.bool_)
        for index in self._zones:
            zones = _cells_of(rows, index)
            elsewhere = {text for text in zones.unique().to_pylist() if text and text.lower() not in _UTC}
            if elsewhere:
                local |= values.mask(pc.is_in(zones, value_set=pa.array(list(elsewhere), pa.string())))
        if local.any():
            for cells, _, _ in self._cells(rows, "last_updated")[:1]:
                naive = pc.and_(
                    pc.match_substring(cells, ":"), pc.invert(pc.match_substring_regex(cells, _OFFSET))
                )
                local &= values.mask(naive)
        return local

    def are_of_another_day(self, rows: Rows, problems: values.Problems, day: date) -> values.Mask:
        """Where what a row says of its time cannot be read, and is not of the day in the file's name."""
        other = np.zeros(rows.count, np.bool_)
        if problems.any():
            for cells, evidence, _ in self._cells(rows, "last_updated"):
                unread = pc.if_else(pa.array(problems != 0), cells, None)
                other |= _denied(unread, lambda text, by=evidence: not by.bears_out(text, day))
        for index in self._witnesses:
            if index in rows.cells:
                name = self._columns[index].name
                other |= _denied(
                    values.words(rows.cells[index]), lambda text, name=name: self._denies(name, text, day)
                )
        return other

    def _denies(self, name: str, text: str, day: date) -> bool:
        """Whether a text in a column that is not known says that a row is of another day."""
        if (period := snake_case(name)) in PERIODS:
            return _is_another_period(period, text, day)
        if re.fullmatch(r"[0-9]{1,4}([.,][0-9]*)?", text):  # an hour, a duration
            return False
        return is_local(name) or not self._evidence.may_be(text, day)

    def described(self, rows: Rows, row: int) -> str:
        """What a row says of its day, where that is not one day."""
        said = [
            (self._columns[index].name, rows.cells[index][row].as_py())
            for index in (*self._sources.get("last_updated", ()), *self._witnesses, *self._zones)
            if index in rows.cells
        ]
        return " and ".join(f"{name[:60]} {text[:60]!r}" for name, text in said if text is not None)

    def possible_days(self, rows: Rows, row: int) -> set[str]:
        """The days that a row's ambiguous date may be."""
        for cells, evidence, _ in self._cells(rows, "last_updated"):
            if (text := cells[row].as_py()) is not None:
                return evidence.possible_days(text)
        return set()


def _cells_of(rows: Rows, index: int) -> pa.Array:
    found = rows.cells.get(index)
    return pa.nulls(rows.count, pa.string()) if found is None else found


def _disputed(first: Any, at: Any, are_days: values.Mask) -> values.Mask:
    """Where a day, which is a midnight, is not the day of the moment that goes first."""
    start = at.astype("datetime64[D]").astype("datetime64[us]")
    is_day = ~np.isnat(at) & (are_days | (at == start)) & ~np.isnat(first)
    margin = np.timedelta64(OVER_MIDNIGHT)
    return np.asarray(
        is_day & ((first < start - margin) | (first >= start + np.timedelta64(1, "D") + margin))
    )


def _is_another_period(name: str, text: str, day: date) -> bool:
    """Whether a month, a quarter … is not the one that a day is in."""
    year, week, _ = day.isocalendar()
    numbers = set(map(int, re.findall("[0-9]+", text)))
    match name:
        case "year":
            expected = {day.year}
        case "month":
            expected = {day.year, day.month}
        case "quarter":
            expected = {day.year, (day.month + 2) // 3}
        case "week":
            expected = {year, week}
        case _:  # a period may be 24 hours
            return bool(re.search("(19|20)[0-9]{2}", text)) and not numbers <= {day.year, day.month, day.day}
    return not numbers or not numbers <= expected


def _denied(cells: pa.Array, denies: Any) -> values.Mask:
    encoded = cells.dictionary_encode()
    truths = [text is not None and denies(text) for text in encoded.dictionary.to_pylist()]
    if not any(truths):
        return np.zeros(len(cells), np.bool_)
    return values.mask(pa.array(truths, pa.bool_()).take(encoded.indices))
