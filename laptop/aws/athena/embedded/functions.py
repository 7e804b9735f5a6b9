# ruff: noqa: E501 - a row of a table is a line
"""How each function of Trino is done in DuckDB: the allow-list, one table for each family.

A row is a function, the families of its arguments, and DuckDB's SQL, in which {0} is the first argument. What
Trino returns is known from its signature. A function that is in no table is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from laptop.aws.athena.embedded.casts import FLOATS, INTEGERS, fail
from laptop.aws.athena.types import Type

_FAMILIES: dict[str, tuple[str, ...]] = {
    "integer": INTEGERS,
    "float": FLOATS,
    "number": (*INTEGERS, *FLOATS, "decimal"),
    "any": (),
}


class UnsupportedError(Exception):
    """The function is known, but not with such arguments."""


@dataclass(frozen=True)
class Argument:
    """An argument: its SQL, its type after coercion, and its text if it is a literal in quotes."""

    sql: str
    kind: Type
    literal: str | None = None


Rule = Callable[[Sequence[Argument]], str]


def _table(rows: str) -> dict[str, list[tuple[tuple[str, ...], str]]]:
    table: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for row in rows.strip().splitlines():
        name, families, template = (part.strip() for part in row.split("|", 2))
        table.setdefault(name, []).append((tuple(families.split()), template))
    return table


_SCALARS = {
    **_table("""
        abs         | number          | abs({0})
        acos        | double          | acos({0})
        asin        | double          | asin({0})
        atan        | double          | atan({0})
        atan2       | double double   | atan2({0}, {1})
        bitwise_and | bigint bigint   | ({0} & {1})
        bitwise_or  | bigint bigint   | ({0} | {1})
        bitwise_xor | bigint bigint   | xor({0}, {1})
        bitwise_not | bigint          | (~{0})
        cbrt        | double          | cbrt({0})
        ceil        | integer         | {0}
        ceil        | float           | ceil({0})
        ceiling     | integer         | {0}
        ceiling     | float           | ceil({0})
        cos         | double          | cos({0})
        degrees     | double          | degrees({0})
        e           |                 | exp(1e0)
        exp         | double          | exp({0})
        floor       | integer         | {0}
        floor       | float           | floor({0})
        infinity    |                 | CAST('inf' AS DOUBLE)
        is_finite   | double          | isfinite({0})
        is_infinite | double          | isinf({0})
        is_nan      | float           | isnan({0})
        ln          | double          | ln({0})
        log         | double double   | (ln({1}) / ln({0}))
        log10       | double          | log10({0})
        log2        | double          | log2({0})
        mod         | integer integer | ({0} % {1})
        mod         | double double   | ({0} % {1})
        nan         |                 | CAST('nan' AS DOUBLE)
        pi          |                 | pi()
        pow         | double double   | pow({0}, {1})
        power       | double double   | pow({0}, {1})
        radians     | double          | radians({0})
        random      |                 | random()
        rand        |                 | random()
        round       | integer         | {0}
        round       | double          | round({0})
        round       | double integer  | round({0}, {1})
        sign        | integer         | sign({0})
        sign        | float           | CASE WHEN isnan({0}) THEN {0} ELSE sign({0}) END
        sin         | double          | sin({0})
        sqrt        | double          | sqrt({0})
        tan         | double          | tan({0})
        truncate    | float           | trunc({0})
    """),
    **_table("""
        chr         | bigint                  | chr(CAST({0} AS INTEGER))
        codepoint   | varchar                 | unicode({0})
        length      | varchar                 | length({0})
        lower       | varchar                 | CASE WHEN strlen({0}) = length({0}) THEN lower({0}) ELSE athena_lower({0}) END
        reverse     | varchar                 | athena_reverse({0})
        reverse     | array                   | list_reverse({0})
        starts_with | varchar varchar         | starts_with({0}, {1})
        strpos      | varchar varchar         | strpos({0}, {1})
        upper       | varchar                 | CASE WHEN strlen({0}) = length({0}) THEN upper({0}) ELSE athena_upper({0}) END
        to_utf8     | varchar                 | encode({0})
        to_hex      | varbinary               | hex({0})
        from_hex    | varchar                 | unhex({0})
        to_base64   | varbinary               | to_base64({0})
        md5         | varbinary               | unhex(md5({0}))
        sha1        | varbinary               | unhex(sha1({0}))
        sha256      | varbinary               | unhex(sha256({0}))
        length      | varbinary               | octet_length({0})
    """),
    **_table("""
        array_distinct  | array               | CASE WHEN list_contains(list_transform({0}, lambda e: e IS NULL), true) THEN NULL ELSE {0} END
        array_join      | array varchar       | array_to_string({0}, {1})
        array_max       | list                | CASE WHEN len(list_filter({0}, lambda e: e IS NULL)) = 0 THEN list_max({0}) END
        array_min       | list                | CASE WHEN len(list_filter({0}, lambda e: e IS NULL)) = 0 THEN list_min({0}) END
        array_position  | list any            | CASE WHEN {0} IS NULL OR {1} IS NULL THEN NULL ELSE coalesce(list_position({0}, {1}), 0) END
        array_remove    | list any            | CASE WHEN {1} IS NOT NULL THEN list_filter({0}, lambda e: e IS NULL OR e <> {1}) END
        array_sort      | list                | list_sort({0}, 'ASC', 'NULLS LAST')
        arrays_overlap  | list list           | CASE WHEN list_has_any({0}, {1}) THEN true WHEN len({0}) > 0 AND len({1}) > 0 AND len(list_filter(list_concat({0}, {1}), lambda e: e IS NULL)) > 0 THEN NULL WHEN {0} IS NOT NULL AND {1} IS NOT NULL THEN false END
        cardinality     | array               | len({0})
        cardinality     | map                 | cardinality({0})
        contains        | list any            | CASE WHEN {1} IS NULL THEN NULL WHEN list_contains({0}, {1}) THEN true WHEN len(list_filter({0}, lambda e: e IS NULL)) > 0 THEN NULL WHEN {0} IS NOT NULL THEN false END
        element_at      | map any             | {0}[{1}]
        flatten         | array               | flatten({0})
        map_keys        | map                 | map_keys({0})
        map_values      | map                 | map_values({0})
    """),
    **_table("""
        current_timezone  |                   | 'UTC'
        date              | timestamp         | CAST({0} AS DATE)
        day               | date_or_timestamp | day({0})
        day_of_month      | date_or_timestamp | day({0})
        day_of_week       | date_or_timestamp | isodow({0})
        day_of_year       | date_or_timestamp | dayofyear({0})
        dow               | date_or_timestamp | isodow({0})
        doy               | date_or_timestamp | dayofyear({0})
        from_unixtime     | double            | to_timestamp(round({0} * 1000) / 1000)
        hour              | timestamp         | hour({0})
        last_day_of_month | date_or_timestamp | last_day({0})
        millisecond       | timestamp         | (millisecond({0}) % 1000)
        minute            | timestamp         | minute({0})
        month             | date_or_timestamp | month({0})
        now               |                   | now()
        quarter           | date_or_timestamp | quarter({0})
        second            | timestamp         | second({0})
        to_unixtime       | instant           | (epoch_ms({0}) / 1000e0)
        week              | date_or_timestamp | week({0})
        week_of_year      | date_or_timestamp | week({0})
        year              | date_or_timestamp | year({0})
        year_of_week      | date_or_timestamp | isoyear({0})
        yow               | date_or_timestamp | isoyear({0})
    """),
}  # fmt: skip
_FAMILIES["date_or_timestamp"] = ("date", "timestamp")
_FAMILIES["instant"] = ("timestamp with time zone",)
del _SCALARS["array_distinct"]  # the order of what remains is Trino's own

AGGREGATES = _table("""
    any_value       | any                | any_value({0})
    arbitrary       | any                | any_value({0})
    array_agg       | any                | array_agg({0})
    avg             | bigint             | avg({0})
    avg             | double             | avg({0})
    bool_and        | boolean            | bool_and({0})
    bool_or         | boolean            | bool_or({0})
    corr            | double double      | corr({0}, {1})
    count           |                    | count(*)
    count           | any                | count({0})
    count_if        | boolean            | count(CASE WHEN {0} THEN 1 END)
    covar_pop       | double double      | covar_pop({0}, {1})
    covar_samp      | double double      | covar_samp({0}, {1})
    every           | boolean            | bool_and({0})
    max             | orderable          | max({0})
    max_by          | any sortable       | arg_max_null({0}, {1})
    min             | orderable          | min({0})
    min_by          | any sortable       | arg_min_null({0}, {1})
    regr_intercept  | double double      | regr_intercept({0}, {1})
    regr_slope      | double double      | regr_slope({0}, {1})
    stddev          | double             | stddev_samp({0})
    stddev_pop      | double             | stddev_pop({0})
    stddev_samp     | double             | stddev_samp({0})
    sum             | bigint             | sum({0})
    sum             | decimal            | sum({0})
    sum             | double             | sum({0})
    var_pop         | double             | var_pop({0})
    var_samp        | double             | var_samp({0})
    variance        | double             | var_samp({0})
""")
_FAMILIES["sortable"] = (*INTEGERS, "decimal", "varchar", "date", "timestamp", "boolean")
_FAMILIES["orderable"] = (*_FAMILIES["sortable"], "timestamp with time zone")

WINDOWS = _table("""
    cume_dist    |                | cume_dist()
    dense_rank   |                | dense_rank()
    first_value  | any            | first_value({0}{nulls})
    lag          | any            | lag({0}{nulls})
    lag          | any bigint     | lag({0}, {1}{nulls})
    lag          | any bigint any | lag({0}, {1}, {2}{nulls})
    last_value   | any            | last_value({0}{nulls})
    lead         | any            | lead({0}{nulls})
    lead         | any bigint     | lead({0}, {1}{nulls})
    lead         | any bigint any | lead({0}, {1}, {2}{nulls})
    ntile        | bigint         | ntile({0})
    percent_rank |                | percent_rank()
    rank         |                | rank()
    row_number   |                | row_number()
""")


def template(
    table: dict[str, list[tuple[tuple[str, ...], str]]], name: str, kinds: Sequence[Type]
) -> str | None:
    """The SQL of the row that fits a call; None if there is none."""
    for families, sql in table.get(name, ()):
        if len(families) == len(kinds) and all(
            family == "any"
            or kind.name in _FAMILIES.get(family, (family,))
            # DuckDB finds NaN in a list, Trino does not.
            or (family == "list" and kind.name == "array" and kind.args[0].name in _FAMILIES["sortable"])
            for family, kind in zip(families, kinds, strict=True)
        ):
            return sql
    return None


def scalar(name: str, arguments: Sequence[Argument]) -> str:
    """A call of a scalar function in DuckDB; raises `UnsupportedError`."""
    if (rule := _RULES.get(name)) and (ruled := rule(arguments)):
        return ruled
    sql = template(_SCALARS, name, [argument.kind for argument in arguments])
    if sql is None:
        raise UnsupportedError
    return sql.format(*(argument.sql for argument in arguments))


def is_scalar(name: str) -> bool:
    """Whether a function of this name is in the tables."""
    return name in _RULES or name in _SCALARS


def names() -> list[str]:
    """All functions that are in the tables."""
    return sorted({*_RULES, *_SCALARS, *AGGREGATES, *WINDOWS})


# Functions whose SQL depends on what the arguments are.

_UNITS = {"millisecond": 1, "second": 1000, "minute": 60_000, "hour": 3_600_000, "day": 86_400_000}
_UNITS["week"] = 7 * _UNITS["day"]
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def _unit(argument: Argument, *, of: Type) -> str:
    unit = (argument.literal or "").lower()
    if unit not in (*_UNITS, *_MONTHS) or of.name not in ("date", "timestamp", "timestamp with time zone"):
        raise UnsupportedError
    if of.name == "date" and unit in ("millisecond", "second", "minute", "hour"):
        raise UnsupportedError
    return unit


def _date_add(arguments: Sequence[Argument]) -> str:
    unit_argument, count, value = arguments
    unit = _unit(unit_argument, of=value.kind)
    if unit == "millisecond" and value.kind.args[0] < 3:  # Trino cuts it off
        raise UnsupportedError
    if unit in _MONTHS:
        interval = f"to_months(CAST({count.sql} * {_MONTHS[unit]} AS INTEGER))"
    elif unit in ("day", "week"):
        interval = f"to_days(CAST({count.sql} * {_UNITS[unit] // _UNITS['day']} AS INTEGER))"
    else:
        interval = f"to_milliseconds({count.sql} * {_UNITS[unit]})"
    added = f"({value.sql} + {interval})"
    return f"CAST({added} AS DATE)" if value.kind.name == "date" else added


def _date_diff(arguments: Sequence[Argument]) -> str:
    unit_argument, start, end = arguments
    unit = _unit(unit_argument, of=start.kind)
    if unit in _MONTHS:
        return f"(datesub('month', {start.sql}, {end.sql}) // {_MONTHS[unit]})"
    if start.kind.name == "date":
        return f"(({end.sql} - {start.sql}) // {_UNITS[unit] // _UNITS['day']})"
    return f"((epoch_ms({end.sql}) - epoch_ms({start.sql})) // {_UNITS[unit]})"


def _date_trunc(arguments: Sequence[Argument]) -> str:
    unit_argument, value = arguments
    unit = _unit(unit_argument, of=value.kind)
    if value.kind.name == "timestamp with time zone":
        raise UnsupportedError
    truncated = f"date_trunc('{unit}', {value.sql})"
    return f"CAST({truncated} AS DATE)" if value.kind.name == "date" else truncated


def _date(arguments: Sequence[Argument]) -> str:
    from laptop.aws.athena.embedded.casts import cast

    return cast(arguments[0].sql, arguments[0].kind, Type("date"))


# MySQL's letters after % that date_format and date_parse know: strftime's, and what date_parse reads.
_LETTERS = {
    "Y": ("%Y", "[0-9]{4}"),
    "m": ("%m", "[0-9]{1,2}"),
    "d": ("%d", "[0-9]{1,2}"),
    "H": ("%H", "[0-9]{1,2}"),
    "i": ("%M", "[0-9]{1,2}"),
    "s": ("%S", "[0-9]{1,2}"),
    "S": ("%S", "[0-9]{1,2}"),
    "T": ("%H:%M:%S", "[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}"),
    "y": ("%y", None),
    "M": ("%B", None),
    "b": ("%b", None),
    "W": ("%A", None),
    "a": ("%a", None),
    "h": ("%I", None),
    "I": ("%I", None),
    "p": ("%p", None),
    "j": ("%j", None),
    "f": ("%f", None),
    "e": ("%-d", None),
    "c": ("%-m", None),
    "k": ("%-H", None),
    "l": ("%-I", None),
    "%": ("%%", "%"),
}


def _pieces(argument: Argument) -> list[tuple[str, str | None]]:
    if argument.literal is None:
        raise UnsupportedError
    pieces: list[tuple[str, str | None]] = []
    for found in re.finditer(r"%(.?)|([^%]+)", argument.literal, re.DOTALL):
        if found[2]:
            pieces.append((found[2], re.escape(found[2])))
        elif found[1] in _LETTERS:
            pieces.append(_LETTERS[found[1]])
        else:
            raise UnsupportedError
    return pieces


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _date_format(arguments: Sequence[Argument]) -> str:
    value, pattern = arguments
    if value.kind.name != "timestamp":
        raise UnsupportedError
    return f"strftime({value.sql}, {_quoted(''.join(shown for shown, _ in _pieces(pattern)))})"


def _date_parse(arguments: Sequence[Argument]) -> str:
    value, pattern = arguments
    pieces = _pieces(pattern)
    if any(read is None for _, read in pieces):
        raise UnsupportedError
    format_ = _quoted("".join(shown for shown, _ in pieces))
    pattern_ = _quoted("".join(read or "" for _, read in pieces))
    parsed = (
        f"CASE WHEN regexp_full_match({value.sql}, {pattern_}) THEN try_strptime({value.sql}, {format_}) END"
    )
    failure = fail("INVALID_FUNCTION_ARGUMENT", f"'Invalid format: ' || {value.sql}", "TIMESTAMP")
    return f"COALESCE({parsed}, CASE WHEN {value.sql} IS NOT NULL THEN {failure} END)"


def _substr(arguments: Sequence[Argument]) -> str:
    value, start = arguments[0].sql, arguments[1].sql
    if arguments[0].kind.name != "varchar":
        raise UnsupportedError
    length = f", greatest({arguments[2].sql}, 0)" if len(arguments) > 2 else ""
    null = f" WHEN {arguments[2].sql} IS NULL THEN NULL" if length else ""
    return (
        f"CASE WHEN {value} IS NULL OR {start} IS NULL THEN NULL{null} WHEN {start} > 0"
        f" THEN substring({value}, {start}{length})"
        f" WHEN {start} = 0 OR -{start} > length({value}) THEN ''"
        f" ELSE substring({value}, length({value}) + {start} + 1{length}) END"
    )


def _delimiter(argument: Argument) -> str:
    if not argument.literal:
        raise UnsupportedError
    return argument.sql


def _split_part(arguments: Sequence[Argument]) -> str:
    value, delimiter, index = arguments
    failure = fail("INVALID_FUNCTION_ARGUMENT", "'Index must be greater than zero'", "VARCHAR")
    part = f"string_split({value.sql}, {_delimiter(delimiter)})[{index.sql}]"
    return f"CASE WHEN {index.sql} <= 0 THEN {failure} ELSE {part} END"


def _split(arguments: Sequence[Argument]) -> str:
    if len(arguments) != 2:
        raise UnsupportedError
    return f"string_split({arguments[0].sql}, {_delimiter(arguments[1])})"


def _replace(arguments: Sequence[Argument]) -> str:
    by = arguments[2].sql if len(arguments) > 2 else "''"
    return f"replace({arguments[0].sql}, {_delimiter(arguments[1])}, {by})"


def _pad(side: str) -> Rule:
    def rule(arguments: Sequence[Argument]) -> str:
        value, size, padding = arguments
        failure = fail(
            "INVALID_FUNCTION_ARGUMENT", "'Target length must be in the range [0..2147483647]'", "VARCHAR"
        )
        padded = f"{side}({value.sql}, CAST({size.sql} AS INTEGER), {_delimiter(padding)})"
        if value.kind.name != "varchar":
            raise UnsupportedError
        return f"CASE WHEN {size.sql} < 0 OR {size.sql} > 2147483647 THEN {failure} ELSE {padded} END"

    return rule


# What Java's Character.isWhitespace says.
_WHITESPACE = " || ".join(
    f"chr({code})"
    for code in (*range(9, 14), *range(28, 33), 0x1680, *range(0x2000, 0x2007), *range(0x2008, 0x200B),
                 0x2028, 0x2029, 0x205F, 0x3000)
)  # fmt: skip


def _trim(function: str) -> Rule:
    def rule(arguments: Sequence[Argument]) -> str:
        if arguments[0].kind.name != "varchar":
            raise UnsupportedError
        if len(arguments) > 1:
            return f"{function}({arguments[0].sql}, {_delimiter(arguments[1])})"
        return f"{function}({arguments[0].sql}, {_WHITESPACE})"

    return rule


def _concat(arguments: Sequence[Argument]) -> str:
    if len(arguments) < 2 or any(argument.kind.name != "varchar" for argument in arguments):
        raise UnsupportedError
    return f"({' || '.join(argument.sql for argument in arguments)})"


def _concat_ws(arguments: Sequence[Argument]) -> str:
    if any(argument.kind.name != "varchar" for argument in arguments):
        raise UnsupportedError
    return f"concat_ws({', '.join(argument.sql for argument in arguments)})"


def _extreme(function: str) -> Rule:
    def rule(arguments: Sequence[Argument]) -> str:
        sqls = [argument.sql for argument in arguments]
        if arguments[0].kind.name in (*FLOATS, "array", "map", "row", "json"):  # NaN, order of parts
            if arguments[0].kind.name not in FLOATS:
                raise UnsupportedError
            nan = " OR ".join(f"isnan({sql})" for sql in sqls)
            refused = fail("NOT_SUPPORTED", f"'{function} of NaN in the embedded engine'", "DOUBLE")
            nulls = " OR ".join(f"{sql} IS NULL" for sql in sqls)
            return f"CASE WHEN {nulls} THEN NULL WHEN {nan} THEN {refused} ELSE {function}({', '.join(sqls)}) END"
        nulls = " OR ".join(f"{sql} IS NULL" for sql in sqls)
        return f"CASE WHEN {nulls} THEN NULL ELSE {function}({', '.join(sqls)}) END"

    return rule


def _element_at(arguments: Sequence[Argument]) -> str:
    value, index = arguments
    if value.kind.name != "array":
        return ""
    from laptop.aws.athena.embedded.casts import duckdb_type

    kind = duckdb_type(value.kind.args[0])
    failure = fail("INVALID_FUNCTION_ARGUMENT", "'SQL array indices start at 1'", kind)
    return f"CASE WHEN {index.sql} = 0 THEN {failure} ELSE {value.sql}[{index.sql}] END"


def _sequence(arguments: Sequence[Argument]) -> str:
    if any(argument.kind.name != "bigint" for argument in arguments) or len(arguments) > 2:
        raise UnsupportedError
    start, end = (argument.sql for argument in arguments)
    return (
        f"CASE WHEN {start} <= {end} THEN generate_series({start}, {end})"
        f" ELSE generate_series({start}, {end}, -1) END"
    )


def _slice(arguments: Sequence[Argument]) -> str:
    value, start, length = (argument.sql for argument in arguments)
    zero = fail("INVALID_FUNCTION_ARGUMENT", "'SQL array indices start at 1'", "BIGINT")
    negative = fail("INVALID_FUNCTION_ARGUMENT", "'length must be greater than or equal to 0'", "BIGINT")
    first = f"CASE WHEN {start} = 0 THEN {zero} WHEN {length} < 0 THEN {negative} WHEN {start} < 0 THEN len({value}) + {start} + 1 ELSE {start} END"
    return f"CASE WHEN {first} < 1 THEN [] ELSE {value}[{first}:{first} + {length} - 1] END"


def _map(arguments: Sequence[Argument]) -> str:
    if not arguments:
        raise UnsupportedError
    return f"map({arguments[0].sql}, {arguments[1].sql})"


_RULES: dict[str, Rule] = {
    "concat": _concat,
    "concat_ws": _concat_ws,
    "date": _date,
    "date_add": _date_add,
    "date_diff": _date_diff,
    "date_format": _date_format,
    "date_parse": _date_parse,
    "date_trunc": _date_trunc,
    "element_at": _element_at,
    "greatest": _extreme("greatest"),
    "least": _extreme("least"),
    "lpad": _pad("lpad"),
    "ltrim": _trim("ltrim"),
    "map": _map,
    "replace": _replace,
    "rpad": _pad("rpad"),
    "rtrim": _trim("rtrim"),
    "sequence": _sequence,
    "slice": _slice,
    "split": _split,
    "split_part": _split_part,
    "substr": _substr,
    "substring": _substr,
    "trim": _trim("trim"),
}


def returns(name: str, kinds: Sequence[Type]) -> Type | None:
    """The type of a result that is a formula in Trino's signature; None if it is not known."""
    if name == "replace" and len(kinds) == 3:
        lengths = [kind.args[0] if kind.args else None for kind in kinds]
        if None in lengths:
            return Type("varchar")
        size, _, by = lengths
        return Type("varchar", (min(2147483647, size + by * (size + 1)),))  # type: ignore[operator]
    return None
