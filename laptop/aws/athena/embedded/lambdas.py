"""Functions that take a lambda."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from sqlglot import exp

from laptop.aws.athena.embedded import udfs
from laptop.aws.athena.embedded.casts import coerced, duckdb_type
from laptop.aws.athena.embedded.scopes import Scope, Value
from laptop.aws.athena.embedded.signatures import common_type
from laptop.aws.athena.errors import QueryError
from laptop.aws.athena.types import BOOLEAN, UNKNOWN, VARCHAR, Type


class Expressions(Protocol):
    """What translates the parts of a call."""

    def value(self, node: exp.Expr, scope: Scope) -> Value:
        """Translate an expression."""

    def scalar(self, node: exp.Expr, name: str, values: Sequence[Value]) -> Value:
        """Translate a call without lambdas."""

    def unsupported(self, node: exp.Expr, what: str | None = None) -> QueryError:
        """The refusal of a node."""

    @staticmethod
    def replaced(scope: Scope, variables: dict[str, Value]) -> Scope:
        """A scope with other variables of lambdas."""


Rule = Callable[[Any, exp.Expr, list[exp.Expr], Scope], Value]


class _Call:
    """A call: its arguments before the lambdas, and the lambdas."""

    def __init__(
        self, expressions: Expressions, node: exp.Expr, name: str, parts: Sequence[exp.Expr], scope: Scope
    ):
        self._expressions, self.node, self.name, self._scope = expressions, node, name, scope
        self._lambdas = [part for part in parts if isinstance(part, exp.Lambda)]
        self.arguments = [
            expressions.value(part, scope) for part in parts if not isinstance(part, exp.Lambda)
        ]
        self._depth = len(scope.variables)

    def refusal(self, what: str = "with such arguments") -> Exception:
        return self._expressions.unsupported(self.node, f"{self.name} {what}")

    def expect(self, kinds: Sequence[str | None], lambdas: int) -> None:
        """Refuse a call whose arguments are not of these types."""
        given = [argument.kind.name for argument in self.arguments]
        if len(self._lambdas) != lambdas or len(given) != len(kinds):
            raise self.refusal()
        if any(kind and kind != name for name, kind in zip(given, kinds, strict=True)):
            raise self.refusal(f"of the type {self.arguments[0].kind}")

    def variable(self, number: int = 0) -> str:
        """The name of a variable of DuckDB's lambda."""
        return f"e{self._depth}_{number}"

    def body(self, values: Sequence[Value], which: int = 0) -> Value:
        """The body of a lambda, whose variables are these values."""
        node = self._lambdas[which]
        if len(node.expressions) != len(values):
            raise self.refusal()
        variables = dict(self._scope.variables)
        for item, value in zip(node.expressions, values, strict=True):
            variables[item.name.lower()] = value
        # As many variables as there are levels: their names in DuckDB differ.
        while len(variables) <= self._depth:
            variables[f"\0{len(variables)}"] = values[0]
        return self._expressions.value(node.this, self._expressions.replaced(self._scope, variables))


def _transform(call: _Call) -> Value:
    call.expect(["array"], 1)
    (array,), e = call.arguments, call.variable()
    body = call.body([Value(e, array.kind.args[0])])
    kind = Type("array", (body.kind,))
    return Value(f"CAST(list_transform({array.sql}, lambda {e}: {body.sql}) AS {duckdb_type(kind)})", kind)


def _condition(call: _Call) -> tuple[Value, str, Value]:
    """An array, the variable of a lambda over its elements, and the lambda's body, a boolean."""
    call.expect(["array"], 1)
    (array,), e = call.arguments, call.variable()
    body = call.body([Value(e, array.kind.args[0])])
    if body.kind != BOOLEAN:
        raise call.refusal(f"with a lambda of the type {body.kind}")
    return array, e, body


def _filter(call: _Call) -> Value:
    array, e, body = _condition(call)
    return Value(f"list_filter({array.sql}, lambda {e}: {body.sql})", array.kind)


def _match(call: _Call) -> Value:
    array, e, body = _condition(call)

    def found(condition: str) -> str:
        return f"len(list_filter({array.sql}, lambda {e}: {condition})) > 0"

    first, then, last = {
        "any_match": (found(body.sql), "true", "false"),
        "all_match": (found(f"NOT ({body.sql})"), "false", "true"),
        "none_match": (found(body.sql), "false", "true"),
    }[call.name]
    return Value(
        f"CASE WHEN {array.sql} IS NULL THEN NULL WHEN {first} THEN {then}"
        f" WHEN {found(f'({body.sql}) IS NULL')} THEN NULL ELSE {last} END",
        BOOLEAN,
    )


def _reduce(call: _Call) -> Value:
    """A list of pairs of state and element, because DuckDB's states have the type of the elements."""
    call.expect(["array", None], 2)
    array, start = call.arguments
    s, x = call.variable(), call.variable(1)
    element = array.kind.args[0]
    state = start.kind
    body = call.body([Value(f"{s}.s", state), Value(f"{x}.x", element)])
    if body.kind != state:
        state_ = common_type(state, body.kind)
        if state_ is None or state_ != body.kind:
            raise call.refusal(f"with states of the types {state} and {body.kind}")
        state = state_
        body = call.body([Value(f"{s}.s", state), Value(f"{x}.x", element)])
        if body.kind != state:
            raise call.refusal(f"with states of the types {state} and {body.kind}")
    kinds = f"STRUCT(s {duckdb_type(state)}, x {duckdb_type(element)})"
    first = f"CAST(struct_pack(s := {coerced(start.sql, start.kind, state)}, x := NULL) AS {kinds})"
    pairs = f"list_transform({array.sql}, lambda {x}: CAST(struct_pack(s := NULL, x := {x}) AS {kinds}))"
    step = f"CAST(struct_pack(s := {body.sql}, x := NULL) AS {kinds})"
    last = f"list_reduce({pairs}, lambda {s}, {x}: {step}, {first}).s"
    result = call.body([Value(s, state)], 1)
    made = f"list_transform([{last}], lambda {s}: {result.sql})[1]"
    return Value(f"CASE WHEN {array.sql} IS NOT NULL THEN {made} END", result.kind)


def _zip_with(call: _Call) -> Value:
    call.expect(["array", "array"], 1)
    (one, other), e = call.arguments, call.variable()
    parts = [
        Value(f"struct_extract_at({e}, {place})", array.kind.args[0])
        for place, array in enumerate((one, other), 1)
    ]
    body = call.body(parts)
    kind = Type("array", (body.kind,))
    made = f"list_transform(list_zip({one.sql}, {other.sql}), lambda {e}: {body.sql})"
    return Value(
        f"CASE WHEN {one.sql} IS NOT NULL AND {other.sql} IS NOT NULL"
        f" THEN CAST({made} AS {duckdb_type(kind)}) END",
        kind,
    )


def _of_map(call: _Call) -> Value:
    call.expect(["map"], 1)
    (value,), e = call.arguments, call.variable()
    key, item = value.kind.args
    body = call.body([Value(f"{e}.key", key), Value(f"{e}.value", item)])
    entries = f"map_entries({value.sql})"
    if call.name == "map_filter":
        if body.kind != BOOLEAN:
            raise call.refusal(f"with a lambda of the type {body.kind}")
        kind, made = value.kind, f"list_filter({entries}, lambda {e}: {body.sql})"
    elif call.name == "transform_values":
        kind = Type("map", (key, body.kind))
        made = f"list_transform({entries}, lambda {e}: struct_pack(k := {e}.key, v := {body.sql}))"
    else:
        kind = Type("map", (body.kind, item))
        if body.kind == UNKNOWN:
            raise call.refusal("with keys without a type")
        made = f"list_transform({entries}, lambda {e}: struct_pack(k := {body.sql}, v := {e}.value))"
    return Value(
        f"CASE WHEN {value.sql} IS NOT NULL THEN CAST(map_from_entries({made}) AS {duckdb_type(kind)}) END",
        kind,
    )


def _regexp_replace(call: _Call) -> Value:
    """The text between the matches, with what the lambda makes of the groups of each."""
    if not call._lambdas:
        return call._expressions.scalar(call.node, call.name, call.arguments)
    call.expect(["varchar", "varchar"], 1)
    (text, pattern), e = call.arguments, call.variable()
    found = udfs.call(
        "regexp_groups",
        [(text.sql, "VARCHAR"), (pattern.sql, "VARCHAR")],
        "STRUCT(f0 VARCHAR, f1 VARCHAR[])[]",
    )
    body = call.body([Value(f"{e}.f1", Type("array", (VARCHAR,)))])
    if body.kind.name != "varchar":
        raise call.refusal(f"with a lambda of the type {body.kind}")
    pieces = (
        f"list_transform({found}, lambda {e}: {e}.f0 || CASE WHEN {e}.f1 IS NULL THEN '' ELSE {body.sql} END)"
    )
    has_null = f"len(list_filter({pieces}, lambda {e}: {e} IS NULL)) > 0"
    return Value(f"CASE WHEN NOT {has_null} THEN array_to_string({pieces}, '') END", VARCHAR)


_CALLS: dict[str, Callable[[_Call], Value]] = {
    "all_match": _match,
    "any_match": _match,
    "filter": _filter,
    "map_filter": _of_map,
    "none_match": _match,
    "reduce": _reduce,
    "regexp_replace": _regexp_replace,
    "transform": _transform,
    "transform_keys": _of_map,
    "transform_values": _of_map,
    "zip_with": _zip_with,
}


def _rule(name: str) -> Rule:
    return lambda expressions, node, parts, scope: _CALLS[name](_Call(expressions, node, name, parts, scope))


RULES: dict[str, Rule] = {name: _rule(name) for name in _CALLS}
