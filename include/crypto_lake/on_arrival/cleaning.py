"""A dropped file becomes one table a day, with an account of every row and value that is not in it.

    rows read   = rows kept + rows refused (with a reason) + rows superseded by later ones of coin and day
    values read = values kept + values not understood (with a reason) + those of refused and superseded rows

The steps, in this order: *survey* reads the file, and learns from all of its values how it writes numbers,
dates and ids (`table.py`); *decide* settles that, once for each column; *take* types and judges each row
(`judging.py`); *settle* keeps the latest row of each coin and day (`latest.py`), and decides which days those
are; *report* hands on what was refused.

Files of any length are read in chunks: what is kept in memory grows with the coins and days in a file, not
with its rows. Between the steps the rows are on disk.
"""

from __future__ import annotations

import time
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

from include.crypto_lake.on_arrival import values
from include.crypto_lake.on_arrival.columns import AMOUNT, COLUMNS, SCHEMA, TEXT
from include.crypto_lake.on_arrival.days import day_in_name
from include.crypto_lake.on_arrival.file_columns import Rows
from include.crypto_lake.on_arrival.judging import CODES, FATES, FILLED, Judge, Judged
from include.crypto_lake.on_arrival.latest import Groups, are_sparse, differ, latest_per_coin
from include.crypto_lake.on_arrival.reading import Content, read
from include.crypto_lake.on_arrival.refusals import REASONS, RejectedRow, UnusableFileError
from include.crypto_lake.on_arrival.row_moments import OVER_MIDNIGHT
from include.crypto_lake.on_arrival.spool import Spool
from include.crypto_lake.on_arrival.table import FileTable

__all__ = [
    "CleanedFile",
    "RejectedRow",
    "SourceObject",
    "UnusableFileError",
    "clean",
    "latest_per_coin",
]

# How far a clock may be ahead of S3's.
CLOCK = timedelta(days=1)
# Of a processor's time. The next files wait for a run, and a run for its slowest file: less than two minutes.
MAX_SECONDS = 90

# Of rows that are not settled yet: whether their last_updated is a day, without a time.
_IS_DAY = "is_day"


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
        differing: How many of those differ from it in more than their time.
        emptied: Column -> problem (values.PROBLEMS) -> values that could not be used and became null; their
            rows stay.
        moved: Rows that are kept under their own day, which is not the one in the file's name.
        values: `read`, `kept`, `emptied`, and those of rows that were `rejected` or `superseded`: how many
            values there were in the columns of numbers and moments.
        encoding: Of the file's text.
    """

    days: dict[date, pa.Table] = field(default_factory=dict)
    rows: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    superseded: int = 0
    differing: int = 0
    emptied: dict[str, Counter[str]] = field(default_factory=dict)
    moved: int = 0
    values: Counter[str] = field(default_factory=Counter)
    encoding: str = ""

    @property
    def kept(self) -> int:
        """How many rows the days have."""
        return sum(table.num_rows for table in self.days.values())

    def empty(self, column: str, problem: int, count: int) -> None:
        """Count values that became null."""
        if count:
            self.emptied.setdefault(column, Counter())[values.PROBLEMS[problem]] += count


def clean(
    body: IO[bytes], source: SourceObject, *, currency: str, on_reject: Callable[[RejectedRow], None]
) -> CleanedFile:
    """Clean one file.

    Args:
        body: The file, seekable; it is left open.
        source: Where it lies. The day in its key, if there is one, is that of rows without a time.
        currency: The lake's, in lower case.
        on_reject: Is given each refused row, in the file's order.

    Returns:
        At least one row.

    Raises:
        UnusableFileError: nothing of the file can be taken.
    """
    with Spool[Rows]() as spool:
        cleaning = _Cleaning(source, currency, spool)
        try:
            return cleaning.run(body, on_reject)
        except UnusableFileError as error:
            raise UnusableFileError(
                error.reason,
                f"{source.key}: {error}",
                sample=error.sample or cleaning.sample,
                rejected=cleaning.result.rejected,
            ) from error


class _Cleaning:
    """The cleaning of one file: what has been kept and counted so far."""

    def __init__(self, source: SourceObject, currency: str, spool: Spool[Rows]) -> None:
        self.source = source
        self.currency = currency
        self.spool = spool
        self.result = CleanedFile()
        self.sample = ""  # the first rows
        self.details: dict[str, str] = {}  # reason -> what was found in the first row that was refused for it
        self.day: date | None = None  # in the file's name
        self.began = time.process_time()
        self.fates: list[npt.NDArray[np.int8]] = []  # of each chunk's rows
        self.typed: Counter[str] = Counter()  # column -> values of rows that were kept at first
        self._kept: list[pa.Table] = []
        self._compacted = 0

    def run(self, body: IO[bytes], on_reject: Callable[[RejectedRow], None]) -> CleanedFile:
        """Clean the file."""
        self.day = day_in_name(self.source.key, self.source.last_modified)
        content = read(body)
        self.result.encoding = content.encoding
        self._survey(content)
        if self.table.rows:
            self.table.decide()
        self.judge = Judge(self.table, self.day, self.currency)
        for rows in self.spool:
            self._take(rows)
            self._check_time()
        kept = self._settled()
        self._report(on_reject)
        self._check_file(kept)
        return self._finished(kept)

    # --- survey ---

    def _survey(self, content: Content) -> None:
        """Read the file once, and learn from all of it."""
        self.table = FileTable(content, self.source.key, self.currency, self.source.last_modified + CLOCK)
        if content.columns:
            self.table.check()
        with closing(cast("Any", content.chunks)):
            for chunk in content.chunks:
                self.result.rows += len(chunk.numbers) + len(chunk.malformed)
                if not self.sample:
                    texts = (*chunk.raws[:3], *(row.raw for row in chunk.malformed[:3]))
                    self.sample = "\n".join(raw[:1000] for raw in texts)
                self.spool.add(self.table.note(chunk))
                self._check_time()

    def _check_time(self) -> None:
        if time.process_time() - self.began > MAX_SECONDS:
            raise UnusableFileError(
                "too_slow",
                f"the file took over {MAX_SECONDS} seconds of a processor's time, which would hold up "
                f"the files after it: split it "
                "into several files, each with fewer rows and columns",
            )

    # --- take ---

    def _take(self, rows: Rows) -> None:
        """Judge some rows, and keep those that stay."""
        if not rows.count:
            self.fates.append(np.zeros(0, np.int8))
            return
        judged = self.judge.judge(rows)
        self.fates.append(judged.fates)
        self._count(judged)
        if (stays := judged.fates == 0).any():
            further = self.table.further(rows, judged.columns["coin_id"])
            self._keep(rows, judged, further, stays)

    def _count(self, judged: Judged) -> None:
        """Account for every value: it is typed, or there is a problem with it, or its row is refused."""
        stays = judged.fates == 0
        result = self.result
        for name in FILLED:
            there = judged.there[name]
            result.values["read"] += int(there.sum())
            result.values["rejected"] += int((there & ~stays).sum())
            emptied = judged.problems[name][stays]
            if emptied.any():
                for problem in np.unique(emptied[emptied > 0]):
                    count = int((emptied == problem).sum())
                    result.empty(name, int(problem), count)
                    result.values["emptied"] += count

    def _keep(self, rows: Rows, judged: Judged, further: dict[str, pa.Array], stays: values.Mask) -> None:
        """Make a table of the rows that stay."""
        frame = pd.DataFrame(
            {
                name: column
                if isinstance(column, np.ndarray)
                else pd.Series(column, dtype=pd.ArrowDtype(TEXT))
                for name, column in judged.columns.items()
            }
        )[stays]
        frame["market_cap_rank"] = frame["market_cap_rank"].astype("Int32")
        own = judged.moments.at[stays]
        filled = pd.Series(own).dt.floor("D").to_numpy().astype("datetime64[D]")
        if self.day:
            filled[np.isnat(filled)] = np.datetime64(self.day)
        lake: dict[str, Any] = {
            "currency": self.currency,
            "price_date": filled,
            "ingested_at": self.source.last_modified,
            "source_file": self.source.key,
            "source_row": rows.numbers[stays],
        }
        made = [
            _column(lake[name] if name in lake else frame[name], SCHEMA.field(name).type, len(frame))
            for name in (column.name for column in COLUMNS)
        ]
        table = pa.table(made, schema=SCHEMA)
        table = table.append_column(_IS_DAY, pa.array(judged.moments.are_days[stays]))
        for name in FILLED:
            self.typed[name] += len(frame) - table[name].null_count
        kept = pa.array(stays)
        for name, cells in further.items():
            cells = cells.filter(kept)
            if cells.null_count < len(cells):
                table = table.append_column(name, cells)
        self._kept.append(self._latest(table))
        # Seldom enough that the work stays in proportion to the rows, even if no coin comes twice.
        if sum(table.num_rows for table in self._kept) > 2 * self._compacted + 50_000:
            self._compact()

    def _latest(self, table: pa.Table) -> pa.Table:
        """Leave out rows that are superseded; those that differ and are not earlier stay, to be refused."""
        groups = Groups(table)
        if groups.are_single:
            return table.take(groups.order)
        others = np.flatnonzero(~groups.is_last)
        differs = np.zeros(table.num_rows, np.bool_)
        differs[others] = differ(table, groups.order, others, groups.winner[others])
        stays = groups.is_last | (differs & (groups.untimed | groups.tied))
        self.result.superseded += int((~stays).sum())
        self.result.differing += int((~stays & differs).sum())
        return table.take(groups.order.filter(pa.array(stays)))

    def _compact(self) -> pa.Table:
        table = self._latest(pa.concat_tables(self._kept, promote_options="default"))
        self._kept, self._compacted = [table], table.num_rows
        return table

    # --- settle ---

    def _settled(self) -> pa.Table:
        """The rows that are kept, by day and coin, each with the day that it is of."""
        if not self._kept:
            return SCHEMA.empty_table()
        table = self._without_rivals(self._compact())
        if not table.num_rows:
            return table
        if self.day:
            table = self._with_claimed_day(table, self.day)
        if self.table.is_candles:
            table = self._without_intervals(table)
        return latest_per_coin(table.drop_columns([_IS_DAY]))

    def _without_rivals(self, table: pa.Table) -> pa.Table:
        """Refuse rows of which nobody can say whether they are the coin's latest of the day."""
        groups = Groups(table)
        if groups.are_single:
            return table
        refused = groups.has_others & (groups.untimed | groups.tied)
        rows = table.take(groups.order.filter(pa.array(refused)))
        self._refuse(rows["source_row"].to_numpy(), "no_order")
        for name in FILLED:
            count = rows.num_rows - rows[name].null_count
            self.typed[name] -= count
            self.result.values["rejected"] += count
        return table.take(groups.order.filter(pa.array(~refused)))

    def _refuse(self, numbers: npt.NDArray[np.int64], reason: str) -> None:
        """Refuse rows that had been kept."""
        wanted = set(map(int, numbers))
        for fates, rows in zip(self.fates, self.spool, strict=True):
            hit = np.isin(rows.numbers, numbers)
            fates[hit] = CODES[reason]
            wanted -= set(map(int, rows.numbers[hit]))
            if not wanted:
                break

    def _with_claimed_day(self, table: pa.Table, day: date) -> pa.Table:
        """Give the day in the file's name to what a snapshot of that day has from around midnight.

        Only where the file bears the name out, the coin has no other row, and the row has a time of day: a
        history goes to its own days.
        """
        own = table["price_date"].to_numpy().astype("datetime64[D]")
        at = table["last_updated"].to_numpy().astype("datetime64[us]")
        start = np.datetime64(day, "us")
        end = start + np.timedelta64(1, "D")
        margin = np.timedelta64(OVER_MIDNIGHT)
        near = ((at >= start - margin) & (at < start)) | ((at > end) & (at < end + margin))
        coins = table["coin_id"].to_pandas()
        once = ~coins.duplicated(keep=False).to_numpy()
        claimed = near & once & ~table[_IS_DAY].to_numpy()
        if (own == np.datetime64(day)).any() and claimed.any():
            own = own.copy()
            own[claimed] = np.datetime64(day)
            table = table.set_column(
                table.column_names.index("price_date"), SCHEMA.field("price_date"), pa.array(own)
            )
        self.result.moved = int((own != np.datetime64(day)).sum())
        return table

    def _without_intervals(self, table: pa.Table) -> pa.Table:
        """Empty the high, low and volume of candles that are not of a day."""
        at = table["last_updated"].to_numpy().astype("datetime64[us]")
        second = np.timedelta64(1, "s")  # some say 23:59:59.999
        midnight = np.isnat(at) | (at == at.astype("datetime64[D]"))
        midnight |= at.astype("datetime64[D]") != (at + second).astype("datetime64[D]")
        if midnight.all() and not self.result.differing and not are_sparse(table):
            return table
        for name in self.table.of_an_interval():
            index = table.column_names.index(name)
            count = table.num_rows - table[name].null_count
            self.result.empty(name, values.UNKNOWN_UNIT, count)
            self.result.values["emptied"] += count
            self.typed[name] -= count
            table = table.set_column(index, SCHEMA.field(name), pa.nulls(table.num_rows, AMOUNT))
        return table

    # --- report ---

    def _report(self, on_reject: Callable[[RejectedRow], None]) -> None:
        """Hand on each refused row, in the file's order."""
        for fates, spooled in zip(self.fates, self.spool, strict=True):
            rows = spooled
            if not fates.any() and not rows.malformed:
                continue
            refused = [
                RejectedRow(row.number, "malformed_row", row.detail, row.raw) for row in rows.malformed
            ]
            for row in map(int, np.flatnonzero(fates)):
                reason = FATES[fates[row]]
                refused.append(
                    RejectedRow(
                        int(rows.numbers[row]), reason, self.judge.detail(reason, rows, row), rows.raws[row]
                    )
                )
            for each in sorted(refused, key=lambda one: one.number):
                self.result.rejected[each.reason] += 1
                self.details.setdefault(each.reason, f"row {each.number}: {each.detail[:300]}")
                on_reject(each)

    # --- the file ---

    def _check_file(self, kept: pa.Table) -> None:
        """Refuse the file as a whole if nothing of it is left."""
        if kept.num_rows:
            return
        rejected = self.result.rejected
        if rejected["no_date"] and not self.judge.dated and not self.day:
            raise UnusableFileError(
                "undated",
                "the file has no date that can be read, neither in its name nor in its rows "
                f"({self.details['no_date']}): write ISO 8601, such as 2026-02-25T12:00:00Z, into a column "
                "last_updated, or if all prices are of one day, put it into the name, as in "
                "raw/prices_2026-02-25.json",
            )
        counts = ", ".join(f"{count} {reason}" for reason, count in rejected.most_common())
        [(reason, _)] = rejected.most_common(1)
        raise UnusableFileError(
            "no_usable_row",
            f"the file has no usable row: {counts} ({self.details[reason]}). {REASONS[reason]}",
        )

    def _finished(self, table: pa.Table) -> CleanedFile:
        """The rows that are kept, divided into days."""
        result = self.result
        further = sorted(set(table.column_names) - set(SCHEMA.names))
        table = table.select([*SCHEMA.names, *further])
        days = table["price_date"].value_counts()
        start = 0
        for day in sorted(days, key=lambda day: day["values"].as_py()):
            length = day["counts"].as_py()
            result.days[day["values"].as_py()] = table.slice(start, length)
            start += length
        for name in FILLED:
            count = table.num_rows - table[name].null_count
            result.values["kept"] += count
            result.values["superseded"] += self.typed[name] - count
        self._check_balances()
        return result

    def _check_balances(self) -> None:
        result = self.result
        refused = sum(result.rejected.values())
        counted = result.values
        rows_hold = result.rows == result.kept + refused + result.superseded
        values_hold = counted["read"] == sum(
            counted[part] for part in ("kept", "emptied", "rejected", "superseded")
        ) and (counted["superseded"] >= 0 if result.superseded else counted["superseded"] == 0)
        if not rows_hold or not values_hold:
            raise AssertionError(
                f"the balance of {self.source.key} does not hold: {result.rows} rows read, but {result.kept} "
                f"kept + {refused} refused + {result.superseded} superseded; values: {dict(counted)}. "
                f"This is an "
                "error in cleaning.py: report it with the file."
            )


def _column(content: Any, kind: pa.DataType, length: int) -> pa.Array:
    if isinstance(content, pd.Series | np.ndarray):
        return pa.Array.from_pandas(content, type=kind)
    return pa.repeat(pa.scalar(content, kind), length)
