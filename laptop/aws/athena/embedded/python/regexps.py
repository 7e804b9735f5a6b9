r"""Regular expressions of Java, as Trino reads them, by Python's `re`.

A pattern is read by a grammar of what means the same in both; any other is refused. Trino's `\w`, `\d` and
`\s` know ASCII alone, but its `\b` and `(?i)` know all of Unicode: with these, texts have to be of ASCII, or
nearly.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from laptop.aws.athena.embedded.python.failures import FunctionError, UnknownAnswerError

_CLASSES = "dDwWsS"
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_ANCHORS = {"b": r"\b", "B": r"\B", "A": r"\A", "z": r"\Z", "Z": r"(?=\n?\Z)"}
_PROPERTIES = {
    "L": "A-Za-z", "Lu": "A-Z", "Ll": "a-z", "N": "0-9", "Nd": "0-9", "Alpha": "A-Za-z", "Digit": "0-9",
    "Alnum": "A-Za-z0-9", "Upper": "A-Z", "Lower": "a-z",
}  # fmt: skip


@dataclass(frozen=True)
class Pattern:
    """A pattern for Python, and whether it holds for ASCII alone."""

    compiled: re.Pattern[str]
    ascii_only: bool
    folds: bool

    def finds(self, text: str, start: int = 0) -> Any:
        """All matches."""
        if not text.isascii() and (self.ascii_only or (self.folds and _folds_to_ascii(text))):
            raise UnknownAnswerError(f"the regular expression {self.compiled.pattern!r} on such a text")
        return self.compiled.finditer(text, start)


def _folds_to_ascii(text: str) -> bool:
    """Whether a letter beyond ASCII is equal to ASCII ones but for its case: `ß`, the sign of Kelvin."""
    return any(re.search("[a-z]", character.casefold()) for character in text if not character.isascii())


class _Reader:
    """Reads a pattern of Java, and writes one of Python."""

    def __init__(self, text: str):
        self._text, self._at = text, 0
        self._multiline = re.search(r"\(\?[is]*m", text) is not None
        self.groups, self.names, self.ascii_only, self.folds = 0, 0, False, False

    def read(self) -> str:
        written, _ = self._alternatives()
        if self._at < len(self._text):
            raise FunctionError("unmatched close parenthesis")
        if self.names not in (0, self.groups):
            raise self._unknown()
        if (self.ascii_only or self.folds) and not self._text.isascii():
            raise self._unknown()
        return written

    def _unknown(self) -> UnknownAnswerError:
        return UnknownAnswerError(f"the regular expression {self._text!r}")

    def _next(self, size: int = 1) -> str:
        return self._text[self._at : self._at + size]

    def _take(self, pattern: str) -> re.Match[str] | None:
        found = re.compile(pattern, re.DOTALL).match(self._text, self._at)
        if found:
            self._at = found.end()
        return found

    def _alternatives(self) -> tuple[str, bool]:
        """Alternatives up to a `)` or the end, and whether they may match nothing."""
        parts: list[str] = []
        nullable: list[bool] = []
        closing = ""
        while True:
            written, empty, opened = self._sequence(is_first=not parts)
            parts.append(written)
            nullable.append(empty)
            closing += opened
            if not self._take(r"\|"):
                return "|".join(parts) + closing, any(nullable)
            if opened and len(parts) > 1:
                raise self._unknown()

    def _sequence(self, *, is_first: bool) -> tuple[str, bool, str]:
        written, nullable, closing = "", True, ""
        while (character := self._next()) and character not in "|)":
            if flags := self._take(r"\(\?([ism]+)\)"):
                if written or closing or not is_first:  # from here to the end of the group
                    raise self._unknown()
                written, closing = f"(?{self._flags(flags[1])}:", ")"
                continue
            atom, empty = self._atom()
            quantifier, optional = self._quantifier(empty=empty)
            written += atom + quantifier
            nullable = nullable and (empty or optional)
        return written, nullable, closing

    def _flags(self, flags: str) -> str:
        self.folds |= "i" in flags
        return "".join(sorted(set(flags)))

    def _quantifier(self, *, empty: bool) -> tuple[str, bool]:
        found = self._take(r"([*+?])([?+]?)|\{(\d+)(,(\d*))?\}(\??)")
        if not found:
            return "", False
        if self._next() and self._next() in "*+?{":
            raise self._unknown()
        if empty:  # what repeats nothing ends in each engine in its own way
            raise self._unknown()
        if found[1]:
            return found[0], found[1] in "*?"
        low, high = int(found[3]), found[5]
        if (found[6] and not found[4]) or low > 1000 or (high and not low <= int(high) <= 1000):
            raise self._unknown()
        return found[0], low == 0

    def _atom(self) -> tuple[str, bool]:
        if self._next() in ("*", "+", "?"):
            raise FunctionError("target of repeat operator is not specified")
        if self._next() == "(":
            return self._group()
        if self._next() == "[":
            return self._class(), False
        if self._next() == "\\":
            return self._escape()
        if self._take(r"\^"):  # never after the last line's end
            return (r"(?:\A|^(?!\Z))" if self._multiline else "^", True)
        if self._take(r"\$"):
            return "$", True
        if found := self._take(r"\."):
            return ".", False
        if self._next() == "{":
            raise self._unknown()
        found = self._take(r".")
        assert found  # noqa: S101 - for mypy: the caller has looked
        return re.escape(found[0]), False

    def _group(self) -> tuple[str, bool]:
        looks = False
        if found := self._take(r"\(\?(?:<([A-Za-z][A-Za-z0-9]*)>)"):
            self.groups += 1
            self.names += 1
            opening = f"(?P<{found[1]}>"
        elif found := self._take(r"\(\?(?:[:>]|[=!]|<[=!])"):
            opening, looks = found[0], found[0][-1] in "=!"
        elif found := self._take(r"\(\?([ism]+):"):
            opening = f"(?{self._flags(found[1])}:"
        elif self._next(2) == "(?":
            if self._next(3) == "(?P":
                raise FunctionError("undefined group option")
            raise self._unknown()
        else:
            self._at += 1
            self.groups += 1
            opening = "("
        inner, empty = self._alternatives()
        if not self._take(r"\)"):
            raise FunctionError("end pattern with unmatched parenthesis")
        return f"{opening}{inner})", empty or looks

    def _escape(self) -> tuple[str, bool]:
        if len(self._text) == self._at + 1:
            raise FunctionError("end pattern at escape")
        if found := self._take(rf"\\([{_CLASSES}])"):
            return found[0], False
        if found := self._take(r"\\([bBAzZ])"):
            self.ascii_only |= found[1] in "bB"
            return _ANCHORS[found[1]], True
        if found := self._take(r"\\([1-9])(?![0-9])"):
            if int(found[1]) > self.groups:
                raise self._unknown()
            return found[0], True
        if found := self._take(r"\\([pP])\{(\w+)\}"):
            if found[2] not in _PROPERTIES:
                raise self._unknown()
            self.ascii_only = True
            return f"[{'^' if found[1] == 'P' else ''}{_PROPERTIES[found[2]]}]", False
        if found := self._take(r"\\Q((?:(?!\\E).)*)\\E"):
            if not found[1] or self._next() in tuple("*+?{"):
                raise self._unknown()
            return re.escape(found[1]), False
        return re.escape(self._character()), False

    def _character(self) -> str:
        """The character that an escape means."""
        if found := self._take(r"\\x([0-9A-Fa-f]{2})|\\u([0-9A-Fa-f]{4})"):
            return chr(int(found[1] or found[2], 16))
        if found := self._take(r"\\([tnrf])"):
            return _CONTROLS[found[1]]
        if found := self._take(r"\\([^A-Za-z0-9\x80-\U0010ffff])"):
            return found[1]
        raise self._unknown()

    def _class(self) -> str:
        opening = self._take(r"\[\^?")
        assert opening  # noqa: S101 - for mypy: the caller has looked
        written = opening[0]
        if self._next() == "]":
            raise self._unknown()
        while self._next() != "]":
            if not self._next():
                raise FunctionError("premature end of char-class")
            if self._next() == "[" or self._next(2) == "&&":
                raise self._unknown()
            if found := self._take(rf"\\([{_CLASSES}])"):
                if self._next() == "-" and self._next(2) != "-]":
                    raise self._unknown()
                written += found[0]
                continue
            if found := self._take(r"\\p\{(\w+)\}"):
                if found[1] not in _PROPERTIES:
                    raise self._unknown()
                self.ascii_only = True
                written += _PROPERTIES[found[1]]
                continue
            low = self._of_class()
            if self._next() == "-" and self._next(2) not in ("-]", "-"):
                self._at += 1
                if self._next() == "[" or re.match(r"\\[A-Za-z]", self._next(2)):
                    raise self._unknown()
                high = self._of_class()
                if low > high:
                    raise FunctionError("empty range in char class")
                written += f"{_in_class(low)}-{_in_class(high)}"
            else:
                written += _in_class(low)
        self._at += 1
        return f"{written}]"

    def _of_class(self) -> str:
        if self._next() == "\\":
            if len(self._text) == self._at + 1:
                raise FunctionError("end pattern at escape")
            return self._character()
        found = self._take(".")
        assert found  # noqa: S101 - for mypy: the caller has looked
        return found[0]


def _in_class(character: str) -> str:
    return f"\\{character}" if character in "\\]^-[&~|" else character


@lru_cache(maxsize=256)
def _pattern(text: str) -> Pattern:
    reader = _Reader(text)
    written = reader.read()
    try:
        return Pattern(re.compile(written, re.ASCII), reader.ascii_only, reader.folds)
    except (re.error, OverflowError):
        raise UnknownAnswerError(f"the regular expression {text!r}") from None


def _group(pattern: Pattern, number: int) -> int:
    if number < 0:
        raise FunctionError("Group cannot be negative")
    count = pattern.compiled.groups
    if number > count:
        raise FunctionError(f"Pattern has {count} groups. Cannot access group {number}")
    return number


def _regexp_like(text: str, pattern: str) -> bool:
    return next(_pattern(pattern).finds(text), None) is not None


def _regexp_extract(text: str, pattern: str, group: int = 0) -> str | None:
    compiled = _pattern(pattern)
    number = _group(compiled, group)
    found = next(compiled.finds(text), None)
    return found[number] if found else None


def _regexp_extract_all(text: str, pattern: str, group: int = 0) -> list[str | None]:
    compiled = _pattern(pattern)
    number = _group(compiled, group)
    return [found[number] for found in compiled.finds(text)]


def _regexp_split(text: str, pattern: str) -> list[str]:
    parts, end = [], 0
    for found in _pattern(pattern).finds(text):
        parts.append(text[end : found.start()])
        end = found.end()
    return [*parts, text[end:]]


def _regexp_count(text: str, pattern: str) -> int:
    return sum(1 for _ in _pattern(pattern).finds(text))


def _regexp_position(text: str, pattern: str, start: int = 1, occurrence: int = 1) -> int:
    if start < 1:
        raise FunctionError("start position cannot be smaller than 1")
    if occurrence < 1:
        raise FunctionError("occurrence cannot be smaller than 1")
    compiled = _pattern(pattern)
    if start > len(text):
        return -1
    for number, found in enumerate(compiled.finds(text, start - 1), 1):
        if number == occurrence:
            return int(found.start()) + 1
    return -1


def _replaced(found: re.Match[str], replacement: str) -> str:
    r"""What `$1`, `${name}` and `\c` stand for, as in Java."""
    pieces, at = [], 0
    while at < len(replacement):
        part = re.compile(r"\\(.)|\$\{(\w+)\}|\$([0-9])|([^\\$]+)", re.DOTALL).match(replacement, at)
        if not part:
            raise FunctionError(f"Illegal replacement sequence: {replacement[at:]}")
        at = part.end()
        if part[2]:
            if part[2] not in found.re.groupindex:
                raise FunctionError(f"Illegal replacement sequence: unknown group {{ {part[2]} }}")
            pieces.append(found[part[2]] or "")
        elif part[3]:
            number = int(part[3])
            if number > found.re.groups:
                raise FunctionError(f"Illegal replacement sequence: unknown group {number}")
            while at < len(replacement) and replacement[at] in "0123456789":
                longer = number * 10 + int(replacement[at])
                if longer > found.re.groups:
                    break
                number, at = longer, at + 1
            pieces.append(found[number] or "")
        else:
            pieces.append(part[1] or part[4])
    return "".join(pieces)


def _regexp_replace(text: str, pattern: str, replacement: str = "") -> str:
    pieces, end = [], 0
    for found in _pattern(pattern).finds(text):
        pieces += [text[end : found.start()], _replaced(found, replacement)]
        end = found.end()
    return "".join([*pieces, text[end:]])


def _regexp_groups(text: str, pattern: str) -> list[dict[str, Any]]:
    """For `regexp_replace` with a lambda: the text before each match and its groups, then the rest."""
    pieces: list[dict[str, Any]] = []
    end = 0
    for found in _pattern(pattern).finds(text):
        groups: Sequence[str | None] = found.groups()
        pieces.append({"f0": text[end : found.start()], "f1": list(groups)})
        end = found.end()
    return [*pieces, {"f0": text[end:], "f1": None}]


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "regexp_count": _regexp_count,
    "regexp_extract": _regexp_extract,
    "regexp_extract_all": _regexp_extract_all,
    "regexp_groups": _regexp_groups,
    "regexp_like": _regexp_like,
    "regexp_position": _regexp_position,
    "regexp_replace": _regexp_replace,
    "regexp_split": _regexp_split,
}
