"""What a shape is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

from include.crypto_lake.on_arrival.reading.chunks import Row
from include.crypto_lake.on_arrival.reading.head import Head, Member
from include.crypto_lake.on_arrival.reading.text import Text


class Shape(ABC):
    """A way in which files hold rows.

    Attributes:
        names: The columns, if the file names them once; None: each row names its own.
        envelope: What the file says of all its rows: names and texts.
        delimiter: What stands between the values of a CSV; empty for JSON.
        titles: Lines above a CSV's header.
    """

    names: Sequence[str] | None = None
    envelope: Sequence[tuple[str, str]] = ()
    delimiter: str = ""
    titles: Sequence[str] = ()

    def __init__(self, head: Head) -> None:
        self.head = head

    @classmethod
    @abstractmethod
    def recognizes(cls, head: Head) -> bool:
        """Whether a file that begins so has this shape, and none of the shapes that are tried before."""

    @abstractmethod
    def rows(self, text: Text) -> Iterator[Row]:
        """The file's rows. Reading on may raise UnusableFileError."""


class ObjectShape(Shape):
    """A file that is one JSON object."""

    def __init__(self, head: Head) -> None:
        super().__init__(head)
        self.members = self.outline(head)

    @staticmethod
    def outline(head: Head) -> dict[str, Member]:
        """The object's members; none if the file is not one object."""
        return head.outline if isinstance(head.outline, dict) else {}

    def texts(self) -> list[tuple[str, str]]:
        """The members that are text."""
        return [(name, member.text) for name, member in self.members.items() if member.kind is str]

    def inner_texts(self) -> list[tuple[str, str]]:
        """The texts in members that are small objects: `params.vs_currency`, for instance."""
        return [
            (f"{outer}.{name}", text)
            for outer, member in self.members.items()
            if isinstance(member.found, dict)
            for name, text in member.found.items()
            if isinstance(text, str)
        ]
