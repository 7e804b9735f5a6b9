"""The deployed package where MWAA would run it: pip, parsing, plugins, the daily DAG, a dropped file."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from laptop.lake.deployment import LAKE_BUCKET
from release import smoke
from release.errors import ReleaseError
from tests.e2e.conftest import Airflow, Lake
from tests.package.conftest import REPOSITORY, Installed, Mwaa, distributions, site_packages

pytestmark = pytest.mark.timeout(2400)  # each task begins with a new interpreter, as on MWAA
RACE = "finished with state success, but the task instance's state attribute is"
MWAA_PATIENCE = 9 * 60  # seconds that MWAA gives pip


def test_pip_installs_the_requirements_and_leaves_what_mwaa_has_alone(
    image: Path, installed: Installed
) -> None:
    assert installed.pip.returncode == 0, installed.pip.stdout + installed.pip.stderr
    assert installed.seconds < MWAA_PATIENCE
    added = distributions(site_packages(installed.environment))
    assert {"pandas", "pyarrow", "numpy"} <= set(added)
    there = distributions(image)
    assert there["apache-airflow-core"] == "3.2.1"
    assert not {"pandas", "pyarrow", "numpy"} & set(there)
    assert set(added) & set(there) <= {"pip"}
    check = subprocess.run(
        [installed.python, "-m", "pip", "check"], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stdout


def test_nothing_of_the_repository_is_to_be_seen(
    installed: Installed, airflow_environment: dict[str, str], tmp_path: Path
) -> None:
    path = subprocess.run(
        [installed.python, "-c", "import json, sys; print(json.dumps(sys.path))"],
        cwd=tmp_path,
        env=airflow_environment,
        capture_output=True,
        text=True,
        check=True,
    )
    below = [Path(entry) for entry in json.loads(path.stdout) if Path(entry).is_relative_to(REPOSITORY)]
    assert all(entry.is_relative_to(REPOSITORY / ".local" / "mwaa") for entry in below)


def test_the_dags_are_parsed_without_an_error(airflow: Airflow, mwaa: Mwaa) -> None:
    until_loaded(airflow)
    assert airflow.api("GET", "importErrors")["import_errors"] == []
    dags = airflow.api("GET", "dags")["dags"]
    assert {dag["relative_fileloc"] for dag in dags} == {path.name for path in mwaa.dags.glob("*.py")}


def test_the_webserver_sees_the_plugin(airflow: Airflow, lake: Lake) -> None:
    assert airflow.api("GET", "plugins/importErrors")["import_errors"] == []
    plugins = {plugin["name"]: plugin for plugin in airflow.api("GET", "plugins")["plugins"]}
    views = {view["name"]: view["href"] for view in plugins["dashboard_link"]["external_views"]}
    assert views["Dashboard"] == lake.website_url


def test_the_daily_dag_runs_to_the_dashboard(airflow: Airflow, lake: Lake) -> None:
    """In workers and triggerer, with the deployed Glue scripts, by what `make smoke` does."""
    until_loaded(airflow)
    with pytest.raises(ReleaseError, match="crypto_market_daily is paused"):
        smoke.run_daily(airflow.api, lake.website_url, print)

    airflow.api.unpause(smoke.DAG)
    runs = f"dags/{smoke.DAG}/dagRuns"
    scheduled = until(lambda: airflow.api("GET", f"{runs}?run_type=scheduled")["dag_runs"])
    for run in scheduled:  # which unpausing begins, and which is not needed here
        airflow.api("PATCH", f"{runs}/{run['dag_run_id']}", {"state": "failed"})

    said: list[str] = []
    try:
        smoke.run_daily(airflow.api, lake.website_url, said.append, poll_interval=1)
    except ReleaseError as failure:
        # Airflow 3.2.1 (apache/airflow#67287, #72716): a task whose trigger fires at once can be taken for
        # killed when the scheduler is slow. On a busy machine all three tries of a query may meet that.
        if RACE not in (airflow.logs / "scheduler.log").read_text():
            raise AssertionError(f"{failure}\n{errors(airflow, 'run_id=smoke_*')}") from None
        smoke.run_daily(airflow.api, lake.website_url, said.append, poll_interval=1)
    assert said[-1].startswith(f"✓ {lake.website_url}/data/top10_cryptos.json is of ")
    assert len(lake.website("top10_cryptos")["coins"]) == 10
    with urllib.request.urlopen(lake.website_url, timeout=10) as page:
        assert b"assets/dashboard." in page.read()


def test_a_dropped_file_wakes_the_triggerer_which_has_the_plugins_alone(airflow: Airflow, lake: Lake) -> None:
    until_loaded(airflow)
    rows = [{"id": "bitcoin", "current_price": 1.5, "last_updated": "2026-02-25T10:00:00Z"}]
    key = "processed/crypto/year=2026/month=02/day=25/data.parquet"
    boto3.client("s3").put_object(
        Bucket=LAKE_BUCKET, Key="raw/crypto_prices_2026-02-25.json", Body=json.dumps(rows).encode()
    )
    until(lambda: lake.keys(key))
    runs = airflow.api("GET", "dags/crypto_prices_on_arrival/dagRuns")["dag_runs"]
    assert {run["run_type"] for run in runs} & {"asset_triggered", "asset"}, runs


def errors(airflow: Airflow, run: str) -> str:
    """The lines of error in the task logs of a run."""
    logs = Path(airflow.environment["AIRFLOW_HOME"], "logs").glob(f"dag_id=*/{run}/**/*.log")
    lines = [line for log in sorted(logs) for line in log.read_text().splitlines()]
    return "\n".join(line[:3000] for line in lines if '"error"' in line)


def until_loaded(airflow: Airflow) -> None:
    """Wait until the DAG processor has been through the folder."""
    until(lambda: airflow.api("GET", "dags")["total_entries"] == 4)


def until(condition: Callable[[], Any], seconds: float = 300) -> Any:
    """What a condition gives once it holds."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} seconds"
        time.sleep(1)
    return found
