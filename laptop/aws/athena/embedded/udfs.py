"""What DuckDB cannot do as Trino does: functions in Python that its queries call."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import duckdb

from laptop.aws.athena.results import java_double, java_float


def _upper(value: str) -> str:
    """Java maps each code point by itself: `ß` stays."""
    return "".join(raised if len(raised := character.upper()) == 1 else character for character in value)


def _lower(value: str) -> str:
    return "".join(character.lower()[0] for character in value)


def _fixed(value: float, digits: int) -> str:
    """`%.2f` as Java formats it: it rounds the shortest decimal figures, halves up."""
    if math.isnan(value) or math.isinf(value):
        return java_double(value)
    quantum = Decimal(1).scaleb(-digits)
    return format(Decimal(repr(value)).quantize(quantum, ROUND_HALF_UP), "f")


_FUNCTIONS: dict[str, tuple[Callable[..., Any], list[str], str]] = {
    "athena_double": (lambda value: java_double(value), ["DOUBLE"], "VARCHAR"),
    "athena_real": (java_float, ["FLOAT"], "VARCHAR"),
    "athena_upper": (_upper, ["VARCHAR"], "VARCHAR"),
    "athena_lower": (_lower, ["VARCHAR"], "VARCHAR"),
    "athena_reverse": (lambda value: value[::-1], ["VARCHAR"], "VARCHAR"),
    "athena_fixed": (_fixed, ["DOUBLE", "INTEGER"], "VARCHAR"),
}


def install(database: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Give a database the functions that a query calls."""
    for name, (function, arguments, returns) in _FUNCTIONS.items():
        if f"{name}(" in sql:
            database.create_function(
                name, function, [duckdb.type(kind) for kind in arguments], duckdb.type(returns)
            )
