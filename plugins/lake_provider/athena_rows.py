"""Athena's query results as Python values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.athena import AthenaHook

Row = dict[str, Any]


def _moment(text: str) -> datetime | None:
    """A timestamp; None if its year is not one of Python's, so that no data can break whoever reads rows."""
    try:
        year, rest = text.split("-", 1)
        return datetime.fromisoformat(f"{int(year):04}-{rest}").replace(tzinfo=UTC)
    except ValueError:
        return None


# Athena sends every value as text, with its type beside it. Whatever is not named here stays text.
_FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "tinyint": int,
    "smallint": int,
    "integer": int,
    "bigint": int,
    "float": float,
    "real": float,
    "double": float,
    "boolean": lambda text: text == "true",
    "date": date.fromisoformat,
    "timestamp": _moment,
}


def parse_rows(pages: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    """Turn the pages of GetQueryResults into one dict a row.

    Args:
        pages: Responses in order. The first row of the first page is the header and is left out.

    Yields:
        Column name -> int, float, bool, date, datetime (UTC), str, or None for NULL.
    """
    for number, page in enumerate(pages):
        columns = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
        for row in page["ResultSet"]["Rows"][1 if number == 0 else 0 :]:
            yield {
                column["Name"]: None
                if (text := cell.get("VarCharValue")) is None
                else _FROM_TEXT.get(column["Type"], str)(text)
                for column, cell in zip(columns, row["Data"], strict=True)
            }


def fetch_rows(hook: AthenaHook, query_execution_id: str) -> list[Row]:
    """Every row of a query that has succeeded, however many pages they take."""
    athena: Any = hook.get_conn()
    return list(
        parse_rows(athena.get_paginator("get_query_results").paginate(QueryExecutionId=query_execution_id))
    )
