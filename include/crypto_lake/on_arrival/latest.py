"""The rows of each coin and day: which is the latest, and which of them nobody can put in order."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.crypto_lake.on_arrival import values
from include.crypto_lake.on_arrival.columns import AMOUNTS

# What makes two rows of a coin differ: everything but their times and where they are from.
_SAID = [*AMOUNTS, "market_cap_rank", "ath_date", "atl_date", "symbol", "name", "image", "source"]


def latest_per_coin(table: pa.Table) -> pa.Table:
    """The latest row of each coin and day.

    The latest is the one with the greatest last_updated (none is before any); of equals, the one whose file's
    key sorts last, then the one further down in the file. So neither the order of the input nor that of
    arrival matters.

    Args:
        table: Any number of rows in columns.SCHEMA, and any further columns.

    Returns:
        The same columns; one row a price_date and coin_id, in that order.
    """
    groups = Groups(table)
    return table.take(groups.order.filter(pa.array(groups.is_last)))


class Groups:
    """The rows of each coin and day.

    Attributes:
        order: Puts a table's rows by day, coin and time. All others are in that order:
        is_last: Whether a row is the last of its coin and day.
    """

    def __init__(self, table: pa.Table) -> None:
        keys = table.select(["price_date", "coin_id", "last_updated", "source_file", "source_row"])
        keys = keys.combine_chunks()
        self.order: pa.Array = pc.sort_indices(
            keys, sort_keys=[(name, "ascending") for name in keys.column_names], null_placement="at_start"
        )
        self.is_last = np.ones(len(self.order), np.bool_)
        if len(self.order) > 1:
            groups = (keys[name].combine_chunks().take(self.order) for name in ("price_date", "coin_id"))
            self.is_last[:-1] = np.logical_or.reduce(
                [pc.not_equal(cells[:-1], cells[1:]).to_numpy(zero_copy_only=False) for cells in groups]
            )
        self._moments = keys["last_updated"]

    @property
    def are_single(self) -> bool:
        """Whether no coin has two rows for a day."""
        return bool(self.is_last.all())

    @cached_property
    def winner(self) -> npt.NDArray[np.int64]:
        """For each row the place of the last one of its coin and day."""
        lasts = np.flatnonzero(self.is_last)
        return np.asarray(lasts[np.searchsorted(lasts, np.arange(len(self.is_last)))])

    @cached_property
    def _at(self) -> npt.NDArray[np.datetime64]:
        return np.asarray(self._moments.take(self.order).to_numpy(), "datetime64[us]")

    @property
    def untimed(self) -> values.Mask:
        """Where a row has no time."""
        return np.asarray(np.isnat(self._at))

    @cached_property
    def tied(self) -> values.Mask:
        """Where a row has the time of the last one, and others have it, too."""
        same = self._at == self._at[self.winner]
        ties = np.bincount(self.winner, weights=same, minlength=len(same))
        return np.asarray(same & (ties[self.winner] > 1))

    @property
    def has_others(self) -> values.Mask:
        """Where a row is not its coin's only one of the day."""
        return np.asarray(np.bincount(self.winner, minlength=len(self.is_last))[self.winner] > 1)


def differ(
    table: pa.Table, order: pa.Array, these: npt.NDArray[np.int64], those: npt.NDArray[np.int64]
) -> values.Mask:
    """Whether rows say something else than others, but for their times."""
    first, second = order.take(pa.array(these)), order.take(pa.array(those))
    differs = np.zeros(len(these), np.bool_)
    for name in _SAID:
        cells = table[name]
        if cells.null_count < len(cells):
            one, other = cells.take(first), cells.take(second)
            differs |= values.mask(pc.not_equal(one, other).combine_chunks())
            if cells.null_count:
                differs |= values.mask(pc.xor(pc.is_null(one), pc.is_null(other)).combine_chunks())
    return differs


def are_sparse(table: pa.Table) -> bool:
    """Whether no coin has two days in a row, though one has several: candles of a week, perhaps."""
    days = table["price_date"].to_numpy().astype("datetime64[D]")
    coins = table["coin_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    order = np.lexsort((days, coins))
    same = np.diff(coins[order]) == 0
    gaps = np.diff(days[order])[same]
    return bool(gaps.size) and bool((gaps > np.timedelta64(1, "D")).all())
