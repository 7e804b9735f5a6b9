"""SQS: moto's, whose queues keep each attribute they are given as AWS gives it back."""

from __future__ import annotations

import json
from typing import Any

from moto.sqs.models import Queue, SQSBackend

from laptop.aws import seams


def install() -> None:
    """Make moto's queues of this class."""
    seams.install("sqs", SQSBackend, {"Queue": StoredQueue})


class StoredQueue(Queue):
    """A queue."""

    BASE_ATTRIBUTES = [*Queue.BASE_ATTRIBUTES, "RedriveAllowPolicy"]  # noqa: RUF012 - moto's
    redrive_allow_policy: str | None = None

    @property
    def attributes(self) -> dict[str, Any]:
        """What GetQueueAttributes shows."""
        shown = super().attributes
        if self.redrive_policy:
            shown["RedrivePolicy"] = json.dumps(self.redrive_policy, separators=(",", ":"))
        return shown

    def _set_attributes(self, attributes: dict[str, Any], now: float | None = None) -> None:
        kept = getattr(self, "policy", None)
        super()._set_attributes(attributes, now)
        self.redrive_allow_policy = self.redrive_allow_policy or None  # "" takes it away
        if "Policy" not in attributes:  # moto would drop it
            self.policy = kept
