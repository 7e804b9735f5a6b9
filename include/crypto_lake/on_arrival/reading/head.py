"""What is known of a file before its rows are read: how it begins, and what its one JSON object holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import IO, Any

from include.crypto_lake.on_arrival.reading.json_values import UNREADABLE, decode, elements, members, value
from include.crypto_lake.on_arrival.reading.text import opened
from include.crypto_lake.on_arrival.refusals import UnusableFileError

_LENGTH = 1 << 16
_SEEN_KEYS = 50


@dataclass
class Member:
    """A member of a document's object.

    Attributes:
        kind: dict, list, str (also of a number or a truth: those are text here) or NoneType.
        text: The value of a str.
        keys: The names in a dict.
        first: The first element of a list, and
        count: how many there are.
        found: The value of a small dict: errors are.
    """

    kind: type
    text: str = ""
    keys: tuple[str, ...] = ()
    first: Any = None
    count: int = 0
    found: Any = None


@dataclass
class Head:
    """How a file begins.

    Attributes:
        body: The file.
        encoding: Of its text.
        text: Its first characters.
    """

    body: IO[bytes]
    encoding: str
    text: str = field(init=False)

    def __post_init__(self) -> None:
        with opened(self.body, self.encoding) as text:
            self.text = text.head(_LENGTH)

    @property
    def start(self) -> str:
        """The first character that is no white space, empty if there is none."""
        return self.text.lstrip(" \t\n\r")[:1]

    @property
    def is_one_object(self) -> bool:
        """Whether the file is one JSON object, and nothing else."""
        return isinstance(self.outline, dict)

    @cached_property
    def outline(self) -> dict[str, Member] | UnusableFileError | None:
        """The members of the file's one JSON object; why it is not one; None if it does not look like one."""
        if self.start != "{":
            return None
        found: dict[str, Member] = {}
        try:
            with opened(self.body, self.encoding) as text:
                for number, name in enumerate(members(text)):
                    member = _member(text)
                    text.rows += member.kind is dict
                    # Of a document with a member for each coin the first ones show what it is.
                    if number < 2 * _SEEN_KEYS or member.kind is not dict:
                        found[name] = member
                text.end()
        except UnusableFileError as error:
            return error
        return found

    @cached_property
    def is_json_lines(self) -> bool:
        """Whether a file that begins with { has a row a line, and more than one."""
        first = second = ""
        with opened(self.body, self.encoding) as text:
            while (line := text.line()) and not second:
                if line.strip():
                    first, second = (first, line) if first else (line, "")
        # The first line may be broken: then it is the second that tells.
        return bool(second) and (_is_object(first) or (second[0] == "{" and _is_object(second)))


def _member(text: Any) -> Member:
    if text.peek() == "[":
        first, count = None, 0
        for element, _ in elements(text):
            first = element if not count else first
            count += 1
            text.rows += 1
        return Member(list, first=first, count=count)
    found, raw = value(text)
    if isinstance(found, dict):
        small = found if len(raw) < 10_000 else None
        return Member(dict, keys=tuple(found)[:_SEEN_KEYS], found=small)
    return Member(type(found), text=found if isinstance(found, str) else "")


def _is_object(line: str) -> bool:
    try:
        found, end = decode(line.strip())
    except UNREADABLE:
        return False
    return isinstance(found, dict) and end == len(line.strip())
