"""The backfill DAG: its shape, its form, and its templates."""

from __future__ import annotations

import json
from copy import copy
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.sdk.exceptions import ParamValidationError

from include.crypto_lake.glue_script_files import script_arguments

RANGE = {"from_date": "2025-02-01", "to_date": "2026-01-31", "replace": False}
FETCHED = {
    "ingested_at": "20260210T091500Z",
    "currency": "gbp",
    "partitions": [["2025-02-01"], ["2026-01-31"]],
}


@pytest.fixture
def backfill(dag_bag: DagBag, monkeypatch: pytest.MonkeyPatch) -> DAG:
    settings = {"bucket": "a-lake", "website_bucket": "a-website", "coins": 100, "currency": "eur"}
    monkeypatch.setenv("AIRFLOW_VAR_CRYPTO_LAKE", json.dumps(settings))
    return dag_bag.dags["crypto_market_backfill"]


def rendered(dag: DAG, task_id: str, fetched: dict[str, Any] = FETCHED, **params: Any) -> Any:
    """A copy of the task with its templates rendered as a worker does."""
    task = dag.get_task(task_id).prepare_for_execution()
    returned = {"fetch_history": fetched, "bronze_to_silver": "jr_1"}
    ti = SimpleNamespace(xcom_pull=lambda task_ids: returned[task_ids], task=task)
    now = datetime(2026, 2, 10, 9, 15, tzinfo=UTC)
    run = SimpleNamespace(logical_date=None, run_after=now)
    context = {
        "ti": ti,
        "task": task,
        "dag": dag,
        "run_id": "a-run",
        "dag_run": run,
        "params": RANGE | params,
    }
    task.render_template_fields(context)
    return task


def test_the_edges_are_the_datas_way(backfill: DAG) -> None:
    assert {task.task_id: task.downstream_task_ids for task in backfill.tasks} == {
        "fetch_history": {"bronze_to_silver"},
        "bronze_to_silver": {"crawl_silver", "silver_to_gold"},
        "crawl_silver": set(),
        "silver_to_gold": {"crawl_gold"},
        "crawl_gold": set(),
    }


def test_it_is_started_by_hand_and_one_run_at_a_time(backfill: DAG) -> None:
    assert backfill.schedule is None
    assert backfill.max_active_runs == 1


def test_a_year_without_a_key_fits_into_one_try_and_a_try_into_the_run(backfill: DAG) -> None:
    fetch = backfill.get_task("fetch_history")
    assert timedelta(minutes=250 / 5) < fetch.execution_timeout < backfill.dagrun_timeout
    assert fetch.retries == 5


def test_each_glue_job_does_the_whole_range_in_one_run(backfill: DAG) -> None:
    for name, made_from, currency in (
        ("bronze_to_silver", "gbp:20260210T091500Z", {"--currency": "gbp"}),
        ("silver_to_gold", "jr_1", {}),
    ):
        task = rendered(backfill, name)
        assert task.job_name == name
        assert task.script_args == {
            **script_arguments(name, "a-lake"),
            "--from_date": "2025-02-01",
            "--to_date": "2026-01-31",
            **currency,
            "--bucket": "a-lake",
            "--airflow_task_uuid": f"a-run:{name}:{made_from}",
        }


def test_a_run_that_an_earlier_release_began_says_what_to_clear(backfill: DAG) -> None:
    fetched = {key: value for key, value in FETCHED.items() if key != "currency"}
    with pytest.raises(
        ValueError, match=r"fetch_history of this run does not report its 'currency'.*: clear"
    ):
        rendered(backfill, "bronze_to_silver", fetched)


def test_the_crawlers_look_for_the_days_that_have_bronze(backfill: DAG) -> None:
    for name in ("crawl_silver", "crawl_gold"):
        assert rendered(backfill, name)._wanted()[0] == FETCHED["partitions"]


def test_the_fetch_gets_the_range_and_what_the_whole_lake_shares(backfill: DAG) -> None:
    fetch = rendered(backfill, "fetch_history", replace=True)
    assert (fetch.from_date, fetch.to_date, fetch.replace) == ("2025-02-01", "2026-01-31", "True")
    assert (fetch.bucket, fetch.coins, fetch.currency) == ("a-lake", "100", "eur")
    assert rendered(backfill, "fetch_history").replace == "False"


def test_the_form_wants_two_dates_and_replaces_nothing_by_itself(backfill: DAG) -> None:
    for name in ("from_date", "to_date"):
        param = copy(backfill.params.get_param(name))  # it remembers what it resolved
        with pytest.raises(ParamValidationError):
            param.resolve()
        assert param.resolve("2026-01-31") == "2026-01-31"
    assert backfill.params.get_param("replace").resolve() is False


@pytest.mark.parametrize("name", ["from_date", "to_date"])
@pytest.mark.parametrize(
    "wrong",
    [
        "2026-02-30",
        "20260131",
        "2026-01-31' OR '1'='1",
        "../2026-01-31",
        "2026-01-31\n",
        "２０２６-01-31",
        None,
    ],
)
def test_a_wrong_day_is_refused_by_the_form_and_by_the_templates(
    backfill: DAG, name: str, wrong: str | None
) -> None:
    with pytest.raises((ParamValidationError, jsonschema.ValidationError)):
        backfill.params.get_param(name).resolve(wrong)
    for task_id in ("fetch_history", "bronze_to_silver"):
        with pytest.raises(ValueError, match=f"params.{name} must be a date like 2026-01-31"):
            rendered(backfill, task_id, **{name: wrong})
