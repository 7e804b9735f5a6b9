"""Why a row, or a whole file, is not taken into the lake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

# Why a row is refused, and what to do about it. A row is refused for the first reason that holds.
REASONS: Mapping[str, str] = {
    "malformed_row": "The row cannot be read: a JSON element that is not an object, a broken JSON line, "
    "or a CSV "
    "record with more values than the header has names. Correct that row and drop the file again.",
    "no_coin_id": "Nothing in the row is CoinGecko's id of a coin: write it into a column coin_id.",
    "several_coin_ids": "The row offers several ids: write CoinGecko's into a column coingecko_id.",
    "no_price": "The row has no current_price: write a price into it, or leave the row out.",
    "other_currency": "The row's price is in another currency than the lake's: convert it first.",
    "ambiguous_price": "current_price can be read as a fraction or as thousands: write every price in "
    "the file "
    "with a decimal point and without thousands separators, such as 1234.50, in a CSV with commas "
    "between the "
    "values.",
    "bad_price": "current_price is not a finite number greater than zero: write it with a decimal "
    "point, such as "
    "1234.56.",
    "negative_market_cap": "market_cap is below zero, so the row's amounts cannot be trusted: correct "
    "it, or leave "
    "it empty.",
    "ambiguous_date": "The row's date can be read as several days, or several columns name different days: "
    "write ISO 8601 in UTC, such as 2026-02-25T12:00:00Z, the moment of the price, into last_updated, and "
    "leave out other dates.",
    "no_date": "The row does not give its day in a way that can be read, and the date in the file's name is "
    "missing or another one: write ISO 8601, such as 2026-02-25T12:00:00Z, into last_updated, or if no "
    "column has a date, put the day of the prices into the name, as in raw/prices_2026-02-25.json.",
    "no_order": "The coin has several different rows for the day, and their times do not show which is "
    "the latest: "
    "write different times into last_updated, or leave one row for the coin and the day.",
}

# Why a whole file is refused.
FILE_REASONS: Mapping[str, str] = {
    "empty": "The file has no row.",
    "unreadable": "The file is not JSON, JSON Lines or CSV, plain or gzipped, or it is broken off.",
    "wrong_shape": "The file can be read, but it is not a list of coins with an id and a price.",
    "other_currency": "The file's prices are in another currency than the lake's.",
    "mis_dated": "The date in the file's name is impossible.",
    "undated": "Neither the file's name nor any row gives the day.",
    "no_usable_row": "Every row was refused.",
    "too_large": "The file is beyond what one file may have: bytes, rows, coins, or characters in a name.",
    "too_slow": "The file took longer than one file may: it would hold up the others.",
    "failed": "The file failed three times, for no reason that the cleaning knows.",
}

SAMPLE_BYTES = 1000


@dataclass(frozen=True)
class RejectedRow:
    """A row that is not taken: its number in the file from 1, a key of REASONS, what was found, its text."""

    number: int
    reason: str
    detail: str
    raw: str


class UnusableFileError(ValueError):
    """The whole file is refused.

    Attributes:
        reason: a key of FILE_REASONS.
        sample: the first offending text, printable, at most 1,000 bytes of UTF-8.
        rejected: rows refused before that, by reason.
    """

    def __init__(
        self, reason: str, message: str, *, sample: str = "", rejected: Mapping[str, int] | None = None
    ) -> None:
        super().__init__(_printable(message))
        self.reason = reason
        self.sample = _printable(sample[:SAMPLE_BYTES]).encode()[:SAMPLE_BYTES].decode(errors="ignore")
        self.rejected = Counter(rejected or {})


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)
