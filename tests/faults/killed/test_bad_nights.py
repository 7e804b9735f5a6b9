"""The daily DAG in nights in which processes are killed, each in the middle of its work."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import urllib.error
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import psutil
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from include.glue_scripts import bronze_to_silver, silver_to_gold
from laptop.coingecko import demo_market as coingecko_demo
from laptop.runner import servers
from tests.e2e.test_scheduler import DAG, RUNS, TASKS, api
from tests.faults.killed.conftest import watched
from tests.faults.killed.spark import spark_of, until
from tests.faults.killed.wire import Request, Trap, Wire, as_it_is

if TYPE_CHECKING:
    from tests.airflow_api import Api
    from tests.e2e.conftest import Airflow, Lake

__all__ = ["api"]

pytestmark = pytest.mark.timeout(900)

VOLATILE = {"ingestion_timestamp", "bronze_key"}
TOP10 = ("rank <= 10", "ORDER BY rank")  # words of include/sql/top10_cryptos.sql alone
TABLES = ("silver/coins_market", "quarantine/coins_market", "gold/coins_market", "gold/market_summary")


class Night:
    """A run of the daily DAG, and what is done to it."""

    def __init__(self, airflow: Airflow, api: Api, wire: Wire, aws_state: Path, day: date) -> None:
        self.airflow, self.api, self.wire, self.aws_state, self.day = airflow, api, wire, aws_state, day
        self.run_id = ""
        self.killed: list[int] = []

    def begin(self) -> None:
        run = self.api("POST", RUNS, {"logical_date": None, "conf": {"run_date": str(self.day)}})
        self.run_id = run["dag_run_id"]

    # Who is killed

    def runner(self, request: Request) -> psutil.Process:
        """The process in which the task runs that sent a request."""
        return request.sender(psutil.Process(self.airflow.processes["scheduler"].pid))

    def kill_task(self, request: Request) -> None:
        self.runner(request).kill()

    def kill_worker(self, request: Request) -> None:
        """Kill the executor's worker, which watches over the task, and the task with it."""
        task = self.runner(request)
        worker = task.parent()
        assert worker
        worker.kill()
        task.kill()

    def restart(self, component: str) -> None:
        """Kill a server with SIGKILL, and start it again as whatever supervises it would.

        Of the scheduler only its own process: tasks that run outlive it, as on workers of their own.
        """
        process = self.airflow.processes[component]
        if component == "scheduler":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.killed.append(process.pid)
        environment, logs = self.airflow.environment, self.airflow.logs
        self.airflow.processes[component] = servers.start(component, environment, logs)
        if component == "api-server":
            servers.wait_healthy(self.api.url, self.airflow.processes, logs, 300)

    def tidy(self) -> None:
        """End what the killed servers left behind."""
        for group in self.killed:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)

    # What becomes of it

    def task(self, task_id: str) -> dict[str, Any]:
        return next(t for t in self.api.tasks(DAG, self.run_id) if t["task_id"] == task_id)

    def wait_for(self, task_id: str, *states: str) -> dict[str, Any]:
        def reached() -> dict[str, Any] | None:
            task = self.task(task_id)
            return task if task["state"] in states else None

        return until(reached, f"{task_id} is {' or '.join(states)}", pause=0.5)

    def clear(self, *tasks: str) -> None:
        asked = {"dag_run_id": self.run_id, "task_ids": tasks, "dry_run": False, "only_failed": False}

        def cleared() -> bool:
            with suppress(urllib.error.HTTPError):  # API server and scheduler share one SQLite
                self.api("POST", f"dags/{DAG}/clearTaskInstances", asked)
                return True
            return False

        until(cleared, f"{tasks} are cleared", pause=1)

    def see_through(self, *patient: str) -> dict[str, int]:
        """Wait for the end like an operator who clears what waits for its retry, but for the patient tasks.

        Returns:
            How often each task was tried.
        """

        def over() -> bool:
            for task in self.api.tasks(DAG, self.run_id):
                if task["state"] == "up_for_retry" and task["task_id"] not in patient:
                    self.clear(task["task_id"])
            return self.api("GET", f"{RUNS}/{self.run_id}")["state"] in {"success", "failed"}

        until(over, f"{self.run_id} ends", pause=1, seconds=600)
        assert self.api.finished(DAG, self.run_id) == dict.fromkeys(TASKS, "success")
        return {task["task_id"]: task["try_number"] for task in self.api.tasks(DAG, self.run_id)}

    def job_runs(self, job: str) -> list[dict[str, Any]]:
        """The Glue job's runs for this day, oldest first."""
        runs = boto3.client("glue").get_job_runs(JobName=job)["JobRuns"][::-1]
        return [run for run in runs if run["Arguments"]["--run_date"] == str(self.day)]


def starts(operation: str, *words: str) -> Any:
    """Whether a request is this operation with these words."""
    return lambda request: request.operation == operation and all(word in request.body for word in words)


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.local.dir", str(tmp_path_factory.mktemp("spark")))
        .config("spark.driver.extraJavaOptions", "-XX:+UseSerialGC -XX:TieredStopAtLevel=1")
        .getOrCreate()
    )
    yield session
    session.stop()


def without_faults(spark: SparkSession, folder: Path, day: date) -> Path:
    """The day as the jobs make it from CoinGecko's answer, with nothing around them that could fail."""
    bronze = (
        folder
        / f"bronze/coins_market/dt={day}/currency=usd/ingested_at={day:%Y%m%d}T020003Z/source=synthetic"
    )
    bronze.mkdir(parents=True)
    (bronze / "page-0001.json").write_text(json.dumps(coingecko_demo.market(day)[:250]))
    for job in bronze_to_silver, silver_to_gold:
        job.run(spark, str(folder), [day])
    return folder


def comparable(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(
        json.dumps({k: v for k, v in row.items() if k not in VOLATILE}, default=str, sort_keys=True)
        for row in rows
    )


def require_as_without_faults(lake: Lake, spark: SparkSession, folder: Path, day: date) -> None:
    """Every layer, and the website's files, are what a night without faults makes of the same market."""
    for key in lake.keys(f"bronze/coins_market/dt={day}/"):
        assert json.loads(lake.body(key)) == coingecko_demo.market(day)[:250], key
    without_faults(spark, folder, day)
    for table in TABLES:
        files = (folder / table / f"dt={day}").glob("part-*")
        rows = [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]
        found, expected = comparable(lake.table(table, day)), comparable(rows)
        if table == "quarantine/coins_market":  # the refused rows of each ingestion, however many there were
            assert set(found) == set(expected)
        else:
            assert found == expected, table

    gold = {row["coin_id"]: row for row in lake.table("gold/coins_market", day)}
    largest = sorted((row for row in gold.values() if row["rank"]), key=lambda row: row["rank"])[:10]
    top10 = lake.website("top10_cryptos")
    shown = ("coin_id", "rank", "current_price", "market_cap")
    assert [[coin[k] for k in shown] for coin in top10["coins"]] == [
        [row[k] for k in shown] for row in largest
    ]
    [summary] = lake.table("gold/market_summary", day)
    today = lake.website("market_history")["days"][-1]
    assert (today["dt"], today["coins"]) == (str(day), summary["coins"])
    assert today["total_market_cap"] == round(summary["total_market_cap"])
    prices = {
        r["coin_id"]: r["current_price"]
        for r in lake.website("coin_history")["prices"]
        if r["dt"] == str(day)
    }
    assert prices == {row["coin_id"]: row["current_price"] for row in largest}


def test_the_process_of_every_task_is_killed_in_its_work(
    all_of_airflow: Airflow,
    api: Api,
    wire: Wire,
    lake: Lake,
    local_aws_state: Path,
    spark: SparkSession,
    tmp_path: Path,
) -> None:
    """SIGKILL for each, after AWS has done what was asked and before the task hears of it.

    bronze_to_silver suffers more: while its Glue run is held, it is killed and cleared twice (there must be
    no second run), then the run is stopped from outside (which must not pass for a success).
    """
    day = date(2026, 2, 10)
    night = Night(all_of_airflow, api, wire, local_aws_state, day)
    glue = boto3.client("glue")

    def kill_at(matches: Any, *, answered: bool = True) -> Trap:
        return wire.at(matches, night.kill_task, answered=answered)

    traps = {
        "fetch_markets": kill_at(lambda r: r.is_put(f"/crypto-lake/bronze/coins_market/dt={day}/")),
        "bronze_to_silver": kill_at(starts("StartJobRun", '"bronze_to_silver"', str(day))),
        "silver_to_gold": kill_at(starts("StartJobRun", '"silver_to_gold"', str(day)), answered=False),
        "crawl_silver": kill_at(starts("StartCrawler", "silver-coins-market")),
        "crawl_gold": kill_at(starts("StartCrawler", "gold-coins-market")),
        "check_gold": kill_at(starts("StartQueryExecution", "check_name", str(day))),
        "measure_day": kill_at(starts("StartQueryExecution", "silver_rows", str(day))),
        "query_top10": kill_at(starts("StartQueryExecution", *TOP10, str(day))),
        "query_market_history": kill_at(
            starts("StartQueryExecution", "ROUND(median_change_24h_pct", str(day))
        ),
        "query_coin_history": kill_at(
            starts("StartQueryExecution", "INNER JOIN largest", str(day)), answered=False
        ),
        "publish_website": kill_at(lambda r: r.is_put("/crypto-lake-website/data/coin_history.json")),
    }
    assert set(traps) == set(TASKS)
    with watched(lake.website_url) as watch:
        night.begin()
        night.wait_for("fetch_markets", "up_for_retry")
        night.clear("fetch_markets")
        traps["bronze_to_silver"].wait()
        [held] = night.job_runs("bronze_to_silver")
        jvm = spark_of(local_aws_state, held["Id"])
        jvm.suspend()
        night.wait_for("bronze_to_silver", "up_for_retry")
        for _ in range(2):  # the killed task; then one that waits for the run
            night.clear("bronze_to_silver")
            night.wait_for("bronze_to_silver", "deferred")
            assert [run["Id"] for run in night.job_runs("bronze_to_silver")] == [held["Id"]]
        glue.batch_stop_job_run(JobName="bronze_to_silver", JobRunIds=[held["Id"]])
        stopped = night.wait_for("bronze_to_silver", "up_for_retry", "success", "failed")
        assert stopped["state"] == "up_for_retry", "a stopped run is a failure"
        assert f"run {held['Id']}, is STOPPED" in "\n".join(api.log(stopped))
        tries = night.see_through("publish_website")
    for task, trap in traps.items():
        assert trap.sprung.is_set(), task
        trap.wait()
        assert tries[task] >= 2, task
    assert [run["JobRunState"] for run in night.job_runs("bronze_to_silver")] == ["STOPPED", "SUCCEEDED"]
    # The killed task's run may have ended before the task was tried again, which then starts another.
    assert {run["JobRunState"] for run in night.job_runs("silver_to_gold")} == {"SUCCEEDED"}
    watch.require_whole(str(day))
    require_as_without_faults(lake, spark, tmp_path, day)


def test_every_server_is_killed_in_mid_run(
    all_of_airflow: Airflow,
    api: Api,
    wire: Wire,
    lake: Lake,
    local_aws_state: Path,
    spark: SparkSession,
    tmp_path: Path,
) -> None:
    """The API server under fetch_markets, the triggerer under two tasks, the scheduler under check_gold.

    And the executor's worker with its task, query_top10, which only a missing heartbeat tells.
    """
    day = date(2026, 2, 11)
    night = Night(all_of_airflow, api, wire, local_aws_state, day)
    crawl_goes_on = threading.Event()  # as it would on AWS, where a crawl takes a minute
    crawl_goes_on.set()

    def still_running(request: Request, answer: bytes) -> bytes:
        long = crawl_goes_on.is_set() and starts("GetCrawler", "silver-coins-market")(request)
        return re.sub(rb'"State": ?"READY"', b'"State": "RUNNING"', answer) if long else answer

    traps = {
        "api-server": wire.at(
            lambda r: r.is_put(f"/crypto-lake/bronze/coins_market/dt={day}/"),
            lambda _: night.restart("api-server"),
        ),
        "scheduler": wire.at(
            starts("StartQueryExecution", "check_name", str(day)),
            lambda _: night.restart("scheduler"),
            answered=True,
        ),
        "worker": wire.at(starts("StartQueryExecution", *TOP10, str(day)), night.kill_worker, answered=True),
    }
    with watched(lake.website_url) as watch:
        night.begin()
        traps["api-server"].wait()
        night.wait_for("bronze_to_silver", "success")
        wire.disguise = still_running
        held = until(lambda: night.job_runs("silver_to_gold"), "silver_to_gold's Glue run starts")[0]
        spark_of(local_aws_state, held["Id"]).suspend()
        for task in "silver_to_gold", "crawl_silver":
            night.wait_for(task, "deferred")
        night.restart("triggerer")
        crawl_goes_on.clear()
        night.wait_for("crawl_silver", "success")  # the new triggerer has taken over
        assert night.task("silver_to_gold")["state"] == "deferred"
        spark_of(local_aws_state, held["Id"]).resume()
        night.see_through()
    night.tidy()
    wire.disguise = as_it_is
    for trap in traps.values():
        trap.wait()
    assert [run["Id"] for run in night.job_runs("silver_to_gold")] == [held["Id"]]
    watch.require_whole(str(day))
    require_as_without_faults(lake, spark, tmp_path, day)
