"""What becomes of a dropped file: rows of one schema a day, and an account of all others."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.crypto_lake.on_arrival.cleaning import (
    CleanedFile,
    RejectedRow,
    SourceObject,
    UnusableFileError,
    clean,
)
from include.crypto_lake.on_arrival.columns import COLUMNS, MAX_NAME, SCHEMA
from include.crypto_lake.on_arrival.latest import latest_per_coin
from include.crypto_lake.on_arrival.reading import chunks
from include.crypto_lake.on_arrival.refusals import FILE_REASONS, REASONS
from laptop.aws.glue.crawlers import glue_type

DAY = date(2026, 2, 25)
DATED = "raw/crypto_prices_2026-02-25.json"
UNDATED = "raw/prices.json"
ARRIVED = datetime(2026, 2, 26, 3, 30, tzinfo=UTC)
NOON = datetime(2026, 2, 25, 12, tzinfo=UTC)


class Cleaned:
    """A file that was cleaned, with the rows that were refused on the way."""

    def __init__(self, content: Any, key: str = DATED, currency: str = "usd") -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.refused: list[RejectedRow] = []
        self.file: CleanedFile = clean(
            io.BytesIO(body),
            SourceObject(key, "etag", ARRIVED),
            currency=currency,
            on_reject=self.refused.append,
        )
        assert Counter(row.reason for row in self.refused) == self.file.rejected

    @property
    def table(self) -> pa.Table:
        [table] = self.file.days.values()
        return table

    @property
    def rows(self) -> list[dict[str, Any]]:
        return self.table.to_pylist()

    @property
    def row(self) -> dict[str, Any]:
        [row] = self.rows
        return row


def coin(**fields: Any) -> dict[str, Any]:
    return {"id": "bitcoin", "current_price": 64123.5, "last_updated": "2026-02-25T12:00:00Z"} | fields


def refusal(content: Any, key: str = DATED, currency: str = "usd") -> UnusableFileError:
    with pytest.raises(UnusableFileError) as caught:
        Cleaned(content, key, currency)
    assert caught.value.reason in FILE_REASONS
    assert str(caught.value).startswith(f"{key}: ")
    return caught.value


def csv_of(rows: Iterable[dict[str, Any]]) -> bytes:
    rows = list(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


# --- the schema ---


def test_a_row_of_coingecko_fills_every_column() -> None:
    given = {
        "id": "bitcoin", "symbol": "BTC", "name": " Bitcoin ", "image": "https://example.org/btc.png",
        "current_price": 64123.5, "market_cap": 1270000000000, "market_cap_rank": 1,
        "fully_diluted_valuation": 1340000000000, "total_volume": 30000000000, "high_24h": 65000,
        "low_24h": 63000.25, "price_change_24h": -12.5, "price_change_percentage_24h": -0.2,
        "market_cap_change_24h": -5, "market_cap_change_percentage_24h": -0.1,
        "circulating_supply": 19800000.0,
        "total_supply": 19800000.0, "max_supply": 21000000.0, "ath": 126080, "ath_change_percentage": -49.1,
        "ath_date": "2025-10-06T18:57:42.558Z", "atl": 67.81, "atl_change_percentage": 94456.7,
        "atl_date": "2013-07-06T00:00:00.000Z", "roi": {"times": 50.10, "currency": "btc"},
        "last_updated": "2026-02-25T11:59:59.123Z",
    }  # fmt: skip
    cleaned = Cleaned([given])
    assert cleaned.table.schema.names == [*SCHEMA.names, "roi"]
    assert cleaned.row == {
        **{name: given[name] for name in SCHEMA.names if name in given},
        "coin_id": "bitcoin",
        "symbol": "btc",
        "name": "Bitcoin",
        "ath_date": datetime(2025, 10, 6, 18, 57, 42, 558000, UTC),
        "atl_date": datetime(2013, 7, 6, tzinfo=UTC),
        "last_updated": datetime(2026, 2, 25, 11, 59, 59, 123000, UTC),
        "currency": "usd",
        "source": None,
        "price_date": DAY,
        "ingested_at": ARRIVED,
        "source_file": DATED,
        "source_row": 1,
        "roi": '{"times": 50.1, "currency": "btc"}',
    }
    assert list(cleaned.file.days) == [DAY]


def test_a_day_is_written_to_parquet_and_read_from_it_unchanged() -> None:
    table = Cleaned([coin(), coin(id="ethereum", extra="x")]).table
    stored = io.BytesIO()
    pq.write_table(table, stored)
    assert pq.read_table(stored).equals(table)


def test_the_catalog_knows_every_type() -> None:
    assert {glue_type(field.type) for field in SCHEMA} == {
        "string",
        "double",
        "int",
        "bigint",
        "date",
        "timestamp",
    }
    assert all(column.meaning and column.missing for column in COLUMNS)


@pytest.mark.parametrize(
    "header",
    [
        {"Coin": "id", "Price ($)": "price", "Market Cap": "cap", "24h Volume (USD)": "volume", "Date": "at"},
        {
            "slug": "id",
            "currentPrice": "price",
            "marketCap": "cap",
            "volume24h": "volume",
            "lastUpdated": "at",
        },
        {"ID": "id", "PRICE_USD": "price", "mcap": "cap", "Volume": "volume", "timestamp": "at"},
        {"coin_id": "id", "usd": "price", "usd_market_cap": "cap", "usd_24h_vol": "volume", "time": "at"},
        {"id": "id", "close": "price", "MarketCapUSD": "cap", "total_volume": "volume", "snapped_at": "at"},
    ],
)
def test_columns_are_known_by_many_names(header: dict[str, str]) -> None:
    values = {"id": "bitcoin", "price": "1.5", "cap": "200", "volume": "30", "at": "2026-02-25 12:00:00 UTC"}
    cleaned = Cleaned(csv_of([{name: values[what] for name, what in header.items()}]))
    row = cleaned.row
    assert (
        row["coin_id"],
        row["current_price"],
        row["market_cap"],
        row["total_volume"],
        row["last_updated"],
    ) == (
        "bitcoin",
        1.5,
        200.0,
        30.0,
        NOON,
    )
    assert cleaned.table.schema.names == SCHEMA.names


def test_of_two_columns_for_one_target_the_exact_name_wins_and_gaps_are_filled() -> None:
    rows = [
        coin(id="a", price=1, usd=2, current_price=3),
        coin(id="b", price=1, usd=2, current_price=None),
        coin(id="c", price="N/A", usd=2, current_price=None),
    ]
    assert [row["current_price"] for row in Cleaned(rows).rows] == [3.0, 1.0, 2.0]


def test_of_several_currencies_the_lakes_is_the_price() -> None:
    prices = {
        "bitcoin": {"usd": 64000, "eur": 59000.5, "eur_24h_change": -1.5, "last_updated_at": 1772020800}
    }
    euros = Cleaned(prices, currency="eur").row
    assert (euros["current_price"], euros["price_change_percentage_24h"], euros["currency"]) == (
        59000.5,
        -1.5,
        "eur",
    )
    assert euros["usd"] == "64000"
    assert Cleaned(prices).row["current_price"] == 64000.0
    assert refusal(prices, currency="gbp").reason == "other_currency"


def test_columns_that_nobody_knows_are_kept_as_text() -> None:
    row = Cleaned(
        [
            coin(
                **{
                    "Sentiment Score": 0.10,
                    "tags": ["a", {"b": 1}],
                    "7d %": "5%",
                    "year": 2026,
                    "source_row": 7,
                    "is_new": True,
                    "Börse": "x",
                    "价格": "y",
                    "": "z",
                }
            )
        ]
    ).row
    further = {name: value for name, value in row.items() if name not in SCHEMA.names}
    assert further == {
        "sentiment_score": "0.1",
        "tags": '["a", {"b": 1}]',
        "col_7d_percentage": "5%",
        "col_year": "2026",
        "col_source_row": "7",
        "is_new": "true",
        "borse": "x",
        "u4ef7_u683c": "y",
        "col_12": "z",
    }
    assert row["source_row"] == 1


def test_two_long_names_stay_two_columns() -> None:
    row = Cleaned([coin(**{"x" * 150 + "1": "a", "x" * 150 + "2": "b"})]).row
    names = [name for name in row if name.startswith("xx")]
    assert sorted(row[name] for name in names) == ["a", "b"]
    assert {len(name) for name in names} == {MAX_NAME}


def test_a_column_that_only_some_rows_have_is_null_in_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 1)
    rows = Cleaned([coin(id="a"), coin(id="b", note="x"), coin(id="c", never=None)]).rows
    assert [row["note"] for row in rows] == [None, "x", None]
    assert "never" not in rows[0]


# --- values ---


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1e-11", 1e-11),
        (" 0.1 ", 0.1),
        ("+3", 3.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("1,234.56", 1234.56),
        ("12,345,678", 12345678.0),
        ("$1,234.56", 1234.56),
        ("$ 7", 7.0),
        ("5$", 5.0),
        ("1 000", 1000.0),
        ("64'123.5", 64123.5),
        ("1.25K", 1250.0),
        ("12,34,567.5", 1234567.5),
        ("1E5", 1e5),
        (41000000000000000000000, 4.1e22),
        ("9007199254740993", 9007199254740993.0),
        (0.1 + 0.2, 0.1 + 0.2),
    ],
)
def test_a_price_is_exactly_what_was_written(text: Any, number: float) -> None:
    assert Cleaned([coin(current_price=text)]).row["current_price"] == number
    mixed = [coin(current_price=text), coin(id="x", current_price="?"), coin(id="y", current_price="$1")]
    assert {row["coin_id"]: row["current_price"] for row in Cleaned(mixed).rows} == {
        "bitcoin": number,
        "y": 1.0,
    }


@pytest.mark.parametrize(
    "text",
    [
        "1234,56", "1,23", "0,123", "1,2345", "1_000", "1 00", "€5", "5€", "12.5%", "0x10", "abc", "5 K USDT",
        "1e999", "--1", "Infinity", "inf", "1.2.3", ".", "+", "١٢", "1e", "1,234,56", "0", "-0.0", "-1",
        "1e-400", True, [1], {"a": 1}, math.inf, -math.inf,
    ],
)  # fmt: skip
def test_what_is_no_price_is_refused(text: Any) -> None:
    cleaned = Cleaned([coin(current_price=text), coin(id="ethereum")])
    assert cleaned.row["coin_id"] == "ethereum"
    [refused] = cleaned.refused
    assert refused.number == 1
    assert refused.reason in ("bad_price", "ambiguous_price", "other_currency")
    assert json.loads(refused.raw)["id"] == "bitcoin"


@pytest.mark.parametrize("text", [None, "", "  ", "N/A", "null", "None", "nan", "NaN", "-", "—", math.nan])
def test_what_says_that_there_is_no_value_is_missing(text: Any) -> None:
    cleaned = Cleaned(
        [coin(current_price=text), coin(id=text), coin(market_cap=text, ath_date=text, source=text)]
    )
    assert [row.reason for row in cleaned.refused] == ["no_price", "no_coin_id"]
    assert cleaned.row["market_cap"] is cleaned.row["ath_date"] is cleaned.row["source"] is None
    assert not cleaned.file.emptied


def test_a_coin_may_be_called_nan() -> None:
    row = Cleaned([coin(id="nantrade", symbol="NAN", name="None")]).row
    assert (row["symbol"], row["name"]) == ("nan", "None")


def test_a_value_that_cannot_be_used_becomes_null_and_is_counted() -> None:
    cleaned = Cleaned(
        [
            coin(id="a", market_cap="lots", market_cap_rank=1.5, ath_date="06/10/2025", high_24h=math.inf),
            coin(id="b", market_cap="1,50", market_cap_rank=3_000_000_000, last_updated="yesterday"),
            coin(id="c", market_cap_rank=0, total_volume=False, price_change_percentage_24h="12.5%"),
            coin(id="d", market_cap="refused, so not counted", current_price=0),
        ]
    )
    assert cleaned.file.emptied == {
        "market_cap": {"not_a_number": 1},
        "market_cap_rank": {"out_of_range": 3},
        "ath_date": {"ambiguous": 1},
        "high_24h": {"not_a_number": 1},
        "last_updated": {"not_a_time": 1},
        "total_volume": {"not_a_number": 1},
    }
    assert cleaned.file.values == {"read": 18, "kept": 7, "emptied": 8, "rejected": 3, "superseded": 0}
    first, second, third = cleaned.rows
    assert first["market_cap"] is first["market_cap_rank"] is first["ath_date"] is first["high_24h"] is None
    assert second["last_updated"] is None
    assert third["price_change_percentage_24h"] == 12.5


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-25T12:00:00Z",
        "2026-02-25t12:00:00z",
        "2026-02-25 12:00",
        "2026-02-25 12:00:00 UTC",
        "2026-02-25T12:00:00.000000000000",
        "2026-02-25T17:30:00+05:30",
        "2026-02-25T17:30:00+0530",
        "2026-02-25T07:00-05",
        1772020800,
        "1772020800.0",
        1.7720208e9,
        1772020800000,
        "1772020800000",
        1772020800000000,
        1772020800000000000,
        "1.7720208E+09",
        "02/25/2026 12:00",
        "25.02.2026 12:00:00",
        "2/25/26 12:00 PM",
        "Feb 25, 2026 12:00",
        "25 February 2026 12:00 UTC",
        "Wed, 25 Feb 2026 12:00:00 GMT",
        "Wed Feb 25 2026 14:00:00 GMT+0200 (Central European Time)",
        "20260225T120000Z",
        "2026/02/25 12:00",
    ],
)
def test_a_moment_may_be_written_in_many_ways(text: Any) -> None:
    assert Cleaned([coin(last_updated=text)]).row["last_updated"] == NOON
    assert list(Cleaned([coin(last_updated=text)], UNDATED).file.days) == [DAY]


def test_a_moment_keeps_its_microseconds() -> None:
    rows = [
        coin(id="a", last_updated="2026-02-25T12:00:00.123456789Z"),
        coin(id="b", last_updated=1772020800123),
    ]
    assert [row["last_updated"].microsecond for row in Cleaned(rows).rows] == [123456, 123000]


def test_a_date_alone_is_its_midnight() -> None:
    assert Cleaned([coin(last_updated="2026-02-25")]).row["last_updated"] == datetime(2026, 2, 25, tzinfo=UTC)


# What says nothing of any day, or names the day that the file's name has, too.
SAYS_NO_OTHER_DAY = [
    "2026-02-25T25:00:00Z", "12:00", "1.77E+09", "1.77202E+12", "now", True, "1970-01-01", 0, -1,
    "9999-12-31", "2026-02-25 13:00 PM", "2026-02-25T12:00:00+99:99", math.inf, "25.02.2026 12.30 Uhr",
    46078.5, "2026-02-25T12:00:00[Europe/Berlin]",
]  # fmt: skip
SAYS_ANOTHER_DAY = [
    "2026-02-30", "2026", "Feb 2026", "25 Febr", "2009-01-02T23:59:59Z", "2026-02-27T03:30:01Z", 1e15,
    17720208000000, "13/13/2026", {"at": 1}, "24. Dezember 2025", "Q1 2026", "2026-W09", "1.72E+12", 46077.5,
    "/Date(1771900000000)/", "2026-02-24 22:30:00 EST",
]  # fmt: skip


@pytest.mark.parametrize("text", [*SAYS_NO_OTHER_DAY, *SAYS_ANOTHER_DAY])
def test_without_a_day_in_the_name_a_moment_that_cannot_be_told_refuses_the_row(text: Any) -> None:
    cleaned = Cleaned([coin(last_updated=text), coin(id="ethereum")], UNDATED)
    assert [(row.number, row.reason) for row in cleaned.refused] == [(1, "no_date")]


@pytest.mark.parametrize("text", SAYS_NO_OTHER_DAY)
def test_a_moment_that_cannot_be_told_is_null_on_the_day_of_the_files_name(text: Any) -> None:
    cleaned = Cleaned([coin(last_updated=text)])
    assert cleaned.row["last_updated"] is None
    assert list(cleaned.file.days) == [DAY]
    assert sum(cleaned.file.emptied["last_updated"].values()) == 1


@pytest.mark.parametrize("text", SAYS_ANOTHER_DAY)
def test_a_moment_that_cannot_be_told_and_is_of_another_day_refuses_the_row(text: Any) -> None:
    cleaned = Cleaned([coin(last_updated=text), coin(id="ethereum")])
    assert [(row.number, row.reason) for row in cleaned.refused] == [(1, "no_date")]
    assert "the file's name 2026-02-25" in cleaned.refused[0].detail


# --- rows ---


def test_every_reason_to_refuse_a_row_is_met_and_reported_in_the_files_order() -> None:
    rows: list[Any] = [
        coin(),
        "no object",
        coin(id=" "),
        coin(current_price=None),
        coin(current_price=-1),
        coin(market_cap=-1),
        coin(currency="EUR"),
        coin(last_updated=None),
        coin(last_updated="01/02/2026"),
        coin(current_price="1,5"),
        coin(coin_id="ethereum"),
        coin(id="solana", current_price=1, last_updated="2026-02-25"),
        coin(id="solana", current_price=2, last_updated="2026-02-25"),
    ]
    undated = Cleaned(rows, UNDATED)
    assert [row.number for row in undated.refused] == list(range(2, 14))
    assert {row.reason for row in undated.refused} == set(REASONS)
    assert all(row.detail for row in undated.refused)
    assert json.loads(undated.refused[5].raw) == rows[6]
    assert (undated.file.rows, undated.file.kept, undated.file.superseded) == (13, 1, 0)


def test_a_nested_id_is_no_id() -> None:
    assert [row.reason for row in Cleaned([coin(), coin(id={"a": 1}), coin(id=[])]).refused] == [
        "no_coin_id"
    ] * 2


def test_the_latest_row_of_a_coin_wins_and_the_others_are_counted() -> None:
    cleaned = Cleaned(
        [
            coin(current_price=1, last_updated="2026-02-25T10:00:00Z"),
            coin(current_price=2, last_updated="2026-02-25T11:00:00Z"),
            coin(current_price=2, last_updated="2026-02-25T09:00:00Z"),
            coin(id="Ethereum ", current_price=4, last_updated=None),
            coin(id="ethereum", current_price=4, last_updated=None),
        ]
    )
    assert [(row["coin_id"], row["current_price"], row["source_row"]) for row in cleaned.rows] == [
        ("bitcoin", 2.0, 2),
        ("ethereum", 4.0, 5),
    ]
    assert (cleaned.file.rows, cleaned.file.kept, cleaned.file.superseded) == (5, 2, 3)
    assert cleaned.file.differing == 1, "only one of them had another price"


@pytest.mark.parametrize("at", [None, "2026-02-25", "2026-02-25T10:00:00Z"])
def test_rows_of_which_nobody_can_say_which_is_the_latest_are_refused(at: str | None) -> None:
    rows = [coin(current_price=price, last_updated=at) for price in (1, 2, 2)]
    cleaned = Cleaned([*rows, coin(id="ethereum")])
    assert [row["coin_id"] for row in cleaned.rows] == ["ethereum"]
    assert cleaned.file.rejected == {"no_order": 2}
    assert (cleaned.file.superseded, cleaned.file.differing) == (1, 0)
    early = coin(current_price=9, last_updated="2026-02-24T23:00:00Z")
    assert [
        row["coin_id"]
        for row in Cleaned([*rows, early, coin(id="ethereum")], UNDATED)
        .file.days.get(DAY, SCHEMA.empty_table())
        .to_pylist()
    ] == ["ethereum"]


def test_a_row_without_a_time_does_not_stand_beside_one_that_has_it() -> None:
    cleaned = Cleaned([coin(current_price=1), coin(current_price=2, last_updated=None)])
    assert cleaned.row["current_price"] == 1.0
    assert [(row.number, row.reason) for row in cleaned.refused] == [(2, "no_order")]


def test_the_latest_row_does_not_depend_on_where_a_chunk_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        coin(id=f"coin-{number % 7}", current_price=number + 1, last_updated=1772020800 + number * 37 % 50)
        for number in range(100)
    ]
    whole = Cleaned(rows)
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 3)
    pieces = Cleaned(rows)
    assert pieces.table.equals(whole.table)
    assert pieces.file.superseded == whole.file.superseded == 93


def test_across_files_the_later_time_then_the_key_then_the_row_decide() -> None:
    def row(price: float, updated: datetime | None, **more: Any) -> dict[str, Any]:
        base = {
            "coin_id": "a",
            "price_date": DAY,
            "ingested_at": ARRIVED,
            "source_file": "raw/a",
            "source_row": 1,
        }
        return base | {"current_price": price, "last_updated": updated} | more

    much_later = ARRIVED + timedelta(days=9)
    order = [  # from the first to give way to the last
        row(1, None, ingested_at=much_later),  # when a file arrived does not matter
        row(2, None, source_row=2),
        row(3, None, source_file="raw/b"),
        row(4, NOON, source_row=9),
        row(5, NOON, source_file="raw/b"),
        row(6, NOON + timedelta(microseconds=1)),
    ]
    other = row(8, None, coin_id="b")
    for number in range(1, len(order) + 1):
        table = pa.Table.from_pylist([other, *reversed(order[:number])], schema=SCHEMA)
        assert latest_per_coin(table).column("current_price").to_pylist() == [number, 8.0]
    assert latest_per_coin(SCHEMA.empty_table()).num_rows == 0


def test_an_envelope_speaks_for_rows_that_do_not_speak_for_themselves() -> None:
    envelope = {
        "data": [
            coin(id="a", last_updated=None),
            coin(id="b", source="row"),
            coin(id="c", vs_currency="usd"),
        ],
        "source": "desk \ud800",
        "ingestion_timestamp": "2026-02-25T13:00:00Z",
    }
    first, second, _ = Cleaned(envelope).rows
    assert (first["source"], first["last_updated"]) == ("desk �", NOON + timedelta(hours=1))
    assert (second["source"], second["last_updated"]) == ("row", NOON)
    cleaned = Cleaned(envelope | {"currency": "EUR"})
    assert [row["coin_id"] for row in cleaned.rows] == ["c"]
    assert cleaned.file.rejected == {"other_currency": 2}


# --- days ---


@pytest.mark.parametrize(
    "name",
    [
        "crypto_prices_2026-02-25.json",
        "2026_02_25.csv.gz",
        "20260225.json",
        "prices-20260225T120000Z.json",
        "2026/02/25/prices",
        "dt=2026-02-25/hour=03/x",
        "year=2026/month=2/day=25/part-0001.json",
        "year=2026/month=02/day=25/prices_2026-02-25.json",
        "12345678_99999999_2026-02-25.json",
    ],
)
def test_the_day_comes_from_the_files_name(name: str) -> None:
    assert list(Cleaned([coin(last_updated=None)], f"raw/{name}").file.days) == [DAY]


@pytest.mark.parametrize(
    "name",
    [
        "prices.json",
        "2026-02-25_2026-02-26.json",
        "1772020800.json",
        "20261399.json",
        "1234/56/78",
        "120260225",
        "25-02-2026",
    ],
)
def test_without_one_day_in_the_name_each_row_has_its_own(name: str) -> None:
    rows = [
        coin(last_updated="2026-02-24T23:59:59.999999Z"),
        coin(last_updated="2026-02-25T00:00:00Z"),
        coin(last_updated="2026-02-25T00:30:00+05:00"),
        coin(id="ethereum", last_updated="2026-02-24T12:00:00Z"),
    ]
    cleaned = Cleaned(rows, f"raw/{name}")
    assert {day: table.column("source_row").to_pylist() for day, table in cleaned.file.days.items()} == {
        date(2026, 2, 24): [1, 4],
        DAY: [2],
    }
    assert all(
        set(table.column("price_date").to_pylist()) == {day} for day, table in cleaned.file.days.items()
    )
    assert cleaned.file.superseded == 1


@pytest.mark.parametrize(
    "name", ["2026-02-30", "2026_13_01", "2009-01-02", "2026-02-28", "20260301", "2099-01-01"]
)
def test_a_date_that_cannot_be_the_files_is_mis_dated(name: str) -> None:
    assert refusal([coin()], f"raw/{name}.json").reason == "mis_dated"


@pytest.mark.parametrize(
    "at", ["2026-02-24", "2026-02-26", "2026-02-20T12:00:00Z", "2026-02-26T02:00:00Z", "2026-02-24T22:59:59Z"]
)
def test_a_row_goes_to_its_own_day_whatever_the_files_name_says(at: str) -> None:
    cleaned = Cleaned([coin(last_updated=at), coin(id="ethereum"), coin(id="solana", last_updated=None)])
    days = {day.isoformat(): table["coin_id"].to_pylist() for day, table in cleaned.file.days.items()}
    assert days == {at[:10]: ["bitcoin"], "2026-02-25": ["ethereum", "solana"]}
    assert cleaned.file.moved == 1


def test_a_snapshot_taken_around_midnight_stays_in_one_day() -> None:
    around = [
        coin(last_updated="2026-02-24T23:59:25Z"),
        coin(id="ethereum", last_updated="2026-02-25T00:02:22Z"),
        coin(id="solana", last_updated="2026-02-26T00:00:30Z"),
    ]
    cleaned = Cleaned(around)
    assert set(cleaned.table["coin_id"].to_pylist()) == {"bitcoin", "ethereum", "solana"}
    assert cleaned.file.moved == 0
    # Not if the coin has a row of the day, nor if no row bears the name out.
    history = Cleaned([*around, coin(last_updated="2026-02-25T01:00:00Z")])
    assert history.file.days[date(2026, 2, 24)]["coin_id"].to_pylist() == ["bitcoin"]
    assert list(Cleaned(around[:1]).file.days) == [date(2026, 2, 24)]


def test_a_history_under_an_exports_date_becomes_its_days() -> None:
    rows = [coin(current_price=day, last_updated=f"2026-02-{day}") for day in range(19, 26)]
    cleaned = Cleaned(rows)
    prices = {day.day: table["current_price"].to_pylist() for day, table in cleaned.file.days.items()}
    assert prices == {day: [float(day)] for day in range(19, 26)}
    assert (cleaned.file.moved, cleaned.file.kept) == (6, 7)


# --- whole files ---


def test_a_file_without_any_date_is_undated() -> None:
    error = refusal([coin(last_updated=None), coin(last_updated="yesterday"), "x"], UNDATED)
    assert error.reason == "undated"
    assert error.rejected == {"no_date": 2, "malformed_row": 1}


def test_a_file_of_which_every_row_is_refused_says_why() -> None:
    error = refusal([coin(current_price=0), coin(current_price=None), coin(current_price=0)])
    assert error.reason == "no_usable_row"
    assert error.rejected == {"bad_price": 2, "no_price": 1}
    assert "2 bad_price, 1 no_price" in str(error)
    assert REASONS["bad_price"] in str(error)
    assert '"bitcoin"' in error.sample


@pytest.mark.parametrize(
    ("content", "wanted", "found"),
    [
        ([{"symbol": "btc", "price": 1}], "coin_id", "symbol, price"),
        ([{"id": "bitcoin", "worth": 1}], "current_price", "id, worth"),
        (b"Ticker;Kurs\nbtc;1\n", "coin_id", "ticker, kurs"),
        (b"bitcoin,64000\n", "coin_id", "bitcoin, 64000"),
        ({"prices": [[1, 2]]}, "coin_id", "timestamp, price"),
        (b"just some text", "coin_id", "just_some_text"),
        (b"null", "coin_id", "null"),
    ],
)
def test_a_file_without_ids_or_prices_says_what_it_has_and_what_it_lacks(
    content: Any, wanted: str, found: str
) -> None:
    error = refusal(content)
    assert error.reason == "wrong_shape"
    assert f"no column {wanted}, only {found}: " in str(error)


def test_the_columns_may_come_late() -> None:
    assert Cleaned([{"note": "x"}, coin()]).file.rejected == {"no_coin_id": 1}


def test_what_cannot_be_read_is_refused_with_the_files_name() -> None:
    assert refusal(b"").reason == "empty"
    assert refusal(b"<html>").reason == "unreadable"
    broken = refusal(json.dumps([coin(current_price=0)] * 3).encode()[:-1])
    assert broken.reason == "unreadable"


# --- real files ---

CAPTURES = os.environ.get("COINGECKO_CAPTURES")


@pytest.mark.captures
@pytest.mark.skipif(
    not CAPTURES,
    reason="real CoinGecko captures are not part of the repository; COINGECKO_CAPTURES names them",
)
def test_every_real_capture_is_cleaned_or_refused_with_the_apis_message() -> None:
    assert CAPTURES
    files = sorted(Path(CAPTURES).rglob("*.json"))
    assert files
    for file in files:
        source = SourceObject(f"raw/{file.name}", "etag", datetime(2026, 11, 22, tzinfo=UTC))
        content = json.loads(file.read_bytes())
        refused: list[RejectedRow] = []
        with file.open("rb") as body:
            if isinstance(content, list):
                cleaned = clean(body, source, currency="usd", on_reject=refused.append)
                # A coin that has not been traded for days, or a stale answer, keeps its own day.
                day, table = max(cleaned.days.items(), key=lambda item: item[1].num_rows)
                assert day.isoformat() == (file.name[:10] if file.name[:10] != "2023-03-28" else "2023-03-27")
                table = pa.concat_tables(cleaned.days.values(), promote_options="default")
                assert refused == []
                assert not cleaned.emptied
                assert cleaned.kept + cleaned.superseded == len(content)
                given = {coin["id"]: coin for coin in content}
                assert set(table.column("coin_id").to_pylist()) == set(given)
                for row in table.select(["coin_id", "current_price", "market_cap", "ath"]).to_pylist():
                    expected = given[row["coin_id"]]
                    assert row["current_price"] == float(expected["current_price"])
                    assert row["market_cap"] == float(expected["market_cap"])
                    assert row["ath"] == float(expected["ath"])
            else:
                with pytest.raises(UnusableFileError) as caught:
                    clean(body, source, currency="usd", on_reject=refused.append)
                message = content.get("status", content.get("error"))
                while isinstance(message, dict):
                    message = message.get("error_message") or message["status"]
                assert caught.value.reason == "wrong_shape"
                assert message.strip(" .") in str(caught.value)
