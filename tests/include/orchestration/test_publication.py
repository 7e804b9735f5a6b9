"""Writing the website's files, all or none: read back from S3, from real Athena results."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import boto3
import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from include.crypto_lake.website import WebsiteDataError
from include.orchestration.publication import publish, require_published
from tests import athena


@pytest.fixture
def website(aws: None) -> str:
    """An empty bucket."""
    name = f"website-{uuid.uuid4().hex}"
    boto3.client("s3").create_bucket(Bucket=name)
    return name


def select(bucket: str, columns: str, rows: Iterable[str]) -> str:
    """Run a query that gives rows; returns its id."""
    sql = f"SELECT * FROM (VALUES {', '.join(rows)}) AS t ({columns}) ORDER BY 1"
    return athena.run(sql, bucket)["QueryExecutionId"]


ATH_DATE = "2025-10-06 18:57:42"


def top_ten(
    bucket: str, price: float, source: str, rows: int, ath_date: str = ATH_DATE, currency: str = "usd"
) -> str:
    return select(
        bucket,
        "rank, coin_id, symbol, name, image, current_price, price_change_percentage_24h, market_cap, "
        "market_share_pct, total_volume, high_24h, low_24h, circulating_supply, total_supply, max_supply, "
        "ath, ath_change_percentage, ath_date, last_updated, source, currency",
        (
            f"({rank}, 'coin-{rank}', 'c', 'Coin {rank} – Ünï', CAST(NULL AS VARCHAR), "
            f"CAST({price!r} AS DOUBLE), -0.5e0, 1e12, 5e0, 1e9, 2e0, 1e0, "
            "1.9e7, CAST(NULL AS DOUBLE), CAST(NULL AS DOUBLE), 2e-5, -59.4e0, "
            f"TIMESTAMP '{ath_date}', TIMESTAMP '2026-01-31 01:59:00', '{source}', '{currency}')"
            for rank in range(1, rows + 1)
        ),
    )


def market(bucket: str, last: str, source: str, currency: str = "usd") -> str:
    return select(
        bucket,
        "dt, coins, ranked, total_market_cap, total_volume, btc_dominance_pct, eth_dominance_pct, "
        "median_change_24h_pct, gainers, losers, source, currency",
        [f"(DATE '{last}', 250, 248, 3e12, 1e11, 55e0, 12e0, 0.1e0, 130, 118, '{source}', '{currency}')"],
    )


def prices(bucket: str, last: str, source: str, coins: Iterable[int], currency: str = "usd") -> str:
    rows = (f"('coin-{rank}', DATE '{last}', {rank}, 8.12e-6, '{source}', '{currency}')" for rank in coins)
    return select(bucket, "coin_id, dt, rank, current_price, source, currency", rows)


def published(bucket: str, name: str = "top10_cryptos") -> dict[str, Any]:
    return json.loads(boto3.client("s3").get_object(Bucket=bucket, Key=f"data/{name}.json")["Body"].read())


def put(
    bucket: str,
    run_date: str,
    *,
    price: float = 0.00000812,
    source: str = "coingecko",
    rows: int = 10,
    last_day: str | None = None,
    ath_date: str = ATH_DATE,
    coins: Iterable[int] = range(1, 11),
    currency: str = "usd",
) -> dict[str, Any]:
    """Publish what three queries give: ten coins, the market's day, the coins' prices on that day."""
    queries = {
        "top10_cryptos": top_ten(bucket, price, source, rows, ath_date, currency),
        "market_history": market(bucket, last_day or run_date, source, currency),
        "coin_history": prices(bucket, run_date, source, coins, currency),
    }
    return publish(queries, run_date=run_date, bucket=bucket)


def test_every_file_is_in_the_currency_of_the_data_whatever_the_setting_is(website: str) -> None:
    for currency in ("usd", "eur"):
        put(website, "2026-01-31", currency=currency)
        files = [published(website, name) for name in ("top10_cryptos", "market_history", "coin_history")]
        assert {file["currency"] for file in files} == {currency}
        assert "currency" not in files[0]["coins"][0]


def test_what_is_published_is_what_the_query_gave(website: str) -> None:
    result = put(website, "2026-01-31")
    assert result == {
        name: {
            "address": f"s3://{website}/data/{name}.json",
            "as_of": "2026-01-31",
            "source": "coingecko",
            "rows": rows,
        }
        for name, rows in (("market_history", 1), ("coin_history", 10), ("top10_cryptos", 10))
    }
    assert published(website, "market_history")["days"][0]["gainers"] == 130
    assert {row["dt"] for row in published(website, "coin_history")["prices"]} == {"2026-01-31"}
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


@pytest.mark.parametrize("moment", ["0001-01-01 00:00:00", "0999-12-31 23:59:59.999"])
def test_a_zero_time_is_published_with_its_year_in_four_digits(website: str, moment: str) -> None:
    put(website, "2026-01-31", ath_date=moment)
    [shown] = {coin["ath_date"] for coin in published(website)["coins"]}
    assert shown[:19] == moment.replace(" ", "T")[:19]


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


def test_a_file_that_is_newer_stays_and_the_others_are_written(website: str) -> None:
    put(website, "2026-01-31")
    boto3.client("s3").delete_object(Bucket=website, Key="data/coin_history.json")
    assert put(website, "2026-01-30").keys() == {"coin_history"}
    assert published(website)["as_of"] == "2026-01-31"
    assert published(website, "coin_history")["as_of"] == "2026-01-30"


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"rows": 9}, "top10_cryptos.json: .* too short"),
        ({"last_day": "2026-01-30"}, "market_history.json is of 2026-01-31, but its last day is 2026-01-30"),
        ({"coins": range(2, 12)}, r"coin_history.json has no price of 2026-01-31 for \['coin-1'\]"),
    ],
)
def test_one_file_that_breaks_its_contract_publishes_none(
    website: str, fault: dict[str, Any], message: str
) -> None:
    put(website, "2026-01-30")
    names = ("top10_cryptos", "market_history", "coin_history")
    before = [published(website, name) for name in names]
    with pytest.raises(WebsiteDataError, match=message):
        put(website, "2026-01-31", **fault)
    assert [published(website, name) for name in names] == before


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"as_of": 5}',
        b'{"as_of": "2026-02-01", "generated_at": null, "source": "coingecko"}',
    ],
)
def test_a_broken_file_is_replaced(website: str, broken: bytes) -> None:
    boto3.client("s3").put_object(Bucket=website, Key="data/top10_cryptos.json", Body=broken)
    put(website, "2026-01-31")
    assert published(website)["as_of"] == "2026-01-31"


def test_what_the_website_has_to_show_is_required_file_by_file(website: str) -> None:
    s3 = boto3.client("s3")
    for name, day in (("market_history", "2026-01-31"), ("coin_history", "2026-01-30")):
        document = {"as_of": day, "generated_at": f"{day}T02:05:00Z", "source": "coingecko"}
        s3.put_object(Bucket=website, Key=f"data/{name}.json", Body=json.dumps(document).encode())
    with pytest.raises(AirflowFailException) as failure:
        require_published(run_date="2026-01-31", bucket=website)
    message = str(failure.value)
    assert message.startswith("the data of 2026-01-31 are late: ")
    assert f"s3://{website}/data/coin_history.json is of 2026-01-30, made 2026-01-30T02:05:00Z" in message
    assert f"s3://{website}/data/top10_cryptos.json is missing or broken" in message
    assert "market_history" not in message

    for name in ("coin_history", "top10_cryptos"):
        s3.copy_object(
            Bucket=website, Key=f"data/{name}.json", CopySource=f"{website}/data/market_history.json"
        )
    assert set(require_published(run_date="2026-01-30", bucket=website).values()) == {"2026-01-31"}
    with pytest.raises(AirflowFailException, match="'no-such-website' does not exist"):
        require_published(run_date="2026-01-30", bucket="no-such-website")
