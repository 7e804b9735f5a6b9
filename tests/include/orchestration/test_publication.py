"""Writing the website's files: read back from S3, from real Athena results."""

from __future__ import annotations

import json
import time
from datetime import date, timedelta

import boto3
import pytest
from airflow.sdk.exceptions import AirflowSkipException

from include.crypto_lake.website import TOP10_CRYPTOS, WebsiteDataError
from include.orchestration.publication import publish


@pytest.fixture
def website(aws_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty bucket."""
    for name, value in aws_environment.items():
        monkeypatch.setenv(name, value)
    name = f"website-{time.time_ns()}"
    boto3.client("s3").create_bucket(Bucket=name)
    return name


def top_ten(bucket: str, *, price: float = 0.00000812, source: str = "coingecko", rows: int = 10) -> str:
    """Run a query that gives ten coins; returns its id."""
    athena = boto3.client("athena")
    coins = ", ".join(
        f"({rank}, 'coin-{rank}', 'c', 'Coin {rank} – Ünï', CAST(NULL AS VARCHAR), "
        f"CAST({price!r} AS DOUBLE), "
        "-0.5e0, 1e12, 5e0, 1e9, 2e0, 1e0, "
        "1.9e7, CAST(NULL AS DOUBLE), CAST(NULL AS DOUBLE), 2e-5, -59.4e0, "
        f"TIMESTAMP '2025-10-06 18:57:42', TIMESTAMP '2026-01-31 01:59:00', '{source}')"
        for rank in range(1, rows + 1)
    )
    columns = (
        "rank, coin_id, symbol, name, image, current_price, price_change_percentage_24h, market_cap, "
        "market_share_pct, total_volume, high_24h, low_24h, circulating_supply, total_supply, max_supply, "
        "ath, ath_change_percentage, ath_date, last_updated, source"
    )
    started = athena.start_query_execution(
        QueryString=f"SELECT * FROM (VALUES {coins}) AS t ({columns}) ORDER BY rank",
        ResultConfiguration={"OutputLocation": f"s3://{bucket}/results/"},
    )["QueryExecutionId"]
    while (status := athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"])[
        "State"
    ] in {"QUEUED", "RUNNING"}:
        time.sleep(0.05)
    assert status["State"] == "SUCCEEDED", status
    return started


def published(bucket: str) -> dict[str, object]:
    return json.loads(
        boto3.client("s3").get_object(Bucket=bucket, Key="data/top10_cryptos.json")["Body"].read()
    )


def put(bucket: str, as_of: str, **query: object) -> dict[str, object]:
    return publish(TOP10_CRYPTOS, top_ten(bucket, **query), as_of=as_of, bucket=bucket, currency="usd")


def test_what_is_published_is_what_the_query_gave(website: str) -> None:
    result = put(website, "2026-01-31")
    assert result == {
        "address": f"s3://{website}/data/top10_cryptos.json",
        "as_of": "2026-01-31",
        "source": "coingecko",
        "rows": 10,
    }
    document = published(website)
    assert document["as_of"] == "2026-01-31"
    assert [coin["rank"] for coin in document["coins"]] == list(range(1, 11))
    assert document["coins"][3] == {
        "rank": 4,
        "coin_id": "coin-4",
        "symbol": "c",
        "name": "Coin 4 – Ünï",
        "image": None,
        "current_price": 8.12e-6,
        "price_change_percentage_24h": -0.5,
        "market_cap": 1e12,
        "market_share_pct": 5.0,
        "total_volume": 1e9,
        "high_24h": 2.0,
        "low_24h": 1.0,
        "circulating_supply": 1.9e7,
        "total_supply": None,
        "max_supply": None,
        "ath": 2e-5,
        "ath_change_percentage": -59.4,
        "ath_date": "2025-10-06T18:57:42Z",
        "last_updated": "2026-01-31T01:59:00Z",
    }
    head = boto3.client("s3").head_object(Bucket=website, Key="data/top10_cryptos.json")
    assert head["ContentType"] == "application/json; charset=utf-8"
    assert head["CacheControl"] == "public, max-age=300, must-revalidate"


def test_an_older_day_leaves_the_newer_file_and_a_rerun_replaces_it(website: str) -> None:
    put(website, "2026-01-31", price=2.0)
    with pytest.raises(AirflowSkipException, match=r"is of 2026-01-31, made .*: newer than 2026-01-30"):
        put(website, "2026-01-30", price=1.0)
    assert published(website)["coins"][0]["current_price"] == 2.0
    put(website, "2026-01-31", price=3.0)
    assert published(website)["coins"][0]["current_price"] == 3.0


def test_real_data_replace_made_up_data_of_a_later_day(website: str) -> None:
    put(website, (date(2026, 1, 31) + timedelta(days=300)).isoformat(), source="synthetic")
    put(website, "2026-01-31")
    assert published(website)["source"] == "coingecko"


def test_rows_that_break_the_contract_publish_nothing(website: str) -> None:
    put(website, "2026-01-30")
    before = published(website)
    with pytest.raises(WebsiteDataError, match="too short"):
        put(website, "2026-01-31", rows=9)
    assert published(website) == before


@pytest.mark.parametrize("broken", [b"", b"<html>", b"[]", b'{"as_of": 5}'])
def test_a_broken_file_is_replaced(website: str, broken: bytes) -> None:
    boto3.client("s3").put_object(Bucket=website, Key="data/top10_cryptos.json", Body=broken)
    put(website, "2026-01-31")
    assert published(website)["as_of"] == "2026-01-31"
