"""The deployed package where MWAA would run it: pip, parsing, plugins, the daily DAG, a dropped file."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest

from local_aws.deployment import LAKE_BUCKET
from tests.e2e.conftest import Airflow, Lake
from tests.package.conftest import REPOSITORY, Installed, Mwaa, distributions, site_packages

pytestmark = pytest.mark.timeout(1200)  # of the first one: makes the environment, which takes minutes once
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
    """In the scheduler's workers and the triggerer, with the deployed Glue scripts."""
    until_loaded(airflow)
    began = datetime.now(UTC)
    airflow.api.unpause("crypto_market_daily")
    run = airflow.api("POST", "dags/crypto_market_daily/dagRuns", {"logical_date": None})["dag_run_id"]
    states = airflow.api.finished("crypto_market_daily", run, timeout=600)
    assert set(states.values()) == {"success"}, states

    with urllib.request.urlopen(f"{lake.website_url}/data/top10_cryptos.json", timeout=10) as answer:
        document = json.load(answer)
    assert datetime.fromisoformat(document["generated_at"]) > began.replace(microsecond=0)
    assert document["as_of"] in {began.date().isoformat(), datetime.now(UTC).date().isoformat()}
    assert len(document["coins"]) == 10
    with urllib.request.urlopen(lake.website_url, timeout=10) as page:
        assert b"assets/dashboard." in page.read()


def test_a_dropped_file_wakes_the_triggerer_which_has_the_plugins_alone(airflow: Airflow, lake: Lake) -> None:
    until_loaded(airflow)
    rows = [{"id": "bitcoin", "current_price": 1.5, "last_updated": "2026-02-25T10:00:00Z"}]
    key = "processed/crypto/year=2026/month=02/day=25/data.parquet"
    boto3.client("s3").put_object(
        Bucket=LAKE_BUCKET, Key="raw/crypto_prices_2026-02-25.json", Body=json.dumps(rows).encode()
    )
    deadline = time.monotonic() + 300
    while not lake.keys(key):
        assert time.monotonic() < deadline, (airflow.logs / "triggerer.log").read_text()[-3000:]
        time.sleep(1)
    runs = airflow.api("GET", "dags/crypto_prices_on_arrival/dagRuns")["dag_runs"]
    assert {run["run_type"] for run in runs} & {"asset_triggered", "asset"}, runs


def until_loaded(airflow: Airflow) -> None:
    """Wait until the DAG processor has been through the folder."""
    deadline = time.monotonic() + 120
    while airflow.api("GET", "dags")["total_entries"] < 2:
        assert time.monotonic() < deadline, airflow.api("GET", "importErrors")
        time.sleep(1)
