"""A local S3, a CoinGecko stand-in and the Airflow connections that point to them."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto.s3.responses import S3Response
from moto.server import ThreadedMotoServer

from lake_provider.coingecko.client import CoinGeckoHook
from laptop.coingecko.stand_in import StandIn, running_stand_in


@dataclass
class Bucket:
    """A bucket and what tests ask of it."""

    name: str
    s3: Any

    def listing(self, prefix: str = "") -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def body(self, key: str) -> bytes:
        return self.s3.get_object(Bucket=self.name, Key=key)["Body"].read()

    def metadata(self, key: str) -> dict[str, str]:
        return self.s3.head_object(Bucket=self.name, Key=key)["Metadata"]

    def put(self, key: str, body: bytes = b"[]", **metadata: str) -> None:
        self.s3.put_object(Bucket=self.name, Key=key, Body=body, Metadata=metadata)


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    # moto looks whether a key exists and writes it in two steps; S3 does both at once.
    lock, put_object = threading.Lock(), S3Response.put_object

    def put_at_once(self: S3Response) -> Any:
        with lock:
            return put_object(self)

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(S3Response, "put_object", put_at_once)
        server.start()
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
        server.stop()


@pytest.fixture
def bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    for name, value in {
        "AWS_ENDPOINT_URL": s3_endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    s3 = boto3.client("s3")
    name = f"lake-{uuid.uuid4()}"
    s3.create_bucket(Bucket=name)
    return Bucket(name, s3)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The hook's waits in seconds, noted instead of waited."""
    noted: list[float] = []
    monkeypatch.setattr(CoinGeckoHook, "sleep", staticmethod(noted.append))
    return noted


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Define `coingecko_default`: the given server, and any other field of the connection."""

    def define(url: str, **fields: Any) -> None:
        scheme, _, address = url.partition("://")
        host, _, port = address.partition(":")
        connection = {"conn_type": "http", "schema": scheme, "host": host, "port": int(port)} | fields
        monkeypatch.setenv("AIRFLOW_CONN_COINGECKO_DEFAULT", json.dumps(connection))

    return define


@pytest.fixture
def stand_in(connect: Callable[..., None], waits: list[float]) -> Iterator[StandIn]:
    """The synthetic market as `coingecko_default`, with time travel; waits are not waited."""
    with running_stand_in("demo") as running:
        connect(running.url, extra={"time_travel": True})
        yield running
