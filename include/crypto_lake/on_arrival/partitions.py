"""One day of `processed/crypto/`: what it holds and what it was made from.

    processed/crypto/year=2026/month=02/day=25/data.parquet

One row a coin, the latest of all files that have one for that day. The file's own metadata name the objects
it was made from, with their ETags and counts, so that lineage and "is it done?" need no database. A write
is conditional on what was read: of two writers at once, the second reads again.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa
    from mypy_boto3_s3 import S3Client

PREFIX = "processed/crypto/"
_KEY = re.compile(re.escape(PREFIX) + r"year=(\d{4})/month=(\d{2})/day=(\d{2})/data\.parquet")
_SOURCES = b"crypto_lake.sources"


class PartitionError(Exception):
    """The output of a day cannot be read; the message names it and the remedy."""


@dataclass(frozen=True)
class SourceRecord:
    """What a day's output says of one object it was made from.

    Attributes:
        key: The object's key, `raw/…`.
        etag: Its ETag, without quotes.
        put_at: When it was put, ISO 8601 in UTC.
        days: Every day that the object has rows of, this one among them.
        rows: How many rows the object has.
        rejected: How many of them were refused.
        superseded: How many gave way to a later row of the same coin and day in the same object.
        run_id: The run that cleaned it.
    """

    key: str
    etag: str
    put_at: str
    days: tuple[str, ...]
    rows: int
    rejected: int
    superseded: int
    run_id: str

    @classmethod
    def of(cls, stored: dict[str, Any]) -> SourceRecord:
        """The record from its JSON; what a later release has added is left out."""
        known = {field.name: stored[field.name] for field in fields(cls)}
        return cls(**(known | {"days": tuple(stored["days"])}))


@dataclass(frozen=True)
class Stored:
    """A day's output as it was read."""

    table: pa.Table
    sources: tuple[SourceRecord, ...]
    etag: str

    @property
    def outdated(self) -> list[str]:
        """Columns that had another type when the output was written."""
        from include.crypto_lake.on_arrival.columns import SCHEMA

        there = self.table.schema
        return [f.name for f in SCHEMA if f.name in there.names and there.field(f.name).type != f.type]

    def rows_of(self, key: str) -> pa.Table:
        """The rows that came from one object, without outdated columns."""
        import pyarrow.compute as pc

        return self.table.filter(pc.field("source_file") == key).drop_columns(self.outdated)


class Partition:
    """A day's output in a bucket."""

    def __init__(self, s3: S3Client, bucket: str, day: date) -> None:
        self.s3 = s3
        self.bucket = bucket
        self.day = day

    @staticmethod
    def is_one(key: str) -> bool:
        """Whether a key is that of a day's output."""
        try:
            Partition.day_of(key)
        except ValueError:
            return False
        return True

    @staticmethod
    def day_of(key: str) -> date:
        """The day of an output's key.

        Raises:
            ValueError: it is no output's key.
        """
        if not (found := _KEY.fullmatch(key)):
            raise ValueError(f"{key} is no output: {PREFIX}year=2026/month=02/day=25/data.parquet would be")
        return date(int(found[1]), int(found[2]), int(found[3]))

    @classmethod
    def of_key(cls, s3: S3Client, bucket: str, key: str) -> Partition:
        """The partition of an output's key."""
        return cls(s3, bucket, cls.day_of(key))

    @property
    def values(self) -> list[str]:
        """The partition's values in the catalog: `["2026", "02", "25"]`."""
        return self.day.isoformat().split("-")

    @property
    def key(self) -> str:
        """The output's key."""
        year, month, day = self.values
        return f"{PREFIX}year={year}/month={month}/day={day}/data.parquet"

    def read(self) -> Stored | None:
        """Read the output, or None if there is none yet.

        Raises:
            PartitionError: what lies there was not written by this pipeline.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            answer = self.s3.get_object(Bucket=self.bucket, Key=self.key)
        except self.s3.exceptions.NoSuchKey:
            return None
        try:
            table = pq.read_table(io.BytesIO(answer["Body"].read()))
            sources = json.loads(table.schema.metadata[_SOURCES])
        except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
            raise PartitionError(
                f"s3://{self.bucket}/{self.key} was not written by this pipeline ({error!r}): move it away; "
                "the day is then made again from raw/"
            ) from error
        return Stored(table, tuple(SourceRecord.of(source) for source in sources), answer["ETag"])

    def write(
        self, tables: Sequence[pa.Table], sources: Sequence[SourceRecord], *, replacing: Stored | None
    ) -> list[str] | None:
        """Write the latest row of each coin, unless the output has changed since it was read.

        Args:
            tables: Rows of the day in the target schema, with further text columns.
            sources: Everything the rows were made from.
            replacing: What was read before.

        Returns:
            The output's columns, or None if somebody else wrote in between.
        """
        import pyarrow.parquet as pq

        table = _merged(tables)
        ordered = sorted(sources, key=lambda record: record.key)
        metadata = {_SOURCES: json.dumps([asdict(record) for record in ordered], ensure_ascii=False)}
        content = io.BytesIO()
        pq.write_table(table.replace_schema_metadata(metadata), content, compression="snappy")
        condition: Any = {"IfMatch": replacing.etag} if replacing else {"IfNoneMatch": "*"}
        try:
            self.s3.put_object(
                Bucket=self.bucket,
                Key=self.key,
                Body=content.getvalue(),
                ContentType="application/vnd.apache.parquet",
                **condition,
            )
        except self.s3.exceptions.ClientError as error:
            # 409: another write is under way. NoSuchKey: it was deleted since.
            lost = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey")
            if error.response["Error"]["Code"] in lost:
                return None
            raise
        return list(table.column_names)


def _merged(tables: Sequence[pa.Table]) -> pa.Table:
    """The latest row of each coin, by coin; the target schema's columns first, then the others by name."""
    import pyarrow as pa

    from include.crypto_lake.on_arrival.columns import SCHEMA
    from include.crypto_lake.on_arrival.latest import latest_per_coin

    table = latest_per_coin(pa.concat_tables([SCHEMA.empty_table(), *tables], promote_options="default"))
    further = sorted(set(table.column_names) - set(SCHEMA.names))
    return table.select([*SCHEMA.names, *further])
