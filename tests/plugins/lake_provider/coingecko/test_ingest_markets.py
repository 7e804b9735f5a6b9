"""One ingestion, run for real against a CoinGecko stand-in and a local S3, then read back from the bucket."""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import os
import socket
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import structlog
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from botocore.exceptions import ParamValidationError

from lake_provider.bronze import BronzeDay
from lake_provider.coingecko import ingest_markets
from lake_provider.coingecko.ingest_markets import CoinGeckoMarketsToS3Operator
from laptop.coingecko.stand_in import Fault, running_stand_in

pytestmark = pytest.mark.clock

DAY = "2026-01-31"
BRONZE = f"bronze/coins_market/dt={DAY}/currency=usd"
REJECTED = f"rejected/coins_market/dt={DAY}"
KEY = "CG-planted-0123456789"


def operator(bucket, /, **arguments: Any) -> CoinGeckoMarketsToS3Operator:
    defaults = {
        "run_date": DAY,
        "bucket": bucket.name,
        "coins": "250",
        "currency": "usd",
        "prefix": "bronze/coins_market",
        "rejected_prefix": "rejected/coins_market",
    }
    return CoinGeckoMarketsToS3Operator(task_id="fetch_markets", **(defaults | arguments))


def ingest(bucket, /, **arguments: Any) -> dict[str, Any]:
    return operator(bucket, **arguments).execute({})


@pytest.fixture
def clock(monkeypatch):
    """Set what both we and the source take for now."""

    def set_to(text: str) -> datetime:
        moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
        monkeypatch.setattr(ingest_markets, "utc_now", lambda: moment)
        return moment

    return set_to


@pytest.fixture
def live(clock, connect, waits):
    """A source that knows only today, as CoinGecko does; its clock is ours."""
    clock(f"{DAY}T02:00:05")
    with running_stand_in("demo", now=lambda: ingest_markets.utc_now()) as running:
        connect(running.url)
        yield running


# What bronze holds


def test_the_body_is_stored_byte_for_byte(stand_in, bucket):
    result = ingest(bucket)
    served = requests.get(
        f"{stand_in.url}/api/v3/coins/markets",
        params={"vs_currency": "usd", "per_page": 250, "as_of": DAY},
        timeout=60,
    )
    key = f"{BRONZE}/ingested_at=20260131T020000Z/source=synthetic/page-0001.json"
    assert bucket.listing() == [key]
    assert bucket.body(key) == served.content
    assert result == {
        "run_date": DAY,
        "currency": "usd",
        "source": "synthetic",
        "ingested_at": "20260131T020000Z",
        "keys": [key],
        "rows": 250,
        "requested": 250,
        "api_calls": 1,
        "reused": False,
    }
    json.dumps(result)  # fit for XCom


def test_an_object_tells_where_it_came_from(stand_in, bucket):
    [key] = ingest(bucket)["keys"]
    metadata = bucket.metadata(key)
    assert metadata.pop("etag").startswith('W/"')
    assert metadata == {
        "source-url": f"{stand_in.url}/api/v3/coins/markets"
        "?vs_currency=usd&order=market_cap_desc&per_page=250&page=1&as_of=2026-01-31",
        "http-date": "Sat, 31 Jan 2026 02:00:00 GMT",
        "sha256": hashlib.sha256(bucket.body(key)).hexdigest(),
        "ingested-at": "20260131T020000Z",
        "rows": "250",
        "currency": "usd",
        "page": "1",
        "pages": "1",
        "coins-requested": "250",
    }


def test_several_pages_make_one_ingestion(stand_in, bucket):
    result = ingest(bucket, coins="260")
    folder = f"{BRONZE}/ingested_at=20260131T020000Z/source=synthetic"
    assert bucket.listing() == result["keys"] == [f"{folder}/page-0001.json", f"{folder}/page-0002.json"]
    rows = [coin for key in bucket.listing() for coin in json.loads(bucket.body(key))]
    assert len({coin["id"] for coin in rows}) == len(rows) == result["rows"] == 260
    assert [bucket.metadata(key)["page"] for key in bucket.listing()] == ["1", "2"]
    assert {bucket.metadata(key)["pages"] for key in bucket.listing()} == {"2"}


def test_coins_that_two_pages_repeat_are_kept_and_counted_in_the_log(stand_in, bucket):
    stand_in.misbehave(Fault("none"), Fault("repeat"))
    with structlog.testing.capture_logs() as logs:
        result = ingest(bucket, coins="260")
    assert result["rows"] == 260
    first, second = (bucket.body(key) for key in result["keys"])
    assert first == second
    assert "130 of 260 rows repeat a coin" in str(logs)


def test_nothing_is_written_when_a_later_page_is_bad(stand_in, bucket):
    stand_in.misbehave(Fault("none"), Fault("truncated_json"))
    with pytest.raises(AirflowException, match="refused page 2"):
        ingest(bucket, coins="260")
    assert bucket.listing("bronze/") == []


def test_all_arguments_are_templates(stand_in, bucket):
    task = operator(
        bucket,
        run_date="{{ lake.day }}",
        bucket="{{ lake.bucket }}",
        coins="{{ lake.coins }}",
        currency="{{ lake.currency }}",
        prefix="{{ lake.name }}/bronze",
        rejected_prefix="{{ lake.name }}/rejected",
        coingecko_conn_id="coingecko_{{ lake.conn }}",
        aws_conn_id="aws_{{ lake.conn }}",
    )
    lake = {"day": DAY, "bucket": bucket.name, "coins": 20, "currency": "usd", "name": "x", "conn": "default"}
    task.render_template_fields({"lake": lake})
    assert task.execute({})["rows"] == 20
    assert bucket.listing() == [
        f"x/bronze/dt={DAY}/currency=usd/ingested_at=20260131T020000Z/source=synthetic/page-0001.json"
    ]


def test_the_log_ends_with_a_line_that_says_what_was_stored_where(stand_in, bucket):
    with structlog.testing.capture_logs() as logs:
        ingest(bucket)
    line = logs[-1]["event"]
    assert line.startswith(f"{DAY}: 250 coins from synthetic (bitcoin, ethereum, ")
    assert "1 page(s), 1 API call(s)" in line
    assert line.endswith(f"-> s3://{bucket.name}/{BRONZE}/ingested_at=20260131T020000Z/source=synthetic/")


# Order and races


def test_each_ingestion_of_a_day_comes_after_the_one_before(stand_in, bucket):
    stamps = [ingest(bucket, coins="10", fetch_again=True)["ingested_at"] for _ in range(3)]
    assert stamps == ["20260131T020000Z", "20260131T020001Z", "20260131T020002Z"]
    assert len(bucket.listing()) == 3


def test_an_ingestion_from_a_clock_that_runs_ahead_is_followed_not_overtaken(stand_in, bucket):
    bucket.put(f"{BRONZE}/ingested_at=20260131T155959Z/source=coingecko/page-0001.json")
    assert ingest(bucket, coins="10", fetch_again=True)["ingested_at"] == "20260131T160000Z"


def test_a_key_that_another_ingestion_takes_meanwhile_is_left_alone(stand_in, bucket, monkeypatch):
    taken = f"{BRONZE}/ingested_at=20260131T020000Z/source=synthetic/page-0001.json"
    look = BronzeDay._list_stamps

    def look_and_be_overtaken(day: BronzeDay) -> list[str]:
        stamps = look(day)
        bucket.put(taken, b'[{"id":"theirs"}]')
        return stamps

    monkeypatch.setattr(BronzeDay, "_list_stamps", look_and_be_overtaken)
    result = ingest(bucket, coins="10")
    assert result["ingested_at"] == "20260131T020001Z"
    assert bucket.body(taken) == b'[{"id":"theirs"}]'
    assert bucket.listing() == [taken, *result["keys"]]


def test_ingestions_side_by_side_never_share_a_key(stand_in, bucket):
    tasks = [operator(bucket, coins="260", fetch_again=True) for _ in range(6)]
    start = threading.Barrier(len(tasks))

    def run(task: CoinGeckoMarketsToS3Operator) -> dict[str, Any]:
        start.wait()
        return task.execute({})

    with ThreadPoolExecutor(len(tasks)) as pool:
        results = list(pool.map(run, tasks))
    assert len({result["ingested_at"] for result in results}) == len(tasks)
    assert sorted(key for result in results for key in result["keys"]) == bucket.listing()
    assert len(bucket.listing()) == 2 * len(tasks)


# Which day


def test_today_is_ingested_at_the_sources_time(live, bucket):
    assert ingest(bucket)["ingested_at"] == "20260131T020005Z"
    assert "as_of" not in live.received[0].target


def test_a_past_day_reuses_its_newest_bronze_without_a_call(live, bucket, clock):
    ingest(bucket, coins="260")
    newest = ingest(bucket, coins="260")
    before, calls = bucket.listing(), len(live.received)
    clock("2026-02-01T02:00:05")
    assert ingest(bucket) == newest | {"api_calls": 0, "reused": True}
    assert bucket.listing() == before
    assert len(live.received) == calls


def test_a_past_day_reuses_its_newest_ingestion_that_is_whole(live, bucket, clock):
    whole = ingest(bucket, coins="260")
    later = f"{BRONZE}/ingested_at=20260131T030000Z/source=coingecko"
    bucket.put(f"{later}/page-0002.json", b'[{"id":"bitcoin"}]', pages="2")
    bucket.put(f"{later.replace('T03', 'T04')}/page-0001.json", b'[{"id":"bitcoin"}]', pages="2")
    clock("2026-02-01T02:00:05")
    with structlog.testing.capture_logs() as logs:
        assert ingest(bucket, coins="260") == whole | {"api_calls": 0, "reused": True}
    assert "ingested_at=20260131T040000Z was cut off: only page-0001.json is there" in str(logs)
    assert "ingested_at=20260131T030000Z was cut off: only page-0002.json is there" in str(logs)


def test_a_past_day_with_half_an_ingestion_fails_and_names_what_is_there(live, bucket, clock):
    bucket.put(f"{BRONZE}/ingested_at=20260131T020000Z/source=coingecko/page-0002.json", pages="2")
    clock("2026-02-01T02:00:05")
    with pytest.raises(
        AirflowFailException, match=rf"{BRONZE}/ has no whole ingestion \(ingested_at="
    ) as caught:
        ingest(bucket)
    assert "20260131T020000Z was cut off: only page-0002.json is there), and the market" in str(caught.value)


def test_a_past_day_without_bronze_fails_and_says_that_it_cannot_be_had_any_more(live, bucket, clock):
    clock("2026-02-01T02:00:05")
    with pytest.raises(AirflowFailException, match=rf"{bucket.name}/{BRONZE}/ is empty.*Backfill") as caught:
        ingest(bucket)
    assert "CoinGecko has no historical /coins/markets" in str(caught.value)
    assert not live.received
    assert bucket.listing() == []


def test_a_future_day_fails(live, bucket):
    with pytest.raises(AirflowFailException, match=r"2026-02-01 is in the future \(today is 2026-01-31"):
        ingest(bucket, run_date="2026-02-01")
    assert not live.received


def test_prices_from_just_after_midnight_do_not_land_in_yesterdays_partition(live, bucket):
    live.misbehave(Fault("none", headers={"Date": "Sun, 01 Feb 2026 00:00:01 GMT"}))
    with pytest.raises(AirflowException, match=r"answered at 2026-02-01 00:00:01 UTC, which is not run_date"):
        ingest(bucket)
    assert bucket.listing() == []


def test_midnight_between_two_pages_is_noticed_too(live, bucket):
    live.misbehave(Fault("none"), Fault("none", headers={"Date": "Sun, 01 Feb 2026 00:00:01 GMT"}))
    with pytest.raises(AirflowException, match=r"page=2 answered at 2026-02-01"):
        ingest(bucket, coins="260")
    assert bucket.listing() == []


@pytest.mark.parametrize(
    ("day", "next_day"),
    [
        ("2026-01-31", "2026-02-01"),
        ("2026-02-28", "2026-03-01"),
        ("2028-02-28", "2028-02-29"),
        ("2028-02-29", "2028-03-01"),
        ("2026-12-31", "2027-01-01"),
    ],
)
def test_a_day_that_ends_while_it_is_fetched_gets_nothing_and_the_next_day_its_own(
    live, bucket, clock, monkeypatch, day, next_day
):
    last = datetime.fromisoformat(f"{day}T23:59:59+00:00")
    seconds = itertools.count()
    monkeypatch.setattr(ingest_markets, "utc_now", lambda: last + timedelta(seconds=next(seconds)))
    with pytest.raises(AirflowException, match=f"answered at {next_day} 00:00:0. UTC, which is not run_date"):
        ingest(bucket, run_date=day)
    with pytest.raises(
        AirflowFailException, match=rf"dt={day}/currency=usd/ is empty.*Backfill"
    ):  # Airflow's retry
        ingest(bucket, run_date=day)
    assert bucket.listing() == []

    clock(f"{next_day}T00:00:30")
    [key] = ingest(bucket, run_date=next_day)["keys"]
    stamp = f"{next_day.replace('-', '')}T000030Z"
    assert key.startswith(f"bronze/coins_market/dt={next_day}/currency=usd/ingested_at={stamp}/")
    assert all(coin["last_updated"][:10] <= next_day for coin in json.loads(bucket.body(key)))


@pytest.mark.parametrize("day", ["2026-01-31", "2028-02-29", "2026-12-31"])
def test_the_last_second_of_a_day_belongs_to_it(live, bucket, clock, day):
    clock(f"{day}T23:59:59")
    [key] = ingest(bucket, run_date=day)["keys"]
    stamp = f"{day.replace('-', '')}T235959Z"
    assert key.startswith(f"bronze/coins_market/dt={day}/currency=usd/ingested_at={stamp}/")


# Currencies


def test_a_day_in_another_currency_is_fetched_beside_the_first_and_each_is_reused_by_itself(stand_in, bucket):
    dollars, euros = ingest(bucket), ingest(bucket, currency="eur")
    assert [key.split("/")[3] for key in (*dollars["keys"], *euros["keys"])] == [
        "currency=usd",
        "currency=eur",
    ]
    assert dollars["ingested_at"] == euros["ingested_at"], (
        "the stamps of one currency do not move the other's"
    )
    assert (euros["currency"], euros["reused"]) == ("eur", False)
    assert bucket.metadata(euros["keys"][0])["currency"] == "eur"
    prices = {
        currency: json.loads(bucket.body(result["keys"][0]))[0]["current_price"]
        for currency, result in (("usd", dollars), ("eur", euros))
    }
    assert prices["eur"] < prices["usd"]
    for currency, result in (("usd", dollars), ("eur", euros)):
        again = ingest(bucket, currency=currency)
        assert (again["reused"], again["keys"], again["currency"]) == (True, result["keys"], currency)
    assert len(stand_in.received) == 2


def test_a_past_day_that_is_there_in_another_currency_is_not_reused(live, bucket, clock):
    ingest(bucket)
    clock("2026-02-01T02:00:05")
    with pytest.raises(
        AirflowFailException, match=rf"dt={DAY}/currency=eur/ is empty, and the market snapshot"
    ):
        ingest(bucket, currency="eur")
    assert len(live.received) == 1


@pytest.mark.parametrize("currency", ["usd", "eur"])
def test_a_day_of_a_release_without_currencies_is_refused_before_an_api_call(live, bucket, currency):
    key = f"bronze/coins_market/dt={DAY}/ingested_at=20260131T010000Z/source=synthetic/page-0001.json"
    bucket.put(key, b'[{"id": "bitcoin"}]', pages="1")
    message = rf"{key} does not say in which currency it is, .*\"Upgrade a lake without currencies\" in docs/"
    with pytest.raises(AirflowFailException, match=message):
        ingest(bucket, currency=currency)
    assert bucket.listing() == [key]
    assert not live.received


# Past days of a source that has them


def history(bucket, ingested_at="20261201T091500Z") -> str:
    """A day that a backfill has filled, long after the day."""
    key = f"{BRONZE}/ingested_at={ingested_at}/source=synthetic-history/page-0001.json"
    bucket.put(key, b'[{"id": "bitcoin"}, {"id": "ethereum"}]', **{"pages": "1", "coins-requested": "250"})
    return key


def test_with_time_travel_too_a_past_day_reuses_what_a_backfill_has_made(stand_in, bucket):
    key = history(bucket)
    assert ingest(bucket) == {
        "run_date": DAY,
        "currency": "usd",
        "source": "synthetic-history",
        "ingested_at": "20261201T091500Z",
        "keys": [key],
        "rows": 2,
        "requested": 250,
        "api_calls": 0,
        "reused": True,
    }
    assert bucket.listing() == [key]
    assert not stand_in.received


@pytest.mark.parametrize("now", ["2026-02-01T00:00:00", "2026-12-01T10:00:00", "2031-05-05T05:05:05"])
@pytest.mark.parametrize("fetched", ["20260201T000000Z", "20261201T091500Z", "20330101T000000Z"])
def test_a_backfilled_day_is_reused_whatever_the_clocks_say(stand_in, bucket, clock, now, fetched):
    clock(now)
    key = history(bucket, fetched)
    assert ingest(bucket)["keys"] == [key]
    assert not stand_in.received


@pytest.mark.parametrize("fetched", ["20260201T000000Z", "20261201T091500Z", "20330101T000000Z"])
def test_a_snapshot_that_is_fetched_again_keeps_the_clock_of_its_source(stand_in, bucket, fetched):
    key = history(bucket, fetched)
    with structlog.testing.capture_logs() as logs:
        result = ingest(bucket, fetch_again="True")
    assert result["ingested_at"] == "20260131T020000Z"
    assert (result["rows"], result["api_calls"], result["reused"]) == (250, 1, False)
    assert bucket.listing() == [*result["keys"], key]
    assert "silver keeps using" in str(logs)
    assert fetched in str(logs)
    again = ingest(bucket, fetch_again="True")
    assert again["ingested_at"] == "20260131T020001Z"


def test_a_live_snapshot_of_a_day_that_a_fast_clock_has_backfilled_keeps_its_time(live, bucket):
    history(bucket)
    assert ingest(bucket)["ingested_at"] == "20260131T020005Z"


def test_with_time_travel_half_an_ingestion_is_not_reused(stand_in, bucket):
    bucket.put(f"{BRONZE}/ingested_at=20260131T020000Z/source=synthetic/page-0002.json", pages="2")
    result = ingest(bucket)
    assert (result["reused"], result["ingested_at"]) == (False, "20260131T020001Z")


def test_a_day_of_an_older_setting_is_reused_with_the_number_of_its_own_request(stand_in, bucket):
    ingest(bucket, coins="20")
    assert ingest(bucket, coins="250")["requested"] == 20
    assert ingest(bucket, coins="250", fetch_again=True)["requested"] == 250
    assert ingest(bucket, coins="20")["requested"] == 250


def test_an_ingestion_that_does_not_say_what_it_requested_has_requested_what_it_has(stand_in, bucket):
    bucket.put(f"{BRONZE}/ingested_at=20260131T020000Z/source=coingecko/page-0001.json", b'[{"id": "a"}]')
    assert ingest(bucket)["requested"] == 1


def test_a_past_day_cannot_be_fetched_again_from_a_source_that_knows_only_today(live, bucket, clock):
    ingest(bucket)
    clock("2026-02-01T02:00:05")
    with pytest.raises(AirflowFailException, match=r"2026-01-31 cannot be fetched again.*\(2026-02-01 UTC\)"):
        ingest(bucket, fetch_again=True)
    assert len(bucket.listing()) == len(live.received) == 1


# Short answers


def test_a_short_answer_is_kept_for_the_audit_and_leaves_the_retry_to_airflow(stand_in, bucket, waits):
    sixty = json.dumps([{"id": f"coin-{number}"} for number in range(60)])
    stand_in.misbehave(*[Fault("body", message=sixty)] * 5)
    with pytest.raises(AirflowException, match="60 of the 250 coins requested") as caught:
        ingest(bucket)
    assert not isinstance(caught.value, AirflowFailException)
    [key] = bucket.listing()
    assert key.startswith(f"{REJECTED}/")
    assert bucket.body(key) == sixty.encode()
    assert ingest(bucket)["rows"] == 250


@pytest.mark.parametrize("day", ["2024-02-29", "2026-01-01", "2021-07-15"])
def test_with_time_travel_any_day_is_ingested_under_its_own_date(stand_in, bucket, day):
    [key] = ingest(bucket, run_date=day)["keys"]
    assert key.startswith(
        f"bronze/coins_market/dt={day}/currency=usd/ingested_at={day.replace('-', '')}T0200"
    )
    assert all(coin["last_updated"] <= f"{day}T02" for coin in json.loads(bucket.body(key)))


def test_a_server_that_does_not_travel_as_promised_is_found_out(live, connect, bucket):
    connect(live.url, extra={"time_travel": True})
    live.misbehave(Fault("none", headers={"Date": "Sat, 31 Jan 2026 02:00:05 GMT"}))
    with pytest.raises(AirflowException, match="not run_date 2026-01-15"):
        ingest(bucket, run_date="2026-01-15")
    assert bucket.listing() == []


def test_pages_from_two_sources_are_no_ingestion(stand_in, bucket):
    stand_in.misbehave(Fault("none"), Fault("none", headers={"X-Data-Source": "coingecko"}))
    with pytest.raises(AirflowException, match="source 'synthetic' and page 2 from 'coingecko'"):
        ingest(bucket, coins="260")
    assert bucket.listing() == []


# Refused responses


def test_a_refused_body_is_kept_for_the_audit_and_the_task_fails_with_its_message(stand_in, bucket):
    stand_in.misbehave(Fault("error_in_200", status=403, message="Not today, Grüezi."))
    with pytest.raises(AirflowFailException, match=r"\(status 403\): Not today, Grüezi\.") as caught:
        ingest(bucket)
    [key] = bucket.listing()
    assert key.startswith(f"{REJECTED}/")
    assert f"s3://{bucket.name}/{key}" in str(caught.value)
    assert json.loads(bucket.body(key))["status"]["error_message"] == "Not today, Grüezi."
    metadata = bucket.metadata(key)
    assert metadata["reason"] == "Not today, Gr\\xfcezi."
    assert (metadata["status"], metadata["http-status"]) == ("403", "200")
    assert metadata["source-url"].startswith(f"{stand_in.url}/api/v3/coins/markets?vs_currency=usd")
    assert metadata["sha256"] == hashlib.sha256(bucket.body(key)).hexdigest()


@pytest.mark.parametrize("kind", ["html", "truncated_json"])
def test_a_body_that_a_retry_may_heal_is_kept_and_leaves_the_retry_to_airflow(stand_in, bucket, kind):
    stand_in.misbehave(Fault(kind))
    with pytest.raises(AirflowException) as caught:
        ingest(bucket)
    assert not isinstance(caught.value, AirflowFailException)
    assert len(bucket.listing(f"{REJECTED}/")) == len(bucket.listing()) == 1


def test_a_rate_limit_without_end_is_kept_and_leaves_the_retry_to_airflow(stand_in, bucket, waits):
    stand_in.misbehave(*[Fault("busy")] * 5)
    with pytest.raises(AirflowException, match="exceeded the Rate Limit") as caught:
        ingest(bucket)
    assert not isinstance(caught.value, AirflowFailException)
    [key] = bucket.listing()
    assert bucket.metadata(key)["status"] == "429"
    assert len(waits) == 4


def test_a_long_reason_with_line_breaks_fits_into_the_metadata(stand_in, bucket):
    stand_in.misbehave(Fault("error", status=400, message="No.\n" * 2000))
    with pytest.raises(AirflowFailException):
        ingest(bucket)
    [key] = bucket.listing()
    assert len(bucket.body(key)) > 8000
    assert bucket.metadata(key)["reason"].startswith("No. No. No.")


def test_an_unknown_currency_fails_with_the_apis_message(stand_in, bucket):
    with pytest.raises(AirflowFailException, match=r"\(status 400\): invalid vs_currency"):
        ingest(bucket, currency="xyz")


# Wrong arguments


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"run_date": "31.01.2026"}, r"run_date is '31\.01\.2026': give a UTC date as YYYY-MM-DD"),
        ({"run_date": "20260131"}, r"run_date is '20260131'"),
        ({"run_date": "2026-02-30"}, r"run_date is '2026-02-30'"),
        ({"run_date": "None"}, r"run_date is 'None'"),
        ({"run_date": ""}, r"run_date is ''"),
        ({"coins": "many"}, r"coins is 'many': give how many coins to ingest, 1 or more"),
        ({"coins": "0"}, r"coins is '0'"),
        ({"coins": ""}, r"coins is ''"),
        ({"currency": ""}, r"currency is ''.*usd"),
        ({"fetch_again": "often"}, r"fetch_again is 'often': give true or false"),
        ({"currency": "usd&page=2"}, r"currency is 'usd&page=2'"),
        ({"bucket": ""}, r"bucket is ''.*Airflow Variable"),
        ({"bucket": "no-such-bucket"}, r"S3 bucket 'no-such-bucket' does not exist.*create the bucket"),
        ({"coingecko_conn_id": "nowhere"}, r"connection 'nowhere' is missing.*AIRFLOW_CONN_NOWHERE"),
    ],
)
def test_a_wrong_argument_is_named_with_its_remedy_before_any_call(stand_in, bucket, arguments, message):
    with pytest.raises(AirflowFailException, match=message):
        ingest(bucket, **arguments)
    assert not stand_in.received
    assert bucket.listing() == []


# The API key


def test_the_key_is_nowhere_but_in_the_requests_header(stand_in, connect, bucket, waits, caplog):
    connect(stand_in.url, password=KEY, extra={"time_travel": True})
    caplog.set_level(logging.DEBUG)
    task = operator(bucket, fetch_again="True")
    with structlog.testing.capture_logs() as logs:
        stand_in.misbehave(Fault("busy"), Fault("drop"))
        task.render_template_fields({})
        xcom = task.execute({})
        stand_in.misbehave(Fault("error", status=401, message="Bad key."))
        with pytest.raises(AirflowFailException) as caught:
            task.execute({})
    assert {request.headers["x-cg-demo-api-key"] for request in stand_in.received} == {KEY}
    assert len(stand_in.received) == 4
    told = [json.dumps(xcom), str(caught.getrepr(style="short")), caplog.text, str(logs)]
    told += [str(getattr(task, field)) for field in task.template_fields]
    told += [request.target for request in stand_in.received]
    for key in bucket.listing():
        told += [key, bucket.body(key).decode(), str(bucket.metadata(key))]
    assert len(bucket.listing()) == 2
    assert not [text for text in told if KEY in text]


@pytest.mark.parametrize(
    "answer",
    [
        '{"status": {"error_code": 401, "error_message": "Key %s is unknown."}}',
        "<html>Key %s is unknown.</html>",
        '[{"id": "bitcoin", "image": "https://cdn.example/?key=%s"}]',
    ],
    ids=["error object", "page", "coins"],
)
def test_a_key_that_the_api_repeats_is_taken_out_of_all_that_is_told_and_kept(
    stand_in, connect, bucket, caplog, answer
):
    connect(stand_in.url, password=KEY, extra={"time_travel": True})
    caplog.set_level(logging.DEBUG)
    headers = {"Date": "Sat, 31 Jan 2026 02:00:00 GMT", "Content-Type": f"text/{KEY}", f"X-{KEY}": "1"}
    stand_in.misbehave(Fault("body", message=answer % KEY, headers=headers))
    with structlog.testing.capture_logs() as logs, pytest.raises(AirflowException) as caught:
        ingest(bucket, coins="1")
    [key] = bucket.listing()
    assert key.startswith(REJECTED)
    assert bucket.body(key).decode() == answer % "***"
    told = ["".join(traceback.format_exception(caught.value)), caplog.text, str(logs)]
    told += [str(bucket.s3.head_object(Bucket=bucket.name, Key=key))]
    assert not [text for text in told if KEY.lower() in text.lower()]
    assert stand_in.received[0].headers["x-cg-demo-api-key"] == KEY


def test_a_key_in_a_header_only_is_taken_out_and_the_page_is_kept(stand_in, connect, bucket):
    connect(stand_in.url, password=KEY, extra={"time_travel": True})
    stand_in.misbehave(
        Fault("none", headers={"ETag": f'"{KEY}"', "Content-Type": f"application/json; k={KEY}"})
    )
    [key] = ingest(bucket)["keys"]
    assert bucket.metadata(key)["etag"] == '"***"'
    assert bucket.s3.head_object(Bucket=bucket.name, Key=key)["ContentType"] == "application/json; k=***"


def test_a_key_that_comes_back_instead_of_an_answer_is_in_no_error(connect, bucket, waits, caplog):
    """What is no HTTP at all is quoted by the client's exception."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        connect(f"http://127.0.0.1:{server.getsockname()[1]}", password=KEY, extra={"time_travel": True})

        def repeat() -> None:
            for _ in range(5):
                with server.accept()[0] as client:
                    client.recv(10_000)
                    client.sendall(f"{KEY} is no key\r\n\r\n".encode())

        thread = threading.Thread(target=repeat)
        thread.start()
        with structlog.testing.capture_logs() as logs, pytest.raises(AirflowException) as caught:
            ingest(bucket)
        thread.join(10)
    assert "*** is no key" in str(logs)
    told = "".join(traceback.format_exception(caught.value))
    assert KEY not in told + caplog.text + str(logs)


@pytest.mark.parametrize("field", ["run_date", "bucket", "coins", "currency"])
def test_an_argument_that_is_something_else_reaches_neither_the_api_nor_a_key(stand_in, bucket, field):
    for value in (
        *(
            "'; DROP TABLE gold_coins_market; --",
            "../../other",
            "2026-01-31\n",
            "２０２６-01-31",
            "{{ 7 * 7 }}",
        ),
        *("$(touch x)", "usd&x=1", "usd\r\nX-Injected: 1", "a/b", "\x01", "x" * 1000),
    ):
        with pytest.raises((AirflowFailException, ParamValidationError)):
            ingest(bucket, **{field: value})
        assert not stand_in.received
    assert bucket.listing() == []


# Real captures


@pytest.fixture
def captures() -> Path:
    folder = os.environ.get("COINGECKO_CAPTURES")
    if not folder:
        pytest.skip("COINGECKO_CAPTURES names no folder of real captures")
    return Path(folder)


@pytest.mark.captures
def test_a_month_of_real_captures_lands_in_bronze_byte_for_byte(captures, connect, waits, bucket):
    with running_stand_in(captures / "daily") as running:
        connect(running.url, extra={"time_travel": True})
        days = [date(2026, 1, 1) + timedelta(days=offset) for offset in range(31)]
        results = [ingest(bucket, run_date=day.isoformat(), coins="100") for day in days]
    assert [result["source"] for result in results] == ["coingecko"] * 31
    for day, result in zip(days, results, strict=True):
        [key] = result["keys"]
        assert bucket.body(key) == (captures / "daily" / f"{day}.json").read_bytes()
        assert result["ingested_at"] == f"{day:%Y%m%d}T020000Z"
        assert result["rows"] == 100


@pytest.mark.captures
def test_a_recorded_error_is_refused_with_coingeckos_own_message(captures, connect, waits, bucket):
    with running_stand_in(captures / "anomalies") as running:
        connect(running.url, extra={"time_travel": True})
        with pytest.raises(AirflowFailException, match="This endpoint is temporarily unavailable"):
            ingest(bucket, run_date="2023-03-30")
    [key] = bucket.listing()
    assert bucket.body(key) == (captures / "anomalies" / "2023-03-30.json").read_bytes()


@pytest.mark.captures
@pytest.mark.parametrize(
    "name",
    [
        "400_invalid_vs_currency",
        "401_10012_time_range",
        "403_temporarily_unavailable",
        "404_coin_not_found",
        "422_missing_vs_currency",
        "429_rate_limit",
    ],
)
def test_every_real_error_body_is_refused_even_inside_a_200(captures, stand_in, bucket, name):
    body = (captures / "error_bodies" / f"{name}.json").read_text()
    stand_in.misbehave(*[Fault("body", message=body)] * 5)
    with pytest.raises(AirflowException, match=r"invalid vs|time range|unavailable|not found|Missing|Rate"):
        ingest(bucket)
    [key] = bucket.listing()
    assert bucket.body(key) == body.encode()


@pytest.mark.captures
def test_two_real_pages_are_sliced_and_stored_without_touching_a_digit(captures, connect, bucket, tmp_path):
    pages = [json.loads((captures / "pages" / f"2023-12-02_page{n}.json").read_bytes()) for n in (1, 2)]
    (tmp_path / "2023-12-02.json").write_text(json.dumps(pages[0] + pages[1], indent=2))
    with running_stand_in(tmp_path) as running:
        connect(running.url, extra={"time_travel": True})
        result = ingest(bucket, run_date="2023-12-02", coins="500")
    assert [json.loads(bucket.body(key)) for key in result["keys"]] == pages
    assert result["ingested_at"] == "20231202T114906Z"
