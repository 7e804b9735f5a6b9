"""The hook against a real HTTP server: paging, patience, refusals, and silence about the key."""

from __future__ import annotations

import base64
import json
import logging
import socket
import threading
import zlib
from collections.abc import Callable
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
import structlog
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from lake_provider.coingecko import bounded_body, client
from lake_provider.coingecko.api_key import mask_key_in
from lake_provider.coingecko.client import CoinGeckoHook
from lake_provider.coingecko.responses import CoinGeckoRefusal
from laptop.coingecko.stand_in import Fault, StandIn, running_stand_in

pytestmark = pytest.mark.clock

DAY = date(2026, 1, 31)
SIXTY = json.dumps([{"id": f"coin-{number}"} for number in range(60)])
KEY = "CG-planted-0123456789"


def refusal_of(stand_in: StandIn, fault: Fault) -> CoinGeckoRefusal:
    stand_in.misbehave(fault)
    with pytest.raises(CoinGeckoRefusal) as caught:
        CoinGeckoHook().markets(coins=10, currency="usd", run_date=DAY)
    return caught.value


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# Pages


def test_one_page_holds_up_to_250_coins(stand_in):
    hook = CoinGeckoHook()
    [page] = hook.markets(coins=250, currency="usd", run_date=DAY)
    assert [coin["id"] for coin in json.loads(page.body)] == list(page.coin_ids)
    assert len(page.coin_ids) == 250
    assert page.coin_ids[:2] == ("bitcoin", "ethereum")
    assert hook.calls == 1


def test_more_coins_are_spread_evenly_over_pages_so_that_exactly_as_many_come(stand_in):
    pages = CoinGeckoHook().markets(coins=260, currency="usd", run_date=DAY)
    assert [len(page.coin_ids) for page in pages] == [130, 130]
    assert len({coin_id for page in pages for coin_id in page.coin_ids}) == 260
    assert [page.number for page in pages] == [1, 2]


@pytest.mark.parametrize(
    ("coins", "faults", "message"),
    [
        (250, [Fault("body", message=SIXTY)] * 5, "refused page 1 of .*: 60 of the 250 coins requested"),
        (
            300,
            [Fault("none"), *[Fault("body", message=SIXTY)] * 5],
            "refused page 2 .*: 210 of the 300 coins",
        ),
        (500, [Fault("none"), *[Fault("body", message="[]")] * 5], "refused page 2 .*: 250 of the 500 coins"),
        (900, [], "refused page 2 .*: 300 of the 900 coins"),
    ],
    ids=["first page", "second page", "empty page", "the whole market is smaller"],
)
def test_fewer_coins_than_requested_are_refused_with_both_numbers(stand_in, waits, coins, faults, message):
    stand_in.misbehave(*faults)
    with pytest.raises(CoinGeckoRefusal, match=message) as caught:
        CoinGeckoHook().markets(coins=coins, currency="usd", run_date=DAY)
    there = message.split(": ")[1].split()[0]
    assert str(caught.value).endswith(
        f"If the source has no more, request {there}: 'coins' in the Airflow Variable crypto_lake, or "
        f"COINS={there} make run"
    )
    assert waits == [1, 1, 1, 1]


def test_a_short_page_is_asked_for_again_until_coingeckos_cache_is_over(stand_in, waits):
    stand_in.misbehave(*[Fault("body", message=SIXTY)] * 4)
    hook = CoinGeckoHook()
    [page] = hook.markets(coins=250, currency="usd")
    assert len(page.coin_ids) == 250
    assert hook.calls == 5
    assert sum(waits) > 60


def test_a_market_of_exactly_the_coins_requested_is_whole(stand_in):
    pages = CoinGeckoHook().markets(coins=299, currency="usd", run_date=DAY)
    assert [page.rows for page in pages] == [150, 150]
    pages = CoinGeckoHook().markets(coins=300, currency="usd", run_date=DAY)
    assert [page.rows for page in pages] == [150, 150]


def test_a_page_carries_what_an_audit_needs(stand_in):
    [page] = CoinGeckoHook().markets(coins=3, currency="usd", run_date=DAY)
    assert page.url == (
        f"{stand_in.url}/api/v3/coins/markets"
        "?vs_currency=usd&order=market_cap_desc&per_page=3&page=1&as_of=2026-01-31"
    )
    assert page.http_date == "Sat, 31 Jan 2026 02:00:00 GMT"
    assert page.clock == datetime(2026, 1, 31, 2, tzinfo=UTC)
    assert page.etag.startswith('W/"')
    assert page.source == "synthetic"


# Patience


def test_a_rate_limit_is_waited_out_for_as_long_as_the_api_asks(stand_in, waits):
    stand_in.misbehave(
        Fault("busy", headers={"Retry-After": "7"}), Fault("busy", headers={"Retry-After": "60"})
    )
    hook = CoinGeckoHook()
    [page] = hook.markets(coins=10, currency="usd", run_date=DAY)
    assert len(page.coin_ids) == 10
    assert waits == [7, 60]
    assert hook.calls == len(stand_in.received) == 3


def test_no_wait_is_longer_than_two_minutes(stand_in, waits):
    stand_in.misbehave(Fault("busy", headers={"Retry-After": "86400"}))
    CoinGeckoHook().markets(coins=10, currency="usd", run_date=DAY)
    assert waits == [120]


def test_retry_after_may_be_a_date_by_the_servers_own_clock(connect, waits):
    with running_stand_in("demo", now=lambda: datetime(2026, 1, 31, 23, 59, 50, tzinfo=UTC)) as stand_in:
        connect(stand_in.url)
        stand_in.misbehave(Fault("busy", headers={"Retry-After": "Sun, 01 Feb 2026 00:00:25 GMT"}))
        CoinGeckoHook().markets(coins=10, currency="usd")
    assert waits == [35]


@pytest.mark.parametrize("retry_after", [None, "soon", "-5", "0.5", "Fri, 99 Foo 2026"])
def test_without_a_usable_retry_after_the_waits_grow_with_jitter(stand_in, waits, retry_after):
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    stand_in.misbehave(*[Fault("busy", headers=headers)] * 4)
    CoinGeckoHook().markets(coins=10, currency="usd", run_date=DAY)
    for wait, least in zip(waits, [5, 10, 20, 40], strict=True):
        assert least <= wait <= least + 5
    assert sum(waits) >= 60  # the span over which CoinGecko counts calls


def test_a_retry_after_of_zero_or_in_the_past_still_waits_a_moment(stand_in, waits):
    stand_in.misbehave(
        Fault("busy", headers={"Retry-After": "0"}),
        Fault("busy", headers={"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}),
    )
    CoinGeckoHook().markets(coins=10, currency="usd", run_date=DAY)
    assert waits == [1, 1]


@pytest.mark.parametrize(
    "fault",
    [
        Fault("busy"),
        Fault("busy_in_200"),
        Fault("error", status=500),
        Fault("error", status=503),
        Fault("html", status=502),
        Fault("error_in_200", status=503),
        Fault("drop"),
        Fault("cut_off"),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_what_may_pass_is_tried_again(stand_in, waits, fault):
    stand_in.misbehave(fault)
    [page] = CoinGeckoHook().markets(coins=10, currency="usd", run_date=DAY)
    assert len(json.loads(page.body)) == 10
    assert len(waits) == 1


def test_a_server_that_stays_silent_is_given_up_and_asked_again(stand_in, waits, monkeypatch):
    def wait(seconds: float) -> None:
        waits.append(seconds)
        monkeypatch.setattr(client, "_READ_TIMEOUT", 60.0)  # for the answer, however slow the machine

    monkeypatch.setattr(CoinGeckoHook, "sleep", staticmethod(wait))
    monkeypatch.setattr(client, "_READ_TIMEOUT", 0.2)
    stand_in.misbehave(Fault("slow", seconds=300))
    hook = CoinGeckoHook()
    [page] = hook.markets(coins=10, currency="usd", run_date=DAY)
    assert len(page.coin_ids) == 10
    assert hook.calls == 2


def test_the_number_of_attempts_is_bounded(stand_in, waits):
    stand_in.misbehave(*[Fault("busy")] * 9)
    hook = CoinGeckoHook()
    with pytest.raises(CoinGeckoRefusal, match=r"status 429\): You've exceeded the Rate Limit") as caught:
        hook.markets(coins=10, currency="usd", run_date=DAY)
    assert hook.calls == 5
    assert len(waits) == 4
    assert not caught.value.permanent


def test_an_unreachable_api_is_named_with_what_to_check(connect, waits):
    port = free_port()
    connect(f"http://127.0.0.1:{port}")
    with pytest.raises(
        AirflowException, match=rf"http://127\.0\.0\.1:{port} \(Airflow connection 'coingecko_default'\).*NAT"
    ):
        CoinGeckoHook(attempts=2).markets(coins=10, currency="usd")
    assert len(waits) == 1


def test_every_call_and_every_wait_leaves_a_line_in_the_log(stand_in, waits):
    stand_in.misbehave(Fault("busy", headers={"Retry-After": "7"}), Fault("drop"))
    with structlog.testing.capture_logs() as logs:
        CoinGeckoHook().markets(coins=10, currency="usd", run_date=DAY)
    log = "\n".join(str(entry["event"]) for entry in logs)
    assert "CoinGecko call 1: GET http" in log
    assert "-> 429, " in log
    assert "Waiting 7 s before attempt 2 of 5: CoinGecko refused page 1" in log
    assert "CoinGecko call 2: page 1 failed after" in log
    assert "CoinGecko call 3: GET http" in log


# Who made the data, and when


@pytest.mark.parametrize("source", ["../synthetic", "A b", ""])
def test_a_source_that_is_unfit_for_an_objects_key_is_refused(stand_in, source):
    refusal = refusal_of(stand_in, Fault("none", headers={"X-Data-Source": source}))
    assert f"the header X-Data-Source is {source!r}" in refusal.reason


def test_without_a_usable_date_our_own_clock_counts(stand_in):
    stand_in.misbehave(Fault("none", headers={"Date": "yesterday"}))
    before = datetime.now(UTC).replace(microsecond=0)
    [page] = CoinGeckoHook().markets(coins=10, currency="usd", run_date=DAY)
    assert before <= page.clock <= datetime.now(UTC)
    assert page.http_date == "yesterday"


# Refusals


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_request_that_is_wrong_fails_at_once_with_the_apis_own_message(stand_in, waits, status):
    refusal = refusal_of(stand_in, Fault("error", status=status, message="Mind your parameters."))
    assert refusal.permanent
    assert f"(status {status}): Mind your parameters." in str(refusal)
    assert waits == []
    assert len(stand_in.received) == 1


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ('{"status":{"error_code":403,"error_message":"Come back later."}}', 403, "Come back later."),
        ('{"error":{"status":{"error_code":10012,"error_message":"Too old."}}}', 10012, "Too old."),
        ('{"error":"coin not found"}', 200, "coin not found"),
        ('{"prices":[]}', 200, 'a JSON object instead of an array of coins: {"prices": []}'),
        ('"hello"', 200, "the body is a JSON str, not an array of coins"),
        ("null", 200, "the body is a JSON NoneType, not an array of coins"),
        ("[]", 200, "the body is an empty array: no coin at all"),
        ('[{"id":"bitcoin"},7]', 200, "element 1 of the array is not a coin with an id: 7"),
        ('[{"name":"Bitcoin"}]', 200, "element 0 of the array is not a coin with an id"),
        ('[{"id":null}]', 200, "element 0 of the array is not a coin with an id"),
        ('[{"id":"bitcoin","current_price":NaN}]', 200, "is not JSON: NaN is no JSON value"),
        ("", 200, "is not JSON"),
    ],
)
def test_a_200_that_is_not_an_array_of_coins_is_refused(stand_in, waits, body, status, reason):
    refusal = refusal_of(stand_in, Fault("body", message=body))
    assert refusal.status == status
    assert reason in refusal.reason
    assert refusal.response.content == body.encode()
    assert refusal.permanent == (status != 200)
    assert waits == []


def test_an_html_page_is_refused_and_shown(stand_in):
    refusal = refusal_of(stand_in, Fault("html"))
    assert "(text/html; charset=UTF-8, " in refusal.reason
    assert "<title>Just a moment...</title>" in refusal.reason
    assert not refusal.permanent


def test_truncated_json_is_refused(stand_in):
    assert "application/json" in refusal_of(stand_in, Fault("truncated_json")).reason


def test_a_redirect_is_not_followed_for_the_key_would_go_along(stand_in):
    elsewhere = {"Location": f"{stand_in.url}/api/v3/coins/markets?vs_currency=usd"}
    refusal = refusal_of(stand_in, Fault("body", status=302, message="[]", headers=elsewhere))
    assert len(stand_in.received) == 1
    assert refusal.permanent
    assert "unexpected HTTP status 302" in refusal.reason


# The connection


@pytest.mark.parametrize(
    ("extra", "header"),
    [
        ({}, "x-cg-demo-api-key"),
        ({"plan": "demo"}, "x-cg-demo-api-key"),
        ({"plan": "pro"}, "x-cg-pro-api-key"),
    ],
)
def test_the_key_travels_in_its_plans_header_and_the_extra_in_none(stand_in, connect, extra, header):
    connect(stand_in.url, password=f" {KEY}\n", login="me", extra={"time_travel": True, **extra})
    CoinGeckoHook().markets(coins=10, currency="usd", run_date=DAY)
    [request] = stand_in.received
    assert [name for name, value in request.headers.items() if KEY in value] == [header]
    assert request.headers[header] == KEY
    assert not request.headers.keys() & {"authorization", "time_travel", "plan"}


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({}, "https://api.coingecko.com"),
        ({"extra": {"plan": "pro"}}, "https://pro-api.coingecko.com"),
        ({"host": "api.coingecko.com"}, "https://api.coingecko.com"),
        ({"host": "pro-api.coingecko.com", "schema": "https"}, "https://pro-api.coingecko.com"),
        ({"host": "https://api.coingecko.com/api/v3/"}, "https://api.coingecko.com"),
        ({"host": "127.0.0.1", "port": 5056}, "http://127.0.0.1:5056"),
    ],
)
def test_the_connection_says_where_the_api_is(monkeypatch, fields, url):
    monkeypatch.setenv("AIRFLOW_CONN_COINGECKO_DEFAULT", json.dumps({"conn_type": "http"} | fields))
    hook = CoinGeckoHook()
    hook.get_conn()
    assert hook.base_url == url


def test_the_pro_host_gets_the_pro_header(monkeypatch):
    connection = {"conn_type": "http", "host": "pro-api.coingecko.com", "password": KEY}
    monkeypatch.setenv("AIRFLOW_CONN_COINGECKO_DEFAULT", json.dumps(connection))
    assert CoinGeckoHook().get_conn().headers["x-cg-pro-api-key"] == KEY


def test_a_missing_connection_is_named_with_the_remedy(monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_COINGECKO_DEFAULT", raising=False)
    with pytest.raises(AirflowFailException, match=r"'coingecko_default' is missing.*AIRFLOW_CONN_COINGECKO"):
        CoinGeckoHook().markets(coins=10, currency="usd")


def test_an_unknown_plan_is_named(stand_in, connect):
    connect(stand_in.url, extra={"plan": "gold"})
    with pytest.raises(AirflowFailException, match="extra plan is 'gold': set it to demo or pro"):
        CoinGeckoHook().markets(coins=10, currency="usd")


def test_time_travel_as_text_is_refused_since_any_text_would_count_as_true(stand_in, connect):
    connect(stand_in.url, extra={"time_travel": "false"})
    with pytest.raises(AirflowFailException, match="time_travel is 'false': set it to true or false"):
        _ = CoinGeckoHook().connection.time_travel


def test_a_key_that_no_header_may_hold_is_refused_without_being_shown(stand_in, connect):
    connect(stand_in.url, password=f"{KEY}\r\nX-Injected: 1")
    with pytest.raises(AirflowFailException) as caught:
        CoinGeckoHook().markets(coins=10, currency="usd")
    assert "paste it again" in str(caught.value)
    assert KEY not in str(caught.value)


def test_the_key_is_in_no_log_no_url_and_no_exception(
    stand_in: StandIn,
    connect: Callable[..., None],
    waits: list[float],
    caplog: pytest.LogCaptureFixture,
):
    """Looks at the log before Airflow masks secrets in it."""
    connect(stand_in.url, password=KEY)
    caplog.set_level(logging.DEBUG)
    stand_in.misbehave(Fault("busy"), Fault("drop"), Fault("cut_off"), Fault("error", status=401))
    with structlog.testing.capture_logs() as logs, pytest.raises(CoinGeckoRefusal) as caught:
        CoinGeckoHook().markets(coins=10, currency="usd")
    assert all(request.headers["x-cg-demo-api-key"] == KEY for request in stand_in.received)
    told = [str(caught.getrepr(style="short")), repr(caught.value), caplog.text, str(logs)]
    told += [request.target for request in stand_in.received]
    assert len(stand_in.received) == 4
    assert "CoinGecko call 4" in str(logs)
    assert not [text for text in told if KEY in text]


@pytest.mark.parametrize(
    "spelled",
    [
        KEY,
        KEY.upper(),
        "".join(f"\\u{ord(c):04x}" for c in KEY),
        "".join(f"%{ord(c):02X}" for c in KEY),
        base64.b64encode(KEY.encode()).decode(),
        KEY.encode("utf-16-le").decode(),
    ],
    ids=["plain", "capitals", "JSON", "URL", "Base64", "UTF-16"],
)
def test_the_key_is_taken_out_of_an_answer_in_whatever_spelling(spelled):
    response = requests.Response()
    response.url, response.reason = f"http://x/?k={spelled}", f"No {spelled}"
    response.headers["Location"] = f"/{spelled}"
    response._content = b"\xff" + spelled.encode() + b"."
    assert mask_key_in(response, KEY)
    assert response.content in (b"\xff***.", b"\xff***\x00.")
    assert [part.rstrip("\0") for part in (response.url, response.reason, response.headers["Location"])] == [
        "http://x/?k=***",
        "No ***",
        "/***",
    ]


def test_a_password_that_is_too_short_for_a_key_changes_no_answer():
    response = requests.Response()
    response._content = b'[{"id": "a"}]'
    assert not mask_key_in(response, "a")
    assert response.content == b'[{"id": "a"}]'


# Size


class _Endless(BaseHTTPRequestHandler):
    """Answers with a body that does not end, packed or not, and counts what it has sent."""

    sent = 0
    packed = False

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        if self.packed:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        piece = b"[" + b" " * 1_000_000
        packer = zlib.compressobj(wbits=31)
        try:
            for _ in range(1000):
                body = packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH) if self.packed else piece
                self.wfile.write(body)
                type(self).sent += len(piece)
        except ConnectionError:
            pass

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """A request is not worth a line."""


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("key", [None, KEY])
def test_an_answer_without_end_is_refused_and_not_read(connect, monkeypatch, packed, key):
    monkeypatch.setattr(bounded_body, "LARGEST_BODY", 3_000_000)
    monkeypatch.setattr(_Endless, "sent", 0)
    monkeypatch.setattr(_Endless, "packed", packed)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Endless)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        connect(f"http://127.0.0.1:{server.server_address[1]}", **({"password": key} if key else {}))
        hook = CoinGeckoHook()
        with pytest.raises(CoinGeckoRefusal, match="its body is larger than 3,000,000 bytes") as caught:
            hook.markets(coins=10, currency="usd", run_date=None)
    finally:
        server.shutdown()
        server.server_close()
    assert hook.calls == 1, "asking again would not help"
    assert len(caught.value.response.content) == 3_000_001, "the beginning is kept for the audit"
    if not packed:  # what is packed is in the sockets' buffers long before
        assert _Endless.sent < 100_000_000


def test_an_answer_up_to_the_limit_is_read_whole(stand_in, monkeypatch):
    [page] = CoinGeckoHook().markets(coins=250, currency="usd", run_date=DAY)
    monkeypatch.setattr(bounded_body, "LARGEST_BODY", len(page.body))
    assert CoinGeckoHook().markets(coins=250, currency="usd", run_date=DAY)[0].body == page.body
    monkeypatch.setattr(bounded_body, "LARGEST_BODY", len(page.body) - 1)
    with pytest.raises(CoinGeckoRefusal, match="its body is larger than"):
        CoinGeckoHook().markets(coins=250, currency="usd", run_date=DAY)
