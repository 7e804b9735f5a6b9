"""A running local AWS for all tests that want one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local_airflow import environment
from local_aws.process import running


@pytest.fixture(scope="session")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint URL of a server whose state lasts as long as the session; nothing is deployed."""
    with running(tmp_path_factory.mktemp("local-aws")) as endpoint_url:
        yield endpoint_url


@pytest.fixture(scope="session")
def aws_environment(local_aws: str) -> dict[str, str]:
    """The environment variables with which any AWS client talks to `local_aws`."""
    return environment.aws_environment(local_aws)
