"""Alerts to people: a log line always, and a message through SNS when the lake's settings name a topic."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.notifications.sns import SnsNotifier
from airflow.sdk import Variable
from asgiref.sync import sync_to_async

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)

VARIABLE = "crypto_lake"
_SUBJECT_LENGTH = 100  # characters; SNS takes no more
_MESSAGE_LENGTH = 100_000  # characters; SNS takes 256 KB


class AlertNotifier(SnsNotifier):
    """The provider's `SnsNotifier`, to the topic that the Airflow Variable names, if it names one.

    An alert that cannot be sent is logged: it never fails what it tells of. Its texts are no templates,
    since they repeat what others have written: file names, error messages, an API's answers.

    Args:
        subject: One line.
        message: What happened, and what to do.
        context: Airflow's; not used.
    """

    template_fields = ()

    def __init__(self, *, subject: str, message: str, context: Context | None = None) -> None:
        super().__init__(
            target_arn="",
            subject=_ascii_line(subject)[:_SUBJECT_LENGTH],
            message=message[:_MESSAGE_LENGTH],
            context=context,
        )

    def notify(self, context: Context) -> None:
        """Tell people, from a task or a DAG processor."""
        self._write()
        try:
            if topic := _topic(Variable.get(VARIABLE, default="{}")):
                self.target_arn = topic
                super().notify(context)  # type: ignore[no-untyped-call]
        except Exception:
            self._log_failure()

    async def async_notify(self, context: Context) -> None:
        """Tell people, from the triggerer."""
        self._write()
        try:
            if topic := _topic(await sync_to_async(Variable.get)(VARIABLE, default="{}")):
                self.target_arn = topic
                await super().async_notify(context)  # type: ignore[no-untyped-call]
        except Exception:
            self._log_failure()

    def _write(self) -> None:
        log.warning("ALERT: %s\n%s", self.subject, self.message)

    def _log_failure(self) -> None:
        log.exception(
            "The alert could not be sent: check 'alert_topic_arn' in the Airflow Variable '%s', and the "
            "right to sns:Publish there",
            VARIABLE,
        )


async def run_is_late(context: dict[str, Any]) -> None:
    """The callback of a DAG's `DeadlineAlert`: its run has not succeeded in time.

    Args:
        context: What Airflow gives to such callbacks: `dag_run`, as the API shows it, and `deadline`.
    """
    run = context["dag_run"]
    await AlertNotifier(
        subject=f"{run['dag_id']} is late",
        message=(
            f"DAG: {run['dag_id']}\nRun: {run['dag_run_id']}\n"
            f"Reason: it had to succeed by {context['deadline']['deadline_time']}, and is {run['state']}\n\n"
            'What to do: docs/operations.md, section "Run is late".'
        ),
    ).async_notify({})


def _topic(variable: str) -> str | None:
    topic = json.loads(variable).get("alert_topic_arn")
    return None if topic is None else str(topic)


def _ascii_line(text: str) -> str:
    """SNS takes subjects of one line of printable ASCII."""
    return " ".join("".join(c if " " <= c <= "~" else " " for c in text).split())
