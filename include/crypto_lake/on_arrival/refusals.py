"""Why a row, or a whole file, is not taken into the lake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

# Why a row is refused, and what to do about it. A row is refused for the first reason that holds.
REASONS: Mapping[str, str] = {
    "malformed_row": "The row cannot be read: a JSON element that is no object, a broken JSON line, or a CSV "
    "record with more or fewer fields than the header. Mend that row and drop the file again.",
    "no_coin_id": "The row has no coin_id: write CoinGecko's id of the coin into it.",
    "no_price": "The row has no current_price: write a price into it, or leave the row out.",
    "bad_price": "current_price is no finite number over zero: write it with a decimal point, as 1234.56.",
    "negative_market_cap": "market_cap is below zero, so the row's amounts are not to be trusted: correct "
    "it, or leave it empty.",
    "other_currency": "The row's amounts are in another currency than the lake's: convert them first.",
    "no_date": "Neither the file's name nor last_updated tells the row's day: put the date into the name, as "
    "in raw/prices_2026-02-25.json, or write ISO 8601 into last_updated.",
    "after_file_date": "last_updated is more than two days after the date in the file's name: correct the "
    "one or the other.",
}

# Why a whole file is refused.
FILE_REASONS: Mapping[str, str] = {
    "empty": "The file has no row.",
    "unreadable": "The file is no JSON, JSON Lines or CSV in UTF-8, plain or gzipped, or it is broken off.",
    "wrong_shape": "The file can be read, but it is not a list of coins with an id and a price.",
    "mis_dated": "The date in the file's name is impossible, or its rows are of other days.",
    "undated": "Neither the file's name nor any row tells the day.",
    "no_usable_row": "Every row was refused.",
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
