"""Text to numbers, moments and words: what a value may look like, and what counts as none.

Each function takes a column of text and gives back the values, null where there is none, and where text was
there that cannot be used. What can be read in two ways, such as 1234,56 or 25/02/2026, cannot be used.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]

# How CSV writers spell "no value"; compared in lower case. In a symbol or a name they may be a coin's.
MISSING = ("", "-", "–", "—", "n/a", "na", "nan", "none", "null", "<na>", "nat", "#n/a")

# Bitcoin's first block: nothing had a price before.
FIRST_DAY = date(2009, 1, 3)

_PLAIN = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
_NUMBER = re.compile(
    r"([+-]?)[ ]?([$€£¥]?)[ ]?((?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)?(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)[ ]?(%?)"
)
_MOMENT = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z| ?[+-][0-9]{2}(:?[0-9]{2})?)?)?$"
)
# An epoch below is in seconds (until the year 5138), from there on in milliseconds (since 1973).
_MILLISECONDS_FROM = 1e11


def words(cells: pa.Array, *, missing: tuple[str, ...] = MISSING) -> pa.Array:
    """Text without white space around it; null where that leaves a spelling of "no value"."""
    trimmed = pc.utf8_trim_whitespace(cells)
    is_missing = pc.is_in(pc.utf8_lower(trimmed), value_set=pa.array(missing, pa.string()))
    return pc.if_else(is_missing, None, trimmed)


def numbers(
    texts: pa.Array, *, sign: str = "", percent: bool = False
) -> tuple[npt.NDArray[np.float64], Mask]:
    """Finite numbers.

    Args:
        texts: As `words` returns them.
        sign: The currency sign that may stand before a number.
        percent: Whether a % may stand after it.

    Returns:
        The numbers, NaN where there is none, and where there is text that is no finite number.
    """
    if texts.null_count == len(texts):
        return np.full(len(texts), np.nan), np.zeros(len(texts), np.bool_)
    there = _mask(pc.is_valid(texts))
    try:
        values = _floats(texts)
        values[~np.isfinite(values)] = np.nan
    except pa.ArrowInvalid:
        plain = pc.match_substring_regex(texts, f"^({_PLAIN})$")
        values = _floats(pc.if_else(plain, texts, None))
        for row in np.flatnonzero(there & ~_mask(plain)):
            values[row] = _number(texts[row].as_py(), sign, percent)
        values[~np.isfinite(values)] = np.nan
    return values, there & np.isnan(values)


def _floats(texts: pa.Array) -> npt.NDArray[np.float64]:
    return np.array(pc.cast(texts, pa.float64()).to_numpy(zero_copy_only=False), np.float64)


def _number(text: str, sign: str, percent: bool) -> float:
    """A number with thousands groups, a currency sign or a per cent sign; NaN if it is none."""
    match = _NUMBER.fullmatch(text)
    if not match or (match[2] and match[2] != sign) or (match[4] and not percent):
        return math.nan
    if match[3].startswith("0") and "," in match[3]:  # no thousands: a decimal comma
        return math.nan
    try:
        return float(match[1] + match[3].replace(",", ""))
    except ValueError:  # no digits at all
        return math.nan


def moments(texts: pa.Array, *, latest: datetime) -> tuple[pd.Series, Mask]:
    """Moments in UTC, from ISO 8601 (without an offset: UTC) or seconds or milliseconds since 1970.

    Args:
        texts: As `words` returns them.
        latest: What is later cannot be used, nor is what lies before FIRST_DAY.

    Returns:
        datetime64[us, UTC], NaT where there is none, and where there is text that is no such moment.
    """
    if texts.null_count == len(texts):
        nothing = pd.Series(pd.NaT, range(len(texts)), dtype="datetime64[us, UTC]")
        return nothing, np.zeros(len(texts), np.bool_)
    there = _mask(pc.is_valid(texts))
    iso = pc.replace_substring_regex(pc.utf8_upper(texts), r" ?(UTC|GMT|Z)$", "Z")
    is_iso = pc.match_substring_regex(iso, _MOMENT)
    values = pd.Series(
        pd.to_datetime(
            pc.if_else(is_iso, iso, None).to_pandas(), format="ISO8601", utc=True, errors="coerce"
        ),
        dtype="datetime64[us, UTC]",
    )
    is_epoch = pc.match_substring_regex(texts, r"^[0-9]+(\.[0-9]*)?([eE]\+?[0-9]+)?$")
    earliest = datetime.combine(FIRST_DAY, datetime.min.time(), UTC)
    if (epochs := _mask(is_epoch)).any():
        since_1970 = _floats(pc.if_else(is_epoch, texts, None))
        seconds = np.where(since_1970 < _MILLISECONDS_FROM, since_1970, since_1970 / 1e3)
        usable = epochs & (seconds >= earliest.timestamp()) & (seconds <= latest.timestamp())
        microseconds = np.rint(seconds[usable] * 1e6).astype(np.int64)
        values[usable] = pd.to_datetime(microseconds, unit="us", utc=True)
    values = values.where((values >= earliest) & (values <= latest))
    return values, there & values.isna().to_numpy()


def _mask(booleans: pa.Array) -> Mask:
    """An Arrow column of truths as numpy's, null being false."""
    return np.asarray(pc.fill_null(booleans, False).to_numpy(zero_copy_only=False), np.bool_)
