"""How Athena shows results: column types, values as text, and the CSV file in S3 that pages are read from.

https://docs.aws.amazon.com/athena/latest/APIReference/API_Datum.html knows text only; numbers look as Java
prints them.
"""

from __future__ import annotations

import math
import mmap
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from laptop.aws.athena.types import Type

Row = Sequence[str | None]
Text = Callable[[Any], str]

_PRECISIONS = {
    "tinyint": 3,
    "smallint": 5,
    "integer": 10,
    "bigint": 19,
    "float": 17,
    "double": 17,
    "varchar": 2147483647,
    "varbinary": 1073741824,
    "time": 3,
    "time with time zone": 3,
    "timestamp": 3,
    "timestamp with time zone": 3,
}
# A field of a record, and the comma or the end of the line after it. Only NULL has no quotes.
_FIELD = re.compile(rb'(?:"([^"]*(?:""[^"]*)*)")?(,|\n)')


def column_info(name: str, kind: Type) -> dict[str, Any]:
    """A column as `ResultSetMetadata.ColumnInfo` describes it."""
    shown = "float" if kind.name == "real" else kind.name
    precision, scale = _PRECISIONS.get(shown, 0), 0
    if shown in ("varchar", "char", "decimal"):
        numbers = cast(tuple[int, ...], kind.args)
        precision, scale = (*numbers, *(precision, 0)[len(numbers) :])
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": shown,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": shown in ("varchar", "char"),
    }


def renderer(kind: Type, scalars: Mapping[str, Text]) -> Text:
    """A function that shows a value of a type, which is not None.

    Args:
        kind: The type.
        scalars: How the engine's values of scalar types become text; others by `str`.
    """
    if kind.name == "array":
        element = _nullable(renderer(kind.args[0], scalars))
        return lambda value: f"[{', '.join(map(element, value))}]"
    if kind.name == "map":
        of_key, of_value = (_nullable(renderer(part, scalars)) for part in kind.args)
        return lambda value: (
            "{" + ", ".join(f"{of_key(key)}={of_value(item)}" for key, item in value.items()) + "}"
        )
    if kind.name == "row":
        fields = [
            (name or f"field{number}", _nullable(renderer(part, scalars)))
            for number, (name, part) in enumerate(kind.args)
        ]
        return lambda value: (
            "{"
            + ", ".join(
                f"{name}={show(item)}"
                for (name, show), item in zip(
                    fields, value.values() if isinstance(value, dict) else value, strict=True
                )
            )
            + "}"
        )
    if kind.name == "timestamp with time zone" and kind.zone != "UTC":
        return zoned_timestamp(kind.zone)
    return scalars.get(kind.name, str)


def _nullable(show: Text) -> Text:
    return lambda value: "null" if value is None else show(value)


def boolean(value: bool) -> str:
    """A boolean as Java prints it."""
    return "true" if value else "false"


def decimal(value: Decimal) -> str:
    """A decimal with all its digits: never an exponent."""
    return format(value, "f")


def timestamp(value: datetime) -> str:
    """A timestamp to the millisecond; one with a time zone is in UTC."""
    shown = f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03}"
    if value.year < 1000:  # strftime pads nothing
        shown = f"{value.year:04}{shown[shown.index('-') :]}"
    return shown if value.tzinfo is None else f"{shown} UTC"


@cache
def time_zone(name: str) -> tzinfo:
    """A time zone by Trino's name for it: `Europe/Berlin`, `+05:30`.

    Raises:
        ValueError: There is none.
    """
    if found := re.fullmatch(r"([+-])(\d\d):(\d\d)", name):
        offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
        if offset > timedelta(hours=14):
            raise ValueError(name)
        return timezone(-offset if found[1] == "-" else offset)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(name) from None


def zoned_timestamp(zone: str) -> Text:
    """A function that shows moments in a time zone."""
    return lambda value: f"{timestamp(value.astimezone(time_zone(zone)).replace(tzinfo=None))} {zone}"


def year_to_month(value: timedelta) -> str:
    """An interval of months, which DuckDB gives as days of 30 a month: `2-3`."""
    months = round(value / timedelta(days=30))
    return f"{'-' if months < 0 else ''}{abs(months) // 12}-{abs(months) % 12}"


def day_to_second(value: timedelta) -> str:
    """An interval of days to seconds: `1 02:03:04.567`."""
    milliseconds = round(value / timedelta(milliseconds=1))
    seconds, part = divmod(abs(milliseconds), 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    return f"{'-' if milliseconds < 0 else ''}{day} {hour:02}:{minute:02}:{second:02}.{part:03}"


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


def scientific_double(value: float, *, single: bool = False) -> str:
    """A double as CAST to varchar shows it: `1.5E0`, `0E0`."""
    if math.isnan(value) or math.isinf(value):
        return java_double(value)
    if value == 0:
        return "-0E0" if math.copysign(1, value) < 0 else "0E0"
    sign, digits, exponent = Decimal(str(np.float32(value)) if single else repr(value)).normalize().as_tuple()
    figures = "".join(map(str, digits))
    assert isinstance(exponent, int)  # noqa: S101 - for mypy: not NaN
    return f"{'-' if sign else ''}{figures[0]}.{figures[1:] or '0'}E{len(figures) + exponent - 1}"


def java_float(value: float) -> str:
    """A real as Java's `Float.toString` prints it."""
    return java_double(value, single=True)


def write_csv(file: Path, batches: Iterable[Iterable[Row]]) -> None:
    """Write a result: each value in double quotes, NULL as nothing. The first row is the header."""
    with file.open("w", encoding="utf-8", newline="") as output:
        for rows in batches:
            output.writelines(
                ",".join("" if value is None else '"' + value.replace('"', '""') + '"' for value in row)
                + "\n"
                for row in rows
            )


def write_lines(file: Path, values: Iterable[str]) -> None:
    """Write what a statement printed: a value a line."""
    file.write_text("".join(f"{value}\n" for value in values), encoding="utf-8")


def read_page(file: Path, start: int, size: int, *, is_csv: bool) -> tuple[list[Row], int | None]:
    """Read some rows of a result.

    Args:
        file: What `write_csv` or `write_lines` wrote.
        start: The byte at which the first of them begins.
        size: How many rows there can be.
        is_csv: Whether `write_csv` wrote it.

    Returns:
        The rows, and the byte at which the next page begins; None if this is the last.

    Raises:
        ValueError: No row begins there.
    """
    length = file.stat().st_size
    if start == length == 0:
        return [], None
    if not 0 <= start < length:
        raise ValueError(f"no row begins at byte {start}")
    with file.open("rb") as content, mmap.mmap(content.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if start and data[start - 1 : start] != b"\n":
            raise ValueError(f"no row begins at byte {start}")
        rows: list[Row] = []
        while len(rows) < size and start < length:
            if not is_csv:
                end = data.find(b"\n", start)
                rows.append([data[start:end].decode()])
                start = end + 1
                continue
            row: list[str | None] = []
            last = b","
            while last == b",":
                field = _FIELD.match(data, start)
                if field is None:
                    raise ValueError(f"no row begins at byte {start}")
                row.append(None if field[1] is None else field[1].decode().replace('""', '"'))
                last, start = field[2], field.end()
            rows.append(row)
    return rows, start if start < length else None
