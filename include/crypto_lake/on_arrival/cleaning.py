"""A dropped price file becomes one table a day, with an account of every row that is not in it.

    rows read = rows kept + rows refused, with a reason + rows superseded by a later one of that coin and day

Files of any length are read in chunks: what is kept in memory grows with the coins and days in a file, not
with its rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from include.crypto_lake.on_arrival import values
from include.crypto_lake.on_arrival.columns import (
    AMOUNT,
    COLUMNS,
    CURRENCY_SIGNS,
    LAKE_COLUMNS,
    MOMENT,
    SCHEMA,
    further_name,
    snake_case,
    targets,
)
from include.crypto_lake.on_arrival.days import day_in_name
from include.crypto_lake.on_arrival.reading import Chunk, read
from include.crypto_lake.on_arrival.refusals import REASONS, RejectedRow, UnusableFileError

__all__ = [
    "CleanedFile",
    "RejectedRow",
    "SourceObject",
    "UnusableFileError",
    "clean",
    "latest_per_coin",
]

# How far a row may be from the day in its file's name: feeds run late, and over midnight.
TOLERANCE = timedelta(days=2)
# How far a clock may be ahead of S3's.
CLOCK = timedelta(days=1)
# What a message shows of a wrong file's column names: how many, and of each how much.
_SHOWN_NAMES = 20
_SHOWN_NAME = 60


@dataclass(frozen=True)
class SourceObject:
    """What S3 says of a dropped file: its key, its ETag without quotes, when it was put (UTC)."""

    key: str
    etag: str
    last_modified: datetime


@dataclass
class CleanedFile:
    """The rows of a file that are kept, and what became of the others.

    Attributes:
        days: Day -> rows in columns.SCHEMA, then the file's further columns as text, by name; one row a
            coin, the latest, by coin_id. No day is empty.
        rows: How many rows the file has.
        rejected: Reason (refusals.REASONS) -> rows that were refused.
        superseded: Rows that gave way to a later row of the same coin and day in the file.
        emptied: Column -> values that could not be used and became null; their rows stay.
    """

    days: dict[date, pa.Table] = field(default_factory=dict)
    rows: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    superseded: int = 0
    emptied: Counter[str] = field(default_factory=Counter)

    @property
    def kept(self) -> int:
        """How many rows the days have."""
        return sum(table.num_rows for table in self.days.values())


def clean(
    body: IO[bytes], source: SourceObject, *, currency: str, on_reject: Callable[[RejectedRow], None]
) -> CleanedFile:
    """Clean one file.

    Args:
        body: The file, seekable; it is left open.
        source: Where it lies. The day in its key, if there is one, is the day of all its rows.
        currency: The lake's, in lower case.
        on_reject: Is given each refused row as it is met, in the file's order.

    Returns:
        At least one row.

    Raises:
        UnusableFileError: nothing of the file can be taken.
    """
    cleaning = _Cleaning(source, currency, on_reject)
    try:
        return cleaning.run(body)
    except UnusableFileError as error:
        raise UnusableFileError(
            error.reason,
            f"{source.key}: {error}",
            sample=error.sample or cleaning.sample,
            rejected=cleaning.result.rejected,
        ) from error


def latest_per_coin(table: pa.Table) -> pa.Table:
    """The latest row of each coin and day.

    The latest is the one with the greatest last_updated (none is before any); of equals, the one that came
    into the lake last; then by file name and row number, so that the order of the input never matters.

    Args:
        table: Any number of rows in columns.SCHEMA, and any further columns.

    Returns:
        The same columns; one row a price_date and coin_id, in that order.
    """
    group = ["price_date", "coin_id"]
    keys = table.select([*group, "last_updated", "ingested_at", "source_file", "source_row"]).combine_chunks()
    order = pc.sort_indices(
        keys, sort_keys=[(name, "ascending") for name in keys.column_names], null_placement="at_start"
    )
    ordered = keys.select(group).take(order)
    last = np.ones(len(order), np.bool_)
    if len(order):
        last[:-1] = np.logical_or.reduce(
            [
                pc.not_equal(column[:-1], column[1:]).to_numpy(zero_copy_only=False)
                for column in (ordered.column(name).combine_chunks() for name in group)
            ]
        )
    return table.take(order.filter(pa.array(last)))


class _Cleaning:
    """The cleaning of one file: what has been kept and counted so far."""

    def __init__(self, source: SourceObject, currency: str, on_reject: Callable[[RejectedRow], None]) -> None:
        self.source = source
        self.currency = currency
        self.on_reject = on_reject
        self.targets = targets(currency)
        self.result = CleanedFile()
        self.sample = ""  # the first rows
        self.day: date | None = None  # in the file's name
        self.newest: date | None = None  # of the rows that are kept
        self.dated = False  # whether any row has a usable date of its own
        self.names: dict[str, None] = {}  # the file's columns in snake_case, in its order
        self.defaults: dict[str, str] = {}  # what an envelope says of all its rows
        self._kept: list[pa.Table] = []
        self._compacted = 0

    def run(self, body: IO[bytes]) -> CleanedFile:
        """Clean the file."""
        self.day = day_in_name(self.source.key, self.source.last_modified)
        content = read(body)
        texts, _ = self._sorted_out(content.envelope, 1)
        self.defaults = {
            column: value
            for column in ("source", "currency", "last_updated")
            if (value := texts[column][0].as_py() if content.envelope else None)
        }
        with closing(cast("Any", content.chunks)):
            if content.columns:
                self._note_columns(content.columns)
                self._check_columns()
            for chunk in content.chunks:
                self._add(chunk)
        return self._finished()

    # --- columns ---

    def _target(self, name: str) -> tuple[str | None, int]:
        return self.targets.get(snake_case(name).replace("_", ""), (None, 0))

    def _note_columns(self, names: list[str]) -> None:
        """Remember what columns the file has."""
        self.names |= dict.fromkeys(snake_case(name) for name in names)

    def _check_columns(self) -> None:
        """Refuse the file if no row can have what every row needs."""
        found = {self._target(name)[0] for name in self.names}
        for wanted in ("coin_id", "current_price"):
            if wanted not in found:
                [column] = [column for column in COLUMNS if column.name == wanted]
                accepted = [name.format(currency=self.currency) for name in (wanted, *column.aliases)]
                names = [name[:_SHOWN_NAME] for name in self.names]
                names = names[:_SHOWN_NAMES] + ["…"] * (len(names) > _SHOWN_NAMES)
                raise UnusableFileError(
                    "wrong_shape",
                    f"the file has no column {wanted}, only {', '.join(names) or 'none'}: "
                    f"call it one of {', '.join(accepted)}",
                )

    def _sorted_out(
        self, columns: list[tuple[str, pa.Array]], rows: int
    ) -> tuple[dict[str, pa.Array], dict[str, pa.Array]]:
        """Columns of text by their names in the table: all of the schema, and the further ones."""
        known: dict[str, list[tuple[int, pa.Array]]] = {}
        further: dict[str, list[pa.Array]] = {}
        for position, (name, cells) in enumerate(columns, 1):
            target, precedence = self._target(name)
            if target:
                missing = ("",) if target in ("symbol", "name") else values.MISSING
                known.setdefault(target, []).append((precedence, values.words(cells, missing=missing)))
            else:
                own = further_name(snake_case(name), position)
                further.setdefault(own, []).append(pc.if_else(pc.equal(cells, ""), None, cells))
        texts = {
            target: _first_of([cells for _, cells in sorted(inputs, key=lambda one: one[0])])
            for target, inputs in known.items()
        }
        nothing = pa.nulls(rows, pa.string())
        for target, value in self.defaults.items():
            texts[target] = pc.fill_null(texts.get(target, nothing), value)
        every = {
            column.name: texts.get(column.name, nothing)
            for column in COLUMNS
            if column.name not in LAKE_COLUMNS
        }
        return every, {name: _first_of(inputs) for name, inputs in further.items()}

    # --- rows ---

    def _add(self, chunk: Chunk) -> None:
        """Take a chunk's rows: keep or refuse each."""
        self._note_columns([name for name, _ in chunk.columns])
        if not self.sample:
            self.sample = "\n".join(
                raw[:1000] for raw in (*chunk.raws[:3], *(row.raw for row in chunk.malformed[:3]))
            )
        self.result.rows += len(chunk.numbers) + len(chunk.malformed)
        refused = [RejectedRow(row.number, "malformed_row", row.detail, row.raw) for row in chunk.malformed]
        if chunk.numbers:
            refused += self._take(chunk)
        for row in sorted(refused, key=lambda row: row.number):
            self.result.rejected[row.reason] += 1
            self.on_reject(row)

    def _take(self, chunk: Chunk) -> list[RejectedRow]:
        texts, further = self._sorted_out(chunk.columns, len(chunk.numbers))
        frame, unusable = self._typed(texts)
        reasons = self._judged(frame, unusable)
        stays = reasons.isna().to_numpy()
        for column, mask in unusable.items():
            if count := int((mask & stays).sum()):
                self.result.emptied[column] += count
        if stays.any():
            numbers = np.array(chunk.numbers)[stays]
            self._keep(
                frame[stays],
                {name: cells.filter(pa.array(stays)) for name, cells in further.items()},
                numbers,
            )
        return [
            RejectedRow(
                chunk.numbers[row], reasons[row], self._detail(reasons[row], texts, row), chunk.raws[row]
            )
            for row in map(int, np.flatnonzero(~stays))
        ]

    def _typed(self, texts: dict[str, pa.Array]) -> tuple[pd.DataFrame, dict[str, values.Mask]]:
        """Texts as their columns' types, and where there was text that cannot be used."""
        typed: dict[str, Any] = {}
        unusable: dict[str, values.Mask] = {}
        sign = CURRENCY_SIGNS.get(self.currency, "")
        for name, cells in texts.items():
            kind = SCHEMA.field(name).type
            if kind in (AMOUNT, pa.int32()):
                typed[name], unusable[name] = values.numbers(cells, sign=sign, percent="percentage" in name)
            elif kind == MOMENT:
                typed[name], unusable[name] = values.moments(cells, latest=self.source.last_modified + CLOCK)
            else:
                if name in ("coin_id", "symbol", "currency"):
                    cells = pc.utf8_lower(cells)
                typed[name] = pd.Series(cells, dtype=pd.ArrowDtype(pa.string()))
        frame = pd.DataFrame(typed)

        rank = frame["market_cap_rank"]
        no_rank = rank.notna() & ~((rank >= 1) & (rank < 2**31) & (rank == np.floor(rank)))
        frame["market_cap_rank"] = rank.mask(no_rank).astype("Int32")
        unusable["market_cap_rank"] |= no_rank.to_numpy()
        frame["currency"] = frame["currency"].fillna(self.currency)
        # A nested value is no name of a coin.
        frame["coin_id"] = frame["coin_id"].mask(frame["coin_id"].str.match(r"[\[{]").fillna(False))
        return frame, unusable

    def _judged(self, frame: pd.DataFrame, unusable: dict[str, values.Mask]) -> pd.Series:
        """Why each row is refused: the first of refusals.REASONS that holds, null for a row that stays."""
        price, moment = frame["current_price"], frame["last_updated"]
        findings: list[tuple[str, Any]] = [
            ("no_coin_id", frame["coin_id"].isna()),
            ("no_price", price.isna() & ~unusable["current_price"]),
            ("bad_price", ~(price > 0)),
            ("negative_market_cap", frame["market_cap"] < 0),
            ("other_currency", (frame["currency"] != self.currency).astype(bool)),
        ]
        if self.day is None:
            findings.append(("no_date", moment.isna()))
        else:
            too_late = pd.Timestamp(self.day + TOLERANCE + timedelta(days=1), tz="UTC")
            findings.append(("after_file_date", moment >= too_late))
        self.dated |= bool(moment.notna().any())
        reasons = pd.Series([None] * len(frame), dtype=object)
        for reason, holds in reversed(findings):
            reasons[holds] = reason
        return reasons

    def _detail(self, reason: str, texts: dict[str, pa.Array], row: int) -> str:
        column = _ABOUT[reason]
        text = texts[column][row].as_py()
        found = f"{column} is missing" if text is None else f"{column} is {text[:200]!r}"
        if reason == "other_currency":
            found += f", the lake's is {self.currency!r}"
        if reason == "after_file_date":
            found += f", the date in the file's name {self.day}"
        return found

    def _keep(
        self, frame: pd.DataFrame, further: dict[str, pa.Array], numbers: npt.NDArray[np.int64]
    ) -> None:
        moment = frame["last_updated"]
        if moment.notna().any():
            newest = moment.max().date()
            self.newest = max(self.newest or newest, newest)
        lake: dict[str, Any] = {
            "price_date": self.day or moment.dt.tz_localize(None).to_numpy().astype("datetime64[D]"),
            "ingested_at": self.source.last_modified,
            "source_file": self.source.key,
            "source_row": numbers,
        }
        columns = {
            column.name: lake[column.name] if column.name in lake else frame[column.name]
            for column in COLUMNS
        }
        table = pa.table(
            [_column(columns[field.name], field.type, len(frame)) for field in SCHEMA], schema=SCHEMA
        )
        for name, cells in further.items():
            if cells.null_count < len(cells):
                table = table.append_column(name, cells)
        self._kept.append(self._latest(table))
        # Seldom enough that the work stays in proportion to the rows, even if no coin comes twice.
        if sum(table.num_rows for table in self._kept) > 2 * self._compacted + 50_000:
            self._compact()

    def _latest(self, table: pa.Table) -> pa.Table:
        latest = latest_per_coin(table)
        self.result.superseded += table.num_rows - latest.num_rows
        return latest

    def _compact(self) -> pa.Table:
        table = self._latest(pa.concat_tables(self._kept, promote_options="default"))
        self._kept, self._compacted = [table], table.num_rows
        return table

    # --- the file ---

    def _check_file(self) -> None:
        """Refuse the file as a whole if its days are wrong or nothing of it is left."""
        rejected = self.result.rejected
        if self.result.rows > rejected["malformed_row"]:
            self._check_columns()
        if self.day and (
            (self.newest and self.newest < self.day - TOLERANCE)
            or (not self._kept and rejected["after_file_date"])
        ):
            of = f"of {self.newest} and before" if self.newest else "more than two days later"
            raise UnusableFileError(
                "mis_dated",
                f"the file has the date {self.day} in its name, but its rows are {of}: "
                "drop it again under the date of its prices",
            )
        if not self._kept and rejected["no_date"] and not self.dated:
            raise UnusableFileError(
                "undated",
                "the file has no date, neither in its name nor in its rows: put it into the name, as in "
                "raw/prices_2026-02-25.json, or write ISO 8601 into a column last_updated",
            )
        if not self._kept:
            counts = ", ".join(f"{count} {reason}" for reason, count in rejected.most_common())
            [(reason, _)] = rejected.most_common(1)
            raise UnusableFileError(
                "no_usable_row", f"the file has no usable row: {counts}. {REASONS[reason]}"
            )

    def _finished(self) -> CleanedFile:
        """The rows that are kept, divided into days."""
        self._check_file()
        result, table = self.result, self._compact()
        further = sorted(set(table.column_names) - set(SCHEMA.names))
        table = table.select([*SCHEMA.names, *further])
        days = table["price_date"].value_counts()
        start = 0
        for day in sorted(days, key=lambda day: day["values"].as_py()):
            length = day["counts"].as_py()
            result.days[day["values"].as_py()] = table.slice(start, length)
            start += length
        refused = sum(result.rejected.values())
        if result.rows != result.kept + refused + result.superseded:
            raise AssertionError(
                f"the balance of {self.source.key} does not hold: {result.rows} rows read, but {result.kept} "
                f"kept + {refused} refused + {result.superseded} superseded; this is an error in cleaning.py"
            )
        return result


# What a reason is about.
_ABOUT = {
    "no_coin_id": "coin_id",
    "no_price": "current_price",
    "bad_price": "current_price",
    "negative_market_cap": "market_cap",
    "other_currency": "currency",
    "no_date": "last_updated",
    "after_file_date": "last_updated",
}


def _first_of(columns: list[pa.Array]) -> pa.Array:
    """In each row the first value that is there."""
    return pc.coalesce(*columns) if len(columns) > 1 else columns[0]


def _column(content: Any, kind: pa.DataType, length: int) -> pa.Array:
    if isinstance(content, pd.Series | np.ndarray):
        return pa.Array.from_pandas(content, type=kind)
    return pa.repeat(pa.scalar(content, kind), length)
