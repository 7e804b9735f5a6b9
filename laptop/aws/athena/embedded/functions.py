# ruff: noqa: E501 - a row of a table is a line
"""How each function of Trino is done in DuckDB: the allow-list, one table for each family.

A row is a function, the families of its arguments, and DuckDB's SQL, in which {0} is the first argument, or
`@name`, a function in Python (`udfs`). What Trino returns is known from its signature. A function that is in no
table is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from laptop.aws.athena.embedded import udfs, zones
from laptop.aws.athena.embedded.casts import FLOATS, INTEGERS, cast, duckdb_type, fail, refuse
from laptop.aws.athena.types import Type

_FAMILIES: dict[str, tuple[str, ...]] = {
    "integer": INTEGERS,
    "float": FLOATS,
    "number": (*INTEGERS, *FLOATS, "decimal"),
    "any": (),
}


_MOST = 2147483647  # the length of a varchar


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
        bit_count   | bigint bigint   | @bit_count
        bitwise_left_shift             | bigint integer  | @shift_left 64
        bitwise_left_shift             | integer integer | @shift_left 32
        bitwise_not | bigint          | (~{0})
        bitwise_right_shift            | bigint integer  | @shift_right 64
        bitwise_right_shift            | integer integer | @shift_right 32
        bitwise_right_shift_arithmetic | bigint integer  | @shift_right_arithmetic
        bitwise_right_shift_arithmetic | integer integer | @shift_right_arithmetic
        cbrt        | double          | cbrt({0})
        ceil        | integer         | {0}
        ceil        | float           | ceil({0})
        ceiling     | integer         | {0}
        ceiling     | float           | ceil({0})
        cos         | double          | cos({0})
        degrees     | double          | degrees({0})
        e           |                 | exp(1e0)
        exp         | double          | exp({0})
        ceil        | decimal         | ceil({0})
        ceiling     | decimal         | ceil({0})
        floor       | decimal         | floor({0})
        floor       | integer         | {0}
        floor       | float           | floor({0})
        from_base   | varchar bigint  | @from_base
        human_readable_seconds | double | @human_readable_seconds
        infinity    |                 | CAST('inf' AS DOUBLE)
        is_finite   | double          | isfinite({0})
        is_infinite | double          | isinf({0})
        is_nan      | float           | isnan({0})
        ln          | double          | ln({0})
        log         | double double   | (ln({1}) / ln({0}))
        log10       | double          | log10({0})
        log2        | double          | log2({0})
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
        sign        | decimal         | sign({0})
        sign        | float           | CASE WHEN isnan({0}) THEN {0} ELSE sign({0}) END
        sin         | double          | sin({0})
        sqrt        | double          | sqrt({0})
        tan         | double          | tan({0})
        to_base     | bigint bigint   | @to_base
        truncate    | float           | trunc({0})
        truncate    | decimal         | trunc({0})
        width_bucket | double double double bigint | @width_bucket
        width_bucket | double array   | @width_bucket_of
    """),
    **_table("""
        crc32       | varbinary               | @crc32
        from_base64    | varchar              | @from_base64
        from_base64url | varchar              | @from_base64url
        from_hex    | varchar                 | @from_hex
        from_utf8   | varbinary               | @from_utf8
        hamming_distance     | varchar varchar | @hamming_distance
        length      | varchar                 | length({0})
        levenshtein_distance | varchar varchar | @levenshtein_distance
        luhn_check  | varchar                 | @luhn_check
        lower       | varchar                 | CASE WHEN strlen({0}) = length({0}) THEN lower({0}) ELSE "lower: VARCHAR -> VARCHAR"({0}) END
        reverse     | varchar                 | @reverse
        reverse     | array                   | list_reverse({0})
        starts_with | varchar varchar         | starts_with({0}, {1})
        sha512      | varbinary               | @sha512
        soundex     | varchar                 | @soundex
        split       | varchar varchar         | @split
        split       | varchar varchar bigint  | @split
        split_to_map | varchar varchar varchar | @split_to_map
        strpos      | varchar varchar         | strpos({0}, {1})
        strpos      | varchar varchar bigint  | @strpos
        to_base32   | varbinary               | @to_base32
        to_base64url | varbinary              | @to_base64url
        to_big_endian_32 | integer            | @to_big_endian_32
        to_big_endian_64 | bigint             | @to_big_endian_64
        translate   | varchar varchar varchar | @translate
        url_decode  | varchar                 | @url_decode
        url_encode  | varchar                 | @url_encode
        url_extract_fragment  | varchar         | @url_extract_fragment
        url_extract_host      | varchar         | @url_extract_host
        url_extract_parameter | varchar varchar | @url_extract_parameter
        url_extract_path      | varchar         | @url_extract_path
        url_extract_port      | varchar         | @url_extract_port
        url_extract_protocol  | varchar         | @url_extract_protocol
        url_extract_query     | varchar         | @url_extract_query
        upper       | varchar                 | CASE WHEN strlen({0}) = length({0}) THEN upper({0}) ELSE "upper: VARCHAR -> VARCHAR"({0}) END
        to_utf8     | varchar                 | encode({0})
        to_hex      | varbinary               | hex({0})
        to_base64   | varbinary               | to_base64({0})
        md5         | varbinary               | unhex(md5({0}))
        sha1        | varbinary               | unhex(sha1({0}))
        sha256      | varbinary               | unhex(sha256({0}))
        length      | varbinary               | octet_length({0})
    """),
    **_table("""
        regexp_count       | varchar varchar                 | @regexp_count
        regexp_extract     | varchar varchar                 | @regexp_extract
        regexp_extract     | varchar varchar bigint          | @regexp_extract
        regexp_extract_all | varchar varchar                 | @regexp_extract_all
        regexp_extract_all | varchar varchar bigint          | @regexp_extract_all
        regexp_like        | varchar varchar                 | @regexp_like
        regexp_position    | varchar varchar                 | @regexp_position
        regexp_position    | varchar varchar integer         | @regexp_position
        regexp_position    | varchar varchar integer integer | @regexp_position
        regexp_replace     | varchar varchar                 | @regexp_replace
        regexp_replace     | varchar varchar varchar         | @regexp_replace
        regexp_split       | varchar varchar                 | @regexp_split
    """),
    **_table("""
        is_json_scalar      | text         | @is_json_scalar
        json_array_contains | text bigint  | @json_array_contains
        json_array_contains | text boolean | @json_array_contains
        json_array_contains | text double  | @json_array_contains
        json_array_contains | text varchar | @json_array_contains
        json_array_get      | text bigint  | @json_array_get
        json_array_length   | text         | @json_array_length
        json_extract        | text varchar | @json_extract
        json_extract_scalar | text varchar | @json_extract_scalar
        json_format         | json         | {0}
        json_parse          | varchar      | @json_parse
        json_size           | text varchar | @json_size
    """),
    **_table("""
        array_distinct  | array               | @array_distinct
        array_except    | array array         | @array_except
        array_intersect | array array         | @array_intersect
        array_union     | array array         | @array_union
        combinations    | array integer       | @combinations
        contains_sequence | array array       | @contains_sequence
        map_entries     | map                 | list_transform(map_entries({0}), lambda e: struct_pack(f0 := e.key, f1 := e.value))
        map_from_entries      | array         | @map_from_entries
        multimap_from_entries | array         | @multimap_from_entries
        ngrams          | array integer       | @ngrams
        repeat          | any bigint          | @repeat
        sequence        | bigint bigint        | @sequence_by_itself
        sequence        | bigint bigint bigint | @sequence
        sequence        | date date            | @sequence_days
        sequence        | date_or_timestamp date_or_timestamp milliseconds | @sequence_milliseconds
        sequence        | date_or_timestamp date_or_timestamp months       | @sequence_months
        trim_array      | array bigint        | @trim_array
        trim_array      | array integer       | @trim_array
        zip             | array array         | CASE WHEN {0} IS NOT NULL AND {1} IS NOT NULL THEN list_transform(list_zip({0}, {1}), lambda e: struct_pack(f0 := struct_extract_at(e, 1), f1 := struct_extract_at(e, 2))) END
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
        format_datetime   | timestamp varchar | @format_datetime
        from_iso8601_date | varchar           | @from_iso8601_date
        from_iso8601_timestamp | varchar      | CAST("from_iso8601_timestamp: VARCHAR -> TIMESTAMP"({0}) AS TIMESTAMPTZ)
        from_unixtime     | double            | to_timestamp(round({0} * 1000) / 1000)
        hour              | timestamp         | hour({0})
        last_day_of_month | date_or_timestamp | last_day({0})
        millisecond       | timestamp         | (millisecond({0}) % 1000)
        minute            | timestamp         | minute({0})
        month             | date_or_timestamp | month({0})
        now               |                   | now()
        date_format       | timestamp varchar | @date_format
        date_parse        | varchar varchar   | @date_parse
        parse_datetime    | varchar varchar   | CAST("parse_datetime: VARCHAR; VARCHAR -> TIMESTAMP"({0}, {1}) AS TIMESTAMPTZ)
        quarter           | date_or_timestamp | quarter({0})
        second            | timestamp         | second({0})
        to_iso8601        | date              | strftime({0}, '%Y-%m-%d')
        to_milliseconds   | interval          | epoch_ms({0})
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
_FAMILIES["text"] = ("varchar", "json")
_FAMILIES["interval"] = ("interval day to second",)
_FAMILIES["milliseconds"] = ("interval day to second",)
_FAMILIES["months"] = ("interval year to month",)

AGGREGATES = _table("""
    approx_percentile | bigint double    |
    approx_percentile | double double    |
    any_value       | any                | any_value({0})
    arbitrary       | any                | any_value({0})
    array_agg       | any                | array_agg({0})
    avg             | bigint             | avg({0})
    avg             | double             | avg({0})
    bitwise_and_agg | bigint             | bit_and({0})
    bitwise_or_agg  | bigint             | bit_or({0})
    bitwise_xor_agg | bigint             | bit_xor({0})
    bool_and        | boolean            | bool_and({0})
    bool_or         | boolean            | bool_or({0})
    corr            | double double      | CASE WHEN isfinite(corr({0}, {1}){o}) THEN corr({0}, {1}){o} END
    count           |                    | count(*)
    count           | any                | count({0})
    count_if        | boolean            | count(CASE WHEN {0} THEN 1 END)
    covar_pop       | double double      | covar_pop({0}, {1})
    covar_samp      | double double      | covar_samp({0}, {1})
    every           | boolean            | bool_and({0})
    geometric_mean  | double             | exp(avg(CASE WHEN {0} > 0 THEN ln({0}) ELSE CAST("refuse: VARCHAR -> VARCHAR"('geometric_mean of such a value') AS DOUBLE) END){o})
    kurtosis        | double             | CASE WHEN count({0}){o} > 3 AND (NOT bool_and(isfinite({0})){o} OR var_pop(CASE WHEN isfinite({0}) THEN {0} END){o} = 0) THEN CAST('nan' AS DOUBLE) ELSE kurtosis(CASE WHEN isfinite({0}) THEN {0} END){o} END
    max             | orderable          | max({0})
    max_by          | any orderable_by   |
    min             | orderable          | min({0})
    min_by          | any orderable_by   |
    regr_intercept  | double double      | CASE WHEN isfinite(regr_intercept({0}, {1}){o}) THEN regr_intercept({0}, {1}){o} END
    regr_slope      | double double      | CASE WHEN isfinite(regr_slope({0}, {1}){o}) THEN regr_slope({0}, {1}){o} END
    skewness        | double             | CASE WHEN count({0}){o} > 2 AND (NOT bool_and(isfinite({0})){o} OR var_pop(CASE WHEN isfinite({0}) THEN {0} END){o} = 0) THEN CAST('nan' AS DOUBLE) WHEN count({0}){o} > 2 THEN skewness(CASE WHEN isfinite({0}) THEN {0} END){o} * (count({0}){o} - 2) / sqrt(CAST(count({0}){o} AS DOUBLE) * (count({0}){o} - 1)) END
    stddev          | double             | CASE WHEN count({0}){o} > 1 AND NOT bool_and(isfinite({0})){o} THEN CAST('nan' AS DOUBLE) ELSE stddev_samp(CASE WHEN isfinite({0}) THEN {0} END){o} END
    stddev_pop      | double             | CASE WHEN count({0}){o} > 0 AND NOT bool_and(isfinite({0})){o} THEN CAST('nan' AS DOUBLE) ELSE stddev_pop(CASE WHEN isfinite({0}) THEN {0} END){o} END
    stddev_samp     | double             | CASE WHEN count({0}){o} > 1 AND NOT bool_and(isfinite({0})){o} THEN CAST('nan' AS DOUBLE) ELSE stddev_samp(CASE WHEN isfinite({0}) THEN {0} END){o} END
    sum             | bigint             | sum({0})
    sum             | decimal            | sum({0})
    sum             | double             | sum({0})
    var_pop         | double             | CASE WHEN count({0}){o} > 0 AND NOT bool_and(isfinite({0})){o} THEN CAST('nan' AS DOUBLE) ELSE var_pop(CASE WHEN isfinite({0}) THEN {0} END){o} END
    var_samp        | double             | CASE WHEN count({0}){o} > 1 AND NOT bool_and(isfinite({0})){o} THEN CAST('nan' AS DOUBLE) ELSE var_samp(CASE WHEN isfinite({0}) THEN {0} END){o} END
    variance        | double             | CASE WHEN count({0}){o} > 1 AND NOT bool_and(isfinite({0})){o} THEN CAST('nan' AS DOUBLE) ELSE var_samp(CASE WHEN isfinite({0}) THEN {0} END){o} END
""")
_FAMILIES["sortable"] = (*INTEGERS, "decimal", "varchar", "date", "timestamp", "boolean")
_FAMILIES["orderable_by"] = (*_FAMILIES["sortable"], "double", "timestamp with time zone")
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


def arguments(table: dict[str, list[tuple[tuple[str, ...], str]]]) -> dict[str, list[str]]:
    """The families of arguments that each function of a table takes."""
    return {name: [f"({', '.join(families)})" for families, _ in rows] for name, rows in table.items()}


def scalar_arguments() -> dict[str, list[str]]:
    """The same of all scalar functions; those that have rules of their own have none."""
    return {**{name: [] for name in _RULES}, **arguments(_SCALARS)}


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


def scalar(name: str, arguments: Sequence[Argument], returned: Type) -> str:
    """A call of a scalar function in DuckDB; raises `UnsupportedError`."""
    if (rule := _RULES.get(name)) and (ruled := rule(arguments)):
        return ruled
    sql = template(_SCALARS, name, [argument.kind for argument in arguments])
    if sql is None:
        raise UnsupportedError
    if sql.startswith("@"):
        return _in_python(sql, arguments, returned)
    return sql.format(*(argument.sql for argument in arguments))


def _in_python(row: str, arguments: Sequence[Argument], returned: Type) -> str:
    """The call of a function in Python: `@name`, and numbers that it gets beside the arguments."""
    name, *numbers = row.removeprefix("@").split()
    given = []
    for argument in arguments:
        if not is_hashable(argument.kind):
            raise UnsupportedError
        if argument.kind.name == "interval day to second":
            given.append((f"epoch_ms({argument.sql})", "BIGINT"))
        elif argument.kind.name == "interval year to month":
            given.append(
                (f"datepart('year', {argument.sql}) * 12 + datepart('month', {argument.sql})", "BIGINT")
            )
        else:
            given.append((argument.sql, duckdb_type(argument.kind)))
    if not is_hashable(returned):
        raise UnsupportedError
    return udfs.call(name, [*given, *((number, "INTEGER") for number in numbers)], duckdb_type(returned))


def is_hashable(kind: Type) -> bool:
    """Whether Python can hold a value: the keys of its maps are simple, and its times are without a zone."""
    if kind.name == "map":
        return kind.args[0].name not in ("array", "map", "row") and is_hashable(kind.args[1])
    if kind.name == "array":
        return is_hashable(kind.args[0])
    if kind.name == "row":
        return all(is_hashable(part) for _, part in kind.args)
    return kind.name != "timestamp with time zone"


def is_scalar(name: str) -> bool:
    """Whether a function of this name is in the tables."""
    return name in _RULES or name in _SCALARS or name in zones.FUNCTIONS


def names() -> list[str]:
    """All functions that are in the tables."""
    return sorted({*_RULES, *_SCALARS, *zones.FUNCTIONS, *AGGREGATES, *WINDOWS})


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
    return cast(arguments[0].sql, arguments[0].kind, Type("date"))


def _substr(arguments: Sequence[Argument]) -> str:
    value, start = arguments[0].sql, arguments[1].sql
    if arguments[0].kind.name != "varchar":
        raise UnsupportedError
    length = f", least(greatest({arguments[2].sql}, 0), {_MOST})" if len(arguments) > 2 else ""
    null = f" WHEN {arguments[2].sql} IS NULL THEN NULL" if length else ""
    return (
        f"CASE WHEN {value} IS NULL OR {start} IS NULL THEN NULL{null} WHEN {start} > 0"
        f" THEN substring({value}, least({start}, {_MOST}){length})"
        f" WHEN {start} = 0 OR {start} < -length({value}) THEN ''"
        f" ELSE substring({value}, length({value}) + {start} + 1{length}) END"
    )


def _array_join(arguments: Sequence[Argument]) -> str:
    value, *texts = arguments
    kind = value.kind.args[0]
    if kind.name not in (*INTEGERS, *FLOATS, "decimal", "varchar", "boolean", "date", "timestamp"):
        raise UnsupportedError
    shown = f"list_transform({value.sql}, lambda joined: {cast('joined', kind, Type('varchar'))})"
    return udfs.call(
        "array_join", [(shown, "VARCHAR[]"), *((text.sql, "VARCHAR") for text in texts)], "VARCHAR"
    )


def _chr(arguments: Sequence[Argument]) -> str:
    code = arguments[0].sql
    failure = fail("INVALID_FUNCTION_ARGUMENT", f"'Not a valid Unicode code point: ' || {code}", "VARCHAR")
    valid = f"{code} BETWEEN 1 AND 55295 OR {code} BETWEEN 57344 AND 1114111"
    doubtful = f"{code} = 0 OR {code} BETWEEN 55296 AND 57343"
    refused = refuse("'chr of such a number'", "VARCHAR")
    return (
        f"CASE WHEN {valid} THEN chr(CAST({code} AS INTEGER)) WHEN {doubtful} THEN {refused}"
        f" WHEN {code} IS NOT NULL THEN {failure} END"
    )


def _codepoint(arguments: Sequence[Argument]) -> str:
    value = arguments[0].sql
    message = "'Input string must be a single character string'"
    failure = fail("INVALID_FUNCTION_ARGUMENT", message, "INTEGER")
    return f"CASE WHEN length({value}) = 1 THEN unicode({value}) WHEN {value} IS NOT NULL THEN {failure} END"


def _delimiter(argument: Argument) -> str:
    if not argument.literal:
        raise UnsupportedError
    return argument.sql


def _split_part(arguments: Sequence[Argument]) -> str:
    value, delimiter, index = arguments
    failure = fail("INVALID_FUNCTION_ARGUMENT", "'Index must be greater than zero'", "VARCHAR")
    part = f"string_split({value.sql}, {_delimiter(delimiter)})[{index.sql}]"
    return f"CASE WHEN {index.sql} <= 0 THEN {failure} ELSE {part} END"


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
            refused = refuse(f"'{function} of NaN'", "DOUBLE")
            nulls = " OR ".join(f"{sql} IS NULL" for sql in sqls)
            return f"CASE WHEN {nulls} THEN NULL WHEN {nan} THEN {refused} ELSE {function}({', '.join(sqls)}) END"
        nulls = " OR ".join(f"{sql} IS NULL" for sql in sqls)
        return f"CASE WHEN {nulls} THEN NULL ELSE {function}({', '.join(sqls)}) END"

    return rule


def _element_at(arguments: Sequence[Argument]) -> str:
    value, index = arguments
    if value.kind.name != "array":
        return ""
    kind = duckdb_type(value.kind.args[0])
    failure = fail("INVALID_FUNCTION_ARGUMENT", "'SQL array indices start at 1'", kind)
    return f"CASE WHEN {index.sql} = 0 THEN {failure} ELSE {value.sql}[{index.sql}] END"


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


def _decimal_arguments(arguments: Sequence[Argument]) -> list[tuple[str, str]]:
    return [(argument.sql, duckdb_type(argument.kind)) for argument in arguments]


def _round(arguments: Sequence[Argument]) -> str:
    kind = arguments[0].kind
    if kind.name != "decimal":
        return ""
    precision, scale = kind.args
    digits = arguments[1].sql if len(arguments) > 1 else "0"
    numbers = [(digits, "INTEGER"), (str(min(38, precision + 1)), "INTEGER"), (str(scale), "INTEGER")]
    returned = Type("decimal", (min(38, precision + 1), scale))
    return udfs.call("decimal_round", [*_decimal_arguments(arguments[:1]), *numbers], duckdb_type(returned))


def _truncate(arguments: Sequence[Argument]) -> str:
    kind = arguments[0].kind
    if kind.name != "decimal" or len(arguments) < 2:
        return ""
    numbers = [(arguments[1].sql, "INTEGER"), (str(kind.args[1]), "INTEGER")]
    return udfs.call("decimal_truncate", [*_decimal_arguments(arguments[:1]), *numbers], duckdb_type(kind))


def _mod(arguments: Sequence[Argument]) -> str:
    one, other = (argument.sql for argument in arguments)
    if arguments[0].kind.name in INTEGERS:  # unlike the operator
        failure = fail("GENERIC_INTERNAL_ERROR", "'/ by zero'", duckdb_type(arguments[0].kind))
        return f"CASE WHEN {other} = 0 THEN {failure} ELSE {one} % {other} END"
    if arguments[0].kind.name != "decimal":
        return ""
    returned = remainder_type(*(argument.kind for argument in arguments))
    return udfs.call("decimal_remainder", _decimal_arguments(arguments), duckdb_type(returned))


def remainder_type(one: Type, other: Type) -> Type:
    """The type of `%` of two decimals."""
    (p, s), (q, t) = one.args, other.args
    return Type("decimal", (min(38, min(p - s, q - t) + max(s, t)), max(s, t)))


def _to_iso8601(arguments: Sequence[Argument]) -> str:
    value = arguments[0]
    if value.kind.name != "timestamp":
        return ""
    return udfs.call(
        "to_iso8601", [(value.sql, "TIMESTAMP"), (str(value.kind.args[0]), "INTEGER")], "VARCHAR"
    )


_RULES: dict[str, Rule] = {
    "array_join": _array_join,
    "chr": _chr,
    "codepoint": _codepoint,
    "concat": _concat,
    "concat_ws": _concat_ws,
    "date": _date,
    "date_add": _date_add,
    "date_diff": _date_diff,
    "date_trunc": _date_trunc,
    "element_at": _element_at,
    "greatest": _extreme("greatest"),
    "least": _extreme("least"),
    "lpad": _pad("lpad"),
    "ltrim": _trim("ltrim"),
    "map": _map,
    "mod": _mod,
    "replace": _replace,
    "round": _round,
    "rpad": _pad("rpad"),
    "rtrim": _trim("rtrim"),
    "slice": _slice,
    "split_part": _split_part,
    "substr": _substr,
    "substring": _substr,
    "to_iso8601": _to_iso8601,
    "trim": _trim("trim"),
    "truncate": _truncate,
}


def _replaced(kinds: Sequence[Type]) -> Type:
    size, _, by = (kind.args[0] for kind in kinds)
    return Type("varchar", (min(_MOST, size + by * (size + 1)),))


def _regexp_replaced(kinds: Sequence[Type]) -> Type:
    if len(kinds) < 3:
        return kinds[0]
    size, by = kinds[0].args[0], kinds[2].args[0]
    return Type("varchar", (min(_MOST, size + max(size * by // 2, by) * (size + 1)),))


def _whole(kinds: Sequence[Type]) -> Type:
    precision, scale = kinds[0].args
    return Type("decimal", (min(38, precision - scale + min(1, scale)), 0))


def _rounded(kinds: Sequence[Type]) -> Type:
    if len(kinds) == 1:
        return _whole(kinds)
    return Type("decimal", (min(38, kinds[0].args[0] + 1), kinds[0].args[1]))


def _iso(kinds: Sequence[Type]) -> Type:
    digits = kinds[0].args[0]
    zone = 6 if kinds[0].name.endswith("zone") else 0
    return Type("varchar", (22 + zone + (digits + 1 if digits else 0),))


# The types of results that are formulas in Trino's signatures.
_RETURNS: dict[str, Callable[[Sequence[Type]], Type]] = {
    "ceil": _whole,
    "ceiling": _whole,
    "floor": _whole,
    "mod": lambda kinds: remainder_type(*kinds),
    "regexp_replace": _regexp_replaced,
    "replace": _replaced,
    "round": _rounded,
    "sign": lambda _: Type("decimal", (1, 0)),
    "to_iso8601": _iso,
    "truncate": lambda kinds: Type("decimal", (max(1, kinds[0].args[0] - kinds[0].args[1]), 0)),
    "url_encode": lambda kinds: Type("varchar", (min(_MOST, kinds[0].args[0] * 12),)),
}


def returns(name: str, kinds: Sequence[Type]) -> Type | None:
    """The type of a result that is a formula in Trino's signature; None if it is not known."""
    rule = _RETURNS.get(name)
    if rule is None:
        return None
    if any(kind.name == "varchar" and not kind.args for kind in kinds):
        return Type("varchar")
    return rule(kinds)
