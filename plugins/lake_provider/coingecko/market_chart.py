"""The body of /coins/{id}/market_chart/range: checked, and cut into days, digit for digit.

``{"prices": [[1767225600000, 87508.8], …], "market_caps": […], "total_volumes": […]}``: points of a moment
(UTC, in milliseconds) and a number or null. CoinGecko gives one every five minutes for a range of up to a
day, one an hour up to 90 days, and beyond that one a day, at 00:00 UTC.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple, NoReturn

SERIES = {"prices": "current_price", "market_caps": "market_cap", "total_volumes": "total_volume"}
"""Each series of a history, and the field of /coins/markets that tells the same."""

_MOMENT = re.compile("[0-9]{1,15}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = (date.max - _EPOCH.date()) // timedelta(milliseconds=1)


class Point(NamedTuple):
    """A moment (UTC, in milliseconds), and a JSON number as it is spelled."""

    moment: int
    value: str


Points = dict[str, Point]
"""The first point of one day of each series that has one."""


class _JsonNumber(str):
    """A JSON number as it is spelled."""


def split_into_days(body: bytes) -> dict[date, Points]:
    """Cut a body into UTC days.

    Returns:
        Each day that any series has a point of. A series' point of a day is the first one, whatever their
        order; there is none if that one's value is null.

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
            points = days.setdefault(day, {})
            if point:
                points[name] = point
    return days


def bronze_row(coin: Mapping[str, Any], points: Points) -> str:
    """A coin's day as bronze keeps it: JSON text in the shape of /coins/markets.

    Args:
        coin: the coin in /coins/markets.
        points: of the day; one of its price is among them, which says when it was.
    """
    head = {field: coin.get(field) for field in ("id", "symbol", "name", "image")}
    figures = [
        f'"{field}": {points[series].value if series in points else "null"}'
        for series, field in SERIES.items()
    ]
    moment = _EPOCH + timedelta(milliseconds=points["prices"].moment)
    updated = f'"last_updated": "{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"'
    return ", ".join([json.dumps(head)[:-1], *figures, updated]) + "}"


def refuse_constant(name: str) -> NoReturn:
    """What ``json.loads`` is to do with NaN and Infinity."""
    raise ValueError(f"{name} is no JSON value")


def _first_points(name: str, points: list[Any]) -> dict[date, Point | None]:
    first: dict[date, tuple[int, Point | None]] = {}
    for index, point in enumerate(points):
        match point:
            case [_JsonNumber() as text, None | _JsonNumber() as value] if _MOMENT.fullmatch(text):
                moment = int(text)
            case _:
                moment = _LATEST + 1
        if moment > _LATEST:
            raise ValueError(
                f"{name}[{index}] is no pair of a moment in milliseconds and a number or null: "
                f"{json.dumps(point)[:100]}"
            )
        day = (_EPOCH + timedelta(milliseconds=moment)).date()
        if day not in first or moment < first[day][0]:
            first[day] = moment, None if value is None else Point(moment, value)
    return {day: point for day, (_, point) in first.items()}
