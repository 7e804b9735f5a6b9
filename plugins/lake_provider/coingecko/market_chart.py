"""The body of /coins/{id}/market_chart/range: checked, and cut into days, digit for digit.

``{"prices": [[1767225600000, 87508.8], …], "market_caps": […], "total_volumes": […]}``: points of a moment
(UTC, in milliseconds) and a number or null. CoinGecko gives one every five minutes for a range of up to a
day, one an hour up to 90 days, and beyond that one a day, at 00:00 UTC.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any, NoReturn

SERIES = ("prices", "market_caps", "total_volumes")
NULL = "null"

_MOMENT = re.compile("[0-9]{1,15}")
_EPOCH = date(1970, 1, 1).toordinal()
_DAY = 86_400_000  # milliseconds
_LATEST = (date.max.toordinal() - _EPOCH) * _DAY

Points = dict[str, str]
"""Of each series the first point of one day, as JSON text: ``[1767225600000, 87508.8]``, or ``null``."""


class _JsonNumber(str):
    """A JSON number as it is spelled."""


def split_into_days(body: bytes) -> dict[date, Points]:
    """Cut a body into UTC days.

    Returns:
        Each day that any series has a point of, with all series. A series' point of a day is the first one,
        whatever their order; it is ``null`` if there is none, or if that one's value is null.

    Raises:
        ValueError: the body is something else; says what.
    """
    chart = json.loads(
        body.decode(), parse_float=_JsonNumber, parse_int=_JsonNumber, parse_constant=refuse_constant
    )
    if not isinstance(chart, dict):
        raise ValueError(f"the body is a JSON {type(chart).__name__}, not an object of {', '.join(SERIES)}")
    days: dict[date, Points] = {}
    for name in SERIES:
        if not isinstance(chart.get(name), list):
            raise ValueError(f"{name} of the body is no array, but {json.dumps(chart.get(name))[:100]}")
        for day, point in _first_points(name, chart[name]).items():
            days.setdefault(day, dict.fromkeys(SERIES, NULL))[name] = point
    return days


def bronze_row(coin: Mapping[str, Any], points: Points) -> str:
    """A coin's day as bronze keeps it, in the names of the API: JSON text."""
    head = {field: coin.get(field) for field in ("id", "symbol", "name", "image")}
    return ", ".join([json.dumps(head)[:-1], *(f'"{name}": {points[name]}' for name in SERIES)]) + "}"


def refuse_constant(name: str) -> NoReturn:
    """What ``json.loads`` is to do with NaN and Infinity."""
    raise ValueError(f"{name} is no JSON value")


def _first_points(name: str, points: list[Any]) -> dict[date, str]:
    first: dict[date, tuple[int, str]] = {}
    for index, point in enumerate(points):
        match point:
            case [_JsonNumber() as moment, None | _JsonNumber() as value] if _MOMENT.fullmatch(moment):
                milliseconds = int(moment)
            case _:
                milliseconds = _LATEST + 1
        if milliseconds > _LATEST:
            raise ValueError(
                f"{name}[{index}] is no pair of a moment in milliseconds and a number or null: "
                f"{json.dumps(point)[:100]}"
            )
        day = date.fromordinal(_EPOCH + milliseconds // _DAY)
        if day not in first or milliseconds < first[day][0]:
            first[day] = milliseconds, NULL if value is None else f"[{moment}, {value}]"
    return {day: text for day, (_, text) in first.items()}
