"""The DAGs in a real scheduler with a triggerer: a day's run, every task cleared, past days, the deadline."""

from __future__ import annotations

import base64
import gzip
import json
import sqlite3
import subprocess
import sys
import time
import urllib.error
import uuid
from contextlib import closing, suppress
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import boto3
import pytest

from benchmarks.queries import queries
from include.crypto_lake.website import COIN_HISTORY, MARKET_HISTORY, TOP10_CRYPTOS
from laptop.coingecko import demo_market as coingecko_demo
from laptop.lake.deployment import WEBSITE_BUCKET
from laptop.runner.environment import REPOSITORY
from tests import cloudwatch
from tests.e2e.conftest import API_KEY, NOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from laptop.coingecko.stand_in import StandIn
    from tests.airflow_api import Api
    from tests.e2e.conftest import Airflow, Lake

TASKS = [
    "fetch_markets",
    "bronze_to_silver",
    "silver_to_gold",
    "crawl_gold",
    "crawl_silver",
    "check_gold",
    "measure_day",
    "query_top10",
    "query_market_history",
    "query_coin_history",
    "publish_website",
]
DAG = "crypto_market_daily"
BACKFILL = "crypto_market_backfill"
DEADLINE = "crypto_market_deadline"
RUNS = f"dags/{DAG}/dagRuns"
PATIENCE = 300
"""Seconds after which what has not begun hangs, also on a slow machine."""


@pytest.fixture(scope="module")
def api(all_of_airflow: Airflow) -> Api:
    """With the daily DAG unpaused, and without the newest day's run, which that starts."""
    client = all_of_airflow.api
    client.unpause(DAG)
    deadline = time.monotonic() + PATIENCE
    while not (runs := client("GET", f"{RUNS}?run_type=scheduled")["dag_runs"]):
        assert time.monotonic() < deadline, f"the scheduler made no run within {PATIENCE} seconds"
        time.sleep(0.2)
    for run in runs:
        client("PATCH", f"{RUNS}/{run['dag_run_id']}", {"state": "failed"})
    return client


pytestmark = pytest.mark.timeout(900)


def trigger(api: Api, dag: str) -> dict[str, Any]:
    """A manual run without a date, as the UI's button makes it at `NOW`."""
    run_id = f"manual__{uuid.uuid4().hex}"
    body = {"dag_run_id": run_id, "logical_date": None, "run_after": NOW.isoformat()}
    return api("POST", f"dags/{dag}/dagRuns", body)


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


def measurements(metric: str, **dimensions: str) -> list[float]:
    """What CloudWatch has of a metric: the largest value of each minute."""
    found = cloudwatch.values(metric, "Maximum", **dimensions)
    assert found, f"no {metric} {dimensions}"
    return found


def log_lines(airflow: Airflow, run_id: str) -> list[dict[str, Any]]:
    """What the tasks of a run have written, their triggers included: a dict a line, as Airflow keeps it."""
    home = Path(airflow.environment["AIRFLOW_HOME"])
    [folder] = (home / "logs").rglob(f"run_id={run_id}")
    return [
        entry | {"event": line}
        for file in sorted(folder.rglob("*.log*"))
        for entry in map(json.loads, file.read_text().splitlines())
        for line in entry["event"].splitlines()
    ]


@pytest.mark.clock
def test_a_manual_run_without_a_date_succeeds_and_so_does_clearing_every_task(
    api: Api, lake: Lake, all_of_airflow: Airflow
) -> None:
    run = trigger(api, DAG)
    assert run["logical_date"] is None
    assert api.finished(DAG, run["dag_run_id"]) == dict.fromkeys(TASKS, "success")

    lines = log_lines(all_of_airflow, run["dag_run_id"])
    said = "\n".join(f"{line['level']}: {line['event']}" for line in lines)
    assert {line["level"] for line in lines} == {"info"}, said
    assert "info: balance of dt=" in said, "and so the logs were read"
    assert len(lines) <= 80, said
    assert "console.aws" not in said
    for task in ("bronze_to_silver", "check_gold"):
        links = api("GET", f"{RUNS}/{run['dag_run_id']}/taskInstances/{task}/links")["extra_links"]
        assert links
        assert set(links.values()) == {None}, "a laptop's runs are not in AWS's console"

    day = date.fromisoformat(lake.website("top10_cryptos")["as_of"])
    assert day == NOW.date()
    first = facts(lake, day)
    assert len(first["gold/coins_market"]) > 200
    TOP10_CRYPTOS.check(lake.website("top10_cryptos"))
    MARKET_HISTORY.check(lake.website("market_history"))
    COIN_HISTORY.check(lake.website("coin_history"))

    measured = {
        metric: max(value for value in measurements(metric))
        for metric in ("bronze_rows", "silver_rows", "gold_rows", "published_files")
    }
    rows = {f"{layer}_rows": len(first[f"{layer}/coins_market"]) for layer in ("silver", "gold")}
    rows["bronze_rows"] = len(lake.bronze(day))
    assert measured == rows | {"published_files": 3}
    assert max(measurements("bytes_scanned", task="check_gold")) > 0

    ingestions = lake.ingestions(day)
    cleared = api(
        "POST",
        f"dags/{DAG}/clearTaskInstances",
        {"dag_run_id": run["dag_run_id"], "task_ids": TASKS, "dry_run": False, "only_failed": False},
    )
    assert {instance["task_id"] for instance in cleared["task_instances"]} == set(TASKS)
    assert api.finished(DAG, run["dag_run_id"]) == dict.fromkeys(TASKS, "success")
    assert facts(lake, day) == first, "rerunning every task changed the data"
    assert len(lake.ingestions(day)) == len(ingestions) + 1, "the cleared fetch_markets must add an ingestion"
    assert lake.ingestions(day) > ingestions, "and keep those that were there"


@pytest.mark.thorough
def test_past_days_come_from_histories_and_airflows_own_backfill_uses_them(
    api: Api, lake: Lake, all_of_airflow: Airflow, coingecko: StandIn
) -> None:
    if not lake.keys("data/", WEBSITE_BUCKET):  # this test alone
        api.finished(DAG, trigger(api, DAG)["dag_run_id"])
    last = NOW.date() - timedelta(days=3)
    days = [last - timedelta(days=1), last]
    conf = {"from_date": str(days[0]), "to_date": str(last)}
    api.unpause(BACKFILL)
    run = api("POST", f"dags/{BACKFILL}/dagRuns", {"logical_date": None, "conf": conf})
    states = api.finished(BACKFILL, run["dag_run_id"])
    assert states == dict.fromkeys(
        ["fetch_history", "bronze_to_silver", "crawl_silver", "silver_to_gold", "crawl_gold"], "success"
    )
    columns = "coin_id, rank, current_price, market_cap, price_change_percentage_24h, source"
    for day in days:
        market = {coin["id"]: coin for coin in coingecko_demo.market(day)}
        rows = lake.query(f"SELECT {columns} FROM gold_coins_market WHERE dt = DATE '{day}'")
        assert len(rows) > 200
        assert [row["current_price"] for row in rows] == [
            market[row["coin_id"]]["current_price"] for row in rows
        ]
        assert {row["source"] for row in rows} == {"synthetic-history"}
        assert {row["price_change_percentage_24h"] for row in rows} == {None}
        assert max(rows, key=lambda row: row["market_cap"] or 0)["rank"] == 1

    ingestions, calls = lake.ingestions(last), len(coingecko.received)
    gold = lake.table("gold/coins_market", last)
    # Airflow takes a date for its midnight: with the next one, the day's run at 02:00 is between the two.
    between = ["--from-date", str(last), "--to-date", str(last + timedelta(days=1))]
    create = [sys.executable, "-m", "airflow", "backfill", "create", "--dag-id", DAG, *between]
    subprocess.run(create, env=all_of_airflow.environment, check=True, capture_output=True)
    [run] = api("GET", f"{RUNS}?run_type=backfill")["dag_runs"]
    assert run["logical_date"].startswith(str(last))
    states = api.finished(DAG, run["dag_run_id"])
    assert states == dict.fromkeys(TASKS, "success") | {"publish_website": "skipped"}  # a newer day is shown
    assert (lake.ingestions(last), len(coingecko.received)) == (ingestions, calls), "bronze is used again"
    assert sorted(map(repr, lake.table("gold/coins_market", last))) == sorted(map(repr, gold))

    def replay(**conf: Any) -> dict[str, str]:
        run = api("POST", RUNS, {"logical_date": None, "conf": {"run_date": str(last)} | conf})
        return api.finished(DAG, run["dag_run_id"])

    assert replay() == states
    assert (lake.ingestions(last), len(coingecko.received)) == (ingestions, calls), "bronze is used again"
    assert replay(fetch_again=True) == states
    [snapshot] = lake.ingestions(last) - ingestions
    assert snapshot == f"ingested_at={last:%Y%m%d}T020000Z", "the clock of the source"
    assert len(coingecko.received) == calls + 1
    shown = lake.query(queries(NOW.date(), 250)["market_history.sql"])
    assert set(days) <= {row["dt"] for row in shown}


def texts(folder: Path) -> dict[str, bytes]:
    """What is in the files below a folder; a gzipped one as what it holds."""
    found = {}
    for file in folder.rglob("*"):
        with suppress(FileNotFoundError):  # Airflow is still at work
            body = file.read_bytes() if file.is_file() and not file.is_symlink() else b""
            found[str(file)] = gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
    return found


def test_the_api_key_is_nowhere_but_in_the_requests_header(
    api: Api, all_of_airflow: Airflow, coingecko: StandIn, local_aws_state: Path
) -> None:
    """After the runs above: the logs, the metadata database, the lake with its objects' metadata, the API."""
    if not coingecko.received:  # this test alone
        api.finished(DAG, trigger(api, DAG)["dag_run_id"])
    assert {request.headers["x-cg-demo-api-key"] for request in coingecko.received} == {API_KEY}
    assert not any(API_KEY in request.target for request in coingecko.received)

    home = Path(all_of_airflow.environment["AIRFLOW_HOME"])
    left = texts(home) | texts(all_of_airflow.logs) | texts(local_aws_state)
    with closing(sqlite3.connect(f"file:{home / 'airflow.db'}?mode=ro", uri=True, timeout=60)) as database:
        left["airflow.db, dumped"] = "\n".join(database.iterdump()).encode()
    for path in (f"{RUNS}/~/taskInstances?limit=100", "connections", "variables", "config"):
        with suppress(urllib.error.HTTPError):
            left[path] = json.dumps(api("GET", path)).encode()
    # These prove that the places were looked at where a key would be.
    for place, trace in {
        "fetch_markets": b"CoinGecko call 1",
        "airflow.db, dumped": b"rendered_task_instance_fields",
        "page-0001": b"current_price",
    }.items():
        assert any(place in name and trace in body for name, body in left.items()), f"no {place} was searched"

    key = API_KEY.encode()
    spellings = {key, quote(API_KEY, safe="").encode(), base64.b64encode(key), key.replace(b"/", b"\\/")}
    leaks = {name for name, body in left.items() for spelling in spellings if spelling in body}
    assert not leaks


@pytest.mark.clock
def test_the_deadline_alerts_until_the_website_shows_the_day(
    api: Api, lake: Lake, alerts: Callable[[], list[str]]
) -> None:
    def checked() -> str:
        run = trigger(api, DEADLINE)
        return api.finished(DEADLINE, run["dag_run_id"])["check_website"]

    def shows(document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        boto3.client("s3").put_object(Bucket=WEBSITE_BUCKET, Key="data/top10_cryptos.json", Body=body)

    api.unpause(DEADLINE)
    alerts()
    document = lake.website("top10_cryptos")
    try:
        shows(document | {"as_of": "2026-01-30"})
        assert checked() == "failed"
    finally:
        shows(document)
    assert checked() == "success"
    received: list[str] = []
    deadline = time.monotonic() + PATIENCE
    while not (late := [text for text in received if f"the data of {NOW.date()} are late" in text]):
        assert time.monotonic() < deadline, f"no alert within {PATIENCE} seconds but {received}"
        received += alerts()
    alert = late[0]
    assert "/data/top10_cryptos.json is of 2026-01-30, made " in alert
    assert f"{(REPOSITORY / 'docs').as_uri()}/operations.md#check_website" in alert
