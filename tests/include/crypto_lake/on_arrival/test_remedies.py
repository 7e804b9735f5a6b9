# ruff: noqa: E501 - a case is a line
"""Each refusal says what to do. Doing that gives the right rows."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pytest

from include.crypto_lake.on_arrival.cleaning import RejectedRow, SourceObject, UnusableFileError, clean
from include.crypto_lake.on_arrival.refusals import FILE_REASONS, REASONS

Rows = dict[str, float]


def dropped(text: str | bytes, key: str) -> tuple[dict[str, Rows], list[RejectedRow], str, str]:
    """What comes out by day, the refused rows, and why the file was refused."""
    refused: list[RejectedRow] = []
    body = text if isinstance(text, bytes) else text.encode()
    source = SourceObject(key, "etag", datetime(2026, 9, 20, tzinfo=UTC))
    try:
        cleaned = clean(io.BytesIO(body), source, currency="usd", on_reject=refused.append)
    except UnusableFileError as error:
        return {}, refused, error.reason, str(error)
    days = {
        day.isoformat(): dict(
            zip(*table.select(["coin_id", "current_price"]).to_pydict().values(), strict=True)
        )
        for day, table in cleaned.days.items()
    }
    return days, refused, "", ""


DAY = "2026-09-08"
NAMED = f"raw/prices_{DAY}.csv"
BTC = {DAY: {"bitcoin": 64123.5}}
# Why, part of the remedy's text, the file, what the remedy makes of it, and its name before and after.
CASES = [
    ("ambiguous_price", "with a decimal point", "id;price\nbitcoin;64.123\n", "id,price\nbitcoin,64123.00\n"),
    ("ambiguous_price", "with a decimal point", "id;price\nbitcoin;64,123\n", "id,price\nbitcoin,64.123\n"),
    ("ambiguous_price", "leave one of them", "id,price,price\nbitcoin,1,2\n", "id,price\nbitcoin,2\n"),
    ("bad_price", "such as 1234.56", "id,price\nbitcoin,~64123\n", "id,price\nbitcoin,64123\n"),
    ("no_price", "write a price into it", "id,price\nbitcoin,\n", "id,price\nbitcoin,64123.5\n"),
    ("no_coin_id", "column coin_id", "id,symbol,price\n1,BTC,5\n", "id,symbol,price,coin_id\n1,BTC,5,bitcoin\n"),
    ("no_coin_id", "column coin_id", "id,slug,price\n1,bitcoin,5\n", "id,coin_id,price\n1,bitcoin,5\n"),
    ("no_coin_id", "column coin_id", "coin,price\nBTC,5\n", "coin_id,coin,price\nbitcoin,BTC,5\n"),
    (
        "several_coin_ids",
        "column coingecko_id",
        "id,coin_id,price\nbitcoin,wrapped-bitcoin,5\n",
        "id,coin_id,price,coingecko_id\nbitcoin,wrapped-bitcoin,5,bitcoin\n",
    ),
    ("other_currency", "convert it", "id,price,currency\nbitcoin,5,EUR\n", "id,price,currency\nbitcoin,6,USD\n"),
    ("other_currency", "convert it", "id,price\nbitcoin,€5\n", "id,price\nbitcoin,$6\n"),
    ("other_currency", "convert it", "id,price,pair\nbitcoin,5,BTC/EUR\n", "id,price,pair\nbitcoin,6,BTC/USD\n"),
    ("negative_market_cap", "leave it empty", "id,price,market_cap\nbitcoin,5,-1\n", "id,price,market_cap\nbitcoin,5,\n"),
    ("malformed_row", "Correct that row", "id,price\nbitcoin,64,123.5\n", 'id,price\nbitcoin,"64,123.5"\n'),
    ("no_order", "different times", "id,price\nbitcoin,5\nbitcoin,6\n", "id,price\nbitcoin,6\n"),
    (
        "no_order",
        "different times",
        "id,price,last_updated\nbitcoin,5,2026-09-08\nbitcoin,6,2026-09-08\n",
        "id,price,last_updated\nbitcoin,5,2026-09-08T01:00:00Z\nbitcoin,6,2026-09-08T02:00:00Z\n",
    ),
]  # fmt: skip
DATED_CASES = [
    ("ambiguous_date", "write ISO 8601", "id,price,date\nbitcoin,5,08/09/2026\n", "id,price,date\nbitcoin,5,2026-09-08\n"),
    ("undated", "into a column last_updated", "id,price,time\nbitcoin,5,1.79E+12\n", "id,price,last_updated\nbitcoin,5,2026-09-08T12:00:00Z\n"),
    ("undated", "into a column last_updated", "id,price\nbitcoin,5\n", "id,price,last_updated\nbitcoin,5,2026-09-08T12:00:00Z\n"),
]  # fmt: skip
FILES = [
    ("wrong_shape", "call it one of coin_id", "Date,Close\n2026-09-08,5\n", "coin_id,Date,Close\nbitcoin,2026-09-08,5\n"),
    ("wrong_shape", "call it one of current_price", "id,worth\nbitcoin,5\n", "id,price\nbitcoin,5\n"),
    ("wrong_shape", "coin_id", json.dumps({"prices": [[1788868800000, 5]]}), json.dumps({"id": "bitcoin", "prices": [[1788868800000, 5]]})),
    ("other_currency", "column price_usd", "id,Price (EUR)\nbitcoin,5\n", "id,price_usd\nbitcoin,6\n"),
    ("other_currency", "leave those lines out", "Prices in EUR\n\nid,price\nbitcoin,5\n", "id,price\nbitcoin,6\n"),
    ("other_currency", "column price_usd", json.dumps([{"id": "bitcoin", "quote": {"EUR": {"price": 5}}}]), json.dumps([{"id": "bitcoin", "price_usd": 6}])),
    ("unreadable", "the whole file again", '[{"id": "bitcoin", "price": 5}', '[{"id": "bitcoin", "price": 5}]'),
    ("unreadable", "drop JSON, JSON Lines or CSV", b"PK\x03\x04", "id,price\nbitcoin,5\n"),
    ("empty", "with at least one row", "id,price\n", "id,price\nbitcoin,5\n"),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "remedy", "bad", "good"), [*CASES, *DATED_CASES])
def test_the_remedy_of_a_rows_refusal_gives_the_row(reason: str, remedy: str, bad: str, good: str) -> None:
    key = NAMED if (reason, remedy, bad, good) in CASES else "raw/prices.csv"
    days, refused, _, message = dropped(bad, key)
    assert not days or reason == "malformed_row"
    assert remedy in message or any(remedy in REASONS[row.reason] + row.detail for row in refused)
    assert {row.reason for row in refused} == {"no_date" if reason == "undated" else reason}
    days, refused, why, message = dropped(good, key)
    assert (refused, why) == ([], ""), message
    assert list(days) == [DAY]
    assert list(days[DAY]) == ["bitcoin"]
    assert days[DAY]["bitcoin"] in (5.0, 6.0, 2.0, 64.123, 64123.0, 64123.5)


@pytest.mark.parametrize(("reason", "remedy", "bad", "good"), FILES)
def test_the_remedy_of_a_files_refusal_gives_its_rows(
    reason: str, remedy: str, bad: str | bytes, good: str
) -> None:
    _, _, why, message = dropped(bad, NAMED)
    assert why == reason
    assert remedy in message
    days, refused, why, message = dropped(good, NAMED)
    assert (refused, why) == ([], ""), message
    assert list(days) == [DAY]
    assert days[DAY]["bitcoin"] in (5.0, 6.0)


def test_the_remedy_of_a_wrong_name_is_the_date_of_the_prices() -> None:
    assert dropped("id,price\nbitcoin,64123.5\n", "raw/prices_2026-13-41.csv")[2] == "mis_dated"
    assert dropped("id,price\nbitcoin,64123.5\n", NAMED)[0] == BTC


def test_every_reason_has_a_remedy_that_is_tried_here_or_in_test_limits() -> None:
    tried = {case[0] for case in [*CASES, *DATED_CASES, *FILES]}
    assert tried >= set(REASONS) - {"no_date"}
    assert tried >= set(FILE_REASONS) - {"mis_dated", "no_usable_row", "too_large", "too_slow", "failed"}
