"""A file's rows on disk, between the two times that the cleaning looks at them."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import IO, Generic, Self, TypeVar

T = TypeVar("T")


class Spool(Generic[T]):
    """Rows in a temporary file: how numbers and dates are written shows only when all have been seen."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, rows: T) -> None:
        """Take the next rows."""
        pickle.dump(rows, self._file, protocol=5)

    def __iter__(self) -> Iterator[T]:
        """All of them, from the first."""
        end = self._file.tell()
        self._file.seek(0)
        while self._file.tell() < end:
            yield pickle.load(self._file)  # noqa: S301 - nobody else writes this file
        self._file.seek(end)
