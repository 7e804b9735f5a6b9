"""Each row of a file, typed by what its columns are, and judged: it stays, or there is a reason why not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.crypto_lake.on_arrival import values
from include.crypto_lake.on_arrival.columns import AMOUNTS, MOMENTS
from include.crypto_lake.on_arrival.file_columns import Rows
from include.crypto_lake.on_arrival.refusals import REASONS, UnusableFileError
from include.crypto_lake.on_arrival.row_moments import Moments
from include.crypto_lake.on_arrival.table import FileTable

# A row's fate is a number of these; the first is that it stays.
FATES = ("", *REASONS)
CODES = {reason: code for code, reason in enumerate(FATES)}
# Whose values are counted: what a file's columns can fill.
FILLED = [*AMOUNTS, "market_cap_rank", *MOMENTS]
# What a reason is about.
_ABOUT = {
    "no_price": "current_price",
    "bad_price": "current_price",
    "ambiguous_price": "current_price",
    "negative_market_cap": "market_cap",
    "other_currency": "current_price",
    "ambiguous_date": "last_updated",
    "no_date": "last_updated",
    "no_order": "last_updated",
}


@dataclass
class Judged:
    """Some rows, typed and judged.

    Attributes:
        columns: Column of the table -> values.
        problems: Column -> why a text that is there is no value.
        there: Column -> where there was text.
        moments: Those of the prices.
        fates: Why each row is refused: a number of CODES, 0 for none.
    """

    columns: dict[str, Any]
    problems: dict[str, values.Problems]
    there: dict[str, values.Mask]
    moments: Moments
    fates: npt.NDArray[np.int8]


class Judge:
    """Judges the rows of one file.

    Attributes:
        dated: Whether any row so far has a usable date of its own.
    """

    def __init__(self, table: FileTable, day: date | None, currency: str) -> None:
        self.table = table
        self.day = day
        self.currency = currency
        self.dated = False

    def judge(self, rows: Rows) -> Judged:
        """Type some rows, then judge them."""
        coins, several = self.table.coins.ids(self.table.by_index(rows), rows.count)
        columns: dict[str, Any] = {"coin_id": coins, "symbol": self.table.symbols(rows)}
        columns |= {name: _names(self.table.text(rows, name)) for name in ("name", "image", "source")}
        problems: dict[str, values.Problems] = {}
        there: dict[str, values.Mask] = {}
        for name in [*AMOUNTS, "market_cap_rank"]:
            columns[name], problems[name], there[name] = self.table.amounts(rows, name)
        for name in MOMENTS:
            moments = self.table.moments.moments(rows, name)
            columns[name], problems[name], there[name] = moments.at, moments.problems, moments.there
        rank = columns["market_cap_rank"]
        no_rank = ~np.isnan(rank) & ~((rank >= 1) & (rank < 2**31) & (rank == np.floor(rank)))
        rank[no_rank], problems["market_cap_rank"][no_rank] = np.nan, values.OUT_OF_RANGE
        judged = Judged(columns, problems, there, moments, np.zeros(rows.count, np.int8))
        self._decide_fates(rows, judged, values.mask(several))
        return judged

    def _decide_fates(self, rows: Rows, judged: Judged, several: values.Mask) -> None:
        """Find the first of refusals.REASONS that holds for each row."""
        columns, moments = judged.columns, judged.moments
        price, wrong = columns["current_price"], judged.problems["current_price"]
        said, is_other = self.table.currencies.said(rows)
        self.dated |= bool((~np.isnat(moments.at)).any())
        doubtful = np.isin(moments.problems, (values.AMBIGUOUS, values.MIXED))
        undated = np.isnat(moments.at)
        if self.day is not None:
            undated = self.table.moments.are_of_another_day(rows, moments.problems, self.day)
            doubtful &= undated
        doubtful |= moments.are_disputed | self.table.moments.are_local(rows)
        with np.errstate(invalid="ignore"):
            findings: list[tuple[str, Any]] = [
                ("several_coin_ids", several),
                ("no_coin_id", values.mask(pc.is_null(columns["coin_id"]))),
                ("no_price", np.isnan(price) & (wrong == 0)),
                ("other_currency", is_other | (wrong == values.OTHER_CURRENCY)),
                ("ambiguous_price", np.isin(wrong, (values.AMBIGUOUS, values.MIXED))),
                ("bad_price", ~(price > 0)),
                ("negative_market_cap", columns["market_cap"] < 0),
                ("ambiguous_date", doubtful),
                ("no_date", undated),
            ]
        fates = judged.fates
        for reason, holds in reversed(findings):
            fates[holds] = CODES[reason]
        nameless = is_other & np.isnan(price) & values.mask(pc.is_null(columns["coin_id"]))
        if nameless.any() and said.null_count:  # it tells of the others
            row = int(np.flatnonzero(nameless)[0])
            raise UnusableFileError(
                "other_currency",
                f"row {rows.numbers[row]} has no coin and no price, but another currency than the lake's, "
                f"{self.currency}: convert the prices, and leave that row out",
                sample=rows.raws[row],
            )
        if self.table.delimiter:
            self._check_sheet(rows, fates)

    def _check_sheet(self, rows: Rows, fates: npt.NDArray[np.int8]) -> None:
        """Refuse a CSV whose refused rows say something of the others: a second header, or a footnote."""
        for row in map(int, np.flatnonzero(fates == CODES["bad_price"])):
            if self.table.is_second_header(rows, row):
                raise UnusableFileError(
                    "wrong_shape",
                    f"row {rows.numbers[row]} is a second header with other columns: split the file there",
                    sample=rows.raws[row],
                )
        for row in map(int, np.flatnonzero(fates == CODES["no_coin_id"])):
            cells = [cell for cell in rows.raws[row].split(self.table.delimiter) if cell.strip(' "')]
            if len(cells) == 1 and " " in cells[0].strip(' "'):
                self.table.check_titles(cells, f"row {rows.numbers[row]}")
            elif rows.numbers[row] == 1 and (unit := self.table.unit_below_header(rows, row)):
                raise UnusableFileError(
                    "wrong_shape",
                    f"row 1 has {unit[:60]!r} where the price should be, so amounts may be in that unit: "
                    f"write all of them in {self.currency}, in full, and leave that row out",
                    sample=rows.raws[row],
                )

    def detail(self, reason: str, rows: Rows, row: int) -> str:
        """What was found in a row that is refused."""
        if reason in ("no_coin_id", "several_coin_ids"):
            has = self.table.coins.described(self.table.by_index(rows), row)
            return f"the row has {has}" if has else "coin_id is missing"
        column = _ABOUT[reason]
        texts = [
            (self.table.columns[i].name, self.table.cells(rows, i)[row].as_py())
            for i in self.table.sources[column]
        ]
        name, text = next(((name, text) for name, text in texts if text is not None), (column, None))
        found = f"{column} is missing" if text is None else f"{column} is {text[:200]!r}"
        if name not in (column, "") and text is not None:
            found += f" (column {name[:60]})"
        if reason == "ambiguous_price" and len(prices := self.table.prices(rows, row)) > 1:
            found = f"columns of the same name have {' and '.join(map(repr, prices))}: leave one of them"
        elif reason == "ambiguous_price" and text and (both := values.readings(text)):
            found += f", which is {both[0]} or {both[1]}"
        if reason == "ambiguous_date" and (possible := self.table.moments.possible_days(rows, row)):
            found += f", which is {' or '.join(sorted(possible))}"
        elif reason in ("ambiguous_date", "no_date") and (told := self.table.moments.described(rows, row)):
            found = f"the row says {told}"
            found += f", and the file's name {self.day}" if self.day else ""
        if reason == "other_currency":
            quoted = self.table.currencies.said(rows)[0][row].as_py()
            found = f"the currency is {quoted!r}" if quoted else found
            found += f", the lake's is {self.currency!r}"
        return found


def _names(texts: pa.Array) -> pa.Array:
    """Texts, without those that are JSON's objects or arrays."""
    return pc.if_else(pc.match_substring_regex(texts, r"^[\[{]"), None, texts)
