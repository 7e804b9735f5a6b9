"""Telling people: a log line always, a message to the SNS topic of the lake's settings if there is one."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from include.orchestration.templates import lake

log = logging.getLogger(__name__)

_SUBJECT_LENGTH = 100  # characters; SNS takes no more


def alert(subject: str, message: str) -> None:
    """Send an alert. One that cannot be sent is logged: it never fails a task.

    Args:
        subject: One line of ASCII.
        message: What happened, and what to do.
    """
    log.warning("ALERT: %s\n%s", subject, message)
    try:
        from airflow.providers.amazon.aws.hooks.sns import SnsHook

        if topic := lake("alert_topic_arn"):
            sns = SnsHook()  # type: ignore[no-untyped-call]
            sns.publish_to_target(str(topic), message, subject=subject[:_SUBJECT_LENGTH])
    except Exception:
        log.exception(
            "The alert could not be sent: check 'alert_topic_arn' in the Airflow Variable 'crypto_lake'"
        )


def task_failed(context: Mapping[str, Any]) -> None:
    """Airflow's `on_failure_callback`: an alert when a task has failed for good, with reason and link."""
    ti = context["ti"]
    mapped = f" [{ti.map_index}]" if ti.map_index is not None and ti.map_index >= 0 else ""
    alert(
        f"{ti.dag_id}.{ti.task_id}{mapped} failed",
        f"Run: {ti.run_id}\nReason: {context.get('exception')}\nLog: {ti.log_url}\n\n"
        f"What to do: the DAG's runbook in Airflow's UI ({ti.dag_id}, Docs), 'When a task fails'.",
    )
