"""A range of days in one run of each job: histories beside snapshots, and days that cannot be published."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta

import pytest

from include.glue_scripts import bronze_to_silver, silver_to_gold
from include.glue_scripts.silver_rules import SILVER_COLUMNS

SNAPSHOT, HISTORY, NOTHING, REFUSED, STRANGE, BOTH = (date(2026, 2, 1) + timedelta(n) for n in range(6))
RANGE = ["--from_date", "2026-02-01", "--to_date", "2026-02-06"]
TABLES = ("silver/coins_market", "quarantine/coins_market", "gold/coins_market", "gold/market_summary")


def history(coin_id: str, day: date, price: float | None, cap: float | None) -> dict:
    """A coin's row as the backfill writes it."""
    return {
        "id": coin_id,
        "symbol": coin_id[:3],
        "name": coin_id.title(),
        "image": None,
        "current_price": price,
        "market_cap": cap,
        "total_volume": None,
        "last_updated": f"{day}T00:00:00.000Z",
    }


def ingest(lake, coin) -> None:
    for day in (SNAPSHOT, BOTH):
        updated = f"{day}T01:59:00Z"
        lake.ingest(
            [coin("bitcoin", market_cap=5, last_updated=updated), coin("refused", current_price=0)], day=day
        )
    for day in (HISTORY, BOTH):
        lake.ingest(
            [
                history("ethereum", day, 2e-11, 7),
                history("bitcoin", day, 84055, 41240442863936872644608),
                history("priceless", day, None, None),
                history("odd", day, 3, None) | {"last_updated": 10**18},
            ],
            day=day,
            at="235959",  # later than the snapshot, and months after the day in real life
            source="coingecko-history",
        )
    lake.ingest([coin("refused", current_price=0)], day=REFUSED)
    lake.ingest([coin("bitcoin")], day=STRANGE)
    (lake.folder / f"bronze/coins_market/dt={STRANGE}/notes.txt").write_text("?")


@pytest.fixture(scope="module")
def done(spark, s3, shared_lake, coin):
    """The lake after both jobs, and how the first ended."""
    lake = type(shared_lake)(s3)
    ingest(lake, coin)
    for day in (SNAPSHOT, HISTORY):  # of an earlier run, which refused more and less
        (lake.folder / f"quarantine/coins_market/dt={day}").mkdir(parents=True)
        (lake.folder / f"quarantine/coins_market/dt={day}/part-0.parquet").touch()
    with pytest.raises(ValueError, match=r"failed, the others are done") as failure:
        bronze_to_silver.main([*RANGE, "--bucket", s3.name])
    silver_to_gold.main([*RANGE, "--bucket", s3.name])
    return lake, str(failure.value)


def test_days_that_cannot_be_published_are_named_and_stop_no_other(done):
    lake, failure = done
    assert re.search(r"all 1 rows of bronze/coins_market/dt=2026-02-04/currency=usd/ were refused", failure)
    assert failure.endswith("(2 of 5 days failed, the others are done; also 2026-02-05)")
    assert {day: list(lake.silver(day)) for day in (SNAPSHOT, HISTORY, NOTHING, REFUSED, STRANGE)} == {
        SNAPSHOT: ["bitcoin"],
        HISTORY: ["bitcoin", "ethereum", "odd"],
        NOTHING: [],
        REFUSED: [],
        STRANGE: [],
    }
    assert [row["coin_id"] for row in lake.quarantine(REFUSED)] == ["refused"]
    assert list(lake.gold(HISTORY)) == ["bitcoin", "ethereum", "odd"]
    assert lake.files("gold/coins_market", REFUSED) == []


def test_a_day_of_a_range_is_what_it_is_alone(spark, done, lake, coin):
    ingest(lake, coin)
    for day in (SNAPSHOT, HISTORY):
        bronze_to_silver.run(spark, str(lake), [day])
        silver_to_gold.run(spark, str(lake), [day])
        for table in TABLES:
            assert lake.rows(table, day) == done[0].rows(table, day), (table, day)
            assert len(done[0].files(table, day)) == 1


def test_a_history_has_what_it_tells_and_nothing_else(done):
    lake, _ = done
    bitcoin = lake.silver(HISTORY)["bitcoin"]
    assert {name: bitcoin[name] for name in SILVER_COLUMNS if bitcoin[name] is not None} == {
        "coin_id": "bitcoin",
        "symbol": "bit",
        "name": "Bitcoin",
        "current_price": 84055.0,
        "market_cap": 4.1240442863936872644608e22,
        "last_updated": datetime(2026, 2, 2, tzinfo=UTC),
        "ingestion_timestamp": datetime(2026, 2, 2, 23, 59, 59, tzinfo=UTC),
        "source": "coingecko-history",
        "quality_flags": [],
        "currency": "usd",
    }
    assert lake.silver(HISTORY)["ethereum"]["current_price"] == 2e-11
    odd = lake.silver(HISTORY)["odd"]
    assert (odd["current_price"], odd["market_cap"], odd["last_updated"]) == (3.0, None, None)
    assert odd["quality_flags"] == ["malformed_field"]
    [priceless] = lake.quarantine(HISTORY)
    assert priceless["reasons"] == ["no_price"]
    assert json.loads(priceless["raw"]) == history("priceless", HISTORY, None, None)


def test_a_history_is_ranked_and_its_changes_are_unknown(done):
    lake, _ = done
    assert {row["coin_id"]: row["rank"] for row in lake.gold(HISTORY).values()} == {
        "bitcoin": 1,
        "ethereum": 2,
        "odd": None,
    }
    summary = lake.summary(HISTORY)
    assert (summary["coins"], summary["ranked"], summary["flagged"], summary["quarantined"]) == (3, 2, 1, 1)
    assert {summary[name] for name in ("gainers", "losers", "median_change_24h_pct", "total_volume")} == {
        None
    }
    assert lake.summary(SNAPSHOT)["gainers"] == 1


def test_a_history_that_was_asked_for_takes_the_place_of_the_snapshot(done):
    lake, _ = done
    assert {row["source"] for row in lake.silver(BOTH).values()} == {"coingecko-history"}
    reasons = {(row["coin_id"], row["source"]): row["reasons"] for row in lake.quarantine(BOTH)}
    assert reasons[("bitcoin", "coingecko")] == ["superseded_source"]


def test_a_history_of_another_day_is_stale(spark, lake):
    lake.ingest([history("bitcoin", HISTORY, 1.0, 1.0)], day=BOTH, source="coingecko-history")
    bronze_to_silver.run(spark, str(lake), [BOTH])
    assert lake.silver(BOTH)["bitcoin"]["quality_flags"] == ["stale"]


def test_a_history_of_an_earlier_release_is_refused_until_it_is_backfilled_again(spark, lake):
    moment = 1_769_990_400_000
    outdated = {"id": "bitcoin", "prices": [moment, 1.5], "market_caps": [moment, 7], "total_volumes": None}
    lake.ingest([outdated], day=HISTORY, at="010000", source="coingecko-history")
    remedy = "run crypto_market_backfill for that date with replace$"
    with pytest.raises(ValueError, match=rf"refused \(outdated_history\), .* earlier release.*: {remedy}"):
        bronze_to_silver.run(spark, str(lake), [HISTORY])
    assert lake.silver(HISTORY) == {}
    lake.ingest([history("bitcoin", HISTORY, 1.5, 7)], day=HISTORY, source="coingecko-history")
    bronze_to_silver.run(spark, str(lake), [HISTORY])
    silver_to_gold.run(spark, str(lake), [HISTORY])
    assert lake.silver(HISTORY)["bitcoin"]["current_price"] == 1.5
    assert [row["reasons"] for row in lake.quarantine(HISTORY)] == [["outdated_history"]]
    assert lake.summary(HISTORY)["quarantined"] == 0


@pytest.mark.parametrize("job", [bronze_to_silver, silver_to_gold])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from_date", "2026-01-26"], "which days? give --run_date, or --from_date and --to_date"),
        (
            ["--run_date", "2026-01-26", *RANGE],
            "which days? give --run_date, or --from_date and --to_date",
        ),
        (
            ["--from_date", "2026-01-31", "--to_date", "2026-01-01"],
            "--from_date 2026-01-31 is after --to_date 2026-01-01",
        ),
        (["--from_date", "x", "--to_date", "2026-01-01"], "--from_date 'x' is not a date: give YYYY-MM-DD"),
    ],
)
def test_a_wrong_range_is_named(job, arguments, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        job.main([*arguments, "--bucket", "lake"])


@pytest.mark.parametrize(("job", "first"), [(bronze_to_silver, "bronze"), (silver_to_gold, "silver")])
def test_a_range_without_any_day_is_an_error(spark, s3, job, first):
    with pytest.raises(FileNotFoundError, match=rf"^{first}/coins_market/ has no day from 2020-01-01 to"):
        job.main(["--from_date", "2020-01-01", "--to_date", "2020-01-09", "--bucket", s3.name])
