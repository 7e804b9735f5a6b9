"""In which currency a row's amounts are, wherever its file says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.crypto_lake.on_arrival import currencies, values
from include.crypto_lake.on_arrival.columns import snake_case
from include.crypto_lake.on_arrival.file_columns import FileColumn, Rows


class CurrencyColumns:
    """A file's columns that say in which currency a row is."""

    def __init__(
        self, columns: Sequence[FileColumn], sources: Sequence[int], of_all: Sequence[str], currency: str
    ) -> None:
        self._currency = currency
        self._of_all = of_all  # what the file says once, for rows that do not say it
        self._readers: list[tuple[int, Callable[[str], str | None]]] = [
            (index, str) for index in sources if not columns[index].is_envelope
        ]
        has_base = any(snake_case(column.name) == "base" for column in columns)
        for index, column in enumerate(columns):
            name = snake_case(column.name)
            if name == "target" and has_base:
                self._readers.append((index, str))
            elif name == "quote" and not column.target:
                self._readers.append((index, lambda text: text if currencies.is_currency(text) else None))
            elif column.quotes and column.quotes.are_said:
                self._readers.append((index, column.quotes.found.get))

    def said(self, rows: Rows) -> tuple[pa.Array, values.Mask]:
        """Each row's currency if it is said, and whether any that is said is another than the lake's."""
        first = pa.nulls(rows.count, pa.string())
        other = np.zeros(rows.count, np.bool_)
        for index, read in self._readers:
            if index not in rows.cells:
                continue
            encoded = values.words(rows.cells[index]).dictionary_encode()
            named = [None if text is None else read(text) for text in encoded.dictionary.to_pylist()]
            said = pa.array(named, pa.string()).take(encoded.indices)
            first = pc.coalesce(first, said)
            is_other = [text is not None and not currencies.is_of(text, self._currency) for text in named]
            if any(is_other):
                other |= values.mask(pa.array(is_other, pa.bool_()).take(encoded.indices))
        for code in self._of_all:
            if not currencies.is_of(code, self._currency):
                other |= values.mask(pc.is_null(first))
            first = pc.coalesce(first, pa.scalar(code))
        return first, other
