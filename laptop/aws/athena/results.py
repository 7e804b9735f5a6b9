"""How Athena shows results: column types, values as text, and the CSV file.

https://docs.aws.amazon.com/athena/latest/APIReference/API_Datum.html knows text only; numbers look as Java
prints them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np

Row = Sequence[str | None]

_SIMPLE = {  # DuckDB's type: Athena's, its precision
    "BOOLEAN": ("boolean", 0),
    "TINYINT": ("tinyint", 3),
    "SMALLINT": ("smallint", 5),
    "INTEGER": ("integer", 10),
    "BIGINT": ("bigint", 19),
    "HUGEINT": ("bigint", 19),  # what DuckDB sums integers to
    "UINTEGER": ("bigint", 19),
    "UBIGINT": ("bigint", 19),
    "FLOAT": ("float", 17),
    "DOUBLE": ("double", 17),
    "DATE": ("date", 0),
    "BLOB": ("varbinary", 1073741824),
    "TIMESTAMP WITH TIME ZONE": ("timestamp with time zone", 3),
}


def column_info(name: str, duckdb_type: str) -> dict[str, Any]:
    """A column as `ResultSetMetadata.ColumnInfo` describes it."""
    kind, precision, scale = "varchar", 2147483647, 0
    if duckdb_type in _SIMPLE:
        kind, precision = _SIMPLE[duckdb_type]
    elif duckdb_type.startswith("TIMESTAMP"):
        kind, precision = "timestamp", 3
    elif found := re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", duckdb_type):
        kind, precision, scale = "decimal", int(found[1]), int(found[2])
    elif duckdb_type.endswith("]"):
        kind, precision = "array", 0
    elif duckdb_type.startswith("MAP"):
        kind, precision = "map", 0
    elif duckdb_type.startswith("STRUCT"):
        kind, precision = "row", 0
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": kind,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": kind == "varchar",
    }


def text(value: Any, duckdb_type: str = "") -> str | None:
    """A value that DuckDB gave as Athena shows it; None stays None."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return java_double(value, single=duckdb_type == "FLOAT")
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        shown = f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03}"
        return shown if value.tzinfo is None else f"{shown} UTC"
    if isinstance(value, list):
        return f"[{', '.join(_nested(item, duckdb_type.removesuffix('[]')) for item in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={_nested(item)}" for key, item in value.items()) + "}"
    if isinstance(value, bytes):
        return value.hex(" ")
    return str(value)


def _nested(value: Any, duckdb_type: str = "") -> str:
    shown = text(value, duckdb_type)
    return "null" if shown is None else shown


def java_double(value: float, *, single: bool = False) -> str:
    """A double (or, if `single`, a float) as Java's `toString` prints it: `1.0E10`, `0.001`, `NaN`."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    shortest = str(np.float32(value)) if single else repr(value)
    sign, digits, exponent = Decimal(shortest).normalize().as_tuple()
    figures = "".join(map(str, digits))
    assert isinstance(exponent, int)  # noqa: S101 - for mypy: not NaN
    point = len(figures) + exponent  # where the decimal point is, counted from the first figure
    minus = "-" if sign else ""
    if value == 0:
        return "-0.0" if math.copysign(1, value) < 0 else "0.0"
    if 1e-3 <= abs(value) < 1e7:
        if point <= 0:
            return f"{minus}0.{'0' * -point}{figures}"
        whole = figures[:point].ljust(point, "0")
        return f"{minus}{whole}.{figures[point:] or '0'}"
    return f"{minus}{figures[0]}.{figures[1:] or '0'}E{point - 1}"


def csv(header: Sequence[str], rows: Iterable[Row]) -> str:
    """The result file: everything in double quotes, NULL as nothing."""
    quoted = ('"' + value.replace('"', '""') + '"' if value is not None else "" for value in header)
    lines = [",".join(quoted)]
    for row in rows:
        lines.append(",".join("" if value is None else '"' + value.replace('"', '""') + '"' for value in row))
    return "\n".join(lines) + "\n"
