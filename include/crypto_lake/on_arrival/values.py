"""Text to numbers and words: what a value may look like, and what counts as none.

How a file writes its numbers is decided once for each column, from all of its values, from the file's other
columns and from its delimiter (`NumberEvidence`, `NumberStyle`). What can still be read in two ways is not
read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.crypto_lake.on_arrival.currencies import is_of

Mask = npt.NDArray[np.bool_]
Problems = npt.NDArray[np.int8]

# Why a text is not the value that its column wants. A problem is its number here; 0 is none.
PROBLEMS = ("", "not_a_number", "ambiguous", "mixed", "other_currency", "out_of_range", "not_a_time",
            "coarse", "unknown_unit", "nested")  # fmt: skip
NOT_A_NUMBER, AMBIGUOUS, MIXED, OTHER_CURRENCY, OUT_OF_RANGE, NOT_A_TIME, COARSE, UNKNOWN_UNIT, NESTED = (
    range(1, 10)
)

# How writers spell "no value"; compared in lower case. In a symbol or a name they may be a coin's.
MISSING = (
    "",
    "-",
    "–",
    "—",
    "--",
    "n/a",
    "na",
    "nan",
    "none",
    "null",
    "(null)",
    "\\n",
    "<na>",
    "nat",
    "#n/a",
)

_PLAIN = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
_SPACES = " \u00a0\u2007\u2009\u202f"
_UNIT = r"[A-Za-z]{0,3}[$€£¥₩₹₽₺฿₿₫₴₦]|[A-Za-zł]{2,5}"
_WRITTEN = re.compile(
    rf"(?P<open>\()?(?P<minus>[-+−])? ?(?P<before>{_UNIT})?[{_SPACES}]?(?P<inner>[-+−])?"
    rf"(?P<core>[0-9](?:[0-9.,'’{_SPACES}]*[0-9.,])?|[.,][0-9]+)"
    rf"(?:[eE](?P<exponent>[-+−]?[0-9]+))?"
    rf"[{_SPACES}]?(?P<scale>(?:mln|bln|trn|bn|tn|[KMBTkmbt])(?![A-Za-z]))?[{_SPACES}]?(?P<percent>%)?"
    rf"[{_SPACES}]?(?P<after>{_UNIT})?(?P<close>\))?(?P<trailing>-)?"
)
_SPACED = re.compile(
    rf"[0-9]{{1,3}}(?P<gap>['’{_SPACES}])[0-9]{{3}}(?:(?P=gap)[0-9]{{3}})*(?P<fraction>[.,][0-9]*)?"
)
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}")
_SCALES = {"k": 3, "m": 6, "mln": 6, "b": 9, "bn": 9, "bln": 9, "t": 12, "tn": 12, "trn": 12}
_SAMPLE = 50  # values of a chunk
_LONGEST = 60  # what is longer is plain digits, or not a number

# What the digits of a number show.
_POINT, _COMMA, _DOT_OR_GROUP, _COMMA_OR_GROUP = 1, 2, 4, 8
_SHOWS_POINT = (
    r"^[+-]?(0?[0-9]*\.([0-9]{1,2}|[0-9]{4,})|0[0-9]*\.[0-9]*|[0-9]{4,}\.[0-9]*|\.[0-9]+)([eE].*)?$"
)
_DOUBTFUL_DOT = r"^[+-]?[1-9][0-9]{0,2}\.[0-9]{3}$"


class Distinct:
    """The different values of a column, as its chunks bring them."""

    def __init__(self) -> None:
        self._known = pa.array([], pa.string())

    def new_in(self, texts: pa.Array) -> list[str]:
        """The values that have not come before."""
        unique = texts.unique().drop_null()
        new = unique.filter(pc.invert(pc.is_in(unique, value_set=self._known)))
        if len(new):
            self._known = pa.concat_arrays([self._known, new])
        return cast("list[str]", new.to_pylist())


@dataclass
class NumberEvidence:
    """What a column's values show of how its numbers are written.

    Attributes:
        shown: What they show together.
        has_own: Whether there are numbers that JSON writes itself: their sign says nothing of that in texts.
    """

    shown: int = 0
    has_own: bool = False

    def note(self, texts: pa.Array, raws: Sequence[str] = ()) -> None:
        """Take some values.

        Args:
            texts: As `words` returns them.
            raws: The JSON that each comes from; none of a CSV.
        """
        if texts.null_count == len(texts):
            return
        try:
            pc.cast(texts, pa.float64())
        except pa.ArrowInvalid:
            plain = pc.match_substring_regex(texts, f"^({_PLAIN})$")
            for text in pc.if_else(plain, None, texts).unique().to_pylist():
                if text is not None and (written := _parsed(text)):
                    self.shown |= written.shown
            texts = pc.if_else(plain, texts, None)
        if raws:
            texts = self._quoted(texts, raws)
        if not self.shown & _POINT and _any(texts, _SHOWS_POINT):
            self.shown |= _POINT
        if not self.shown & (_POINT | _DOT_OR_GROUP) and _any(texts, _DOUBTFUL_DOT):
            self.shown |= _DOT_OR_GROUP

    def _quoted(self, texts: pa.Array, raws: Sequence[str]) -> pa.Array:
        """The first of the texts with a dot, those that are texts in JSON."""
        dotted = np.flatnonzero(mask(pc.match_substring(texts, ".")))[:_SAMPLE]
        found = [text for row in dotted if f'"{(text := texts[row].as_py())}"' in raws[row]]
        self.has_own |= len(found) < len(dotted)
        return pa.array(found, pa.string())


def _any(texts: pa.Array, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(texts, pattern)).as_py())


@dataclass(frozen=True)
class NumberStyle:
    """How a column's numbers are read.

    Attributes:
        decimal: The decimal sign, `.` or `,`.
        dots: Whether 1.234 can be read; not if it may be a fraction or a thousand.
        commas: The same of 1,234.
        is_mixed: Whether the column has decimal points and decimal commas.
    """

    decimal: str = "."
    dots: bool = True
    commas: bool = True
    is_mixed: bool = False

    @classmethod
    def decide(cls, column: NumberEvidence, file: int, delimiter: str) -> NumberStyle:
        """The style that a column shows; else the file's other columns; else the delimiter.

        Args:
            column: The column's.
            file: What all the file's columns show together.
            delimiter: Of a CSV. Who writes decimal commas does not use a comma there. Empty: JSON.
        """
        if column.has_own:
            if column.shown & _COMMA:
                return cls(dots=not column.shown & _DOT_OR_GROUP, commas=False, is_mixed=True)
            return cls(commas=bool(column.shown & _POINT))
        for shown in (column.shown, file):
            match shown & (_POINT | _COMMA):
                case 1:
                    return cls()
                case 2:
                    return cls(",")
                case 3:
                    return cls(".", dots=False, commas=False, is_mixed=True)
        if delimiter == ",":
            return cls()
        return cls(".", dots=delimiter == "", commas=False)


@dataclass(frozen=True)
class _Written:
    """A number as it was written: its digits with their separators, and everything around them."""

    negative: bool
    core: str
    exponent: int
    percent: bool
    units: tuple[str, ...]
    shown: int


@lru_cache(100_000)
def _parsed(text: str) -> _Written | None:
    """Take a number apart; None if it is none."""
    if len(text) > _LONGEST or not (match := _WRITTEN.fullmatch(text)):
        return None
    signs = [sign for sign in match.group("minus", "inner", "trailing") if sign]
    if len(signs) > 1 or bool(match["open"]) != bool(match["close"]) or (match["open"] and signs):
        return None
    core, scaled = match["core"], match["exponent"] or match["scale"]
    if match["exponent"] and match["scale"]:
        return None
    if any(space in core for space in _SPACES + "'’"):
        if not (spaced := _SPACED.fullmatch(core)):
            return None
        fraction = spaced["fraction"] or ""
        shown = {"": 0, ".": _POINT, ",": _COMMA}[fraction[:1]]
        core = re.sub(rf"['’{_SPACES}]", "", core)
    elif (found := _shown(core, bool(scaled and match["exponent"]))) is None:
        return None
    else:
        shown = found
    exponent = int((match["exponent"] or "0").replace("−", "-")) + _SCALES.get(
        (match["scale"] or "").lower(), 0
    )
    return _Written(
        negative=bool(match["open"]) or any(sign in "-−" for sign in signs),
        core=core,
        exponent=exponent,
        percent=bool(match["percent"]),
        units=tuple(unit for unit in match.group("before", "after") if unit),
        shown=shown,
    )


def _shown(core: str, has_exponent: bool) -> int | None:
    """What digits and their separators show; None if that is no number in any style."""
    dots, commas = core.count("."), core.count(",")
    if dots and commas:
        decimal, group = (".", ",") if core.rindex(".") > core.rindex(",") else (",", ".")
        whole, _, _ = core.rpartition(decimal)
        if core.count(decimal) > 1 or not _GROUPED.fullmatch(whole.replace(group, ",")):
            return None
        return _POINT if decimal == "." else _COMMA
    if dots + commas == 0:
        return 0
    sign = "." if dots else ","
    if dots + commas > 1:
        return (_COMMA if dots else _POINT) if _GROUPED.fullmatch(core.replace(sign, ",")) else None
    whole, _, fraction = core.partition(sign)
    is_fraction = has_exponent or len(fraction) != 3 or not 1 <= len(whole) <= 3 or whole.startswith("0")
    if is_fraction:
        return _POINT if dots else _COMMA
    return _DOT_OR_GROUP if dots else _COMMA_OR_GROUP


def words(cells: pa.Array, *, missing: tuple[str, ...] = MISSING) -> pa.Array:
    """Text without white space around it; null where that leaves a spelling of "no value"."""
    trimmed = pc.utf8_trim_whitespace(cells)
    is_missing = pc.is_in(pc.utf8_lower(trimmed), value_set=pa.array(missing, pa.string()))
    return pc.if_else(is_missing, None, trimmed)


def numbers(
    texts: pa.Array, style: NumberStyle, *, currency: str = "", percent: bool = False
) -> tuple[npt.NDArray[np.float64], Problems]:
    """Finite numbers.

    Args:
        texts: As `words` returns them.
        style: How they are written.
        currency: The one whose sign or code may stand beside a number.
        percent: Whether a % may stand after it.

    Returns:
        The numbers, NaN where there is none; and why text that is there is none.
    """
    problems = np.zeros(len(texts), np.int8)
    if texts.null_count == len(texts):
        return np.full(len(texts), np.nan), problems
    there = mask(pc.is_valid(texts))
    reads_points = style.decimal == "." and style.dots
    try:
        if not reads_points:
            raise pa.ArrowInvalid  # 1.234 needs a closer look
        values = floats(texts)
        values[~np.isfinite(values)] = np.nan
    except pa.ArrowInvalid:
        pattern = f"^({_PLAIN})$" if reads_points else r"^[+-]?[0-9]+$"
        plain = pc.match_substring_regex(texts, pattern)
        values = floats(pc.if_else(plain, texts, None))
        for row in np.flatnonzero(there & ~mask(plain)):
            values[row], problems[row] = _number(texts[row].as_py(), style, currency, percent)
        values[~np.isfinite(values)] = np.nan
    problems[there & np.isnan(values) & (problems == 0)] = NOT_A_NUMBER
    return values, problems


def floats(texts: pa.Array) -> npt.NDArray[np.float64]:
    """Plain numbers, NaN for null."""
    return np.array(pc.cast(texts, pa.float64()).to_numpy(zero_copy_only=False), np.float64)


@lru_cache(100_000)
def _number(text: str, style: NumberStyle, currency: str, percent: bool) -> tuple[float, int]:
    written = _parsed(text)
    if written is None:
        if len(text) > _LONGEST and re.fullmatch(_PLAIN, text) and style.decimal == ".":
            return float(text), 0
        return math.nan, NESTED if text.startswith(("{", "[")) else NOT_A_NUMBER
    if written.percent and not percent:
        return math.nan, NOT_A_NUMBER
    for unit in written.units:
        match is_of(unit, currency):
            case None:
                return math.nan, NOT_A_NUMBER
            case False:
                return math.nan, OTHER_CURRENCY
    core, shown = written.core, written.shown
    if (shown & _DOT_OR_GROUP and not style.dots) or (shown & _COMMA_OR_GROUP and not style.commas):
        return math.nan, AMBIGUOUS
    if shown & (_COMMA if style.decimal == "." else _POINT):
        return math.nan, MIXED if style.is_mixed else NOT_A_NUMBER
    plain = core.replace(",", "") if style.decimal == "." else core.replace(".", "").replace(",", ".")
    number = float(f"{plain}e{written.exponent}")
    return -number if written.negative else number, 0


def is_number(text: str) -> bool:
    """Whether a text is a number in some style."""
    return _parsed(text.strip()) is not None


def readings(text: str) -> tuple[str, str] | None:
    """The two numbers that an ambiguous one may be: as a fraction, and as thousands."""
    written = _parsed(text)
    if not written or not written.shown & (_DOT_OR_GROUP | _COMMA_OR_GROUP):
        return None
    return written.core.replace(",", "."), re.sub("[.,]", "", written.core)


def mask(booleans: pa.Array) -> Mask:
    """An Arrow column of truths as numpy's, null being false."""
    return np.asarray(pc.fill_null(booleans, False).to_numpy(zero_copy_only=False), np.bool_)
