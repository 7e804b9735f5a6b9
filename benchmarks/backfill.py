"""A year of past days: the backfill DAG, task by task, and the Glue jobs over a year of snapshots."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3

from benchmarks.lakes import run_job
from include.crypto_lake import layout
from laptop.aws.process import running
from laptop.coingecko.demo_market import market
from laptop.coingecko.stand_in import running_stand_in
from laptop.lake.deployment import LAKE_BUCKET, deploy
from laptop.runner.environment import airflow_environment, aws_environment, prepare_home
from laptop.runner.run import RunRecord

DAG_ID = "crypto_market_backfill"
DAYS = 365
COINS = 250
JOBS = ("bronze_to_silver", "silver_to_gold")

TITLE = "A year of past days"
METHOD = f"""
`{DAG_ID}` by `airflow dags test` over {DAYS} days of {COINS} coins, from an empty lake, against the stand-in
for CoinGecko, which is asked without the pace that CoinGecko wants ({COINS} calls are 50 minutes without a
key, 9 with a demo key). Each Glue job is one run for all days. Beside it each job over as many days of
*snapshots*, which have six times the fields, and over one day, from start to end as Glue counts it. Aim: once
bronze is there, a year in one run of each job, under 2 minutes.
"""


def measure() -> dict[str, Any]:
    """Seconds: of the DAG's tasks; of each Glue job by what it read and over how many days."""
    last = datetime.now(UTC).date() - timedelta(days=1)
    first = last - timedelta(days=DAYS - 1)
    with tempfile.TemporaryDirectory(prefix="backfill-") as folder:
        state = Path(folder)
        with running(state / "aws") as endpoint_url, running_stand_in("demo") as stand_in:
            os.environ.update(aws_environment(endpoint_url))
            deploy(endpoint_url)
            tasks = _run_dag(state / "airflow", endpoint_url, stand_in.url, first, last)
            print(", ".join(f"{name} {seconds:.0f} s" for name, seconds in tasks.items()), flush=True)
            s3 = boto3.client("s3")
            for number in range(DAYS):
                # Two years earlier, so that these days have nothing but snapshots.
                day = first + timedelta(days=number - 730)
                s3.put_object(
                    Bucket=LAKE_BUCKET,
                    Key=f"{layout.BRONZE_COINS_MARKET}/dt={day}/currency=usd/ingested_at={day:%Y%m%d}T020003Z/source=synthetic/page-0001.json",
                    Body=json.dumps(market(day)[:COINS]).encode(),
                )
            ranges = {
                f"{DAYS} days of histories": (first, last),
                f"{DAYS} days of snapshots": (first - timedelta(days=730), last - timedelta(days=730)),
                "1 day of snapshots": (last - timedelta(days=730),) * 2,
            }
            jobs = {what: {job: _job_seconds(job, *days) for job in JOBS} for what, days in ranges.items()}
    return {"tasks": tasks, "jobs": jobs}


def table(figures: dict[str, Any]) -> str:
    """The DAG's tasks, then the jobs."""
    lines = ["| task of the backfill | seconds |", "|---|---:|"]
    lines += [f"| `{name}` | {seconds:.0f} |" for name, seconds in figures["tasks"].items()]
    lines += ["", f"| seconds of a Glue run over | {' | '.join(f'`{job}`' for job in JOBS)} |"]
    lines.append("|---|" + "---:|" * len(JOBS))
    for what, seconds in figures["jobs"].items():
        lines.append(f"| {what} | {' | '.join(f'{seconds[job]:.0f}' for job in JOBS)} |")
    year, day = figures["jobs"][f"{DAYS} days of snapshots"], figures["jobs"]["1 day of snapshots"]
    lines.append(
        f"\n{DAYS} runs of a day each would take {DAYS * sum(day.values()) / 3600:.1f} hours (the last line, "
        f"{DAYS} times); in one run of each job it is {sum(year.values()) / 60:.1f} minutes."
    )
    return "\n".join(lines)


def _run_dag(home: Path, endpoint_url: str, coingecko_url: str, first: date, last: date) -> dict[str, float]:
    """Seconds of each task.

    Raises:
        RuntimeError: the run failed, with the end of its log.
    """
    environment = airflow_environment(
        home, endpoint_url=endpoint_url, coingecko_url=coingecko_url, time_travel=True
    )
    prepare_home(environment)
    record = RunRecord(home / "airflow.db", DAG_ID)
    conf = json.dumps({"from_date": str(first), "to_date": str(last)})
    done = subprocess.run(
        [sys.executable, "-m", "airflow", "dags", "test", DAG_ID, "--conf", conf],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if record.state() != "success":
        raise RuntimeError(f"{DAG_ID} did not succeed:\n{done.stdout[-5000:]}{done.stderr[-2000:]}")
    return {task.task_id: task.seconds for task in record.tasks()}


def _job_seconds(job: str, first: date, last: date) -> float:
    seconds = run_job(job, first, last)
    print(f"{job} over {first} to {last}: {seconds:.0f} s", flush=True)
    return seconds
