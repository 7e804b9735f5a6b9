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
    """The object is not what was listed: it was overwritten or deleted since."""


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
        emptied: Column -> values that could not be used and became null.
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
    emptied: dict[str, int] = field(default_factory=dict)
    message: str = ""
    note: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    def __str__(self) -> str:
        if self.status != "processed":
            return f"{self.key}: {self.status}: {self.message}"
        refused = "".join(f", {count} {reason}" for reason, count in sorted(self.rejected.items()))
        emptied = "".join(f", {count} {column}" for column, count in sorted(self.emptied.items()))
        return (
            f"{self.key}: {self.rows} rows = {self.kept} kept + {sum(self.rejected.values())} rejected"
            f" + {self.superseded} superseded; {_span(self.days)}"
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
    with rejects.RejectedRows() as refused_rows:
        try:
            with opened(s3, bucket, source) as body:
                try:
                    cleaned = clean(body, source, currency=currency, on_reject=refused_rows.add)
                except UnusableFileError as error:
                    note = rejects.refuse_file(s3, bucket, source, body, error, run_id=run_id)
                    return Outcome(
                        source.key, "rejected", rejected=dict(error.rejected), message=str(error), note=note
                    )
        except GoneError as error:
            return Outcome(source.key, "gone", message=str(error))
        if again:
            rejects.take_back(s3, bucket, source)
        rows_note = refused_rows.store(
            s3, bucket, source, rows=cleaned.rows, reasons=cleaned.rejected, run_id=run_id
        )
    record = _record(source, cleaned, run_id)
    columns: set[str] = set()
    for day in sorted({*cleaned.days, *map(date.fromisoformat, arrival.recorded_in)}):
        fold = _Fold(Partition(s3, bucket, day), record, cleaned, currency, again)
        columns.update(fold())
    return Outcome(
        source.key,
        "processed",
        days=sorted({*record.days, *arrival.recorded_in}),
        columns=sorted(columns),
        rows=cleaned.rows,
        kept=cleaned.kept,
        rejected=dict(cleaned.rejected),
        superseded=cleaned.superseded,
        emptied=dict(cleaned.emptied),
        note=rows_note,
    )


@dataclass(frozen=True)
class _Fold:
    """Brings one object's rows into one day's output."""

    partition: Partition
    record: SourceRecord
    cleaned: CleanedFile
    currency: str
    again: bool

    def __call__(self) -> list[str]:
        """Fold; returns the output's columns, none if there is no output."""
        mine = self.cleaned.days.get(self.partition.day)
        for attempt in range(_ATTEMPTS):
            stored = self.partition.read()
            sources = {record.key: record for record in stored.sources} if stored else {}
            before = sources.pop(self.record.key, None)
            if stored is None and mine is None:
                return []
            if stored and (before is None if mine is None else self._is_in(before)):
                return list(stored.table.column_names)
            if stored is None:
                tables = []
            elif before is None:
                tables = [stored.table]
            else:  # rows that the earlier version had displaced must come back
                tables, sources = self._cleaned_again(stored, sources)
            if mine is not None:
                tables.append(mine)
                sources[self.record.key] = self.record
            columns = self.partition.write(tables, list(sources.values()), replacing=stored)
            if columns is not None:
                return columns
            time.sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.02 * 2**attempt)))  # noqa: S311 - no secret
        raise ContendedError(
            f"s3://{self.partition.bucket}/{self.partition.key} was written by others {_ATTEMPTS} times in a "
            f"row while {self.record.key} was to be added: clear this task"
        )

    def _is_in(self, before: SourceRecord | None) -> bool:
        if before is None or before.etag != self.record.etag:
            return False
        return not self.again or before.run_id == self.record.run_id

    def _cleaned_again(
        self, stored: Stored, others: dict[str, SourceRecord]
    ) -> tuple[list[pa.Table], dict[str, SourceRecord]]:
        """The day's rows from all its other sources, and what they are now.

        A source whose recorded version is no longer there, or is refused now, keeps the rows it has.
        """
        tables, sources = [stored.table.slice(0, 0)], {}
        for key, recorded in others.items():
            sources[key] = recorded
            source = SourceObject(key, recorded.etag, datetime.fromisoformat(recorded.put_at))
            try:
                with opened(self.partition.s3, self.partition.bucket, source) as body:
                    cleaned = clean(body, source, currency=self.currency, on_reject=_ignore)
            except (GoneError, UnusableFileError) as error:
                log.warning("%s keeps its rows of %s as they are: %s", key, self.partition.day, error)
                tables.append(stored.rows_of(key))
                continue
            if (table := cleaned.days.get(self.partition.day)) is not None:
                tables.append(table)
                sources[key] = _record(source, cleaned, self.record.run_id)
            else:
                del sources[key]
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
        if error.response["Error"]["Code"] in ("PreconditionFailed", "412", "NoSuchKey"):
            raise GoneError(
                f"s3://{bucket}/{source.key} with ETag {source.etag} is not there any more: it was "
                "overwritten or deleted. A new version is taken up by the run that its arrival wakes"
            ) from None
        raise
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(answer["Body"], file, 1 << 20)
        file.seek(0)
        yield cast("BinaryIO", file)


def _span(days: list[str]) -> str:
    return days[0] if len(days) == 1 else f"{len(days)} days from {days[0]} to {days[-1]}"
