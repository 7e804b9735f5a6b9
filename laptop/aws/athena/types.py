"""Trino's types, read from Trino's own words (`array(varchar(3))`) and from Hive's (`array<string>`)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_HIVE = {"string": "varchar", "int": "integer", "float": "real", "binary": "varbinary", "struct": "row"}
_WORDS = {"int": "integer", "dec": "decimal"}
_WITH_ZONE = re.compile(r"(timestamp|time)(?:\((\d+)\))? with(?:out)? time zone")


@dataclass(frozen=True)
class Type:
    """A type.

    `args` are the length of a varchar or char (none: unbounded), precision and scale of a decimal, the digits
    of a second of a time or timestamp, the element type of an array, key and value types of a map, or the
    fields of a row: pairs of a name (None: unnamed) and a type. `zone` is the time zone in which all values
    of a timestamp with time zone are shown.
    """

    name: str
    args: tuple[Any, ...] = ()
    zone: str = "UTC"

    def __str__(self) -> str:
        """Return Trino's words, as its messages have them: `timestamp(3) with time zone`."""
        if not self.args:
            return self.name
        if self.name == "row":
            fields = (f'"{name}" {kind}' if name else str(kind) for name, kind in self.args)
            return f"row({', '.join(fields)})"
        arguments = (", " if isinstance(self.args[0], Type) else ",").join(map(str, self.args))
        base, _, zone = self.name.partition(" ")
        return f"{base}({arguments}){' ' if zone else ''}{zone}"


def trino_type(text: str) -> Type:
    """The type that Trino's words mean; raises `ValueError`."""
    return _parsed(text, "(", ")", _WORDS)


def hive_type(text: str) -> Type:
    """The type that the catalog's words mean: `struct<a:bigint>` is a row; raises `ValueError`."""
    return _parsed(text.lower(), "<", ">", _HIVE)


def _parsed(text: str, opening: str, closing: str, words: dict[str, str]) -> Type:
    text = text.strip()
    if zoned := _WITH_ZONE.fullmatch(text.lower()):
        zone = "" if "without" in text.lower() else " with time zone"
        return Type(zoned[1] + zone, (int(zoned[2] or 3),))
    name, bracket, inside = text.partition(opening)
    if not bracket:
        name, bracket, inside = text.partition("(")
        opening, closing = "(", ")"
    name = words.get(name.strip().lower(), name.strip().lower())
    if not bracket:
        default = {"timestamp": (3,), "time": (3,), "decimal": (38, 0), "char": (1,)}
        if name == "decimal" and words is _HIVE:
            return Type(name, (10, 0))
        return Type(name, default.get(name, ()))
    if not inside.endswith(closing):
        raise ValueError(f"not a type: {text}")
    parts = _split(inside[:-1])

    def parse(part: str) -> Type:
        return _parsed(part, "<" if words is _HIVE else "(", ">" if words is _HIVE else ")", words)

    if name in ("array", "map"):
        return Type(name, tuple(parse(part) for part in parts))
    if name == "row":
        return Type(name, tuple(_field(part, parse, hive=words is _HIVE) for part in parts))
    return Type(name, tuple(int(part) for part in parts))


def _field(text: str, parse: Callable[[str], Type], *, hive: bool) -> tuple[str | None, Type]:
    if hive:
        name, _, kind = text.partition(":")
        return name.strip(), parse(kind)
    if quoted := re.fullmatch(r'"((?:[^"]|"")*)"\s+(.+)', text, re.DOTALL):
        return quoted[1].replace('""', '"'), parse(quoted[2])
    name, _, kind = text.partition(" ")
    if kind and "(" not in name and not re.match(r"(with|without|year|day) ", kind):
        return name, parse(kind)
    return None, parse(text)


def _split(text: str) -> list[str]:
    """The parts between the commas that no bracket encloses."""
    parts, depth, start = [], 0, 0
    for index, character in enumerate(text):
        if character in "(<":
            depth += 1
        elif character in ")>":
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(text[start:index].strip())
            start = index + 1
    return [*parts, text[start:].strip()]


UNKNOWN = Type("unknown")
BOOLEAN = Type("boolean")
INTEGER = Type("integer")
BIGINT = Type("bigint")
REAL = Type("real")
DOUBLE = Type("double")
VARCHAR = Type("varchar")
VARBINARY = Type("varbinary")
DATE = Type("date")
JSON = Type("json")
TIMESTAMP = Type("timestamp", (3,))
TIMESTAMP_TZ = Type("timestamp with time zone", (3,))
DAY_TO_SECOND = Type("interval day to second")
YEAR_TO_MONTH = Type("interval year to month")
