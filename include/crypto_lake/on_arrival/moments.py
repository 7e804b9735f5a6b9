"""Text to moments: ISO 8601, numbers since 1970, and dates with the day or the month first.

Which comes first is decided once for each column, by what its values rule out (`DateEvidence`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from include.crypto_lake.on_arrival.values import (
    AMBIGUOUS,
    COARSE,
    MIXED,
    NOT_A_TIME,
    OUT_OF_RANGE,
    Problems,
    floats,
    mask,
)

# Bitcoin's first block: nothing had a price before.
FIRST_DAY = date(2009, 1, 3)
_EARLIEST = datetime.combine(FIRST_DAY, datetime.min.time(), UTC)

_ISO = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z| ?[+-][0-9]{2}(:?[0-9]{2})?)?)?$"
)
_DAY_ALONE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_NUMBER = r"^[0-9]+(\.[0-9]*)?([eE]\+?[0-9]+)?$"
# A number below is in seconds (until the year 5138), then milliseconds, microseconds, nanoseconds.
_UNITS = ((1e11, 1_000_000), (1e14, 1_000), (1e17, 1))
# Spreadsheets show 1.78906E+12: six digits at most. With eight, a moment is known to within two minutes.
_FEWEST_DIGITS = 8
# Spreadsheets count days.
_SERIALS_ORIGIN = date(1899, 12, 30)
_FIRST_UNREADABLE_SERIAL = 2_958_466  # the year 10000

_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_CLOCK = (
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]+))?)?"
    r" ?(?P<half>[ap]\.?m\.?)?"
)
_ZONE = r" ?(?P<zone>z|utc|gmt)? ?(?P<offset>[+-][0-9]{1,2}(?::?[0-9]{2})?)?(?: ?\([a-z ]+\))?"
_TIME = rf"(?:(?:,? +|t)(?:at )?{_CLOCK}{_ZONE})?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? +)?"
_MONTH = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_WEEKDAY}{_MONTH}[ -]+(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?[, -]+(?P<year>[0-9]{{4}}){_TIME}",
        rf"{_WEEKDAY}(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?[. -]+{_MONTH}[, -]+"
        rf"(?P<year>[0-9]{{4}}|[0-9]{{2}}){_TIME}",
        rf"(?P<year>[0-9]{{4}})(?P<sign>[-/.])(?P<month>[0-9]{{1,2}})(?P=sign)(?P<day>[0-9]{{1,2}}){_TIME}",
        rf"(?P<year>20[0-9]{{2}})(?P<month>[0-9]{{2}})(?P<day>[0-9]{{2}})"
        rf"(?:[t ]?(?P<hour>[0-9]{{2}})(?P<minute>[0-9]{{2}})(?P<second>[0-9]{{2}}){_ZONE})?",
    )
)
_UNORDERED = re.compile(
    rf"(?P<a>[0-9]{{1,2}})(?P<sign>[-/.])(?P<b>[0-9]{{1,2}})(?P=sign)(?P<c>[0-9]{{4}}|[0-9]{{2}})\.?{_TIME}"
)
# Where day, month and year are.
_ORDERS = ("abc", "bac")  # day first, month first
_SHORT_YEAR_ORDERS = (*_ORDERS, "cba")  # year first
# What programs write where there is no time.
_NO_TIME = re.compile(r"-?0+(\.0+)?|-1|(0000|0001|1900|1970|9999)-.*")
_CLOCK_ALONE = r"^[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?( ?[AaPp]\.?[Mm]\.?)?( ?(Z|UTC|GMT))?$"


def is_clock(texts: pa.Array) -> pa.Array:
    """Whether each text is a time of day, without a day."""
    return pc.match_substring_regex(texts, _CLOCK_ALONE)


@dataclass
class DateEvidence:
    """What a column's dates rule out.

    Attributes:
        latest: No moment can be later.
        orders: Number of digits of the year -> the orders that all values allow.
        days_alone: Whether every value is a day, without a time.
    """

    latest: datetime
    orders: dict[int, set[str]] = field(default_factory=dict)
    days_alone: bool = True

    def note(self, texts: pa.Array) -> None:
        """Take some values, as `words` returns them."""
        if texts.null_count == len(texts):
            return
        plain = pc.match_substring_regex(texts, f"{_ISO}|{_NUMBER}")
        if bool(pc.all(plain).as_py()):
            return
        for text in pc.if_else(plain, None, texts).unique().to_pylist():
            if text is not None and (match := _UNORDERED.fullmatch(text.lower())):
                digits = len(match["c"])
                remaining = self.orders.setdefault(
                    digits, set(_ORDERS if digits == 4 else _SHORT_YEAR_ORDERS)
                )
                allowed = {order for order in remaining if isinstance(self._ordered(match, order), datetime)}
                if allowed or any(isinstance(self._ordered(match, o), datetime) for o in _SHORT_YEAR_ORDERS):
                    self.orders[digits] = allowed

    def possible_days(self, text: str) -> set[str]:
        """The days that a text may be, whatever comes first in it."""
        if not (match := _UNORDERED.fullmatch(text.lower())):
            return set()
        orders = _ORDERS if len(match["c"]) == 4 else _SHORT_YEAR_ORDERS
        found = (self._ordered(match, order) for order in orders)
        return {moment.date().isoformat() for moment in found if isinstance(moment, datetime)}

    def may_be(self, text: str, day: date) -> bool:
        """Whether a text may be of a day: it is, or it says nothing of any day."""
        [at], _, _ = moments(pa.array([text]), self)
        if not np.isnat(at):
            return bool(at.astype("datetime64[D]") == np.datetime64(day))
        return self.bears_out(text, day)

    def bears_out(self, text: str, day: date) -> bool:
        """Whether a text that is no moment names a day all the same, or none at all."""
        if not re.search("[0-9]", text) or re.match(_CLOCK_ALONE, text) or _NO_TIME.fullmatch(text):
            return True
        if possible := self.possible_days(text):
            return day.isoformat() in possible
        if re.match(_NUMBER, text):
            return _is_near(text, day)
        return sorted(map(int, re.findall("[0-9]+", text)[:3])) == sorted([day.year, day.month, day.day])

    def _ordered(self, match: re.Match[str], order: str) -> datetime | int:
        day, month, year = (match[part] for part in order)
        if order == "cba" and len(match["c"]) == 4:
            return NOT_A_TIME
        return self._in_range(_moment(match, year, month, day))

    def _in_range(self, moment: datetime | int) -> datetime | int:
        if isinstance(moment, datetime) and not _EARLIEST <= moment <= self.latest:
            return OUT_OF_RANGE
        return moment

    def moment(self, text: str) -> datetime | int:
        """A moment that is not ISO 8601, or the problem with it."""
        lower = text.lower()
        for pattern in _PATTERNS:
            if match := pattern.fullmatch(lower):
                month = _MONTHS.get(match["month"], match["month"])
                return self._in_range(_moment(match, match["year"], month, match["day"]))
        if not (match := _UNORDERED.fullmatch(lower)):
            return NOT_A_TIME
        orders = self.orders.get(len(match["c"]))
        if orders is None:
            return NOT_A_TIME
        if not orders:
            return MIXED
        found = {self._ordered(match, order) for order in orders}
        return found.pop() if len(found) == 1 else AMBIGUOUS


def _moment(match: re.Match[str], year: str, month: str | int, day: str) -> datetime | int:
    parts = match.groupdict()
    hour, half = int(parts.get("hour") or 0), (parts.get("half") or "").replace(".", "")
    if half:
        if not 1 <= hour <= 12:
            return NOT_A_TIME
        hour = hour % 12 + 12 * (half == "pm")
    fraction = (parts.get("fraction") or "")[:6].ljust(6, "0")
    zone: timezone = UTC
    if offset := parts.get("offset"):
        hours, minutes = offset[1:3].rstrip(":"), offset[-2:] if len(offset) > 3 else "0"
        shift = timedelta(hours=int(hours), minutes=int(minutes))
        if shift > timedelta(hours=14):
            return NOT_A_TIME
        zone = timezone(-shift if offset[0] == "-" else shift)
    century = 2000 if len(year) == 2 else 0
    try:
        return datetime(
            century + int(year), int(month), int(day), hour, int(parts.get("minute") or 0),
            int(parts.get("second") or 0), int(fraction), zone,
        ).astimezone(UTC)  # fmt: skip
    except (ValueError, OverflowError):
        return NOT_A_TIME


def moments(
    texts: pa.Array, evidence: DateEvidence
) -> tuple[npt.NDArray[np.datetime64], Problems, npt.NDArray[np.bool_]]:
    """Moments in UTC.

    Args:
        texts: As `words` returns them. Without an offset a time is UTC's.
        evidence: What the whole column has shown.

    Returns:
        datetime64[us], NaT where there is none; why text that is there is none; and where a text is a day,
        without a time.
    """
    problems = np.zeros(len(texts), np.int8)
    values = np.full(len(texts), np.datetime64("NaT"), "datetime64[us]")
    days = np.zeros(len(texts), np.bool_)
    if texts.null_count == len(texts):
        return values, problems, days
    there = mask(pc.is_valid(texts))
    iso = pc.replace_substring_regex(pc.utf8_upper(texts), r" ?(UTC|GMT|Z)$", "Z")
    is_iso = mask(pc.match_substring_regex(iso, _ISO))
    if is_iso.any():
        parsed = pd.to_datetime(
            pc.if_else(pa.array(is_iso), iso, None).to_pandas(), format="ISO8601", utc=True, errors="coerce"
        )
        values[is_iso] = parsed.dt.tz_localize(None).to_numpy().astype("datetime64[us]")[is_iso]
        days = mask(pc.match_substring_regex(texts, _DAY_ALONE))
    is_number = mask(pc.match_substring_regex(texts, _NUMBER)) & ~is_iso
    is_number &= ~mask(pc.match_substring_regex(texts, "^20[0-9]{6}$"))
    if is_number.any():
        values[is_number], problems[is_number] = _since_1970(texts.filter(pa.array(is_number)))
    known: dict[str, datetime | int] = {}
    for row in np.flatnonzero(there & ~is_iso & ~is_number):
        text = texts[row].as_py()
        if text not in known:
            known[text] = evidence.moment(text) if len(text) <= 100 else NOT_A_TIME
        found = known[text]
        if isinstance(found, datetime):
            values[row] = np.datetime64(found.replace(tzinfo=None), "us")
            days[row] = ":" not in text and sum(map(str.isdigit, text)) <= 8
        else:
            problems[row] = found
    earliest, latest = (np.datetime64(at.replace(tzinfo=None), "us") for at in (_EARLIEST, evidence.latest))
    outside = ~np.isnat(values) & ((values < earliest) | (values > latest))
    values[outside] = np.datetime64("NaT")
    problems[outside] = OUT_OF_RANGE
    problems[there & np.isnat(values) & (problems == 0)] = NOT_A_TIME
    return values, problems, days


def _since_1970(texts: pa.Array) -> tuple[npt.NDArray[np.datetime64], Problems]:
    problems = np.zeros(len(texts), np.int8)
    since = floats(texts)
    limit = np.float64(2**63)
    usable = np.isfinite(since) & (since < limit)
    scaled = np.zeros(len(texts), np.int64)
    rest = usable.copy()
    for below, factor in _UNITS:
        now = rest & (since < below)
        scaled[now] = np.rint(since[now] * factor).astype(np.int64)
        rest &= ~now
    if rest.any():  # nanoseconds, whose digits a float does not hold
        whole = pc.match_substring_regex(texts, "^[0-9]{1,18}$|^[0-8][0-9]{18}$")
        exact = pc.fill_null(pc.cast(pc.if_else(whole, texts, None), pa.int64()), 0).to_numpy(
            zero_copy_only=False
        )
        approximate = np.where(usable, since, 0).astype(np.int64)
        scaled[rest] = np.where(exact[rest] > 0, exact[rest], approximate[rest]) // 1_000
    values = np.full(len(texts), np.datetime64("NaT"), "datetime64[us]")
    values[usable] = scaled[usable].astype("datetime64[us]")
    problems[~usable] = OUT_OF_RANGE
    for row in np.flatnonzero(mask(pc.match_substring_regex(texts, "[eE]"))):
        mantissa = re.split("[eE]", texts[row].as_py())[0].replace(".", "")
        if len(mantissa.lstrip("0")) < _FEWEST_DIGITS:
            values[row], problems[row] = np.datetime64("NaT"), COARSE
    return values, problems


def _is_near(text: str, day: date) -> bool:
    """Whether a number that names no moment is of a day: one of few digits, or a spreadsheet's serial."""
    number = Decimal(text)
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    if number <= 31:
        return number == day.day
    if number < _FIRST_UNREADABLE_SERIAL:
        return bool(_SERIALS_ORIGIN + timedelta(days=int(number)) == day)
    exponent = int(number.as_tuple().exponent)
    if exponent <= 0:
        return False
    factor = next((factor for below, factor in _UNITS if number < below), 0)
    earliest, latest = ((number + step * 10**exponent) * factor for step in (-1, 1))
    begins = int(start.timestamp()) * 1_000_000
    return bool(earliest < begins + 86_400_000_000 and latest >= begins)
