"""How long a dropped file takes until its day can be queried: from `put_object` to Athena's answer.

Starts the whole product in a temporary folder (the local AWS; Airflow with API server, scheduler,
DAG processor and triggerer), drops files one after another, and asks the catalog and Athena
until each is there. Beside the total stands where the time went, from Airflow's own record of the run.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
import time
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import boto3

from include.crypto_lake import layout
from laptop.aws.process import running
from laptop.lake.deployment import LAKE_BUCKET, deploy
from laptop.runner import servers
from laptop.runner.environment import airflow_environment, aws_environment, prepare_home

DAG_ID = "crypto_prices_on_arrival"
COINS = 250
FILES = 5


TITLE = "A dropped file: from S3 to a query"
METHOD = f"""
From `put_object` of a file of {COINS} coins to Athena's answer that has its rows, on a running Airflow and
the local AWS, {FILES} files one after another, each the first of its day. Aim: under 20 seconds.
"""


def measure() -> list[dict[str, float]]:
    """Seconds of each file: to its rows in Athena, to the run's start, to each task's end."""
    with tempfile.TemporaryDirectory(prefix="arrival-latency-") as folder:
        state = Path(folder)
        with running(state / "aws") as endpoint_url:
            os.environ.update(aws_environment(endpoint_url))
            deploy(endpoint_url)
            environment = airflow_environment(
                state / "airflow",
                endpoint_url=endpoint_url,
                coingecko_url="http://127.0.0.1:9",  # nobody: this DAG does not ask
                time_travel=True,
                api_port=servers.free_port(),
            )
            prepare_home(environment)
            with servers.running(environment, state / "logs"):
                runs = Runs(state / "airflow" / "airflow.db")
                runs.wait_idle(at_least=1)  # the timer's first sweep
                return [drop(number, runs) for number in range(FILES)]


def table(figures: list[dict[str, float]]) -> str:
    """Minimum, median and maximum of each moment."""
    lines = ["| seconds after the file was put | least | median | most |", "|---|---:|---:|---:|"]
    for name in figures[0]:
        values = [file[name] for file in figures]
        lines.append(f"| {name} | {min(values):.1f} | {median(values):.1f} | {max(values):.1f} |")
    return "\n".join(lines)


def drop(number: int, runs: Runs) -> dict[str, float]:
    """Drop one file of a new day and wait until its rows are there; returns seconds."""
    runs.wait_idle()
    day = date(2026, 1, 1) + timedelta(days=number)
    rows = [
        {"id": f"coin-{n}", "current_price": n + 1.5, "last_updated": f"{day}T10:00:00Z"}
        for n in range(COINS)
    ]
    before = runs.count()
    put_at = time.time()
    boto3.client("s3").put_object(
        Bucket=LAKE_BUCKET, Key=f"raw/crypto_prices_{day}.json", Body=json.dumps(rows).encode()
    )
    while query_count(day) != COINS:
        time.sleep(0.1)
    queryable = time.time() - put_at
    runs.wait_idle(at_least=before + 1)
    steps = runs.steps(before, put_at)
    print(f"{day}: {queryable:.1f} s; " + ", ".join(f"{name} {at:.1f}" for name, at in steps.items()))
    return {"put to queryable": queryable} | steps


def query_count(day: date) -> int:
    """How many coins Athena finds on a day; 0 while the catalog has no such table."""
    athena = boto3.client("athena")
    year, month, number = day.isoformat().split("-")
    query = athena.start_query_execution(
        QueryString="SELECT COUNT(*) FROM processed_crypto "
        f"WHERE year = '{year}' AND month = '{month}' AND day = '{number}'",
        QueryExecutionContext={"Database": layout.DATABASE},
        ResultConfiguration={"OutputLocation": f"s3://{LAKE_BUCKET}/{layout.ATHENA_RESULTS}/"},
    )["QueryExecutionId"]
    while True:
        state = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]["State"]
        if state not in {"QUEUED", "RUNNING"}:
            break
        time.sleep(0.02)
    if state != "SUCCEEDED":
        return 0
    found = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"][1]["Data"][0]
    return int(found["VarCharValue"])


class Runs:
    """The DAG's runs, from Airflow's metadata database."""

    def __init__(self, database: Path) -> None:
        self.database = database

    def _query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)) as connection:
            return connection.execute(sql, values).fetchall()

    def count(self) -> int:
        """How many there are."""
        return int(self._query("SELECT COUNT(*) FROM dag_run WHERE dag_id = ?", DAG_ID)[0][0])

    def wait_idle(self, at_least: int = 0) -> None:
        """Wait until that many runs exist and none is going."""
        while self.count() < at_least or self._query(
            "SELECT 1 FROM dag_run WHERE dag_id = ? AND state IN ('queued', 'running')", DAG_ID
        ):
            time.sleep(0.2)

    def steps(self, before: int, since: float) -> dict[str, float]:
        """Seconds from a moment to the start of the run after `before` others, and to its tasks' ends."""
        [(run, started)] = self._query(
            "SELECT run_id, start_date FROM dag_run WHERE dag_id = ? ORDER BY id LIMIT 1 OFFSET ?",
            DAG_ID,
            before,
        )
        ends = self._query(
            "SELECT task_id, MAX(end_date) FROM task_instance WHERE dag_id = ? AND run_id = ? "
            "GROUP BY task_id ORDER BY 2",
            DAG_ID,
            run,
        )

        def seconds(moment: str) -> float:
            return datetime.fromisoformat(f"{moment}+00:00").timestamp() - since

        return {"run started": seconds(started)} | {task: seconds(end) for task, end in ends}
