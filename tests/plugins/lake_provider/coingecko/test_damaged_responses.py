"""Thousands of damaged bodies: each is a page of bronze, byte for byte, or a refusal that is kept."""

from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import suppress
from random import Random
from typing import Any, NoReturn

import pytest
import requests
import structlog
from airflow.sdk.exceptions import AirflowException

from lake_provider.coingecko.client import CoinGeckoHook
from lake_provider.coingecko.ingest_markets import CoinGeckoMarketsToS3Operator
from lake_provider.coingecko.responses import CoinGeckoRefusal, MarketsPage, accept_markets
from laptop.coingecko.stand_in import Fault
from tests.damage import damaged_pages

pytestmark = pytest.mark.clock

BODIES = 6_500
OVER_HTTP = 8
DAY = "2026-01-31"
PREFIXES = {"prefix": "bronze/coins_market", "rejected_prefix": "rejected/coins_market"}
OF_THE_DAY = {"Date": "Sat, 31 Jan 2026 02:00:00 GMT"}


def answer(body: bytes, status: int = 200, **headers: str) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.url = "http://127.0.0.1/api/v3/coins/markets?page=1"
    response._content = body
    response.headers.update(headers)
    return response


def refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def ids_of(body: bytes) -> list[str] | None:
    """The ids of a body that is market data, None for any other."""
    try:
        rows: Any = json.loads(body.decode(), parse_constant=refuse)
    except (ValueError, RecursionError):
        return None
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        return None
    ids = [row.get("id") for row in rows]
    return ids if all(isinstance(coin_id, str) and coin_id for coin_id in ids) else None


def outcome_of(response: requests.Response) -> MarketsPage | CoinGeckoRefusal:
    try:
        return accept_markets(response, 1)
    except CoinGeckoRefusal as refusal:
        return refusal


def test_a_damaged_body_is_accepted_as_it_is_or_refused(seed):
    outcomes: Counter[type] = Counter()
    for body in damaged_pages(BODIES, seed + 1):
        outcome, ids = outcome_of(answer(body)), ids_of(body)
        outcomes[type(outcome)] += 1
        if isinstance(outcome, MarketsPage):
            assert outcome.body == body
            assert list(outcome.coin_ids) == ids, body
        else:
            assert ids is None, body
            assert outcome.response.content == body
            assert len(str(outcome).encode()) < 3_000
    assert min(outcomes[MarketsPage], outcomes[CoinGeckoRefusal]) > BODIES / 5


def test_any_headers_and_any_status_are_understood_or_refused(seed):
    random = Random(seed)
    values = (
        *("", " ", "-1", "7", "٣", "9" * 400, "soon", "Sat, 31 Jan 2026 02:00:00 GMT", "Fri, 99 Foo 2026"),
        *("Sat, 31 Jan 99999 02:00:00 GMT", "Sat, 31 Jan 2026 02:00:00 +9999", "2026-01-31", "\x00", "é" * 9),
        *("../up", "coingecko", "'; DROP", "{{ 1 }}", "a/b", 'W/"1"', "Sat, 31 Jan 2026 99:00:00 -0000"),
    )
    errors = (
        b'{"status": {"error_code": %s, "error_message": %s}}',
        b'{"error": {"status": {"error_code": %s, "error_message": %s}}}',
    )
    parts = (b"1e3", b"429", b"-1", b"9" * 4000, b"true", b"null", b'"\\ud800"', b"[]", b'"Busy\\nERROR no"')
    for _ in range(1_000):
        error = random.choice(errors) % (random.choice(parts), random.choice(parts))
        response = answer(
            random.choice((b'[{"id": "a"}]', error)), random.choice((200, 200, 204, 302, 404, 429, 503, 999))
        )
        for name in ("Date", "ETag", "Retry-After", "X-Data-Source", "Content-Type"):
            if random.random() < 0.5:
                response.headers[name] = random.choice(values)
        outcome = outcome_of(response)
        if isinstance(outcome, MarketsPage):
            assert re.fullmatch("[a-z0-9_-]+", outcome.source)
            assert outcome.clock.tzinfo
        else:
            assert outcome.retry_after is None or outcome.retry_after >= 0
            assert 100 <= outcome.status < 100_000
            assert len(str(outcome).encode()) < 3_000


def test_a_damaged_body_is_found_again_in_s3(stand_in, bucket, waits, seed):
    sent = set()
    for text in (body.decode("latin-1") for body in damaged_pages(OVER_HTTP, seed + 2)):
        stand_in.misbehave(Fault("body", message=text, headers=OF_THE_DAY))
        sent.add(text.encode())
        task = CoinGeckoMarketsToS3Operator(
            task_id="fetch_markets",
            run_date=DAY,
            bucket=bucket.name,
            coins=1,
            currency="usd",
            fetch_again=True,
            **PREFIXES,
        )
        with suppress(AirflowException):  # the refusal: its body is kept, too
            [key] = task.execute({})["keys"]
            assert bucket.body(key) == text.encode()
    assert {bucket.body(key) for key in bucket.listing()} == sent


# Damage that once was no refusal but a crash


def test_a_body_that_is_nested_too_deeply_is_refused(stand_in, bucket):
    stand_in.misbehave(Fault("body", message="[" * 100_000))
    with pytest.raises(CoinGeckoRefusal, match="is not JSON: maximum recursion depth exceeded"):
        CoinGeckoHook().markets(coins=10, currency="usd")


def test_an_error_of_any_length_in_half_characters_is_told_shortly(stand_in):
    text = "\\ud800 busy" + "y" * 10_000
    stand_in.misbehave(Fault("body", message=f'{{"error": "{text}"}}'))
    with pytest.raises(CoinGeckoRefusal, match=r"\\ud800 busyy+$") as caught:
        CoinGeckoHook().markets(coins=10, currency="usd")
    assert len(str(caught.value).encode()) < 1_000


@pytest.mark.parametrize("code", ["true", "-1", "9" * 4000])
def test_an_error_code_that_is_no_status_is_ignored(stand_in, code):
    stand_in.misbehave(
        Fault("body", message=f'{{"status": {{"error_code": {code}, "error_message": "Odd."}}}}')
    )
    with pytest.raises(CoinGeckoRefusal, match=r"\(status 200\): Odd\.$"):
        CoinGeckoHook().markets(coins=10, currency="usd")


def test_ids_in_half_characters_and_line_ends_are_logged_in_one_line(stand_in, bucket):
    stand_in.misbehave(
        Fault("body", message='[{"id": "\\ud800"}, {"id": "a\\nERROR forged"}]', headers=OF_THE_DAY)
    )
    task = CoinGeckoMarketsToS3Operator(
        task_id="fetch_markets", run_date=DAY, bucket=bucket.name, coins=2, currency="usd", **PREFIXES
    )
    with structlog.testing.capture_logs() as logs:
        assert task.execute({})["rows"] == 2
    told = [str(log["event"]) % log.get("positional_args", ()) for log in logs]
    assert any(r"(\ud800, a ERROR forged …)" in text for text in told)
    assert not any("\n" in text for text in told)
