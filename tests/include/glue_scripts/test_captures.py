"""Both Glue scripts on real CoinGecko captures, compared with plain Python over the same JSON."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from functools import reduce

import pytest
from pyspark.sql import DataFrame

from include.glue_scripts import bronze_to_silver, silver_to_gold

pytestmark = pytest.mark.captures

# Bad data that CoinGecko served, known from looking at it.
IMPLAUSIBLE = {
    date(2025, 11, 11): ("eureka-bridged-pax-gold-terra", "implausible_market_cap"),
    date(2026, 4, 2): ("little-pepe-5", "implausible_change"),
}


def by_market_cap(coins: list[dict], without: tuple[str, ...] = ()) -> list[str]:
    kept = [coin for coin in coins if coin["id"] not in without]
    return [c["id"] for c in sorted(kept, key=lambda c: (-c["market_cap"], c["id"]))]


@pytest.fixture(scope="module")
def days(spark, shared_lake, captures, ingest_capture):
    """January 2026 and the anomalous days, done in one Spark job: their coins, silver and gold."""
    files = sorted([*(captures / "daily").glob("*.json"), *(captures / "anomalies").glob("*.json")])
    files = [file for file in files if isinstance(json.loads(file.read_bytes()), list)]
    coins = {date.fromisoformat(file.stem): file for file in files}
    coins = {day: ingest_capture(shared_lake, file, day) for day, file in coins.items()}
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    pages = [bronze_to_silver.read_pages(spark, str(shared_lake), day) for day in coins]
    rows = bronze_to_silver.transform(reduce(DataFrame.union, pages)).persist()
    silver = rows.where("verdict = 'silver'")
    gold = silver_to_gold.transform(silver).persist()
    balance, _ = bronze_to_silver.measure(rows, date(2026, 1, 31))
    ranked = {day: {} for day in coins}
    for row in gold.collect():
        ranked[date.fromisoformat(row.dt)][row.coin_id] = row
    rows.unpersist()
    gold.unpersist()
    return coins, balance, ranked


def test_every_row_of_every_day_is_accepted_once(days):
    coins, balance, gold = days
    assert len([day for day in coins if (day.year, day.month) == (2026, 1)]) == 31
    assert balance.bronze == sum(len(page) for page in coins.values())
    assert (balance.silver, balance.quarantined, balance.duplicates) == (balance.bronze, 0, 0)
    assert {day: len(rows) for day, rows in gold.items()} == {day: len(page) for day, page in coins.items()}
    assert balance.extra_fields == {}
    assert "malformed_field" not in balance.flags


def test_the_ten_largest_coins_of_each_day_are_the_ten_with_the_largest_market_caps(days):
    coins, _, gold = days
    for day, page in coins.items():
        bad = (IMPLAUSIBLE[day][0],) if day in IMPLAUSIBLE else ()
        ranks = {row.rank: name for name, row in gold[day].items()}
        assert [ranks[n] for n in range(1, 11)] == by_market_cap(page, bad)[:10], day


def test_bad_data_is_flagged_and_has_no_rank(days):
    _, _, gold = days
    for day, (name, flag) in IMPLAUSIBLE.items():
        assert flag in gold[day][name].quality_flags
        assert gold[day][name].rank is None
    flagged = {
        (day, name)
        for day, rows in gold.items()
        for name, row in rows.items()
        if {"implausible_change", "implausible_market_cap"} & set(row.quality_flags)
    }
    assert flagged == {(day, name) for day, (name, _) in IMPLAUSIBLE.items()}


def test_a_coin_that_coingecko_does_not_rank_is_ranked_by_its_market_cap(days):
    coins, _, gold = days
    day = date(2024, 9, 5)
    (unranked,) = (coin["id"] for coin in coins[day] if coin["market_cap_rank"] is None)
    assert gold[day][unranked].quality_flags == ["unranked"]
    assert gold[day][unranked].market_cap_rank is None
    assert gold[day][unranked].rank == by_market_cap(coins[day]).index(unranked) + 1


def test_stale_rows_are_those_updated_a_day_before_the_response(days):
    coins, _, gold = days
    for day, page in coins.items():
        updated = {c["id"]: datetime.fromisoformat(c["last_updated"]).replace(tzinfo=None) for c in page}
        ingested = next(iter(gold[day].values())).ingestion_timestamp
        expected = {name for name, moment in updated.items() if moment < ingested - timedelta(hours=24)}
        assert {name for name, row in gold[day].items() if "stale" in row.quality_flags} == expected, day
        # Eight hours old is not stale.
        assert day != date(2023, 3, 28) or not expected


def test_few_coins_are_disqualified_and_all_far_from_the_top(days):
    coins, _, gold = days
    for day, rows in gold.items():
        order = by_market_cap(coins[day], (IMPLAUSIBLE[day][0],) if day in IMPLAUSIBLE else ())
        without_rank = [
            order.index(name) + 1 for name, row in rows.items() if row.rank is None and name in order
        ]
        assert len(without_rank) <= 6, day
        assert all(position > 10 for position in without_rank), day


def test_of_two_captures_of_one_day_the_later_is_kept(spark, lake, captures, ingest_capture):
    day = date(2026, 1, 31)
    later = ingest_capture(lake, captures / "same_day" / "2026-01-31_later.json", day)
    earlier = ingest_capture(lake, captures / "daily" / "2026-01-31.json", day)
    balance = bronze_to_silver.run(spark, str(lake), day)
    ids = {coin["id"] for coin in later} | {coin["id"] for coin in earlier}
    assert (balance.bronze, balance.silver, balance.duplicates) == (200, len(ids), 200 - len(ids))
    silver = lake.silver()
    assert {c["id"]: silver[c["id"]]["current_price"] for c in later} == {
        c["id"]: c["current_price"] for c in later
    }


def test_days_done_one_by_one_in_any_order_are_the_days_done_together(
    spark, days, lake, captures, ingest_capture
):
    _, _, gold = days
    one_by_one = [date(2026, 1, 16), date(2026, 1, 15)]
    for day in one_by_one:
        ingest_capture(lake, captures / "daily" / f"{day}.json", day)
        bronze_to_silver.run(spark, str(lake), day)
        silver_to_gold.run(spark, str(lake), day)
    for day in one_by_one:
        together = {name: row.asDict() for name, row in gold[day].items()}
        written = lake.gold(day)
        assert len(written) == len(together) == 100
        for name, row in written.items():
            naive = {k: v.replace(tzinfo=None) if isinstance(v, datetime) else v for k, v in row.items()}
            assert {**naive, "dt": str(day)} == pytest.approx(together[name])


def test_two_pages_make_one_day_and_the_added_field_is_kept(spark, lake, captures):
    day = date(2023, 12, 2)
    pages = [(captures / "pages" / f"{day}_page{n}.json").read_bytes() for n in (1, 2)]
    for number, body in enumerate(pages, 1):
        lake.ingest(body, day=day, at="115000", number=number)
    balance = bronze_to_silver.run(spark, str(lake), day)
    coins = [coin for body in pages for coin in json.loads(body)]
    ids = {coin["id"] for coin in coins}
    assert (balance.bronze, balance.silver, balance.duplicates) == (500, len(ids), 500 - len(ids))
    field = "price_change_percentage_24h_in_currency"
    assert balance.extra_fields == {field: len(ids)}
    assert {name: json.loads(row["extra"])[field] for name, row in lake.silver(day).items()} == {
        coin["id"]: coin[field] for coin in coins
    }
    assert set(lake.silver(day)) == ids
