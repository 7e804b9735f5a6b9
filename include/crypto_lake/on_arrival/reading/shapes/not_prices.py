"""Files that look like something, but never like prices: each is refused with what it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from include.crypto_lake.on_arrival.reading.chunks import Row
from include.crypto_lake.on_arrival.reading.head import Head
from include.crypto_lake.on_arrival.reading.shapes.base import ObjectShape, Shape
from include.crypto_lake.on_arrival.reading.text import REMEDY, Text
from include.crypto_lake.on_arrival.refusals import UnusableFileError


class Nothing(Shape):
    """A file of white space, or an empty object."""

    def __init__(self, head: Head) -> None:
        what = "has no row" if head.start else "is empty"
        raise UnusableFileError(
            "empty", f"the file {what}: {REMEDY}, with at least one row", sample=head.text[:200].strip()
        )

    @classmethod
    def recognizes(cls, head: Head) -> bool:
        """Whether there is nothing in it."""
        return not head.start or head.outline == {}

    def rows(self, text: Text) -> Iterator[Row]:
        """None."""
        raise NotImplementedError


class Markup(Shape):
    """HTML or XML."""

    def __init__(self, head: Head) -> None:
        raise UnusableFileError(
            "unreadable",
            f"the file looks like HTML or XML, perhaps a web server's error page: {REMEDY}",
            sample=head.text[:200],
        )

    @classmethod
    def recognizes(cls, head: Head) -> bool:
        """Whether it begins with a tag."""
        return head.start == "<"

    def rows(self, text: Text) -> Iterator[Row]:
        """None."""
        raise NotImplementedError


class ApiError(ObjectShape):
    """The answer of an API that had no prices to give."""

    def __init__(self, head: Head) -> None:
        super().__init__(head)
        message = _message(self.members)
        raise UnusableFileError(
            "wrong_shape",
            f"the file is not a price list but an API's error: {message}. Fetch the prices again, then "
            f"drop them",
            sample=message,
        )

    @classmethod
    def recognizes(cls, head: Head) -> bool:
        """Whether it has an error's message and no rows."""
        members = cls.outline(head)
        has_rows = any(member.kind is list and member.count for member in members.values())
        return not has_rows and bool(_message(members))

    def rows(self, text: Text) -> Iterator[Row]:
        """None."""
        raise NotImplementedError


def _message(members: dict[str, Any]) -> str:
    """CoinGecko's own message, from any of the shapes it comes in; empty if it is none."""
    error, status = (
        (member.text if member.kind is str else member.found) if (member := members.get(name)) else None
        for name in ("error", "status")
    )
    if isinstance(error, str) and error not in ("", "0", "false"):
        return error
    if isinstance(error, dict):
        status = error.get("status", error)
    if not isinstance(status, dict):  # a coin may be called "status"
        return ""
    code = status.get("error_code") or status.get("code")
    message = status.get("error_message") or status.get("message")
    return " ".join(str(part) for part in (code, message) if part and part != "0").rstrip(". ")
