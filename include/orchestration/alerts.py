"""Telling people: a log line always, a message to the SNS topic of the lake's settings if there is one."""

from __future__ import annotations

import logging

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
