"""Partition projection: a table's parameters say which partitions there are, instead of the catalog.

Of Athena's kinds the local AWS has one: a single key of type `date`, a partition a day, in Hive's folders.
A day without files is an empty partition, as on Athena.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from laptop.aws.athena.errors import QueryError


@dataclass(frozen=True)
class Partition:
    """Where the files of a partition are, and its values in the order of the table's partition keys."""

    location: str
    values: tuple[str, ...]


def is_enabled(parameters: Mapping[str, str]) -> bool:
    """Whether a table with these parameters has projected partitions: those in the catalog do not count."""
    return parameters.get("projection.enabled", "").lower() == "true"


def partitions(
    table: str, keys: Sequence[str], location: str, parameters: Mapping[str, str], today: date
) -> list[Partition]:
    """The partitions that a table's parameters describe.

    Args:
        table: Its name, for errors.
        keys: Its partition keys.
        location: Its `s3://` address.
        parameters: Its parameters; projection is enabled.
        today: The day (UTC) that NOW stands for.

    Raises:
        QueryError: They ask for what the local AWS does not do.
    """
    key = keys[0]
    said = {name: value for name, value in parameters.items() if name.startswith(("projection.", "storage."))}
    first, _, last = said.pop(f"projection.{key}.range", "").partition(",")
    expected = {
        "projection.enabled": parameters["projection.enabled"],
        f"projection.{key}.type": "date",
        f"projection.{key}.format": "yyyy-MM-dd",
    }
    start, end = _day(first, today), _day(last, today)
    if len(keys) != 1 or said != expected or start is None or end is None:
        raise QueryError(
            "NOT_SUPPORTED",
            "the local AWS projects one key of type date, of format yyyy-MM-dd and a range of such days or "
            f"NOW; the parameters of {table} say {dict(parameters)}",
        )
    days = (start + timedelta(days=number) for number in range((end - start).days + 1))
    return [Partition(f"{location.rstrip('/')}/{key}={day}/", (str(day),)) for day in days]


def _day(text: str, today: date) -> date | None:
    if text.strip() == "NOW":
        return today
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
