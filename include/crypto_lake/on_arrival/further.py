"""The table's further columns: what files have beyond the schema, up to a number that a table can bear.

A column that a file brings stays in the table for good. So the lake keeps a list of them, which begins with
what its outputs have, and when the table is full, what else a file has goes into one column as JSON.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from include.crypto_lake.on_arrival.columns import OVERFLOW, SCHEMA

if TYPE_CHECKING:
    import pyarrow as pa
    from mypy_boto3_s3 import S3Client

# Athena and Glue take more, but nobody reads more: twelve files of 2 KB once brought 2,311.
MAX_TABLE_COLUMNS = 500
_PARTITION_COLUMNS = 3
_KEY = "manifests/on_arrival_columns.json"
_ATTEMPTS = 50


class FurtherColumns:
    """The list, in a bucket."""

    def __init__(self, s3: S3Client, bucket: str) -> None:
        self.s3 = s3
        self.bucket = bucket

    def admit(self, names: Iterable[str]) -> set[str]:
        """Take names into the list while there is room.

        Returns:
            Those of the names that are in it now.

        Raises:
            RuntimeError: other tasks kept changing the list.
        """
        wanted = set(names) - {OVERFLOW}
        room_for = MAX_TABLE_COLUMNS - len(SCHEMA) - _PARTITION_COLUMNS - 1  # and the column for the rest
        for _ in range(_ATTEMPTS):
            known, etag = self._read()
            if etag is None:
                known = self._of_outputs()
            new = sorted(wanted - set(known))[: max(0, room_for - len(known))]
            if (not new and etag) or self._write([*known, *new], etag):
                return wanted & {*known, *new}
        raise RuntimeError(
            f"s3://{self.bucket}/{_KEY} was changed by other tasks {_ATTEMPTS} times in a row: clear "
            f"this task"
        )

    def _read(self) -> tuple[list[str], str | None]:
        try:
            answer = self.s3.get_object(Bucket=self.bucket, Key=_KEY)
        except self.s3.exceptions.NoSuchKey:
            return [], None
        return json.loads(answer["Body"].read()), answer["ETag"]

    def _of_outputs(self) -> list[str]:
        """What the outputs have, in a lake that is older than the list."""
        import pyarrow.parquet as pq

        from include.crypto_lake.on_arrival.partitions import PREFIX, Partition

        found: set[str] = set()
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=PREFIX):
            for entry in page.get("Contents", ()):
                if Partition.is_one(entry["Key"]):
                    body = self.s3.get_object(Bucket=self.bucket, Key=entry["Key"])["Body"].read()
                    found.update(pq.read_schema(io.BytesIO(body)).names)
        return sorted(found - set(SCHEMA.names) - {OVERFLOW})

    def _write(self, names: list[str], etag: str | None) -> bool:
        condition: Any = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        try:
            self.s3.put_object(
                Bucket=self.bucket,
                Key=_KEY,
                Body=json.dumps(names, indent=1).encode(),
                ContentType="application/json",
                **condition,
            )
        except self.s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in ("PreconditionFailed", "ConditionalRequestConflict"):
                return False
            raise
        return True


def fitted(table: pa.Table, admitted: set[str]) -> pa.Table:
    """A table whose further columns are admitted; the others are in the column OVERFLOW, as JSON objects."""
    import pyarrow as pa

    rest = [name for name in table.column_names if name not in SCHEMA.names and name not in admitted]
    if not rest:
        return table
    rows = table.select(rest).to_pylist()
    texts = [{name: text for name, text in row.items() if text is not None} for row in rows]
    cells = [json.dumps(found, ensure_ascii=False) if found else None for found in texts]
    return table.drop_columns(rest).append_column(OVERFLOW, pa.array(cells, pa.string()))
