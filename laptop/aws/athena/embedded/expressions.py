"""Expressions of Athena's SQL, typed by Trino's rules, in DuckDB's SQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

from sqlglot import exp

from laptop.aws.athena import text
from laptop.aws.athena.embedded import casts, functions, lambdas, signatures, udfs, zones
from laptop.aws.athena.embedded.casts import FLOATS, INTEGERS, UnsupportedTypeError, duckdb_type, fail
from laptop.aws.athena.embedded.dialect import TypedLiteral, not_supported
from laptop.aws.athena.embedded.functions import Argument, UnsupportedError
from laptop.aws.athena.embedded.python.failures import FunctionError
from laptop.aws.athena.embedded.python.json_text import json_parse
from laptop.aws.athena.embedded.scopes import Column, Plan, Scope, Value
from laptop.aws.athena.embedded.signatures import common_type
from laptop.aws.athena.errors import QueryError
from laptop.aws.athena.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DAY_TO_SECOND,
    DOUBLE,
    INTEGER,
    JSON,
    TIMESTAMP,
    TIMESTAMP_TZ,
    UNKNOWN,
    VARBINARY,
    VARCHAR,
    YEAR_TO_MONTH,
    Type,
)

_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_ARITHMETIC: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
}
_COMPARABLE = (*INTEGERS, "decimal", "varchar", "boolean", "date", "timestamp", "timestamp with time zone",
               "varbinary", "unknown")  # fmt: skip
_ORDERABLE = {*_COMPARABLE, *FLOATS} - {"unknown"}
_MILLISECONDS = {"second": 1000, "minute": 60_000, "hour": 3_600_000, "day": 86_400_000}
_MONTHS = {"month": 1, "year": 12}
_TYPE_NAMES = {
    "INT": "integer", "BIGINT": "bigint", "SMALLINT": "smallint", "TINYINT": "tinyint", "DOUBLE": "double",
    "FLOAT": "real", "VARCHAR": "varchar", "TEXT": "varchar", "CHAR": "char", "BOOLEAN": "boolean",
    "DATE": "date", "TIMESTAMP": "timestamp", "TIMESTAMPTZ": "timestamp with time zone", "TIME": "time",
    "TIMETZ": "time with time zone", "DECIMAL": "decimal", "VARBINARY": "varbinary", "JSON": "json",
    "ARRAY": "array", "MAP": "map", "STRUCT": "row", "UUID": "uuid", "IPADDRESS": "ipaddress",
}  # fmt: skip


def data_type(node: exp.Expr) -> Type | None:
    """The type that a query writes; None if the embedded engine does not know it."""
    kind = node.this
    if isinstance(kind, exp.Interval):
        return None
    name = _TYPE_NAMES.get(getattr(kind, "name", str(kind)))
    if name is None:
        return None
    inner = node.expressions
    if name == "row":
        fields = []
        for item in inner:
            if isinstance(item, exp.ColumnDef) and item.args.get("kind"):
                label, part = item.name.lower(), data_type(item.args["kind"])
            else:
                label, part = None, data_type(item)
            if part is None:
                return None
            fields.append((label, part))
        return Type(name, tuple(fields))
    if name in ("array", "map"):
        parts = [data_type(item) for item in inner]
        return None if None in parts or not parts else Type(name, tuple(parts))
    sizes = tuple(int(item.this.name) for item in inner)
    if name == "decimal":
        return Type(name, (*sizes, *(38, 0)[len(sizes) :]))
    if not sizes and name.split(" ", maxsplit=1)[0] in ("timestamp", "time"):
        sizes = (3,)
    return Type(name, sizes)


class Expressions:
    """Translates expressions; `queries` gives it subqueries.

    Args:
        sql: The query's text, for places in messages.
        now: When the query began; one moment for the whole query, as in Trino.
    """

    def __init__(self, sql: str, now: datetime | None = None):
        self._sql = sql
        self._now = now or datetime.now(UTC)
        self._seen: list[Column] | None = None  # columns met, while conditions on partitions are sought
        self._pruned: int | None = None  # the scan whose keys columns now mean
        self.windows: dict[str, exp.Expr] = {}  # the named windows of the SELECT at hand

    # Where, and what is wrong

    def place(self, node: exp.Expr) -> str:
        """Where a node begins in the query: `line 1:15`."""
        starts = [found.meta["start"] for found in node.walk() if "start" in found.meta]
        return text.place(self._sql, min(starts)) if starts else "line 1:1"

    def unsupported(self, node: exp.Expr, what: str | None = None) -> QueryError:
        """The refusal of a node."""
        return not_supported(what or type(node).__name__.upper(), self.place(node))

    def error(self, node: exp.Expr, code: str, message: str) -> QueryError:
        """Trino's error at a node."""
        return QueryError(code, f"{self.place(node)}: {message}")

    def only(self, node: exp.Expr, *allowed: str) -> None:
        """Refuse a node that has more parts than those that are translated."""
        for key, part in node.args.items():
            if part and key not in allowed:
                raise self.unsupported(node, f"{type(node).__name__.upper()} with {key.rstrip('_').upper()}")

    def query(self, node: exp.Expr, parent: Scope | None) -> Plan:
        """Translate a subquery."""
        raise NotImplementedError

    # Values

    def value(self, node: exp.Expr, scope: Scope) -> Value:
        """Translate an expression; raises `QueryError`."""
        try:
            return self._value(node, scope)
        except UnsupportedTypeError as error:
            raise self.unsupported(node, str(error)) from None

    def _value(self, node: exp.Expr, scope: Scope) -> Value:
        rule = _RULES.get(type(node))
        if rule is None:
            raise self.unsupported(node)
        return self._grouped(node, scope) or rule(self, node, scope)

    def _grouped(self, node: exp.Expr, scope: Scope) -> Value | None:
        """A whole expression that the query groups by."""
        if not scope.groups or scope.in_aggregate or isinstance(node, exp.Literal | exp.Column):
            return None
        inner = replace_scope(scope, groups=None, aggregates=False, aliases={})
        try:
            found = self._value(node, inner)
        except QueryError:
            return None
        return found if found.sql in scope.groups else None

    def boolean(self, node: exp.Expr, scope: Scope, clause: str) -> str:
        """A condition; raises `QueryError` if it is none."""
        found = self.value(node, scope)
        if found.kind not in (BOOLEAN, UNKNOWN):
            raise self.error(
                node, "TYPE_MISMATCH", f"{clause} must evaluate to a boolean: actual type {found.kind}"
            )
        return casts.coerced(found.sql, found.kind, BOOLEAN)

    def coerced(self, value: Value, wanted: Type) -> str:
        """The value as another type that it can be coerced to."""
        return casts.coerced(value.sql, value.kind, wanted)

    def unified(
        self, nodes: Sequence[exp.Expr], values: Sequence[Value], what: str
    ) -> tuple[list[str], Type]:
        """Values as their common type; raises `QueryError` if there is none."""
        kind = UNKNOWN
        for node, value in zip(nodes, values, strict=True):
            common = common_type(kind, value.kind)
            if common is None:
                raise self.error(
                    node,
                    "TYPE_MISMATCH",
                    f"{what} must be the same type or coercible to a common type. Cannot find common type"
                    f" between {kind} and {value.kind}",
                )
            kind = common
        return [self.coerced(value, kind) for value in values], kind

    # Literals

    def _literal(self, node: exp.Expr, _: Scope) -> Value:
        if node.args["is_string"]:
            quoted = "'" + node.this.replace("'", "''") + "'"
            return Value(quoted, Type("varchar", (len(node.this),)), node.this)
        digits = node.this
        if digits.isdigit():
            return self._integer(node, int(digits))
        return Value(f"CAST('{digits}' AS DOUBLE)", DOUBLE)

    def _integer(self, node: exp.Expr, number: int) -> Value:
        if not -(2**63) <= number < 2**63:
            raise self.error(node, "SYNTAX_ERROR", f"Invalid numeric literal: {number}")
        kind = INTEGER if -(2**31) <= number < 2**31 else BIGINT
        return Value(f"CAST({number} AS {duckdb_type(kind)})", kind)

    def _hex(self, node: exp.Expr, _: Scope) -> Value:
        if not re.match(r"(?i)x'", self._sql[node.meta.get("start", 0) :] or "x'"):
            raise self.unsupported(node)
        return Value(f"unhex('{node.this}')", VARBINARY)

    def _unicode(self, node: exp.Expr, _: Scope) -> Value:
        if node.args.get("escape"):
            raise self.unsupported(node, "UESCAPE")
        if re.search(r"\\(?![0-9a-fA-F]{4}|\+[0-9a-fA-F]{6}|\\)", node.this):
            raise self.unsupported(node, "such an escape in U&'…'")
        written = re.sub(
            r"\\(?:([0-9a-fA-F]{4})|\+([0-9a-fA-F]{6})|(\\))",
            lambda found: found[3] or chr(int(found[1] or found[2], 16)),
            node.this,
        )
        quoted = "'" + written.replace("'", "''") + "'"
        return Value(quoted, Type("varchar", (len(written),)), written)

    def _boolean(self, node: exp.Expr, _: Scope) -> Value:
        return Value("true" if node.this else "false", BOOLEAN)

    def _null(self, _: exp.Expr, __: Scope) -> Value:
        return Value("NULL", UNKNOWN)

    def _typed_literal(self, node: exp.Expr, _: Scope) -> Value:
        kind, literal = data_type(node.args["to"]), node.this
        if kind is None or not isinstance(literal, exp.Literal) or not literal.is_string:
            raise self.unsupported(node)
        written = literal.this
        bad = self.error(node, "INVALID_LITERAL", f"'{written}' is not a valid {kind.name} literal")
        if kind.name == "decimal" and not node.args["to"].expressions:
            found = re.fullmatch(r"[+-]?0*(\d*)\.?(\d*)", written.strip())
            if not found:
                raise bad
            scale = len(found[2])
            precision = max(len(found[1]) + scale, 1)
            if precision > 38:
                raise self.unsupported(node)
            kind = Type("decimal", (precision, scale))
            return Value(f"CAST('{written}' AS {duckdb_type(kind)})", kind)
        if kind == DATE:
            if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", written):
                raise self.unsupported(node, f"the literal {written!r}")
            try:
                datetime.strptime(written, "%Y-%m-%d")  # noqa: DTZ007 - only whether it is a date
            except ValueError:
                raise bad from None
            return Value(f"DATE '{written}'", DATE)
        if kind.name.startswith("timestamp") and not node.args["to"].expressions:
            if zoned := zones.literal(written):
                return zoned
            found = re.fullmatch(r"(\d{4}-\d{2}-\d{2})( \d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)?", written)
            if not found:
                raise self.unsupported(node, f"the literal {written!r}")
            digits = len(written.rpartition(".")[2]) if "." in written else 0
            try:
                datetime.fromisoformat(written.ljust(len(written) + (3 - digits if digits else 0), "0"))
            except ValueError:
                raise bad from None
            return Value(f"TIMESTAMP '{written}'", Type("timestamp", (digits,)))
        if kind == JSON:
            try:
                written = json_parse(written)
            except FunctionError:
                raise bad from None
            return Value("'" + written.replace("'", "''") + "'", JSON)
        raise self.unsupported(node, f"a literal of type {kind}")

    def _interval(self, node: exp.Expr, _: Scope, sign: int = 1) -> Value:
        unit = node.args.get("unit")
        literal = node.this
        if isinstance(unit, exp.IntervalSpan) and isinstance(literal, exp.Literal):
            return self._span(node, unit, literal.this, sign)
        if not isinstance(unit, exp.Var) or not isinstance(literal, exp.Literal) or not literal.is_string:
            raise self.unsupported(node)
        name = unit.name.lower()
        if not re.fullmatch(r"[+-]?\d{1,9}", literal.this):
            raise self.unsupported(node, f"INTERVAL '{literal.this}'")
        number = sign * int(literal.this)
        if name in _MONTHS:
            return Value(f"to_months({number * _MONTHS[name]})", Type("interval year to month"))
        if name in _MILLISECONDS:
            return Value(f"to_milliseconds({number * _MILLISECONDS[name]})", DAY_TO_SECOND)
        raise self.unsupported(node, f"INTERVAL in units of {name.upper()}")

    def _span(self, node: exp.Expr, unit: exp.Expr, written: str, sign: int) -> Value:
        """`INTERVAL '1 2:03:04.567' DAY TO SECOND` and `INTERVAL '2-3' YEAR TO MONTH`."""
        units = (unit.this.name.upper(), unit.expression.name.upper())
        if units == ("YEAR", "MONTH") and (found := re.fullmatch(r"(-?)(\d{1,4})-(\d{1,2})", written)):
            months = int(found[2]) * 12 + int(found[3])
            return Value(f"to_months({-sign * months if found[1] else sign * months})", YEAR_TO_MONTH)
        pattern = r"(-?)(\d{1,6}) (\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,3}))?"
        if units == ("DAY", "SECOND") and (found := re.fullmatch(pattern, written)):
            day, hour, minute, second = (int(found[group]) for group in range(2, 6))
            size = (
                ((day * 24 + hour) * 60 + minute) * 60_000
                + second * 1000
                + int((found[6] or "").ljust(3, "0"))
            )
            return Value(f"to_milliseconds({-sign * size if found[1] else sign * size})", DAY_TO_SECOND)
        raise self.unsupported(node, f"INTERVAL '{written}' {' TO '.join(units)}")

    def _moment(self, node: exp.Expr, _: Scope) -> Value:
        self.only(node)
        shown = f"{self._now:%Y-%m-%d %H:%M:%S}.{self._now.microsecond // 1000:03}"
        if isinstance(node, exp.CurrentDate):
            return Value(f"DATE '{self._now:%Y-%m-%d}'", DATE)
        if isinstance(node, exp.Localtimestamp):
            return Value(f"TIMESTAMP '{shown}'", TIMESTAMP)
        return Value(f"TIMESTAMPTZ '{shown}+00'", TIMESTAMP_TZ)

    # Names

    def _column(self, node: exp.Expr, scope: Scope) -> Value:
        parts = [part for part in cast(exp.Column, node).parts if isinstance(part, exp.Identifier)]
        return self._named(node, [part.name.lower() for part in parts], scope)

    def _identifier(self, node: exp.Expr, scope: Scope) -> Value:
        return self._named(node, [node.name.lower()], scope)

    def _named(self, node: exp.Expr, parts: list[str], scope: Scope) -> Value:
        shown = ".".join(parts)
        if parts[0] in scope.variables:
            return self._fields(node, scope.variables[parts[0]], parts[1:])
        if len(parts) == 1 and parts[0] in scope.aliases and not scope.in_aggregate:
            return scope.aliases[parts[0]]
        level: Scope | None = scope
        while level is not None:
            for size in range(len(parts) - 1, -1, -1):
                found = list(level.find(parts[:size], parts[size]))
                if len(found) > 1:
                    raise self.error(node, "AMBIGUOUS_NAME", f"Column '{shown}' is ambiguous")
                if found:
                    return self._fields(node, self._met(node, found[0], scope, level), parts[size + 1 :])
            level = level.parent
        if shown in _SYNTAX:
            raise self.unsupported(node, shown.upper())
        raise self.error(node, "COLUMN_NOT_FOUND", f"Column '{shown}' cannot be resolved")

    def _met(self, node: exp.Expr, column: Column, scope: Scope, level: Scope) -> Value:
        if self._seen is not None:
            self._seen.append(column)
        if self._pruned is not None and column.origin and column.origin[0] == self._pruned:
            return Value(f'"{column.origin[1]}"', column.kind)
        if (
            level is scope
            and scope.groups is not None
            and not scope.in_aggregate
            and column.sql not in scope.groups
        ):
            raise self.error(
                node,
                "EXPRESSION_NOT_AGGREGATE",
                f"'{node.sql('trino')}' must be an aggregate expression or appear in GROUP BY clause",
            )
        return Value(column.sql, column.kind)

    def _fields(self, node: exp.Expr, value: Value, names: Sequence[str]) -> Value:
        for name in names:
            fields = [label for label, _ in value.kind.args] if value.kind.name == "row" else []
            if name not in fields:
                if value.kind.name == "row":
                    raise self.error(
                        node, "INVALID_COLUMN_REFERENCE", f"Column reference '{name}' is invalid"
                    )
                raise self.error(node, "TYPE_MISMATCH", f"Expression {node.sql('trino')} is not of type ROW")
            index = fields.index(name)
            value = Value(f"struct_extract_at({value.sql}, {index + 1})", value.kind.args[index][1])
        return value

    def _dot(self, node: exp.Expr, scope: Scope) -> Value:
        if not isinstance(node.expression, exp.Identifier):
            raise self.unsupported(node)
        return self._fields(node, self.value(node.this, scope), [node.expression.name.lower()])

    # Operators

    def _paren(self, node: exp.Expr, scope: Scope) -> Value:
        return self.value(node.this, scope)

    def _comparison(self, node: exp.Expr, scope: Scope) -> Value:
        sign = _COMPARISONS[type(node)]
        if isinstance(node.expression, exp.Any | exp.All):
            return self._quantified(node, sign, scope)
        return Value(
            self.compared(node, sign, self.value(node.this, scope), self.value(node.expression, scope)),
            BOOLEAN,
        )

    def compared(self, node: exp.Expr, sign: str, left: Value, right: Value) -> str:
        """A comparison: NaN is less, equal or greater than nothing, where DuckDB takes it for the largest."""
        left, right = zones.moment(left), zones.moment(right)
        kind = common_type(left.kind, right.kind)
        if kind is None or (kind.name in ("map", "json") and sign not in ("=", "<>")):
            shown = {">": "<", ">=": "<="}.get(sign, sign)  # Trino turns these around
            message = f"Cannot apply operator: {left.kind} {shown} {right.kind}"
            raise self.error(node, "TYPE_MISMATCH", message)
        if kind.name in ("array", "row", "map"):
            return self._compared_parts(node, sign, left, right, kind)
        if kind.name.startswith("interval") and left.kind == right.kind:
            return f"({_length(left)} {sign} {_length(right)})"
        if kind.name not in (*_COMPARABLE, *FLOATS):
            raise self.unsupported(node, f"{sign} of the type {kind}")
        one, other = self.coerced(left, kind), self.coerced(right, kind)
        if kind == UNKNOWN:
            return "CAST(NULL AS BOOLEAN)"
        plain = f"({one} {sign} {other})"
        if kind.name not in FLOATS:
            return plain
        nan = {"=": [one], "<>": [one], ">": [one], ">=": [one], "<": [other], "<=": [other]}[sign]
        if sign in (">=", "<=", "="):
            nan = [one] if sign == ">=" else [other]
        if all(_is_number(sql) for sql in nan):
            return plain
        return f"({plain} {'OR' if sign == '<>' else 'AND'} {'' if sign == '<>' else 'NOT '}isnan({nan[0]}))"

    def _compared_parts(self, node: exp.Expr, sign: str, left: Value, right: Value, kind: Type) -> str:
        """A comparison of arrays, rows or maps, part by part."""
        equal = sign in ("=", "<>")
        if not _has_parts(kind, (*_COMPARABLE, *(FLOATS if equal else ()))) or not functions.is_hashable(
            kind
        ):
            raise self.unsupported(node, f"{sign} of the type {kind}")
        if left.kind == UNKNOWN or right.kind == UNKNOWN:
            return "CAST(NULL AS BOOLEAN)"
        one, other = ((self.coerced(value, kind), duckdb_type(kind)) for value in (left, right))
        if equal:
            return f"({'NOT ' if sign == '<>' else ''}{udfs.call('equal', [one, other], 'BOOLEAN')})"
        operands = [one, other] if sign in ("<", ">=") else [other, one]
        return f"({'NOT ' if sign in ('>=', '<=') else ''}{udfs.call('less', operands, 'BOOLEAN')})"

    def _quantified(self, node: exp.Expr, sign: str, scope: Scope) -> Value:
        every = isinstance(node.expression, exp.All)
        if not (sign == "=" and not every) and not (sign == "<>" and every):
            raise self.unsupported(node, f"{sign} {'ALL' if every else 'ANY'}")
        found = self._in_query(node, node.this, node.expression.this, scope)
        return found if sign == "=" else Value(f"(NOT {found.sql})", BOOLEAN)

    def _arithmetic(self, node: exp.Expr, scope: Scope) -> Value:
        sign = _ARITHMETIC[type(node)]
        left, right = self.value(node.this, scope), self.value(node.expression, scope)
        temporal = ("date", "timestamp", "timestamp with time zone")
        if sign in "+-" and right.kind.name.startswith("interval") and left.kind.name in temporal:
            return self._moved(node, left, right, sign)
        if sign == "+" and left.kind.name.startswith("interval") and right.kind.name in temporal:
            return self._moved(node, right, left, sign)
        if sign == "-" and left.kind.name == right.kind.name == "date":
            return Value(f"to_days(CAST({left.sql} - {right.sql} AS INTEGER))", DAY_TO_SECOND)
        if sign == "-" and left.kind.name == right.kind.name == "timestamp":
            return Value(f"({left.sql} - {right.sql})", DAY_TO_SECOND)
        if intervals := self._intervals(node, sign, left, right):
            return intervals
        numbers = (*INTEGERS, *FLOATS, "decimal")
        kind = common_type(left.kind, right.kind)
        if kind == UNKNOWN:
            raise self.unsupported(node, f"NULL {sign} NULL")
        if kind is None or left.kind.name not in (*numbers, "unknown") or kind.name not in numbers:
            known = {*temporal, "varchar", "boolean", *numbers, "unknown", "varbinary", "json"}
            if {left.kind.name, right.kind.name} <= known and not (
                sign == "-" and left.kind.name == right.kind.name and left.kind.name in temporal
            ):
                raise self.error(
                    node, "TYPE_MISMATCH", f"Cannot apply operator: {left.kind} {sign} {right.kind}"
                )
            raise self.unsupported(node, f"{left.kind} {sign} {right.kind}")
        if kind.name == "decimal":
            return self._decimal(node, sign, left, right)
        one, other = self.coerced(left, kind), self.coerced(right, kind)
        operator = "//" if sign == "/" and kind.name in INTEGERS else sign
        return Value(f"CAST(({one} {operator} {other}) AS {duckdb_type(kind)})", kind)

    def _intervals(self, node: exp.Expr, sign: str, left: Value, right: Value) -> Value | None:
        """Intervals of one kind added up, or one multiplied by a whole number."""
        kinds = [value.kind for value in (left, right)]
        spans = [kind for kind in kinds if kind.name.startswith("interval")]
        if not spans:
            return None
        if sign in "+-" and kinds[0] == kinds[1]:
            return Value(f"({left.sql} {sign} {right.sql})", kinds[0])
        if sign == "*" and len(spans) == 1 and (kinds[0].name in INTEGERS or kinds[1].name in INTEGERS):
            span, number = (left, right) if kinds[0] in spans else (right, left)
            return Value(f"({span.sql} * CAST({number.sql} AS BIGINT))", span.kind)
        if len(spans) == 2 and sign in "+-":
            message = f"Cannot apply operator: {kinds[0]} {sign} {kinds[1]}"
            raise self.error(node, "TYPE_MISMATCH", message)
        raise self.unsupported(node, f"{kinds[0]} {sign} {kinds[1]}")

    def _decimal(self, node: exp.Expr, sign: str, left: Value, right: Value) -> Value:
        (p, s), (q, t) = (
            value.kind.args if value.kind.name == "decimal" else (_digits(value.kind), 0)
            for value in (left, right)
        )
        one, other = Type("decimal", (p, s)), Type("decimal", (q, t))
        scale = {"*": s + t}.get(sign, max(s, t))
        if sign == "%":
            kind = functions.remainder_type(one, other)
        else:
            precision = {"*": p + q, "/": p + t + max(t - s, 0)}.get(sign, max(p - s, q - t) + scale + 1)
            kind = Type("decimal", (min(38, precision), scale))
        if scale > 38:
            raise self.unsupported(node, f"{sign} of so many digits")
        operands = [
            (f"CAST({value.sql} AS {duckdb_type(size)})", duckdb_type(size))
            for value, size in ((left, one), (right, other))
        ]
        to = duckdb_type(kind)
        if sign in "+-" and precision <= 38:
            sqls = [f"CAST({sql} AS {to})" for sql, _ in operands]
            return Value(f"CAST(({sqls[0]} {sign} {sqls[1]}) AS {to})", kind)
        if sign == "*" and precision <= 18:
            return Value(f"CAST(({operands[0][0]} * {operands[1][0]}) AS {to})", kind)
        name = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "remainder"}[sign]
        sizes = [] if sign == "%" else [(str(size), "INTEGER") for size in kind.args]
        return Value(udfs.call(f"decimal_{name}", [*operands, *sizes], to), kind)

    def _moved(self, node: exp.Expr, moment: Value, interval: Value, sign: str) -> Value:
        moved = f"({moment.sql} {sign} {interval.sql})"
        if moment.kind != DATE:
            if interval.kind == DAY_TO_SECOND and moment.kind.args[0] < 3:
                return Value(moved, Type(moment.kind.name, (3,)))
            return Value(moved, moment.kind)
        if interval.kind == DAY_TO_SECOND:
            found = re.fullmatch(r"to_milliseconds\((-?\d+)\)", interval.sql)
            if not found:
                raise self.unsupported(node, "a date and an interval that is not written out")
            if int(found[1]) % _MILLISECONDS["day"]:
                raise QueryError("INVALID_FUNCTION_ARGUMENT", "Cannot add hour, minutes or seconds to a date")
        return Value(f"CAST({moved} AS DATE)", DATE)

    def _negative(self, node: exp.Expr, scope: Scope) -> Value:
        inner = node.this
        if isinstance(inner, exp.Literal) and not inner.is_string and inner.this.isdigit():
            return self._integer(node, -int(inner.this))
        if isinstance(inner, exp.Interval):
            return self._interval(inner, scope, -1)
        value = self.value(inner, scope)
        if value.kind.name.startswith("interval"):
            return Value(f"({value.sql} * -1)", value.kind)
        if value.kind.name not in (*INTEGERS, *FLOATS, "decimal"):
            raise self.unsupported(node, f"- of the type {value.kind}")
        return Value(f"CAST((-{value.sql}) AS {duckdb_type(value.kind)})", value.kind)

    def _not(self, node: exp.Expr, scope: Scope) -> Value:
        return Value(f"(NOT {self.boolean(node.this, scope, 'Value of logical NOT expression')})", BOOLEAN)

    def _connector(self, node: exp.Expr, scope: Scope) -> Value:
        word = "AND" if isinstance(node, exp.And) else "OR"
        clause = f"Logical expression term {word}"
        left, right = (self.boolean(part, scope, clause) for part in (node.this, node.expression))
        return Value(f"({left} {word} {right})", BOOLEAN)

    def _between(self, node: exp.Expr, scope: Scope) -> Value:
        self.only(node, "this", "low", "high")
        value, low, high = (self.value(node.args[part], scope) for part in ("this", "low", "high"))
        if common_type(value.kind, low.kind) is None or common_type(value.kind, high.kind) is None:
            raise self.error(
                node,
                "TYPE_MISMATCH",
                f"Cannot check if {value.kind} is BETWEEN {low.kind} and {high.kind}",
            )
        above, below = self.compared(node, ">=", value, low), self.compared(node, "<=", value, high)
        between = f"({above} AND {below})"
        if value.kind.name in FLOATS or low.kind.name in FLOATS or high.kind.name in FLOATS:
            # Where a bound is a constant NULL, Trino's optimizer turns these around, and NaN is in between.
            nan = " OR ".join(
                f"coalesce(isnan(CAST({operand.sql} AS DOUBLE)), false)" for operand in (value, low, high)
            )
            for part, bound in (("low", low), ("high", high)):
                if not node.args[part].find(exp.Column):
                    refused = casts.refuse("'NaN BETWEEN with a bound that is NULL'", "BOOLEAN")
                    between = f"CASE WHEN {bound.sql} IS NULL AND ({nan}) THEN {refused} ELSE {between} END"
        return Value(between, BOOLEAN)

    def _is(self, node: exp.Expr, scope: Scope) -> Value:
        if not isinstance(node.expression, exp.Null):
            raise self.error(node, "SYNTAX_ERROR", "mismatched input after IS. Expecting: 'NULL'")
        return Value(f"({self.value(node.this, scope).sql} IS NULL)", BOOLEAN)

    def _distinct_from(self, node: exp.Expr, scope: Scope) -> Value:
        left, right = self.value(node.this, scope), self.value(node.expression, scope)
        (one, other), kind = self.unified([node, node], [left, right], "Operands")
        if kind.name not in (*_COMPARABLE, *FLOATS):
            raise self.unsupported(node, f"IS DISTINCT FROM of the type {kind}")
        negated = "NOT " if isinstance(node, exp.NullSafeEQ) else ""
        return Value(f"({one} IS {negated}DISTINCT FROM {other})", BOOLEAN)

    def _in(self, node: exp.Expr, scope: Scope) -> Value:
        self.only(node, "this", "expressions", "query")
        if query := node.args.get("query"):
            return self._in_query(node, node.this, query, scope)
        if not node.expressions:
            raise self.unsupported(node, "IN without a list")
        value = self.value(node.this, scope)
        items = [self.value(item, scope) for item in node.expressions]
        kind = value.kind
        for item in items:
            common = common_type(kind, item.kind)
            if common is None:
                raise self.error(
                    node, "TYPE_MISMATCH", f"IN value and list items must be the same type: {value.kind}"
                )
            kind = common
        if kind.name in (*FLOATS, "row", "array"):
            parts = [self.compared(node, "=", value, item) for item in items]
            return Value(f"({' OR '.join(parts)})", BOOLEAN)
        if kind.name not in _COMPARABLE:
            raise self.unsupported(node, f"IN of the type {kind}")
        listed = ", ".join(self.coerced(item, kind) for item in items)
        return Value(f"({self.coerced(value, kind)} IN ({listed}))", BOOLEAN)

    def _in_query(self, node: exp.Expr, left: exp.Expr, query: exp.Expr, scope: Scope) -> Value:
        value = self.value(left, scope)
        plan = self.query(query.unnest() if isinstance(query, exp.Subquery) else query, scope)
        if value.kind.name == "row":
            raise self.unsupported(node, "IN of a row and a subquery")
        if len(plan.columns) != 1:
            raise self.error(node, "TYPE_MISMATCH", "Subquery must return one column")
        column = plan.columns[0]
        kind = common_type(value.kind, column.kind)
        if kind is None:
            raise self.error(
                node,
                "TYPE_MISMATCH",
                f"value and result of subquery must be of the same type for IN expression: {value.kind} vs"
                f" {column.kind}",
            )
        if kind.name not in _COMPARABLE:
            raise self.unsupported(node, f"IN of the type {kind}")
        listed = f"SELECT {casts.coerced('c0', column.kind, kind)} FROM ({plan.sql})"  # noqa: S608 - translated
        return Value(f"({self.coerced(value, kind)} IN ({listed}))", BOOLEAN)

    def _exists(self, node: exp.Expr, scope: Scope) -> Value:
        return Value(f"EXISTS ({self.query(node.this, scope).sql})", BOOLEAN)

    def _subquery(self, node: exp.Expr, scope: Scope) -> Value:
        self.only(node, "this")
        plan = self.query(node.this, scope)
        if len(plan.columns) != 1:
            raise self.unsupported(node, "a subquery of several columns as a value")
        return Value(f"({plan.sql})", plan.columns[0].kind)

    def _like(self, node: exp.Expr, scope: Scope) -> Value:
        escape = ""
        if isinstance(node, exp.Escape):
            if not isinstance(node.expression, exp.Literal) or len(node.expression.this) != 1:
                raise self.unsupported(node, "ESCAPE that is not one character")
            escape = f" ESCAPE {self.value(node.expression, scope).sql}"
            node = node.this
        if not isinstance(node, exp.Like) or not isinstance(node.expression, exp.Literal):
            raise self.unsupported(node, "LIKE with a pattern that is not a literal")
        self.only(node, "this", "expression")
        value, pattern = self.value(node.this, scope), self.value(node.expression, scope)
        if value.kind.name != "varchar":
            raise self.error(
                node,
                "TYPE_MISMATCH",
                f"Left side of LIKE expression must evaluate to a varchar (actual: {value.kind})",
            )
        if escape and re.search(
            rf"{re.escape(escape[-2])}(?![%_{re.escape(escape[-2])}])", pattern.literal or ""
        ):
            raise self.unsupported(node, "LIKE with an escape before another character")
        return Value(f"({value.sql} LIKE {pattern.sql}{escape})", BOOLEAN)

    def _concatenation(self, node: exp.Expr, scope: Scope) -> Value:
        return self._concatenated(node, self.value(node.this, scope), self.value(node.expression, scope))

    def _concatenated(self, node: exp.Expr, left: Value, right: Value) -> Value:
        if left.kind.name == right.kind.name == "varchar":
            return Value(f"({left.sql} || {right.sql})", VARCHAR)
        if {left.kind.name, right.kind.name} <= {"unknown", "array"} and UNKNOWN in (left.kind, right.kind):
            message = "Could not choose a best candidate operator. Explicit type casts must be added."
            raise self.error(node, "AMBIGUOUS_FUNCTION_CALL", message)
        if {left.kind.name, right.kind.name} == {"varchar", "unknown"}:  # Trino takes it for arrays
            kind = Type("array", (left.kind if right.kind == UNKNOWN else right.kind,))
            return Value(f"CAST(NULL AS {duckdb_type(kind)})", kind)
        if "array" in (left.kind.name, right.kind.name):
            return self._concatenated_arrays(node, left, right)
        textual = {"varchar", "char", "varbinary", "unknown"}
        if not {left.kind.name, right.kind.name} & (textual | {"row", "map"}) or (
            {left.kind.name, right.kind.name} <= {*textual, *_ORDERABLE}
            and not {left.kind.name, right.kind.name} <= textual
        ):
            raise self.error(
                node,
                "FUNCTION_NOT_FOUND",
                f"Unexpected parameters ({left.kind}, {right.kind}) for function concat",
            )
        raise self.unsupported(node, f"{left.kind} || {right.kind}")

    def _concatenated_arrays(self, node: exp.Expr, left: Value, right: Value) -> Value:
        kind = common_type(left.kind, right.kind)
        if kind is not None and kind.name == "array" and UNKNOWN not in (left.kind, right.kind):
            one, other = self.coerced(left, kind), self.coerced(right, kind)
            return Value(
                f"CASE WHEN {one} IS NOT NULL AND {other} IS NOT NULL THEN list_concat({one}, {other}) END",
                kind,
            )
        array, item = (left, right) if left.kind.name == "array" else (right, left)
        if right.kind.name == "array" and common_type(right.kind.args[0], left.kind) is not None:
            array, item = right, left
        element = common_type(array.kind.args[0], item.kind)
        if element is None or item.kind == UNKNOWN:
            raise self.unsupported(node, f"{left.kind} || {right.kind}")
        kind = Type("array", (element,))
        of_array, of_item = self.coerced(array, kind), f"[{self.coerced(item, element)}]"
        joined = f"{of_array}, {of_item}" if array is left else f"{of_item}, {of_array}"
        return Value(f"CASE WHEN {of_array} IS NOT NULL THEN list_concat({joined}) END", kind)

    # Conditions and conversions

    def _case(self, node: exp.Expr, scope: Scope) -> Value:
        branches = node.args["ifs"]
        results = [branch.args["true"] for branch in branches]
        if node.args.get("default"):
            results.append(node.args["default"])
        values = [self.value(result, scope) for result in results]
        sqls, kind = self.unified(results, values, "All CASE results")
        conditions = []
        for branch in branches:
            if node.this:
                tested, wanted = self.value(node.this, scope), self.value(branch.this, scope)
                if tested.sql == wanted.sql and not isinstance(branch.this, exp.Literal):
                    raise self.unsupported(
                        branch, "CASE of a value WHEN it is itself"
                    )  # Trino takes NULL, too
                conditions.append(self.compared(branch, "=", tested, wanted))
            else:
                conditions.append(self.boolean(branch.this, scope, "CASE WHEN clause"))
        parts = [f"WHEN {when} THEN {then}" for when, then in zip(conditions, sqls, strict=False)]
        last = f" ELSE {sqls[-1]}" if node.args.get("default") else ""
        return Value(f"CASE {' '.join(parts)}{last} END", kind)

    def _if(self, node: exp.Expr, scope: Scope) -> Value:
        condition = self.boolean(node.this, scope, "IF condition")
        results = [node.args["true"], *([node.args["false"]] if node.args.get("false") else [])]
        values = [self.value(result, scope) for result in results]
        sqls, kind = self.unified(results, values, "Result types for IF")
        last = f" ELSE {sqls[1]}" if len(sqls) > 1 else ""
        return Value(f"CASE WHEN {condition} THEN {sqls[0]}{last} END", kind)

    def _cast(self, node: exp.Expr, scope: Scope) -> Value:
        self.only(node, "this", "to", "safe")
        wanted = data_type(node.args["to"])
        if wanted is None:
            raise self.unsupported(node, f"the type {node.args['to'].sql('trino')}")
        value = self.value(node.this, scope)
        if not isinstance(node, exp.TryCast):
            return Value(casts.cast(value.sql, value.kind, wanted), wanted)
        if isinstance(node.this, exp.Column | exp.Literal | exp.Null):
            return Value(f"TRY({casts.cast(value.sql, value.kind, wanted)})", wanted)
        # TRY_CAST hides the errors of the cast, and not those of what it casts.
        sql = casts.cast("tried", value.kind, wanted)
        return Value(f"list_transform([{value.sql}], lambda tried: TRY({sql}))[1]", wanted)

    def _at_time_zone(self, node: exp.Expr, scope: Scope) -> Value:
        value, zone = self.value(node.this, scope), node.args["zone"]
        if not isinstance(zone, exp.Literal) or not zone.is_string:
            raise self.unsupported(node, "AT TIME ZONE with a zone that is not a literal")
        if value.kind.name not in ("timestamp", "timestamp with time zone"):
            raise self.unsupported(node, f"AT TIME ZONE of the type {value.kind}")
        kind = Type("timestamp with time zone", value.kind.args, zones.named(zone.this))
        return Value(self.coerced(value, kind), kind)

    def _extract(self, node: exp.Expr, scope: Scope) -> Value:
        field = node.this.name.lower()
        names = {"dow": "day_of_week", "doy": "day_of_year", "yow": "year_of_week"}
        name = names.get(field, field)
        if name not in ("year", "quarter", "month", "week", "day", "day_of_month", "day_of_week",
                        "day_of_year", "year_of_week", "hour", "minute", "second", "timezone_hour",
                        "timezone_minute"):  # fmt: skip
            raise self.unsupported(node, f"EXTRACT({field.upper()} …)")
        if name in ("hour", "minute", "second") and self.value(node.expression, scope).kind == DATE:
            raise self.error(node, "TYPE_MISMATCH", f"Cannot extract {field} from date")
        return self.called(node, name, [node.expression], scope)

    def _trim(self, node: exp.Expr, scope: Scope) -> Value:
        self.only(node, "this", "expression", "position")
        name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or ""), "trim")
        parts = [node.this, *([node.expression] if node.args.get("expression") else [])]
        return self.called(node, name, parts, scope)

    def _position(self, node: exp.Expr, scope: Scope) -> Value:
        self.only(node, "this", "substr")
        return self.called(node, "strpos", [node.this, node.args["substr"]], scope)

    def _substring(self, node: exp.Expr, scope: Scope) -> Value:
        parts = [node.args[key] for key in ("this", "start", "length") if node.args.get(key)]
        return self.called(node, "substring", parts, scope)

    # Arrays, maps and rows

    def _array(self, node: exp.Expr, scope: Scope) -> Value:
        values = [self.value(item, scope) for item in node.expressions]
        sqls, kind = self.unified(node.expressions, values, "All ARRAY elements")
        if not sqls:
            return Value("CAST([] AS INTEGER[])", Type("array", (UNKNOWN,)))
        array = Type("array", (kind,))
        return Value(f"CAST([{', '.join(sqls)}] AS {duckdb_type(array)})", array)

    def _bracket(self, node: exp.Expr, scope: Scope) -> Value:
        if len(node.expressions) != 1:
            raise self.unsupported(node)
        value, index = self.value(node.this, scope), self.value(node.expressions[0], scope)
        if value.kind.name == "map":
            key, kind = value.kind.args
            wanted = common_type(key, index.kind)
            if wanted is None or duckdb_type(key) != duckdb_type(wanted) or key.name not in _COMPARABLE:
                raise self.unsupported(node, f"{value.kind}[{index.kind}]")
            sql = self.coerced(index, key) if key.name != "varchar" else index.sql
            shown = f"CAST({sql} AS VARCHAR)"
            missing = fail(
                "INVALID_FUNCTION_ARGUMENT", f"'Key not present in map: ' || {shown}", duckdb_type(kind)
            )
            return Value(
                f"CASE WHEN {value.sql} IS NULL OR {sql} IS NULL THEN NULL WHEN map_contains({value.sql},"
                f" {sql}) THEN {value.sql}[{sql}] ELSE {missing} END",
                kind,
            )
        if value.kind.name != "array" or index.kind.name not in INTEGERS:
            raise self.unsupported(node, f"{value.kind}[{index.kind}]")
        kind = value.kind.args[0]
        stored = duckdb_type(kind)

        def wrong(message: str) -> str:
            return fail("INVALID_FUNCTION_ARGUMENT", message, stored)

        place, length = index.sql, f"len({value.sql})"
        beyond = (
            f"'Array subscript must be less than or equal to array length: ' || {place} || ' > ' || {length}"
        )
        zero = "'SQL array indices start at 1'"
        negative = f"'Array subscript is negative: ' || {place}"
        return Value(
            f"CASE WHEN {place} = 0 THEN {wrong(zero)}"
            f" WHEN {place} < 0 THEN {wrong(negative)}"
            f" WHEN {place} > {length} THEN {wrong(beyond)} ELSE {value.sql}[{place}] END",
            kind,
        )

    def _tuple(self, node: exp.Expr, scope: Scope) -> Value:
        values = [self.value(item, scope) for item in node.expressions]
        fields = ", ".join(f"f{number} := {value.sql}" for number, value in enumerate(values))
        kind = Type("row", tuple((None, value.kind) for value in values))
        return Value(f"CAST(struct_pack({fields}) AS {duckdb_type(kind)})", kind)

    # Calls

    def _call(self, node: exp.Expr, scope: Scope) -> Value:
        if isinstance(node.this, exp.Identifier):
            raise self.unsupported(node, "a function name in quotes")
        return self.called(node, str(node.this).lower(), node.expressions, scope)

    def called(self, node: exp.Expr, name: str, parts: Sequence[exp.Expr], scope: Scope) -> Value:
        """A call of a function by its name in lower case."""
        if special := _SPECIAL.get(name):
            return special(self, node, list(parts), scope)
        if name in _SYNTAX:
            raise self.unsupported(node, f"the function {name}")
        if name not in signatures.signatures():
            raise self.error(node, "FUNCTION_NOT_FOUND", f"Function '{name}' not registered")
        if name in functions.AGGREGATES:
            return self.aggregate(node, name, list(parts), scope, "")
        if name in functions.WINDOWS:
            raise self.error(node, "MISSING_OVER", f"Window function {name} requires OVER")
        if not functions.is_scalar(name):
            raise self.unsupported(node, f"the function {name}")
        if name in ("random", "rand") and self._pruned is not None:
            raise self.unsupported(node)
        return self.scalar(node, name, [self.value(part, scope) for part in parts])

    def resolved(self, node: exp.Expr, name: str, values: Sequence[Value]) -> tuple[list[Argument], Type]:
        """The arguments as a function takes them, and the type of its result; raises `QueryError`."""
        if name not in zones.INDIFFERENT and any(map(zones.is_zoned, (value.kind for value in values))):
            raise self.unsupported(node, f"{name} in a time zone other than UTC")
        call = signatures.resolve(name, [value.kind for value in values])
        if call is None:
            given = ", ".join(str(value.kind) for value in values)
            raise self.error(
                node, "FUNCTION_NOT_FOUND", f"Unexpected parameters ({given}) for function {name}"
            )
        returned = call.returns or functions.returns(name, call.arguments)
        if returned is None:
            raise self.unsupported(node, f"the function {name} of {', '.join(str(v.kind) for v in values)}")
        arguments = []
        for value, kind in zip(values, call.arguments, strict=True):
            if kind.name in ("codepoints", "jsonpath", "joniregexp"):
                arguments.append(Argument(value.sql, value.kind, value.literal))
            else:
                arguments.append(Argument(self.coerced(value, kind), kind, value.literal))
        return arguments, returned

    def scalar(self, node: exp.Expr, name: str, values: Sequence[Value]) -> Value:
        """A call of a scalar function; raises `QueryError`."""
        if zoned := zones.called(name, values):
            return zoned
        values = zones.shown(name, values)
        self._check_nulls(node, name, values)
        arguments, returned = self.resolved(node, name, values)
        try:
            sql = functions.scalar(name, arguments, returned)
        except UnsupportedError:
            given = ", ".join(str(value.kind) for value in values)
            raise self.unsupported(node, f"{name}({given})") from None
        if returned.name in (*INTEGERS, *FLOATS, "decimal", "date", "timestamp"):
            sql = f"CAST({sql} AS {duckdb_type(returned)})"
        return Value(f"({sql})" if sql.startswith("CASE") else sql, returned)

    def _check_nulls(self, node: exp.Expr, name: str, values: Sequence[Value]) -> None:
        """Refuse a call whose NULL means one of several types, or has Trino leave out what may fail."""
        overloads = [found for found in signatures.signatures()[name] if len(found.arguments) == len(values)]
        if name.startswith("json_") and len(overloads) > 1 and values[0].kind == UNKNOWN:
            raise self.unsupported(node, f"{name} of NULL")
        nulls = [re.fullmatch(r"NULL|(TRY\()?CAST\(NULL AS [A-Z]+\)\)?", value.sql) for value in values]
        if any(nulls) and any(
            "(" in value.sql and not _is_number(value.sql)
            for value, null in zip(values, nulls, strict=True)
            if not null and value.literal is None
        ):
            raise self.unsupported(node, f"{name} of a constant NULL and an expression")

    @staticmethod
    def replaced(scope: Scope, variables: dict[str, Value]) -> Scope:
        """A scope with other variables of lambdas."""
        return replace_scope(scope, variables=variables)

    def _coalesce(self, node: exp.Expr, parts: list[exp.Expr], scope: Scope) -> Value:
        if len(parts) < 2:
            raise self.error(node, "SYNTAX_ERROR", "The 'coalesce' function must have at least two arguments")
        values = [self.value(part, scope) for part in parts]
        sqls, kind = self.unified(parts, values, "All COALESCE operands")
        return Value(f"COALESCE({', '.join(sqls)})", kind)

    def _nullif(self, node: exp.Expr, parts: list[exp.Expr], scope: Scope) -> Value:
        if len(parts) != 2:
            raise self.unsupported(node, "NULLIF with other than two arguments")
        one, other = (self.value(part, scope) for part in parts)
        if one.kind == UNKNOWN:
            raise self.unsupported(node, "NULLIF of NULL")
        return Value(
            f"CASE WHEN {self.compared(node, '=', one, other)} THEN NULL ELSE {one.sql} END", one.kind
        )

    def _grouping(self, node: exp.Expr, parts: list[exp.Expr], scope: Scope) -> Value:
        if scope.groups is None:
            raise self.error(
                node, "MISSING_GROUP_BY", "A GROUPING() operation can only be used with GROUP BY"
            )
        if not scope.groups or not parts or scope.in_aggregate:
            raise self.unsupported(node, "such a call of grouping")
        keys = [self.value(part, replace_scope(scope, groups=None)).sql for part in parts]
        if any(key not in scope.groups for key in keys):
            raise self.error(
                node,
                "INVALID_ARGUMENTS",
                "The arguments to grouping() must be expressions referenced by the GROUP BY",
            )
        return Value(f"CAST(grouping({', '.join(keys)}) AS INTEGER)", INTEGER)

    def _json_path(self, node: exp.Expr, parts: list[exp.Expr], scope: Scope) -> Value:
        """SQL's functions of JSON, which are syntax for Trino: those that have their options left out."""
        name = str(node.this).lower()
        values = [self.value(part, scope) for part in parts]
        if len(values) != 2 or values[0].kind.name != "varchar" or values[1].literal is None:
            raise self.unsupported(node, f"{name} with such arguments")
        if not re.match(r"\s*(lax|strict)\b", values[1].literal):
            raise self.error(node, "SYNTAX_ERROR", "missing {'lax', 'strict'}")
        kind = BOOLEAN if name == "json_exists" else VARCHAR
        arguments = [(value.sql, "VARCHAR") for value in values]
        return Value(udfs.call(name, arguments, duckdb_type(kind)), kind)

    def _concat(self, node: exp.Expr, parts: list[exp.Expr], scope: Scope) -> Value:
        if len(parts) < 2:
            raise QueryError("INVALID_FUNCTION_ARGUMENT", "There must be two or more concatenation arguments")
        values = [self.value(part, scope) for part in parts]
        if len(values) == 2 or all(value.kind.name == "array" for value in values):
            joined = values[0]
            for value in values[1:]:
                joined = self._concatenated(node, joined, value)
            return joined
        return self.scalar(node, "concat", values)

    def _try(self, node: exp.Expr, parts: list[exp.Expr], scope: Scope) -> Value:
        if len(parts) != 1:
            raise self.unsupported(node, "TRY with other than one argument")
        if parts[0].find(exp.Query) or re.search(r"\brandom\(", (value := self.value(parts[0], scope)).sql):
            raise self.unsupported(node, "TRY around a subquery or random()")
        return Value(f"TRY({value.sql})", value.kind)

    def _typeof(self, node: exp.Expr, parts: list[exp.Expr], scope: Scope) -> Value:
        if len(parts) != 1:
            raise self.unsupported(node)
        value = self.value(parts[0], scope)
        name = "'" + str(value.kind).replace("'", "''") + "'"
        # Trino evaluates the argument, which may fail.
        return Value(f"CASE WHEN ({value.sql}) IS NULL THEN {name} ELSE {name} END", VARCHAR)

    def _row(self, _: exp.Expr, parts: list[exp.Expr], scope: Scope) -> Value:
        return self._tuple(exp.Tuple(expressions=[part.copy() for part in parts]), scope)

    def _now_call(self, node: exp.Expr, parts: list[exp.Expr], scope: Scope) -> Value:
        if parts:
            raise self.unsupported(node)
        return self._moment(exp.CurrentTimestamp(), scope)

    def _format(self, node: exp.Expr, parts: list[exp.Expr], scope: Scope) -> Value:
        """FORMAT with the conversions of Java that are known: %s, %d, %x, %.2f, %b and %%."""
        if not parts or not isinstance(parts[0], exp.Literal) or not parts[0].is_string:
            raise self.unsupported(node, "FORMAT without a literal pattern")
        pattern, values = parts[0].this, [self.value(part, scope) for part in parts[1:]]
        if not values:
            raise self.unsupported(node, "FORMAT without arguments")
        pieces, used = [], 0
        for found in _CONVERSION.finditer(pattern):
            if found["wrong"]:
                raise self.unsupported(node, f"the pattern {pattern!r}")
            if found["text"] or found["conversion"] == "%":
                if found["text"] is None and found[0] != "%%":
                    raise self.unsupported(node, f"the pattern {pattern!r}")
                pieces.append("'" + (found["text"] or "%").replace("'", "''") + "'")
                continue
            place = int(found["index"] or 0) or (used := used + 1)
            if place > len(values):
                raise QueryError("INVALID_FUNCTION_ARGUMENT", f"Invalid format string: {pattern}")
            pieces.append(self._formatted(node, found, values[place - 1]))
        return Value(f"({' || '.join(pieces) or chr(39) * 2})", VARCHAR)

    def _formatted(self, node: exp.Expr, found: re.Match[str], value: Value) -> str:
        conversion, flags, width = found["conversion"], found["flags"], found["width"] or ""
        digits, kind = found["digits"], value.kind
        numeric = conversion in "dxXof"
        # Java refuses these, and what a flag means for another conversion.
        if (
            len(set(flags)) < len(flags)
            or ("0" in flags and "-" in flags)
            or (("0" in flags or "-" in flags) and not width)
            or (not numeric and set(flags) - {"-"})
            or (conversion in "xXo" and set(flags) - {"-", "0"})
            or (digits is not None and conversion != "f")
        ):
            raise self.unsupported(node, f"the conversion {found[0]}")
        options = [(f"'{flags}'", "VARCHAR"), (f"'{width}'", "VARCHAR")]
        if conversion in "dxXo" and kind.name in INTEGERS:
            base = {"d": "d", "x": "x", "X": "X", "o": "o"}[conversion]
            written = (f"CAST({value.sql} AS VARCHAR)", "VARCHAR")
            shown = udfs.call("format_number", [written, *options, (f"'{base}'", "VARCHAR")], "VARCHAR")
        elif conversion == "f" and kind.name in ("double", "decimal"):
            name = "fixed" if kind == DOUBLE else "fixed_decimal"
            size = (digits or "6", "INTEGER")
            fixed = udfs.call(name, [(value.sql, duckdb_type(kind)), size], "VARCHAR")
            shown = udfs.call("format_number", [(fixed, "VARCHAR"), *options, ("'d'", "VARCHAR")], "VARCHAR")
        elif (
            conversion == "s" and kind.name in (*INTEGERS, "varchar", "boolean", "double", "date", "decimal")
        ) or (conversion == "b" and kind == BOOLEAN):
            shown = casts.cast(value.sql, kind, VARCHAR)
            if kind == DOUBLE:
                shown = udfs.call("double", [(value.sql, "DOUBLE")], "VARCHAR")
            if width:
                shown = udfs.call("format_text", [(shown, "VARCHAR"), *options], "VARCHAR")
        elif conversion in "dxXof" and kind.name in ("varchar", "boolean", "double", "date"):
            shown_kind = {"varchar": "String"}.get(kind.name, kind.name)
            failure = fail(
                "INVALID_FUNCTION_ARGUMENT",
                f"'Invalid format string: IllegalFormatConversion: {conversion} != {shown_kind}'",
                "VARCHAR",
            )
            shown = f"CASE WHEN {value.sql} IS NOT NULL THEN {failure} END"
        else:
            raise self.unsupported(node, f"%{conversion} of the type {kind}")
        null = udfs.call(
            "format_text", [("'null'", "VARCHAR"), ("''", "VARCHAR"), (f"'{width}'", "VARCHAR")], "VARCHAR"
        )
        if width and flags:
            refused = casts.refuse("'format of NULL with flags'", "VARCHAR")
            return f"CASE WHEN {value.sql} IS NULL THEN {refused} ELSE {shown} END"
        return f"COALESCE({shown}, {null})"

    # Aggregates and windows

    def aggregate(self, node: exp.Expr, name: str, parts: list[exp.Expr], scope: Scope, suffix: str) -> Value:
        """An aggregate function; `suffix` is its OVER, empty without one."""
        if not suffix and (not scope.aggregates or scope.in_aggregate):
            code = "NESTED_AGGREGATION" if scope.in_aggregate else "EXPRESSION_NOT_SCALAR"
            raise self.error(node, code, f"Aggregate function {name} cannot stand here")
        inner = scope if suffix else replace_scope(scope, in_aggregate=True)
        order, distinct = "", False
        if parts and isinstance(parts[-1], exp.Order):
            order = f" ORDER BY {self.ordered(parts[-1].expressions, inner)}"
            parts[-1] = parts[-1].this
        if parts and isinstance(parts[0], exp.Distinct):
            self.only(parts[0], "expressions")
            distinct, parts = True, list(parts[0].expressions)
        if len(parts) == 1 and isinstance(parts[0], exp.Star):
            self.only(parts[0])
            parts = []
        if any(isinstance(part, exp.Star) for part in parts):
            raise self.unsupported(node)
        values = [self.value(part, inner) for part in parts]
        if (
            name == "count"
            and values
            and values[0].kind.name not in (*_ORDERABLE, "array", "map", "row", "json")
        ):
            raise self.unsupported(node, f"count of the type {values[0].kind}")
        if distinct and (name not in ("count", "sum", "avg", "min", "max") or len(values) != 1):
            raise self.unsupported(node, f"{name}(DISTINCT …)")
        if distinct and values[0].kind.name not in _ORDERABLE:
            raise self.unsupported(node, f"{name}(DISTINCT …) of the type {values[0].kind}")
        if order and (name != "array_agg" or distinct):
            raise self.unsupported(node, f"{name} with ORDER BY")
        arguments, returned = self.resolved(node, name, values)
        sql = functions.template(functions.AGGREGATES, name, [argument.kind for argument in arguments])
        if name in ("min", "max") and len(values) == 1 and values[0].kind.name in FLOATS:
            sql = f"COALESCE({name}(CASE WHEN NOT isnan({{0}}) THEN {{0}} END){{o}}, {name}({{0}}){{o}})"
        elif name == "sum" and values[0].kind == BIGINT:
            sql = _checked_sum("DISTINCT " if distinct else "")
        elif name == "avg" and distinct and arguments[0].kind == BIGINT:
            refused = casts.refuse("'avg(DISTINCT) of bigints beyond 2^53'", "DOUBLE")
            exact = "max(abs(CAST({0} AS HUGEINT))) <= 9007199254740992"
            sql = f"CASE WHEN NOT {exact} THEN {refused} ELSE avg(DISTINCT {{0}}){{o}} END"
        elif name == "avg" and not distinct and arguments[0].kind == BIGINT:
            sql = "avg(CAST({0} AS DOUBLE)){o}"  # Trino adds doubles up
        elif name == "avg" and not distinct and arguments[0].kind.name == "decimal":
            sql = _decimal_average(arguments[0].kind)
        elif name == "approx_percentile" and not distinct and values[-1].literal is None:
            sql = self._percentile(node, parts[-1], arguments)
        elif name in ("max_by", "min_by") and len(arguments) == 2 and sql is not None:
            sql = _extreme_by(name, arguments)
        elif sql is None:
            given = ", ".join(str(value.kind) for value in values)
            raise self.unsupported(node, f"{name}({given})")
        elif "{o}" not in sql:
            sql = sql.replace("({0}", "(DISTINCT {0}", 1) if distinct else sql
            sql = sql.replace("array_agg({0}", f"array_agg({{0}}{order}") + "{o}"
        sqls = [argument.sql for argument in arguments]
        sql = sql.replace("{o}", "\0").format(*sqls).replace("\0", suffix)
        if returned.name in (*INTEGERS, *FLOATS, "decimal"):
            sql = f"CAST({sql} AS {duckdb_type(returned)})"
        return Value(sql, returned)

    def _percentile(self, node: exp.Expr, share: exp.Expr, arguments: Sequence[Argument]) -> str:
        """approx_percentile of so few values that Trino's digest keeps each of them."""
        if len(arguments) != 2 or not isinstance(share, exp.Literal):
            raise self.unsupported(node, "approx_percentile with such arguments")
        kind = duckdb_type(arguments[0].kind)
        values = ("list({0}){o}", f"{kind}[]")
        found = udfs.call("percentile", [values, ("any_value({1}){o}", "DOUBLE")], kind)
        most = udfs.MOST_IN_DIGEST
        refused = casts.refuse(f"'approx_percentile of more than {most} values'", kind)
        return f"CASE WHEN count({{0}}){{o}} > {most} THEN {refused} ELSE {found} END"

    def _filtered(self, node: exp.Expr, scope: Scope, over: str = "") -> Value:
        call, condition = node.this, node.expression.this
        if not isinstance(call, exp.Anonymous) or str(call.this).lower() not in functions.AGGREGATES:
            raise self.unsupported(node, "FILTER")
        if not over and (not scope.aggregates or scope.in_aggregate):
            raise self.error(node, "EXPRESSION_NOT_SCALAR", "An aggregate function cannot stand here")
        inner = scope if over else replace_scope(scope, in_aggregate=True)
        kept = f" FILTER (WHERE {self.boolean(condition, inner, 'FILTER condition')})"
        outer = scope if over else replace_scope(scope, aggregates=True)
        return self.aggregate(
            call,
            str(call.this).lower(),
            list(call.expressions),
            replace_scope(outer, in_aggregate=True) if not over else outer,
            kept + over,
        )

    def _listagg(self, node: exp.Expr, scope: Scope) -> Value:
        self.only(node, "this", "separator")
        if not scope.aggregates or scope.in_aggregate:
            raise self.error(node, "EXPRESSION_NOT_SCALAR", "Aggregate function listagg cannot stand here")
        if not isinstance(node.this, exp.Order):
            raise self.unsupported(node, "listagg without WITHIN GROUP")
        inner = replace_scope(scope, in_aggregate=True)
        value = self.value(node.this.this, inner)
        separator = node.args.get("separator")
        by = self.value(separator, inner).sql if separator else "''"
        if value.kind.name != "varchar" or (separator and not isinstance(separator, exp.Literal)):
            raise self.unsupported(node, "listagg with such arguments")
        order = self.ordered(node.this.expressions, inner)
        return Value(f"string_agg({value.sql}, {by} ORDER BY {order})", VARCHAR)

    def ordered(self, items: Sequence[exp.Expr], scope: Scope) -> str:
        """The terms of an ORDER BY; NULLs are last unless the query says otherwise."""
        terms = []
        for item in items:
            self.only(item, "this", "desc", "nulls_first")
            value = self.value(item.this, scope)
            if value.kind.name not in _ORDERABLE:
                raise self.unsupported(item, f"ORDER BY of the type {value.kind}")
            sql = value.sql
            if value.kind.name in FLOATS and item.args.get("nulls_first"):  # Trino has NaN elsewhere then
                refused = casts.refuse("'NaN in an order with NULLS FIRST'", duckdb_type(value.kind))
                sql = f"CASE WHEN isnan({sql}) THEN {refused} ELSE {sql} END"
            terms.append(sql + direction(item))
        return ", ".join(terms)

    def _window(self, node: exp.Expr, scope: Scope) -> Value:
        if scope.in_aggregate or not scope.windows:
            raise self.error(node, "EXPRESSION_NOT_SCALAR", "A window function cannot stand here")
        call, nulls = node.this, ""
        if isinstance(call, exp.IgnoreNulls):
            call, nulls = call.this, " IGNORE NULLS"
        elif isinstance(call, exp.RespectNulls):
            call = call.this
        over = f" OVER ({self._window_parts(node, scope)})"
        inner = replace_scope(scope)
        if isinstance(call, exp.Filter):
            raise self.unsupported(node, "FILTER over a window")
        if not isinstance(call, exp.Anonymous):
            raise self.unsupported(node, "such a window function")
        name = str(call.this).lower()
        if name in functions.AGGREGATES:
            if nulls or any(isinstance(part, exp.Distinct | exp.Order) for part in call.expressions):
                raise self.unsupported(node, f"{name} over a window with DISTINCT, ORDER BY or IGNORE NULLS")
            return self.aggregate(call, name, list(call.expressions), inner, over)
        if name not in functions.WINDOWS:
            if name not in signatures.signatures():
                raise self.error(call, "FUNCTION_NOT_FOUND", f"Function '{name}' not registered")
            raise self.unsupported(call, f"the function {name} over a window")
        arguments, returned = self.resolved(
            call, name, [self.value(part, inner) for part in call.expressions]
        )
        alias = node.args.get("alias")
        window = self.windows.get(alias.name.lower(), node) if alias else node
        if window.args.get("spec") and name not in ("first_value", "last_value"):
            message = f"Cannot specify window frame for {name} function"
            raise self.error(node, "INVALID_WINDOW_FRAME", message)
        if name in ("lag", "lead") and not window.args.get("order"):
            message = f"{name} function requires an ORDER BY window clause"
            raise self.error(node, "MISSING_ORDER_BY", message)
        sql = functions.template(functions.WINDOWS, name, [argument.kind for argument in arguments])
        if len(arguments) > 1 and not re.fullmatch(
            r"CAST\(CAST\(\d+ AS .*|CAST\(\d+ AS .*", arguments[1].sql
        ):
            raise self.unsupported(call, f"{name} by other than a number")
        if sql is None or (nulls and "{nulls}" not in sql):
            raise self.unsupported(call, f"{name} with such arguments")
        sql = sql.format(*(argument.sql for argument in arguments), nulls=nulls) + over
        if returned.name in (*INTEGERS, *FLOATS):
            sql = f"CAST({sql} AS {duckdb_type(returned)})"
        return Value(sql, returned)

    def _window_parts(self, node: exp.Expr, scope: Scope) -> str:
        self.only(node, "this", "partition_by", "order", "spec", "alias", "over")
        parts = []
        if alias := node.args.get("alias"):
            found = self.windows.get(alias.name.lower())
            if found is None or node.args.get("partition_by") or node.args.get("order"):
                raise self.unsupported(node, f"the window {alias.name}")
            return self._window_parts(found, scope)
        if keys := node.args.get("partition_by"):
            values = [self.value(key, scope) for key in keys]
            if any(value.kind.name not in _ORDERABLE for value in values):
                raise self.unsupported(node, "PARTITION BY of such a type")
            parts.append(f"PARTITION BY {', '.join(value.sql for value in values)}")
        if order := node.args.get("order"):
            parts.append(f"ORDER BY {self.ordered(order.expressions, scope)}")
        if spec := node.args.get("spec"):
            keys = order.expressions if order else []
            by = self.value(keys[0].this, scope).kind.name if len(keys) == 1 else ""
            parts.append(self._frame(spec, by))
        return " ".join(parts)

    def _frame(self, spec: exp.Expr, order: str) -> str:
        """A frame of rows; `order` is the type by which a range goes."""
        self.only(spec, "kind", "start", "start_side", "end", "end_side")
        unit = str(spec.args["kind"]).upper()
        bounds = []
        for end in ("start", "end"):
            bound, side = spec.args.get(end), str(spec.args.get(f"{end}_side") or "").upper()
            if bound is None:
                bounds.append("CURRENT ROW")
            elif isinstance(bound, str):
                bounds.append(f"{bound.upper()} {side}".strip())
            elif (
                isinstance(bound, exp.Literal)
                and bound.this.isdigit()
                and (unit in ("ROWS", "GROUPS") or order in INTEGERS)
            ):
                bounds.append(f"{bound.this} {side}")
            elif isinstance(bound, exp.Interval) and order in ("date", "timestamp"):
                bounds.append(f"{self._interval(bound, Scope()).sql} {side}")
            else:
                raise self.unsupported(spec, f"a {unit} frame with such bounds")
        return f"{unit} BETWEEN {bounds[0]} AND {bounds[1]}"


_CONVERSION = re.compile(
    r"%(?:(?P<index>[1-9][0-9]?)\$)?(?P<flags>[-+0,]*)(?P<width>[1-9][0-9]{0,3})?(?:\.(?P<digits>[0-9]{1,2}))?"
    r"(?P<conversion>[sdxXofb%])|(?P<text>[^%]+)|(?P<wrong>.)",
    re.DOTALL,
)
# What is a function by its looks, and syntax for Trino, which does not list it.
_SYNTAX = frozenset({
    "json_array", "json_object", "json_table", "listagg", "normalize", "overlay", "rank_by", "current_user",
    "current_catalog", "current_schema", "localtime",
})  # fmt: skip


def _checked_sum(distinct: str) -> str:
    """The template of a sum of bigints, which Trino adds up one by one, in an order that it does not promise.

    Where the whole sum fits, but some order of its parts would overflow, Trino's answer is not known.
    """
    total = f"sum({distinct}{{0}}){{o}}"
    fits = f"{total} BETWEEN -9223372036854775808 AND 9223372036854775807"
    reason = f"'a sum of bigints that may overflow on its way to ' || CAST({total} AS VARCHAR)"
    return (
        f"CASE WHEN {fits} AND (sum({distinct}greatest({{0}}, 0)){{o}} > 9223372036854775807"
        f" OR sum({distinct}least({{0}}, 0)){{o}} < -9223372036854775808)"
        f" THEN {casts.refuse(reason, 'BIGINT')} ELSE {total} END"
    )


def _extreme_by(name: str, arguments: Sequence[Argument]) -> str:
    """The template of max_by and min_by, whose answer is known if one value alone is the largest."""
    value, function = duckdb_type(arguments[0].kind), name.removesuffix("_by")
    is_float = arguments[1].kind.name in FLOATS
    tie = casts.refuse(f"'{name} of several values with the same key'", value)
    nan = casts.refuse(f"'{name} by NaN'", value)
    first = f"{function}({{1}}, 2){{o}}"
    nans = f"WHEN bool_or(isnan({{1}})){{o}} THEN {nan} " if is_float else ""
    return (
        f"CASE {nans}WHEN {first}[1] = {first}[2] THEN {tie} ELSE arg_{function}_null({{0}}, {{1}}){{o}} END"
    )


def _decimal_average(kind: Type) -> str:
    """The template of an exact average, rounded as Trino rounds a quotient."""
    precision, scale = kind.args
    total = f"CAST(sum({{0}}){{o}} AS DECIMAL(38,{scale}))"
    return udfs.call(
        "decimal_divide",
        [
            (total, f"DECIMAL(38,{scale})"),
            ("CAST(nullif(count({0}){o}, 0) AS DECIMAL(19,0))", "DECIMAL(19,0)"),
            (str(precision), "INTEGER"),
            (str(scale), "INTEGER"),
        ],
        duckdb_type(kind),
    )


def direction(item: exp.Expr) -> str:
    """The order of one term: NULLs are last unless the query says otherwise."""
    down = " DESC" if item.args.get("desc") else " ASC"
    return f"{down} NULLS {'FIRST' if item.args.get('nulls_first') else 'LAST'}"


def replace_scope(scope: Scope, **changes: Any) -> Scope:
    """A scope with some changes; its lists are shared."""
    return replace(scope, **changes)


def _length(interval: Value) -> str:
    """An interval as a number of months or milliseconds."""
    if interval.kind == DAY_TO_SECOND:
        return f"epoch_ms({interval.sql})"
    return f"(datepart('year', {interval.sql}) * 12 + datepart('month', {interval.sql}))"


def _has_parts(kind: Type, names: Sequence[str]) -> bool:
    """Whether all parts of a type are of these, or of arrays and rows of these."""
    if kind.name == "row":
        return all(_has_parts(part, names) for _, part in kind.args)
    if kind.name in ("array", "map"):
        return all(_has_parts(part, names) for part in kind.args)
    return kind.name in names


def _is_number(sql: str) -> bool:
    return re.fullmatch(r"CAST\((CAST\()?'?-?[0-9][0-9.eE+-]*'?( AS [A-Z]+\))? AS [A-Z]+\)", sql) is not None


def _digits(kind: Type) -> int:
    return {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19, "unknown": 1}[kind.name]


_RULES: dict[type, Callable[[Expressions, exp.Expr, Scope], Value]] = {
    TypedLiteral: Expressions._typed_literal,
    exp.Add: Expressions._arithmetic,
    exp.Anonymous: Expressions._call,
    exp.Array: Expressions._array,
    exp.AtTimeZone: Expressions._at_time_zone,
    exp.Between: Expressions._between,
    exp.Boolean: Expressions._boolean,
    exp.Bracket: Expressions._bracket,
    exp.Case: Expressions._case,
    exp.Cast: Expressions._cast,
    exp.Column: Expressions._column,
    exp.And: Expressions._connector,
    exp.Or: Expressions._connector,
    exp.CurrentDate: Expressions._moment,
    exp.CurrentTimestamp: Expressions._moment,
    exp.DPipe: Expressions._concatenation,
    exp.Div: Expressions._arithmetic,
    exp.Dot: Expressions._dot,
    exp.EQ: Expressions._comparison,
    exp.Escape: Expressions._like,
    exp.Exists: Expressions._exists,
    exp.Extract: Expressions._extract,
    exp.Filter: Expressions._filtered,
    exp.GT: Expressions._comparison,
    exp.GTE: Expressions._comparison,
    exp.GroupConcat: Expressions._listagg,
    exp.HexString: Expressions._hex,
    exp.Identifier: Expressions._identifier,
    exp.If: Expressions._if,
    exp.In: Expressions._in,
    exp.Interval: Expressions._interval,
    exp.Is: Expressions._is,
    exp.LT: Expressions._comparison,
    exp.LTE: Expressions._comparison,
    exp.Like: Expressions._like,
    exp.Literal: Expressions._literal,
    exp.Localtimestamp: Expressions._moment,
    exp.Mod: Expressions._arithmetic,
    exp.Mul: Expressions._arithmetic,
    exp.NEQ: Expressions._comparison,
    exp.Neg: Expressions._negative,
    exp.Not: Expressions._not,
    exp.Null: Expressions._null,
    exp.NullSafeEQ: Expressions._distinct_from,
    exp.NullSafeNEQ: Expressions._distinct_from,
    exp.Paren: Expressions._paren,
    exp.StrPosition: Expressions._position,
    exp.Sub: Expressions._arithmetic,
    exp.Subquery: Expressions._subquery,
    exp.Substring: Expressions._substring,
    exp.Trim: Expressions._trim,
    exp.TryCast: Expressions._cast,
    exp.Tuple: Expressions._tuple,
    exp.UnicodeString: Expressions._unicode,
    exp.Window: Expressions._window,
}


def syntax() -> list[str]:
    """The kinds of syntax that have a rule: `AT TIME ZONE`, `BETWEEN`."""
    written = {**_COMPARISONS, **_ARITHMETIC, exp.DPipe: "||", exp.Bracket: "[…]", exp.Dot: "."}
    written |= {exp.NullSafeEQ: "IS NOT DISTINCT FROM", exp.NullSafeNEQ: "IS DISTINCT FROM"}
    hidden = (exp.Anonymous, exp.Column, exp.GroupConcat, exp.Identifier, exp.Neg, exp.Paren, exp.StrPosition)
    return sorted(
        written.get(kind) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).upper()
        for kind in _RULES
        if kind not in hidden
    )


def special() -> list[str]:
    """The functions that have a rule here, because Trino has syntax for them."""
    return sorted(set(_SPECIAL) - set(lambdas.RULES) | {"listagg"})


_SPECIAL: dict[str, Callable[[Expressions, exp.Expr, list[exp.Expr], Scope], Value]] = {
    "coalesce": Expressions._coalesce,
    "concat": Expressions._concat,
    "grouping": Expressions._grouping,
    "json_exists": Expressions._json_path,
    "json_query": Expressions._json_path,
    "json_value": Expressions._json_path,
    "format": Expressions._format,
    "now": Expressions._now_call,
    "nullif": Expressions._nullif,
    "row": Expressions._row,
    "try": Expressions._try,
    "typeof": Expressions._typeof,
    **lambdas.RULES,
}
