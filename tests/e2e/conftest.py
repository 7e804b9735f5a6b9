"""The whole product: the lake deployed on the local AWS, Airflow's database, and what tests ask of them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from laptop.coingecko.stand_in import StandIn, running_stand_in
from laptop.lake.deployment import LAKE_BUCKET, WEBSITE_BUCKET, deploy
from laptop.runner import servers
from laptop.runner.environment import REPOSITORY, airflow_environment, prepare_home
from tests import athena
from tests.airflow_api import Api


@dataclass(frozen=True)
class Lake:
    """The deployed lake, read back."""

    endpoint_url: str
    website_url: str
    state: Path

    def keys(self, prefix: str, bucket: str = LAKE_BUCKET) -> list[str]:
        pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def body(self, key: str, bucket: str = LAKE_BUCKET) -> bytes:
        return boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()

    def bronze(self, day: date) -> list[dict[str, Any]]:
        """The rows of every ingestion of a day."""
        return [
            row for key in self.keys(f"bronze/coins_market/dt={day}/") for row in json.loads(self.body(key))
        ]

    def ingestions(self, day: date) -> set[str]:
        """The folders of a day's ingestions in US dollars."""
        return {key.split("/")[4] for key in self.keys(f"bronze/coins_market/dt={day}/currency=usd/")}

    def table(self, prefix: str, day: date) -> list[dict[str, Any]]:
        """The rows of one partition, from its Parquet files."""
        keys = [key for key in self.keys(f"{prefix}/dt={day}/") if key.endswith(".parquet")]
        return [row for key in keys for row in pq.read_table(pa.BufferReader(self.body(key))).to_pylist()]

    def website(self, name: str) -> dict[str, Any]:
        return json.loads(self.body(f"data/{name}.json", WEBSITE_BUCKET))

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Run SQL through Athena's API."""
        return athena.rows(athena.run(sql, LAKE_BUCKET, "crypto_datalake"))


API_KEY = "CG-planted/0123456789+e2e"
"""CoinGecko's key in the connection of these tests: it may be found nowhere."""

NOW = datetime(2026, 3, 1, 2, 0, 5, tzinfo=UTC)
"""What the tasks and the stand-in take for now, whatever hour it is and however long the tests last.

It is later than any day that the other tests publish, and earlier than the run that the scheduler makes by
itself. That run is of a day in the future, so it ends without data of its own.
"""

CLOCK = f"""
from datetime import datetime

from lake_provider.coingecko import ingest_history, ingest_markets

for module in (ingest_history, ingest_markets):
    module.utc_now = lambda: datetime.fromisoformat("{NOW.isoformat()}")
"""


@dataclass(frozen=True)
class Airflow:
    """All of Airflow, running."""

    api: Api
    environment: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]]
    logs: Path


@pytest.fixture(scope="package")
def lake(
    local_aws: str,
    website_url: str,
    aws_environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Lake]:
    """A lake of its own for these tests, and a metadata database beside it."""
    state = tmp_path_factory.mktemp("laptop")
    with patch.dict(os.environ, aws_environment):
        deploy(local_aws)
        yield Lake(local_aws, website_url, state)


@pytest.fixture(scope="package")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package's plugins, and one that stops the clock of the processes in which tasks run."""
    folder = tmp_path_factory.mktemp("plugins")
    for path in (REPOSITORY / "plugins").iterdir():
        (folder / path.name).symlink_to(path)
    (folder / "stopped_clock.py").write_text(CLOCK)
    return folder


@pytest.fixture(scope="package")
def airflow(lake: Lake, plugins: Path) -> Callable[..., dict[str, str]]:
    """Makes the environment of an Airflow on the lake, with its database ready."""

    def environment(coingecko_url: str) -> dict[str, str]:
        made = airflow_environment(
            lake.state / "airflow",
            endpoint_url=lake.endpoint_url,
            coingecko_url=coingecko_url,
            time_travel=True,  # as with `make dev` and in Docker Compose
            api_port=servers.free_port(),
            dashboard_url=lake.website_url,
        )
        connection = json.loads(made["AIRFLOW_CONN_COINGECKO_DEFAULT"])
        made["AIRFLOW_CONN_COINGECKO_DEFAULT"] = json.dumps(connection | {"password": API_KEY})
        made["AIRFLOW__CORE__PLUGINS_FOLDER"] = str(plugins)
        prepare_home(made)
        return made

    return environment


@pytest.fixture(scope="package")
def coingecko() -> Iterator[StandIn]:
    """Made-up market data of the day that `NOW` is in."""
    with running_stand_in("demo", now=lambda: NOW) as stand_in:
        yield stand_in


@pytest.fixture(scope="package")
def all_of_airflow(
    airflow: Callable[[str], dict[str, str]], coingecko: StandIn, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Airflow]:
    """API server, scheduler, DAG processor and triggerer, on made-up market data."""
    logs = tmp_path_factory.mktemp("logs")
    environment = airflow(coingecko.url)
    with servers.running(environment, logs) as processes:
        yield Airflow(Api(environment["AIRFLOW__API__BASE_URL"]), environment, processes, logs)


@pytest.fixture(scope="package")
def alerts(lake: Lake) -> Callable[[], list[str]]:
    """What people who subscribed to the lake's alerts have received since."""
    sqs, sns = boto3.client("sqs"), boto3.client("sns")
    url = sqs.create_queue(QueueName="somebodys-inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    [topic] = [
        t["TopicArn"] for t in sns.list_topics()["Topics"] if t["TopicArn"].endswith("crypto-lake-alerts")
    ]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def received() -> list[str]:
        found = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found += [json.loads(message["Body"])["Message"] for message in messages]
        return found

    return received
