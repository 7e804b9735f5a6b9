"""bronze_to_silver on made-up pages: every rule, read back from the Parquet that the job wrote."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.crypto_lake.resources import load_resources
from include.glue_scripts import bronze_to_silver, silver_rules, silver_to_gold
from include.glue_scripts.bronze_to_silver import Balance, run
from include.glue_scripts.silver_rules import FIELDS, SILVER_COLUMNS
from laptop.aws.glue.crawlers import glue_type
from laptop.lake.deployment import VALUES

from .conftest import Lake

DAY = date(2026, 1, 31)
HOUR_AGO = "2026-01-31T01:00:03.000Z"


# What a good row becomes


@pytest.fixture(scope="module")
def good_day(spark, shared_lake, coin):
    """One page, spread over lines as CoinGecko's captures sometimes are, of four good coins."""
    page = [
        coin(
            "bitcoin",
            roi={"times": 71.5, "currency": "usd", "percentage": 7148.59},
            current_price=84055,
            market_cap=41240442863936872644608,
        ),
        coin(
            "tiny", current_price=1.234e-11, market_cap="350000.5", total_volume=" 7000 ", market_cap_rank=7.0
        ),
        coin("newer", sparkline={"price": [1.5, 2, "x"]}, tags=None, roi={"times": 2, "since": "2020"}),
        {"id": "bare", "current_price": 3},
    ]
    shared_lake.ingest(json.dumps(page, indent=2))
    [balance] = run(spark, str(shared_lake), [DAY])
    return balance, shared_lake


def test_silver_has_the_declared_columns_in_order_and_no_dt(good_day):
    _, lake = good_day
    (file,) = lake.files("silver/coins_market")
    schema = pq.read_schema(file)
    assert tuple(schema.names) == SILVER_COLUMNS
    arrow = {"string": pa.string(), "double": pa.float64(), "int": pa.int32()}
    for column, _, type_, _ in FIELDS:
        assert schema.field(column).type == arrow.get(type_, pa.timestamp("us", tz="UTC")), column
    assert schema.field("ingestion_timestamp").type == pa.timestamp("us", tz="UTC")
    assert schema.field("quality_flags").type.value_type == pa.string()
    assert schema.field("extra").type == pa.string()


def test_timestamps_are_stored_as_int64_and_files_are_snappy(good_day):
    _, lake = good_day
    (file,) = lake.files("silver/coins_market")
    metadata = pq.ParquetFile(file).metadata
    columns = {metadata.schema.column(i).path: i for i in range(metadata.num_columns)}
    assert metadata.schema.column(columns["last_updated"]).physical_type == "INT64"
    assert metadata.row_group(0).column(columns["last_updated"]).compression == "SNAPPY"


def test_values_arrive_exactly(good_day):
    bitcoin = good_day[1].silver()["bitcoin"]
    assert bitcoin["current_price"] == 84055.0
    assert bitcoin["market_cap"] == 4.1240442863936872644608e22
    assert bitcoin["market_cap_rank"] == 1
    assert bitcoin["max_supply"] is None
    assert bitcoin["atl"] == 1e-11
    assert (bitcoin["roi_times"], bitcoin["roi_currency"], bitcoin["roi_percentage"]) == (
        71.5,
        "usd",
        7148.59,
    )
    assert bitcoin["ath_date"] == datetime(2025, 10, 6, 18, 57, 42, 558000, tzinfo=UTC)
    assert bitcoin["ingestion_timestamp"] == datetime(2026, 1, 31, 2, 0, 3, tzinfo=UTC)
    assert bitcoin["source"] == "coingecko"


def test_numbers_as_text_are_accepted(good_day):
    tiny = good_day[1].silver()["tiny"]
    assert (tiny["market_cap"], tiny["total_volume"], tiny["market_cap_rank"]) == (350000.5, 7000.0, 7)
    assert tiny["current_price"] == 1.234e-11
    assert tiny["quality_flags"] == []


def test_everything_but_id_and_price_may_be_missing(good_day):
    bare = good_day[1].silver()["bare"]
    assert {column for column in SILVER_COLUMNS if bare[column] is not None} == {
        "coin_id",
        "current_price",
        "ingestion_timestamp",
        "source",
        "quality_flags",
        "currency",
    }
    assert bare["quality_flags"] == ["unranked"]


def test_fields_outside_the_schema_are_kept_and_reported(good_day):
    balance, lake = good_day
    silver = lake.silver()
    assert json.loads(silver["newer"]["extra"]) == {
        "sparkline": {"price": [1.5, 2, "x"]},
        "tags": None,
        "roi.since": "2020",
    }
    assert silver["bitcoin"]["extra"] is None
    assert balance.extra_fields == {"sparkline": 1, "tags": 1, "roi.since": 1}
    assert "field not in the schema, kept in extra: sparkline: 1 rows" in str(balance)


def test_a_day_without_refused_rows_has_no_quarantine(good_day):
    assert good_day[1].files("quarantine/coins_market") == []


def test_a_row_is_read_the_same_whatever_stands_beside_it(spark, tmp_path_factory, coin):
    rows = [
        coin("usual"),
        coin("nulls", market_cap=None, symbol=None, ath_date=None, market_cap_rank=None),
        coin("roi", roi={"times": 2, "currency": "usd", "percentage": 7}),
        coin("roi-text", roi="none"),
        coin("unknown-field", sparkline=[1]),
        coin("date-text", ath_date="soon"),
        coin("date-time", last_updated="12:30"),
        coin("date-number", atl_date=2026),
        coin("date-spaced", ath_date=" 2025-10-06 "),
        coin("rank-whole", market_cap_rank=7.0),
        coin("rank-huge", market_cap_rank=2**40),
        coin("number-text", total_volume=" 7000 "),
        coin("number-other-text", total_volume="many"),
        coin("name-number", name=5),
        coin("name-object", name={"b": 1, "a": {"c": 2}}),
        coin("price-tiny", current_price=1.234e-11),
        coin("price-infinite-text", current_price="Infinity"),
        coin("price-null", current_price=None),
        coin("cap-negative", market_cap=-1),
        coin("minus-zero", price_change_24h=-0.0),
        {"id": "bare", "current_price": 3},
        {"id": "nothing"},
        {},
        coin({"a": 1}),
    ]
    bodies = [json.dumps(row) for row in rows]
    bodies.append(json.dumps(coin("cap-huge")).replace("2030000", "1e999"))
    bodies.append('{"id": "twice", "current_price": 1, "current_price": 2, "id": "twice-2"}')
    bodies.append(r'{"id": {"\ud83d\ude00": 1, "\uffff": 2, "a": 1, "a": 2}, "current_price": 1}')
    read = []
    for price in ("1", '"1"'):  # a text where a number is declared
        lake = Lake(tmp_path_factory.mktemp("lake"))
        for number, body in enumerate(bodies, 1):
            beside = f'{{"id": "beside-{number}", "current_price": {price}}}'
            lake.ingest(f"[{body}, {beside}]", number=number)
        [balance] = run(spark, str(lake), [DAY])
        read.append((balance, lake.rows("silver/coins_market"), lake.quarantine()))
    assert read[0] == read[1]
    balance, silver, _ = read[0]
    assert balance.silver == len(silver) > len(bodies)
    flagged = {row["coin_id"] for row in silver if "malformed_field" in row["quality_flags"]}
    assert flagged == {
        "roi-text",
        "date-text",
        "date-time",
        "date-number",
        "rank-huge",
        "number-other-text",
        "name-number",
        "name-object",
        "cap-huge",
    }
    assert str({row["coin_id"]: row for row in silver}["minus-zero"]["price_change_24h"]) == "0.0"
    assert {row["coin_id"]: row["current_price"] for row in silver}["twice-2"] == 2


# What is refused


@pytest.fixture(scope="module")
def bad_day(spark, tmp_path_factory, coin, request):
    """Every hard rule broken once, next to one good coin, and pages that are no arrays."""
    lake = request.getfixturevalue("lake_of_bad_rows")
    rows = [
        coin("good"),
        coin(id=None),
        coin(id="  "),
        coin(id=5),
        {"symbol": "noid", "current_price": 1},
        coin("price-missing", current_price=None),
        coin("price-zero", current_price=0),
        coin("price-negative", current_price=-0.5),
        coin("price-text", current_price="n/a"),
        coin("price-suffixed", current_price="1f"),
        coin("price-true", current_price=True),
        coin("price-list", current_price=[1]),
        coin("cap-negative", market_cap=-1),
        coin("two-reasons", current_price=0, market_cap=-1),
        5,
        "text",
        json.dumps(coin("in-a-string")),
        None,
        [coin("in-a-list")],
        True,
    ]
    huge = json.dumps(coin("price-huge")).replace("101.5", "1e999")
    key = lake.ingest(json.dumps(rows)[:-1] + "," + huge + "]")
    bodies = {
        "truncated": '[{"id": "a", "current_price": 1}, {"id": ',
        "object": '{"status": {"error_code": 429}}',
        "html": "<html>busy</html>",
        "two arrays": '[{"id": "a", "current_price": 1}] [{"id": "b", "current_price": 1}]',
        "two arrays, comma": '[{"id": "a", "current_price": 1}], [{"id": "b", "current_price": 1}]',
        "brackets closed early": '[{"id": "a", "current_price": 1}]] , [{"id": "b", "current_price": 1}',
        "brackets closed early, and more": '[{"id": "a", "current_price": 1}]], [[{"id": "b"}]',
        "braces closed early": '[{"id": "a", "current_price": 1}]}, {"page": [{"id": "b"}]',
        "a member behind": '[{"id": "a", "current_price": 1}], "page": [{"id": "b", "current_price": 1}]',
        "not a number": '[{"id": "a", "current_price": NaN}]',
        "no UTF-8": b'[{"id": "\xf6zel", "current_price": 1}]',
        "blank": " \n",
        "null": "null",
    }
    pages = {what: lake.ingest(body, number=n) for n, (what, body) in enumerate(bodies.items(), 2)}
    lake.ingest([], number=99)
    [balance] = run(spark, str(lake), [DAY])
    return balance, lake, key, {pages[what]: text_of(body) for what, body in bodies.items()}, rows


def text_of(body: str | bytes) -> str:
    return body if isinstance(body, str) else body.decode(errors="replace")


@pytest.fixture(scope="module")
def lake_of_bad_rows(shared_lake):
    """A second lake of this file."""
    return Lake(shared_lake.folder / "bad")


def refusals(bad_day) -> dict[int, dict]:
    _, lake, key, *_ = bad_day
    return {row["row_number"]: row for row in lake.quarantine() if row["bronze_key"] == key}


def test_each_broken_rule_is_named(bad_day):
    reasons = {number: row["reasons"] for number, row in refusals(bad_day).items()}
    assert reasons == {
        2: ["no_id"],
        3: ["no_id"],
        4: ["no_id"],
        5: ["no_id"],
        6: ["no_price"],
        7: ["price_not_positive"],
        8: ["price_not_positive"],
        9: ["price_not_a_number"],
        10: ["price_not_a_number"],
        11: ["price_not_a_number"],
        12: ["price_not_a_number"],
        13: ["negative_market_cap"],
        14: ["negative_market_cap", "price_not_positive"],
        **{number: ["not_an_object"] for number in range(15, 21)},
        21: ["price_not_finite"],
    }


def test_the_good_row_beside_them_is_kept(bad_day):
    assert list(bad_day[1].silver()) == ["good"]


def test_a_refused_row_keeps_what_was_received(bad_day):
    _, _, _, _, rows = bad_day
    for number, refused in refusals(bad_day).items():
        if number <= len(rows) and not isinstance(rows[number - 1], str):
            assert json.loads(refused["raw"]) == rows[number - 1]
        assert refused["source"] == "coingecko"
        assert refused["ingestion_timestamp"] == datetime(2026, 1, 31, 2, 0, 3, tzinfo=UTC)
    assert refusals(bad_day)[16]["raw"] == "text"


def test_a_page_that_is_no_array_is_one_refused_row_with_its_whole_text(bad_day):
    _, lake, key, pages, _ = bad_day
    refused = [row for row in lake.quarantine() if row["bronze_key"] != key]
    assert {row["bronze_key"]: row["raw"] for row in refused} == pages
    assert all(row["reasons"] == ["unparseable_page"] for row in refused)
    assert all(row["row_number"] is None for row in refused)


def test_the_balance_of_bad_rows_and_pages_holds(bad_day):
    balance, lake, _, pages, rows = bad_day
    assert balance.bronze == len(rows) + 1 + len(pages)
    assert (balance.silver, balance.quarantined, balance.duplicates) == (1, len(lake.quarantine()), 0)
    assert balance.holds
    assert balance.reasons["not_an_object"] == 6


# Duplicates, sources


def test_the_latest_ingestion_of_a_coin_wins_and_then_the_newest_price(spark, lake, coin):
    newer, older = "2026-01-31T01:30:00Z", "2026-01-31T01:10:00Z"
    lake.ingest(
        [coin("a", current_price=1, last_updated=newer), coin("only-early", current_price=9)], at="020000"
    )
    lake.ingest(
        [
            coin("a", current_price=2, last_updated=older),
            coin("b", current_price=3, last_updated=older),
            coin("c", current_price=5, last_updated=None),
            coin("d", current_price=7),
        ],
        at="030000",
    )
    lake.ingest(
        [
            coin("b", current_price=4, last_updated=newer),
            coin("c", current_price=6, last_updated=older),
            coin("d", current_price=8),
            coin("a", current_price=0, last_updated=newer),
        ],
        at="030000",
        number=2,
    )
    [balance] = run(spark, str(lake), [DAY])
    prices = {name: row["current_price"] for name, row in lake.silver().items()}
    assert prices == {"a": 2, "b": 4, "c": 6, "d": 7, "only-early": 9}
    assert (balance.bronze, balance.silver, balance.quarantined, balance.duplicates) == (10, 5, 1, 4)


def test_a_day_comes_from_the_source_of_its_latest_ingestion(spark, lake, coin):
    lake.ingest([coin("a", current_price=1), coin("made-up")], at="010000", source="synthetic")
    lake.ingest([coin("a", current_price=2)], at="020000")
    [balance] = run(spark, str(lake), [DAY])
    assert {name: (row["source"], row["current_price"]) for name, row in lake.silver().items()} == {
        "a": ("coingecko", 2.0)
    }
    assert [(row["coin_id"], row["reasons"], row["source"]) for row in lake.quarantine()] == [
        ("a", ["superseded_source"], "synthetic"),
        ("made-up", ["superseded_source"], "synthetic"),
    ]
    assert balance.reasons == {"superseded_source": 2}


def test_half_an_ingestion_is_refused_and_does_not_count_against_the_day(spark, lake, coin):
    lake.ingest([coin("a", current_price=1), coin("b")], at="020000")
    lake.ingest([coin("c")], at="020000", number=2)
    half = lake.ingest([coin("a", current_price=2)], at="030000", source="synthetic", number=2)
    [balance] = run(spark, str(lake), [DAY])
    assert {name: row["current_price"] for name, row in lake.silver().items()} == {
        "a": 1,
        "b": 101.5,
        "c": 101.5,
    }
    assert [(row["reasons"], row["bronze_key"]) for row in lake.quarantine()] == [
        (["incomplete_ingestion", "superseded_source"], half)
    ]
    assert balance.holds
    silver_to_gold.run(spark, str(lake), [DAY])
    assert lake.summary()["quarantined"] == 0


def test_a_day_of_half_an_ingestion_alone_is_no_day(spark, lake, coin):
    lake.ingest([coin("a")], number=2)
    lake.ingest([coin("b")], number=3)
    with pytest.raises(ValueError, match=r"all 2 rows of .* were refused \(incomplete_ingestion\)"):
        run(spark, str(lake), [DAY])
    assert lake.silver() == {}
    assert len(lake.quarantine()) == 2


# Flags


def test_flags_start_where_the_thresholds_say(spark, lake, coin):
    """Each threshold from both sides, and what is missing; the whole day's volume is 10 million."""
    good = [
        coin("day-old", last_updated="2026-01-30T02:00:03.000Z"),
        coin("undated", last_updated=None),
        coin("rose-808-percent", price_change_percentage_24h=808.0),
        coin("rose-hundredfold", price_change_percentage_24h=10_000),
        coin("fell-to-nothing", price_change_percentage_24h=-100),
        coin("thin", market_cap=1e8, total_volume=1.01),
        coin("without-volume", market_cap=1e9, total_volume=None),
        coin("worthless", market_cap=0, total_volume=0),
        coin("without-cap", market_cap=None, total_volume=0),
        coin("largest", market_cap=0.999e10),
        coin("outside-its-day", current_price=500),
        coin(
            "listed-today",
            high_24h=None,
            low_24h=None,
            price_change_24h=None,
            price_change_percentage_24h=None,
            market_cap_change_24h=None,
            market_cap_change_percentage_24h=None,
        ),
        # Hardly traded and rightly priced, as CoinGecko serves them.
        coin("wrapped", market_cap=1_012_154_404, total_volume=73.01),
        coin("staked", market_cap=1_019_920_535, total_volume=177.15),
        coin("stablecoin", market_cap=2_000_000_000, total_volume=120.0, price_change_percentage_24h=0.0),
    ]
    flagged = [
        ("stale", coin("stale", last_updated="2026-01-30T02:00:02.999Z")),
        ("implausible_change", coin("rose-too-far", price_change_percentage_24h=10_000.1)),
        ("implausible_change", coin("fell-too-far", price_change_percentage_24h=-100.1)),
        ("illiquid", coin("illiquid", market_cap=1e8, total_volume=0.99)),
        ("illiquid", coin("fund", market_cap=1e6, total_volume=0)),
        ("implausible_market_cap", coin("too-large", market_cap=1.001e10)),
        ("illiquid, implausible_market_cap", coin("huge", market_cap=4.1e22)),
        ("unranked", coin("unranked", market_cap_rank=None)),
        ("malformed_field", coin("malformed-supply", total_supply="many")),
        ("malformed_field", coin("malformed-name", name={"en": "x"})),
        ("malformed_field", coin("malformed-roi", roi=7)),
        ("malformed_field", coin("malformed-time", last_updated="12:30")),
        ("malformed_field", coin("malformed-cap", market_cap="NaN")),
        ("malformed_field, unranked", coin("malformed-rank", market_cap_rank=1.5)),
        (
            "malformed_field, stale, unranked",
            coin("several", market_cap_rank=None, ath=[], last_updated="2020-01-01T00:00:00Z"),
        ),
    ]
    rows = [*good, *(row for _, row in flagged)]
    rest = 1e7 - sum(row["total_volume"] or 0 for row in rows)
    lake.ingest([*rows, coin("most-traded", total_volume=rest)])
    [balance] = run(spark, str(lake), [DAY])
    silver = lake.silver()
    found = {name: row["quality_flags"] for name, row in silver.items() if row["quality_flags"]}
    assert found == {row["id"]: flags.split(", ") for flags, row in flagged}
    assert silver["malformed-supply"]["total_supply"] is None
    assert silver["malformed-time"]["last_updated"] is None
    assert balance.flags["malformed_field"] == 7


def test_a_date_that_cannot_be_is_null_and_flagged(spark, lake, coin):
    """From 1970 to the day after the ingestion, whenever the job runs."""
    dates = {
        "epoch": ("1970-01-01T00:00:00Z", True),
        "before the epoch": ("1969-12-31T23:59:59.999Z", False),
        "zero of Go": ("0001-01-01T00:00:00Z", False),
        "year 0": ("0000-01-01T00:00:00Z", False),
        "tomorrow": ("2026-02-01T23:59:59.999Z", True),
        "tomorrow elsewhere": ("2026-02-02T00:59:59+01:00", True),
        "the day after": ("2026-02-02T00:00:00Z", False),
        "far": ("9999-12-31T23:59:59Z", False),
    }
    fields = ("ath_date", "atl_date", "last_updated")
    lake.ingest(
        [coin(f"{field} {what}", **{field: text}) for field in fields for what, (text, _) in dates.items()],
        at="235959",
    )
    [balance] = run(spark, str(lake), [DAY])
    silver = lake.silver()
    for field in fields:
        for what, (text, is_kept) in dates.items():
            row = silver[f"{field} {what}"]
            kept = datetime.fromisoformat(text) if is_kept else None
            assert row[field] == kept, (field, what)
            assert ("implausible_date" in row["quality_flags"]) != is_kept, (field, what)
            assert "malformed_field" not in row["quality_flags"]
    assert balance.flags["implausible_date"] == 3 * 5


# Reruns


def test_a_rerun_with_nothing_to_refuse_empties_the_quarantine_and_no_other_day_changes(spark, bad_day, coin):
    lake, tomorrow = bad_day[1], date(2026, 2, 1)
    tables = ("silver/coins_market", "quarantine/coins_market")
    other_day = {file: file.stat().st_mtime_ns for table in tables for file in lake.files(table, DAY)}
    assert len(other_day) == 2
    page = lake.ingest([coin("bad", current_price=None), coin("good")], day=tomorrow)
    run(spark, str(lake), [tomorrow])
    assert len(lake.quarantine(tomorrow)) == 1
    (lake.folder / page).write_text(json.dumps([coin("good")]))
    run(spark, str(lake), [tomorrow])
    assert lake.quarantine(tomorrow) == []
    assert list(lake.silver(tomorrow)) == ["good"]
    assert {file: file.stat().st_mtime_ns for table in tables for file in lake.files(table, DAY)} == other_day


def test_a_rerun_gives_the_same_rows_in_one_file(spark, good_day):
    _, lake = good_day
    first = lake.rows("silver/coins_market")
    run(spark, str(lake), [DAY])
    assert lake.rows("silver/coins_market") == first
    assert len(lake.files("silver/coins_market")) == 1


# What fails, and how


def test_a_day_without_bronze_says_what_to_run(spark, lake):
    message = (
        r"^bronze/coins_market/dt=2026-01-31/ is empty: run fetch_markets for that date first; "
        r"if it is over, crypto_market_backfill$"
    )
    with pytest.raises(FileNotFoundError, match=message):
        run(spark, str(lake), [DAY])
    (lake.folder / "bronze/coins_market/dt=2026-01-31").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match=message):
        run(spark, str(lake), [DAY])


def test_when_every_row_is_refused_silver_is_left_as_it_was(spark, good_day, lake, coin):
    shutil.copytree(good_day[1].folder / "silver", lake.folder / "silver")
    before = lake.rows("silver/coins_market")
    lake.ingest([coin("good", current_price=None)])
    with pytest.raises(ValueError, match=r"all 1 rows of bronze/.* were refused \(no_price\).*fetch_markets"):
        run(spark, str(lake), [DAY])
    assert lake.rows("silver/coins_market") == before
    assert [row["reasons"] for row in lake.quarantine()] == [["no_price"]]


def test_an_empty_file_is_named(spark, lake, coin):
    lake.ingest([coin()])
    key = lake.ingest("", number=2)
    with pytest.raises(ValueError, match=f"^{key} is an empty file"):
        run(spark, str(lake), [DAY])
    assert lake.files("silver/coins_market") == []


def test_only_empty_pages_are_no_day(spark, lake):
    lake.ingest([])
    with pytest.raises(ValueError, match="holds no rows, only empty pages: run fetch_markets"):
        run(spark, str(lake), [DAY])


@pytest.mark.parametrize(
    "key",
    [
        "notes.json",
        "currency=usd/ingested_at=20261399T000000Z/source=coingecko/page-0001.json",
        "currency=US-dollars/ingested_at=20260131T020003Z/source=coingecko/page-0001.json",
    ],
)
def test_an_object_that_is_no_page_is_named(spark, lake, coin, key):
    lake.ingest([coin()])
    stray = lake.folder / "bronze/coins_market/dt=2026-01-31" / key
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_text("[]")
    with pytest.raises(ValueError, match=f"dt=2026-01-31/{key} is not a page of bronze: move it elsewhere"):
        run(spark, str(lake), [DAY])


@pytest.mark.parametrize("fault", ["a row lost", "a row twice"])
def test_a_balance_that_does_not_hold_stops_the_day_before_it_is_written(
    spark, lake, coin, monkeypatch, fault
):
    transform = bronze_to_silver.transform

    def faulty(pages):
        rows = transform(pages)
        return (
            rows.where("coin_id != 'b'") if fault == "a row lost" else rows.union(rows.where("coin_id = 'b'"))
        )

    monkeypatch.setattr(bronze_to_silver, "transform", faulty)
    lake.ingest([coin("a"), coin("b")])
    with pytest.raises(
        ValueError,
        match=r"the balance of bronze/.*dt=2026-01-31/currency=usd/ does not hold.*2 rows in bronze",
    ):
        run(spark, str(lake), [DAY])
    assert lake.files("silver/coins_market") == []


def test_the_columns_of_the_job_are_those_of_the_catalog():
    declared = load_resources(VALUES)["catalog"]["tables"]["silver_coins_market"]
    assert [(column.name, column.type, column.description) for column in silver_rules.COLUMNS] == [
        (column["Name"], column["Type"], column["Comment"])
        for column in declared["StorageDescriptor"]["Columns"]
    ]


def test_silver_is_written_with_the_declared_columns(spark, lake, coin):
    lake.ingest([coin("a", new_field=1)])
    run(spark, str(lake), [DAY])
    (file,) = lake.files("silver/coins_market")
    declared = load_resources(VALUES)["catalog"]["tables"]["silver_coins_market"]
    columns = declared["StorageDescriptor"]["Columns"]
    assert [(field.name, glue_type(field.type)) for field in pq.read_schema(file)] == [
        (column["Name"], column["Type"]) for column in columns
    ]
    assert [(key["Name"], key["Type"]) for key in declared["PartitionKeys"]] == [("dt", "date")]


@pytest.mark.clock
def test_what_killed_runs_left_is_deleted_but_not_what_another_day_is_writing(spark, lake, coin):
    lake.ingest([coin("a")])
    lake.leave_unfinished("silver/coins_market")
    run(spark, str(lake), [DAY])
    left = (lake.folder / "silver/coins_market").glob("[._]*")
    assert sorted(path.name for path in left) == [".spark-staging-2", "__magic_job-2"]


def test_a_wrong_date_is_named():
    with pytest.raises(ValueError, match=r"^--run_date 'yesterday' is not a date: give YYYY-MM-DD$"):
        bronze_to_silver.main(["--run_date", "yesterday", "--bucket", "lake"])


# Anything

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
values = st.recursive(
    scalars, lambda v: st.lists(v, max_size=2) | st.dictionaries(st.text(max_size=4), v, max_size=2)
)
numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers()
times = st.datetimes().map(lambda moment: moment.isoformat() + "Z")
fields = [field for _, field, _, _ in FIELDS if "." not in field] + ["roi"]
coins = st.builds(
    lambda base, other: {**base, **other},
    st.fixed_dictionaries(
        {"id": st.sampled_from("abcde"), "current_price": numbers},
        optional={"market_cap": numbers, "total_volume": numbers, "last_updated": times, "atl_date": times},
    ),
    st.dictionaries(st.sampled_from(fields) | st.text(max_size=4), values, max_size=4),
)


@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(pages=st.lists(st.lists(coins | values, min_size=20, max_size=40), min_size=3, max_size=4))
def test_whatever_the_rows_are_the_balance_holds_and_nothing_raises(
    spark, tmp_path_factory, shared_lake, coin, pages
):
    lake = type(shared_lake)(tmp_path_factory.mktemp("any"))
    lake.ingest([coin("good")], number=99)
    for number, page in enumerate(pages):
        # 1e999 and the like are JSON, Python's Infinity is not.
        lake.ingest(json.dumps(page).replace("Infinity", "1e999"), number=number)
    [balance] = run(spark, str(lake), [DAY])
    silver = lake.rows("silver/coins_market")
    assert balance.bronze == 1 + sum(len(page) for page in pages)
    assert len(silver) == len({row["coin_id"] for row in silver}) == balance.silver
    assert len(silver) + len(lake.quarantine()) + balance.duplicates == balance.bronze
    assert all(row["current_price"] > 0 and (row["market_cap"] or 0) >= 0 for row in silver)


def test_a_fields_name_forges_no_line_of_the_jobs_log():
    balance = Balance(DAY, 1, 1, 0, 0, {}, {}, {"x: 1 rows\nbalance of dt=2026-01-31: 0 rows\x1b": 1})
    assert str(balance).splitlines()[1:] == [
        r"  field not in the schema, kept in extra: x: 1 rows\nbalance of dt=2026-01-31: 0 rows\x1b: 1 rows"
    ]
