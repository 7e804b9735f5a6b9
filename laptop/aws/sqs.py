"""SQS: moto's, with one request at a time, and queues that keep each attribute as AWS gives it back.

moto looks for visible messages and hides them in two steps, so that of several receivers two may get one
message. Here a request has the region's queues to itself until it is answered; who waits for messages lets
the others in meanwhile.
"""

from __future__ import annotations

import json
import time
from threading import Condition, RLock
from typing import Any, cast

import moto.sqs.urls
from moto.core.responses import ActionResult
from moto.sqs.exceptions import BatchEntryIdsNotDistinct, TooManyEntriesInBatchRequest
from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends
from moto.sqs.responses import SQSResponse

from laptop.aws import seams

_LOOK_AGAIN = 0.2  # seconds until who waits looks for a message whose delay or timeout has run out
_LARGEST_BATCH = 10


def install() -> None:
    """Make moto's queues of this class."""
    seams.install("sqs", StoredSQSBackend, {"Queue": StoredQueue})


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


class StoredSQSBackend(SQSBackend):
    """moto's SQS of one region. Hold `changed` while you look at its queues or change them."""

    def __init__(self, region_name: str, account_id: str):
        super().__init__(region_name, account_id)
        self.changed = Condition(RLock())

    @property
    def _url_module(self) -> Any:
        return seams.routes(moto.sqs.urls, StoredSQSResponse)

    def send_message(self, *args: Any, **options: Any) -> Message:
        """Send a message; S3 and SNS do it without a request."""
        with self.changed:
            message = super().send_message(*args, **options)
            self.changed.notify_all()
            return message

    def receive_message(
        self,
        queue_name: str,
        count: int,
        wait_seconds_timeout: int,
        visibility_timeout: int,
        message_attribute_names: list[str] | None = None,
    ) -> list[Message]:
        """The messages that a receiver gets, each hidden from the others from now on."""
        deadline = time.monotonic() + wait_seconds_timeout
        with self.changed:
            while True:
                found = super().receive_message(
                    queue_name, count, 0, visibility_timeout, message_attribute_names
                )
                left = deadline - time.monotonic()
                if found or left <= 0:
                    return found
                self.changed.wait(min(left, _LOOK_AGAIN))


class StoredSQSResponse(SQSResponse):
    """moto's SQS over HTTP, one request at a time."""

    def call_action(self) -> Any:
        """Answer a request."""
        with cast(StoredSQSBackend, sqs_backends[self.current_account][self.region]).changed:
            return super().call_action()

    def delete_message_batch(self) -> ActionResult:
        """DeleteMessageBatch."""
        self._require_batch()
        return super().delete_message_batch()

    def change_message_visibility_batch(self) -> ActionResult:
        """ChangeMessageVisibilityBatch."""
        self._require_batch()
        return super().change_message_visibility_batch()

    def _require_batch(self) -> None:
        ids = [entry["Id"] for entry in self._get_param("Entries", [])]
        if len(ids) > _LARGEST_BATCH:
            raise TooManyEntriesInBatchRequest(len(ids))
        for number, one in enumerate(ids):
            if one in ids[:number]:
                raise BatchEntryIdsNotDistinct(one)
