"""Functions of dates, times and time zones."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import Any

from laptop.aws.athena.embedded.python.failures import FunctionError, UnknownAnswerError
from laptop.aws.athena.results import time_zone

_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"]  # fmt: skip
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def local(instant: dt.datetime, zone: str) -> dt.datetime:
    """What a clock in a time zone shows at a moment in UTC; both without a zone."""
    return instant.replace(tzinfo=dt.UTC).astimezone(time_zone(zone)).replace(tzinfo=None)


def _instant(shown: dt.datetime, zone: str) -> dt.datetime:
    """The moment in UTC at which a clock in a time zone shows this."""
    moments = {
        shown.replace(tzinfo=time_zone(zone), fold=fold).astimezone(dt.UTC).replace(tzinfo=None)
        for fold in (0, 1)
    }
    if len(moments) > 1:
        raise UnknownAnswerError(f"{shown} in {zone}, which its clocks show twice or never,")
    return moments.pop()


def _offset_minutes(instant: dt.datetime, zone: str) -> int:
    offset = instant.replace(tzinfo=dt.UTC).astimezone(time_zone(zone)).utcoffset() or dt.timedelta()
    return int(offset / dt.timedelta(minutes=1))


def _timezone_hour(instant: dt.datetime, zone: str) -> int:
    return int(_offset_minutes(instant, zone) / 60)


def _timezone_minute(instant: dt.datetime, zone: str) -> int:
    minutes = _offset_minutes(instant, zone)
    return minutes - 60 * int(minutes / 60)


def _to_iso8601(shown: dt.datetime, digits: int) -> str:
    text = f"{shown.year:04}-{shown:%m-%dT%H:%M:%S}"
    return f"{text}.{shown.microsecond:06}"[: len(text) + 1 + digits] if digits else text


def _zoned_iso8601(instant: dt.datetime, digits: int, zone: str) -> str:
    minutes = _offset_minutes(instant, zone)
    sign, size = ("-" if minutes < 0 else "+"), abs(minutes)
    offset = f"{sign}{size // 60:02}:{size % 60:02}" if minutes else "Z"
    return _to_iso8601(local(instant, zone), digits) + offset


_ISO_DATE = re.compile(r"(\d{4})(?:-(?:(\d\d)(?:-(\d\d))?|W(\d\d)(?:-([1-7]))?|(\d{3})))?", re.ASCII)


def _date_of(found: re.Match[str], text: str) -> dt.date:
    year, month, day, week, weekday, of_year = found.groups()
    try:
        if week:
            return dt.date.fromisocalendar(int(year), int(week), int(weekday or 1))
        if of_year:
            date = dt.date(int(year), 1, 1) + dt.timedelta(days=int(of_year) - 1)
            if date.year != int(year) or of_year == "000":
                raise ValueError(of_year)
            return date
        return dt.date(int(year), int(month or 1), int(day or 1))
    except ValueError as error:
        raise FunctionError(f'Cannot parse "{text}": {error}') from None


def _doubtful(text: str) -> bool:
    """Whether Joda may take a text for a date that the patterns here do not know."""
    return re.match(r"\s*[+-]?\d", text) is not None


def from_iso8601_date(text: str) -> dt.date:
    """A date in a form of ISO 8601."""
    found = _ISO_DATE.fullmatch(text)
    if found:
        return _date_of(found, text)
    if _doubtful(text):
        raise UnknownAnswerError(f"from_iso8601_date of {text!r}")
    raise FunctionError(f'Invalid format: "{text}"')


_ISO_TIME = re.compile(r"T(\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?(Z|[+-]\d\d(?::?\d\d)?)?", re.ASCII)


def parsed_iso8601_timestamp(text: str) -> tuple[dt.datetime, str]:
    """A moment in UTC, without a zone, and its zone as Trino names it."""
    date = _ISO_DATE.match(text)
    time = _ISO_TIME.fullmatch(text, date.end()) if date else None
    if date and date.end() == len(text):
        return dt.datetime.combine(_date_of(date, text), dt.time()), "UTC"
    if not date or not time:
        if not _doubtful(text) or re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text):
            raise FunctionError(f'Invalid format: "{text}"')
        raise UnknownAnswerError(f"from_iso8601_timestamp of {text!r}")
    hour, minute, second, fraction, offset = time.groups()
    try:
        clock = dt.time(
            int(hour), int(minute or 0), int(second or 0), int((fraction or "").ljust(3, "0")[:3]) * 1000
        )
    except ValueError as error:
        raise FunctionError(f'Cannot parse "{text}": {error}') from None
    zone = "UTC"
    if offset and offset != "Z":
        zone = f"{offset[:3]}:{offset[3:].removeprefix(':') or '00'}"
        zone = "UTC" if zone[1:] == "00:00" else zone
    shown = dt.datetime.combine(_date_of(date, text), clock)
    return _instant(shown, zone), zone


def _from_iso8601_timestamp(text: str) -> dt.datetime:
    moment, zone = parsed_iso8601_timestamp(text)
    if zone != "UTC":
        raise UnknownAnswerError(f"from_iso8601_timestamp of {text!r}, which is not a literal,")
    return moment


def _hour12(value: dt.datetime) -> int:
    return (value.hour + 11) % 12 + 1


# Joda's letters: the number, or the full and the short text.
_NUMBERS: dict[str, Callable[[dt.datetime], int]] = {
    "d": lambda value: value.day,
    "D": lambda value: value.timetuple().tm_yday,
    "e": lambda value: value.isoweekday(),
    "H": lambda value: value.hour,
    "h": _hour12,
    "k": lambda value: value.hour or 24,
    "K": lambda value: value.hour % 12,
    "m": lambda value: value.minute,
    "s": lambda value: value.second,
    "w": lambda value: value.isocalendar()[1],
}


def _joda(value: dt.datetime, letter: str, size: int) -> str:
    if letter in _NUMBERS:
        return f"{_NUMBERS[letter](value):0{size}}"
    if letter in "yYx":
        year = value.isocalendar()[0] if letter == "x" else value.year
        return f"{year % 100:02}" if size == 2 else f"{year:0{size}}"
    if letter == "M":
        return f"{value.month:0{size}}" if size < 3 else _MONTHS[value.month - 1][: None if size > 3 else 3]
    if letter == "E":
        return _DAYS[value.weekday()][: None if size > 3 else 3]
    if letter == "a":
        return "AM" if value.hour < 12 else "PM"
    if letter == "S" and size <= 3:
        return f"{value.microsecond // 1000:03}"[:size]
    raise UnknownAnswerError(f"the letter {letter!r} of a date's format")


_JODA = re.compile(r"(?P<quoted>'(?:[^']|'')*')|(?P<letters>([A-Za-z])\3*)|(?P<other>[^A-Za-z']+)")


@lru_cache(maxsize=256)
def _joda_parts(pattern: str) -> tuple[tuple[str, int], ...]:
    """The letters of a pattern with their number; what stands for itself has the number 0."""
    parts, at = [], 0
    while at < len(pattern):
        found = _JODA.match(pattern, at)
        if not found:
            raise UnknownAnswerError(f"the format {pattern!r} of a date")
        at = found.end()
        if letters := found["letters"]:
            if letters[0] in "bfgijlnopqrtuvABFIJLNOPQRTUVWX":
                raise FunctionError(f"Illegal pattern component: {letters}")
            parts.append((letters[0], len(letters)))
        else:
            quoted = found["quoted"]
            literal = "'" if quoted == "''" else quoted[1:-1].replace("''", "'") if quoted else found["other"]
            parts.append((literal, 0))
    return tuple(parts)


def _format_datetime(value: dt.datetime, pattern: str) -> str:
    return "".join(_joda(value, part, size) if size else part for part, size in _joda_parts(pattern))


_READ = {
    "y": (r"(\d{4})", "year"), "Y": (r"(\d{4})", "year"), "M": (r"(\d{1,2})", "month"),
    "d": (r"(\d{1,2})", "day"), "H": (r"(\d{1,2})", "hour"), "m": (r"(\d{1,2})", "minute"),
    "s": (r"(\d{1,2})", "second"), "S": (r"(\d{3})", "microsecond"),
}  # fmt: skip


def _parse_datetime(text: str, pattern: str) -> dt.datetime:
    written, names = "", []
    parts = _joda_parts(pattern)
    for letter, size in parts:
        if not size:
            written += re.escape(letter)
            continue
        if (
            letter not in _READ
            or (letter in "yY" and size != 4)
            or (letter == "M" and size > 2)
            or (letter == "S" and size != 3)
        ):
            raise UnknownAnswerError(f"parse_datetime with the format {pattern!r}")
        written += _READ[letter][0]
        names.append(_READ[letter][1])
    numbers = [n for n, (_, size) in enumerate(parts) if size]
    if any(b == a + 1 for a, b in pairwise(numbers)) or len(set(names)) < len(names) or ("year" not in names):
        raise UnknownAnswerError(f"parse_datetime with the format {pattern!r}")
    found = re.fullmatch(written, text, re.ASCII)
    if not found:
        if text[:1].isdigit():
            raise UnknownAnswerError(f"parse_datetime of {text!r}")
        raise FunctionError(f'Invalid format: "{text}"')
    values = dict(zip(names, map(int, found.groups()), strict=True))
    if "microsecond" in values:
        values["microsecond"] *= 1000
    try:
        return dt.datetime(**{"month": 1, "day": 1, **values})  # type: ignore[arg-type]  # noqa: DTZ001 - a clock of no zone
    except ValueError as error:
        raise FunctionError(f'Cannot parse "{text}": {error}') from None


# MySQL's letters, as date_format writes them.
_MYSQL: dict[str, Callable[[dt.datetime], str]] = {
    "Y": lambda value: f"{value.year:04}",
    "m": lambda value: f"{value.month:02}",
    "d": lambda value: f"{value.day:02}",
    "H": lambda value: f"{value.hour:02}",
    "i": lambda value: f"{value.minute:02}",
    "s": lambda value: f"{value.second:02}",
    "S": lambda value: f"{value.second:02}",
    "T": lambda value: f"{value:%H:%M:%S}",
    "r": lambda value: f"{_hour12(value):02}:{value:%M:%S} {'AM' if value.hour < 12 else 'PM'}",
    "y": lambda value: f"{value.year % 100:02}",
    "M": lambda value: _MONTHS[value.month - 1],
    "b": lambda value: _MONTHS[value.month - 1][:3],
    "W": lambda value: _DAYS[value.weekday()],
    "a": lambda value: _DAYS[value.weekday()][:3],
    "h": lambda value: f"{_hour12(value):02}",
    "I": lambda value: f"{_hour12(value):02}",
    "p": lambda value: "AM" if value.hour < 12 else "PM",
    "j": lambda value: f"{value.timetuple().tm_yday:03}",
    "f": lambda value: f"{value.microsecond // 1000:03}000",
    "e": lambda value: str(value.day),
    "c": lambda value: str(value.month),
    "k": lambda value: str(value.hour),
    "l": lambda value: str(_hour12(value)),
    "v": lambda value: f"{value.isocalendar()[1]:02}",
    "x": lambda value: f"{value.isocalendar()[0]:04}",
    "%": lambda _: "%",
}


def _mysql_parts(pattern: str) -> list[tuple[str, bool]]:
    """The parts of a pattern: letters after a `%`, and what stands for itself."""
    parts = []
    for found in re.finditer(r"%(.?)|([^%]+)", pattern, re.DOTALL):
        if found[2]:
            parts.append((found[2], False))
        elif found[1] and found[1] in "DUuVwX":
            raise FunctionError(f"%{found[1]} not supported in date format string")
        elif found[1] in _MYSQL:
            parts.append((found[1], True))
        elif found[1]:
            parts.append((found[1], False))
    return parts


def _date_format(value: dt.datetime, pattern: str) -> str:
    return "".join(_MYSQL[part](value) if is_letter else part for part, is_letter in _mysql_parts(pattern))


_NAMES_OF = {
    "b": [name[:3] for name in _MONTHS],
    "M": _MONTHS,
}
_PARSED = {
    "Y": (r"(\d{4})", "year"), "m": (r"(\d{1,2})", "month"), "c": (r"(\d{1,2})", "month"),
    "d": (r"(\d{1,2})", "day"), "e": (r"(\d{1,2})", "day"), "H": (r"(\d{1,2})", "hour"),
    "k": (r"(\d{1,2})", "hour"), "i": (r"(\d{1,2})", "minute"), "s": (r"(\d{1,2})", "second"),
    "S": (r"(\d{1,2})", "second"), "y": (r"(\d{2})", "short year"), "h": (r"(\d{1,2})", "hour of half"),
    "I": (r"(\d{1,2})", "hour of half"), "l": (r"(\d{1,2})", "hour of half"), "p": ("(AM|PM|am|pm)", "half"),
    "b": ("([A-Za-z]{3})", "name"), "M": ("([A-Za-z]+)", "name"), "f": (r"(\d{1,9})", "fraction"),
}  # fmt: skip


@lru_cache(maxsize=256)
def _parse_plan(pattern: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    written, after_digits = "", False
    names: list[str] = []
    parts = _mysql_parts(pattern.replace("%T", "%H:%i:%s"))
    for part, is_letter in parts:
        if not is_letter or part == "%":
            written += re.escape(part)
            after_digits = False
            continue
        if part not in _PARSED:
            raise UnknownAnswerError(f"date_parse with the format {pattern!r}")
        digits = _PARSED[part][0]
        if after_digits or (names and written.endswith(")")):  # Joda reads as many digits as it can
            digits = digits.replace("{1,2}", "{2}")
            written = written.replace("{1,2}", "{2}")
        written += digits
        names.append(_PARSED[part][1])
        after_digits = r"\d" in digits
    if len(set(names)) < len(names):
        raise UnknownAnswerError(f"date_parse with the format {pattern!r}")
    return re.compile(written, re.ASCII), tuple(names)


def _date_parse(text: str, pattern: str) -> dt.datetime:
    plan, names = _parse_plan(pattern)
    found = plan.fullmatch(text)
    if not found:
        # Joda takes years of any length, and signs.
        lenient = re.sub(r"\(\\d\{[^}]*\}\)", lambda _: r"([+-]?\d+)", plan.pattern)
        if re.fullmatch(lenient, text, re.ASCII):
            raise UnknownAnswerError(f"date_parse of {text!r}")
        raise FunctionError(f'Invalid format: "{text}"')
    given = dict(zip(names, found.groups(), strict=True))
    values = {"year": 1970, "month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0, "microsecond": 0}
    values |= {name: int(given[name]) for name in values if name in given}
    if "short year" in given:
        short = int(given["short year"])
        values["year"] = short + (1900 if short >= 70 else 2000)
    elif "year" not in given:
        raise UnknownAnswerError(f"date_parse with the format {pattern!r}")
    if name := given.get("name"):
        known = [one for kind in _NAMES_OF.values() for one in kind]
        months = [n for n, full in enumerate(_MONTHS, 1) if name.lower() in (full.lower(), full[:3].lower())]
        if not months or name.lower() not in map(str.lower, known):
            raise FunctionError(f'Invalid format: "{text}"')
        values["month"] = months[0]
    if "hour of half" in given:
        hour = int(given["hour of half"])
        if not 1 <= hour <= 12 or "half" not in given:
            raise UnknownAnswerError(f"date_parse of {text!r}")
        values["hour"] = hour % 12 + (12 if given["half"].upper() == "PM" else 0)
    elif "half" in given:
        raise UnknownAnswerError(f"date_parse with the format {pattern!r}")
    if fraction := given.get("fraction"):
        values["microsecond"] = int(fraction.ljust(3, "0")[:3]) * 1000
    try:
        return dt.datetime(**values)  # type: ignore[arg-type]  # noqa: DTZ001 - a clock of no zone
    except ValueError as error:
        raise FunctionError(f'Cannot parse "{text}": {error}') from None


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "date_format": _date_format,
    "date_parse": _date_parse,
    "format_datetime": _format_datetime,
    "from_iso8601_date": from_iso8601_date,
    "from_iso8601_timestamp": _from_iso8601_timestamp,
    "instant": _instant,
    "local": local,
    "parse_datetime": _parse_datetime,
    "timezone_hour": _timezone_hour,
    "timezone_minute": _timezone_minute,
    "to_iso8601": _to_iso8601,
    "zoned_iso8601": _zoned_iso8601,
}
