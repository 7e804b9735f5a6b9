"""SQS under load: a message goes to one receiver at a time, and none is lost."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.laptop.conftest import client_of, until

RECEIVERS = 20
LONG = 600  # seconds: no message becomes visible again before the test is over


@pytest.fixture
def sqs(local_aws: str) -> Any:
    """A client that all receivers use at once."""
    return client_of(local_aws, "sqs", max_pool_connections=RECEIVERS)


@pytest.fixture
def new_queue(sqs: Any) -> Callable[..., str]:
    def create(**attributes: Any) -> str:
        texts = {name: str(value) for name, value in attributes.items()}
        url: str = sqs.create_queue(QueueName=f"q-{uuid.uuid4().hex[:12]}", Attributes=texts)["QueueUrl"]
        return url

    return create


def fill(sqs: Any, queue: str, count: int) -> set[str]:
    """Send so many messages; gives their bodies."""
    bodies = [f"m{number}" for number in range(count)]
    for start in range(0, count, 10):
        batch = [{"Id": body, "MessageBody": body} for body in bodies[start : start + 10]]
        assert len(sqs.send_message_batch(QueueUrl=queue, Entries=batch)["Successful"]) == len(batch)
    return set(bodies)


def together(act: Callable[[int], list[Any]]) -> list[Any]:
    """What all receivers got, each in a thread of its own."""
    with ThreadPoolExecutor(RECEIVERS) as pool:
        return [found for got in pool.map(act, range(RECEIVERS)) for found in got]


def counts(sqs: Any, queue: str) -> tuple[int, int]:
    """How many messages are visible, and how many are hidden."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return int(attributes[names[0]]), int(attributes[names[1]])


@pytest.mark.parametrize("at_once", [1, 3, 10])
def test_each_message_goes_to_one_of_twenty_receivers(
    sqs: Any, new_queue: Callable[..., str], at_once: int
) -> None:
    queue = new_queue(VisibilityTimeout=LONG)
    sent = fill(sqs, queue, 200)

    def receive(_: int) -> list[str]:
        bodies: list[str] = []
        while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=at_once).get("Messages"):
            bodies += [message["Body"] for message in messages]
        return bodies

    received = Counter(together(receive))
    assert set(received) == sent
    assert set(received.values()) == {1}
    assert counts(sqs, queue) == (0, len(sent))


def test_waiting_receivers_share_what_is_sent_meanwhile_and_delete_it(
    sqs: Any, new_queue: Callable[..., str]
) -> None:
    queue = new_queue(VisibilityTimeout=LONG)

    def receive(number: int) -> list[str]:
        if number < 4:
            for message in range(25):
                sqs.send_message(QueueUrl=queue, MessageBody=f"{number}-{message}")
        bodies: list[str] = []
        options = {"MaxNumberOfMessages": 10, "WaitTimeSeconds": 3}
        while messages := sqs.receive_message(QueueUrl=queue, **options).get("Messages"):
            bodies += [message["Body"] for message in messages]
            entries = [{"Id": m["MessageId"], "ReceiptHandle": m["ReceiptHandle"]} for m in messages]
            deleted = sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
            assert len(deleted["Successful"]) == len(entries)
        return bodies

    received = Counter(together(receive))
    assert set(received) == {f"{number}-{message}" for number in range(4) for message in range(25)}
    assert set(received.values()) == {1}
    assert counts(sqs, queue) == (0, 0)


def test_a_message_that_nobody_deletes_goes_to_the_dead_letters_once(
    sqs: Any, new_queue: Callable[..., str]
) -> None:
    letters = new_queue(VisibilityTimeout=LONG)
    arn = sqs.get_queue_attributes(QueueUrl=letters, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    queue = new_queue(VisibilityTimeout=LONG, RedrivePolicy=policy)
    sent = fill(sqs, queue, 40)

    def receive(_: int) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        options = {"MessageSystemAttributeNames": ["ApproximateReceiveCount"], "MaxNumberOfMessages": 5}
        while sum(counts(sqs, queue)):
            for message in sqs.receive_message(QueueUrl=queue, **options).get("Messages", []):
                found.append((message["Body"], message["Attributes"]["ApproximateReceiveCount"]))
                give_back = {"QueueUrl": queue, "ReceiptHandle": message["ReceiptHandle"]}
                sqs.change_message_visibility(**give_back, VisibilityTimeout=0)
        return found

    received = Counter(together(receive))
    assert received == Counter({(body, str(time)): 1 for body in sent for time in (1, 2, 3)})
    assert counts(sqs, letters) == (len(sent), 0)
    dead: Counter[str] = Counter()
    while messages := sqs.receive_message(QueueUrl=letters, MaxNumberOfMessages=10).get("Messages"):
        dead.update(message["Body"] for message in messages)
    assert dead == Counter(sent)


def test_a_message_comes_back_when_its_visibility_ends_also_to_who_waits(
    sqs: Any, new_queue: Callable[..., str]
) -> None:
    queue = new_queue(VisibilityTimeout=1)
    fill(sqs, queue, 1)
    first = sqs.receive_message(QueueUrl=queue)["Messages"][0]
    again = until(lambda: sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20).get("Messages"))[0]
    assert again["MessageId"] == first["MessageId"]
    assert again["ReceiptHandle"] != first["ReceiptHandle"]


def test_a_batch_has_ten_entries_at_most_with_names_of_their_own(
    sqs: Any, new_queue: Callable[..., str]
) -> None:
    queue = new_queue()
    many = [{"Id": str(number), "ReceiptHandle": f"r{number}"} for number in range(11)]
    twice = [{"Id": "a", "ReceiptHandle": "r1"}, {"Id": "a", "ReceiptHandle": "r2"}]
    hidden = [{**entry, "VisibilityTimeout": 0} for entry in many]
    with pytest.raises(ClientError, match="TooManyEntriesInBatchRequest"):
        sqs.delete_message_batch(QueueUrl=queue, Entries=many)
    with pytest.raises(ClientError, match="BatchEntryIdsNotDistinct"):
        sqs.delete_message_batch(QueueUrl=queue, Entries=twice)
    with pytest.raises(ClientError, match="TooManyEntriesInBatchRequest"):
        sqs.change_message_visibility_batch(QueueUrl=queue, Entries=hidden)
    unknown = sqs.delete_message_batch(QueueUrl=queue, Entries=many[:10])
    assert {entry["Code"] for entry in unknown["Failed"]} == {"ReceiptHandleIsInvalid"}
