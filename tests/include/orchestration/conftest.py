"""A lake's bucket, the Variable that names it, and the inbox of somebody who gets its alerts."""

from __future__ import annotations

import json
import uuid
from typing import Any

import boto3
import pytest


@pytest.fixture
def bucket(aws: None, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"tasks-{uuid.uuid4().hex[:10]}"
    boto3.client("s3").create_bucket(Bucket=name)
    use_topic(monkeypatch, name, None)
    return name


def use_topic(monkeypatch: pytest.MonkeyPatch, bucket: str, arn: str | None) -> None:
    settings = {"bucket": bucket, "website_bucket": "website", "alert_topic_arn": arn}
    monkeypatch.setenv("AIRFLOW_VAR_CRYPTO_LAKE", json.dumps(settings))


@pytest.fixture
def inbox(bucket: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Receives what the topic of the settings is sent."""
    sqs, sns = boto3.client("sqs"), boto3.client("sns")
    url = sqs.create_queue(QueueName=f"inbox-{bucket}")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name=f"alerts-{bucket}")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    use_topic(monkeypatch, bucket, topic)

    def received() -> list[dict[str, Any]]:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in messages]

    return received
