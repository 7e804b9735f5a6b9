"""ArrivalQueueTrigger, watching queues that are really there, or not yet, or gone for a while."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import Iterator
from contextlib import aclosing
from itertools import pairwise
from pathlib import Path
from typing import Any

import boto3
import pytest
from airflow.sdk.module_loading import import_string
from airflow.triggers.base import BaseEventTrigger

from lake_provider.triggers.sqs import ArrivalQueueTrigger, summary
from laptop.aws.process import endpoint, start, stop
from laptop.runner import environment

GARBAGE = [
    "garbage",
    "",
    "[" * 100_000,
    "7",
    "null",
    '{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "lake"}',
    '{"Records": null}',
    '{"Records": [null, 7, {"s3": "x"}, {"s3": {"object": {"key": 7}}}]}',
]


@pytest.fixture(autouse=True)
def _aws(aws_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**aws_environment, "AWS_MAX_ATTEMPTS": "1"}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def name() -> str:
    return f"arrivals-{uuid.uuid4().hex[:8]}"


def trigger_of(queue_name: str) -> ArrivalQueueTrigger:
    trigger = ArrivalQueueTrigger(queue_name)
    trigger.fault_delay = 0.2
    return trigger


def notify(bucket: str, queue_name: str) -> None:
    """Let a new bucket tell the queue, which gets the test event that S3 sends first."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=bucket)
    arn = f"arn:aws:sqs:us-east-1:123456789012:{queue_name}"
    configuration = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)


def messages_left(url: str) -> int:
    attributes = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return sum(int(value) for key, value in attributes.items() if key.startswith("ApproximateNumber"))


async def received(trigger: ArrivalQueueTrigger, messages: int) -> list[dict[str, Any]]:
    """The payloads of the events until so many messages were received."""
    payloads: list[dict[str, Any]] = []
    async with asyncio.timeout(240), aclosing(trigger.run()) as events:
        while sum(payload["messages"] for payload in payloads) < messages:
            payloads.append((await anext(events)).payload)
    return payloads


def test_every_message_fires_is_summed_up_and_deleted(name: str) -> None:
    sqs, s3 = boto3.client("sqs"), boto3.client("s3")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    notify(name, name)
    for body in filter(None, GARBAGE):  # SQS takes no empty message
        sqs.send_message(QueueUrl=url, MessageBody=body)
    keys = ["raw/two words+plus.json", "raw/Grüße/北京 100%.csv", "raw/crypto_prices_2026-02-25.json"]
    for key in keys:
        s3.put_object(Bucket=name, Key=key, Body=b"[]")

    payloads = asyncio.run(received(trigger_of(name), 1 + len(GARBAGE) - 1 + len(keys)))

    assert len(payloads) == 2  # ten messages at a time
    assert sorted(key for payload in payloads for key in payload["keys"]) == sorted(keys)
    assert messages_left(url) == 0


@pytest.mark.parametrize("body", GARBAGE)
def test_whatever_somebody_sends_is_a_message_without_keys(body: str) -> None:
    assert summary([{"Body": body}]) == {"messages": 1, "keys": []}


def test_a_payload_is_small_and_fit_for_any_database() -> None:
    keys = ["raw/half%ED%A0%80", "raw/\ud800", "raw/nul\0", *(f"raw/{number}" for number in range(20))]
    body = json.dumps({"Records": [{"s3": {"object": {"key": key}}} for key in keys]})

    payload = summary([{"Body": body}, {"Body": "x"}])

    assert payload["messages"] == 2
    assert len(payload["keys"]) == 10
    assert payload["keys"][1:4] == [
        "raw/\N{REPLACEMENT CHARACTER}",
        "raw/nul\N{REPLACEMENT CHARACTER}",
        "raw/0",
    ]
    json.dumps(payload, ensure_ascii=False).encode()  # half a surrogate pair would raise


def test_a_queue_that_is_created_later_is_watched_from_then_on(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    def faults() -> list[logging.LogRecord]:
        return [record for record in caplog.records if f"SQS queue {name}" in record.getMessage()]

    async def late() -> list[dict[str, Any]]:
        watching = asyncio.create_task(received(trigger_of(name), 1))
        while len(faults()) < 3:
            await asyncio.sleep(0.05)
        sqs = boto3.client("sqs")
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="at last")
        return await watching

    with caplog.at_level(logging.WARNING):
        assert asyncio.run(late()) == [{"messages": 1, "keys": []}]

    times = [record.relativeCreated for record in faults()]  # in milliseconds
    assert all(later - earlier > 150 for earlier, later in pairwise(times)), "it waits between two tries"
    message = faults()[0].getMessage()
    assert "NonExistentQueue" in message
    assert "include/resources/queues.yaml" in message
    assert "\n" not in message


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A server of one's own, to be stopped and started; the AWS clients talk to it."""
    for key, value in environment.aws_environment(start(tmp_path)).items():
        monkeypatch.setenv(key, value)
    yield tmp_path
    stop(tmp_path)


def test_a_server_that_goes_away_and_comes_back_without_its_queues_is_waited_for(
    state: Path, name: str
) -> None:
    port = int(str(endpoint(state)).rpartition(":")[2])

    async def outage() -> list[dict[str, Any]]:
        url = boto3.client("sqs").create_queue(QueueName=name)["QueueUrl"]
        watching = asyncio.create_task(received(trigger_of(name), 2))
        await asyncio.to_thread(boto3.client("sqs").send_message, QueueUrl=url, MessageBody="before")
        while await asyncio.to_thread(messages_left, url):
            await asyncio.sleep(0.05)
        await asyncio.sleep(1)  # in the middle of the next long poll
        await asyncio.to_thread(stop, state)
        await asyncio.sleep(0.5)
        await asyncio.to_thread(start, state, port)
        await asyncio.to_thread(boto3.client("sqs").create_queue, QueueName=name)
        await asyncio.to_thread(boto3.client("sqs").send_message, QueueUrl=url, MessageBody="after")
        return await watching

    assert asyncio.run(outage()) == [{"messages": 1, "keys": []}] * 2


def test_it_is_made_anew_from_what_airflow_keeps_of_it() -> None:
    classpath, kwargs = ArrivalQueueTrigger("crypto-lake-arrivals", waiter_delay=2).serialize()

    again = import_string(classpath)(**json.loads(json.dumps(kwargs)))

    assert again.serialize() == (classpath, kwargs)
    assert BaseEventTrigger.hash(*again.serialize()) == BaseEventTrigger.hash(classpath, kwargs)
    assert all(value is None or isinstance(value, (str, int)) for value in kwargs.values()), "flat values"
