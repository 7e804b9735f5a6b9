"""`make run`, from its first line to the addresses it ends with, on made-up data and on real captures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from benchmarks.queries import queries
from include.crypto_lake.website import TOP10_CRYPTOS
from laptop.coingecko import demo_market
from laptop.coingecko.stand_in import running_stand_in
from laptop.lake.deployment import LAKE_BUCKET, WEBSITE_BUCKET
from laptop.runner import run as daily
from laptop.runner.environment import airflow_environment, prepare_home

if TYPE_CHECKING:
    from tests.e2e.conftest import Lake

pytestmark = [pytest.mark.product, pytest.mark.clock]

CAPTURES = os.environ.get("COINGECKO_CAPTURES")
needs_captures = [
    pytest.mark.captures,
    pytest.mark.skipif(
        not CAPTURES,
        reason="real CoinGecko captures are not part of the repository; COINGECKO_CAPTURES names them",
    ),
]


def captures(folder: str) -> Path:
    assert CAPTURES
    return Path(CAPTURES) / folder


def run(lake: Lake, day: date, feed: str, **options: Any) -> None:
    daily.run(
        day=day,
        feed=feed,
        state=lake.state,
        endpoint_url=lake.endpoint_url,
        website_url=lake.website_url,
        **options,
    )


def largest(rows: list[dict[str, Any]], count: int = 10) -> list[str]:
    """The ids of the largest coins, straight from CoinGecko's rows."""
    return [row["id"] for row in sorted(rows, key=lambda row: -(row["market_cap"] or 0))[:count]]


def test_a_day_ends_in_a_table_a_file_and_a_page(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    """On a real capture where there is one, else on made-up data (as the scheduler's test is anyway)."""
    feed, source = (str(captures("daily")), "coingecko") if CAPTURES else ("demo", "synthetic")
    day = date(2026, 1, 31)
    run(lake, day, feed, coins=100)
    printed = capsys.readouterr().out

    [key] = lake.keys(f"bronze/coins_market/dt={day}/")
    bronze = json.loads(lake.body(key))
    if CAPTURES:
        assert lake.body(key) == (captures("daily") / f"{day}.json").read_bytes()
    silver, quarantine = lake.table("silver/coins_market", day), lake.table("quarantine/coins_market", day)
    assert len(bronze) == len(silver) + len(quarantine)
    assert {row["source"] for row in silver} == {source}

    document = lake.website("top10_cryptos")
    TOP10_CRYPTOS.check(document)
    assert (document["as_of"], document["source"]) == (day.isoformat(), source)
    assert [coin["coin_id"] for coin in document["coins"]] == largest(bronze)
    prices = {row["id"]: row["current_price"] for row in bronze}
    assert {coin["coin_id"]: coin["current_price"] for coin in document["coins"]} == {
        coin_id: pytest.approx(prices[coin_id]) for coin_id in largest(bronze)
    }

    for task in ("fetch_markets", "bronze_to_silver", "check_gold", "publish_website"):
        assert f"✓ {task}" in printed
    for coin in document["coins"]:
        assert coin["name"] in printed
    for address in (lake.endpoint_url, f"s3://{WEBSITE_BUCKET}/data/top10_cryptos.json"):
        assert address in printed
    dashboard = next(line.split()[-1] for line in printed.splitlines() if "Dashboard" in line)
    with urllib.request.urlopen(dashboard, timeout=60) as page:
        assert "text/html" in page.headers["Content-Type"]
        assert b"assets/dashboard." in page.read()
    with urllib.request.urlopen(f"{dashboard}/data/top10_cryptos.json", timeout=60) as data:
        assert json.load(data) == document
    assert {row["coin_id"] for row in lake.website("coin_history")["prices"]} == set(largest(bronze))


@pytest.mark.parametrize("mark", [pytest.param(None, marks=needs_captures)], ids=["captures"])
def test_an_error_that_someone_stored_as_data_is_refused_with_its_message(lake: Lake, mark: None) -> None:
    day = date(2023, 3, 30)
    with pytest.raises(daily.RunFailedError) as failure:
        run(lake, day, str(captures("anomalies")), coins=100)
    message = str(failure.value)
    assert "temporarily unavailable" in message
    assert "fetch_markets failed" in message
    assert f"DATE={day} FEED=" in message
    assert lake.keys(f"bronze/coins_market/dt={day}/") == []
    [rejected] = lake.keys(f"rejected/coins_market/dt={day}/")
    assert f"s3://{LAKE_BUCKET}/{rejected}" in message


@pytest.mark.timeout(900)
@pytest.mark.thorough
def test_a_day_that_a_backfill_filled_is_reused_and_stays_in_the_charts(
    lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    day, last = date(2025, 6, 14), date(2025, 6, 15)
    with running_stand_in("demo") as stand_in:
        environment = airflow_environment(
            lake.state / "airflow",
            endpoint_url=lake.endpoint_url,
            coingecko_url=stand_in.url,
            time_travel=True,
        )
        prepare_home(environment)
        range_ = json.dumps({"from_date": str(day), "to_date": str(last)})
        backfill = ["airflow", "dags", "test", "crypto_market_backfill", "--conf", range_]
        subprocess.run([sys.executable, "-m", *backfill], env=environment, check=True, capture_output=True)
    [filled] = lake.ingestions(day)
    gold = sorted(map(repr, lake.table("gold/coins_market", day)))
    assert gold

    for options, ingestions in (
        ({}, {filled}),
        ({"fetch_again": True}, {filled, "ingested_at=20250614T020000Z"}),
    ):
        run(lake, day, "demo", **options)
        printed = capsys.readouterr().out
        assert "✓ check_gold" in printed
        assert ("was reused. FETCH_AGAIN=1 fetches the day." in printed) == (not options)
        assert lake.ingestions(day) == ingestions
        assert sorted(map(repr, lake.table("gold/coins_market", day))) == gold
    shown = lake.query(queries(last, 250)["market_history.sql"])
    assert [row["dt"] for row in shown][-2:] == [day, last]


@pytest.mark.timeout(900)
@pytest.mark.thorough
def test_a_recorded_market_of_sixty_coins_needs_a_request_of_sixty(
    lake: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day = date(2025, 7, 1)
    market = [row for row in demo_market.market(day) if row["current_price"]][:60]
    (tmp_path / f"{day}.json").write_text(json.dumps(market))
    with pytest.raises(daily.RunFailedError, match=r"60 of the 250 coins requested.*or COINS=60 make run"):
        run(lake, day, str(tmp_path))
    assert "fetch_markets" in capsys.readouterr().out
    assert lake.bronze(day) == []
    run(lake, day, str(tmp_path), coins=60)
    assert len(lake.bronze(day)) == len(lake.table("gold/coins_market", day)) == 60
    assert "✓ check_gold" in capsys.readouterr().out


@pytest.mark.timeout(900)
@pytest.mark.thorough
def test_a_day_in_euros_stands_beside_the_day_in_dollars(lake: Lake) -> None:
    """The setting is changed between two runs of the daily DAG of one day; no other test has that day."""
    day = date(2025, 6, 18)
    s3 = boto3.client("s3")
    for name in ("top10_cryptos", "market_history", "coin_history"):  # other tests publish later days
        s3.delete_object(Bucket=WEBSITE_BUCKET, Key=f"data/{name}.json")
    run(lake, day, "demo")
    [dollars] = lake.table("gold/market_summary", day)
    assert lake.website("top10_cryptos")["currency"] == "usd"
    with running_stand_in("demo") as stand_in:
        environment = airflow_environment(
            lake.state / "airflow",
            endpoint_url=lake.endpoint_url,
            coingecko_url=stand_in.url,
            time_travel=True,
        )
        settings = json.loads(environment["AIRFLOW_VAR_CRYPTO_LAKE"]) | {"currency": "eur"}
        environment["AIRFLOW_VAR_CRYPTO_LAKE"] = json.dumps(settings)
        prepare_home(environment)
        again = ["airflow", "dags", "test", "crypto_market_daily", str(day)]
        subprocess.run([sys.executable, "-m", *again], env=environment, check=True, capture_output=True)

    assert {key.split("/")[3] for key in lake.keys(f"bronze/coins_market/dt={day}/")} == {
        "currency=usd",
        "currency=eur",
    }
    summaries = {row["currency"]: row for row in lake.table("gold/market_summary", day)}
    assert summaries["usd"] == dollars, "the day in dollars is as it was"
    market = {coin["id"]: coin for coin in demo_market.market(day, "eur")}
    gold = lake.query(
        f"SELECT * FROM gold_coins_market WHERE dt = DATE '{day}' AND currency = 'eur' AND rank <= 10"
    )
    assert len(gold) == 10
    for row in gold:
        assert row["current_price"] == market[row["coin_id"]]["current_price"]
    assert summaries["eur"]["total_market_cap"] < summaries["usd"]["total_market_cap"]
    top10 = lake.website("top10_cryptos")
    assert (top10["as_of"], top10["currency"]) == (str(day), "eur")
    assert {coin["coin_id"]: coin["current_price"] for coin in top10["coins"]} == {
        row["coin_id"]: row["current_price"] for row in gold
    }
    history = lake.website("market_history")
    assert (history["currency"], [row["dt"] for row in history["days"]]) == ("eur", [str(day)])
