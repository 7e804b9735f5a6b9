"""A bucket on the local S3 that real clients read and write."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.clients import client_of


@pytest.fixture(scope="session")
def s3(local_aws: str) -> Any:
    return client_of(local_aws, "s3")


@pytest.fixture(scope="session")
def glue(local_aws: str) -> Any:
    return client_of(local_aws, "glue")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"clients-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name
