"""Trino's types in DuckDB, and how a value of one becomes a value of another."""

from __future__ import annotations

import re

from laptop.aws.athena.embedded import udfs
from laptop.aws.athena.embedded.signatures import UnsupportedTypeError as UnsupportedTypeError
from laptop.aws.athena.embedded.signatures import can_coerce
from laptop.aws.athena.types import UNKNOWN, Type

FAILURE = re.compile(r"ATHENA:([A-Z_]+):(.*?):ATHENA", re.DOTALL)
"""What `failing` puts into DuckDB's message: code and reason."""

INTEGERS = ("tinyint", "smallint", "integer", "bigint")
FLOATS = ("real", "double")
DUCKDB_TYPES = {
    "unknown": "INTEGER",
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "double": "DOUBLE",
    "varchar": "VARCHAR",
    "varbinary": "BLOB",
    "json": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMPTZ",
    "interval day to second": "INTERVAL",
    "interval year to month": "INTERVAL",
}
_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
_NAMES = {"integer": "INT"}  # in the messages of failed casts


def duckdb_type(kind: Type) -> str:
    """The type in which DuckDB holds a type's values; raises `UnsupportedTypeError`."""
    if kind.name == "decimal":
        return f"DECIMAL({kind.args[0]},{kind.args[1]})"
    if kind.name == "array":
        return f"{duckdb_type(kind.args[0])}[]"
    if kind.name == "map":
        return f"MAP({duckdb_type(kind.args[0])}, {duckdb_type(kind.args[1])})"
    if kind.name == "row":
        fields = (f"f{number} {duckdb_type(part)}" for number, (_, part) in enumerate(kind.args))
        return f"STRUCT({', '.join(fields)})"
    if kind.name not in DUCKDB_TYPES or (kind.name.startswith("timestamp") and kind.args[0] > 3):
        raise UnsupportedTypeError(f"the type {kind}")
    return DUCKDB_TYPES[kind.name]


def failing(code: str, message: str, kind: str) -> str:
    """An expression of a DuckDB type that fails when it is evaluated.

    Unlike DuckDB's `error`, a failing cast can stand within TRY.

    Args:
        code: Trino's error name.
        message: An SQL expression of the message.
        kind: The expression's DuckDB type.
    """
    return f"CAST('ATHENA:{code}:' || {message} || ':ATHENA' AS {kind if kind != 'VARCHAR' else 'INTEGER'})"


def _failing_text(code: str, message: str) -> str:
    """As `failing`, of type VARCHAR."""
    return f"CAST({failing(code, message, 'INTEGER')} AS VARCHAR)"


def fail(code: str, message: str, kind: str) -> str:
    """As `failing`, of any type."""
    if kind == "VARCHAR":
        return _failing_text(code, message)
    simple = kind in ("BOOLEAN", "INTEGER", "BIGINT", "DOUBLE", "DATE", "TIMESTAMP")
    if simple:
        return failing(code, message, kind)
    return f"CASE WHEN {failing(code, message, 'BOOLEAN')} THEN CAST(NULL AS {kind}) END"


def refuse(reason: str, kind: str) -> str:
    """An expression that, when it is evaluated, has the query refused: what Trino answers is not known.

    Args:
        reason: An SQL expression of what is not known.
        kind: The expression's DuckDB type.
    """
    return f"CAST({udfs.call('refuse', [(reason, 'VARCHAR')], 'VARCHAR')} AS {kind})"


def coerced(sql: str, kind: Type, wanted: Type) -> str:
    """An expression of one type as another that it can be coerced to."""
    if kind == wanted or (kind != UNKNOWN and duckdb_type(kind) == duckdb_type(wanted)):
        return sql
    if kind.name == "array" and wanted.name == "array" and kind.args[0] != UNKNOWN:
        return f"list_transform({sql}, lambda e: {coerced('e', kind.args[0], wanted.args[0])})"
    if kind.name == "row" and wanted.name == "row":
        fields = ", ".join(
            f"f{number} := {coerced(f'struct_extract_at({sql}, {number + 1})', part[1], other[1])}"
            for number, (part, other) in enumerate(zip(kind.args, wanted.args, strict=True))
        )
        return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({fields}) END"
    return f"CAST({sql} AS {duckdb_type(wanted)})"


def cast(sql: str, kind: Type, wanted: Type) -> str:
    """An expression as CAST makes it; raises `UnsupportedTypeError` where that is not known.

    Args:
        sql: The expression.
        kind: Its type.
        wanted: The type to make of it.
    """
    to = duckdb_type(wanted)
    if "json" in (kind.name, wanted.name) and kind not in (wanted, UNKNOWN):
        return _json(sql, kind, wanted)
    if kind in (wanted, UNKNOWN):
        return sql if kind == wanted else f"CAST({sql} AS {to})"
    if wanted.name == "varchar":
        return _to_varchar(sql, kind, wanted)
    if wanted.name == "decimal" and kind.name in ("double", "varchar"):
        sizes = [(str(size), "INTEGER") for size in wanted.args]
        return udfs.call(f"decimal_of_{kind.name}", [(sql, duckdb_type(kind)), *sizes], to)
    if kind.name == "varchar":
        return _from_varchar(sql, wanted, to)
    if wanted.name in INTEGERS:
        if kind.name in INTEGERS:
            return f"CAST({sql} AS {to})"
        if kind.name == "boolean":
            return f"CAST({sql} AS {to})"
        if kind.name == "decimal":
            return f"CAST(round({sql}, 0) AS {to})"
        if kind.name in FLOATS:  # Java rounds halves up, DuckDB away from zero
            value = f"CAST({sql} AS DOUBLE)"
            rounded = f"CASE WHEN {value} >= 0 THEN round({value}) ELSE -round(-{value}) END"
            bad = f"isnan({value}) OR isinf({value})"
            shown = udfs.call("double", [(value, "DOUBLE")], "VARCHAR")
            message = f"'Cannot cast ' || {shown} || ' to {_NAMES.get(wanted.name, wanted.name)}'"
            return (
                f"CASE WHEN {bad} THEN {fail('INVALID_CAST_ARGUMENT', message, to)}"
                f" ELSE CAST({rounded} AS {to}) END"
            )
    if wanted.name == "boolean" and kind.name in (*INTEGERS, *FLOATS):
        return f"({sql} <> 0)"
    if wanted.name in FLOATS and kind.name in (*INTEGERS, *FLOATS, "decimal", "boolean"):
        return f"CAST({sql} AS {to})"
    if wanted.name == "decimal" and kind.name in (*INTEGERS, "decimal"):
        return f"CAST({sql} AS {to})"
    if kind.name == "timestamp with time zone" and wanted.name in ("date", "timestamp"):
        return f"CAST({shown_by_clocks(sql, kind)} AS {to})"
    if can_coerce(kind, wanted):
        return coerced(sql, kind, wanted)
    if (kind.name, wanted.name) == ("timestamp", "date"):
        return f"CAST({sql} AS {to})"
    if kind.name == wanted.name == "array":
        return f"list_transform({sql}, lambda e: {cast('e', kind.args[0], wanted.args[0])})"
    if kind.name == wanted.name == "row" and len(kind.args) == len(wanted.args):
        fields = ", ".join(
            f"f{number} := {cast(f'struct_extract_at({sql}, {number + 1})', part[1], other[1])}"
            for number, (part, other) in enumerate(zip(kind.args, wanted.args, strict=True))
        )
        return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({fields}) END"
    raise UnsupportedTypeError(f"CAST from {kind} to {wanted}")


_OF_JSON = (*INTEGERS, "double", "boolean", "varchar", "json")


def _json(sql: str, kind: Type, wanted: Type) -> str:
    """CAST to JSON and from it."""
    other = kind if wanted.name == "json" else wanted
    simple = (*_OF_JSON, "decimal", "date", "timestamp") if other is kind else _OF_JSON
    _check(other, simple, f"CAST from {kind} to {wanted}")
    name = "to_json" if other is kind else "from_json"
    arguments = [(sql, duckdb_type(kind)), ("'" + str(other).replace("'", "''") + "'", "VARCHAR")]
    return udfs.call(name, arguments, duckdb_type(wanted))


def _check(kind: Type, simple: tuple[str, ...], what: str) -> None:
    if kind.name == "array":
        _check(kind.args[0], simple, what)
    elif kind.name == "map":
        if kind.args[0].name not in ("varchar", "boolean", *INTEGERS):
            raise UnsupportedTypeError(what)
        _check(kind.args[1], simple, what)
    elif kind.name == "row":
        for _, part in kind.args:
            _check(part, simple, what)
    elif kind.name not in simple or (kind.name == "varchar" and kind.args and "from json" in what):
        raise UnsupportedTypeError(what)


def shown_by_clocks(sql: str, kind: Type) -> str:
    """What clocks in the zone of a timestamp with time zone show."""
    moment = f"CAST({sql} AS TIMESTAMP)"
    if kind.zone == "UTC":
        return moment
    return udfs.call("local", [(moment, "TIMESTAMP"), (f"'{kind.zone}'", "VARCHAR")], "TIMESTAMP")


def _to_varchar(sql: str, kind: Type, wanted: Type) -> str:
    if kind.name == "varchar":
        shorter = wanted.args and (not kind.args or kind.args[0] > wanted.args[0])
        return f"left({sql}, {wanted.args[0]})" if shorter else sql
    if wanted.args:
        raise UnsupportedTypeError(f"CAST from {kind} to {wanted}")
    if kind.name in INTEGERS or kind.name in ("boolean", "date", "decimal"):
        return f"CAST({sql} AS VARCHAR)"
    if kind.name in FLOATS:
        return udfs.call(f"scientific_{kind.name}", [(sql, duckdb_type(kind))], "VARCHAR")
    if kind.name == "timestamp":
        return _shown(sql, kind)
    if kind.name == "timestamp with time zone":
        return f"({_shown(shown_by_clocks(sql, kind), kind)} || ' {kind.zone}')"
    raise UnsupportedTypeError(f"CAST from {kind} to {wanted}")


def _shown(sql: str, kind: Type) -> str:
    text = udfs.call("to_iso8601", [(sql, "TIMESTAMP"), (str(kind.args[0]), "INTEGER")], "VARCHAR")
    return f"replace({text}, 'T', ' ')"


def _from_varchar(sql: str, wanted: Type, to: str) -> str:
    name = _NAMES.get(wanted.name, wanted.name.upper())
    message = f"'Cannot cast ''' || {sql} || ''' to {name}'"
    if wanted.name == "boolean":
        lowered = f"lower({sql})"
        return (
            f"CASE WHEN {lowered} IN ('t', 'true', '1') THEN true WHEN {lowered} IN ('f', 'false', '0')"
            f" THEN false WHEN {sql} IS NOT NULL THEN {fail('INVALID_CAST_ARGUMENT', message, to)} END"
        )
    patterns = {
        **dict.fromkeys(INTEGERS, r"[+-]?[0-9]+"),
        "double": _NUMBER,
        "real": _NUMBER,
        "date": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
        "timestamp": r"[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,3})?)?",
    }
    # What might be valid for Java, but is not known well enough to say.
    doubtful = {
        "double": r"(?i)\s*[+-]?(0x.*|[0-9.]+(e[+-]?[0-9]+)?[df]?|nan|infinity)\s*",
        "date": r"\s*[+-]?[0-9]+-[0-9]+-[0-9]+.*",
        "timestamp": r"\s*[+-]?[0-9]+-[0-9]+-[0-9]+( .*|\s*)",
    }
    doubtful |= dict.fromkeys(INTEGERS, r"\s+[+-]?[0-9]+\s*|[+-]?[0-9]+\s+")
    doubtful["real"] = doubtful["double"]
    if wanted.name == "date" or wanted.name == "timestamp":
        message = f"'Value cannot be cast to {wanted.name}: ' || {sql}"
    if wanted.name not in patterns:
        raise UnsupportedTypeError(f"CAST from varchar to {wanted}")
    branches = [f"WHEN regexp_full_match({sql}, '{patterns[wanted.name]}') THEN TRY_CAST({sql} AS {to})"]
    value = f"CASE {branches[0]} END"
    failure = f"WHEN {sql} IS NOT NULL THEN {fail('INVALID_CAST_ARGUMENT', message, to)}"
    if wanted.name in doubtful:
        reason = f"'CAST of ''' || {sql} || ''' to {wanted.name}'"
        strict = f"regexp_full_match({sql}, '{patterns[wanted.name]}')"
        failure = (
            f"WHEN NOT {strict} AND regexp_full_match({sql}, '{doubtful[wanted.name]}')"
            f" THEN {refuse(reason, to)} {failure}"
        )
    return f"COALESCE({value}, CASE {failure} END)"
