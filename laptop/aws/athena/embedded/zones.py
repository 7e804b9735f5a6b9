"""Timestamps with a time zone other than UTC.

A value is the moment alone; its zone is part of its type (`Type.zone`), so it has to be known from the query:
a literal's or that of AT TIME ZONE. What would make it depend on the row is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from laptop.aws.athena.embedded import udfs
from laptop.aws.athena.embedded.casts import UnsupportedTypeError, shown_by_clocks
from laptop.aws.athena.embedded.python.failures import FunctionError, UnknownAnswerError
from laptop.aws.athena.embedded.python.times import parsed_iso8601_timestamp
from laptop.aws.athena.embedded.scopes import Value
from laptop.aws.athena.errors import QueryError
from laptop.aws.athena.results import time_zone
from laptop.aws.athena.types import BIGINT, DOUBLE, Type

NAME = "timestamp with time zone"

FUNCTIONS = frozenset({"at_timezone", "timezone_hour", "timezone_minute", "with_timezone"})
"""Functions that are of zones alone."""

SHOWN = frozenset({
    "date", "date_format", "day", "day_of_month", "day_of_week", "day_of_year", "dow", "doy",
    "format_datetime", "hour", "last_day_of_month", "millisecond", "minute", "month", "quarter", "second",
    "week", "week_of_year", "year", "year_of_week", "yow",
})  # fmt: skip
"""Functions of what a clock in the zone shows."""

INDIFFERENT = frozenset({"any_value", "arbitrary", "array_agg", "count", "max", "min", "to_unixtime"})
"""Functions that take a moment in any zone, and keep it where they return one."""


def is_zoned(kind: Type) -> bool:
    """Whether a type is, or has a part that is, of a zone other than UTC."""
    if kind.name == "row":
        return any(is_zoned(part) for _, part in kind.args)
    return kind.zone != "UTC" or any(isinstance(part, Type) and is_zoned(part) for part in kind.args)


def named(zone: str) -> str:
    """Trino's name of a time zone; raises `QueryError` and `UnsupportedTypeError`."""
    if zone in ("UTC", "Z", "+00:00", "-00:00"):
        return "UTC"
    wrong = QueryError("INVALID_FUNCTION_ARGUMENT", f"'{zone}' is not a valid time zone")
    if not re.fullmatch(r"[+-]\d\d:\d\d|[A-Z][A-Za-z_]+(/[A-Z][A-Za-z_]+)+", zone):
        if re.fullmatch(r"[A-Za-z]{1,4}", zone) and zone not in ("EST", "MST", "HST"):
            raise UnsupportedTypeError(f"the time zone {zone!r}")
        raise wrong if zone in ("EST", "MST", "HST") else UnsupportedTypeError(f"the time zone {zone!r}")
    try:
        time_zone(zone)
    except ValueError:
        raise wrong from None
    return zone


def literal(written: str) -> Value | None:
    """`TIMESTAMP '2024-01-01 10:00:00 Europe/Berlin'`; None for one without a zone."""
    found = re.fullmatch(
        r"(\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d(?:\.(\d{1,3}))?)?) ?([A-Za-z].*|[+-]\d\d:\d\d)", written
    )
    if not found:
        return None
    zone, digits = named(found[3]), found[2] or ""
    wrong = QueryError("INVALID_LITERAL", f"'{written}' is not a valid TIMESTAMP literal")
    try:
        text = found[1] + "0" * (3 - len(digits)) if digits else found[1]
        shown = datetime.fromisoformat(text)
    except ValueError:
        raise wrong from None
    moments = {shown.replace(tzinfo=time_zone(zone), fold=fold).astimezone(UTC) for fold in (0, 1)}
    if len(moments) > 1:
        raise UnsupportedTypeError(f"{written!r}, which clocks show twice or never,")
    return _constant(moments.pop(), len(digits), zone)


def _constant(moment: datetime, digits: int, zone: str) -> Value:
    text = f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03}"
    return Value(f"TIMESTAMPTZ '{text}+00'", Type(NAME, (digits,), zone))


def _text(zone: str) -> tuple[str, str]:
    return f"'{zone}'", "VARCHAR"


def _utc(value: Value) -> tuple[str, str]:
    return f"CAST({value.sql} AS TIMESTAMP)", "TIMESTAMP"


def clock(value: Value) -> Value:
    """What a clock in a value's zone shows, as a timestamp."""
    return Value(shown_by_clocks(value.sql, value.kind), Type("timestamp", value.kind.args))


def instant(shown: str, digits: int, zone: str) -> Value:
    """The moment at which a clock in a zone shows a timestamp."""
    kind = Type(NAME, (digits,), zone)
    if zone == "UTC":
        return Value(f"CAST({shown} AS TIMESTAMPTZ)", kind)
    return Value(
        f"CAST({udfs.call('instant', [(shown, 'TIMESTAMP'), _text(zone)], 'TIMESTAMP')} AS TIMESTAMPTZ)", kind
    )


def moment(value: Value) -> Value:
    """A value to compare, for which its zone does not matter."""
    return Value(value.sql, Type(NAME, value.kind.args), value.literal) if value.kind.name == NAME else value


def shown(name: str, values: Sequence[Value]) -> Sequence[Value]:
    """The arguments of a function, as a clock shows them if it is of clocks."""
    if name not in SHOWN:
        return values
    return [clock(value) if value.kind.name == NAME else value for value in values]


_TIMES = ("millisecond", "second", "minute", "hour")


def called(name: str, values: Sequence[Value]) -> Value | None:
    """A call of a function that knows zones; None if it is another one."""
    kinds = [value.kind.name for value in values]
    literals = [value.literal for value in values]
    if name == "from_iso8601_timestamp" and kinds == ["varchar"] and literals[0] is not None:
        try:
            moment, zone = parsed_iso8601_timestamp(literals[0])
        except FunctionError as error:
            raise QueryError(error.code, str(error)) from None
        except UnknownAnswerError as error:
            raise UnsupportedTypeError(str(error)) from None
        return _constant(moment.replace(tzinfo=UTC), 3, zone)
    if name in ("at_timezone", "with_timezone") and len(values) == 2 and kinds[1] == "varchar":
        if literals[1] is None:
            raise UnsupportedTypeError("a time zone that is not a literal")
        zone = named(literals[1])
        if name == "at_timezone" and kinds[0] == NAME:
            return Value(values[0].sql, Type(NAME, values[0].kind.args, zone))
        if name == "with_timezone" and kinds[0] == "timestamp":
            return instant(values[0].sql, values[0].kind.args[0], zone)
        return None
    if name == "from_unixtime" and len(values) == 2 and kinds[1] == "varchar" and literals[1] is not None:
        if kinds[0] not in ("double", "integer", "bigint", "real"):
            return None
        seconds = f"CAST({values[0].sql} AS {'DOUBLE'})"
        return Value(f"to_timestamp(round({seconds} * 1000) / 1000)", Type(NAME, (3,), named(literals[1])))
    if kinds == [NAME]:
        return _of_one(name, values[0])
    if name in ("date_trunc", "date_add", "date_diff") and values[-1].kind.name == NAME and literals[0]:
        return _moved(name, literals[0].lower(), values)
    return None


def _of_one(name: str, value: Value) -> Value | None:
    zone, (digits,) = value.kind.zone, value.kind.args
    if name in ("timezone_hour", "timezone_minute"):
        return Value(udfs.call(name, [_utc(value), _text(zone)], "BIGINT"), BIGINT)
    if name == "to_iso8601":
        kind = Type("varchar", (28 + (digits + 1 if digits else 0),))
        return Value(
            udfs.call("zoned_iso8601", [_utc(value), (str(digits), "INTEGER"), _text(zone)], "VARCHAR"), kind
        )
    if name == "to_unixtime":
        return Value(f"(epoch_ms({value.sql}) / 1000e0)", DOUBLE)
    return None


def _moved(name: str, unit: str, values: Sequence[Value]) -> Value | None:
    value = values[-1]
    if name == "date_trunc":
        if unit == "millisecond" or unit not in (*_TIMES, "day", "week", "month", "quarter", "year"):
            return None
        return instant(f"date_trunc('{unit}', {clock(value).sql})", value.kind.args[0], value.kind.zone)
    if not any(map(is_zoned, (one.kind for one in values))):
        return None
    if name == "date_diff" and unit in _TIMES:
        if any(one.kind.name != NAME for one in values[1:]):
            return None
        size = {"millisecond": 1, "second": 1000, "minute": 60_000, "hour": 3_600_000}[unit]
        start, end = values[1].sql, values[2].sql
        return Value(f"((epoch_ms({end}) - epoch_ms({start})) // {size})", BIGINT)
    if name == "date_add" and unit in _TIMES and value.kind.args[0] >= 3:
        return Value(f"({value.sql} + to_{unit}s({values[1].sql}))", value.kind)
    return None
