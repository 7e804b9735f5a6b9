# ruff: noqa: S608 - making SQL is what this is for
"""Queries composed from the tables of rules that the embedded engine works by.

An expression of a type is a column, a literal, an operator, or a call. The calls are Trino's signatures of
the functions that have rules. A seed gives the same queries again.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from random import Random

from laptop.aws.athena.embedded import functions, signatures

_LITERALS = {
    "boolean": ["true", "false", "NULL"],
    "integer": ["0", "1", "(-1)", "7", "2147483647", "(-2147483648)", "NULL"],
    "bigint": ["CAST(2 AS bigint)", "3000000000", "9223372036854775807", "CAST(-5 AS bigint)"],
    "double": ["0e0", "(-0e0)", "1.5", "(-2.25e0)", "1e10", "nan()", "infinity()", "(-infinity())"],
    "decimal": ["DECIMAL '1.10'", "DECIMAL '-99999999.99'", "DECIMAL '0.05'", "CAST(NULL AS decimal(10,2))"],
    "varchar": ["''", "'abc'", "'a,b,,c'", "'42'", "' x '", "'Straße 😀'", "'2024-02-29'", "'1.5e3'", "NULL"],
    "date": ["DATE '2024-02-29'", "DATE '1969-12-31'", "DATE '2026-01-31'", "CAST(NULL AS date)"],
    "timestamp": ["TIMESTAMP '2024-02-29 23:59:59.999'", "TIMESTAMP '1969-12-31 00:00:00.001'"],
    "array(varchar)": ["ARRAY['a', NULL, 'b']", "ARRAY['x']", "CAST(ARRAY[] AS array(varchar))"],
    "array(bigint)": ["ARRAY[3000000000, 3, 2]", "ARRAY[CAST(5 AS bigint), NULL]"],
    "array(double)": ["ARRAY[1.5, nan(), -2.0]", "ARRAY[0e0, NULL]"],
    "map(varchar,double)": ["MAP(ARRAY['usd', 'eur'], ARRAY[1.5, NULL])", "MAP(ARRAY['x'], ARRAY[nan()])"],
    "json": ["JSON '{\"a\": [1, 2.5, null]}'", "JSON '[\"x\", true]'", "JSON 'null'"],
    "varbinary": ["X'00ff'", "to_utf8('é')"],
    "interval day to second": ["INTERVAL '1' DAY", "INTERVAL '-90' MINUTE"],
    "interval year to month": ["INTERVAL '1' MONTH", "INTERVAL '-2' YEAR"],
    "timestamp with time zone": ["TIMESTAMP '2024-03-10 02:30:00 UTC'"],
}
_ORDERED = ("integer", "bigint", "double", "decimal", "varchar", "date", "timestamp", "boolean")
_NUMBERS = ("integer", "bigint", "double", "decimal")
_ANY = (*_ORDERED, "array(varchar)", "array(bigint)", "map(varchar,double)", "json", "varbinary")
# In these places functions take a word or a pattern, and other texts say little.
_WORDS = {
    ("date_trunc", 0): ["'day'", "'month'", "'hour'", "'week'", "'quarter'", "'year'"],
    ("date_add", 0): ["'day'", "'month'", "'hour'", "'second'", "'year'", "'quarter'"],
    ("date_add", 1): ["1", "-1", "13", "k", "NULL"],
    ("date_diff", 0): ["'day'", "'month'", "'hour'", "'week'", "'year'", "'millisecond'"],
    ("date_format", 1): ["'%Y-%m-%d'", "'%H:%i:%s'", "'%W %e %M'"],
    ("format_datetime", 1): ["'yyyy-MM-dd'", "'HH:mm:ss.SSS'"],
    ("date_parse", 1): ["'%Y-%m-%d'"],
    ("parse_datetime", 1): ["'yyyy-MM-dd'"],
    ("from_base", 1): ["10", "16", "2", "37"],
    ("to_base", 1): ["10", "16", "2", "1"],
    ("json_extract", 1): ["'$.a'", "'$.a[0]'", "'$'"],
    ("json_extract_scalar", 1): ["'$.a[1]'", "'$[0]'"],
    ("json_size", 1): ["'$.a'", "'$'"],
    ("lpad", 1): ["0", "3", "9", "-1"],
    ("rpad", 1): ["0", "3", "9", "-1"],
    ("lpad", 2): ["'x'", "'ab'"],
    ("rpad", 2): ["'x'", "'ab'"],
    ("repeat", 1): ["0", "2", "-1"],
    ("sequence", 0): ["1", "3"],
    ("sequence", 1): ["4", "-2"],
    ("sequence", 2): ["1", "-2", "0"],
    ("split_part", 1): ["','", "'a'"],
    ("split", 1): ["','", "'b'"],
    ("split", 2): ["2", "1", "0"],
    ("replace", 1): ["'a'", "'b,'"],
    ("combinations", 1): ["1", "2"],
    ("ngrams", 1): ["1", "2"],
    ("round", 1): ["0", "1", "2", "-1"],
    ("truncate", 1): ["0", "1", "-1"],
    ("approx_percentile", 1): ["0.5", "0.0", "1.0"],
    ("ntile", 0): ["2", "4"],
    ("lag", 1): ["1", "2"],
    ("lead", 1): ["1", "2"],
    **{
        (f"regexp_{name}", 1): ["'[a-c]+'", "'(\\d)(\\d)?'", "'^a|c$'", "''"]
        for name in ("count", "extract", "extract_all", "like", "position", "replace", "split")
    },
    **{(name, 2): ["1", "0", "2"] for name in ("regexp_extract", "regexp_extract_all", "regexp_position")},
    ("regexp_replace", 2): ["'<$0>'", "''", "'-'"],
}
# They give another answer each time, or another last digit, which what is around them would enlarge.
_LEFT_OUT = {"random", "rand", "now", "current_timezone", "localtimestamp"}
_INEXACT = {
    "acos", "asin", "atan", "atan2", "cbrt", "cos", "degrees", "exp", "ln", "log", "log10", "log2", "pow",
    "power", "radians", "sin", "sqrt", "tan", "e", "pi",
}  # fmt: skip
_COLUMNS = {
    "numbers": {
        "k": "bigint", "i": "integer", "b": "bigint", "x": "double", "y": "double", "d": "decimal",
        "s": "varchar", "t": "boolean",
    },
    "events": {
        "coin": "varchar", "price": "double", "rank": "integer", "at": "timestamp", "tags": "array(varchar)",
        "quotes": "map(varchar,double)", "about.year": "bigint", "about.site": "varchar", "dt": "date",
    },
}  # fmt: skip
_CASTS = {
    "boolean": ("integer", "varchar", "double"),
    "integer": ("bigint", "double", "varchar", "decimal", "boolean"),
    "bigint": ("integer", "double", "varchar", "decimal", "boolean"),
    "double": ("integer", "bigint", "varchar", "decimal"),
    "decimal(10,2)": ("integer", "bigint", "varchar", "double", "decimal"),
    "varchar": ("integer", "bigint", "double", "decimal", "boolean", "date", "timestamp"),
    "varchar(3)": ("varchar",),
    "date": ("varchar", "timestamp"),
    "timestamp": ("date", "varchar"),
    "json": ("bigint", "varchar", "boolean", "array(bigint)", "map(varchar,double)"),
    "array(varchar)": ("array(bigint)",),
}


@cache
def productions() -> dict[str, list[str]]:
    """How an expression of each type is made of others, which stand in braces with their types."""
    made: dict[str, list[str]] = defaultdict(list)
    for kind in _ORDERED:
        made["boolean"] += [f"({{{kind}}} {sign} {{{kind}}})" for sign in ("=", "<>", "<", ">=")]
        made["boolean"] += [
            f"({{{kind}}} BETWEEN {{{kind}}} AND {{{kind}}})",
            f"({{{kind}}} NOT BETWEEN {{{kind}}} AND {{{kind}}})",
            f"({{{kind}}} IN ({{{kind}}}, {{{kind}}}))",
            f"({{{kind}}} NOT IN ({{{kind}}}, {{{kind}}}))",
            f"({{{kind}}} IS NULL)",
            f"({{{kind}}} IS DISTINCT FROM {{{kind}}})",
        ]
    for kind in _NUMBERS:
        made[kind] += [f"({{{kind}}} {sign} {{{kind}}})" for sign in "+-*/%"] * 2 + [f"(-{{{kind}}})"]
    for kind in _ANY:
        made[kind] += [
            f"CASE WHEN {{boolean}} THEN {{{kind}}} ELSE {{{kind}}} END",
            f"CASE {{integer}} WHEN {{integer}} THEN {{{kind}}} END",
            f"if({{boolean}}, {{{kind}}}, {{{kind}}})",
            f"coalesce({{{kind}}}, {{{kind}}})",
            f"try({{{kind}}})",
        ]
    for kind in _ORDERED:
        made[kind].append(f"nullif({{{kind}}}, {{{kind}}})")
    for wanted, kinds in _CASTS.items():
        for kind in kinds:
            made[_plain(wanted)] += [f"{word}({{{kind}}} AS {wanted})" for word in ("CAST", "TRY_CAST")]
    made["boolean"] += [
        "({boolean} AND {boolean})", "({boolean} OR {boolean})", "(NOT {boolean})",
        "({varchar} LIKE 'a%')", "({varchar} LIKE '_b%' ESCAPE '!')", "({array(bigint)} = {array(bigint)})",
    ]  # fmt: skip
    made["varchar"] += [
        "({varchar} || {varchar})", "{array(varchar)}[1]", "format('%s|%d', {varchar}, {bigint})",
        "array_join(transform({array(bigint)}, e -> e * 2), '-')", "typeof({double})",
    ]  # fmt: skip
    made["double"] += ["{map(varchar,double)}['usd']", "element_at({map(varchar,double)}, {varchar})"]
    made["bigint"] += [
        "{array(bigint)}[{integer}]", "reduce({array(bigint)}, CAST(0 AS bigint), (s, e) -> s + e, s -> s)",
        "extract(YEAR FROM {date})", "extract(DOW FROM {timestamp})",
    ]  # fmt: skip
    made["array(varchar)"] += [
        "filter({array(varchar)}, e -> e > {varchar})",
        "({array(varchar)} || {varchar})",
    ]
    made["array(bigint)"] += ["transform({array(varchar)}, e -> length(e))", "ARRAY[{bigint}, {bigint}]"]
    made["date"] += ["({date} + INTERVAL '1' MONTH)", "({date} - INTERVAL '3' DAY)"]
    made["timestamp"] += ["({timestamp} + {interval day to second})", "({timestamp} - INTERVAL '1' YEAR)"]
    made["interval day to second"] += ["({timestamp} - {timestamp})", "({date} - {date})"]
    for kind, call in _calls("scalar"):
        made[kind].append(call)
    return made


def _calls(kind: str) -> Iterator[tuple[str, str]]:
    """The calls of all functions of a kind that have rules: the type of the result, and the call."""
    for name in functions.names():
        if name in _LEFT_OUT:
            continue
        for signature in signatures.signatures().get(name, ()):
            if signature.kind != kind:
                continue
            for variable in ("bigint", "varchar", "double"):
                parts = [_bound(part, variable) for part in (signature.returns, *signature.arguments)]
                if not all(part in _LITERALS for part in parts):
                    continue
                shown = (
                    f"{{{name}:{place}}}" if (name, place) in _WORDS else f"{{{part}}}"
                    for place, part in enumerate(parts[1:])
                )
                returned = f"inexact {parts[0]}" if name in _INEXACT else parts[0]
                yield returned, f"{name}({', '.join(shown)})"
                if not re.search(r"\b[tekv]\b", " ".join((signature.returns, *signature.arguments))):
                    break


def _bound(pattern: str, variable: str) -> str:
    return _plain(re.sub(r"\b[tekv]\b", variable, pattern.replace(", ", ",")))


def _plain(pattern: str) -> str:
    """A type as the tables here name it: `varchar(x)` is `varchar`."""
    named = re.sub(r"(varchar|decimal|timestamp)\([^()]*\)", r"\1", pattern)
    return {"jsonpath": "varchar", "joniregexp": "varchar", "codepoints": "varchar"}.get(named, named)


class Generator:
    """Makes queries."""

    def __init__(self, seed: int):
        self._random = Random(seed)  # noqa: S311 - nothing secret
        self._columns: dict[str, list[str]] = {}

    def queries(self, count: int) -> list[str]:
        """So many queries, no two the same."""
        found: dict[str, None] = {}
        while len(found) < count:
            found[self.query()] = None
        return list(found)

    def query(self) -> str:
        """A query."""
        shapes = [self._select, self._filter, self._group, self._window, self._join, self._constant,
                  self._empty, self._subquery, self._set, self._distinct]  # fmt: skip
        weights = [5, 3, 4, 3, 2, 2, 1, 1, 1, 1]
        return self._random.choices(shapes, weights)[0]()

    # Shapes

    def _select(self) -> str:
        table = self._table()
        order = "k" if table == "numbers" else "at"
        return f"SELECT {self._any()} AS v FROM {table} ORDER BY {order}"

    def _filter(self) -> str:
        table = self._table()
        column = self._random.choice(list(_COLUMNS[table]))
        return f"SELECT {column} AS v FROM {table} WHERE {self._expression('boolean', 3)}"

    def _group(self) -> str:
        table = self._table()
        _, call = self._random.choice(_aggregates())
        aggregate = self._filled(call, 1)
        if self._random.random() < 0.2:
            aggregate += f" FILTER (WHERE {self._expression('boolean', 2)})"
        if self._random.random() < 0.3:
            return f"SELECT {aggregate} AS v FROM {table}"
        key = self._expression(self._random.choice(_ORDERED), 1)
        having = f" HAVING count(*) > {self._random.choice('01')}" if self._random.random() < 0.3 else ""
        where = f" WHERE {self._expression('boolean', 1)}" if self._random.random() < 0.3 else ""
        return f"SELECT {key} AS g, {aggregate} AS v FROM {table}{where} GROUP BY {key}{having}"

    def _window(self) -> str:
        self._use("numbers")
        _, call = self._random.choice(_windows())
        part = f"PARTITION BY {self._expression(self._random.choice(_ORDERED), 1)} " * self._random.choice(
            (0, 1)
        )
        frame = self._random.choice((
            "", "", " ROWS BETWEEN 1 PRECEDING AND CURRENT ROW",
            " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING",
            " RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
        ))  # fmt: skip
        down = self._random.choice(("", " DESC", " NULLS FIRST", " DESC NULLS LAST"))
        order = f"ORDER BY {self._random.choice(['i', 'b', 'y', 's', 'd', 'x'])}{down}, k"
        return f"SELECT k, {self._filled(call, 1)} OVER ({part}{order}{frame}) AS v FROM numbers ORDER BY k"

    def _join(self) -> str:
        self._use("numbers", "n.")
        columns = {kind: list(names) for kind, names in self._columns.items()}
        self._use("events", "e.")
        for kind, names in columns.items():
            self._columns.setdefault(kind, []).extend(names)
        kind = self._random.choice(("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"))
        on = self._random.choice(
            ("n.k = e.rank", "n.k = e.rank AND n.y > 0", "n.i = e.rank", "n.x = e.price")
        )
        return f"SELECT n.k, {self._any()} AS v FROM numbers n {kind} events e ON {on}"

    def _constant(self) -> str:
        self._columns = {}
        return f"SELECT {self._any(4)} AS v"

    def _empty(self) -> str:
        table = self._table()
        condition = self._random.choice(("false", f"{next(iter(_COLUMNS[table]))} IS NULL", "1 = 0"))
        return f"SELECT {self._any(3)} AS v FROM {table} WHERE {condition}"

    def _subquery(self) -> str:
        self._use("numbers")
        kind = self._random.choice(("integer", "bigint", "varchar", "double", "date"))
        outer = self._expression(kind, 1)
        self._use("events")
        negated = self._random.choice(("", "NOT "))
        inner = self._expression(kind, 1)
        return f"SELECT k FROM numbers WHERE {outer} {negated}IN (SELECT {inner} FROM events)"

    def _set(self) -> str:
        kinds = [self._random.choice(_ORDERED)] * 2
        self._use("numbers")
        one = self._expression(kinds[0], 1)
        self._use("events")
        word = self._random.choice(("UNION", "UNION ALL", "INTERSECT", "EXCEPT"))
        return f"SELECT {one} AS v FROM numbers {word} SELECT {self._expression(kinds[1], 1)} FROM events"

    def _distinct(self) -> str:
        table = self._table()
        return f"SELECT DISTINCT {self._expression(self._random.choice(_ORDERED), 2)} AS v FROM {table}"

    # Expressions

    def _table(self) -> str:
        table = self._random.choice(("numbers", "numbers", "events"))
        self._use(table)
        return table

    def _use(self, table: str, prefix: str = "") -> None:
        self._columns = defaultdict(list)
        for name, kind in _COLUMNS[table].items():
            self._columns[kind].append(prefix + name)

    def _any(self, depth: int = 3) -> str:
        kind = self._random.choice((*_ANY, *_ORDERED, "inexact double"))
        return self._expression(kind, depth)

    def _expression(self, kind: str, depth: int) -> str:
        if depth and productions().get(kind) and self._random.random() < 0.8:
            return self._filled(self._random.choice(productions()[kind]), depth - 1)
        kind = kind.removeprefix("inexact ")
        columns = self._columns.get(kind)
        if columns and self._random.random() < 0.75:
            return self._random.choice(columns)
        return self._random.choice(_LITERALS[kind])

    def _filled(self, template: str, depth: int) -> str:
        def part(found: re.Match[str]) -> str:
            name, colon, place = found[1].partition(":")
            if colon:
                word = self._random.choice(_WORDS[name, int(place)])
                return "1" if word == "k" and "k" not in self._columns.get("bigint", ()) else word
            return self._expression(name, depth)

        return re.sub(r"\{([^}]*)\}", part, template)


@cache
def _aggregates() -> Sequence[tuple[str, str]]:
    distinct = [(kind, re.sub(r"\(", "(DISTINCT ", call, count=1)) for kind, call in _calls("aggregate")
                if re.match(r"(count|sum|avg|min|max)\(\{[^}]*\}\)", call)]  # fmt: skip
    return [*(found for found in _calls("aggregate") if not found[1].startswith("array_agg")), *distinct]


@cache
def _windows() -> Sequence[tuple[str, str]]:
    return [*_calls("window"), *(found for found in _calls("aggregate"))]
