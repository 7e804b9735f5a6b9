"""The on-arrival DAG: its shape, what wakes it, and its form."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import boto3
import jsonschema
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.sdk.exceptions import ParamValidationError

from include.crypto_lake.resources import load_resources
from lake_provider.triggers.sqs import ArrivalQueueTrigger
from laptop.lake.deployment import VALUES


@pytest.fixture(scope="module")
def on_arrival(dag_bag: DagBag) -> DAG:
    return dag_bag.dags["crypto_prices_on_arrival"]


def test_the_edges_are_the_files_way(on_arrival: DAG) -> None:
    assert {task.task_id: task.downstream_task_ids for task in on_arrival.tasks} == {
        "find_arrivals": {"process_arrivals"},
        "process_arrivals": {"crawl_processed", "report"},
        "crawl_processed": set(),
        "report": set(),
    }


def test_it_is_woken_by_the_declared_queue_and_by_a_timer(on_arrival: DAG) -> None:
    timetable = on_arrival.timetable
    assert timetable.timetable.expression == "*/15 * * * *"
    [watcher] = timetable.asset_condition.watchers
    queue = load_resources(VALUES)["queues"]["arrivals"]["QueueName"]
    assert watcher.trigger.serialize() == ArrivalQueueTrigger(queue_name=queue).serialize()


def test_it_runs_alone_and_from_the_first_moment(on_arrival: DAG) -> None:
    assert on_arrival.max_active_runs == 1
    assert on_arrival.is_paused_upon_creation is False


def test_the_files_of_a_run_fit_into_a_small_worker(on_arrival: DAG) -> None:
    """MWAA gives a worker of mw1.small five tasks and 2 GB; one small file takes 340 MB."""
    assert on_arrival.get_task("process_arrivals").max_active_tis_per_dagrun == 2


def test_the_crawler_and_the_table_are_those_of_the_resources(on_arrival: DAG) -> None:
    crawl = on_arrival.get_task("crawl_processed")
    declared = load_resources(VALUES)["crawlers"][crawl.crawler_name]
    [target] = declared["Targets"]["CatalogTargets"]
    assert crawl.database == declared["DatabaseName"]
    assert crawl.tables == target["Tables"]


def test_the_catalog_is_asked_for_every_day_and_for_the_columns_written(
    on_arrival: DAG, aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"bucket": "arrival-dag-test", "website_bucket": "a-website"}
    monkeypatch.setenv("AIRFLOW_VAR_CRYPTO_LAKE", json.dumps(settings))
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=settings["bucket"])
    for day in ("25", "26"):
        key = f"processed/crypto/year=2026/month=02/day={day}/data.parquet"
        s3.put_object(Bucket=settings["bucket"], Key=key, Body=b"x")

    def xcom_pull(task_ids: list[str]) -> list[Any]:
        assert task_ids == ["process_arrivals"]
        return [[{"columns": ["b", "a"]}, {"columns": []}], [{"columns": ["a", "c"]}]]

    task = on_arrival.get_task("crawl_processed").prepare_for_execution()
    task.render_template_fields({"ti": SimpleNamespace(xcom_pull=xcom_pull), "task": task, "dag": on_arrival})
    assert json.loads(task.partitions) == [["2026", "02", "25"], ["2026", "02", "26"]]
    assert json.loads(task.columns) == ["a", "b", "c"]


@pytest.mark.parametrize("wrong", ["processed/", "/raw/", "", 7])
def test_only_keys_of_raw_can_be_processed_again(on_arrival: DAG, wrong: Any) -> None:
    param = on_arrival.params.get_param("reprocess")
    with pytest.raises((ParamValidationError, jsonschema.ValidationError)):
        param.resolve(wrong)
    assert param.resolve("raw/") == "raw/"
    assert param.resolve(None) is None
