"""What the values of a column show of a currency."""

from __future__ import annotations

import pyarrow as pa

from include.crypto_lake.on_arrival import currencies, values
from include.crypto_lake.on_arrival.columns import ABOUT, meaning, snake_case
from include.crypto_lake.on_arrival.nesting import object_in

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
