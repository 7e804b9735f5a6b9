"""One dropped file, from `raw/` to the days it has rows of, or to `rejected/`.

Doing it again changes nothing, neither does doing it twice at once: each day's output says what it was made
from, and is only replaced by whoever has read its newest version.
"""

from __future__ import annotations

import logging
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from botocore.exceptions import ClientError

from include.crypto_lake.on_arrival import rejects
from include.crypto_lake.on_arrival.cleaning import CleanedFile, SourceObject, clean
from include.crypto_lake.on_arrival.further import FurtherColumns, fitted
from include.crypto_lake.on_arrival.partitions import Partition, SourceRecord, Stored
from include.crypto_lake.on_arrival.refusals import RejectedRow, UnusableFileError

if TYPE_CHECKING:
    import pyarrow as pa
    from mypy_boto3_s3 import S3Client

    from include.crypto_lake.on_arrival.arrivals import Arrival

log = logging.getLogger(__name__)

_ATTEMPTS = 50
_LONGEST_PAUSE = 2.0  # seconds


class GoneError(Exception):
    """The object is not what was listed: it was overwritten since, or `deleted`."""

    def __init__(self, address: str, *, deleted: bool) -> None:
        what = "deleted" if deleted else "overwritten; the run that this woke has the new version"
        super().__init__(f"{address} was {what}")
        self.deleted = deleted


class ContendedError(Exception):
    """Others kept writing the same day's output."""


@dataclass(frozen=True)
class Outcome:
    """What became of one object.

    Attributes:
        key: The object's.
        status: `processed`; `rejected` (the whole file was refused); `gone` (overwritten or deleted since it
            was listed: a later run has the new version).
        days: Days it has rows of, and days it had before.
        columns: Columns of the outputs that were written.
        rows: Rows read; they are the sum of `kept`, `rejected`'s and `superseded`.
        kept: Rows that went into the days.
        rejected: Reason -> rows.
        superseded: Rows that gave way to a later row of the same coin and day in the same file.
        differing: How many of those differ from it in more than their time.
        emptied: Column -> problem -> values that could not be used and became null.
        lost: Columns of which at least a tenth of the values could not be used.
        moved: Kept rows whose day is not the one in the file's name.
        values: `read`, `kept`, `emptied`, `rejected` and `superseded`: the balance of values.
        message: Why the file was refused.
        note: Where that stands.
    """

    key: str
    status: str
    days: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    rows: int = 0
    kept: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    superseded: int = 0
    differing: int = 0
    emptied: dict[str, dict[str, int]] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    moved: int = 0
    values: dict[str, int] = field(default_factory=dict)
    message: str = ""
    note: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    def __str__(self) -> str:
        if self.status != "processed":
            return f"{self.key}: {self.status}: {self.message}"
        refused = "".join(f", {count} {reason}" for reason, count in sorted(self.rejected.items()))
        emptied = "".join(
            f", {count} {column} {problem}"
            for column, problems in sorted(self.emptied.items())
            for problem, count in sorted(problems.items())
        )
        return (
            f"{self.key}: {self.rows} rows = {self.kept} kept + {sum(self.rejected.values())} rejected"
            f" + {self.superseded} superseded ({self.differing} with other values); {_span(self.days)}"
            + (f"; {self.moved} rows are of another day than the name's" if self.moved else "")
            + (f"; rejected: {refused[2:]}" if refused else "")
            + (f"; values that could not be used: {emptied[2:]}" if emptied else "")
        )


def process(
    s3: S3Client, bucket: str, arrival: Arrival, *, currency: str, run_id: str, again: bool = False
) -> Outcome:
    """Clean one object and fold its rows into the days they are of.

    Args:
        s3: The client.
        bucket: The lake's.
        arrival: The object as it was listed.
        currency: The lake's.
        run_id: Written into the outputs and notes.
        again: Make its days anew from all their sources, even if they have it already.

    Raises:
        ContendedError: others kept writing the same day; doing it again is safe.
        PartitionError: a day's output cannot be read.
    """
    source = SourceObject(arrival.key, arrival.etag, datetime.fromisoformat(arrival.last_modified))
    former = [date.fromisoformat(day) for day in arrival.recorded_in]

    def fold(cleaned: CleanedFile) -> tuple[list[str], list[str]]:
        """Bring each day up to date; returns the days and the columns of their outputs."""
        record = _record(source, cleaned, run_id)
        days = sorted({*cleaned.days, *former})
        columns = [
            _Fold(Partition(s3, bucket, day), record, cleaned.days.get(day), currency, again)()
            for day in days
        ]
        return [day.isoformat() for day in days], sorted({name for names in columns for name in names})

    try:
        with opened(s3, bucket, source) as body, rejects.RejectedRows() as refused_rows:
            try:
                cleaned = clean(body, source, currency=currency, on_reject=refused_rows.add)
            except UnusableFileError as error:
                # Rows of an earlier version go: the days are what raw/ says. The note last: it says "done".
                days, columns = fold(CleanedFile())
                return Outcome(
                    source.key,
                    "rejected",
                    days=days,
                    columns=columns,
                    rejected=dict(error.rejected),
                    message=str(error),
                    note=rejects.refuse_file(s3, bucket, source, body, error, run_id=run_id),
                )
            _fit(s3, bucket, cleaned)
            if again:
                rejects.take_back(s3, bucket, source)
            note = refused_rows.store(
                s3,
                bucket,
                source,
                rows=cleaned.rows,
                reasons=cleaned.rejected,
                emptied=cleaned.emptied,
                values=cleaned.values,
                run_id=run_id,
            )
    except GoneError as error:
        return Outcome(source.key, "gone", message=str(error))
    days, columns = fold(cleaned)
    return Outcome(
        source.key,
        "processed",
        days=days,
        columns=columns,
        rows=cleaned.rows,
        kept=cleaned.kept,
        rejected=dict(cleaned.rejected),
        superseded=cleaned.superseded,
        differing=cleaned.differing,
        emptied={column: dict(problems) for column, problems in cleaned.emptied.items()},
        lost=_lost(cleaned),
        moved=cleaned.moved,
        values=dict(cleaned.values),
        note=note,
    )


def refuse(s3: S3Client, bucket: str, arrival: Arrival, error: UnusableFileError, *, run_id: str) -> Outcome:
    """Refuse one object for what became of it, without looking into it. Its days keep what they have."""
    source = SourceObject(arrival.key, arrival.etag, datetime.fromisoformat(arrival.last_modified))
    try:
        with opened(s3, bucket, source) as body:
            note = rejects.refuse_file(s3, bucket, source, body, error, run_id=run_id)
    except GoneError as gone:
        return Outcome(source.key, "gone", message=str(gone))
    return Outcome(source.key, "rejected", message=str(error), note=note)


def _lost(cleaned: CleanedFile) -> list[str]:
    """The columns that lost so many values that the file deserves a look."""
    found = []
    for column, problems in cleaned.emptied.items():
        emptied = sum(problems.values())
        kept = sum(table.num_rows - table[column].null_count for table in cleaned.days.values())
        if emptied * 10 >= emptied + kept:
            found.append(column)
    return sorted(found)


def _fit(s3: S3Client, bucket: str, cleaned: CleanedFile) -> None:
    """Put further columns that the table has no room for into one."""
    from include.crypto_lake.on_arrival.columns import SCHEMA

    names = {name for table in cleaned.days.values() for name in table.column_names} - set(SCHEMA.names)
    if names:
        admitted = FurtherColumns(s3, bucket).admit(names)
        cleaned.days = {day: fitted(table, admitted) for day, table in cleaned.days.items()}


@dataclass(frozen=True)
class _Fold:
    """Brings one object's rows into one day's output."""

    partition: Partition
    record: SourceRecord
    rows: pa.Table | None  # none: the object has no rows of the day, any more
    currency: str
    again: bool

    def __call__(self) -> list[str]:
        """Fold; returns the output's columns, none if there is no output."""
        for attempt in range(_ATTEMPTS):
            stored = self.partition.read()
            sources = {record.key: record for record in stored.sources} if stored else {}
            before = sources.pop(self.record.key, None)
            if self._is_done(before):
                return list(stored.table.column_names) if stored else []
            if stored is None:
                tables = []
            elif before is None and not stored.outdated:
                tables = [stored.table]
            else:  # rows that the earlier version had displaced must come back
                tables, sources = self._cleaned_again(stored, sources)
            if self.rows is not None:
                tables.append(self.rows)
                sources[self.record.key] = self.record
            columns = self.partition.write(tables, list(sources.values()), replacing=stored)
            if columns is not None:
                return columns
            time.sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.02 * 2**attempt)))  # noqa: S311 - no secret
        raise ContendedError(
            f"s3://{self.partition.bucket}/{self.partition.key} was written by others {_ATTEMPTS} times in a "
            f"row while {self.record.key} was to be added: clear this task"
        )

    def _is_done(self, before: SourceRecord | None) -> bool:
        """Whether the output needs no change, given what it says of the object."""
        if before is None:
            return self.rows is None
        if before.etag != self.record.etag:
            return before.put_at > self.record.put_at  # a newer version is in: another run was faster
        if self.rows is None or before.days != self.record.days:
            return False
        return not self.again or before.run_id == self.record.run_id

    def _cleaned_again(
        self, stored: Stored, others: dict[str, SourceRecord]
    ) -> tuple[list[pa.Table], dict[str, SourceRecord]]:
        """The day's rows from its other sources as they lie in `raw/` now, and what they are.

        Only of one that was deleted from `raw/` the rows stay as they are.
        """
        tables, sources = [], {}
        for key, recorded in others.items():
            source = SourceObject(key, recorded.etag, datetime.fromisoformat(recorded.put_at))
            try:
                with opened(self.partition.s3, self.partition.bucket, source) as body:
                    cleaned = clean(body, source, currency=self.currency, on_reject=_ignore)
            except GoneError as error:
                if error.deleted:
                    tables.append(stored.rows_of(key))
                    sources[key] = recorded
            except UnusableFileError:
                log.warning("%s gave rows to %s, but is unusable now", key, self.partition.day)
            else:
                if self.partition.day in cleaned.days:
                    _fit(self.partition.s3, self.partition.bucket, cleaned)
                    tables.append(cleaned.days[self.partition.day])
                    sources[key] = _record(source, cleaned, self.record.run_id)
        return tables, sources


def _record(source: SourceObject, cleaned: CleanedFile, run_id: str) -> SourceRecord:
    return SourceRecord(
        key=source.key,
        etag=source.etag,
        put_at=source.last_modified.isoformat(),
        days=tuple(day.isoformat() for day in sorted(cleaned.days)),
        rows=cleaned.rows,
        rejected=sum(cleaned.rejected.values()),
        superseded=cleaned.superseded,
        run_id=run_id,
    )


def _ignore(row: RejectedRow) -> None:
    """Its refusal is on record since the object itself was processed."""


@contextmanager
def opened(s3: S3Client, bucket: str, source: SourceObject) -> Iterator[BinaryIO]:
    """The object's bytes in a temporary file: readers need to seek, and it may be larger than memory.

    Raises:
        GoneError: that version of the object is not there any more.
    """
    try:
        answer = s3.get_object(Bucket=bucket, Key=source.key, IfMatch=f'"{source.etag}"')
    except ClientError as error:
        if (code := error.response["Error"]["Code"]) not in ("PreconditionFailed", "412", "NoSuchKey"):
            raise
        raise GoneError(f"s3://{bucket}/{source.key}", deleted=code == "NoSuchKey") from None
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(answer["Body"], file, 1 << 20)
        file.seek(0)
        yield cast("BinaryIO", file)


def _span(days: list[str]) -> str:
    return days[0] if len(days) == 1 else f"{len(days)} days from {days[0]} to {days[-1]}"
