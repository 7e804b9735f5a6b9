"""Metrics, read back from CloudWatch."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from include.orchestration import metrics
from tests import athena, cloudwatch

pytestmark = pytest.mark.clock


def finished(task_id: str, returned: Any) -> dict[str, Any]:
    """The context of a task that has succeeded."""
    return {"ti": SimpleNamespace(task_id=task_id, xcom_pull=lambda task_ids: {task_id: returned}[task_ids])}


class Sent:
    """What has been sent since: the server is shared with tests that run whole DAGs."""

    def __init__(self, *names: str, **dimensions: str) -> None:
        self.dimensions = dimensions
        self.before = {name: total(name, **dimensions) for name in names}

    def since(self) -> list[float]:
        return [total(name, **self.dimensions) - before for name, before in self.before.items()]


def total(name: str, **dimensions: str) -> float:
    """The sum of all values of a metric."""
    return sum(cloudwatch.values(name, "Sum", **dimensions))


def test_an_ingestion_counts_rows_and_calls(aws: None) -> None:
    sent = Sent("bronze_rows", "api_calls")
    metrics.ingestion(finished("fetch_markets", {"rows": 251, "api_calls": 3, "keys": []}))
    assert sent.since() == [251, 3]


def test_a_day_is_the_row_of_its_query_and_a_null_is_no_metric(aws: None, bucket: str) -> None:
    query = athena.run(
        "SELECT 240 AS silver_rows, 1.5e0 AS age_of_it, CAST(NULL AS INTEGER) AS nothing", bucket
    )
    sent = Sent("silver_rows", "age_of_it")
    metrics.day(finished("measure_day", query["QueryExecutionId"]))
    assert sent.since() == [240, 1.5]
    listed = boto3.client("cloudwatch").list_metrics(Namespace="CryptoLake")["Metrics"]
    assert "nothing" not in {metric["MetricName"] for metric in listed}


@pytest.mark.parametrize(("ranked", "alerts"), [(224, 1), (225, 0)])
def test_a_drop_of_coins_is_an_alert_with_both_numbers(
    inbox: Any, bucket: str, ranked: int, alerts: int
) -> None:
    dropped = int(ranked < 225)
    query = athena.run(
        f"SELECT {ranked} AS ranked_rows, 250 AS ranked_rows_day_before, {dropped} AS ranked_rows_dropped",
        bucket,
    )
    context = finished("measure_day", query["QueryExecutionId"]) | {"params": {"run_date": "2026-01-31"}}
    metrics.alert_on_drop(context)
    received = inbox()
    assert len(received) == alerts
    for alert in received:
        assert "224 ranked coins on 2026-01-31, 250 the day before" in alert["Message"]
        assert 'section "Fewer coins than the day before"' in alert["Message"]


def test_bytes_are_counted_by_task(aws: None, bucket: str) -> None:
    query = athena.run("SELECT 1", bucket)
    metrics.query(finished("a_query", query["QueryExecutionId"]))
    assert total("bytes_scanned", task="a_query") == query["Statistics"]["DataScannedInBytes"]


def test_a_publication_and_arrivals_are_counted(aws: None) -> None:
    sent = Sent("published_files", "rejected_files", "processed_rows_kept", "processed_values_emptied")
    metrics.publication(finished("publish_website", {"top10_cryptos": {}, "market_history": {}}))
    report = {
        "files": {"processed": 2, "rejected": 1, "gone": 0},
        "rows": {"read": 9, "kept": 8},
        "values": {"read": 40, "emptied": 5},
        "emptied": {"market_cap": {"ambiguous": 3, "not_a_number": 2}},
    }
    ambiguous = Sent("emptied_values", column="market_cap", reason="ambiguous")
    metrics.arrivals(finished("report", report))
    assert sent.since() == [2, 1, 8, 5]
    assert ambiguous.since() == [3]


def test_the_alarm_looks_at_what_a_publication_sends(aws: None) -> None:
    alarms = (Path(__file__).parents[3] / "infra" / "alarms.tf").read_text(encoding="utf-8")
    [name] = re.findall(rf'namespace += "{metrics.NAMESPACE}"\n +metric += "(\w+)"', alarms)
    sent = Sent(name)
    metrics.publication(finished("publish_website", {"top10_cryptos": {}}))
    assert sent.since() == [1]


def test_metrics_that_cannot_be_sent_fail_nothing(
    aws: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    metrics.ingestion(finished("fetch_markets", None))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    metrics.publication(finished("publish_website", {}))
    for task in ("fetch_markets", "publish_website"):
        assert f"The metrics of {task} could not be sent: check the right to cloudwatch:Put" in caplog.text
