"""The day that a dropped file's name gives."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from include.crypto_lake.on_arrival.moments import FIRST_DAY
from include.crypto_lake.on_arrival.refusals import UnusableFileError

# 2026-02-25, 2026_02_25, 2026/02/25, dt=2026-02-25 and year=2026/month=2/day=25 can mean nothing else;
# eight digits are a date only if the calendar has it.
_WRITTEN_OUT = re.compile(
    r"(?<![0-9])((?:19|20)[0-9]{2})([-_/])([0-9]{2})\2([0-9]{2})(?![0-9])"
    r"|year=([0-9]{4})/month=([0-9]{1,2})/day=([0-9]{1,2})(?![0-9])"
)
_DIGITS = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})(?![0-9])")


def day_in_name(key: str, last_modified: datetime) -> date | None:
    """The day in the key of a file below raw/; None if there is none, or more than one.

    Args:
        key: such as raw/crypto_prices_2026-02-25.json.
        last_modified: when the file arrived: its day is at most the one after.

    Raises:
        UnusableFileError: mis_dated, the date is impossible.
    """
    name = key.removeprefix("raw/")
    days: set[date] = set()
    for match in _WRITTEN_OUT.finditer(name):
        year, month, day = (int(part) for part in match.groups() if part and part.isdigit())
        try:
            days.add(date(year, month, day))
        except ValueError:
            if match[2] != "/":  # folders may be called anything
                raise _mis_dated(f"has {match[0]} in its name, which is no date") from None
    for match in _DIGITS.finditer(name):
        try:
            days.add(date(*map(int, match.groups())))
        except ValueError:
            continue
    for found in sorted(days):
        if found < FIRST_DAY:
            raise _mis_dated(f"has the date {found} in its name, before any coin's first price ({FIRST_DAY})")
        if found > last_modified.date() + timedelta(days=1):
            raise _mis_dated(f"has the date {found} in its name, but arrived on {last_modified.date()}")
    return days.pop() if len(days) == 1 else None


def _mis_dated(problem: str) -> UnusableFileError:
    return UnusableFileError("mis_dated", f"the file {problem}: drop it again under the date of its prices")
