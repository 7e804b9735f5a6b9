"""The daily DAG in a real scheduler with a triggerer: a run without a date, then every task cleared."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from include.crypto_lake.website import COIN_HISTORY, MARKET_HISTORY, TOP10_CRYPTOS
from local_airflow import servers
from local_aws.coingecko import running_stand_in

if TYPE_CHECKING:
    from tests.e2e.conftest import Lake

TASKS = [
    "fetch_markets",
    "bronze_to_silver",
    "silver_to_gold",
    "crawl_gold",
    "crawl_silver",
    "check_gold",
    "query_top10",
    "publish_top10",
    "query_market_history",
    "publish_market_history",
    "query_coin_history",
    "publish_coin_history",
]
DAG = "dags/crypto_market_daily"


class Api:
    """Airflow's REST API as the UI uses it."""

    def __init__(self, url: str) -> None:
        self.url = url
        with urllib.request.urlopen(f"{url}/auth/token", timeout=30) as answer:
            self.token = json.load(answer)["access_token"]

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{self.url}/api/v2/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def call_off_the_scheduled_run(self) -> None:
        """Unpausing starts today's scheduled run, which would only take its time before the test's own."""
        deadline = time.monotonic() + 60
        while not (runs := self("GET", f"{DAG}/dagRuns?run_type=scheduled")["dag_runs"]):
            assert time.monotonic() < deadline, "the scheduler made no run within a minute"
            time.sleep(0.2)
        for run in runs:
            self("PATCH", f"{DAG}/dagRuns/{run['dag_run_id']}", {"state": "failed"})

    def finished(self, run_id: str, *, timeout: float = 300) -> dict[str, str]:
        """Wait for the run's end; returns its tasks' states."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self("GET", f"{DAG}/dagRuns/{run_id}")["state"] in {"success", "failed"}:
                break
            time.sleep(0.5)
        tasks = self("GET", f"{DAG}/dagRuns/{run_id}/taskInstances")["task_instances"]
        return {task["task_id"]: task["state"] for task in tasks}


@pytest.fixture(scope="module")
def api(
    lake: Lake, airflow: Callable[[str], dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Api]:
    """All of Airflow, running, with the daily DAG loaded and unpaused."""
    with running_stand_in("demo") as stand_in:
        environment = airflow(stand_in.url)
        with servers.running(environment, tmp_path_factory.mktemp("logs")):
            client = Api(environment["AIRFLOW__API__BASE_URL"])
            deadline = time.monotonic() + 60
            while True:
                try:
                    client("PATCH", DAG, {"is_paused": False})
                    break
                except urllib.error.HTTPError:
                    assert time.monotonic() < deadline, "the DAG was not loaded within a minute"
                    time.sleep(0.5)
            client.call_off_the_scheduled_run()
            yield client


def facts(lake: Lake, day: date) -> dict[str, Any]:
    """All that a rerun must leave as it is: the data of every layer, without the times of ingestion."""
    volatile = {"ingestion_timestamp", "bronze_key"}
    layers = {
        prefix: sorted(
            json.dumps(
                {key: value for key, value in row.items() if key not in volatile}, default=str, sort_keys=True
            )
            for row in lake.table(prefix, day)
        )
        for prefix in ("silver/coins_market", "gold/coins_market", "gold/market_summary")
    }
    files = {
        name: {key: value for key, value in lake.website(name).items() if key != "generated_at"}
        for name in ("top10_cryptos", "market_history", "coin_history")
    }
    return layers | files


@pytest.mark.timeout(900)
def test_a_manual_run_without_a_date_succeeds_and_so_does_clearing_every_task(api: Api, lake: Lake) -> None:
    before = datetime.now(UTC).date()
    run = api("POST", f"{DAG}/dagRuns", {"logical_date": None})
    assert run["logical_date"] is None
    assert api.finished(run["dag_run_id"]) == dict.fromkeys(TASKS, "success")

    day = date.fromisoformat(lake.website("top10_cryptos")["as_of"])
    assert day in {before, datetime.now(UTC).date()}
    first = facts(lake, day)
    assert len(first["gold/coins_market"]) > 200
    TOP10_CRYPTOS.check(lake.website("top10_cryptos"))
    MARKET_HISTORY.check(lake.website("market_history"))
    COIN_HISTORY.check(lake.website("coin_history"))

    ingestions = lake.ingestions(day)
    # In two halves, so that most tasks run again without those right before or after them.
    for tasks in TASKS[0::2], TASKS[1::2]:
        cleared = api(
            "POST",
            f"{DAG}/clearTaskInstances",
            {"dag_run_id": run["dag_run_id"], "task_ids": tasks, "dry_run": False, "only_failed": False},
        )
        assert {instance["task_id"] for instance in cleared["task_instances"]} == set(tasks)
        assert api.finished(run["dag_run_id"]) == dict.fromkeys(TASKS, "success"), f"after clearing {tasks}"
    assert facts(lake, day) == first, "rerunning every task changed the data"
    assert len(lake.ingestions(day)) == len(ingestions) + 1, "the cleared fetch_markets must add an ingestion"
    assert lake.ingestions(day) > ingestions, "and keep those that were there"
