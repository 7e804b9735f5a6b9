"""Past days, fetched for real from a CoinGecko stand-in into a local S3, then read back from the bucket."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import requests
import structlog
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from lake_provider.bronze import BronzeDay
from lake_provider.coingecko import ingest_history, ingest_markets
from lake_provider.coingecko.client import CoinGeckoHook
from lake_provider.coingecko.ingest_history import CoinGeckoHistoryToS3Operator
from lake_provider.coingecko.ingest_markets import CoinGeckoMarketsToS3Operator
from lake_provider.coingecko.market_chart import bronze_row, split_into_days
from lake_provider.coingecko.responses import CoinGeckoRefusal, accept_history
from laptop.coingecko.demo_market import market
from laptop.coingecko.stand_in import Fault, StandIn, running_stand_in
from laptop.runner.environment import COINGECKO_API, coingecko_connection

NOW = datetime(2026, 2, 10, 9, 15, tzinfo=UTC)
FIRST, LAST = "2026-01-30", "2026-02-01"
DAYS = [date(2026, 1, 30) + timedelta(days=offset) for offset in range(3)]
BRONZE = "bronze/coins_market"
HISTORY = f"bronze/coins_history/currency=usd/range={FIRST}_{LAST}/source=synthetic"
REJECTED = f"rejected/coins_history/range={FIRST}_{LAST}"
TOO_OLD = json.dumps(
    {
        "error": {
            "status": {"error_code": 10012, "error_message": "Your request exceeds the allowed time range."}
        }
    }
)


class Killed(BaseException):
    """What no task can catch."""


@pytest.fixture
def source(connect, waits, monkeypatch) -> Iterator[StandIn]:
    """CoinGecko as it is on the tenth of February: it has today's market and past days' histories."""
    for module in (ingest_markets, ingest_history):
        monkeypatch.setattr(module, "utc_now", lambda: NOW)
    with running_stand_in("demo", now=lambda: NOW) as running:
        connect(running.url, extra={"calls_per_minute": 1e9})
        yield running


def operator(bucket, /, **arguments: Any) -> CoinGeckoHistoryToS3Operator:
    defaults = {
        "from_date": FIRST,
        "to_date": LAST,
        "bucket": bucket.name,
        "coins": "4",
        "currency": "usd",
        "prefix": "bronze/coins_market",
        "history_prefix": "bronze/coins_history",
        "rejected_prefix": "rejected/coins_history",
        "source_suffix": "-history",
    }
    return CoinGeckoHistoryToS3Operator(task_id="fetch_history", **(defaults | arguments))


def fetch(bucket, /, **arguments: Any) -> dict[str, Any]:
    return operator(bucket, **arguments).execute({})


def asked(source: StandIn) -> list[str]:
    """The coins whose history was asked for, in order."""
    targets = [request.target.split("?")[0] for request in source.received]
    return [target.split("/")[4] for target in targets if target.endswith("/market_chart/range")]


def pages(bucket, day: date) -> list[str]:
    return bucket.listing(f"{BRONZE}/dt={day}/")


def a_snapshot(bucket, day: date) -> str:
    key = f"{BRONZE}/dt={day}/currency=usd/ingested_at={day:%Y%m%d}T020000Z/source=synthetic/page-0001.json"
    bucket.put(key, b'[{"id":"bitcoin"}]', pages="1")
    return key


# What bronze holds


def test_a_day_has_every_coin_as_the_market_of_that_day_had_it(source, bucket):
    fetch(bucket)
    for day in DAYS:
        [key] = pages(bucket, day)
        ingestion = "ingested_at=20260210T091500Z/source=synthetic-history"
        assert key == f"{BRONZE}/dt={day}/currency=usd/{ingestion}/page-0001.json"
        coins = {coin["id"]: coin for coin in market(day)}
        rows = json.loads(bucket.body(key))
        assert [row["id"] for row in rows] == sorted(coin["id"] for coin in market(NOW.date())[:4])
        for row in rows:
            coin = coins[row["id"]]
            assert row == {
                "id": coin["id"],
                "symbol": coin["symbol"],
                "name": coin["name"],
                "image": None,
                "current_price": coin["current_price"],
                "market_cap": coin["market_cap"],
                "total_volume": coin["total_volume"],
                "last_updated": f"{day}T00:00:00.000Z",
            }


def test_what_a_fetch_returns_is_what_the_next_tasks_need(source, bucket):
    result = fetch(bucket)
    assert result == {
        "from_date": FIRST,
        "to_date": LAST,
        "currency": "usd",
        "partitions": [["2026-01-30"], ["2026-01-31"], ["2026-02-01"]],
        "ingested_at": "20260210T091500Z",
        "filled": 3,
        "rows": 12,
        "coins": 4,
        "unknown": [],
        "without_price": [],
        "api_calls": 5,
    }
    json.dumps(result)  # fit for XCom


def test_every_response_is_kept_byte_for_byte_with_where_it_came_from(source, bucket):
    body = '{"prices": [[1769817600000, 1E-11] ], "market_caps":[],"total_volumes":[]}\n'
    source.misbehave(Fault("none"), Fault("body", message=body))
    fetch(bucket, coins=2)
    bitcoin, ethereum = (f"{HISTORY}/{coin_id}.json" for coin_id in ("bitcoin", "ethereum"))
    assert bucket.listing("bronze/coins_history/") == [bitcoin, ethereum]
    assert bucket.body(bitcoin) == body.encode()
    metadata = bucket.metadata(bitcoin)
    assert metadata.pop("etag").startswith('W/"')
    assert metadata == {
        "source-url": f"{source.url}/api/v3/coins/bitcoin/market_chart/range"
        "?vs_currency=usd&from=1769731200&to=1769990399",
        "http-date": "Tue, 10 Feb 2026 09:15:00 GMT",
        "sha256": hashlib.sha256(body.encode()).hexdigest(),
        "ingested-at": "20260210T091500Z",
        "rows": "1",
    }


def test_a_days_page_tells_where_it_came_from_as_a_snapshots_does(source, bucket):
    fetch(bucket)
    [key] = pages(bucket, DAYS[0])
    assert bucket.metadata(key) == {
        "source-url": f"{source.url}/api/v3/coins/{{id}}/market_chart/range",
        "http-date": "",
        "etag": "",
        "sha256": hashlib.sha256(bucket.body(key)).hexdigest(),
        "ingested-at": "20260210T091500Z",
        "rows": "4",
        "currency": "usd",
        "page": "1",
        "pages": "1",
        "coins-requested": "4",
    }


def test_the_digits_are_those_that_came_and_nulls_stay():
    body = (
        b'{"prices": [[1769731200000, 1e-11], [1769731500000, 2], [1769817600123, 0.10], '
        b"[1769904000000, 3E2]],"
        b'"market_caps": [[1769731200000, 41000000000000000000000.0], [1769817600000, null]],'
        b'"total_volumes": [[1769817600001, -0.0], [1769817600000, 123456789012345678901234567890]], "x": 1}'
    )
    coin = {"id": "a", "symbol": None, "name": 'The "A" \N{SNOWMAN}', "rank": 1}
    head = r'{"id": "a", "symbol": null, "name": "The \"A\" \u2603", "image": null, "current_price": '
    assert {day: bronze_row(coin, points) for day, points in split_into_days(body).items()} == {
        DAYS[0]: f'{head}1e-11, "market_cap": 41000000000000000000000.0, "total_volume": null, '
        '"last_updated": "2026-01-30T00:00:00.000Z"}',
        DAYS[1]: f'{head}0.10, "market_cap": null, "total_volume": 123456789012345678901234567890, '
        '"last_updated": "2026-01-31T00:00:00.123Z"}',
        DAYS[2]: f'{head}3E2, "market_cap": null, "total_volume": null, '
        '"last_updated": "2026-02-01T00:00:00.000Z"}',
    }


def test_a_coin_without_a_price_that_day_is_not_in_that_day(source, bucket):
    prices = "[[1769817600000,7],[1769904000000,null]]"
    body = f'{{"prices":{prices},"market_caps":[[1769904000000,8]],"total_volumes":[]}}'
    source.misbehave(Fault("none"), Fault("body", message=body))
    result = fetch(bucket, coins=2)
    assert [len(json.loads(bucket.body(pages(bucket, day)[0]))) for day in DAYS] == [1, 2, 1]
    assert (result["rows"], result["coins"], result["without_price"]) == (4, 2, [])


def test_a_day_without_any_coin_has_no_page(source, bucket):
    body = '{"prices":[[1769817600000,7],[1999999999999,7]],"market_caps":[],"total_volumes":[]}'
    source.misbehave(Fault("none"), Fault("body", message=body))
    with structlog.testing.capture_logs() as logs:
        result = fetch(bucket, coins=1)
    assert result["partitions"] == [["2026-01-31"]]
    assert {key.split("/")[2] for key in bucket.listing(f"{BRONZE}/")} == {"dt=2026-01-31"}
    assert "2 day(s) without a price of any coin" in told(logs)


def told(logs: list[Any]) -> str:
    return "\n".join(str(log["event"]) % log.get("positional_args", ()) for log in logs)


# Resuming


def test_whatever_ends_a_task_the_next_one_asks_only_for_the_rest(source, bucket, monkeypatch):
    history = CoinGeckoHook.history

    def killed(hook: CoinGeckoHook, coin_id: str, **arguments: Any) -> Any:
        if coin_id == "tether":
            raise Killed
        return history(hook, coin_id, **arguments)

    monkeypatch.setattr(CoinGeckoHook, "history", killed)
    with pytest.raises(Killed):
        fetch(bucket)
    assert bucket.listing("bronze/") == [
        f"{HISTORY}/{coin}.json" for coin in ("bitcoin", "ethereum", "ripple")
    ]
    monkeypatch.setattr(CoinGeckoHook, "history", history)
    with structlog.testing.capture_logs() as logs:
        result = fetch(bucket)
    assert asked(source) == sorted(coin["id"] for coin in market(NOW.date())[:4])
    assert result["filled"] == 3
    assert result["api_calls"] == 2
    assert "3 of 4 coins are in s3://" in told(logs)
    assert "Coin 4 of 4, tether: 1 to ask, for some 0 min" in told(logs)


@pytest.mark.parametrize("replace", [False, True])
def test_a_task_killed_between_two_days_goes_on_with_the_second(source, bucket, monkeypatch, replace):
    append, written = BronzeDay.append, []

    def killed(day: BronzeDay, parts: Any, **requested: Any) -> Any:
        if written:
            raise Killed
        written.append(day.day)
        return append(day, parts, **requested)

    monkeypatch.setattr(BronzeDay, "append", killed)
    with pytest.raises(Killed):
        fetch(bucket, replace=replace)
    assert written == DAYS[:1]
    monkeypatch.setattr(BronzeDay, "append", append)
    result = fetch(bucket, replace=replace)
    assert result["filled"] == 2
    assert [len(pages(bucket, day)) for day in DAYS] == [1, 1, 1]
    assert result["partitions"] == [[day.isoformat()] for day in DAYS]
    assert len(asked(source)) == 4


def test_when_every_day_has_bronze_nothing_is_asked_and_the_next_tasks_get_their_days(source, bucket):
    first = fetch(bucket)
    before, calls = bucket.listing(), len(source.received)
    again = fetch(bucket)
    assert len(source.received) == calls
    assert bucket.listing() == before
    assert again == first | {"filled": 0, "rows": 0, "coins": 0, "api_calls": 0}


def test_a_response_that_is_not_ours_is_named_with_the_remedy(source, bucket):
    bucket.put(f"{HISTORY}/bitcoin.json", b"[]")
    with pytest.raises(AirflowFailException, match=rf"{HISTORY}/bitcoin.json is no history .*delete it"):
        fetch(bucket)


# Days that have bronze


def test_a_day_with_a_snapshot_is_left_alone(source, bucket):
    key = a_snapshot(bucket, DAYS[1])
    result = fetch(bucket)
    assert pages(bucket, DAYS[1]) == [key]
    assert result["filled"] == 2
    assert result["partitions"] == [[day.isoformat()] for day in DAYS]


def test_replace_puts_a_history_beside_the_snapshot_and_no_second_one(source, bucket):
    key = a_snapshot(bucket, DAYS[1])
    assert fetch(bucket)["filled"] == 2
    result = fetch(bucket, replace="True")
    assert result["filled"] == 1
    assert pages(bucket, DAYS[1]) == [
        key,
        f"{BRONZE}/dt=2026-01-31/currency=usd/ingested_at=20260210T091500Z/source=synthetic-history/page-0001.json",
    ]
    assert fetch(bucket, replace="True")["filled"] == 0
    assert len(asked(source)) == 4


def test_an_ingestion_that_was_cut_off_does_not_count(source, bucket):
    folder = f"{BRONZE}/dt=2026-01-31/currency=usd/ingested_at=20260131T020000Z/source=synthetic"
    bucket.put(f"{folder}/page-0002.json", pages="2")
    for neighbour in (date(2026, 1, 29), date(2026, 2, 2)):
        a_snapshot(bucket, neighbour)
    result = fetch(bucket)
    assert result["filled"] == 3
    assert result["partitions"] == [[day.isoformat()] for day in DAYS]


def test_the_daily_dag_takes_such_a_day_up(source, bucket):
    made = fetch(bucket)
    task = CoinGeckoMarketsToS3Operator(
        task_id="fetch_markets",
        run_date="2026-01-31",
        bucket=bucket.name,
        coins=4,
        currency="usd",
        prefix="bronze/coins_market",
        rejected_prefix="rejected/coins_market",
    )
    calls = len(source.received)
    assert task.execute({}) == {
        "run_date": "2026-01-31",
        "currency": "usd",
        "source": "synthetic-history",
        "ingested_at": made["ingested_at"],
        "keys": pages(bucket, DAYS[1]),
        "rows": 4,
        "requested": 4,
        "api_calls": 0,
        "reused": True,
    }
    assert len(source.received) == calls


# What CoinGecko refuses


def test_a_coin_that_coingecko_does_not_know_any_more_is_left_out_and_named(source, bucket):
    unknown = Fault("body", status=404, message='{"error":"coin not found"}')
    source.misbehave(Fault("none"), Fault("none"), unknown)
    with structlog.testing.capture_logs() as logs:
        result = fetch(bucket)
    assert (result["unknown"], result["coins"], result["rows"]) == (["ethereum"], 3, 9)
    assert "1 coin(s) left out, CoinGecko lists them, but does not know them: ethereum" in told(logs)
    [key] = bucket.listing(f"{REJECTED}/")
    assert bucket.metadata(key)["reason"] == "coin not found"
    assert f"{HISTORY}/ethereum.json" not in bucket.listing()


def test_a_coin_without_a_point_in_the_range_is_left_out_named_and_not_asked_again(source, bucket):
    empty = '{"prices":[],"market_caps":[],"total_volumes":[]}'
    source.misbehave(Fault("none"), Fault("body", message=empty))
    with structlog.testing.capture_logs() as logs:
        result = fetch(bucket)
    assert (result["without_price"], result["coins"]) == (["bitcoin"], 3)
    assert f"1 coin(s) left out, no price from {FIRST} to {LAST}: bitcoin" in told(logs)
    assert fetch(bucket, replace=True)["without_price"] == ["bitcoin"]
    assert len(asked(source)) == 4


def test_no_price_of_any_coin_is_an_error(source, bucket):
    empty = '{"prices":[],"market_caps":[],"total_volumes":[]}'
    unknown = Fault("body", status=404, message='{"error":"coin not found"}')
    source.misbehave(Fault("none"), Fault("body", message=empty), unknown)
    with pytest.raises(
        AirflowFailException, match=r"none of the 2 largest coins has a price .*Unknown.*: 1\."
    ):
        fetch(bucket, coins=2)
    assert bucket.listing(f"{BRONZE}/") == []


@pytest.mark.parametrize("status", [401, 200])
def test_a_range_that_the_plan_does_not_reach_fails_with_the_apis_message_and_the_remedy(
    source, bucket, status, waits
):
    source.misbehave(Fault("none"), Fault("body", status=status, message=TOO_OLD))
    with pytest.raises(AirflowFailException, match="exceeds the allowed time range") as caught:
        fetch(bucket)
    assert "give from_date 2025-02-11 or later, or put a pro key into the connection" in str(caught.value)
    [key] = bucket.listing()
    assert f"s3://{bucket.name}/{key}" in str(caught.value)
    assert bucket.body(key) == TOO_OLD.encode()
    assert waits == []


def test_a_permanent_refusal_fails_at_once_and_what_came_before_is_kept(source, bucket, waits):
    source.misbehave(Fault("none"), Fault("none"), Fault("error", status=403, message="Not today."))
    with pytest.raises(AirflowFailException, match=r"refused coin ethereum of .*\(status 403\): Not today\."):
        fetch(bucket)
    assert waits == []
    assert asked(source) == ["bitcoin", "ethereum"]
    assert bucket.listing("bronze/") == [f"{HISTORY}/bitcoin.json"]


def test_a_rate_limit_is_waited_out_as_long_as_coingecko_asks(source, bucket, waits):
    source.misbehave(Fault("none"), Fault("busy", headers={"Retry-After": "60"}), Fault("busy_in_200"))
    assert fetch(bucket, coins=2)["api_calls"] == 5
    assert waits[0] == 60
    assert 10 <= waits[1] <= 15
    assert len(waits) == 2


def test_a_rate_limit_without_end_leaves_the_retry_to_airflow(source, bucket):
    source.misbehave(Fault("none"), Fault("none"), *[Fault("busy")] * 5)
    with pytest.raises(AirflowException, match="exceeded the Rate Limit") as caught:
        fetch(bucket)
    assert not isinstance(caught.value, AirflowFailException)
    assert bucket.listing("bronze/") == [f"{HISTORY}/bitcoin.json"]


ODD = {
    "no JSON": ("<html>", "is not JSON"),
    "NaN": ('{"prices":[[1,NaN]],"market_caps":[],"total_volumes":[]}', "NaN is no JSON value"),
    "an array": ("[]", "the body is a JSON list, not an object of prices, market_caps, total_volumes"),
    "an unknown error": ('{"error":"Sorry."}', "Sorry."),
    "a series is missing": (
        '{"prices":[],"market_caps":[]}',
        "total_volumes of the body is no array, but null",
    ),
    "no array": ('{"prices":{},"market_caps":[],"total_volumes":[]}', "prices of the body is no array"),
    "no pair": ('{"prices":[[1]],"market_caps":[],"total_volumes":[]}', "prices[0] is no pair"),
    "three": ('{"prices":[[1,2,3]],"market_caps":[],"total_volumes":[]}', "prices[0] is no pair"),
    "text": ('{"prices":[[1,"2"]],"market_caps":[],"total_volumes":[]}', "prices[0] is no pair"),
    "a flag": ('{"prices":[],"market_caps":[[1,true]],"total_volumes":[]}', "market_caps[0] is no pair"),
    "text's moment": ('{"prices":[["1",2]],"market_caps":[],"total_volumes":[]}', "prices[0] is no pair"),
    "no moment": ('{"prices":[[1,2],[null,2]],"market_caps":[],"total_volumes":[]}', "prices[1] is no pair"),
    "part of one": ('{"prices":[[1.5,2]],"market_caps":[],"total_volumes":[]}', "prices[0] is no pair"),
    "before 1970": ('{"prices":[[-1,2]],"market_caps":[],"total_volumes":[]}', "prices[0] is no pair"),
    "after 9999": ('{"prices":[[999999999999999,2]],"market_caps":[],"total_volumes":[]}', "is no pair"),
}


@pytest.mark.parametrize(("body", "reason"), ODD.values(), ids=ODD.keys())
def test_a_200_that_is_no_history_is_refused(body, reason):
    response = requests.Response()
    response.status_code, response.url, response._content = 200, "http://x/", body.encode()
    with pytest.raises(CoinGeckoRefusal) as caught:
        accept_history(response, "bitcoin")
    assert reason in caught.value.reason
    assert (caught.value.permanent, caught.value.busy, caught.value.unknown) == (False, False, False)


def test_an_odd_body_is_kept_aside_and_leaves_the_retry_to_airflow(source, bucket):
    body, reason = ODD["text"]
    source.misbehave(Fault("none"), Fault("body", message=body))
    with pytest.raises(AirflowException, match=r"prices\[0\] is no pair") as caught:
        fetch(bucket)
    assert not isinstance(caught.value, AirflowFailException)
    [key] = bucket.listing()
    assert key.startswith(f"{REJECTED}/20260210T091500Z-coin-bitcoin-")
    assert bucket.body(key) == body.encode()
    assert reason in bucket.metadata(key)["reason"]


def test_a_refused_list_of_coins_is_kept_too(source, bucket):
    source.misbehave(Fault("html"))
    with pytest.raises(AirflowException, match="refused page 1"):
        fetch(bucket)
    [key] = bucket.listing()
    assert key.startswith(f"{REJECTED}/20260210T091500Z-page-1-")


def test_a_history_of_another_source_is_not_stored(source, bucket):
    source.misbehave(Fault("none"), Fault("none", headers={"X-Data-Source": "coingecko"}))
    with pytest.raises(AirflowException, match="comes from source 'coingecko', and the list of coins from"):
        fetch(bucket)
    assert bucket.listing() == []


def test_a_coins_id_is_a_name_and_nothing_else(source, bucket):
    odd = ["../a b/ü?x=1", "\ud800\nERROR"]
    coins = json.dumps([{"id": coin_id} for coin_id in (*odd, "bitcoin", "bitcoin")])
    source.misbehave(Fault("body", message=coins))
    result = fetch(bucket)
    assert (result["unknown"], result["coins"]) == (odd, 1)
    in_path = ["..%2Fa%20b%2F%C3%BC%3Fx%3D1", "%5Cud800%0AERROR"]
    assert sorted(asked(source)) == sorted([*in_path, "bitcoin"])
    assert {key.split("-coin-")[1].rpartition("-")[0] for key in bucket.listing(f"{REJECTED}/")} == set(
        in_path
    )


# Pace


def test_calls_begin_as_far_apart_as_the_connection_wants_whatever_they_take(source, monkeypatch, connect):
    connect(source.url, extra={"calls_per_minute": 5})
    seconds, starts, attempt = [100.0], [], CoinGeckoHook._call_once

    def attempt_for_a_tenth_of_a_second(hook: CoinGeckoHook, *arguments: Any) -> Any:
        starts.append(seconds[0])
        seconds[0] += 0.1
        return attempt(hook, *arguments)

    def sleep(duration: float) -> None:
        seconds[0] += duration

    monkeypatch.setattr(CoinGeckoHook, "_call_once", attempt_for_a_tenth_of_a_second)
    monkeypatch.setattr(CoinGeckoHook, "clock", staticmethod(lambda: seconds[0]))
    monkeypatch.setattr(CoinGeckoHook, "sleep", staticmethod(sleep))
    hook = CoinGeckoHook()
    busy = [Fault("busy", headers={"Retry-After": after}) for after in ("7", "20")]
    source.misbehave(Fault("none"), Fault("none"), *busy)
    hook.markets(coins=10, currency="usd")
    for coin_id in ("bitcoin", "ethereum"):
        hook.history(coin_id, currency="usd", first=DAYS[0], last=DAYS[2])
    assert starts == pytest.approx([100, 112, 124, 136, 156.1])  # Retry-After counts from the answer
    assert not any("calls_per_minute" in request.headers for request in source.received)


def test_without_a_wish_of_the_connection_the_plan_sets_the_pace(connect):
    for fields, pace in (
        ({}, 5),
        ({"password": "CG-0123456789"}, 30),
        ({"password": "CG-0123456789", "extra": {"plan": "pro"}}, 250),
        ({"extra": {"plan": "pro"}}, 5),
        ({"extra": {"calls_per_minute": 0.5}}, 0.5),
    ):
        connect("http://127.0.0.1:1", **fields)
        assert CoinGeckoHook().connection.calls_per_minute == pace


def test_the_stand_in_on_a_laptop_is_asked_at_once_and_coingecko_itself_is_not(monkeypatch):
    monkeypatch.delenv("COINGECKO_API_KEY", raising=False)
    for url, pace in (("http://127.0.0.1:1", 60_000), (COINGECKO_API, 5)):
        monkeypatch.setenv("AIRFLOW_CONN_COINGECKO_DEFAULT", coingecko_connection(url, time_travel=False))
        assert CoinGeckoHook().connection.calls_per_minute == pace


@pytest.mark.parametrize("value", ["30", True, 0, -1, None, [5], math.inf])
def test_a_pace_that_is_none_is_named(connect, value):
    connect("http://127.0.0.1:1", extra={"calls_per_minute": value})
    with pytest.raises(AirflowFailException, match=r"extra calls_per_minute is .*a number above 0"):
        _ = CoinGeckoHook().connection.calls_per_minute


# Wrong arguments


WRONG = [
    ({"from_date": "30.01.2026"}, r"from_date is '30\.01\.2026': give a UTC date as YYYY-MM-DD"),
    ({"to_date": "None"}, "to_date is 'None'"),
    ({"from_date": "2026-02-02"}, "from_date 2026-02-02 is after to_date 2026-02-01"),
    ({"to_date": "2026-02-10"}, r"to_date 2026-02-10 is not over \(today is 2026-02-10 UTC\)"),
    ({"coins": "0"}, "coins is '0'"),
    ({"currency": "usd/../x"}, "currency is 'usd/../x'"),
    ({"replace": "perhaps"}, "replace is 'perhaps': give true or false"),
    ({"bucket": "no-such-bucket"}, "S3 bucket 'no-such-bucket' does not exist"),
    ({"coingecko_conn_id": "nowhere"}, "connection 'nowhere' is missing"),
    (
        {"from_date": "2016-02-01", "coins": "300"},
        r"3654 days of 300 coins are 1,096,200 coin-days, .* 1,000,000 .* a shorter range, of 3333 days",
    ),
]


def test_a_wrong_argument_is_named_with_its_remedy_before_any_call(source, bucket):
    for arguments, message in WRONG:
        with pytest.raises(AirflowFailException, match=message):
            fetch(bucket, **arguments)
    assert not source.received
    assert bucket.listing() == []


def test_all_arguments_are_templates(source, bucket):
    names = {
        "from_date": FIRST,
        "to_date": LAST,
        "bucket": bucket.name,
        "coins": "1",
        "currency": "usd",
        "replace": "False",
        "prefix": "x/days",
        "history_prefix": "x/history",
        "rejected_prefix": "x/rejected",
        "source_suffix": "-past",
        "coingecko_conn_id": "coingecko_default",
        "aws_conn_id": "aws_default",
    }
    task = operator(bucket, **{name: f"{{{{ lake.{name} }}}}" for name in names})
    task.render_template_fields({"lake": names})
    assert task.execute({})["filled"] == 3
    assert len(bucket.listing("x/days/")) == 3
    assert len(bucket.listing("x/history/")) == 1


# Currencies


def test_days_that_are_there_in_another_currency_are_filled(source, bucket):
    snapshots = [a_snapshot(bucket, day) for day in DAYS]
    result = fetch(bucket, currency="eur")
    assert (result["filled"], result["currency"]) == (3, "eur")
    assert result["partitions"] == [[str(day)] for day in DAYS]
    for day, snapshot in zip(DAYS, snapshots, strict=True):
        [euros] = set(pages(bucket, day)) - {snapshot}
        assert "/currency=eur/ingested_at=20260210T091500Z/source=synthetic-history/" in euros
        coins = {coin["id"]: coin for coin in market(day, "eur")}
        for row in json.loads(bucket.body(euros)):
            assert row["current_price"] == coins[row["id"]]["current_price"]
    assert fetch(bucket)["filled"] == 0, "each day has its snapshot in dollars"
    again = fetch(bucket, currency="eur")
    assert (again["filled"], again["api_calls"]) == (0, 0)


def test_a_range_of_a_release_without_currencies_is_refused_before_an_api_call(source, bucket):
    key = f"{BRONZE}/dt={DAYS[1]}/ingested_at=20260131T020000Z/source=synthetic/page-0001.json"
    bucket.put(key, b'[{"id":"bitcoin"}]', pages="1")
    message = rf"{key} does not say in which currency it is, .*\"Upgrade a lake without currencies\" in docs/"
    with pytest.raises(AirflowFailException, match=message):
        fetch(bucket)
    assert bucket.listing() == [key]
    assert not source.received
