"""The day in numbers: what it counts, and when it tells how old the data are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.include.sql.conftest import Gold

METRICS = "day_metrics.sql"


def test_it_counts_the_rows_of_each_layer(gold: Gold) -> None:
    [row] = gold.ask(METRICS, gold.today)
    counted = {name: value for name, value in row.items() if name != "data_age_minutes"}
    assert counted == {
        "silver_rows": 26,
        "gold_rows": 26,
        "ranked_rows": 25,
        "flagged_rows": 1,
        "quarantined_rows": 0,
    }


@pytest.mark.parametrize(
    ("now", "age"),
    [
        (datetime(2024, 3, 5, 2, 7, 30, tzinfo=UTC), 7),
        (datetime(2024, 3, 5, 23, 59, 59, tzinfo=UTC), 21 * 60 + 59),
        (datetime(2024, 3, 6, 0, 0, 1, tzinfo=UTC), None),
    ],
    ids=["after the run", "at the day's end", "the day is over"],
)
def test_the_age_of_the_data_is_told_while_the_day_lasts(gold: Gold, now: datetime, age: int | None) -> None:
    [row] = gold.ask(METRICS, gold.today, now=now)
    assert row["data_age_minutes"] == age
