"""An SQS queue by its name, watched for ever: what wakes a DAG when files arrive."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import aclosing
from typing import Any
from urllib.parse import unquote_plus

from airflow.providers.amazon.aws.triggers.sqs import SqsSensorTrigger
from airflow.triggers.base import BaseEventTrigger, TriggerEvent

log = logging.getLogger(__name__)

_KEYS = 10


class ArrivalQueueTrigger(BaseEventTrigger):
    """Fires whenever messages are in a queue, which it deletes; for an `AssetWatcher`.

    The provider's `SqsSensorTrigger` does the receiving. It wants the queue's URL, which depends on account
    and region, and a DAG file asks nobody: so the name is looked up here, in the triggerer.

    Any message fires, even one that is no S3 event: the run that it wakes looks for itself what has arrived.
    The event's payload, which Airflow keeps with the asset event, is for people:
    `{"messages": 2, "keys": ["raw/…", …]}`, with ten object keys at most.

    It outlives every fault. (One that raised would be started again by the triggerer a second later, and so
    on, each time with a traceback that stands in the triggerer's log and nowhere else.)

    Args:
        queue_name: The queue, in the connection's account and region.
        aws_conn_id: Airflow connection.
        waiter_delay: Seconds between two long polls of 20 seconds.
    """

    fault_delay: float = 10
    """Seconds until the next try after a fault."""

    def __init__(self, queue_name: str, aws_conn_id: str | None = None, waiter_delay: int = 1) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.queue_name = queue_name
        self.aws_conn_id = aws_conn_id
        self.waiter_delay = waiter_delay

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What makes this trigger anew, and tells it from others: flat values only (apache/airflow#65973)."""
        return (
            "lake_provider.triggers.sqs.ArrivalQueueTrigger",
            {
                "queue_name": self.queue_name,
                "aws_conn_id": self.aws_conn_id,
                "waiter_delay": self.waiter_delay,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait for messages, delete them, fire; for ever."""
        while True:
            try:
                receiver = await self._receiver()
                while True:  # the provider's ends after one event
                    async with aclosing(receiver.run()) as events:  # type: ignore[type-var]
                        async for event in events:
                            payload = summary(event.payload["message_batch"])
                            yield TriggerEvent(payload)  # type: ignore[no-untyped-call]
            except Exception as fault:  # whatever it is, nobody else would watch the queue
                log.warning(
                    "SQS queue %s cannot be read; next try in %s seconds. Check that it exists in this "
                    "account and region (include/resources/queues.yaml) and that the triggerer may "
                    "sqs:GetQueueUrl, sqs:ReceiveMessage and sqs:DeleteMessage there. The fault: %s: %s",
                    self.queue_name,
                    self.fault_delay,
                    type(fault).__name__,
                    " ".join(str(fault).split()),
                )
                await asyncio.sleep(self.fault_delay)

    async def _receiver(self) -> SqsSensorTrigger:
        receiver = SqsSensorTrigger(
            sqs_queue="",
            aws_conn_id=self.aws_conn_id,
            max_messages=10,
            wait_time_seconds=20,
            waiter_delay=self.waiter_delay,
        )
        hook: Any = receiver.hook
        async with await hook.get_async_conn() as sqs:
            receiver.sqs_queue = (await sqs.get_queue_url(QueueName=self.queue_name))["QueueUrl"]
        return receiver


def summary(messages: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Messages as a payload that is small and that every database takes."""
    bodies = [message.get("Body") for message in messages]
    keys = [printable(key) for body in bodies for key in _object_keys(body)]
    return {"messages": len(bodies), "keys": keys[:_KEYS]}


def _object_keys(body: object) -> Iterator[str]:
    """The keys in an S3 event notification; none if the message is anything else."""
    try:
        content = json.loads(body) if isinstance(body, str) else None
    except (ValueError, RecursionError):
        return
    match content:
        case {"Records": [*records]}:
            for record in records:
                match record:
                    case {"s3": {"object": {"key": str(key)}}}:
                        yield unquote_plus(key)


def printable(key: str) -> str:
    """A key as Airflow can take it.

    A NUL or half a surrogate pair would be refused by the metadata database, or end the triggerer.
    """
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in key)
