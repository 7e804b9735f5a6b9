"""A running local AWS for all tests that want one."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

# Before the first import of Airflow, which writes there; each process of the tests has its own.
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="airflow-home-")

import boto3
import pytest

from laptop.aws import process
from laptop.runner import environment
from tests import witness

SERVERS = {"local_aws": "server", "spark": "spark", "browser": "browser", "all_of_airflow": "airflow"}
"""A fixture that starts a process, and the marker of each test that uses it, whether directly or not."""

OF_THEIR_OWN = tuple(
    f"tests/{folder}/" for folder in ("compose", "faults/killed", "infra", "package", "real_clients", "trino")
)
"""Folders that have a target of their own, which runs all of their tests."""


def pytest_configure() -> None:
    """Watch what the tests do."""
    witness.begin()


def pytest_unconfigure() -> None:
    """End that."""
    witness.end()


@pytest.hookimpl(tryfirst=True)  # before xdist looks at the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they start, and keep those that share it on one worker."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        for fixture, marker in SERVERS.items():
            if fixture in fixtures:
                item.add_marker(marker)
        needs_airflow = "all_of_airflow" in fixtures
        item.add_marker(pytest.mark.xdist_group("airflow" if needs_airflow else item.location[0]))
    # The long ones first, so that no worker is left alone with one at the end.
    items.sort(key=lambda item: not item.location[0].startswith("tests/e2e"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[object]:
    """Forget what the test before did."""
    witness.clock_reads.clear()
    witness.processes.clear()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail a test that is not marked for what it did, because markers choose the tests of each target."""
    yield
    if item.location[0].startswith(OF_THEIR_OWN):
        return
    marked = {marker.name for marker in item.iter_markers()}
    if witness.processes and not marked & {"product", *SERVERS.values()}:
        pytest.fail(f"starts {', '.join(sorted(witness.processes))}: mark the test `product`")
    if witness.clock_reads and "clock" not in marked:
        places = ", ".join(sorted(witness.clock_reads))
        pytest.fail(f"the system's clock is read at {places}: pass the time, or mark the test `clock`")


@pytest.fixture(scope="session")
def local_aws_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state directory of the session's server."""
    return tmp_path_factory.mktemp("local-aws")


@pytest.fixture(scope="session")
def local_aws(local_aws_state: Path) -> Iterator[str]:
    """The endpoint URL of a server whose state lasts as long as the session; nothing is deployed.

    With TEST_TRINO set (`make test-trino`), Athena's engine is a real Trino on this server's Glue and S3.
    """
    if not os.environ.get("TEST_TRINO"):
        with process.running(local_aws_state, module="laptop.lake") as endpoint_url:
            yield endpoint_url
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    os.environ["ATHENA_ENGINE"] = f"http://127.0.0.1:{port}"
    trino = local_aws_state.with_name("trino")
    with process.running(local_aws_state, module="laptop.lake") as endpoint_url:
        key = environment.aws_environment(endpoint_url)
        try:
            subprocess.run(
                ["laptop/trino/up", endpoint_url, port, str(trino)], env={**os.environ, **key}, check=True
            )
            yield endpoint_url
        finally:
            subprocess.run(["laptop/trino/down", str(trino)], check=True)


@pytest.fixture(scope="session")
def website_url(local_aws: str, local_aws_state: Path) -> str:
    """Where the session's server serves the website; empty until something is deployed."""
    served = process.website(local_aws_state)
    assert served
    return served


@pytest.fixture(scope="session")
def aws_environment(local_aws: str) -> dict[str, str]:
    """The environment variables with which any AWS client talks to the local AWS."""
    return environment.aws_environment(local_aws)


@pytest.fixture
def aws(aws_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Those variables set, for one test."""
    for name, value in aws_environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(autouse=True)
def _own_boto3_session() -> Iterator[None]:
    """No test inherits boto3's default session, which keeps the key of another test's server."""
    boto3.DEFAULT_SESSION = None
    yield
    boto3.DEFAULT_SESSION = None


@pytest.fixture(scope="session")
def seed(pytestconfig: pytest.Config) -> int:
    """What damage is made from: 0, or hypothesis' own option (PYTEST_ARGS=--hypothesis-seed=7)."""
    return int(pytestconfig.getoption("--hypothesis-seed") or 0)
