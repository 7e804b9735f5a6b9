"""Which of a function's signatures a call means, by Trino's rules of coercion."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from laptop.aws.athena.types import UNKNOWN, Type

FILE = Path(__file__).with_name("functions.tsv")
"""All functions of Trino, as `python -m laptop.trino record` wrote them: name, result, arguments, kind."""


class UnsupportedTypeError(Exception):
    """The embedded engine does not have a type, or a cast."""


_INTEGERS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}  # their digits as decimals
_LADDER = ["unknown", *_INTEGERS, "decimal", "real", "double"]
_LAMBDA = Type("function")
_SCALARS = {*_LADDER, "boolean", "varchar", "char", "varbinary", "json", "date", "time", "timestamp"} | {
    "time with time zone", "timestamp with time zone", "interval day to second", "interval year to month",
    "array", "map", "row", "function", "jsonpath", "joniregexp", "codepoints", "likepattern", "color", "uuid",
    "ipaddress", "hyperloglog", "p4hyperloglog", "qdigest", "tdigest", "setdigest", "geometry", "bingtile",
    "sphericalgeography", "regressor", "classifier", "re2jregexp", "kdbtree", "objectid", "jsonpath2016",
    "json2016",
}  # fmt: skip


@dataclass(frozen=True)
class Signature:
    """One signature: types of arguments and result, with variables (`t`, `x` in `varchar(x)`)."""

    returns: str
    arguments: tuple[str, ...]
    kind: str


@dataclass(frozen=True)
class Call:
    """A call resolved: what each argument becomes, the result's type (None: a formula), and its kind."""

    arguments: tuple[Type, ...]
    returns: Type | None
    kind: str


def common_type(one: Type, other: Type) -> Type | None:
    """The type that both can become by Trino's coercions; None if there is none."""
    if one == other or other == UNKNOWN:
        return one
    if one == UNKNOWN:
        return other
    names = {one.name, other.name}
    if names <= set(_LADDER):
        if names <= set(_INTEGERS):
            return max(one, other, key=lambda kind: _INTEGERS[kind.name])
        if names <= {"decimal", *_INTEGERS}:
            (p, s), (q, t) = (_as_decimal(kind) for kind in (one, other))
            return Type("decimal", (min(38, max(p - s, q - t) + max(s, t)), max(s, t)))
        return max(one, other, key=lambda kind: _LADDER.index(kind.name))
    if names == {"varchar"}:
        return Type("varchar") if not (one.args and other.args) else max(one, other, key=lambda t: t.args)
    if names <= {"date", "timestamp", "timestamp with time zone"}:
        order = ["date", "timestamp", "timestamp with time zone"]
        digits = max(kind.args[0] for kind in (one, other) if kind.args)
        zones = {kind.zone for kind in (one, other)}
        if len(zones) > 1:
            raise UnsupportedTypeError(f"one type for the time zones {' and '.join(sorted(zones))}")
        return Type(max(names, key=order.index), (digits,), one.zone)
    if len(names) == 1 and one.name in ("array", "map") and len(one.args) == len(other.args):
        parts = [common_type(a, b) for a, b in zip(one.args, other.args, strict=True)]
        return None if None in parts else Type(one.name, tuple(parts))
    if names == {"row"} and len(one.args) == len(other.args):
        fields = []
        for (name, a), (label, b) in zip(one.args, other.args, strict=True):
            part = common_type(a, b)
            if part is None:
                return None
            fields.append((name if name == label else None, part))
        return Type("row", tuple(fields))
    return None


def can_coerce(actual: Type, wanted: Type) -> bool:
    """Whether Trino turns one type into another by itself."""
    common = common_type(actual, wanted)
    return common is not None and str(_nameless(common)) == str(_nameless(wanted))


def _nameless(kind: Type) -> Type:
    if kind.name == "row":
        return Type("row", tuple((None, _nameless(part)) for _, part in kind.args))
    return kind


def _as_decimal(kind: Type) -> tuple[int, int]:
    return kind.args if kind.name == "decimal" else (_INTEGERS[kind.name], 0)


@cache
def signatures() -> dict[str, list[Signature]]:
    """All signatures, by name in lower case."""
    found: dict[str, list[Signature]] = defaultdict(list)
    for line in FILE.read_text(encoding="utf-8").splitlines()[1:]:
        name, returns, arguments, kind = line.split("\t")
        found[name.lower()].append(Signature(returns, tuple(_arguments(arguments)), kind))
    return dict(found)


def _arguments(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for index, character in enumerate(text + ","):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(text[start:index].strip())
            start = index + 1
    return [part for part in parts if part]


_VARIADIC = {"concat", "concat_ws", "greatest", "least", "map_concat"}


def resolve(name: str, actual: Sequence[Type]) -> Call | None:
    """The signature that a call means.

    Args:
        name: The function, in lower case; it is one of `signatures`.
        actual: The types of the arguments; `function` for a lambda.

    Returns:
        The call, of which lambdas' types are still variables; None if no signature fits.
    """
    best: tuple[tuple[int, int], Call] | None = None
    for number, signature in enumerate(signatures()[name]):
        wanted = signature.arguments
        if name in _VARIADIC and len(actual) > len(wanted) > 0:
            wanted = (*wanted, *[wanted[-1]] * (len(actual) - len(wanted)))
        if len(wanted) != len(actual):
            continue
        variables: dict[str, Any] = {}
        if not all(_bind(pattern, kind, variables) for pattern, kind in zip(wanted, actual, strict=True)):
            continue
        arguments = tuple(
            _LAMBDA if pattern.startswith("function(") else _substituted(pattern, variables) or kind
            for pattern, kind in zip(wanted, actual, strict=True)
        )
        if not all(
            kind in (_LAMBDA, want) or can_coerce(kind, want) or want.name in _LITERAL_ONLY
            for kind, want in zip(actual, arguments, strict=True)
        ):
            continue
        cost = sum(_distance(kind, want) for kind, want in zip(actual, arguments, strict=True))
        call = Call(arguments, _substituted(signature.returns, variables), signature.kind)
        if best is None or (cost, number) < best[0]:
            best = (cost, number), call
    return best[1] if best else None


_LITERAL_ONLY = {"jsonpath", "joniregexp", "codepoints", "likepattern"}  # varchar becomes these


def _distance(actual: Type, wanted: Type) -> int:
    if actual.name == wanted.name:
        return 0 if actual == wanted else 1
    if {actual.name, wanted.name} <= set(_LADDER):
        return 2 + abs(_LADDER.index(wanted.name) - _LADDER.index(actual.name))
    return 21 if wanted.name.endswith("time zone") else 20


def _split_pattern(pattern: str) -> tuple[str, list[str]]:
    if zoned := re.fullmatch(r"(timestamp|time)\((\w+)\) with time zone", pattern):
        return f"{zoned[1]} with time zone", [zoned[2]]
    name, _, inside = pattern.partition("(")
    return name, _arguments(inside.removesuffix(")"))


def _bind(pattern: str, actual: Type, variables: dict[str, Any]) -> bool:
    name, inside = _split_pattern(pattern)
    if actual == _LAMBDA or name == "function":
        return actual == _LAMBDA and name == "function"
    if name.lower() not in _SCALARS and not inside:  # a variable
        bound = common_type(variables.get(name, UNKNOWN), actual)
        variables[name] = bound
        return bound is not None
    name = name.lower()
    if name == "row":
        if actual == UNKNOWN:
            return False
        return (
            actual.name == name
            and len(inside) == len(actual.args)
            and all(_bind(part, kind, variables) for part, (_, kind) in zip(inside, actual.args, strict=True))
        )
    if name in ("array", "map"):
        if actual == UNKNOWN:
            actual = Type(name, (UNKNOWN,) * len(inside))
        return actual.name == name and all(
            _bind(part, kind, variables) for part, kind in zip(inside, actual.args, strict=True)
        )
    if name == "decimal" and inside and not inside[0].isdigit():
        if actual.name not in ("decimal", "unknown", *_INTEGERS):
            return False
        variables[inside[0]], variables[inside[1]] = (1, 0) if actual == UNKNOWN else _as_decimal(actual)
        return True
    if name in ("varchar", "char") and inside and not inside[0].isdigit():
        if actual.name != name and actual != UNKNOWN:
            return False
        if inside[0] in variables:  # in two arguments: `char(x), char(x)`
            return False
        variables[inside[0]] = None if actual.name == name and not actual.args else (*actual.args, 0)[0]
        return True
    if inside and not inside[0].isdigit():  # timestamp(p)
        if actual != UNKNOWN and common_type(actual, Type(name, (0,))) is None:
            return False
        digits = actual.args[0] if actual.args else 0
        variables[inside[0]] = max(digits, variables.get(inside[0], 0))
        return actual == UNKNOWN or can_coerce(actual, Type(name, (variables[inside[0]],)))
    return True  # concrete: judged after substitution


def _substituted(pattern: str, variables: dict[str, Any]) -> Type | None:
    name, inside = _split_pattern(pattern)
    if not inside:
        if name in variables:
            bound = variables[name]
            return bound if isinstance(bound, Type) else None
        return Type(name.lower()) if name.lower() in _SCALARS else None
    name = name.lower()
    if name in ("array", "map"):
        parts = [_substituted(part, variables) for part in inside]
        return None if None in parts else Type(name, tuple(parts))
    if name == "row":
        fields = [_substituted(part, variables) for part in inside]
        return None if None in fields else Type(name, tuple((None, part) for part in fields))
    values = [int(part) if part.isdigit() else variables.get(part, -1) for part in inside]
    if -1 in values:
        return None
    return Type(name, () if None in values else tuple(values))


def names() -> Iterable[str]:
    """The names of all functions, in lower case."""
    return signatures().keys()
