"""Both Glue jobs over real S3A give the lake that they give over the mounted folders, killed or not.

Needs the jars of hadoop-aws in the folder that S3A_JARS names (`make test-clients` brings them).
"""

from __future__ import annotations

import io
import json
import os
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from laptop.aws import process
from laptop.aws.glue import spark as glue_spark
from laptop.coingecko import demo_market
from laptop.lake.deployment import LAKE_BUCKET, deploy
from tests.clients import client_of
from tests.faults.killed.spark import spark_of, until

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(not os.environ.get("S3A_JARS"), reason="S3A_JARS is not set: run make test-clients"),
]
TABLES = ("silver/coins_market", "quarantine/coins_market", "gold/coins_market", "gold/market_summary")
MOUNTED, KILLED, S3A = (date(2026, 1, 1) + timedelta(number) for number in range(3))


class Lake:
    """The deployed lake on a server of its own."""

    def __init__(self, state: Path, url: str):
        self.state = state
        self.s3, self.glue = client_of(url, "s3"), client_of(url, "glue")
        self.conf = (
            f"spark.hadoop.fs.s3.impl={glue_spark.S3A}"
            f" --conf spark.driver.extraClassPath={Path(os.environ['S3A_JARS']).resolve()}/*"
        )

    def ingest(self, day: date) -> None:
        market = [*demo_market.market(MOUNTED)[:200], {"id": "no-price"}]
        folder = f"bronze/coins_market/dt={day}/currency=usd/ingested_at=20260101T020000Z/source=synthetic"
        self.s3.put_object(
            Bucket=LAKE_BUCKET, Key=f"{folder}/page-0001.json", Body=json.dumps(market).encode()
        )

    def start(self, job: str, day: date, *, s3a: bool) -> str:
        arguments = {"--run_date": str(day), "--bucket": LAKE_BUCKET} | ({"--conf": self.conf} if s3a else {})
        run_id: str = self.glue.start_job_run(JobName=job, Arguments=arguments)["JobRunId"]
        return run_id

    def end(self, job: str, run_id: str) -> dict[str, Any]:
        def ended() -> dict[str, Any] | None:
            run: dict[str, Any] = self.glue.get_job_run(JobName=job, RunId=run_id)["JobRun"]
            return None if run["JobRunState"] in ("STARTING", "RUNNING", "STOPPING") else run

        run: dict[str, Any] = until(ended, f"{job} ends")
        return run

    def run(self, day: date, *, s3a: bool) -> None:
        for job in ("bronze_to_silver", "silver_to_gold"):
            run = self.end(job, self.start(job, day, s3a=s3a))
            assert run["JobRunState"] == "SUCCEEDED", run.get("ErrorMessage")

    def object_keys(self, prefix: str = "") -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=LAKE_BUCKET, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def rows(self, day: date) -> dict[str, list[dict[str, Any]]]:
        """Each table's rows of a day, as a reader finds them that ignores what is hidden."""
        found = {}
        for table in TABLES:
            keys = [key for key in self.object_keys(f"{table}/dt={day}/") if key.endswith(".parquet")]
            assert len(keys) == 1, f"one file in {table} for {day}: {keys}"
            body = self.s3.get_object(Bucket=LAKE_BUCKET, Key=keys[0])["Body"].read()
            text = [
                {name: str(value).replace(f"dt={day}", "dt=…") for name, value in row.items()}
                for row in pq.read_table(io.BytesIO(body)).to_pylist()
            ]
            found[table] = sorted(text, key=str)
        return found

    def left_over(self) -> list[str]:
        """What a run leaves that is not done."""
        marks = (".spark-staging", "_temporary", "__magic", "_$folder$")
        return [key for key in self.object_keys() if any(mark in key for mark in marks)]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Any:
    state = tmp_path_factory.mktemp("aws")
    with process.running(state, module="laptop.lake") as url:
        deploy(url)
        lake = Lake(state, url)
        for day in (MOUNTED, KILLED, S3A):
            lake.ingest(day)
        lake.run(MOUNTED, s3a=False)
        yield lake


def test_both_jobs_and_a_rerun_give_the_rows_of_the_mounted_folders(lake: Lake) -> None:
    expected = lake.rows(MOUNTED)
    assert len(expected["silver/coins_market"] + expected["quarantine/coins_market"]) == 201
    for _ in range(2):
        lake.run(S3A, s3a=True)
        assert lake.rows(S3A) == expected
        assert lake.left_over() == []
    lake.run(S3A, s3a=False)  # and back
    assert lake.rows(S3A) == expected
    assert lake.rows(MOUNTED) == expected


@pytest.mark.parametrize("again_by_s3a", [True, False])
def test_after_a_kill_while_writing_the_rerun_gives_the_same_lake(lake: Lake, again_by_s3a: bool) -> None:
    run_id = lake.start("bronze_to_silver", KILLED, s3a=True)
    jvm = spark_of(lake.state, run_id)
    until(lambda: any("_temporary" in key for key in lake.object_keys()), "the run writes", pause=0.01)
    jvm.kill()
    assert lake.end("bronze_to_silver", run_id)["JobRunState"] == "FAILED"
    for key in ("silver/coins_market/__magic_job-1/tasks/part-0.parquet", "silver/coins_market_$folder$"):
        lake.s3.put_object(Bucket=LAKE_BUCKET, Key=key, Body=b"")
    lake.s3.put_object(Bucket=LAKE_BUCKET, Key="silver/coins_market/", Body=b"")

    lake.run(KILLED, s3a=again_by_s3a)
    assert lake.rows(KILLED) == lake.rows(MOUNTED)
    lake.glue.start_crawler(Name="silver-coins-market")
    until(
        lambda: lake.glue.get_crawler(Name="silver-coins-market")["Crawler"]["State"] == "READY", "it crawls"
    )
    crawl = lake.glue.get_crawler(Name="silver-coins-market")["Crawler"]["LastCrawl"]
    assert crawl["Status"] == "SUCCEEDED", crawl.get("ErrorMessage")
