"""`make sql`: one query on the local Athena, its answer as a table or as CSV."""

from __future__ import annotations

import csv
import sys
import time
import unicodedata
from collections.abc import Sequence
from typing import Any, Literal

import boto3

from include.crypto_lake.layout import DATABASE, WORKGROUP

Cell = str | None
Format = Literal["table", "csv"]


class QueryError(Exception):
    """Athena refused the query, or it failed; the message is Athena's."""


def ask(query: str, shown_as: Format) -> None:
    """Run a query in the lake's workgroup and print its rows; what it read goes to stderr.

    Raises:
        QueryError: with Athena's reason.
    """
    athena = boto3.client("athena")
    try:
        query_id = athena.start_query_execution(
            QueryString=query, QueryExecutionContext={"Database": DATABASE}, WorkGroup=WORKGROUP
        )["QueryExecutionId"]
    except athena.exceptions.InvalidRequestException as error:
        raise QueryError(error.response["Error"]["Message"]) from None
    while True:
        execution = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
        status = execution["Status"]
        if status["State"] not in {"QUEUED", "RUNNING"}:
            break
        time.sleep(0.05)
    if status["State"] != "SUCCEEDED":
        raise QueryError(status.get("StateChangeReason", status["State"]))
    pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=query_id)
    columns, rows = _result(pages, has_header=execution["StatementType"] == "DML")
    if shown_as == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(name for name, _ in columns)
        writer.writerows(rows)
    else:
        print_table(columns, rows)
    statistics = execution["Statistics"]
    print(
        f"{len(rows):,} row{'' if len(rows) == 1 else 's'},"
        f" {statistics.get('DataScannedInBytes', 0):,} bytes scanned,"
        f" {statistics.get('TotalExecutionTimeInMillis', 0) / 1000:.2f} s",
        file=sys.stderr,
    )


def print_table(columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Cell]]) -> None:
    """Print rows below their columns' names; numbers to the right, NULL as nothing."""
    texts = [[cell or "" for cell in row] for row in rows]
    widths = [
        max([_width(name), *(_width(row[number]) for row in texts)])
        for number, (name, _) in enumerate(columns)
    ]
    is_number = [kind.startswith(_NUMBERS) for _, kind in columns]

    def line(cells: Sequence[str]) -> str:
        padded = []
        for cell, width, right in zip(cells, widths, is_number, strict=True):
            space = " " * (width - _width(cell))
            padded.append(space + cell if right else cell + space)
        return "  ".join(padded).rstrip()

    print(line([name for name, _ in columns]))
    print("  ".join("─" * width for width in widths))
    for row in texts:
        print(line(row))


_NUMBERS = ("tinyint", "smallint", "integer", "int", "bigint", "float", "real", "double", "decimal")


def _result(pages: Any, *, has_header: bool) -> tuple[list[tuple[str, str]], list[list[Cell]]]:
    columns: list[tuple[str, str]] = []
    rows: list[list[Cell]] = []
    for number, page in enumerate(pages):
        result = page["ResultSet"]
        columns = [(column["Name"], column["Type"]) for column in result["ResultSetMetadata"]["ColumnInfo"]]
        skipped = 1 if has_header and number == 0 else 0
        rows += [[cell.get("VarCharValue") for cell in row["Data"]] for row in result["Rows"][skipped:]]
    return columns, rows


def _width(text: str) -> int:
    """Columns of a terminal that a text takes."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )
