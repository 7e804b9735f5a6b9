"""The daily DAG: its shape, and its templates in every kind of run."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
from airflow.providers.amazon.aws.operators.athena import AthenaOperator
from airflow.sdk import DAG
from airflow.sdk.exceptions import ParamValidationError

from include.crypto_lake import layout
from include.crypto_lake.glue_script_files import script_arguments
from include.crypto_lake.resources import load_resources
from include.crypto_lake.settings import SettingsError
from laptop.lake.deployment import VALUES

NIGHT = datetime(2026, 1, 31, 2, 0, tzinfo=UTC)
LATER = datetime(2026, 2, 3, 9, 30, tzinfo=UTC)

# What Airflow 3 gives a run: a manual run without a date and an asset-triggered one have no logical date.
RUNS = {
    "scheduled": {
        "dag_run": SimpleNamespace(logical_date=NIGHT, run_after=NIGHT),
        "params": {"run_date": None, "fetch_again": False},
    },
    "manual without a date": {
        "dag_run": SimpleNamespace(logical_date=None, run_after=NIGHT),
        "params": {"run_date": None, "fetch_again": False},
    },
    "manual with a parameter": {
        "dag_run": SimpleNamespace(logical_date=LATER, run_after=LATER),
        "params": {"run_date": "2026-01-31", "fetch_again": True},
    },
}


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "AIRFLOW_VAR_CRYPTO_LAKE",
        json.dumps({"bucket": "a-lake", "website_bucket": "a-website", "coins": 100, "currency": "eur"}),
    )


FETCHED = {"ingested_at": "20260131T020003Z", "requested": 77, "currency": "gbp"}


def rendered(dag: DAG, task_id: str, run: dict[str, Any], fetched: dict[str, Any] | None = FETCHED) -> Any:
    """A copy of the task with its templates rendered as a worker does."""
    task = dag.get_task(task_id).prepare_for_execution()
    returned = {"fetch_markets": fetched, "bronze_to_silver": "jr_1"}
    ti = SimpleNamespace(xcom_pull=lambda task_ids, **_: returned.get(task_ids, "query-1"), task=task)
    context = run | {"ti": ti, "task": task, "dag": dag, "run_id": "a-run"}
    task.render_template_fields(context)
    return task


def test_the_edges_are_the_datas_way(daily: DAG) -> None:
    edges = {task.task_id: task.downstream_task_ids for task in daily.tasks}
    queries = {"query_top10", "query_market_history", "query_coin_history"}
    assert edges == {
        "fetch_markets": {"bronze_to_silver"},
        "bronze_to_silver": {"crawl_silver", "silver_to_gold"},
        "crawl_silver": {"check_gold", "measure_day"},
        "silver_to_gold": {"crawl_gold"},
        "crawl_gold": {"check_gold", "measure_day"},
        "measure_day": set(),
        "check_gold": queries,
        **{query: {"publish_website"} for query in queries},
        "publish_website": set(),
    }


def test_it_runs_at_two_utc_and_one_run_at_a_time(daily: DAG) -> None:
    assert daily.timetable.expression == layout.DAILY_SCHEDULE == "0 2 * * *"
    assert daily.max_active_runs == 1


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS.keys())
def test_every_template_renders_in_every_kind_of_run(daily: DAG, run: dict[str, Any]) -> None:
    for task in daily.tasks:
        fields = rendered(daily, task.task_id, run)
        texts = json.dumps([getattr(fields, name) for name in fields.template_fields], default=str)
        assert "{{" not in texts, f"{task.task_id}: {texts}"
        assert "2026-01-31" in texts, f"{task.task_id} does not know its run date: {texts}"


def test_the_glue_jobs_get_the_date_and_the_bucket(daily: DAG) -> None:
    for name, made_from, currency in (
        ("bronze_to_silver", "gbp:20260131T020003Z", {"--currency": "gbp"}),
        ("silver_to_gold", "jr_1", {}),
    ):
        task = rendered(daily, name, RUNS["scheduled"])
        assert task.job_name == name
        assert task.script_args == {
            **script_arguments(name, "a-lake"),
            "--run_date": "2026-01-31",
            **currency,
            "--bucket": "a-lake",
            "--airflow_task_uuid": f"a-run:{name}:{made_from}",
        }


def test_what_the_whole_lake_shares_comes_from_the_variable(daily: DAG) -> None:
    fetch = rendered(daily, "fetch_markets", RUNS["scheduled"])
    assert (fetch.bucket, fetch.coins, fetch.currency) == ("a-lake", "100", "eur")
    assert rendered(daily, "publish_website", RUNS["scheduled"]).op_kwargs["bucket"] == "a-website"


def test_the_gate_compares_the_day_with_the_request_of_its_own_ingestion(daily: DAG) -> None:
    gate = rendered(daily, "check_gold", RUNS["scheduled"]).query
    assert "gold.ranked * 100 >= 77 * (100 - 10)" in gate
    assert "LEAST(50, 77)" in gate


QUERIES = ("check_gold", "measure_day", "query_top10", "query_market_history", "query_coin_history")


@pytest.mark.parametrize("task_id", QUERIES)
def test_a_query_reads_the_currency_of_its_own_ingestion_and_not_todays_setting(
    daily: DAG, task_id: str
) -> None:
    query = rendered(daily, task_id, RUNS["scheduled"]).query
    assert "currency = 'gbp'" in query
    assert "eur" not in query


@pytest.mark.parametrize("task_id", ["bronze_to_silver", *QUERIES])
@pytest.mark.parametrize("fetched", [None, {"ingested_at": "20260131T020003Z", "requested": 77}])
def test_a_run_that_an_earlier_release_began_says_what_to_clear(
    daily: DAG, task_id: str, fetched: dict[str, Any] | None
) -> None:
    with pytest.raises(
        ValueError, match=r"fetch_markets of this run does not report its .*: clear fetch_markets"
    ):
        rendered(daily, task_id, RUNS["scheduled"], fetched)


def test_a_past_day_is_fetched_again_when_the_parameter_says_so(daily: DAG) -> None:
    assert rendered(daily, "fetch_markets", RUNS["scheduled"]).fetch_again == "False"
    assert rendered(daily, "fetch_markets", RUNS["manual with a parameter"]).fetch_again == "True"


def test_the_queries_results_go_where_the_declared_workgroup_says(daily: DAG) -> None:
    queries = [task for task in daily.tasks if isinstance(task, AthenaOperator)]
    assert len(queries) == 5
    workgroup = load_resources(VALUES)["athena"]["workgroup"]
    assert workgroup["Configuration"]["EnforceWorkGroupConfiguration"]
    assert {(task.workgroup, task.output_location) for task in queries} == {(workgroup["Name"], None)}


def test_a_missing_setting_is_named(daily: DAG, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_CRYPTO_LAKE", '{"bucket": "a-lake"}')
    with pytest.raises(Exception, match="Variable 'crypto_lake' has no 'website_bucket'"):
        rendered(daily, "fetch_markets", RUNS["scheduled"])
    monkeypatch.setenv("AIRFLOW_VAR_CRYPTO_LAKE", '{"bucket": "a-lake",}')
    with pytest.raises(Exception, match="Variable 'crypto_lake' is not JSON"):
        rendered(daily, "fetch_markets", RUNS["scheduled"])
    monkeypatch.delenv("AIRFLOW_VAR_CRYPTO_LAKE")
    with pytest.raises(Exception, match="Variable 'crypto_lake'"):
        rendered(daily, "fetch_markets", RUNS["scheduled"])


@pytest.mark.parametrize(
    "wrong",
    [
        *("yesterday", "2026-02-30", "20260131", "2026-01-31' OR '1'='1", "../2026-01-31", 20260131),
        *("2026-01-31'; DROP TABLE gold_coins_market; --", "2026-01-31\n", "２０２６-01-31", "{{ 7 * 7 }}"),
        *("$(touch x)", "2026-01-31/../..", "2026-01-31\x01", "2026-01-31" * 100),
    ],
)
def test_a_wrong_run_date_is_refused_by_the_form_and_by_the_templates(daily: DAG, wrong: Any) -> None:
    param = daily.params.get_param("run_date")
    with pytest.raises((ParamValidationError, jsonschema.ValidationError)):
        param.resolve(wrong)
    run = RUNS["scheduled"] | {"params": {"run_date": wrong}}
    with pytest.raises(ValueError, match="must be a date like 2026-01-31"):
        rendered(daily, "query_top10", run)


@pytest.mark.parametrize("key", ["bucket", "website_bucket", "currency", "coins", "alert_topic_arn"])
@pytest.mark.parametrize(
    "value",
    [
        *("'; DROP TABLE gold_coins_market; --", "../../other", "a-lake\n", "a-lake/../x", "{{ 7 * 7 }}"),
        *("usd OR 1 = 1", "$(touch x)", "a\x01b", "x" * 1000, "１２３", ["usd"], {"a": 1}),
    ],
    ids=range(12),
)
def test_a_setting_that_is_something_else_reaches_no_task(
    daily: DAG, monkeypatch: pytest.MonkeyPatch, key: str, value: Any
) -> None:
    right = {"bucket": "a-lake", "website_bucket": "a-website"}
    monkeypatch.setenv("AIRFLOW_VAR_CRYPTO_LAKE", json.dumps(right | {key: value}))
    with pytest.raises(SettingsError, match=f"'{key}' in Airflow Variable 'crypto_lake'"):
        rendered(daily, "fetch_markets", RUNS["scheduled"])


def test_the_form_takes_a_date_or_nothing(daily: DAG) -> None:
    param = daily.params.get_param("run_date")
    assert param.resolve("2026-01-31") == "2026-01-31"
    assert param.resolve(None) is None
