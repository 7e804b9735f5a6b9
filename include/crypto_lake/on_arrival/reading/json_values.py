"""JSON values as text: numbers keep the digits that were written, nested values stay JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from include.crypto_lake.on_arrival.reading.chunks import Row
from include.crypto_lake.on_arrival.reading.text import MAX_CHARACTERS, Text

MAX_DEPTH = 64  # of one row; what is deeper is not a price


class _Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


# NaN is what pandas writes for a missing value; an infinity is a number that nobody can use.
_CONSTANTS = {"Infinity": "Infinity", "-Infinity": "-Infinity"}
_decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_CONSTANTS.get)
decode = _decoder.raw_decode
# The same in C alone; says less about what is wrong.
scan: Callable[[str, int], tuple[Any, int]] = _decoder.scan_once  # type: ignore[attr-defined]
UNREADABLE = (StopIteration, ValueError, RecursionError)
# For what becomes JSON again, and must keep 1 and "1" apart; half as fast.
decode_exactly = json.JSONDecoder(
    parse_float=_Number, parse_int=_Number, parse_constant=lambda _: None
).decode


def value(text: Text) -> tuple[Any, str]:
    """Consume a JSON value; returned with its text."""
    text.peek()
    while True:
        problem = ""
        try:
            found, end = decode(text.buffer, text.at)
        except json.JSONDecodeError as error:
            problem = error.msg
        except RecursionError:
            text.fail("it is nested too deeply")
        else:
            # A number may be cut after "1", "1." or "1e-" and go on in the next block.
            if end + 2 < len(text.buffer) or text.is_at_end:
                raw = text.buffer[text.at : end]
                text.at = end
                return found, raw
        if len(text.buffer) - text.at > MAX_CHARACTERS:
            text.fail(problem or f"a row is longer than {MAX_CHARACTERS} characters")
        if not text.fill() and problem:
            text.fail(problem)


def elements(text: Text) -> Iterator[tuple[Any, str]]:
    """The elements of an array, each with its text."""
    text.take("[")
    if text.peek() == "]":
        text.take("]")
        return
    while True:
        yield from _plain_elements(text)
        yield value(text)
        if text.take(",]") == "]":
            return


def _plain_elements(text: Text) -> Iterator[tuple[Any, str]]:
    """As many elements as are in the buffer with the comma after them, and at most a space between: most."""
    while True:
        buffer, at = text.buffer, text.at
        at += buffer.startswith(" ", at)
        try:
            found, end = scan(buffer, at)
        except UNREADABLE:
            return
        if not buffer.startswith(",", end):
            return
        text.at = end + 1
        yield found, buffer[at:end]


def members(text: Text) -> Iterator[str]:
    """The names of an object's members; whoever iterates consumes each value before the next."""
    text.take("{")
    if text.peek() == "}":
        text.take("}")
        return
    while True:
        text.take('"')
        text.at -= 1
        name, _ = value(text)
        text.take(":")
        yield name
        if text.take(",}") == "}":
            return


_TEXT_OR_NULL = frozenset({str, type(None)})


def row(found: Any, raw: str) -> Row:
    """A row from a JSON value: all its values as text."""
    if not isinstance(found, dict):
        if isinstance(found, list):
            return (
                raw,
                None,
                "an array: write an object with names, or an array of the names before the first row",
            )
        return raw, None, "not a JSON object"
    if not _TEXT_OR_NULL.issuperset(map(type, found.values())):
        if not _is_shallow(found, MAX_DEPTH):
            return raw, None, f"nested deeper than {MAX_DEPTH} levels"
        for name, cell in decode_exactly(raw).items():
            if not isinstance(cell, str | None):
                found[name] = as_json(cell)
    return raw, found, None


def _is_shallow(found: Any, depth: int) -> bool:
    if not isinstance(found, dict | list):
        return True
    inner = found.values() if isinstance(found, dict) else found
    return depth > 0 and all(_is_shallow(element, depth - 1) for element in inner)


def as_json(found: Any) -> str:
    """JSON text, with numbers as they were written."""
    if isinstance(found, dict):
        return f"{{{', '.join(f'{as_json(name)}: {as_json(inner)}' for name, inner in found.items())}}}"
    if isinstance(found, list):
        return f"[{', '.join(map(as_json, found))}]"
    if isinstance(found, _Number):
        return found
    return json.dumps(found, ensure_ascii=False)
