"""silver_to_gold on made-up coins: ranks, ratios and the summary, read back from its Parquet."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from include.glue_scripts import bronze_to_silver, silver_to_gold
from include.glue_scripts.silver_to_gold import run

DAY = date(2026, 1, 31)
CATALOG = Path(bronze_to_silver.__file__).parents[1] / "resources" / "catalog.yaml"


def silver_of(spark, lake, *coins, day=DAY) -> None:
    lake.ingest(list(coins), day=day)
    bronze_to_silver.run(spark, str(lake), [day])


@pytest.fixture(scope="module")
def day(spark, shared_lake, coin):
    """A day with every flag, ties, nulls and two refused rows."""
    silver_of(
        spark,
        shared_lake,
        coin("bitcoin", market_cap=5_000_000, price_change_percentage_24h=4.0),
        coin("ethereum", market_cap=2_000_000, price_change_percentage_24h=-2.0),
        coin("tie-b", market_cap=1_000_000, price_change_percentage_24h=None),
        coin("tie-a", market_cap=1_000_000, price_change_percentage_24h=0),
        coin("unranked", market_cap=800_000, market_cap_rank=None, price_change_percentage_24h=-7.5),
        coin("malformed", market_cap=700_000, max_supply="none", price_change_percentage_24h=1.25),
        coin("without-volume", market_cap=600_000, total_volume=None, low_24h=0),
        coin("without-low", market_cap=500_000, low_24h=None),
        coin("cap-null", market_cap=None),
        coin("cap-zero", market_cap=0),
        coin("stale", market_cap=9_000_000, last_updated="2026-01-01T00:00:00Z"),
        coin("soared", market_cap=9_000_000, price_change_percentage_24h=1_017_009),
        coin("huge", market_cap=4.1e22),
        coin("thin", market_cap=9_000_000, total_volume=0.05),
        coin("refused", current_price=None),
        coin("refused-too", current_price=-1),
    )
    run(spark, str(shared_lake), [DAY])
    return shared_lake


@pytest.mark.parametrize("table", ["coins_market", "market_summary"])
def test_the_written_columns_are_the_declared_ones(day, table):
    declared = yaml.safe_load(CATALOG.read_text())["tables"][f"gold_{table}"]
    (file,) = day.files(f"gold/{table}")
    schema = pq.read_schema(file)
    names = {
        pa.string(): "string",
        pa.float64(): "double",
        pa.int32(): "int",
        pa.timestamp("us", tz="UTC"): "timestamp",
    }
    written = [
        (field.name, "array<string>" if pa.types.is_list(field.type) else names[field.type])
        for field in schema
    ]
    assert written == [(c["Name"], c["Type"]) for c in declared["StorageDescriptor"]["Columns"]]
    assert [key["Name"] for key in declared["PartitionKeys"]] == ["dt"]


def test_every_coin_of_silver_is_in_gold(day):
    assert set(day.gold()) == set(day.silver())


def test_ranks_go_by_market_cap_and_then_by_id_over_the_rows_that_no_flag_disqualifies(day):
    ranked = sorted((row["rank"], name) for name, row in day.gold().items() if row["rank"] is not None)
    assert ranked == [
        (1, "bitcoin"),
        (2, "ethereum"),
        (3, "tie-a"),
        (4, "tie-b"),
        (5, "unranked"),
        (6, "malformed"),
        (7, "without-volume"),
        (8, "without-low"),
    ]


def test_shares_are_of_the_ranked_rows_and_null_for_the_others(day):
    gold = day.gold()
    shares = {name: row["market_share_pct"] for name, row in gold.items() if row["rank"] is not None}
    assert sum(shares.values()) == pytest.approx(100)
    assert shares["bitcoin"] == pytest.approx(5_000_000 / 11_600_000 * 100)
    assert all(row["market_share_pct"] is None for row in gold.values() if row["rank"] is None)


def test_ratios_are_null_where_there_is_nothing_to_divide(day):
    gold = day.gold()
    assert gold["bitcoin"]["volume_to_market_cap"] == pytest.approx(90_000 / 5_000_000)
    assert gold["bitcoin"]["price_range_24h_pct"] == pytest.approx((104 - 98.75) / 98.75 * 100)
    for name in ("cap-null", "cap-zero", "without-volume"):
        assert gold[name]["volume_to_market_cap"] is None
    for name in ("without-volume", "without-low"):
        assert gold[name]["price_range_24h_pct"] is None


def test_the_summary_agrees_with_pandas(day):
    silver = pd.DataFrame(day.rows("silver/coins_market"))
    bad = {"stale", "implausible_change", "implausible_market_cap", "illiquid"}
    ranked = silver[(silver.market_cap > 0) & silver.quality_flags.map(lambda flags: not bad & set(flags))]
    change = ranked.price_change_percentage_24h
    total = ranked.market_cap.sum()
    assert day.summary() == pytest.approx(
        {
            "coins": len(silver),
            "ranked": len(ranked),
            "flagged": int((silver.quality_flags.map(len) > 0).sum()),
            "quarantined": 2,
            "total_market_cap": total,
            "total_volume": ranked.total_volume.sum(),
            "btc_dominance_pct": ranked[ranked.coin_id == "bitcoin"].market_cap.item() / total * 100,
            "eth_dominance_pct": ranked[ranked.coin_id == "ethereum"].market_cap.item() / total * 100,
            "average_change_24h_pct": change.mean(),
            "median_change_24h_pct": change.median(),
            "gainers": int((change > 0).sum()),
            "losers": int((change < 0).sum()),
            "last_updated": ranked.last_updated.max().to_pydatetime(),
            "ingestion_timestamp": datetime(2026, 1, 31, 2, 0, 3, tzinfo=UTC),
            "source": "coingecko",
            "currency": "usd",
        }
    )


def test_without_bitcoin_there_is_no_dominance_and_without_refused_rows_none_are_counted(spark, lake, coin):
    silver_of(spark, lake, coin("dogecoin"))
    [summary] = run(spark, str(lake), [DAY])
    assert lake.summary()["btc_dominance_pct"] is None
    assert lake.summary()["quarantined"] == 0
    assert summary.asDict() == {**lake.summary(), "dt": "2026-01-31"} | {
        key: summary[key] for key in ("last_updated", "ingestion_timestamp")
    }


def test_of_a_response_that_is_stale_as_a_whole_nothing_is_ranked(spark, lake, coin):
    old = "2026-01-29T17:02:00Z"
    silver_of(spark, lake, *(coin(name, last_updated=old) for name in ("bitcoin", "ethereum")))
    [summary] = run(spark, str(lake), [DAY])
    assert (summary.coins, summary.flagged, summary.ranked) == (2, 2, 0)
    assert summary.total_market_cap is None
    assert all(row["quality_flags"] == ["stale"] for row in lake.gold().values())


def test_only_the_latest_ingestions_refusals_are_counted(spark, lake, coin):
    lake.ingest([coin("made-up"), coin("made-up-2")], at="010000", source="synthetic")
    for at in ("020000", "030000"):
        lake.ingest([coin("bitcoin"), coin("refused", current_price=0)], at=at)
    bronze_to_silver.run(spark, str(lake), [DAY])
    run(spark, str(lake), [DAY])
    assert len(lake.rows("quarantine/coins_market")) == 4
    assert lake.summary()["quarantined"] == 1


def test_a_rerun_replaces_its_day_and_no_other(spark, day, coin):
    tomorrow = date(2026, 2, 1)
    tables = ("gold/coins_market", "gold/market_summary")
    other_day = {file: file.read_bytes() for table in tables for file in day.files(table, DAY)}
    silver_of(spark, day, coin("bitcoin"), coin("a"), day=tomorrow)
    run(spark, str(day), [tomorrow])
    first = day.gold(tomorrow), day.summary(tomorrow)
    run(spark, str(day), [tomorrow])
    assert (day.gold(tomorrow), day.summary(tomorrow)) == first
    assert [len(day.files(table, tomorrow)) for table in tables] == [1, 1]
    assert {file: file.read_bytes() for table in tables for file in day.files(table, DAY)} == other_day


def test_a_day_without_silver_says_what_to_run(spark, lake):
    message = "^silver/coins_market/dt=2026-01-31/ is empty: run bronze_to_silver for that date first$"
    with pytest.raises(FileNotFoundError, match=message):
        run(spark, str(lake), [DAY])
    (lake.folder / "silver/coins_market/dt=2026-01-31").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match=message):
        run(spark, str(lake), [DAY])


def test_a_lost_row_stops_the_day_before_it_is_written(spark, lake, coin, monkeypatch):
    silver_of(spark, lake, coin("a"), coin("b"))
    transform = silver_to_gold.transform
    monkeypatch.setattr(silver_to_gold, "transform", lambda silver: transform(silver).where("coin_id != 'b'"))
    with pytest.raises(
        ValueError, match=r"gold/.* would have 1 rows in usd and silver/.* has 2, so nothing was written"
    ):
        run(spark, str(lake), [DAY])
    assert lake.files("gold/coins_market") == []


@pytest.mark.clock
def test_what_killed_runs_left_is_deleted_but_not_what_another_day_is_writing(spark, lake, coin):
    silver_of(spark, lake, coin("a"))
    lake.leave_unfinished("gold/market_summary")
    run(spark, str(lake), [DAY])
    left = (lake.folder / "gold/market_summary").glob("[._]*")
    assert sorted(path.name for path in left) == [".spark-staging-2", "__magic_job-2"]


def test_a_wrong_date_is_named():
    with pytest.raises(ValueError, match=r"^--run_date '31.1.2026' is not a date: give YYYY-MM-DD$"):
        silver_to_gold.main(["--run_date", "31.1.2026", "--bucket", "lake"])


def test_both_jobs_run_on_s3_paths_with_the_parameters_that_glue_adds(spark, s3, shared_lake, coin):
    lake = type(shared_lake)(s3)
    lake.ingest([coin("bitcoin"), coin("refused", current_price=0)])
    for job in (bronze_to_silver, silver_to_gold):
        job.main(
            ["--run_date", "2026-01-31", "--JOB_NAME", "x", "--bucket", s3.name, "--enable-metrics", "true"]
        )
    assert list(lake.gold()) == ["bitcoin"]
    assert lake.summary()["quarantined"] == 1
