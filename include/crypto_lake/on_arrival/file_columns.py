"""A dropped file's rows and columns, on their way from reading to judging."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt
import pyarrow as pa

from include.crypto_lake.on_arrival import values
from include.crypto_lake.on_arrival.columns import Meaning
from include.crypto_lake.on_arrival.moments import DateEvidence
from include.crypto_lake.on_arrival.quotes import Quotes
from include.crypto_lake.on_arrival.reading import Malformed


@dataclass
class Rows:
    """Some consecutive rows, ready to be typed.

    Attributes:
        numbers: Of the readable rows in the file, from 1.
        raws: Their text.
        cells: The file's columns by index: words for those of a target, else the text as it was.
        malformed: The rows that cannot be read.
    """

    numbers: npt.NDArray[Any]
    raws: list[str]
    cells: dict[int, pa.Array]
    malformed: list[Malformed]

    @property
    def count(self) -> int:
        """How many readable rows there are."""
        return len(self.numbers)


@dataclass
class FileColumn:
    """A column of the file, and what all its values have shown.

    Attributes:
        name: As the file spells it.
        meaning: What it is for.
        is_envelope: Whether it is said once, of all rows.
        numbers: How its numbers are written, if it has any.
        dates: How its dates are.
        quotes: Which currencies its values name, if it may say that.
        kept_as: The further column that has what no target takes.
        style: How its numbers are read.
    """

    name: str
    meaning: Meaning
    is_envelope: bool = False
    numbers: values.NumberEvidence | None = None
    dates: DateEvidence | None = None
    quotes: Quotes | None = None
    kept_as: str = ""
    style: values.NumberStyle = field(default_factory=values.NumberStyle)

    @property
    def target(self) -> str | None:
        """The table's column that it may fill."""
        return self.meaning.target if self.meaning.currency is None else None
