"""DuckDB as Athena's engine: a query over the Parquet files of its partitions, read where they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from laptop.aws.athena import results
from laptop.aws.athena.catalog import Catalog, File, Table
from laptop.aws.athena.embedded import dialect, udfs
from laptop.aws.athena.embedded.casts import FAILURE, UnsupportedTypeError, duckdb_type
from laptop.aws.athena.embedded.queries import Queries
from laptop.aws.athena.embedded.scopes import Scan
from laptop.aws.athena.errors import InterruptedQueryError, LimitError, QueryError
from laptop.aws.athena.partition_projection import Partition
from laptop.aws.athena.results import Row, Text
from laptop.aws.athena.text import without_comments
from laptop.aws.athena.types import Type

# What a file may hold where the catalog declares another type: more is HIVE_BAD_DATA, as on Athena.
_READABLE_AS = {
    "BIGINT": {"INTEGER", "SMALLINT", "TINYINT"},
    "INTEGER": {"SMALLINT", "TINYINT"},
    "SMALLINT": {"TINYINT"},
    "DOUBLE": {"FLOAT"},
    "TIMESTAMP": {"TIMESTAMP WITH TIME ZONE", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S"},
}
_OVERFLOW = re.compile(
    r"Overflow|out of range for|of range of|[Vv]alue out of range|is out of range!|Cannot negate"
)
_BATCH = 10_000  # rows
_SCALARS: Mapping[str, Text] = {
    "boolean": results.boolean,
    "decimal": results.decimal,
    "double": results.java_double,
    "real": results.java_float,
    "timestamp": results.timestamp,
    "timestamp with time zone": results.timestamp,
    "interval day to second": results.day_to_second,
    "interval year to month": results.year_to_month,
    "varbinary": lambda value: value.hex(" "),
}


class EmbeddedEngine:
    """Runs each query in a database of its own."""

    def query(
        self, sql: str, parameters: Sequence[str], catalog: Catalog, limit: int | None
    ) -> EmbeddedQuery:
        """Parse a query."""
        return EmbeddedQuery(sql, parameters, catalog, limit)


class EmbeddedQuery:
    """One query."""

    def __init__(self, sql: str, parameters: Sequence[str], catalog: Catalog, limit: int | None):
        self.bytes_read = 0
        self._sql = without_comments(sql)
        self._refusal: QueryError | None = None
        try:
            self._tree = dialect.parse(self._sql, parameters)
        except QueryError as error:  # it starts, and fails
            self._refusal = error
        self._catalog = catalog
        self._limit = limit
        self._database = connect()
        self._kinds: Sequence[Type] = ()
        self._refusals: list[str] = []  # why the answer is not known, found while the query runs

    def start(self) -> Sequence[tuple[str, Type]]:
        """Translate the query, make its tables, and run it."""
        if self._refusal:
            raise self._refusal
        queries = Queries(self._sql, self._catalog.table)
        plan = queries.translated(self._tree)
        udfs.install(self._database, plan.sql, self._refusals)
        self._scan(queries.scans)
        try:
            statements = self._database.extract_statements(plan.sql)
            if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
                raise QueryError("NOT_SUPPORTED", f"The embedded engine runs one query, and not: {plan.sql}")
            self._database.execute(plan.sql)
        except duckdb.Error as error:
            self._refuse()
            raise _translated(error) from None
        self._kinds = [column.kind for column in plan.columns]
        return [(column.name, column.kind) for column in plan.columns]

    def batches(self) -> Iterator[Sequence[Row]]:
        """Give the rows as DuckDB makes them."""
        shown = [results.renderer(kind, _SCALARS) for kind in self._kinds]
        while True:
            try:
                rows = self._database.fetchmany(_BATCH)
            except duckdb.Error as error:
                self._refuse()
                raise _translated(error) from None
            self._refuse()
            if not rows:
                return
            yield [
                [None if value is None else show(value) for value, show in zip(row, shown, strict=True)]
                for row in rows
            ]

    def interrupt(self) -> None:
        """Interrupt DuckDB."""
        self._database.interrupt()

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _refuse(self) -> None:
        """Fail if a value met while the query ran is one of which Trino's answer is not known."""
        if self._refusals:
            raise dialect.not_supported(self._refusals[0])

    def _scan(self, scans: Sequence[Scan]) -> None:
        """Make a view of each scan's files; from then on the query can read these and nothing else."""
        found: list[list[tuple[Partition, list[File]]]] = [
            [
                (partition, self._catalog.files(partition.location))
                for partition in matching(scan.table, scan.conditions)
            ]
            for scan in scans
        ]
        read = {file.path: file.size for listed in found for _, files in listed for file in files}
        self.bytes_read = sum(read.values())
        if self._limit is not None and self.bytes_read > self._limit:
            raise LimitError(f"Bytes scanned limit was exceeded: {self.bytes_read} of {self._limit}")
        self._database.execute(f"SET allowed_paths = {_list(read)}")
        self._database.execute("SET enable_external_access = false")
        self._database.execute("SET lock_configuration = true")
        for number, (scan, listed) in enumerate(zip(scans, found, strict=True)):
            _create_view(self._database, scan.table, listed, number)


def connect() -> duckdb.DuckDBPyConnection:
    """An empty database in memory that installs nothing and keeps time in UTC."""
    settings: dict[str, Any] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "threads": 2,
    }
    database = duckdb.connect(config=settings)
    database.execute("SET TimeZone = 'UTC'")
    # One takes Parquet's minimum and maximum for all there is, but they leave out NaN. The other evaluates
    # constants in branches that no row takes, where a function may refuse them.
    database.execute("SET disabled_optimizers = 'statistics_propagation,expression_rewriter'")
    return database


def matching(table: Table, conditions: Sequence[str]) -> Sequence[Partition]:
    """The partitions of a table for which all conditions on its keys hold."""
    if not table.keys or not conditions:
        return table.partitions
    typed = ", ".join(
        f'CAST(v[{number}] AS {duckdb_type(kind)}) AS "{key}"'
        for number, (key, kind) in enumerate(table.keys.items(), 1)
    )
    values = [list(partition.values) for partition in table.partitions]
    refusals: list[str] = []  # the query itself meets them again
    with connect() as database:
        udfs.install(database, " ".join(conditions), refusals)
        database.execute(
            "CREATE TABLE listed AS SELECT unnest(range(len($1))) AS i, unnest($1::VARCHAR[][]) AS v",
            [values],
        )
        listed = f"(SELECT i, {typed} FROM listed)"  # noqa: S608 - the catalog's own names
        try:
            where = " AND ".join(f"({condition})" for condition in conditions)
            found = database.execute(f"SELECT i FROM {listed} WHERE {where} ORDER BY i")  # noqa: S608
            rows = found.fetchall()
            return table.partitions if refusals else [table.partitions[row[0]] for row in rows]
        except duckdb.ConversionException as error:
            if FAILURE.search(str(error)):
                return table.partitions
            message = f"{table.database}.{table.name}: {error}"
            raise QueryError("HIVE_INVALID_PARTITION_VALUE", message) from None
        except duckdb.Error:  # the query itself will say what is wrong
            return table.partitions


def _create_view(
    database: duckdb.DuckDBPyConnection,
    table: Table,
    partitions: Sequence[tuple[Partition, Sequence[File]]],
    number: int,
) -> None:
    """Make `scan_N` the files of some partitions: the catalog's columns as c0, c1, …, then $path."""
    kinds = {**table.columns, **table.keys}
    types = {column: _stored_type(table, column, kind) for column, kind in kinds.items()}
    files = [(file, partition) for partition, listed in partitions for file in listed]
    if not files:
        nulls = [
            f"CAST(NULL AS {kind}) AS c{place}" for place, kind in enumerate([*types.values(), "VARCHAR"])
        ]
        database.execute(f"CREATE VIEW scan_{number} AS SELECT {', '.join(nulls)} WHERE false")
        return
    options = "union_by_name=true, hive_partitioning=false, filename='$path'"
    scan = f"read_parquet({_list(file.path for file, _ in files)}, {options})"
    try:
        description = database.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()  # noqa: S608 - quoted
    except duckdb.Error as error:
        raise QueryError("HIVE_BAD_DATA", f"{table.database}.{table.name}: {error}") from None
    held = {row[0].lower(): row[1] for row in description}
    select = []
    for place, column in enumerate(table.columns):
        kind = types[column]
        declared = str(duckdb.type(kind))
        if column in held and not _can_hold(held[column], declared):
            raise QueryError(
                "HIVE_BAD_DATA",
                f"Field {column}'s type {held[column]} in a parquet file of {table.database}.{table.name}"
                f" is incompatible with type {table.columns[column]} defined in table schema",
            )
        value = _read(f"f.{_name(column)}", table.columns[column]) if column in held else "NULL"
        select.append(f"CAST({value} AS {kind}) AS c{place}")
    for place, key in enumerate(table.keys):
        select.append(f"CAST(p.v[{place + 1}] AS {types[key]}) AS c{len(table.columns) + place}")
    select.append(f"p.address AS c{len(kinds)}")
    database.execute(
        f"CREATE TABLE partitions_{number} AS SELECT unnest($1::VARCHAR[]) AS path,"
        " unnest($2::VARCHAR[]) AS address, unnest($3::VARCHAR[][]) AS v",
        [
            [str(file.path) for file, _ in files],
            [file.address for file, _ in files],
            [list(partition.values) for _, partition in files],
        ],
    )
    source = f"""{scan} f JOIN partitions_{number} p ON f."$path" = p.path"""
    database.execute(f"CREATE VIEW scan_{number} AS SELECT {', '.join(select)} FROM {source}")  # noqa: S608 - quoted


def _read(sql: str, kind: Type) -> str:
    """A value of a file: timestamps to the millisecond, as Athena keeps them, and rows by their places."""
    if kind.name == "timestamp":
        return f"date_trunc('millisecond', CAST({sql} AS TIMESTAMP) + INTERVAL 500 MICROSECONDS)"
    if kind.name == "array" and _is_converted(kind):
        return f"list_transform({sql}, lambda e: {_read('e', kind.args[0])})"
    if kind.name == "row":
        fields = (
            f"f{place} := {_read(f'struct_extract({sql}, {_text(name)})', part)}"
            for place, (name, part) in enumerate(kind.args)
        )
        return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({', '.join(fields)}) END"
    return sql


def _is_converted(kind: Type) -> bool:
    return kind.name in ("timestamp", "row") or (kind.name == "array" and _is_converted(kind.args[0]))


def _stored_type(table: Table, column: str, kind: Type) -> str:
    try:
        return duckdb_type(kind)
    except UnsupportedTypeError as error:
        raise QueryError(
            "NOT_SUPPORTED",
            f"Column {column} of {table.database}.{table.name}: {error} is not supported. {dialect.REMEDY}",
        ) from None


def _can_hold(held: str, declared: str) -> bool:
    if held == declared or held in _READABLE_AS.get(declared, ()):
        return True
    # Rows have names in a file, and places here.
    bare = [re.sub(r'(\(|, )("[^"]*"|\w+) (?=[A-Z])', r"\1", kind) for kind in (held, declared)]
    return "STRUCT" in held and bare[0] == bare[1]


def _translated(error: duckdb.Error) -> Exception:
    """DuckDB's error in Athena's words."""
    message = str(error)
    if isinstance(error, duckdb.InterruptException):
        return InterruptedQueryError()
    if found := FAILURE.search(message):
        return QueryError(found[1], found[2])
    if "Division by zero" in message:
        return QueryError("DIVISION_BY_ZERO", "Division by zero")
    if "More than one row returned by a subquery" in message:
        return QueryError("SUBQUERY_MULTIPLE_ROWS", "Scalar sub-query has returned multiple rows")
    if "Map keys must be unique" in message:
        return QueryError("INVALID_FUNCTION_ARGUMENT", "Duplicate map keys are not allowed")
    if "Map keys can not be NULL" in message:
        return QueryError("INVALID_FUNCTION_ARGUMENT", "map key cannot be null")
    if "to type DECIMAL" in message or ("Type DOUBLE" in message and "type INT64" in message):
        return QueryError("INVALID_CAST_ARGUMENT", message)
    if _OVERFLOW.search(message):
        return QueryError("NUMERIC_VALUE_OUT_OF_RANGE", message)
    if isinstance(error, duckdb.ConversionException):
        return QueryError("INVALID_CAST_ARGUMENT", message)
    # What DuckDB refuses for another reason says nothing about what Trino answers.
    return dialect.not_supported(f"what DuckDB cannot do ({message.splitlines()[0]})")


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _list(paths: Iterable[Path]) -> str:
    return "[" + ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths) + "]"
