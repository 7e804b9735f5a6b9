"""The small tables that the cases are about."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

DATABASE = "cases"
PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
}
_NUMBERS = {
    "k": (pa.int64(), "bigint", [1, 2, 3, 4, 5, 6]),
    "i": (pa.int32(), "int", [7, -7, 0, None, 2147483647, -2147483648]),
    "b": (pa.int64(), "bigint", [10, None, -3, 0, 9223372036854775807, -9223372036854775808]),
    "x": (pa.float64(), "double", [1.5, float("nan"), float("inf"), float("-inf"), -0.0, None]),
    "y": (pa.float64(), "double", [2.5, -2.5, 1e10, 1e-5, 0.1, 123456789.125]),
    "d": (
        pa.decimal128(10, 2),
        "decimal(10,2)",
        [Decimal(n) if n else None for n in ("1.10", "2.25", "-2.25", None, "99999999.99", "0.00")],
    ),
    "s": (pa.string(), "string", ["abc", "", "Straße 😀", None, " 42 ", "a,b,,c"]),
    "t": (pa.bool_(), "boolean", [True, False, None, True, False, None]),
}
_EVENTS = {
    "coin": (pa.string(), "string", ["bitcoin", "ethereum", "café", "bitcoin"]),
    "price": (pa.float64(), "double", [100.0, 20.5, None, 110.0]),
    "rank": (pa.int32(), "int", [1, 2, None, 1]),
    "at": (
        pa.timestamp("us"),
        "timestamp",
        [
            dt.datetime(2024, 2, 29, 23, 59, 59, 999499),  # noqa: DTZ001 - Hive's timestamp has no zone
            dt.datetime(1969, 12, 31, 23, 59, 58, 1500),  # noqa: DTZ001
            None,
            dt.datetime(2026, 1, 31, 2, 0, 3, 456789),  # noqa: DTZ001
        ],
    ),
    "tags": (pa.list_(pa.string()), "array<string>", [["stale", "x"], [], None, ["x", None]]),
    "quotes": (
        pa.map_(pa.string(), pa.float64()),
        "map<string,double>",
        [[("usd", 100.0), ("eur", 92.0)], [], None, [("usd", 110.0)]],
    ),
    "about": (
        pa.struct([("year", pa.int64()), ("site", pa.string())]),
        "struct<year:bigint,site:string>",
        [
            {"year": 2009, "site": "a.org"},
            {"year": 2015, "site": None},
            None,
            {"year": 2009, "site": "a.org"},
        ],
    ),
}
_DAYS = {"2024-02-28": [0, 1], "2024-02-29": [2, 3]}


@dataclass(frozen=True)
class Described:
    """A table: its columns with Arrow's type, Hive's, and the values; its keys; the rows of each folder."""

    columns: dict[str, Any]
    keys: dict[str, str]
    folders: dict[str, Sequence[int]]


TABLES = {
    "numbers": Described(_NUMBERS, {}, {"numbers": range(6)}),
    "events": Described(_EVENTS, {"dt": "date"}, {f"events/dt={day}": rows for day, rows in _DAYS.items()}),
}


def files() -> dict[str, bytes]:
    """The Parquet files of all tables, by their keys."""
    return {
        f"{folder}/a.parquet": _parquet(table.columns, rows)
        for table in TABLES.values()
        for folder, rows in table.folders.items()
    }


def make(s3: Any, glue: Any, bucket: str) -> None:
    """Put the tables into a bucket, which is made, and into the catalog.

    Args:
        s3: A boto3 client.
        glue: A boto3 client.
        bucket: Its name.
    """
    s3.create_bucket(Bucket=bucket)
    glue.create_database(DatabaseInput={"Name": DATABASE, "LocationUri": f"s3://{bucket}/database/"})
    for key, content in files().items():
        s3.put_object(Bucket=bucket, Key=key, Body=content)
    for name, table in TABLES.items():
        keys = [{"Name": key, "Type": kind} for key, kind in table.keys.items()]
        _table(glue, bucket, name, table.columns, keys)
        for folder in table.folders if keys else ():
            descriptor = {
                "Columns": _columns(table.columns),
                "Location": f"s3://{bucket}/{folder}/",
                **PARQUET,
            }
            partition = {"Values": [folder.partition("=")[2]], "StorageDescriptor": descriptor}
            glue.create_partition(DatabaseName=DATABASE, TableName=name, PartitionInput=partition)


def _parquet(columns: dict[str, Any], rows: Sequence[int]) -> bytes:
    content = io.BytesIO()
    arrays = {
        name: pa.array([values[row] for row in rows], kind) for name, (kind, _, values) in columns.items()
    }
    pq.write_table(pa.table(arrays), content)
    return content.getvalue()


def _columns(columns: dict[str, Any]) -> list[dict[str, str]]:
    return [{"Name": name, "Type": kind} for name, (_, kind, _) in columns.items()]


def _table(glue: Any, bucket: str, name: str, columns: dict[str, Any], keys: list[dict[str, str]]) -> None:
    descriptor = {"Columns": _columns(columns), "Location": f"s3://{bucket}/{name}/", **PARQUET}
    glue.create_table(
        DatabaseName=DATABASE,
        TableInput={
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet"},
            "PartitionKeys": keys,
            "StorageDescriptor": descriptor,
        },
    )
