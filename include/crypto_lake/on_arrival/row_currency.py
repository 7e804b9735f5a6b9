"""In which currency a row's amounts are, wherever its file says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.crypto_lake.on_arrival import currencies, values
from include.crypto_lake.on_arrival.columns import ABOUT, meaning, snake_case
from include.crypto_lake.on_arrival.nesting import object_in

if TYPE_CHECKING:
    from include.crypto_lake.on_arrival.table import FileColumn, Rows

_PAIRS = frozenset(
    {"symbol", "pair", "market", "instrument", "instrument_id", "product_id", "trading_pair", "ticker_id"}
)
MAX_QUOTES = 50_000  # different values of a column


class Quotes:
    """What the values of one column say of a currency: a trading pair, a code, an address that asks for one.

    Attributes:
        found: Value -> its currency; None: it says none.
    """

    def __init__(self, name: str, target: str | None) -> None:
        snake = snake_case(name)
        # A symbol may be a pair. In a column that is not known every value must name a currency.
        self._are_symbols = target == "symbol"
        self._are_pairs = snake in _PAIRS and not self._are_symbols
        self._are_about = name.lower() in ABOUT
        self._may_say = "roi" not in snake.split("_")
        self.found: dict[str, str | None] = {}
        self._distinct = values.Distinct()

    def note(self, cells: pa.Array) -> None:
        """Take some values."""
        if not self._may_say or cells.null_count == len(cells):
            return
        if not self._are_symbols and not self._are_pairs:
            first = cells.drop_null()[0].as_py()
            if self._said_by(first) is None and first.strip().lower() not in values.MISSING:
                self._refute()
                return
        for text in self._distinct.new_in(cells if self._are_symbols else values.words(cells)):
            if self._are_symbols or self._are_pairs:
                said = currencies.quote_of(text[:40], certain=self._are_pairs)
            elif (said := self._said_by(text)) is None:
                self._refute()
                return
            if len(self.found) < MAX_QUOTES:
                self.found[text] = said

    def _said_by(self, text: str) -> str | None:
        if self._are_about and (told := object_in(text)):
            return next((str(told[name]) for name in told if meaning(name, "").target == "currency"), None)
        return currencies.said_by(text)

    def _refute(self) -> None:
        self.found, self._may_say = {}, False

    @property
    def are_said(self) -> bool:
        """Whether any value names a currency."""
        return any(self.found.values())


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
