"""The CoinGecko stand-in answers like CoinGecko, says what it cannot do, and misbehaves on request."""

from __future__ import annotations

import json
import math
import os
import signal
import socket
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from laptop.coingecko.demo_market import market
from laptop.coingecko.stand_in import Fault, StandIn, running_stand_in

pytestmark = pytest.mark.clock

REPOSITORY = Path(__file__).parents[3]
DAY = "2026-01-31"
FIELDS = """
id symbol name image current_price market_cap market_cap_rank fully_diluted_valuation total_volume
high_24h low_24h price_change_24h price_change_percentage_24h market_cap_change_24h
market_cap_change_percentage_24h circulating_supply total_supply max_supply ath ath_change_percentage ath_date
atl atl_change_percentage atl_date roi last_updated
"""


NOW = datetime(2026, 2, 10, 9, 8, 7, tzinfo=UTC)


@pytest.fixture(scope="module")
def demo() -> Iterator[StandIn]:
    with running_stand_in("demo", now=lambda: NOW) as stand_in:
        yield stand_in


def get(stand_in: StandIn, path: str = "/api/v3/coins/markets", **parameters: Any) -> requests.Response:
    return requests.get(f"{stand_in.url}{path}", params=parameters, timeout=60)


def markets(stand_in: StandIn, **parameters: Any) -> requests.Response:
    return get(stand_in, **({"vs_currency": "usd", "as_of": DAY, "per_page": 250} | parameters))


def whole_market(stand_in: StandIn, day: str | date, **parameters: str) -> list[dict[str, Any]]:
    return [
        coin for page in (1, 2) for coin in markets(stand_in, as_of=str(day), page=page, **parameters).json()
    ]


def coin_text(coin_id: str, **fields: Any) -> str:
    return json.dumps({"id": coin_id, "current_price": 1, "last_updated": f"{DAY}T01:24:38.385Z"} | fields)


def record(folder: Path, day: str, *coins: str) -> bytes:
    body = ("[" + ",".join(coins) + "]").encode()
    (folder / f"{day}.json").write_bytes(body)
    return body


# Like CoinGecko


@pytest.mark.product
def test_ping(demo):
    assert get(demo, "/api/v3/ping").json() == {"gecko_says": "(V3) To the Moon!"}


def test_pages_follow_each_other_and_end_in_an_empty_one(demo):
    sizes = [len(markets(demo, page=page).json()) for page in (1, 2, 3)]
    assert sizes == [250, 50, 0]
    assert markets(demo, page=3).status_code == 200
    assert len({coin["id"] for coin in whole_market(demo, DAY)}) == 300


def test_a_page_has_100_coins_unless_asked_otherwise_and_never_more_than_250(demo):
    assert len(get(demo, vs_currency="usd", as_of=DAY).json()) == 100
    assert len(markets(demo, per_page=7).json()) == 7
    assert len(markets(demo, per_page=251).json()) == 250


def test_the_headers_are_those_of_an_api(demo):
    response = markets(demo)
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert response.headers["Date"] == "Sat, 31 Jan 2026 02:00:00 GMT"
    assert response.headers["Cache-Control"] == "public, max-age=60"
    assert response.headers["X-Data-Source"] == "synthetic"
    assert response.headers["ETag"] == markets(demo).headers["ETag"] != markets(demo, page=2).headers["ETag"]


@pytest.mark.parametrize(
    ("parameters", "status", "message"),
    [
        ({"vs_currency": ""}, 422, "Missing parameter vs_currency"),
        ({"vs_currency": "xyz"}, 400, "invalid vs_currency"),
        ({"vs_currency": "gbp"}, 501, "usd and eur only, not in gbp"),
        ({"page": "0"}, 400, "invalid page"),
        ({"per_page": "all"}, 400, "invalid per_page"),
        ({"as_of": "31.01.2026"}, 400, "invalid as_of"),
        ({"order": "volume_desc"}, 501, "implements order only as market_cap_desc"),
        ({"sparkline": "true"}, 501, "implements sparkline only as false"),
        ({"category": "layer-1"}, 501, "does not implement the parameter category"),
    ],
)
def test_what_is_wrong_or_not_implemented_is_said(demo, parameters, status, message):
    response = markets(demo, **parameters)
    assert response.status_code == status
    assert message in response.json()["error"]


def test_an_unknown_path_is_a_404_in_json(demo):
    response = get(demo, "/api/v3/coins/bitcoin")
    assert response.status_code == 404
    assert "/api/v3/coins/bitcoin" in response.json()["error"]


# The synthetic market


@pytest.mark.product
def test_one_date_always_gives_the_same_bytes_also_in_another_process(demo):
    code = (
        "import json, datetime; from laptop.coingecko.demo_market import market;"
        f"print(json.dumps(market(datetime.date.fromisoformat({DAY!r}))))"
    )
    other = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, check=True)
    assert json.loads(other.stdout) == whole_market(demo, DAY)
    assert markets(demo).content == markets(demo).content
    assert markets(demo).content != markets(demo, as_of="2026-01-30").content


def test_a_day_in_euros_is_the_same_market_at_a_rate_that_moves(demo):
    rates = []
    for day in (DAY, "2026-01-30", "2025-08-01"):
        dollars = {coin["id"]: coin for coin in whole_market(demo, day)}
        euros = {coin["id"]: coin for coin in whole_market(demo, day, vs_currency="eur")}
        assert dollars.keys() == euros.keys()
        rate = euros["bitcoin"]["market_cap"] / dollars["bitcoin"]["market_cap"]
        for coin_id, coin in euros.items():
            if coin["current_price"] is None or not coin["market_cap"]:
                continue
            assert coin["current_price"] == pytest.approx(dollars[coin_id]["current_price"] * rate, rel=1e-4)
            assert coin["market_cap"] == pytest.approx(dollars[coin_id]["market_cap"] * rate, rel=1e-4)
            assert coin["low_24h"] <= coin["current_price"] <= coin["high_24h"]
            assert coin["atl"] <= coin["current_price"] <= coin["ath"]
        rates.append(rate)
    assert all(0.8 < rate < 0.95 for rate in rates)
    assert len(set(rates)) == 3


def test_a_recording_is_in_dollars_alone(tmp_path):
    record(tmp_path, DAY, '{"id":"bitcoin"}')
    with running_stand_in(tmp_path) as stand_in:
        assert markets(stand_in).status_code == 200
        response = markets(stand_in, vs_currency="eur")
    assert response.status_code == 501
    assert "usd only, not in eur" in response.json()["error"]


def test_every_coin_has_coingeckos_26_fields(demo):
    for coin in whole_market(demo, DAY):
        assert list(coin) == FIELDS.split()


def test_the_numbers_of_a_day_agree_with_each_other(demo):
    for coin in whole_market(demo, DAY):
        price = coin["current_price"]
        if price is None:
            continue
        assert coin["low_24h"] <= price <= coin["high_24h"]
        assert coin["atl"] <= price <= coin["ath"]
        if coin["market_cap"] is not None:
            assert math.isclose(coin["market_cap"], price * coin["circulating_supply"], rel_tol=1e-6)


def test_the_changes_are_those_since_the_day_before(demo):
    before = {coin["id"]: coin for coin in whole_market(demo, "2026-01-30")}
    compared = 0
    for coin in whole_market(demo, DAY):
        then = before[coin["id"]]
        if coin["current_price"] is None:
            continue
        compared += 1
        assert math.isclose(
            coin["price_change_24h"],
            coin["current_price"] - then["current_price"],
            rel_tol=1e-6,
            abs_tol=1e-18,
        )
        change = (coin["current_price"] / then["current_price"] - 1) * 100
        assert math.isclose(coin["price_change_percentage_24h"], change, abs_tol=1e-5)
        if coin["market_cap"] is not None:
            assert coin["market_cap_change_24h"] == coin["market_cap"] - then["market_cap"]
    assert compared == 299


def test_ranks_follow_market_caps_and_the_coins_without_one_come_last(demo):
    coins = whole_market(demo, DAY)
    caps = [coin["market_cap"] for coin in coins]
    assert caps[-6:] == [None] * 6
    assert caps[:-6] == sorted(caps[:-6], reverse=True)
    ranked = [
        (place, coin["market_cap_rank"]) for place, coin in enumerate(coins, 1) if coin["market_cap_rank"]
    ]
    assert all(place == rank for place, rank in ranked)
    assert len(ranked) == 300 - 6 - 1  # and one coin that has a cap but no rank


def test_prices_wander_like_a_market_over_a_year():
    year = [market(date(2025, 1, 1) + timedelta(days=offset)) for offset in range(0, 365, 5)]
    changes = [coin["price_change_percentage_24h"] for coins in year for coin in coins[:50]]
    bitcoin = [coins[0]["current_price"] for coins in year]
    gainers = [sum((coin["price_change_24h"] or 0) > 0 for coin in coins) for coins in year]
    assert {coins[0]["id"] for coins in year} == {"bitcoin"}
    assert 0.5 < statistics.stdev(changes) < 5
    assert max(map(abs, changes)) < 25
    assert max(bitcoin) / min(bitcoin) > 1.2
    assert min(gainers) < 75  # red days
    assert max(gainers) > 225  # and green ones


def test_it_holds_what_real_data_has_and_a_happy_path_forgets(demo):
    coins = whole_market(demo, DAY)
    prices = [coin["current_price"] for coin in coins]
    names = " ".join(coin["name"] for coin in coins)
    assert {type(price) for price in prices} == {int, float, type(None)}
    assert min(price for price in prices if price) < 2e-9
    assert [coin["id"] for coin in coins if coin["roi"]] == ["ethereum"]
    assert all(part in names for part in ('"', "<b>", "'", "\\", "硬币"))
    assert max(Counter(coin["symbol"] for coin in coins).values()) == 2
    assert min(coin["last_updated"] for coin in coins) < "2026-01-29" < DAY
    for field in ("max_supply", "market_cap_rank", "fully_diluted_valuation"):
        assert any(coin[field] is None for coin in coins)


def test_the_first_page_alone_shows_the_oddities_that_silver_has_to_treat(demo):
    coins = markets(demo).json()
    assert [coin["id"] for coin in coins if coin["current_price"] is None]
    assert [coin["id"] for coin in coins if coin["market_cap_rank"] is None]
    assert [coin["id"] for coin in coins if coin["last_updated"] < "2026-01-29"]


@pytest.mark.parametrize(
    ("now", "served"),
    [
        ("2026-02-10T23:59:59", "Tue, 10 Feb 2026 23:59:59 GMT"),
        ("2026-02-11T00:00:00", "Wed, 11 Feb 2026 00:00:00 GMT"),
        ("2028-02-29T12:00:00", "Tue, 29 Feb 2028 12:00:00 GMT"),
        ("2026-12-31T23:59:59", "Thu, 31 Dec 2026 23:59:59 GMT"),
        ("2027-01-01T00:00:00", "Fri, 01 Jan 2027 00:00:00 GMT"),
    ],
)
def test_without_as_of_it_is_the_day_of_its_clock(now, served):
    with running_stand_in("demo", now=lambda: datetime.fromisoformat(f"{now}+00:00")) as stand_in:
        coins = get(stand_in, vs_currency="usd", per_page=1)
        assert coins.headers["Date"] == served
        assert coins.json() == market(date.fromisoformat(now[:10]))[:1]


def test_unless_it_is_given_a_clock_it_takes_the_machines():
    before = datetime.now(UTC)
    with running_stand_in("demo") as stand_in:
        now = stand_in.now()
    assert before <= now <= datetime.now(UTC)


# Recordings


def test_a_recording_that_fits_on_a_page_is_served_byte_for_byte(tmp_path):
    body = b'[ {"id":"a","current_price":1.0E-11,\n "last_updated":null},{"id":"b","market_cap":4.1e22} ]\n'
    (tmp_path / f"{DAY}.json").write_bytes(body)
    with running_stand_in(tmp_path) as stand_in:
        response = markets(stand_in, per_page=2)
    assert response.content == body
    assert response.headers["X-Data-Source"] == "coingecko"


def test_a_longer_recording_is_cut_into_pages_without_touching_a_digit(tmp_path):
    coins = ['{"id":"a","p":1.0E-11}', '{"id":"[,]","p":84055.0}', '{ "id":"c","p":4.10}']
    record(tmp_path, DAY, *coins)
    with running_stand_in(tmp_path) as stand_in:
        pages = [markets(stand_in, per_page=2, page=page).text for page in (1, 2, 3)]
    assert pages == [f"[{coins[0]},{coins[1]}]", f"[{coins[2]}]", "[]"]


@pytest.mark.parametrize(
    ("newest", "served"),
    [
        ("2026-01-31T01:24:38.385Z", "Sat, 31 Jan 2026 02:00:00 GMT"),
        ("2026-01-31T02:37:57.048Z", "Sat, 31 Jan 2026 02:37:58 GMT"),
        ("2026-01-31T02:37:57.000Z", "Sat, 31 Jan 2026 02:37:57 GMT"),
        ("2026-01-30T17:04:18.000Z", "Sat, 31 Jan 2026 02:00:00 GMT"),
        ("2026-02-01T00:00:07.000Z", "Sat, 31 Jan 2026 23:59:59 GMT"),
    ],
)
def test_the_date_of_a_past_day_is_no_earlier_than_its_data_and_stays_on_the_day(tmp_path, newest, served):
    record(tmp_path, DAY, coin_text("a", last_updated=newest), coin_text("b", last_updated=None))
    with running_stand_in(tmp_path) as stand_in:
        assert markets(stand_in).headers["Date"] == served


def test_a_day_without_recording_is_a_404_that_names_the_days_there_are(tmp_path):
    record(tmp_path, "2026-01-01", coin_text("a"))
    record(tmp_path, "2026-01-31", coin_text("a"))
    (tmp_path / "notes.json").write_text("{}")
    with running_stand_in(tmp_path) as stand_in:
        response = markets(stand_in, as_of="2026-01-15")
    assert response.status_code == 404
    assert response.json()["error"] == (
        f"no recording of 2026-01-15: {tmp_path} has 2026-01-01 to 2026-01-31, 2 day(s)"
    )


def test_without_as_of_todays_recording_is_served_else_the_newest(tmp_path):
    record(tmp_path, "2026-01-30", coin_text("yesterday"))
    record(tmp_path, "2026-01-31", coin_text("today"))
    record(tmp_path, "2026-02-02", coin_text("newest"))
    for day, expected in ((31, "today"), (29, "newest")):
        moment = datetime(2026, 1, day, 9, 8, 7, tzinfo=UTC)
        with running_stand_in(tmp_path, now=lambda moment=moment: moment) as stand_in:
            response = get(stand_in, vs_currency="usd")
        assert response.json()[0]["id"] == expected
        assert response.headers["Date"].endswith(f"{day} Jan 2026 09:08:07 GMT")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"status":{"error_code":403,"error_message":"no"}}', 403),
        (b'{"error":{"status":{"error_code":10012,"error_message":"no"}}}', 200),
        (b'{"error":"coin not found"}', 200),
        (b"null", 200),
    ],
)
def test_a_recorded_error_is_served_with_the_status_that_it_names(tmp_path, body, status):
    (tmp_path / f"{DAY}.json").write_bytes(body)
    with running_stand_in(tmp_path) as stand_in:
        response = markets(stand_in)
    assert (response.status_code, response.content) == (status, body)
    assert response.headers["Date"] == "Sat, 31 Jan 2026 02:00:00 GMT"


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_folder_that_is_missing_or_empty_is_named(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=rf"{name} (is not a folder|has no file named YYYY-MM-DD\.json)"):
        running_stand_in(tmp_path / name).__enter__()


# A coin's history


def seconds(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def history(stand_in: StandIn, coin_id: str, first: str, last: str, **parameters: Any) -> requests.Response:
    query = {"vs_currency": "usd", "from": seconds(first), "to": seconds(last)} | parameters
    return get(stand_in, f"/api/v3/coins/{coin_id}/market_chart/range", **query)


def test_a_coins_history_is_the_market_of_each_day(demo):
    for coin_id in ("bitcoin", "demo-coin-70", "demo-coin-90", "demo-coin-110", "demo-coin-299"):
        response = history(demo, coin_id, "2026-01-29", "2026-01-31T23:59:59")
        days = {}
        for day in ("2026-01-29", "2026-01-30", "2026-01-31"):
            [coin] = [coin for coin in market(date.fromisoformat(day)) if coin["id"] == coin_id]
            days[seconds(day) * 1000] = coin
        assert response.json() == {
            "prices": [[at, coin["current_price"]] for at, coin in days.items()],
            "market_caps": [[at, coin["market_cap"]] for at, coin in days.items()],
            "total_volumes": [[at, coin["total_volume"]] for at, coin in days.items()],
        }
        assert response.headers["X-Data-Source"] == "synthetic"


def test_a_range_has_both_its_ends_and_nothing_of_the_future(demo):
    def days(first: str, last: str) -> int:
        return len(history(demo, "bitcoin", first, last).json()["prices"])

    assert days("2026-01-01", "2026-01-31") == 31
    assert days("2026-01-01T00:00:01", "2026-01-30T23:59:59") == 29
    assert days("2026-01-01T00:00:01", "2026-01-01T23:59:59") == 0
    assert days("2026-01-31", "2026-01-01") == 0
    today = NOW.date()
    assert days(str(today - timedelta(days=1)), str(today + timedelta(days=9))) == 2


@pytest.mark.parametrize(
    ("coin_id", "parameters", "status", "message"),
    [
        ("no-such-coin", {}, 404, "coin not found"),
        ("bitcoin", {"vs_currency": ""}, 422, "Missing parameter vs_currency"),
        ("bitcoin", {"vs_currency": "xyz"}, 400, "invalid vs_currency"),
        ("bitcoin", {"vs_currency": "gbp"}, 501, "usd and eur only, not in gbp"),
        ("bitcoin", {"from": ""}, 422, "Missing parameter from"),
        ("bitcoin", {"to": "2026-01-31"}, 400, "invalid to: give seconds since 1970"),
        ("bitcoin", {"to": "9" * 12}, 400, "invalid to"),
        ("bitcoin", {"interval": "daily"}, 501, "does not implement the parameter interval"),
        ("bitcoin", {"as_of": DAY}, 501, "does not implement the parameter as_of"),
    ],
)
def test_what_is_wrong_with_a_history_is_said(demo, coin_id, parameters, status, message):
    response = history(demo, coin_id, "2026-01-01", DAY, **parameters)
    assert response.status_code == status
    assert message in response.json()["error"]


def test_a_recorded_history_has_the_recordings_own_moments_digit_for_digit(tmp_path):
    def coin(day: str, price: str, **fields: Any) -> str:
        head = coin_text("a b", last_updated=f"{day}T01:24:38.385Z", total_volume=0.5, **fields)
        return head.replace('"current_price": 1,', f'"current_price": {price},')

    record(tmp_path, "2026-01-30", coin("2026-01-30", "1.0E-11", market_cap=7))
    record(tmp_path, "2026-01-31", coin("2026-01-31", "0.10"), coin_text("b", last_updated=None))
    record(tmp_path, "2026-02-01", coin("2026-02-01", "null"))
    (tmp_path / "2026-02-02.json").write_text('{"error": "coin not found"}')
    with running_stand_in(tmp_path) as stand_in:
        found = history(stand_in, "a%20b", "2026-01-30T01:24:39", "2026-02-09")
        assert found.text == (
            '{"prices":[[1769822678385,0.10],[1769909078385,null]],'
            '"market_caps":[[1769822678385,null],[1769909078385,null]],'
            '"total_volumes":[[1769822678385,0.5],[1769909078385,0.5]]}'
        )
        assert "[[1769736278385,1.0E-11]]" in history(stand_in, "a%20b", "2026-01-30", "2026-01-31").text
        assert history(stand_in, "b", "2026-01-30", "2026-01-31").status_code == 404
        record(tmp_path, "2026-01-30", coin("2026-01-30", "2"))  # a recording may change
        assert ",2]]" in history(stand_in, "a%20b", "2026-01-30", "2026-01-31").text


def test_faults_spoil_histories_too(demo):
    demo.misbehave(Fault("busy"), Fault("truncated_json"))
    assert history(demo, "bitcoin", DAY, DAY).status_code == 429
    with pytest.raises(requests.exceptions.JSONDecodeError):
        history(demo, "bitcoin", DAY, DAY).json()
    assert history(demo, "bitcoin", DAY, DAY).status_code == 200


# Misbehaviour


def test_faults_spoil_one_request_each_in_order_and_then_all_is_well(demo):
    demo.misbehave(
        Fault("busy", headers={"Retry-After": "7"}),
        Fault("error", status=503, message="Maintenance."),
        Fault("html"),
        Fault("busy_in_200"),
        Fault("none"),
        Fault("body", message="[]"),
    )
    first, second, third, fourth, fifth, sixth, seventh = (markets(demo) for _ in range(7))
    assert (first.status_code, first.headers["Retry-After"]) == (429, "7")
    assert second.status_code == 503
    assert second.json()["status"] == {"error_code": 503, "error_message": "Maintenance."}
    assert (third.status_code, third.headers["Content-Type"]) == (200, "text/html; charset=UTF-8")
    assert (fourth.status_code, fourth.json()["status"]["error_code"]) == (200, 429)
    assert len(fifth.json()) == 250
    assert sixth.json() == []
    assert len(seventh.json()) == 250


def test_truncated_json_is_whole_as_http_and_broken_as_json(demo):
    whole = markets(demo).content
    demo.misbehave(Fault("truncated_json"))
    response = markets(demo)
    assert response.content == whole[: len(whole) // 2]
    with pytest.raises(requests.exceptions.JSONDecodeError):
        response.json()


def test_a_repeated_page_brings_the_coins_of_page_one_again(demo):
    demo.misbehave(Fault("repeat"))
    assert markets(demo, per_page=10, page=2).content == markets(demo, per_page=10).content


@pytest.mark.parametrize("kind", ["drop", "cut_off"])
def test_a_connection_can_break(demo, kind):
    demo.misbehave(Fault(kind))
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        markets(demo)


def test_an_answer_can_come_too_late(demo):
    demo.misbehave(Fault("slow", seconds=300))
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{demo.url}/api/v3/coins/markets?vs_currency=usd", timeout=0.1)


def test_faults_can_be_queued_over_http(demo):
    faults = [{"kind": "busy", "headers": {"Retry-After": "9"}}, {"kind": "html", "status": 502}]
    queued = requests.post(f"{demo.url}/_misbehave", json=faults, timeout=60)
    assert queued.json() == {"queued": 2}
    assert [markets(demo).status_code for _ in range(3)] == [429, 502, 200]


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "same-site"}]
)
def test_a_web_page_queues_no_fault(demo, headers):
    """It needs no leave to send a form in plain text, which can be JSON."""
    sent = {"Content-Type": "text/plain", **headers}
    response = requests.post(f"{demo.url}/_misbehave", '[{"kind": "busy"}]', headers=sent, timeout=5)
    assert response.status_code == 403
    assert markets(demo).status_code == 200


@pytest.mark.parametrize("faults", [[{"kind": "sulk"}], [{"colour": "red"}], 7, {"kind": "busy"}])
def test_an_unknown_fault_is_refused(demo, faults):
    response = requests.post(f"{demo.url}/_misbehave", json=faults, timeout=60)
    assert response.status_code == 400
    assert "not a list of faults" in response.json()["error"]
    assert markets(demo).status_code == 200


def test_it_remembers_what_it_was_asked(demo):
    get(demo, "/api/v3/ping", answer=42)
    assert demo.received[-1].target == "/api/v3/ping?answer=42"
    assert demo.received[-1].headers["user-agent"].startswith("python-requests")


# As a command


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "laptop.coingecko", *arguments],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )


@pytest.mark.product
def test_as_a_command_it_says_where_it_is_serves_silently_and_ends_on_ctrl_c():
    process = start("--port", "0")
    try:
        line = process.stdout.readline()
        address = line.split(" at ")[1].split(": ")[0]
        assert "a synthetic market" in line
        assert len(requests.get(f"{address}/api/v3/coins/markets?vs_currency=usd", timeout=60).json()) == 100
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.product
def test_a_busy_port_is_named_with_the_remedy():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        process = start("--port", str(port))
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err.startswith(f"Port {port} on 127.0.0.1 is taken")
    assert "--port" in err


@pytest.mark.product
def test_a_missing_folder_is_named_on_the_command_line(tmp_path):
    process = start("--feed", str(tmp_path / "nowhere"), "--port", "0")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"--feed: {tmp_path}/nowhere is not a folder" in err
