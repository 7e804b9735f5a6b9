"""Alerts, read by somebody who subscribed to the lake's topic."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from airflow.sdk.api.datamodels._generated import TaskInstanceState
from airflow.sdk.exceptions import AirflowException
from airflow.sdk.execution_time.task_runner import finalize

from include.orchestration.alerts import alert, run_failed, task_failed
from tests.include.orchestration.conftest import use_topic

RUN = "manual__1"
TASK = SimpleNamespace(
    dag_id="a_dag", task_id="a_task", map_index=7, run_id=RUN, log_url="http://airflow/log", try_number=3
)


def test_without_a_topic_an_alert_is_a_log_line(bucket: str, caplog: pytest.LogCaptureFixture) -> None:
    alert("something happened", "read this", section="report")
    assert "ALERT: something happened\nread this" in caplog.text
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "could not be sent" not in caplog.text


@pytest.mark.parametrize(
    "topic",
    ["arn:aws:sns:us-east-1:123456789012:no-such-topic", "no ARN", 17],
    ids=["gone", "text", "number"],
)
def test_an_alert_that_cannot_be_sent_fails_nothing(
    bucket: str, topic: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    use_topic(monkeypatch, bucket, topic)
    alert("something happened", "read this", section="report")
    assert "The alert could not be sent: check 'alert_topic_arn'" in caplog.text


def test_a_broken_variable_does_not_hide_what_happened(
    bucket: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_CRYPTO_LAKE", "{")
    task_failed({"ti": TASK, "exception": ValueError("the bucket is gone")})
    assert "the bucket is gone" in caplog.text
    assert "The alert could not be sent" in caplog.text


def test_a_failed_task_alerts_with_all_that_one_needs(bucket: str, inbox: Any) -> None:
    task_failed({"ti": TASK, "exception": AirflowException("the bucket is gone")})
    [message] = inbox()
    assert message["Subject"] == "a_dag.a_task [7] failed"
    assert message["Message"].splitlines() == [
        "DAG: a_dag",
        f"Run: {RUN}",
        "Task: a_task [7], try 3",
        "Reason: the bucket is gone",
        "Log: http://airflow/log",
        "",
        'What to do: docs/operations.md, section "a_task".',
    ]


def test_a_task_whose_process_was_lost_has_a_reason_too(bucket: str, inbox: Any) -> None:
    """Airflow calls the callback in the DAG processor then, and knows of no exception."""
    task_failed({"ti": TASK})
    assert "Reason: Airflow lost the task: its process was killed" in inbox()[0]["Message"]


def test_a_task_of_dags_test_has_its_own_reason(bucket: str, inbox: Any) -> None:
    """`airflow dags test` gives the callback a context without the error."""
    task = SimpleNamespace(
        on_failure_callback=[task_failed], operator_extra_links=(), email=None, email_on_failure=False
    )
    ti = SimpleNamespace(**vars(TASK), task=task, start_date=None, end_date=None)
    error = AirflowException("the bucket is gone")
    finalize(ti, TaskInstanceState.FAILED, {"ti": ti}, structlog.get_logger(), error)  # type: ignore[arg-type,typeddict-item]
    assert "Reason: the bucket is gone" in inbox()[0]["Message"]


@pytest.mark.parametrize(("section", "anchor"), [("check_gold", "check_gold"), ("Run failed", "run-failed")])
def test_an_alert_links_to_its_section(
    bucket: str, inbox: Any, monkeypatch: pytest.MonkeyPatch, section: str, anchor: str
) -> None:
    monkeypatch.setenv("AIRFLOW__CRYPTO_LAKE__DOCS_URL", "https://docs.example/lake/")
    alert("something happened", "read this", section=section)
    lines = inbox()[0]["Message"].splitlines()
    assert lines[-1] == f"What to do: https://docs.example/lake/operations.md#{anchor}"


def test_a_run_that_was_timed_out_alerts_and_one_whose_task_has_told_does_not(
    bucket: str, inbox: Any
) -> None:
    context = {"dag": SimpleNamespace(dag_id="a_dag"), "run_id": RUN}
    run_failed(context | {"reason": "task_failure"})
    run_failed(context | {"reason": "timed_out"})
    [message] = inbox()
    assert message["Subject"] == "a_dag failed: timed_out"
    lines = [line.partition(":")[0] for line in message["Message"].splitlines()[:4]]
    assert lines == ["DAG", "Run", "Reason", "Link"]
    assert f"/dags/a_dag/runs/{RUN}" in message["Message"]
    assert 'section "Run failed"' in message["Message"]


def test_what_others_wrote_is_sent_as_it_is(bucket: str, inbox: Any) -> None:
    """A file may be called anything: its name must be neither a template nor a second line of a subject."""
    name = "raw/{{ conn.coingecko_default.password }} '; DROP \n\r\x07 ünï {% raw %}.csv"
    alert(f"{name} refused", name, section="process_arrivals")
    [message] = inbox()
    assert message["Message"].startswith(f"{name}\n\nWhat to do: ")
    assert message["Subject"] == "raw/{{ conn.coingecko_default.password }} '; DROP n {% raw %}.csv refused"


def test_long_texts_are_cut_to_what_sns_takes(bucket: str, inbox: Any) -> None:
    alert("s" * 500, "é" * 300_000, section="report")
    [message] = inbox()
    assert len(message["Subject"]) == 100
    assert message["Message"] == "é" * 32_000
