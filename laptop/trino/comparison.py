"""Answers in a form that can be written down, and whether two are the same."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, cast

from laptop.aws.athena import results
from laptop.aws.athena.catalog import Catalog, File, Table
from laptop.aws.athena.engine import Engine
from laptop.aws.athena.errors import QueryError
from laptop.aws.athena.partition_projection import Partition
from laptop.aws.athena.types import hive_type
from laptop.aws.iam.authorization import ANYBODY
from laptop.trino import tables

Answer = dict[str, Any]
"""`columns`, pairs of name and type, and `rows`; or an `error`'s name, and its `message`."""


_ERRORS_OF_VALUES = {
    "DIVISION_BY_ZERO",
    "INVALID_CAST_ARGUMENT",
    "INVALID_FUNCTION_ARGUMENT",
    "NUMERIC_VALUE_OUT_OF_RANGE",
}


class FileCatalog(Catalog):
    """The tables of the cases as files in a directory, for an engine that reads files itself.

    Args:
        directory: Where they are written; it is empty. None: the engine has a catalog of its own.
    """

    def __init__(self, directory: Path | None = None):
        super().__init__(cast(Any, None), ANYBODY, tables.DATABASE)
        self._directory = directory
        for name, content in tables.files().items() if directory else ():
            file = cast(Path, directory) / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)

    def table(self, catalog: str, database: str, name: str, place: str) -> Table:  # noqa: ARG002 - an override
        """A table of the cases."""
        found = tables.TABLES.get(name.lower())
        if found is None:
            raise QueryError("TABLE_NOT_FOUND", f"{place}: Table '{name}' does not exist")
        kinds = {column: hive_type(kind) for column, (_, kind, _) in found.columns.items()}
        keys = {column: hive_type(kind) for column, kind in found.keys.items()}
        partitions = [
            Partition(folder, (folder.partition("=")[2],) if keys else ()) for folder in found.folders
        ]
        return Table(tables.DATABASE, name.lower(), kinds, keys, partitions)

    def files(self, location: str) -> list[File]:
        """The one file of a partition."""
        path = cast(Path, self._directory) / location / "a.parquet"
        return [File(f"s3://cases/{location}/a.parquet", path, path.stat().st_size)]


def answer(engine: Engine, sql: str, catalog: Catalog) -> Answer:
    """What an engine answers; rows without an order are sorted."""
    query = engine.query(sql, (), catalog, None)
    try:
        columns = query.start()
        rows = [list(row) for batch in query.batches() for row in batch]
    except QueryError as error:
        return {"error": error.code, "message": str(error)}
    finally:
        query.close()
    if "ORDER BY" not in sql.upper():
        rows.sort(key=sort_key)
    infos = [results.column_info(*column) for column in columns]
    return {"columns": [[info["Name"].lower(), described(info)] for info in infos], "rows": rows}


def without_message(given: Answer) -> Answer:
    """An answer as it is written down: of an error, its name."""
    return {key: value for key, value in given.items() if key != "message"}


def sort_key(row: list[str | None]) -> list[tuple[bool, str]]:
    """The order in which rows without an order are compared."""
    return [(value is None, value or "") for value in row]


def described(info: dict[str, Any]) -> str:
    """A column's type in the metadata in short: `varchar(3)`, `decimal(10,2)`, `array`."""
    kind = info["Type"]
    if kind == "decimal":
        return f"{kind}({info['Precision']},{info['Scale']})"
    return f"{kind}({info['Precision']})" if kind in ("varchar", "char") else str(kind)


def is_answer(given: Answer, wanted: Answer) -> bool:
    """Whether an answer is the wanted one: the error, or columns and rows, but for a double's last digits."""
    if "error" in given or "error" in wanted:
        return given.get("error") == wanted.get("error")
    kinds = [kind for _, kind in wanted["columns"]]
    return (
        given["columns"] == wanted["columns"]
        and len(given["rows"]) == len(wanted["rows"])
        and all(
            all(map(_is_same, row, other, kinds))
            for row, other in zip(given["rows"], wanted["rows"], strict=True)
        )
    )


def is_alike(given: Answer, wanted: Answer) -> bool:
    """Whether two engines answer a generated query alike, or at least one of them refuses it.

    Where several values fail, an engine reports the one that it meets first: another error is alike, too.
    """
    errors = {given.get("error"), wanted.get("error")}
    return "NOT_SUPPORTED" in errors or errors <= _ERRORS_OF_VALUES or is_answer(given, wanted)


def _is_same(given: str | None, wanted: str | None, kind: str) -> bool:
    if given == wanted or given is None or wanted is None or kind not in ("double", "float"):
        return given == wanted
    return math.isclose(float(given), float(wanted), rel_tol=1e-9)
