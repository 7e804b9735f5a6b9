"""S3 fails while the website is written, or another run writes too: no file is ever of half a day."""

from __future__ import annotations

import json
import os
import uuid
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from airflow.sdk.exceptions import AirflowSkipException
from botocore.exceptions import ClientError

from include.orchestration.publication import publish
from tests.faults.conftest import MisbehavingAws, slow_down
from tests.include.orchestration.test_publication import market, prices, top_ten
from tests.plugins.conftest import Bucket

NAMES = ("market_history", "coin_history", "top10_cryptos")
DAY_BEFORE, DAY = "2026-01-30", "2026-01-31"


class Website:
    """A bucket in which the day before is published, and both days' queries."""

    def __init__(self, bucket: Bucket, queries: dict[str, dict[str, str]]) -> None:
        self.bucket = bucket
        self.queries = queries
        self.publish(DAY_BEFORE)

    def publish(self, day: str, bucket: str | None = None) -> Any:
        return publish(self.queries[day], run_date=day, bucket=bucket or self.bucket.name)

    def files(self, bucket: str | None = None) -> list[bytes]:
        s3, name = boto3.client("s3"), bucket or self.bucket.name
        return [s3.get_object(Bucket=name, Key=f"data/{file}.json")["Body"].read() for file in NAMES]

    def days(self) -> list[str]:
        return [json.loads(file)["as_of"] for file in self.files()]

    def quiet_night(self) -> list[bytes]:
        """The files of a night without faults, from the same queries."""
        name = f"{self.bucket.name}-quiet"
        boto3.client("s3").create_bucket(Bucket=name)
        self.publish(DAY, name)
        return self.files(name)


@pytest.fixture(scope="module")
def queries(aws_environment: dict[str, str]) -> dict[str, dict[str, str]]:
    """What the daily DAG asks Athena on each of the two days."""
    name = f"faults-queries-{uuid.uuid4().hex[:10]}"
    with patch.dict(os.environ, aws_environment):
        boto3.client("s3").create_bucket(Bucket=name)
        return {
            day: {
                "top10_cryptos": top_ten(name, price, "coingecko", 10),
                "market_history": market(name, day, "coingecko"),
                "coin_history": prices(name, day, "coingecko", range(1, 11)),
            }
            for day, price in ((DAY_BEFORE, 1.0), (DAY, 2.0))
        }


@pytest.fixture
def website(bucket: Bucket, queries: dict[str, dict[str, str]]) -> Website:
    return Website(bucket, queries)


def test_a_slow_s3_is_waited_for(website: Website, misbehaving: MisbehavingAws) -> None:
    for name in NAMES:
        misbehaving.on_put(name, *[slow_down()] * 4)
    website.publish(DAY)
    assert len(misbehaving.waits) == 12
    assert website.files() == website.quiet_night()


@pytest.mark.parametrize(
    ("name", "days"), [("market_history", [DAY_BEFORE] * 3), ("top10_cryptos", [DAY, DAY, DAY_BEFORE])]
)
def test_an_s3_that_stays_slow_leaves_whole_files_and_the_retry_writes_the_rest(
    name: str, days: list[str], website: Website, misbehaving: MisbehavingAws
) -> None:
    before = website.files()
    misbehaving.on_put(name, *[slow_down()] * 5)
    with pytest.raises(ClientError, match=r"\(SlowDown\).*PutObject .*Please reduce your request rate"):
        website.publish(DAY)
    assert website.days() == days
    quiet = website.quiet_night()
    assert website.files() == [
        (old, new)[day == DAY] for old, new, day in zip(before, quiet, days, strict=True)
    ]
    website.publish(DAY)
    assert website.files() == quiet


def test_a_file_that_s3_stored_without_saying_so_is_written_again(
    website: Website, misbehaving: MisbehavingAws
) -> None:
    misbehaving.on_put("top10_cryptos", slow_down(served=True))
    with pytest.raises(ClientError, match="PreconditionFailed"):  # the client's own second attempt
        website.publish(DAY)
    quiet = website.quiet_night()
    assert website.files() == quiet
    website.publish(DAY)
    assert website.files() == quiet


def test_of_two_runs_that_publish_at_once_the_newer_day_stays(
    website: Website, misbehaving: MisbehavingAws
) -> None:
    quiet = website.quiet_night()
    # The older run has read what is published, and is about to write, when the newer one publishes.
    misbehaving.on_put("market_history", lambda: website.publish(DAY))
    with pytest.raises(ClientError, match="PreconditionFailed"):
        website.publish(DAY_BEFORE)
    assert website.files() == quiet
    with pytest.raises(AirflowSkipException, match="newer than 2026-01-30"):  # its retry
        website.publish(DAY_BEFORE)
    assert website.files() == quiet
