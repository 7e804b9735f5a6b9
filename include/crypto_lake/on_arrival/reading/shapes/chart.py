"""A coin's history as CoinGecko gives it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from include.crypto_lake.on_arrival.reading.chunks import Row
from include.crypto_lake.on_arrival.reading.head import Head
from include.crypto_lake.on_arrival.reading.json_values import members, value
from include.crypto_lake.on_arrival.reading.shapes.base import ObjectShape
from include.crypto_lake.on_arrival.reading.text import Text

_COLUMNS = {"prices": "price", "market_caps": "market_cap", "total_volumes": "total_volume"}


class Chart(ObjectShape):
    """`{"prices": [[1788998400000, 64123.5], …], …}`: CoinGecko's market_chart.

    It does not say of which coin it is. An `id` (or `currency`, `source`) beside the arrays is of all rows.
    """

    def __init__(self, head: Head) -> None:
        super().__init__(head)
        self.envelope = self.inner_texts()

    @classmethod
    def recognizes(cls, head: Head) -> bool:
        """Whether `prices` is an array of pairs."""
        prices = cls.outline(head).get("prices")
        return prices is not None and isinstance(prices.first, list) and len(prices.first) == 2

    def rows(self, text: Text) -> Iterator[Row]:
        """A row a moment. A moment is in the order of `prices`, then of what only the others have."""
        of_all = dict(self.texts())
        moments: dict[str, dict[str, str | None]] = {}
        broken = []
        for name in members(text):
            found, _ = value(text)
            if not (column := _COLUMNS.get(name)):
                continue
            for pair in found if isinstance(found, list) else ():
                if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str):
                    number = pair[1] if isinstance(pair[1], str) else None
                    moments.setdefault(pair[0], {**of_all, "timestamp": pair[0]})[column] = number
                else:
                    broken.append(json.dumps(pair))
        for cells in moments.values():
            yield json.dumps(cells), cells, None
        for raw in broken:
            yield raw, None, "not a pair of a time and a number"
