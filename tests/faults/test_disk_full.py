"""No space left under Spark's scratch, for real: a file system of the size of the script."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from airflow.sdk.exceptions import AirflowException

from lake_provider.operators.glue import GlueJobRunOperator
from laptop.aws import process
from laptop.lake.deployment import LAKE_BUCKET, deploy
from laptop.runner import environment
from tests.plugins.conftest import Bucket

pytestmark = pytest.mark.product

DAY = "2026-01-31"
SILVER = f"silver/coins_market/dt={DAY}/"
PAGE = 4096  # bytes; tmpfs counts in these


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """A file system on which the job's script and its module have room, and nothing else."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    files = [*Path("include/glue_scripts").glob("[bd]*.py"), Path("include/glue_scripts/silver_rules.py")]
    size = sum(-(-file.stat().st_size // PAGE) * PAGE for file in files)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def lake(scratch: Path, tmp_path: Path) -> Iterator[Bucket]:
    """The lake on a server whose jobs have their scratch there."""
    with (
        patch.dict(os.environ, {"TMPDIR": str(scratch)}),
        process.running(tmp_path / "state") as endpoint_url,
        patch.dict(os.environ, environment.aws_environment(endpoint_url)),
    ):
        deploy(endpoint_url)
        yield Bucket(LAKE_BUCKET, boto3.client("s3"))


def run(**arguments: str) -> str:
    """A run of the job, to its end, as the daily DAG's task sees it."""
    glue = boto3.client("glue")
    given = {"--run_date": DAY, "--bucket": LAKE_BUCKET} | {f"--{k}": v for k, v in arguments.items()}
    run_id = glue.start_job_run(JobName="bronze_to_silver", Arguments=given)["JobRunId"]
    while glue.get_job_run(JobName="bronze_to_silver", RunId=run_id)["JobRun"]["JobRunState"] in (
        "STARTING",
        "RUNNING",
    ):
        time.sleep(0.2)
    context: Any = {}
    task = GlueJobRunOperator(task_id="bronze_to_silver", job_name="bronze_to_silver")
    return task.execute_complete(context, {"status": "success", "run_id": run_id})


@pytest.mark.thorough
def test_a_full_disk_fails_the_job_with_the_reason_and_leaves_the_day_as_it_was(
    lake: Bucket, scratch: Path
) -> None:
    coins = [
        {"id": "bitcoin", "current_price": 101.5},
        {"id": "ethereum", "current_price": 2},
        {"id": "none"},
    ]
    ingestion = "currency=usd/ingested_at=20260131T020003Z/source=coingecko"
    bronze = f"bronze/coins_market/dt={DAY}/{ingestion}/page-0001.json"
    lake.put(bronze, json.dumps(coins).encode())
    lake.put(f"{SILVER}part-0.parquet", b"as it was")

    # A day needs no disk at all, unless it has next to no memory.
    with pytest.raises(AirflowException, match=r"is FAILED: Py4JJavaError: .*No space left on device"):
        run(conf="spark.memory.fraction=0.0001")
    assert lake.listing("silver/") == [f"{SILVER}part-0.parquet"]
    assert lake.body(f"{SILVER}part-0.parquet") == b"as it was"
    assert lake.listing("quarantine/") == []
    assert list(scratch.iterdir()) == []  # nothing is left that would fill it for the next run

    subprocess.run(["mount", "-o", "remount,size=64m", scratch], check=True)
    run()
    [written] = [key for key in lake.listing("silver/") if key.endswith(".parquet")]
    rows = pq.ParquetFile(pa.BufferReader(lake.body(written))).read().to_pylist()
    assert [(row["coin_id"], row["current_price"]) for row in rows] == [("bitcoin", 101.5), ("ethereum", 2.0)]
    assert len([key for key in lake.listing("quarantine/") if key.endswith(".parquet")]) == 1
