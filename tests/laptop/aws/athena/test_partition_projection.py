"""Which days a table's parameters describe, as of which day."""

from __future__ import annotations

from datetime import date

import pytest

from laptop.aws.athena.partition_projection import partitions

PARAMETERS = {
    "projection.enabled": "true",
    "projection.dt.type": "date",
    "projection.dt.format": "yyyy-MM-dd",
}


def projected(days: str, today: str) -> list[str]:
    parameters = PARAMETERS | {"projection.dt.range": days}
    found = partitions("a_table", ["dt"], "s3://lake/gold/", parameters, date.fromisoformat(today))
    assert [one.location for one in found] == [f"s3://lake/gold/dt={one.values[0]}/" for one in found]
    return [value for one in found for value in one.values]


@pytest.mark.parametrize(
    ("first", "today", "days"),
    [
        ("2026-01-30", "2026-01-31", ["2026-01-30", "2026-01-31"]),
        ("2028-02-28", "2028-03-01", ["2028-02-28", "2028-02-29", "2028-03-01"]),
        ("2026-02-28", "2026-03-01", ["2026-02-28", "2026-03-01"]),
        ("2026-12-31", "2027-01-01", ["2026-12-31", "2027-01-01"]),
        ("2026-12-31", "2026-12-30", []),
    ],
)
def test_a_range_up_to_now_ends_with_today(first: str, today: str, days: list[str]) -> None:
    assert projected(f"{first},NOW", today) == days


def test_a_range_between_two_days_does_not_depend_on_today() -> None:
    assert projected("2026-01-30, 2026-01-31", "2020-01-01") == ["2026-01-30", "2026-01-31"]
