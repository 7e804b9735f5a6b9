"""What `docker compose up` promises, asked of the running thing through its published ports.

One project serves all tests, which follow one another.
"""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from include.crypto_lake.website import TOP10_CRYPTOS
from lake_provider.athena_rows import parse_rows
from laptop.lake.deployment import LAKE_BUCKET

if TYPE_CHECKING:
    from tests.airflow_api import Api
    from tests.compose.conftest import Stack

DAILY, ON_ARRIVAL = "crypto_market_daily", "crypto_prices_on_arrival"
RUNNING = {"api-server", "coingecko", "dag-processor", "local-aws", "postgres", "scheduler", "triggerer"}
ONCE = {"migrate", "secrets"}

pytestmark = pytest.mark.timeout(1800)


def until(condition: Callable[[], Any], what: str, seconds: float = 300) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.5)
    raise AssertionError(f"{what}: not within {seconds:.0f} seconds")


def inside(stack: Stack, service: str, *command: str) -> str:
    return stack.compose("exec", "--no-TTY", service, *command)


def task_states(api: Api, run_id: str) -> dict[str, str]:
    return {task["task_id"]: task["state"] for task in api.tasks(DAILY, run_id)}


def start_daily(api: Api, day: str) -> str:
    run = api("POST", f"dags/{DAILY}/dagRuns", {"logical_date": None, "conf": {"run_date": day}})
    return run["dag_run_id"]


def assert_success(api: Api, run_id: str) -> None:
    """Wait for the run; when a task failed, say what its log ends with."""
    states = api.finished(DAILY, run_id, timeout=900)
    logs = {
        task["task_id"]: json.dumps(
            api(
                "GET",
                f"dags/{DAILY}/dagRuns/{run_id}/taskInstances/{task['task_id']}/logs/{task['try_number']}",
            )["content"][-15:]
        )
        for task in api.tasks(DAILY, run_id)
        if task["state"] == "failed"
    }
    assert set(states.values()) == {"success"}, f"{states}\n{logs}"


def top10(stack: Stack) -> dict[str, Any]:
    url = f"http://127.0.0.1:{stack.ports['DASHBOARD_PORT']}/data/top10_cryptos.json"
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)


def prices(stack: Stack, day: str) -> dict[str, float]:
    """Coin -> price of a dropped day, through Athena's API; none while the table does not have it."""
    athena = stack.aws("athena")
    year, month, of_month = day.split("-")
    started = athena.start_query_execution(
        QueryString="SELECT coin_id, current_price FROM processed_crypto"
        f" WHERE year = '{year}' AND month = '{month}' AND day = '{of_month}'",
        QueryExecutionContext={"Database": "crypto_datalake"},
        WorkGroup="crypto-lake",
    )["QueryExecutionId"]

    def ended() -> str | None:
        state = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]["State"]
        return None if state in {"QUEUED", "RUNNING"} else state

    if until(ended, "the query's end") == "FAILED":
        return {}  # no such table before the first crawl
    pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=started)
    return {row["coin_id"]: row["current_price"] for row in parse_rows(pages)}


def drop(stack: Stack, day: str, **of_coins: float) -> None:
    rows = [
        {"id": coin, "symbol": coin[:3], "current_price": price, "last_updated": f"{day}T10:00:00.000Z"}
        for coin, price in of_coins.items()
    ]
    stack.aws("s3").put_object(
        Bucket=LAKE_BUCKET, Key=f"raw/crypto_prices_{day}.json", Body=json.dumps(rows).encode()
    )


@pytest.fixture(scope="module")
def api(stack: Stack) -> Api:
    """With the daily DAG unpaused, and without today's run, which that starts."""
    client = stack.api
    client.unpause(DAILY)
    runs = f"dags/{DAILY}/dagRuns"
    for run in until(lambda: client("GET", f"{runs}?run_type=scheduled")["dag_runs"], "the scheduled run"):
        client("PATCH", f"{runs}/{run['dag_run_id']}", {"state": "failed"})
    return client


def test_everything_is_healthy_and_comes_back_by_itself(stack: Stack) -> None:
    containers = stack.containers()
    assert containers.keys() == RUNNING | ONCE
    for service in RUNNING:
        assert containers[service]["State"]["Health"]["Status"] == "healthy", service
        assert containers[service]["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped", service
    for service in ONCE:
        assert (containers[service]["State"]["Status"], containers[service]["State"]["ExitCode"]) == (
            "exited",
            0,
        ), service


def test_no_port_is_open_to_others_than_this_machine(stack: Stack) -> None:
    published = {
        int(binding["HostPort"]): binding["HostIp"]
        for container in stack.containers().values()
        for bindings in container["NetworkSettings"]["Ports"].values()
        for binding in bindings or []
    }
    assert published == dict.fromkeys(stack.ports.values(), "127.0.0.1")


def test_nothing_runs_as_root_or_may_become_it(stack: Stack) -> None:
    for service, container in stack.containers().items():
        assert container["HostConfig"]["CapDrop"] == ["ALL"], service
        assert "no-new-privileges:true" in container["HostConfig"]["SecurityOpt"], service
        assert not container["HostConfig"]["Privileged"], service
    for service in RUNNING:
        status = inside(stack, service, "cat", "/proc/1/status")
        assert re.search(r"^Uid:\t[1-9]", status, re.M), f"{service}: {status}"


def test_secrets_are_made_at_the_first_start_and_are_nowhere_but_in_their_volume(stack: Stack) -> None:
    def read() -> dict[str, str]:
        names = inside(stack, "scheduler", "ls", "/opt/airflow/secrets").split()
        return {name: inside(stack, "scheduler", "cat", f"/opt/airflow/secrets/{name}") for name in names}

    made = read()
    assert made.keys() >= {"postgres_password", "fernet_key", "jwt_secret", "api_secret_key"}
    assert all(len(value) > 40 for value in made.values())
    shown = (
        json.dumps(stack.containers()) + stack.compose("config") + stack.compose("logs", "--no-log-prefix")
    )
    assert not [name for name, value in made.items() if value in shown]
    stack.compose("run", "--rm", "--no-deps", "secrets")
    assert read() == made, "a later start keeps them"


def test_files_lie_as_on_mwaa(stack: Stack) -> None:
    assert "crypto_lake" in inside(stack, "scheduler", "ls", "/opt/airflow/dags/include")
    assert "lake_provider" in inside(stack, "triggerer", "ls", "/opt/airflow/plugins")
    assert inside(stack, "triggerer", "ls", "/opt/airflow/dags") == "", "the triggerer sees no DAG files"
    assert stack.api("GET", "importErrors")["import_errors"] == []


def test_an_edited_dag_shows_without_a_rebuild(stack: Stack) -> None:
    file = stack.folder / "dags" / f"{ON_ARRIVAL}.py"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('description="', 'description="Edited. ', 1), encoding="utf-8")
    until(
        lambda: stack.api("GET", f"dags/{ON_ARRIVAL}")["description"].startswith("Edited. "), "the edit shows"
    )


def test_a_dropped_file_is_queryable_with_nobody_starting_anything(stack: Stack) -> None:
    drop(stack, "2026-02-25", bitcoin=60000, ethereum=3000)
    found = until(lambda: prices(stack, "2026-02-25"), "the file's day is queryable")
    assert found == {"bitcoin": 60000, "ethereum": 3000}

    def asset_runs() -> list[dict[str, Any]]:
        runs = stack.api("GET", f"dags/{ON_ARRIVAL}/dagRuns?limit=100")["dag_runs"]
        return [run for run in runs if run["run_type"] == "asset_triggered" and run["end_date"]]

    assert {run["state"] for run in until(asset_runs, "the run that the file started ends")} == {"success"}


def test_a_daily_run_outlives_a_restart_of_the_scheduler(stack: Stack, api: Api) -> None:
    run = start_daily(api, "2026-01-30")
    until(
        lambda: task_states(api, run).get("bronze_to_silver") == "deferred",
        "the first Glue job's task waits for it",
    )
    stack.restart("scheduler")
    assert_success(api, run)
    published = top10(stack)
    TOP10_CRYPTOS.check(published)
    assert (published["as_of"], published["source"]) == ("2026-01-30", "synthetic")


def test_a_daily_run_and_the_lake_outlive_a_restart_of_local_aws(stack: Stack, api: Api) -> None:
    run = start_daily(api, "2026-01-31")
    until(
        lambda: task_states(api, run).get("bronze_to_silver") == "deferred",
        "the first Glue job's task waits for it",
    )
    stack.restart("local-aws")  # the job's run ends with it; its queues and topics are made again
    assert top10(stack)["as_of"] == "2026-01-30", "the website is as it was"
    drop(stack, "2026-02-26", bitcoin=61000)
    assert until(lambda: prices(stack, "2026-02-26"), "the queue wakes the DAG again") == {"bitcoin": 61000}
    assert_success(api, run)
    assert top10(stack)["as_of"] == "2026-01-31"


def test_everything_is_there_after_down_and_up(stack: Stack) -> None:
    stack.compose("down", "--timeout", "20")
    stack.up()
    assert top10(stack)["as_of"] == "2026-01-31"
    assert prices(stack, "2026-02-25") == {"bitcoin": 60000, "ethereum": 3000}
    runs = stack.api("GET", f"dags/{DAILY}/dagRuns?run_type=manual")["dag_runs"]
    assert {run["state"] for run in runs} == {"success"}
    assert len(runs) == 2


def configured(stack: Stack, override: str, **variables: str) -> dict[str, Any]:
    """The services as an override has them: what they lead to cannot be had here."""
    files = ("--file", "docker-compose.yaml", "--file", override)
    return json.loads(stack.compose(*files, "config", "--format", "json", variables=variables))["services"]


def test_the_live_override_asks_coingecko_itself(stack: Stack) -> None:
    services = configured(stack, "docker-compose.live.yaml", COINGECKO_API_KEY="CG-key")
    assert services.keys() == (RUNNING | ONCE) - {"coingecko"}
    connection = json.loads(services["scheduler"]["environment"]["AIRFLOW_CONN_COINGECKO_DEFAULT"])
    assert (connection["schema"], connection["host"]) == ("https", "api.coingecko.com")
    assert connection["password"] == "CG-key"


ACCOUNT = {
    "AWS_ACCESS_KEY_ID": "an id",
    "AWS_SECRET_ACCESS_KEY": "a secret",
    "AWS_SESSION_TOKEN": "a token",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "LAKE_BUCKET": "a-lake",
    "WEBSITE_BUCKET": "a-website",
    "ALERT_TOPIC_ARN": "arn:aws:sns:eu-central-1:111122223333:alerts",
    "DASHBOARD_URL": "https://d111111abcdef8.cloudfront.net",
}


def test_the_aws_override_leads_to_the_account_alone(stack: Stack) -> None:
    account = ACCOUNT
    services = configured(stack, "docker-compose.aws.yaml", **account)
    assert services.keys() == (RUNNING | ONCE) - {"coingecko", "local-aws"}
    for service in ("scheduler", "triggerer"):
        environment = services[service]["environment"]
        aws = {name: value for name, value in environment.items() if name.startswith("AWS_")}
        assert aws == {name: value for name, value in account.items() if name.startswith("AWS_")}, service
        assert json.loads(environment["AIRFLOW_VAR_CRYPTO_LAKE"]) == {
            "bucket": "a-lake",
            "website_bucket": "a-website",
            "alert_topic_arn": account["ALERT_TOPIC_ARN"],
            "coins": 250,
            "currency": "usd",
        }
    api_server = services["api-server"]["environment"]
    assert api_server["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] == "false"
    with pytest.raises(AssertionError, match="the output lake_bucket of Terraform"):
        configured(stack, "docker-compose.aws.yaml", **account | {"LAKE_BUCKET": ""})


def test_with_the_aws_override_there_is_a_log_in(stack: Stack) -> None:
    files = ("--file", "docker-compose.yaml", "--file", "docker-compose.aws.yaml")
    up = ("up", "--detach", "--wait", "--no-deps", "api-server")
    url = f"http://127.0.0.1:{stack.ports['UI_PORT']}"

    def status(path: str, body: Any = None) -> int:
        request = urllib.request.Request(
            url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    stack.compose(*files, *up, variables=ACCOUNT)
    try:
        assert status("/api/v2/dags") == 401
        assert status("/auth/token") in (401, 403)
        text = inside(stack, "api-server", "cat", "/opt/airflow/secrets/ui_passwords.json")
        password = json.loads(text)["admin"]
        assert status("/auth/token", {"username": "admin", "password": "admin"}) == 401
        assert status("/auth/token", {"username": "admin", "password": password}) == 201
        assert password not in stack.compose("logs", "--no-log-prefix", "api-server")
    finally:
        stack.compose(*up)
