# ruff: noqa: E501 - a case is a line
"""Each refusal says what to do. Doing that gives the right rows."""

from __future__ import annotations

import io
import itertools
import json
from datetime import UTC, datetime

import pytest

from include.crypto_lake.on_arrival import cleaning, table
from include.crypto_lake.on_arrival.cleaning import RejectedRow, SourceObject, UnusableFileError, clean
from include.crypto_lake.on_arrival.reading import chunks
from include.crypto_lake.on_arrival.reading import text as text_module
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
    (
        "ambiguous_date",
        "leave out other dates",
        "id,price,last_updated,date\nbitcoin,5,2026-09-12T10:00:00Z,2026-09-08\n",
        "id,price,last_updated\nbitcoin,5,2026-09-08T10:00:00Z\n",
    ),
    (
        "ambiguous_date",
        "write ISO 8601 in UTC",
        "id,price,date,timezone\nbitcoin,5,2026-09-07 22:00,America/New_York\n",
        "id,price,last_updated\nbitcoin,5,2026-09-08T02:00:00Z\n",
    ),
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


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ("id,price,date\nbitcoin,5,12. Dezember 2025\n", "id,price,last_updated\nbitcoin,5,2026-09-08T00:00:00Z\n"),
        ("id,price,Datum\nbitcoin,5,07.09.2026\n", "id,price,last_updated\nbitcoin,5,2026-09-08T00:00:00Z\n"),
        ("id,price,Date (GMT+8)\nbitcoin,5,2026-09-08 07:00\n", "id,price,last_updated\nbitcoin,5,2026-09-08T07:00:00+08:00\n"),
    ],
)  # fmt: skip
def test_a_date_that_is_not_the_names_is_written_as_iso_8601(bad: str, good: str) -> None:
    days, refused, why, message = dropped(bad, NAMED)
    assert (days, why, [row.reason for row in refused]) == ({}, "no_usable_row", ["no_date"])
    assert "write ISO 8601" in message
    assert DAY in message
    days, refused, why, _ = dropped(good, "raw/prices.csv")
    assert (refused, why) == ([], "")
    assert sum(map(len, days.values())) == 1


@pytest.mark.parametrize(
    ("bad", "remedy", "good"),
    [
        ("id,price,cap\nbitcoin,5,1\nid,cap,price\nsolana,1,6\n", "split the file there", "id,cap,price\nsolana,1,6\n"),
        ("In thousands of USD\n\nid,price\nsolana,0.006\n", "write all of them in full", "id,price\nsolana,6\n"),
        ("id,price\n,kUSD\nsolana,0.006\n", "leave that row out", "id,price\nsolana,6\n"),
        ("coin,amount,usd\nsolana,2,12\n", "into price_usd", "coin,amount,usd,price_usd\nsolana,2,12,6\n"),
    ],
)  # fmt: skip
def test_the_remedy_of_a_unit_that_is_not_certain_gives_the_rows(bad: str, remedy: str, good: str) -> None:
    _, _, why, message = dropped(bad, NAMED)
    assert why == "wrong_shape"
    assert remedy in message
    assert dropped(good, NAMED)[0] == {DAY: {"solana": 6.0}}


@pytest.mark.parametrize(
    ("key", "bad", "remedy", "good"),
    [
        (f"raw/markets_eur_{DAY}.csv", "id,price\nsolana,5\n", "into a column price_usd", "id,price_usd\nsolana,6\n"),
        (NAMED, "id,price\nsolana,5\n,\nAll prices in EUR\n", "leave those lines out", "id,price\nsolana,6\n"),
        (NAMED, '{"id": "solana", "price": 5}\n{"currency": "eur"}\n', "leave that row out", '{"id": "solana", "price": 6}'),
    ],
)  # fmt: skip
def test_the_remedy_of_a_currency_said_elsewhere_gives_the_rows(
    key: str, bad: str, remedy: str, good: str
) -> None:
    _, _, why, message = dropped(bad, key)
    assert why == "other_currency"
    assert remedy in message
    assert dropped(good, key)[0] == {DAY: {"solana": 6.0}}


def test_the_remedy_of_no_usable_row_is_that_of_its_rows() -> None:
    bad = "id;price\nmonero;119,183\nsolana;145,600\n"
    _, refused, why, message = dropped(bad, NAMED)
    assert why == "no_usable_row"
    assert [row.reason for row in refused] == ["ambiguous_price"] * 2
    assert "119.183 or 119183" in message
    assert "with a decimal point" in message
    good = "id,price\nmonero,119.183\nsolana,145.600\n"
    assert dropped(good, NAMED)[0] == {DAY: {"monero": 119.183, "solana": 145.6}}


HUNDRED = "id,price\n" + "".join(f"coin-{number},{number + 1}\n" for number in range(100))


def require_all_rows_in_halves() -> None:
    """The hundred rows are accepted, once they are two files with a header each."""
    header, *rows = HUNDRED.splitlines(keepends=True)
    found: Rows = {}
    for number in range(2):
        days, refused, why, message = dropped(header + "".join(rows[number::2]), NAMED)
        assert (refused, why) == ([], ""), message
        found |= days[DAY]
    assert found == {f"coin-{number}": number + 1.0 for number in range(100)}


@pytest.mark.parametrize(
    ("limited", "limit"), [("rows", "MAX_ROWS"), ("coins", "MAX_COINS"), ("bytes", "MAX_BYTES")]
)
def test_the_remedy_of_a_file_that_is_too_large_is_to_split_it(
    limited: str, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 10)
    module = {"rows": chunks, "coins": table, "bytes": text_module}[limited]
    monkeypatch.setattr(module, limit, 1_000 if limited == "bytes" else 60)
    days, _, why, message = dropped(HUNDRED, NAMED)
    assert (days, why) == ({}, "too_large")
    assert "split" in message
    require_all_rows_in_halves()


def test_the_remedy_of_a_file_that_is_too_slow_is_to_split_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 10)
    seconds = itertools.count()  # each chunk takes one when it is read and one when it is judged

    def clock() -> float:
        return float(next(seconds))

    monkeypatch.setattr(cleaning.time, "process_time", clock)
    monkeypatch.setattr(cleaning, "MAX_SECONDS", 12)
    days, _, why, message = dropped(HUNDRED, NAMED)
    assert (days, why) == ({}, "too_slow")
    assert "split it into several files" in message
    require_all_rows_in_halves()


def test_the_remedy_of_a_wrong_name_is_the_date_of_the_prices() -> None:
    assert dropped("id,price\nbitcoin,64123.5\n", "raw/prices_2026-13-41.csv")[2] == "mis_dated"
    assert dropped("id,price\nbitcoin,64123.5\n", NAMED)[0] == BTC


def test_every_reason_has_a_remedy_that_is_tried_here() -> None:
    tried = {case[0] for case in [*CASES, *DATED_CASES, *FILES]}
    assert tried >= set(REASONS) - {"no_date"}
    # These have a test of their own; "failed" is what the cleaning does not know.
    assert tried >= set(FILE_REASONS) - {"mis_dated", "no_usable_row", "too_large", "too_slow", "failed"}
