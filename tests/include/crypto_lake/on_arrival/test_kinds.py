# ruff: noqa: E501 - a case is a line
"""Kinds of files that once came out wrong without a word, each in a small file of the same properties."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from include.crypto_lake.on_arrival.cleaning import SourceObject, UnusableFileError, clean

Found = dict[tuple[str, str], float]


def prices(body: Any, name: str = "prices_2026-09-10.x", currency: str = "usd") -> Found | str:
    """What comes out, by day and coin; or why the file was refused."""
    made = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    source = SourceObject(f"raw/{name}", "etag", datetime(2026, 9, 20, tzinfo=UTC))
    try:
        cleaned = clean(io.BytesIO(made), source, currency=currency, on_reject=lambda row: None)
    except UnusableFileError as error:
        return error.reason
    return {
        (day.isoformat()[5:], row["coin_id"]): row["current_price"]
        for day, table in cleaned.days.items()
        for row in table.select(["coin_id", "current_price"]).to_pylist()
    }


REFUSED = "no_usable_row"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # Which coin?
        ({"eos": {"usd": 0.5}, "link": {"usd": 12.5}}, {("09-10", "eos"): 0.5, ("09-10", "link"): 12.5}),
        ([{"id": "eos", "price": 0.5}, {"id": "true-usd", "price": 1}],
         {("09-10", "eos"): 0.5, ("09-10", "true-usd"): 1.0}),
        ({"btc": {"usd": 64000}, "ada": {"usd": 0.5}, "eos": {"usd": 1}}, REFUSED),
        ({"BTC": {"USD": 64000}, "ETH": {"USD": 3456}}, REFUSED),
        ({"USD": {"last": 64123.5}, "JPY": {"last": 9800000.5}}, REFUSED),
        ({"BTC_LTC": {"id": 14, "last": "0.001"}, "USDT_BTC": {"id": 121, "last": "64123.5"}}, REFUSED),
        ({"2026-09-09": {"symbol": "BTC", "price_usd": "1"}}, REFUSED),
        ({"0x2260fac5e5542a773aa44fbcfedf7c193bc2c599": {"usd": 64000}}, REFUSED),
        ("_id,id,current_price\n66f1a0c2a1b2c3d4e5f60701,bitcoin,1\n", {("09-10", "bitcoin"): 1.0}),
        ([{"_id": {"$oid": "66f1a0c2a1b2c3d4e5f60701"}, "id": "bitcoin", "price": {"$numberDecimal": "1.5"}}],
         {("09-10", "bitcoin"): 1.5}),
        ([{"id": "90", "nameid": "bitcoin", "symbol": "BTC", "price_usd": "1"}], REFUSED),
        ([{"id": 1, "slug": "bnb", "symbol": "BNB", "cmc_rank": 4, "quote": {"USD": {"price": 1}}}], REFUSED),
        ([{"id": "btc-bitcoin", "symbol": "BTC", "name": "Bitcoin", "quotes": {"USD": {"price": 1}}}], REFUSED),
        ("coin,price\nBitcoin,1\nAvalanche,2\nBitcoin Cash,3\n", REFUSED),
        ("id,coin,price\n7,bitcoin,1\n", {("09-10", "bitcoin"): 1.0}),
        ("id;price\nbitcoin;5,5\nTotal;7,5\n", {("09-10", "bitcoin"): 5.5}),
        ([{"id": "bitcoin", "base": "BTC", "target": "JPY", "last": 9800000}], REFUSED),
        # Which number?
        ("id;price\nsolana;145,6\nmonero;119,183\n", {("09-10", "solana"): 145.6, ("09-10", "monero"): 119.183}),
        ("id;price\nsolana;145.6\nmonero;1,183\n", {("09-10", "solana"): 145.6, ("09-10", "monero"): 1183.0}),
        ("id;price\nmonero;119,183\n", REFUSED),
        ("id\tprice\nmonero\t119.183\n", REFUSED),
        ([{"id": "monero", "price": "119,183"}], REFUSED),
        ("id;price;market cap\nmonero;119,183;1.270,5\n", {("09-10", "monero"): 119.183}),
        # Which currency?
        ("id,price,currency\nbitcoin,1,€\nsolana,2,US Dollar\n", {("09-10", "solana"): 2.0}),
        ("id,symbol,price\nbitcoin,BTCUSDT,1\nsolana,SOL/USD,2\n", {("09-10", "solana"): 2.0}),
        ("id,symbol,price\nwrapped-bitcoin,WBTC,1\n", {("09-10", "wrapped-bitcoin"): 1.0}),
        ("id,Price (EUR)\nbitcoin,1\n", "other_currency"),
        ("Coin,Price\nid,EUR\nbitcoin,1\n", "other_currency"),
        ([{"id": "bitcoin", "current_price": {"eur": 1, "usd": 2}}], {("09-10", "bitcoin"): 2.0}),
        ([{"id": "bitcoin", "current_price": {"eur": 1}}], REFUSED),
        ("id,price\nbitcoin,$5 MXN\n", REFUSED),
        ("id,price\nbitcoin,1.5M USD\n", {("09-10", "bitcoin"): 1500000.0}),
        # Which day?
        ("id,price,time\nbitcoin,1,1.79E+12\n", {("09-10", "bitcoin"): 1.0}),
        ("id,price,date\nbitcoin,1,08/09/2026\n", REFUSED),
        ("id,price,date\nbitcoin,1,10/09/2026\n", {("09-10", "bitcoin"): 1.0}),
        ("id,price,date\nbitcoin,1,08/09/2026\nbitcoin,2,30/08/2026\n",
         {("09-08", "bitcoin"): 1.0, ("08-30", "bitcoin"): 2.0}),
        ("id,price,Date,Time\nbitcoin,1,2026-09-09,13:00\nbitcoin,2,2026-09-09,01:00 PM\n", REFUSED),
        ("id,price,Date,Time\nbitcoin,1,2026-09-09,13:00\nbitcoin,2,2026-09-09,02:00 PM\n", {("09-09", "bitcoin"): 2.0}),
        # Which shape?
        ("sep=;\nid;price\nbitcoin;5,5\n", {("09-10", "bitcoin"): 5.5}),
        ("My export\nGenerated 2026-09-10\n\nid;price\nbitcoin;5,5\n", {("09-10", "bitcoin"): 5.5}),
        ('id,"Price\n(USD)",cap\nbitcoin,5,1\n', {("09-10", "bitcoin"): 5.0}),
        ("Coin,Price\nid,USD\nbitcoin,5\n", {("09-10", "bitcoin"): 5.0}),
        ("id,price,market_cap,note\nbitcoin,5\nsolana,6,7\n", {("09-10", "bitcoin"): 5.0, ("09-10", "solana"): 6.0}),
        ("id,price,,\nbitcoin,5,,\n", {("09-10", "bitcoin"): 5.0}),
        ("id\tprice\nbitcoin\t5,5\n".encode("utf-16"), {("09-10", "bitcoin"): 5.5}),
        ("id\tprice\nbitcoin\t5,5\n".encode("utf-16-be"), {("09-10", "bitcoin"): 5.5}),
        ("id;price;name\nbitcoin;5,5;Société Générale\n".encode("cp1252"), {("09-10", "bitcoin"): 5.5}),
        ([[1789000000000, "0.1", "0.2"]], REFUSED),
    ],
)  # fmt: skip
def test_what_a_careful_person_would_expect(body: Any, expected: Found | str) -> None:
    assert prices(body) == expected


def test_candles_of_an_hour_are_no_day() -> None:
    text = (
        "coin,date,low,high,open,close,volume,volume_usd\n"
        "bitcoin,2026-09-10 00:00:00+00:00,62000,64200,64100,64150,160.17,10260000.5\n"
        "bitcoin,2026-09-10 01:00:00+00:00,63050,63300,63100,63200,44.5,2810000.5\n"
    )
    source = SourceObject("raw/hourly.csv", "etag", datetime(2026, 9, 20, tzinfo=UTC))
    cleaned = clean(io.BytesIO(text.encode()), source, currency="usd", on_reject=lambda row: None)
    [table] = cleaned.days.values()
    [row] = table.to_pylist()
    assert row["current_price"] == 63200.0
    assert row["high_24h"] is row["low_24h"] is row["total_volume"] is None
    assert {column for column, problems in cleaned.emptied.items() if problems["unknown_unit"]} == {
        "high_24h",
        "low_24h",
        "total_volume",
    }
    assert (cleaned.superseded, cleaned.differing) == (1, 1)


def test_columns_whose_names_collide_are_all_kept() -> None:
    rows = [
        {"id": "bitcoin", "price": 1, "Price (EUR)": 2, "price_eur": 3, "note": "a", "Note": "b", "usd": 4}
    ]
    source = SourceObject("raw/2026-09-10.json", "etag", datetime(2026, 9, 20, tzinfo=UTC))
    cleaned = clean(io.BytesIO(json.dumps(rows).encode()), source, currency="usd", on_reject=lambda row: None)
    [table] = cleaned.days.values()
    [row] = table.to_pylist()
    kept = {name: row[name] for name in ("price_eur", "price_eur_2", "note", "note_2", "usd")}
    assert kept == {"price_eur": "2", "price_eur_2": "3", "note": "a", "note_2": "b", "usd": "4"}
