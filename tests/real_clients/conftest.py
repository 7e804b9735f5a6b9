"""A bucket on the local S3 that real clients read and write."""

from __future__ import annotations

import uuid
from typing import Any

import boto3
import pytest


@pytest.fixture
def client_of(aws_environment: dict[str, str]) -> Any:
    """Makes a boto3 client of a service."""

    def make(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=aws_environment["AWS_ENDPOINT_URL"],
            region_name=aws_environment["AWS_DEFAULT_REGION"],
            aws_access_key_id=aws_environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=aws_environment["AWS_SECRET_ACCESS_KEY"],
        )

    return make


@pytest.fixture
def s3(client_of: Any) -> Any:
    return client_of("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"clients-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name
