"""Metrics, read back from CloudWatch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from include.orchestration import metrics
from tests import athena


def finished(task_id: str, returned: Any) -> dict[str, Any]:
    """The context of a task that has succeeded."""
    return {"ti": SimpleNamespace(task_id=task_id, xcom_pull=lambda task_ids: {task_id: returned}[task_ids])}


def total(name: str, **dimensions: str) -> float:
    """The sum of a metric over the last minutes; fails if it has no value."""
    now = datetime.now(UTC)
    answer = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="CryptoLake",
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=1),
        Period=3600,
        Statistics=["Sum"],
    )
    return sum(point["Sum"] for point in answer["Datapoints"]) if answer["Datapoints"] else float("nan")


def test_an_ingestion_counts_rows_and_calls(aws: None) -> None:
    metrics.ingestion(finished("fetch_markets", {"rows": 251, "api_calls": 3, "keys": []}))
    assert (total("bronze_rows"), total("api_calls")) == (251, 3)


def test_a_day_is_the_row_of_its_query_and_a_null_is_no_metric(aws: None, bucket: str) -> None:
    query = athena.run(
        "SELECT 240 AS silver_rows, 1.5e0 AS age_of_it, CAST(NULL AS INTEGER) AS nothing", bucket
    )
    metrics.day(finished("measure_day", query["QueryExecutionId"]))
    assert (total("silver_rows"), total("age_of_it")) == (240, 1.5)
    listed = boto3.client("cloudwatch").list_metrics(Namespace="CryptoLake")["Metrics"]
    assert "nothing" not in {metric["MetricName"] for metric in listed}


def test_bytes_are_counted_by_task(aws: None, bucket: str) -> None:
    query = athena.run("SELECT 1", bucket)
    metrics.query(finished("a_query", query["QueryExecutionId"]))
    assert total("bytes_scanned", task="a_query") == query["Statistics"]["DataScannedInBytes"]


def test_a_publication_and_arrivals_are_counted(aws: None) -> None:
    metrics.publication(finished("publish_website", {"top10_cryptos": {}, "market_history": {}}))
    report = {"files": {"processed": 2, "rejected": 1, "gone": 0}, "rows": {"read": 9, "kept": 8}}
    metrics.arrivals(finished("report", report))
    assert total("published_files") == 2
    assert (total("rejected_files"), total("processed_rows_kept")) == (1, 8)


def test_metrics_that_cannot_be_sent_fail_nothing(
    aws: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    metrics.ingestion(finished("fetch_markets", None))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    metrics.publication(finished("publish_website", {}))
    for task in ("fetch_markets", "publish_website"):
        assert f"The metrics of {task} could not be sent: check the right to cloudwatch:Put" in caplog.text
