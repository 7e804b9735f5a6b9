"""What runs queries: DuckDB, which is part of the server, or a Trino that somebody started."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from laptop.aws.athena.catalog import Catalog
from laptop.aws.athena.embedded.engine import EmbeddedEngine
from laptop.aws.athena.results import Row
from laptop.aws.athena.trino_engine import TrinoEngine
from laptop.aws.athena.types import Type


class Query(Protocol):
    """One query on its way. Another thread may interrupt it at any time."""

    bytes_read: int

    def start(self) -> Sequence[tuple[str, Type]]:
        """Begin, and return the names and types of the result's columns.

        Raises:
            QueryError: The query, or the data, are wrong.
            NotAuthorizedError: The caller may not read what it names.
            LimitError: It would read more than its workgroup allows.
            InterruptedQueryError: It was interrupted.
        """

    def batches(self) -> Iterable[Sequence[Row]]:
        """Give the rows as text, some at a time; raises as `start` does."""

    def interrupt(self) -> None:
        """Make the query end early."""

    def close(self) -> None:
        """Give back what it holds."""


class Engine(Protocol):
    """Makes queries."""

    def query(self, sql: str, parameters: Sequence[str], catalog: Catalog, limit: int | None) -> Query:
        """Prepare a query without running it.

        Args:
            sql: One statement that is no DDL.
            parameters: SQL expressions for its `?`.
            catalog: What its caller may see.
            limit: How many bytes it may read.

        Raises:
            MalformedQueryError: It is not SQL.
        """


def chosen(setting: str) -> Engine:
    """The engine that ATHENA_ENGINE asks for.

    Args:
        setting: Empty or `duckdb` for the embedded engine, or a Trino's URL.

    Raises:
        ValueError: It is neither.
    """
    if setting in ("", "duckdb"):
        return EmbeddedEngine()
    if setting.startswith(("http://", "https://")):
        return TrinoEngine(setting)
    raise ValueError(
        f"ATHENA_ENGINE is not an engine: {setting!r}. Set it to duckdb, or to the URL of a Trino"
        " (http://127.0.0.1:8080)."
    )
