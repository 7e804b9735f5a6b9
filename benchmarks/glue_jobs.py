"""What a Glue job takes on a warm Spark, and while Spark is still warming up."""

from __future__ import annotations

import os
import tempfile
import time
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import boto3

from benchmarks import empty_spark
from benchmarks.lakes import market, put_day, run_job
from laptop.aws.process import running
from laptop.lake.deployment import deploy
from laptop.runner.environment import aws_environment

DAY = date(2026, 1, 31)
COINS = 250
ROUNDS = 5
JOBS = ("bronze_to_silver", "silver_to_gold")

TITLE = "A Glue job, cold and warm"
METHOD = f"""
A day of {COINS} coins through both jobs on the local AWS. *Cold* is the first run on a server that starts
for it, from the server's start to the run's end: Spark starts and warms up in it. *Warm* is every later run,
by Glue's own StartedOn and CompletedOn: the median of {ROUNDS}. Beside them stands an empty Spark program,
started cold with `spark-submit` in the same rounds. Aim: a job takes at most half as long as that.
"""


def measure() -> dict[str, Any]:
    """Seconds of the cold run, of the warm runs, and of the empty program beside them."""
    with tempfile.TemporaryDirectory(prefix="glue-jobs-") as folder:
        empty = [empty_spark.seconds()]
        began = time.monotonic()
        with (
            running(Path(folder)) as endpoint_url,
            patch.dict(os.environ, aws_environment(endpoint_url)),
        ):
            deploy(endpoint_url)
            put_day(boto3.client("s3"), market(COINS, DAY), DAY)
            run_job(JOBS[0], DAY, DAY)
            cold = time.monotonic() - began
            run_job(JOBS[1], DAY, DAY)
            warm: dict[str, list[float]] = {job: [] for job in JOBS}
            for number in range(ROUNDS):
                for job in JOBS:
                    warm[job].append(run_job(job, DAY, DAY))
                empty.append(empty_spark.seconds())
                print(f"round {number + 1}: {[warm[job][-1] for job in JOBS]}, empty {empty[-1]:.1f}")
    return {"cold": cold, "warm": warm, "empty": empty}


def table(figures: dict[str, Any]) -> str:
    """Each kind of run, in seconds and in empty programs."""
    empty = median(figures["empty"])
    rows = [
        ("an empty Spark program, cold", empty),
        (f"`{JOBS[0]}`, with the server's start", figures["cold"]),
    ]
    rows += [(f"`{job}`, warm", median(seconds)) for job, seconds in figures["warm"].items()]
    lines = ["| run | s | times the empty program |", "|---|---:|---:|"]
    lines += [f"| {what} | {seconds:.1f} | {seconds / empty:.2f} |" for what, seconds in rows]
    return "\n".join(lines)
