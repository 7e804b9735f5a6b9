"""Functions of arrays and maps. A row is a dict of its fields, as DuckDB gives it."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

from laptop.aws.athena.embedded.python.failures import FunctionError, UnknownAnswerError

_MOST = 10_000  # entries that `repeat` and `sequence` may make
_MOST_COMBINATIONS = 100_000


def key(value: Any) -> Any:
    """What is equal for two values that are not distinct: NaN is NaN, and NULL is NULL."""
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    if isinstance(value, list):
        return tuple(map(key, value))
    if isinstance(value, dict):
        return tuple((name, key(item)) for name, item in value.items())
    return value


def array_distinct(values: list[Any]) -> list[Any]:
    """The first of each."""
    seen: set[Any] = set()
    return [value for value in values if not (key(value) in seen or seen.add(key(value)))]  # type: ignore[func-returns-value]


def _array_join(values: list[str | None], separator: str, null: str | None = None) -> str:
    shown = [null if value is None else value for value in values]
    return separator.join(value for value in shown if value is not None)


def _array_union(*arrays: list[Any]) -> list[Any]:
    return array_distinct([value for array in arrays for value in array])


def _array_except(one: list[Any], other: list[Any]) -> list[Any]:
    dropped = set(map(key, other))
    return array_distinct([value for value in one if key(value) not in dropped])


def _array_intersect(one: list[Any], other: list[Any]) -> list[Any]:
    """In the order of the longer one; of equally long ones, of the second."""
    small, large = (other, one) if len(one) > len(other) else (one, other)
    kept = set(map(key, small))
    return array_distinct([value for value in large if key(value) in kept])


def _combinations(values: list[Any], size: int) -> list[list[Any]]:
    if size < 0:
        raise FunctionError(f"combination size must not be negative: {size}")
    if size > 5:
        raise FunctionError(f"combination size must not exceed 5: {size}")
    if math.comb(len(values), size) > _MOST_COMBINATIONS:
        raise FunctionError("combinations exceed max size")
    places = itertools.combinations(range(len(values)), size)
    return [[values[place] for place in chosen] for chosen in sorted(places, key=lambda c: c[::-1])]


def _ngrams(values: list[Any], size: int) -> list[list[Any]]:
    if size <= 0:
        raise FunctionError("N must be positive")
    return [values[start : start + size] for start in range(max(len(values) - size + 1, 1))]


def _contains_sequence(values: list[Any], wanted: list[Any]) -> bool:
    keys, sought = list(map(key, values)), list(map(key, wanted))
    return any(keys[start : start + len(sought)] == sought for start in range(len(keys) - len(sought) + 1))


def _trim_array(values: list[Any], size: int) -> list[Any]:
    if size < 0:
        raise FunctionError(f"size must not be negative: {size}")
    if size > len(values):
        raise FunctionError(f"size must not exceed array cardinality {len(values)}: {size}")
    return values[: len(values) - size]


def _repeat(value: Any, count: int | None) -> list[Any] | None:
    if count is None:
        return None
    if count < 0:
        raise FunctionError("count argument of repeat function must be greater than or equal to 0")
    if count > _MOST:
        raise FunctionError(f"count argument of repeat function must be less than or equal to {_MOST}")
    return [value] * count


def _sequence(start: int, stop: int, step: int) -> list[int]:
    if step == 0:
        raise FunctionError("step must not be zero")
    if (stop - start) * step < 0:
        raise FunctionError(
            "sequence stop value should be greater than or equal to start value if step is greater than zero"
            " otherwise stop should be less than or equal to start"
        )
    if (stop - start) // step >= _MOST:
        raise FunctionError(f"result of sequence function must not have more than {_MOST} entries")
    return list(range(start, stop + (1 if step > 0 else -1), step))


def _by_itself(start: int, stop: int) -> list[int]:
    return _sequence(start, stop, 1 if stop >= start else -1)


def _sequence_days(start: dt.date, stop: dt.date) -> list[dt.date]:
    return [dt.date.fromordinal(day) for day in _by_itself(start.toordinal(), stop.toordinal())]


def _sequence_milliseconds(start: Any, stop: Any, step: int) -> list[Any]:
    if not isinstance(start, dt.datetime):
        if step % 86_400_000:
            raise FunctionError("sequence step must be a day interval if start and end values are dates")
        days = _sequence(start.toordinal(), stop.toordinal(), step // 86_400_000)
        return [dt.date.fromordinal(day) for day in days]
    unit = dt.timedelta(milliseconds=1)
    return [start + offset * unit for offset in _sequence(0, (stop - start) // unit, step)]


def add_months(value: Any, months: int) -> Any:
    """The same day some months later, or the last one of a shorter month."""
    year, month = divmod(value.year * 12 + value.month - 1 + months, 12)
    first_of_next = dt.date(year + month // 11, (month + 1) % 12 + 1, 1)
    return value.replace(
        year=year, month=month + 1, day=min(value.day, (first_of_next - dt.timedelta(days=1)).day)
    )


def _sequence_months(start: Any, stop: Any, step: int) -> list[Any]:
    if step == 0:
        raise FunctionError("step must not be zero")
    if (step > 0 and stop < start) or (step < 0 and stop > start):
        _sequence(0, -step, step)
    values: list[Any] = []
    while True:
        value = add_months(start, len(values) * step)
        if value > stop if step > 0 else value < stop:
            return values
        values.append(value)
        if len(values) > _MOST:
            raise FunctionError(f"result of sequence function must not have more than {_MOST} entries")


def _map_of(pairs: Sequence[tuple[Any, Any]]) -> dict[Any, Any]:
    made: dict[Any, Any] = {}
    for name, value in pairs:
        if name is None:
            raise FunctionError("map key cannot be null")
        if name in made:
            raise FunctionError("Duplicate map keys are not allowed")
        made[name] = value
    return made


def _pairs(entries: list[dict[str, Any] | None]) -> list[tuple[Any, Any]]:
    if None in entries:
        raise FunctionError("map entry cannot be null")
    return [tuple(entry.values()) for entry in entries]  # type: ignore[union-attr]


def _map_from_entries(entries: list[Any]) -> dict[Any, Any]:
    return _map_of(_pairs(entries))


def _multimap_from_entries(entries: list[Any]) -> dict[Any, Any]:
    made: dict[Any, list[Any]] = {}
    for name, value in _pairs(entries):
        if name is None:
            raise FunctionError("map key cannot be null")
        made.setdefault(name, []).append(value)
    return made


def _equal(one: Any, other: Any) -> bool | None:
    """`=` of two values of one type: None if NULLs leave it open."""
    if one is None or other is None:
        return None
    if isinstance(one, dict):
        if set(one) != set(other):  # maps: rows have the same fields
            return False
        return _equal(list(one.values()), [other[name] for name in one])
    if isinstance(one, list):
        if len(one) != len(other):
            return False
        parts = [_equal(a, b) for a, b in zip(one, other, strict=True)]
        return False if False in parts else None if None in parts else True
    return bool(one == other)


def _less(one: Any, other: Any, kind: str = "ARRAY") -> bool:
    """`<` of two arrays or rows."""
    for a, b in zip(*(v.values() if isinstance(v, dict) else v for v in (one, other)), strict=False):
        if a is None or b is None:
            raise FunctionError(
                f"{kind} comparison not supported for {kind.lower()}s with null elements", "NOT_SUPPORTED"
            )
        if isinstance(a, list | dict):
            if _less(a, b):
                return True
            if _less(b, a):
                return False
        elif a != b:
            return bool(a < b)
    return len(one) < len(other)


MOST_IN_DIGEST = 78
"""Of so many values Trino's digest, whose compression is 100, merges none: its clusters may have
`n / 4 * (4 ln(n / 200) + 24) / 200` values, which is less than two."""


def _percentile(values: list[Any], share: float) -> Any:
    """approx_percentile of a few values."""
    known = sorted(value for value in values if value is not None)
    if not 0 <= share <= 1:
        raise FunctionError("Percentile must be between 0 and 1")
    if not all(math.isfinite(value) for value in known):
        raise FunctionError("value must be finite")
    if any(abs(value) > 2**53 for value in known if isinstance(value, int)):
        raise UnknownAnswerError("approx_percentile of numbers that no double holds")
    return known[min(int(share * len(known)), len(known) - 1)] if known else None


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "array_distinct": array_distinct,
    "array_except": _array_except,
    "array_join": _array_join,
    "array_intersect": _array_intersect,
    "array_union": _array_union,
    "combinations": _combinations,
    "contains_sequence": _contains_sequence,
    "equal": _equal,
    "less": _less,
    "map_from_entries": _map_from_entries,
    "multimap_from_entries": _multimap_from_entries,
    "ngrams": _ngrams,
    "percentile": _percentile,
    "repeat": _repeat,
    "sequence": _sequence,
    "sequence_by_itself": _by_itself,
    "sequence_days": _sequence_days,
    "sequence_milliseconds": _sequence_milliseconds,
    "sequence_months": _sequence_months,
    "trim_array": _trim_array,
}
WITH_NULLS = frozenset({"repeat"})
