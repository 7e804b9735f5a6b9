"""What people are told when a task or a run has failed for good."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LOST = (
    "Airflow lost the task: its process was killed or gave no sign of life (memory used up, or its machine "
    "is gone)"
)


def alert(subject: str, message: str) -> None:
    """Send an alert; see `AlertNotifier`."""
    from lake_provider.notifications.alerts import AlertNotifier

    AlertNotifier(subject=subject, message=message).notify({})


def task_failed(context: Mapping[str, Any]) -> None:
    """The tasks' `on_failure_callback`: an alert when a task has failed for good, with its reason."""
    ti = context["ti"]
    mapped = f" [{ti.map_index}]" if ti.map_index is not None and ti.map_index >= 0 else ""
    alert(
        f"{ti.dag_id}.{ti.task_id}{mapped} failed",
        f"DAG: {ti.dag_id}\nRun: {ti.run_id}\nTask: {ti.task_id}{mapped}, try {ti.try_number}\n"
        f"Reason: {context.get('exception') or _LOST}\nLog: {ti.log_url}\n\n"
        f'What to do: docs/operations.md, section "{ti.task_id}".',
    )


def run_failed(context: Mapping[str, Any]) -> None:
    """The DAGs' `on_failure_callback`: an alert when no failed task has told why already."""
    reason = context.get("reason")
    if reason == "task_failure":
        return
    dag_id = context["dag"].dag_id
    alert(
        f"{dag_id} failed: {reason}",
        f"DAG: {dag_id}\nRun: {context['run_id']}\nReason: {reason}\n\n"
        'What to do: docs/operations.md, section "Run is late".',
    )
