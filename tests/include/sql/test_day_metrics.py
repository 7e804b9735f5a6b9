"""The day in numbers: what it counts, and when it tells how old the data are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

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
        "ranked_rows_day_before": 25,
        "ranked_rows_dropped": 0,
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


@pytest.mark.parametrize(
    ("before", "source", "dropped"),
    [(25, "coingecko", 0), (27, "coingecko-history", 0), (28, "coingecko", 1), (28, "synthetic", 0)],
    ids=["as many", "a tenth", "more than a tenth", "of another maker"],
)
def test_a_drop_of_more_than_a_tenth_since_the_day_before_is_noticed(
    gold: Gold, spoiled_day: Callable[..., date], before: int, source: str, dropped: int
) -> None:
    def larger(_: Any, summary: dict[str, Any]) -> None:
        summary |= {"ranked": before, "source": source}

    day = spoiled_day(lambda *_: None)
    spoiled_day(larger)
    [row] = gold.ask(METRICS, day)
    assert row["ranked_rows_dropped"] == dropped


def test_the_first_day_has_none_before_it(gold: Gold, spoiled_day: Callable[..., date]) -> None:
    spoiled_day(lambda *_: None)  # the youngest; each is a day before the one made before it
    [row] = gold.ask(METRICS, spoiled_day(lambda *_: None))
    assert (row["ranked_rows_day_before"], row["ranked_rows_dropped"]) == (None, 0)
