"""What DuckDB cannot do as Trino does: functions in Python that its queries call.

A call names its function and its types, `"levenshtein_distance: VARCHAR; VARCHAR -> BIGINT"(a, b)`, so that
one function in Python serves many types, and the text of a query says all that `install` has to know.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from inspect import Parameter, Signature
from typing import Any

import duckdb
from duckdb.func import FunctionNullHandling

from laptop.aws.athena.embedded.python import arrays, json_text, numbers, regexps, texts, times
from laptop.aws.athena.embedded.python.failures import FunctionError, UnknownAnswerError

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **arrays.FUNCTIONS,
    **json_text.FUNCTIONS,
    **numbers.FUNCTIONS,
    **regexps.FUNCTIONS,
    **texts.FUNCTIONS,
    **times.FUNCTIONS,
}
MOST_IN_DIGEST = arrays.MOST_IN_DIGEST
_WITH_NULLS = arrays.WITH_NULLS | json_text.WITH_NULLS
"""Functions that are called with NULL, too; the others give NULL for it."""

_NAME = re.compile(r'"(\w+): ([^"]*) -> ([^"]*)"\(')


def call(name: str, arguments: Sequence[tuple[str, str]], returns: str) -> str:
    """A call of a function in Python.

    Args:
        name: The function.
        arguments: Each one's SQL and DuckDB type.
        returns: The DuckDB type of the result.
    """
    assert name in _FUNCTIONS or name == "refuse", name  # noqa: S101 - a row of a table names what is not there
    kinds = "; ".join(kind for _, kind in arguments)
    return f'"{name}: {kinds} -> {returns}"({", ".join(sql for sql, _ in arguments)})'


def install(database: duckdb.DuckDBPyConnection, sql: str, refusals: list[str]) -> None:
    """Give a database the functions that a query calls.

    Args:
        database: The database.
        sql: The query.
        refusals: Gets the reasons for which the query's answer is not known: TRY hides an error of a row, but
            must not hide these.
    """
    for name, arguments, returns in sorted(set(_NAME.findall(sql))):
        function = _refuse if name == "refuse" else _FUNCTIONS[name]
        kinds: list[Any] = [duckdb.type(kind) for kind in arguments.split("; ") if kind]
        database.create_function(
            f"{name}: {arguments} -> {returns}",
            _guarded(name, function, len(kinds), refusals),
            kinds,
            duckdb.type(returns),
            null_handling=FunctionNullHandling.SPECIAL,
        )


def _guarded(name: str, function: Callable[..., Any], count: int, refusals: list[str]) -> Callable[..., Any]:
    strict = name not in _WITH_NULLS

    def guarded(*arguments: Any) -> Any:
        if strict and None in arguments:
            return None
        try:
            found = function(*arguments)
            if _has_nan(found):  # which DuckDB takes for NULL
                raise UnknownAnswerError(f"{name} with NaN")
            return found
        except FunctionError as error:
            raise ValueError(f"ATHENA:{error.code}:{error}:ATHENA") from None
        except UnknownAnswerError as error:
            refusals.append(str(error))
            raise ValueError(f"ATHENA:NOT_SUPPORTED:{error}:ATHENA") from None
        except Exception as error:
            refusals.append(f"{name} of such a value ({error})")
            raise

    # DuckDB counts the parameters.
    places = (Parameter(f"argument{place}", Parameter.POSITIONAL_ONLY) for place in range(count))
    guarded.__signature__ = Signature(list(places))  # type: ignore[attr-defined]
    return guarded


def _has_nan(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_has_nan, value))
    if isinstance(value, dict):
        return any(map(_has_nan, value.values()))
    return isinstance(value, float) and math.isnan(value)


def _refuse(reason: str) -> str:
    raise UnknownAnswerError(reason)
