"""What people are told: a log line always, and a message to the lake's SNS topic if its settings name one."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from airflow.configuration import conf

from include.orchestration.templates import lake

log = logging.getLogger(__name__)

_SUBJECT_LENGTH = 100  # characters; SNS takes no more
_MESSAGE_BYTES = 64_000  # SNS takes 256 KB, with what it adds and escapes
_LOST = (
    "Airflow lost the task: its process was killed or gave no sign of life (memory used up, its machine "
    "gone), or no worker took it in time"
)


def alert(subject: str, message: str, *, section: str) -> None:
    """Send an alert. One that cannot be sent is logged: it never fails what it tells of.

    Its texts are no templates, since they repeat what others have written: names of files, answers of APIs.

    Args:
        subject: One line.
        message: What happened, where, and why.
        section: The one of docs/operations.md that says what to do.
    """
    message = f"{message}\n\nWhat to do: {runbook_section(section)}"
    log.error("ALERT: %s\n%s", subject, message)
    try:
        from airflow.providers.amazon.aws.notifications.sns import SnsNotifier

        if topic := lake("alert_topic_arn"):
            SnsNotifier(
                aws_conn_id=None,
                target_arn=str(topic),
                subject=_ascii_line(subject)[:_SUBJECT_LENGTH],
                message=message.encode()[:_MESSAGE_BYTES].decode(errors="ignore"),
            ).notify({})  # type: ignore[no-untyped-call]  # not called, which would render the texts
    except Exception:
        log.exception(
            "The alert could not be sent: check 'alert_topic_arn' in the Airflow Variable 'crypto_lake', and "
            "the right to sns:Publish there"
        )


def task_failed(context: Mapping[str, Any]) -> None:
    """The tasks' `on_failure_callback`: an alert when a task has failed for good, with its reason."""
    ti = context["ti"]
    mapped = f" [{ti.map_index}]" if ti.map_index is not None and ti.map_index >= 0 else ""
    alert(
        f"{ti.dag_id}.{ti.task_id}{mapped} failed",
        f"DAG: {ti.dag_id}\nRun: {ti.run_id}\nTask: {ti.task_id}{mapped}, try {ti.try_number}\n"
        f"Reason: {context.get('exception') or _error_of_this_process() or _LOST}\nLog: {ti.log_url}",
        section=ti.task_id,
    )


def run_failed(context: Mapping[str, Any]) -> None:
    """The DAGs' `on_failure_callback`: an alert unless a failed task has told why already."""
    reason = context.get("reason")
    if reason == "task_failure":
        return
    dag_id, run_id = context["dag"].dag_id, context["run_id"]
    alert(
        f"{dag_id} failed: {reason}",
        f"DAG: {dag_id}\nRun: {run_id}\nReason: {reason}\nLink: {run_url(dag_id, run_id)}",
        section="Run failed",
    )


def runbook_section(section: str) -> str:
    """A section of docs/operations.md: its address if `[crypto_lake] docs_url` is set, else its name."""
    if docs := docs_url():
        # GitHub's anchors: lower case, hyphens for spaces, no other punctuation.
        return f"{docs}/operations.md#{re.sub(r'[^a-z0-9_-]', '', section.lower().replace(' ', '-'))}"
    return f'docs/operations.md, section "{section}".'


def docs_url() -> str:
    """Where people read this repository's docs/, without a slash at its end; empty if nobody said."""
    return conf.get("crypto_lake", "docs_url", fallback="").rstrip("/")


def run_url(dag_id: str, run_id: str) -> str:
    """Where Airflow's UI shows a run."""
    return f"{conf.get('api', 'base_url', fallback='').rstrip('/')}/dags/{dag_id}/runs/{quote(run_id)}"


def _error_of_this_process() -> BaseException | None:
    """The error with which the task has ended in this process; None if the callback runs elsewhere.

    Airflow's task runner puts it into the callback's context. In `airflow dags test` of Airflow 3.2.1 nobody
    does, but the runner's `finalize` has it all the same.
    """
    frame = sys._getframe()
    while frame := frame.f_back:  # type: ignore[assignment]
        if frame.f_code.co_name == "finalize" and "error" in frame.f_locals:
            found: BaseException | None = frame.f_locals["error"]
            return found
    return None


def _ascii_line(text: str) -> str:
    """SNS takes subjects of one line of printable ASCII."""
    return " ".join("".join(c if " " <= c <= "~" else " " for c in text).split())
