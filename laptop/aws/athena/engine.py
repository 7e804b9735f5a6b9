"""DuckDB as Athena's engine: a query over the Parquet files of its partitions, read where they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from laptop.aws.athena.results import Row, text
from laptop.aws.athena.sql import Partition, Query, QueryError, Table, duckdb_type

# What a file may hold where the catalog declares another type: more is HIVE_BAD_DATA, as on Athena.
_READABLE_AS = {
    "BIGINT": {"INTEGER", "SMALLINT", "TINYINT"},
    "INTEGER": {"SMALLINT", "TINYINT"},
    "SMALLINT": {"TINYINT"},
    "DOUBLE": {"FLOAT"},
    "TIMESTAMP": {"TIMESTAMP WITH TIME ZONE", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S"},
}

_OWN = "of the engine"
"""The schema of what the engine makes for itself: qualified, so that no CTE of a query takes its place."""

Files = Callable[[str], Sequence[tuple[Path, int]]]


@dataclass(frozen=True)
class Result:
    """A query's result: names and DuckDB types of the columns, rows as text, bytes of the files read."""

    names: Sequence[str]
    types: Sequence[str]
    rows: Sequence[Row]
    bytes_read: int


class LimitError(Exception):
    """The query would read more than its workgroup allows."""


def connect() -> duckdb.DuckDBPyConnection:
    """An empty database in memory that installs nothing and keeps time in UTC."""
    settings: dict[str, Any] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "threads": 2,
    }
    database = duckdb.connect(config=settings)
    database.execute("SET TimeZone = 'UTC'")
    # It takes Parquet's minimum and maximum for all there is, but they leave out NaN.
    database.execute("SET disabled_optimizers = 'statistics_propagation'")
    return database


def run(
    database: duckdb.DuckDBPyConnection,
    query: Query,
    tables: Mapping[tuple[str, str], Table],
    files: Files,
    limit: int | None,
) -> Result:
    """Run a query.

    Args:
        database: From `connect`; another thread may interrupt it.
        query: The query.
        tables: The tables it refers to, by database and name.
        files: Gives the files below an `s3://` location with their sizes in bytes.
        limit: How many bytes it may read.

    Raises:
        LimitError: It would read more.
        QueryError: The query, or the data, are wrong.
        duckdb.InterruptException: It was interrupted.
    """
    read: dict[Path, int] = {}
    views = []
    for table in tables.values():
        found = [(partition, list(files(partition.location))) for partition in query.partitions(table)]
        read |= {path: size for _, listed in found for path, size in listed}
        views.append((table, [(partition, [path for path, _ in listed]) for partition, listed in found]))
    if limit is not None and sum(read.values()) > limit:
        raise LimitError(f"Bytes scanned limit was exceeded: {sum(read.values())} of {limit}")
    # From here on the query can read these files and nothing else.
    database.execute(f"SET allowed_paths = {_list(read)}")
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")
    database.execute(f"CREATE SCHEMA {_name(_OWN)}")
    for number, (table, partitions) in enumerate(views):
        _create_view(database, table, partitions, f"{_name(_OWN)}.partitions_{number}")
    try:
        sql = query.sql()
        if [statement.type for statement in database.extract_statements(sql)] != [
            duckdb.StatementType.SELECT
        ]:
            raise QueryError("NOT_SUPPORTED", f"the local AWS runs one query, and not: {sql}")
        database.execute(sql)
        description = database.description or []
        types = [str(column[1]) for column in description]
        names = [column[0].lower() for column in description]
        rows = [
            [text(value, kind) for value, kind in zip(row, types, strict=True)] for row in database.fetchall()
        ]
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise _translated(error) from None
    return Result(names, types, rows, sum(read.values()))


def _create_view(
    database: duckdb.DuckDBPyConnection,
    table: Table,
    partitions: Sequence[tuple[Partition, Sequence[Path]]],
    listing: str,
) -> None:
    """Make `"database"."table"` the files of some partitions, with the catalog's columns and types."""
    paths = [path for _, files in partitions for path in files]
    columns = {column: duckdb_type(kind) for column, kind in table.columns.items()}
    database.execute(f"CREATE SCHEMA IF NOT EXISTS {_name(table.database)}")
    view = f"CREATE VIEW {_name(table.database)}.{_name(table.name)} AS "
    keys = {key: duckdb_type(kind) for key, kind in table.keys.items()}
    if not paths:
        nulls = (f"CAST(NULL AS {kind}) AS {_name(column)}" for column, kind in (columns | keys).items())
        database.execute(f"{view} SELECT {', '.join(nulls)} WHERE false")
        return
    options = "union_by_name=true, hive_partitioning=false, filename='$path'"
    scan = f"read_parquet({_list(paths)}, {options})"
    try:
        description = database.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()  # noqa: S608 - quoted
    except duckdb.Error as error:
        raise QueryError("HIVE_BAD_DATA", f"{table.database}.{table.name}: {error}") from None
    held = {row[0].lower(): row[1] for row in description}
    select = []
    for column, kind in columns.items():
        declared = str(duckdb.type(kind))
        if column in held and held[column] != declared and held[column] not in _READABLE_AS.get(declared, ()):
            raise QueryError(
                "HIVE_BAD_DATA",
                f"Field {column}'s type {held[column]} in a parquet file of {table.database}.{table.name}"
                f" is incompatible with type {table.columns[column]} defined in table schema",
            )
        value = f"f.{_name(column)}" if column in held else "NULL"
        select.append(f"CAST({value} AS {kind}) AS {_name(column)}")
    for number, (key, kind) in enumerate(keys.items(), 1):
        select.append(f"CAST(p.v[{number}] AS {kind}) AS {_name(key)}")
    listed = [(str(path), list(partition.values)) for partition, files in partitions for path in files]
    database.execute(
        f"CREATE TABLE {listing} AS SELECT unnest($1::VARCHAR[]) AS path, unnest($2::VARCHAR[][]) AS v",
        [[path for path, _ in listed], [values for _, values in listed]],
    )
    source = f"""{scan} f JOIN {listing} p ON f."$path" = p.path"""
    database.execute(f"{view} SELECT {', '.join(select)} FROM {source}")  # noqa: S608 - quoted


def _translated(error: duckdb.Error) -> QueryError:
    """DuckDB's error in Athena's words."""
    message = str(error)
    if found := re.search(r'Referenced column "(.+?)" not found', message):
        return QueryError("COLUMN_NOT_FOUND", f"line 1:1: Column '{found[1]}' cannot be resolved")
    if found := re.search(r"(?:Scalar|Aggregate|Table) Function with name (\S+) does not exist", message):
        reason = f"line 1:1: Function '{found[1]}' not registered (the local AWS has those that DuckDB has)"
        return QueryError("FUNCTION_NOT_FOUND", reason)
    if isinstance(error, duckdb.ConversionException):
        return QueryError("INVALID_CAST_ARGUMENT", message)
    if isinstance(error, duckdb.OutOfRangeException):
        return QueryError("NUMERIC_VALUE_OUT_OF_RANGE", message)
    return QueryError("GENERIC_USER_ERROR", message)


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _list(paths: Iterable[Path]) -> str:
    return "[" + ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths) + "]"
