"""The day's report over what both jobs wrote: bronze on disk, Spark, then Athena's API on the same files."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import jinja2
import pytest

from include.crypto_lake.resources import load_resources
from include.glue_scripts import bronze_to_silver, silver_rules, silver_to_gold
from laptop.lake.deployment import VALUES
from tests import athena

ROOT = Path(__file__).parents[3]
REPORT = ROOT / "include" / "sql" / "day_report.sql"
BUCKET = DATABASE = "day-report"
DAY, NEXT_DAY = date(2026, 1, 31), date(2026, 2, 1)
LATER = datetime(2026, 1, 31, 3, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Report:
    """Athena on a lake in a folder; the folder's files are put into S3 before each question."""

    lake: Any

    def upload(self, day: date) -> None:
        """Make S3 and the catalog hold what the folder holds of a day's gold and quarantine."""
        s3, glue = boto3.client("s3"), boto3.client("glue")
        for table in ("gold/coins_market", "quarantine/coins_market"):
            prefix = f"{table}/dt={day}/"
            for kept in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", []):
                s3.delete_object(Bucket=BUCKET, Key=kept["Key"])
            for file in self.lake.files(table, day):
                s3.put_object(Bucket=BUCKET, Key=prefix + file.name, Body=file.read_bytes())
        if not self.lake.files("gold/coins_market", day):
            return
        table = glue.get_table(DatabaseName=DATABASE, Name="gold_coins_market")["Table"]
        location = f"s3://{BUCKET}/gold/coins_market/dt={day}/"
        storage = table["StorageDescriptor"] | {"Location": location}
        partition = {"Values": [str(day)], "StorageDescriptor": storage}
        glue.batch_create_partition(
            DatabaseName=DATABASE, TableName="gold_coins_market", PartitionInputList=[partition]
        )

    def ask(self, day: date) -> tuple[list[dict[str, Any]], int]:
        """The report's rows, and how many bytes Athena read for them."""
        sql = jinja2.Template(REPORT.read_text(), undefined=jinja2.StrictUndefined).render(
            run_date=lambda: str(day)
        )
        execution = athena.run(sql, BUCKET, DATABASE)
        return athena.rows(execution), execution["Statistics"]["DataScannedInBytes"]


def rows_of_bronze(lake: Any, day: date) -> int:
    """Counted from the files alone; a page that is no array is one row."""
    count = 0
    for page in (lake.folder / f"bronze/coins_market/dt={day}").rglob("*.json"):
        try:
            rows = json.loads(page.read_text())
        except ValueError:
            rows = None
        count += len(rows) if isinstance(rows, list) else 1
    return count


@pytest.fixture(scope="module")
def report(shared_lake: Any, aws_environment: dict[str, str]) -> Iterator[Report]:
    """The declared tables, in a database of their own."""
    tables = load_resources({**VALUES, "lake_bucket": BUCKET})["catalog"]["tables"]
    with patch.dict(os.environ, aws_environment):
        glue = boto3.client("glue")
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        glue.create_database(DatabaseInput={"Name": DATABASE})
        for name in ("gold_coins_market", "quarantine_coins_market"):
            glue.create_table(DatabaseName=DATABASE, TableInput={"Name": name, **tables[name]})
        yield Report(shared_lake)


@pytest.fixture(scope="module")
def day(spark: Any, report: Report, coin: Callable[..., dict[str, Any]]) -> tuple[Any, Any]:
    """Two ingestions: refusals and duplicates in both, every flag in the second, whose last page is HTML.

    Beside them made-up data, and an ingestion that was cut off.
    """
    lake = report.lake
    lake.ingest([coin("made-up")], at="010000", source="synthetic")
    lake.ingest([coin("bitcoin"), coin("early", current_price=0), coin("only-early")], at="020000")
    lake.ingest(
        [
            coin("bitcoin", market_cap=5_000_000),
            coin("good"),
            coin("big and fine", market_cap=90_000_000, price_change_percentage_24h=808.0),
            coin("stale", market_cap=7_000_000, last_updated="2026-01-29T00:00:00Z"),
            coin("soared", market_cap=8_000_000, price_change_percentage_24h=88_216.0),
            coin("huge", market_cap=4.1e22),
            coin("thin", market_cap=6_000_000, total_volume=0.05),
            coin("unranked", market_cap=3_000_000, market_cap_rank=None),
            coin("malformed", market_cap=None, max_supply="none"),
            coin("refused", market_cap=-1, current_price=None, name='it\'s "quoted",\nand more'),
            5,
        ],
        at="030000",
    )
    lake.ingest([coin("bitcoin"), coin("good"), coin("tail")], at="030000", number=2)
    lake.ingest("<html>" + "x" * 5000 + "</html>", at="030000", number=3)
    lake.ingest([coin("cut-off")], at="040000", number=2)  # page 1, which is written last, is missing
    [balance] = bronze_to_silver.run(spark, str(lake), [DAY])
    [summary] = silver_to_gold.run(spark, str(lake), [DAY])
    report.upload(DAY)
    return balance, summary


def test_the_report_lists_the_refused_and_the_flagged_rows_and_no_others(day: Any, report: Report) -> None:
    rows, _ = report.ask(DAY)
    lake = report.lake
    refused = [(row["bronze_key"], row["row_number"]) for row in lake.quarantine(DAY)]
    flagged = {name for name, row in lake.gold(DAY).items() if row["quality_flags"]}
    of_quarantine = [row for row in rows if row["layer"] == "quarantine"]
    assert sorted(map(repr, refused)) == sorted(
        repr((row["bronze_key"], row["row_number"])) for row in of_quarantine
    )
    assert {row["coin_id"] for row in rows if row["layer"] == "gold"} == flagged
    assert len(rows) == len(refused) + len(flagged)


def test_nothing_is_dropped_silently(day: Any, report: Report) -> None:
    balance, summary = day
    rows, _ = report.ask(DAY)
    lake = report.lake
    duplicates = 3  # bitcoin of the earlier ingestion; bitcoin and good of the later one's second page
    assert (
        rows_of_bronze(lake, DAY)
        == len(lake.silver(DAY)) + len(lake.quarantine(DAY)) + duplicates
        == balance.bronze
    )
    assert balance.duplicates == duplicates
    assert summary.flagged == len([row for row in rows if row["layer"] == "gold"])
    assert balance.quarantined == len([row for row in rows if row["layer"] == "quarantine"])
    # The summary counts the latest ingestion's refusals: fetching a day twice does not make it worse.
    assert summary.quarantined == len([row for row in rows if row["consequence"] == "refused"])
    assert summary.coins == balance.silver
    found = [finding for row in rows for finding in row["findings"].split(", ")]
    assert {name: found.count(name) for name in found} == balance.reasons | balance.flags


def test_what_weighs_most_stands_first(day: Any, report: Report) -> None:
    rows, _ = report.ask(DAY)
    assert [(row["consequence"], row["coin_id"], row["findings"]) for row in rows] == [
        ("refused", "refused", "negative_market_cap, no_price"),
        ("refused", None, "not_an_object"),
        ("refused", None, "unparseable_page"),
        ("not ranked", "huge", "illiquid, implausible_market_cap"),
        ("not ranked", "soared", "implausible_change"),
        ("not ranked", "stale", "stale"),
        ("not ranked", "thin", "illiquid"),
        ("not ranked", "malformed", "malformed_field"),
        ("ranked", "unranked", "unranked"),
        ("superseded", "cut-off", "incomplete_ingestion"),
        ("superseded", "early", "price_not_positive"),
        ("superseded", "made-up", "superseded_source"),
    ]


def test_a_flagged_row_shows_the_numbers_that_led_to_its_flags(day: Any, report: Report) -> None:
    rows = {row["coin_id"]: row for row in report.ask(DAY)[0] if row["layer"] == "gold"}
    day_volume = sum(row["total_volume"] for row in report.lake.gold(DAY).values())
    assert rows["huge"]["market_cap_to_day_volume"] == pytest.approx(4.1e22 / day_volume)
    assert rows["huge"]["market_cap_to_day_volume"] > silver_rules.THRESHOLDS["implausible_market_cap"]
    assert rows["thin"]["volume_to_market_cap"] == pytest.approx(0.05 / 6e6)
    assert rows["thin"]["volume_to_market_cap"] < silver_rules.THRESHOLDS["illiquid"]
    assert rows["soared"]["price_change_percentage_24h"] == 88_216
    assert rows["stale"]["hours_old"] == 51.0
    assert rows["unranked"]["market_cap_rank"] is None
    assert rows["unranked"]["rank"] == report.lake.gold(DAY)["unranked"]["rank"]
    assert all(row["ingestion_timestamp"] == LATER for row in rows.values())
    assert all(row["raw"] is None and row["bronze_key"] is None for row in rows.values())


def test_a_refused_row_shows_its_raw_text_and_where_it_came_from(day: Any, report: Report) -> None:
    rows = {row["findings"]: row for row in report.ask(DAY)[0] if row["layer"] == "quarantine"}
    refused = rows["negative_market_cap, no_price"]
    page = json.loads((report.lake.folder / refused["bronze_key"]).read_text())
    assert json.loads(refused["raw"]) == page[refused["row_number"] - 1]
    assert (rows["not_an_object"]["raw"], rows["not_an_object"]["row_number"]) == ("5", 11)
    html = rows["unparseable_page"]
    assert html["raw"] == "<html>" + "x" * 1994 + " …", "a page is cut; bronze_key has all of it"
    assert html["bronze_key"].endswith("/page-0003.json")
    assert rows["superseded_source"]["source"] == "synthetic"


def test_the_written_columns_of_quarantine_are_the_declared_ones(day: Any, report: Report) -> None:
    from pyarrow import parquet

    declared = load_resources(VALUES)["catalog"]["tables"]["quarantine_coins_market"]
    (file,) = report.lake.files("quarantine/coins_market", DAY)
    names = {
        "string": "string",
        "int32": "int",
        "timestamp[us, tz=UTC]": "timestamp",
        "list<element: string not null>": "array<string>",
    }
    written = [(field.name, names[str(field.type)]) for field in parquet.read_schema(file)]
    assert written == [(c["Name"], c["Type"]) for c in declared["StorageDescriptor"]["Columns"]]


def test_a_day_with_nothing_with_refusals_alone_and_mended_reads_its_own_partitions_alone(
    day: Any, spark: Any, report: Report, coin: Callable[..., dict[str, Any]]
) -> None:
    lake = report.lake
    assert report.ask(NEXT_DAY) == ([], 0)

    # Every row refused: the job fails, nothing after it runs, and the report shows why all the same.
    page = lake.ingest([coin("bitcoin", current_price=None)], day=NEXT_DAY)
    with pytest.raises(ValueError, match="all 1 rows"):
        bronze_to_silver.run(spark, str(lake), [NEXT_DAY])
    report.upload(NEXT_DAY)
    (refused,) = lake.files("quarantine/coins_market", NEXT_DAY)
    rows, bytes_read = report.ask(NEXT_DAY)
    assert [(row["consequence"], row["findings"]) for row in rows] == [("refused", "no_price")]
    assert bytes_read == refused.stat().st_size

    (lake.folder / page).write_text(json.dumps([coin("bitcoin", last_updated="2026-02-01T01:00:00Z")]))
    bronze_to_silver.run(spark, str(lake), [NEXT_DAY])
    silver_to_gold.run(spark, str(lake), [NEXT_DAY])
    report.upload(NEXT_DAY)
    assert report.ask(NEXT_DAY)[0] == []

    tables = ("gold/coins_market", "quarantine/coins_market")
    files = [file for table in tables for file in lake.files(table, DAY)]
    assert report.ask(DAY)[1] == sum(file.stat().st_size for file in files)


def test_each_currency_is_reported_by_itself(
    day: Any, spark: Any, report: Report, coin: Callable[..., dict[str, Any]]
) -> None:
    """The euros came later, which does not make the dollars' refusals those of an older ingestion."""
    lake, both = report.lake, NEXT_DAY + timedelta(days=1)
    fresh = {"last_updated": f"{both}T01:00:00Z"}
    for currency, at, volume in (("usd", "020000", 1_000), ("eur", "030000", 3_000)):
        unranked = coin("unranked", market_cap=10_000, market_cap_rank=None, total_volume=volume, **fresh)
        lake.ingest([unranked, coin(f"bad-{currency}", current_price=0)], day=both, at=at, currency=currency)
    bronze_to_silver.run(spark, str(lake), [both])
    silver_to_gold.run(spark, str(lake), [both])
    report.upload(both)
    rows, _ = report.ask(both)
    assert [
        (row["currency"], row["coin_id"], row["consequence"], row["market_cap_to_day_volume"]) for row in rows
    ] == [
        ("eur", "bad-eur", "refused", None),
        ("eur", "unranked", "ranked", pytest.approx(10 / 3)),
        ("usd", "bad-usd", "refused", None),
        ("usd", "unranked", "ranked", 10),
    ]


@pytest.mark.product
def test_the_command_of_the_runbook_renders_the_same_sql(report: Report) -> None:
    (command,) = re.findall(r"sed [^\n]*day_report\.sql", (ROOT / "docs" / "operations.md").read_text())
    by_hand = subprocess.run(
        ["bash", "-c", f"day=2026-01-31; {command}"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    by_airflow = jinja2.Template(REPORT.read_text()).render(run_date=lambda: "2026-01-31")
    assert by_hand.strip() == by_airflow.strip()
