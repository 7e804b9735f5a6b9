"""Glue jobs whose Spark is killed with SIGKILL at every moment of a run, and the local AWS under one of them.

A killed process is stopped first (SIGSTOP), so that what readers find at that very moment can be looked at.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq
import pytest

from laptop.aws import process
from laptop.coingecko import demo_market as coingecko_demo
from laptop.lake.deployment import LAKE_BUCKET, deploy
from tests.clients import client_of
from tests.faults.killed.spark import server_of, spark_of, until

pytestmark = pytest.mark.timeout(600)

SILVER, QUARANTINE = "silver/coins_market", "quarantine/coins_market"
GOLD, SUMMARY = "gold/coins_market", "gold/market_summary"
TABLES = {"bronze_to_silver": (SILVER, QUARANTINE), "silver_to_gold": (GOLD, SUMMARY)}
CLEAN = date(2026, 1, 1)  # the day that no fault meets; every other one has the same bronze
INGESTIONS = {
    "020000": coingecko_demo.market(CLEAN),
    "030000": [*coingecko_demo.market(CLEAN + timedelta(1))[:200], {"id": "no-price"}],
}

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Lake:
    """A lake with its Glue jobs, on a server that may be killed."""

    state: Path
    url: str

    @cache  # noqa: B019 - there is one lake
    def client(self, service: str) -> Any:
        return client_of(self.url, service)

    def put(self, key: str, body: bytes) -> None:
        self.client("s3").put_object(Bucket=LAKE_BUCKET, Key=key, Body=body)

    def ingest(self, day: date, at: str) -> None:
        folder = f"bronze/coins_market/dt={day}/currency=usd/ingested_at=20260101T{at}Z/source=synthetic"
        self.put(f"{folder}/page-0001.json", json.dumps(INGESTIONS[at]).encode())

    def objects(self, prefix: str) -> dict[str, bytes]:
        """What any reader finds below a prefix, without what is replaced between listing and reading."""
        s3, found = self.client("s3"), {}
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=LAKE_BUCKET, Prefix=prefix):
            for key in [entry["Key"] for entry in page.get("Contents", [])]:
                if key.rpartition("/")[2].startswith("_"):  # as readers of Parquet do
                    continue
                with suppress(s3.exceptions.NoSuchKey):
                    found[key] = s3.get_object(Bucket=LAKE_BUCKET, Key=key)["Body"].read()
        return found

    def rows(self, table: str, day: date) -> Rows:
        parts = self.objects(f"{table}/dt={day}/").values()
        rows = [row for part in parts for row in pq.read_table(io.BytesIO(part)).to_pylist()]
        for row in rows:
            if "bronze_key" in row:
                row["bronze_key"] = row["bronze_key"].replace(f"dt={day}", "dt=…")
        return sorted(rows, key=lambda row: row.get("coin_id") or "")

    def folder(self, table: str, day: date | None = None) -> Path:
        """Where the server, and Spark, have a table or its partition."""
        folder = self.state / "s3" / LAKE_BUCKET / table
        return folder / f"dt={day}" if day else folder

    def start(self, job: str, day: date) -> str:
        arguments = {"--run_date": str(day), "--bucket": LAKE_BUCKET}
        return self.client("glue").start_job_run(JobName=job, Arguments=arguments)["JobRunId"]

    def ended(self, job: str, run_id: str) -> dict[str, Any]:
        def run() -> dict[str, Any] | None:
            found = self.client("glue").get_job_run(JobName=job, RunId=run_id)["JobRun"]
            return None if found["JobRunState"] in {"STARTING", "RUNNING", "STOPPING"} else found

        return until(run, f"{job} {run_id} ends")

    def succeed(self, job: str, day: date) -> None:
        run = self.ended(job, self.start(job, day))
        assert run["JobRunState"] == "SUCCEEDED", run.get("ErrorMessage")


@dataclass(frozen=True)
class Clean:
    """The partitions of a day that no fault meets: silver of its first ingestion, all tables of both."""

    first_silver: Rows
    first_parts: dict[str, bytes]
    rows: dict[str, Rows]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    state = tmp_path_factory.mktemp("aws")
    with process.running(state) as url:
        deploy(url)
        yield Lake(state, url)


@pytest.fixture(scope="module")
def clean(lake: Lake) -> Clean:
    lake.ingest(CLEAN, "020000")
    lake.succeed("bronze_to_silver", CLEAN)
    first_silver, first_parts = lake.rows(SILVER, CLEAN), lake.objects(f"{SILVER}/dt={CLEAN}/")
    lake.ingest(CLEAN, "030000")
    lake.succeed("bronze_to_silver", CLEAN)
    lake.succeed("silver_to_gold", CLEAN)
    rows = {table: lake.rows(table, CLEAN) for table in (SILVER, QUARANTINE, GOLD, SUMMARY)}
    assert [len(found) for found in rows.values()] == [299, 3, 299, 1]
    assert len(first_silver) == 299
    assert first_silver != rows[SILVER]
    return Clean(first_silver, first_parts, rows)


@pytest.fixture
def new_day(lake: Lake, clean: Clean) -> Callable[[], date]:
    """Makes a day with both ingestions, and the silver of the first."""

    def made() -> date:
        day = CLEAN + timedelta(len(list(lake.folder("bronze/coins_market").iterdir())))
        for key, body in clean.first_parts.items():
            lake.put(key.replace(f"dt={CLEAN}", f"dt={day}"), body)
        for at in INGESTIONS:
            lake.ingest(day, at)
        assert lake.rows(SILVER, day) == clean.first_silver
        return day

    return made


@pytest.fixture
def day(new_day: Callable[[], date]) -> date:
    return new_day()


def unfinished(lake: Lake, table: str) -> list[Path]:
    """The files that Spark has written below a table, but not put into their place."""
    return [path for folder in lake.folder(table).glob(".spark-staging-*") for path in folder.rglob("part-*")]


def parts(lake: Lake, table: str, day: date) -> set[str]:
    return {path.name for path in lake.folder(table, day).glob("part-*")}


def wait_for_moment(lake: Lake, run_id: str, moment: Callable[[], Any]) -> None:
    """Wait for a moment of a run that may be over in milliseconds, and comes after its balance is printed."""
    printed = lake.state / "logs" / "glue" / f"{run_id}.out"
    until(lambda: printed.exists() and printed.stat().st_size, f"{run_id} prints its balance", pause=0.02)
    until(moment, f"the moment of {run_id}", pause=0.0005)


def kill(
    lake: Lake, clean: Clean, job: str, day: date, moment: Callable[[], Any] | None = None
) -> list[Rows]:
    """Run a job until a moment, its start if none is given, and kill its Spark there, if it still runs.

    What readers find at that moment is a whole partition, or none.

    Returns:
        The rows of the job's tables when the run is over.
    """
    before = [lake.rows(table, day) for table in TABLES[job]]
    run_id = lake.start(job, day)
    spark = spark_of(lake.state, run_id)
    if moment:
        wait_for_moment(lake, run_id, moment)
    with suppress(psutil.NoSuchProcess):
        spark.suspend()
        for table, old in zip(TABLES[job], before, strict=True):
            assert lake.rows(table, day) in ([], old, clean.rows[table])
        spark.kill()
        run = lake.ended(job, run_id)
        assert run["JobRunState"] == "FAILED"
        assert "exit code 137" in run["ErrorMessage"]
    return [lake.rows(table, day) for table in TABLES[job]]


def killed_at(
    lake: Lake,
    clean: Clean,
    job: str,
    new_day: Callable[[], date],
    moment: Callable[[date], Any],
    leaves: Callable[[date, list[Rows]], bool],
) -> date:
    """A day whose run was killed at a moment, told by what it leaves.

    A moment lasts for some milliseconds. On a busy machine the signal may come after it: then that day, too,
    has to heal, and another one is tried.
    """
    for _ in range(4):
        day = new_day()
        found = kill(lake, clean, job, day, lambda day=day: moment(day))
        if leaves(day, found):
            return day
        require_healed(lake, clean, job, day)
    raise AssertionError(f"{job} was not caught at that moment on four days")


def require_healed(lake: Lake, clean: Clean, job: str, day: date) -> None:
    """A rerun gives what it gives without a fault, and nothing beside it."""
    lake.succeed(job, day)
    for table in TABLES[job]:
        assert lake.rows(table, day) == clean.rows[table], table
        assert unfinished(lake, table) == [], "what the killed run left is gone"
        keys = [key for key in lake.objects(f"{table}/") if f"/dt={day}/" in key or "dt=" not in key]
        assert [re.sub(r"part-[^/]+", "part-…", key) for key in keys] == [f"{table}/dt={day}/part-…"]


def test_bronze_to_silver_killed_at_its_start(lake: Lake, clean: Clean, day: date) -> None:
    assert kill(lake, clean, "bronze_to_silver", day) == [clean.first_silver, []]
    require_healed(lake, clean, "bronze_to_silver", day)


def test_bronze_to_silver_killed_in_the_middle_of_its_write(
    lake: Lake, clean: Clean, new_day: Callable[[], date]
) -> None:
    """The file that was being written is there, and no reader sees it."""
    day = killed_at(
        lake,
        clean,
        "bronze_to_silver",
        new_day,
        lambda _: unfinished(lake, SILVER),
        lambda _, found: (
            bool(unfinished(lake, SILVER)) and found == [clean.first_silver, clean.rows[QUARANTINE]]
        ),
    )
    require_healed(lake, clean, "bronze_to_silver", day)


def test_bronze_to_silver_killed_while_it_replaces_the_partition(
    lake: Lake, clean: Clean, new_day: Callable[[], date]
) -> None:
    """The old partition goes before the new one comes: in between the day is absent, never half."""
    day = new_day()
    for number in range(5000):  # so that to delete it takes time
        (lake.folder(SILVER, day) / f"_{number}").touch()
    found = kill(
        lake, clean, "bronze_to_silver", day, lambda: len(list(lake.folder(SILVER, day).glob("_*"))) < 5000
    )
    # On a busy machine the signal may come when the new partition is in its place already.
    assert found[0] in ([], clean.first_silver, clean.rows[SILVER])
    require_healed(lake, clean, "bronze_to_silver", day)


def test_bronze_to_silver_killed_after_its_write(
    lake: Lake, clean: Clean, new_day: Callable[[], date]
) -> None:
    old = {Path(key).name for key in clean.first_parts}
    day = killed_at(
        lake,
        clean,
        "bronze_to_silver",
        new_day,
        lambda day: parts(lake, SILVER, day) - old and not unfinished(lake, SILVER),
        lambda _, found: found == [clean.rows[SILVER], clean.rows[QUARANTINE]],
    )
    require_healed(lake, clean, "bronze_to_silver", day)


def test_silver_to_gold_killed_between_its_two_tables(
    lake: Lake, clean: Clean, new_day: Callable[[], date]
) -> None:
    def day_with_silver() -> date:
        day = new_day()
        for table in SILVER, QUARANTINE:
            for path in lake.folder(table, day).glob("part-*"):
                path.unlink()
            for key, body in lake.objects(f"{table}/dt={CLEAN}/").items():
                lake.put(key.replace(f"dt={CLEAN}", f"dt={day}"), body)
        return day

    day = killed_at(
        lake,
        clean,
        "silver_to_gold",
        day_with_silver,
        lambda day: parts(lake, GOLD, day),
        lambda _, found: found == [clean.rows[GOLD], []],
    )
    require_healed(lake, clean, "silver_to_gold", day)


def test_local_aws_killed_while_a_job_runs(lake: Lake, clean: Clean, day: date) -> None:
    """Its Spark ends with it; what was there is there when it is up again."""
    run_id = lake.start("bronze_to_silver", day)
    spark = spark_of(lake.state, run_id)
    wait_for_moment(lake, run_id, lambda: unfinished(lake, SILVER))
    spark.suspend()
    server = server_of(lake.state)
    server.kill()
    server.wait(60)
    spark.wait(60)
    assert process.start(lake.state, port=int(lake.url.rpartition(":")[2])) == lake.url

    assert lake.rows(SILVER, day) == clean.first_silver
    assert unfinished(lake, SILVER) == []
    require_healed(lake, clean, "bronze_to_silver", day)
