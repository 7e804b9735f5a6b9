"""`python -m laptop.lake serve` as a container runs it: all addresses, fixed ports, the lake deployed."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from laptop.aws import process
from laptop.runner.servers import free_port
from tests.clients import client_of

pytestmark = pytest.mark.product

REPOSITORY = Path(__file__).parents[3]


@contextmanager
def served(state: Path, website_port: int) -> Iterator[str]:
    options = ["--deploy", "--host", "0.0.0.0", "--port", "0", "--website-port", str(website_port)]
    with subprocess.Popen(
        [sys.executable, "-m", "laptop.lake", "serve", *options, "--state", str(state)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout
        try:
            endpoint_url = server.stdout.readline().strip()
            assert process.endpoint(state) == endpoint_url
            yield endpoint_url
        finally:
            server.terminate()


def queues(endpoint_url: str) -> list[str]:
    return client_of(endpoint_url, "sqs").list_queues()["QueueUrls"]


def test_it_deploys_at_every_start_what_does_not_last(tmp_path: Path) -> None:
    website_port = free_port()
    for _ in range(2):
        with served(tmp_path, website_port) as endpoint_url:
            assert endpoint_url.startswith("http://127.0.0.1:"), "an address that can be reached"
            made = queues(endpoint_url)
            assert f"{endpoint_url}/123456789012/crypto-lake-arrivals" in made, "links lead back to it"
            with urllib.request.urlopen(f"http://127.0.0.1:{website_port}/", timeout=60) as page:
                assert b"<!doctype html>" in page.read().lower()
