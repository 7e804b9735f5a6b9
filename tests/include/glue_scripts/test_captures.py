"""Both Glue scripts on real CoinGecko captures, compared with plain Python over the same JSON."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, datetime, timedelta

import pytest

from include.glue_scripts import bronze_to_silver, silver_to_gold
from include.glue_scripts.bronze_to_silver import Balance

pytestmark = [pytest.mark.captures, pytest.mark.thorough]

# Bad data that CoinGecko served, known from looking at it.
IMPLAUSIBLE = {
    date(2025, 11, 11): ("eureka-bridged-pax-gold-terra", "implausible_market_cap"),
    date(2026, 4, 2): ("little-pepe-5", "implausible_change"),
}
STORED_ERROR = date(2023, 3, 30)  # not coins, but what CoinGecko answered instead
FOUR_CAPTURES = date(2023, 3, 20)
TWO_PAGES = date(2023, 12, 2)


def january(*days: int) -> set[date]:
    return {date(2026, 1, day) for day in days}


LATER = {date(2025, 11, 11), date(2026, 2, 4), date(2026, 2, 5), date(2026, 4, 2)}
# Every row that a disqualifying flag hits, each looked at: illiquid ones are funds and dead coins that nobody
# traded, and the stale ones' prices stood still for days.
DISQUALIFIED = {
    "implausible_change": {"little-pepe-5": {date(2026, 4, 2)}},
    "implausible_market_cap": {"eureka-bridged-pax-gold-terra": {date(2025, 11, 11)}},
    "stale": {
        "hashnote-usyc": january(*range(3, 11), 12, 14, *range(18, 31)),
        "figure-heloc": january(20),
    },
    "illiquid": {
        "eureka-bridged-pax-gold-terra": {date(2025, 11, 11)},
        "blackrock-usd-institutional-digital-liquidity-fund": january(*range(1, 32)) | LATER,
        "superstate-short-duration-us-government-securities-fund-ustb": LATER - {date(2025, 11, 11)},
        "janus-henderson-anemoy-aaa-clo-fund": january(1, 2, 3, 4) | {date(2026, 2, 5)},
        "janus-henderson-anemoy-treasury-fund": {date(2026, 2, 5), date(2026, 4, 2)},
        "ousg": {date(2026, 2, 5), date(2026, 4, 2)},
        "eutbl": {date(2026, 2, 5), date(2026, 4, 2)},
        "hashnote-usyc": january(11, 12),
        "figure-heloc": january(5),
        "compound-wrapped-btc": {TWO_PAGES},
        "nxm": {TWO_PAGES},
        "mainframe": {TWO_PAGES},
    },
}


def by_market_cap(coins: list[dict], without: tuple[str, ...] = ()) -> list[str]:
    kept = [coin for coin in coins if coin["id"] not in without]
    return [c["id"] for c in sorted(kept, key=lambda c: (-c["market_cap"], c["id"]))]


@pytest.fixture(scope="module")
def days(spark, shared_lake, captures, ingest_capture):
    """Every day of the captures, done in one Spark job: its coins (the last row of each), balance, gold."""
    files = sorted([*(captures / "daily").glob("*.json"), *(captures / "anomalies").glob("*.json")])
    files = {date.fromisoformat(file.stem): file for file in files}
    shared_lake.ingest(files.pop(STORED_ERROR).read_bytes(), day=STORED_ERROR)
    coins = {day: ingest_capture(shared_lake, file, day) for day, file in files.items()}
    for day, names in {
        FOUR_CAPTURES: [f"same_day/{FOUR_CAPTURES}{number}.json" for number in ("", "_2", "_3", "_4")],
        TWO_PAGES: [f"pages/{TWO_PAGES}_page{number}.json" for number in (2, 1)],
    }.items():
        received = {}
        for number, name in enumerate(names):
            body = (captures / name).read_bytes()
            shared_lake.ingest(body, day=day, at=f"1200{number:02}")
            received |= {coin["id"]: coin for coin in json.loads(body)}
        coins[day] = list(received.values())
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    pages = bronze_to_silver.read_pages(spark, str(shared_lake), [*coins, STORED_ERROR])
    rows = bronze_to_silver.transform(pages).persist()
    silver = rows.where("verdict = 'silver'")
    gold = silver_to_gold.transform(silver).persist()
    balances = [balance for balance, _ in bronze_to_silver.measure(rows).values()]
    ranked = {day: {} for day in coins}
    for row in gold.collect():
        ranked[date.fromisoformat(row.dt)][row.coin_id] = row
    rows.unpersist()
    gold.unpersist()
    return coins, total(balances), ranked


def total(balances: list[Balance]) -> Balance:
    """The sum of days' balances."""
    numbers = {
        name: sum(getattr(balance, name) for balance in balances)
        for name in ("bronze", "silver", "quarantined", "duplicates")
    }
    counts = {
        name: dict(sum((Counter(getattr(balance, name)) for balance in balances), Counter()))
        for name in ("reasons", "flags", "extra_fields")
    }
    assert all(balance.holds for balance in balances)
    return Balance(balances[-1].market, **numbers, **counts)


def test_every_row_of_every_day_is_accepted_once(days):
    coins, balance, gold = days
    assert len([day for day in coins if (day.year, day.month) == (2026, 1)]) == 31
    assert balance.bronze == 37 * 100 + 4 * 100 + 2 * 250 + 1
    assert balance.silver == sum(len(page) for page in coins.values())
    assert {day: len(rows) for day, rows in gold.items()} == {day: len(page) for day, page in coins.items()}
    assert set(balance.extra_fields) == {"price_change_percentage_24h_in_currency"}
    assert "malformed_field" not in balance.flags


def test_an_error_that_was_stored_as_a_day_is_refused_whole(days):
    _, balance, _ = days
    assert (balance.quarantined, balance.reasons) == (1, {"unparseable_page": 1})


def test_the_ten_largest_coins_of_each_day_are_the_ten_with_the_largest_market_caps(days):
    coins, _, gold = days
    for day, page in coins.items():
        bad = (IMPLAUSIBLE[day][0],) if day in IMPLAUSIBLE else ()
        ranks = {row.rank: name for name, row in gold[day].items()}
        assert [ranks[n] for n in range(1, 11)] == by_market_cap(page, bad)[:10], day


def test_exactly_the_rows_known_to_be_bad_are_disqualified(days):
    _, balance, gold = days
    found = {flag: {} for flag in silver_to_gold.DISQUALIFYING_FLAGS}
    for day, rows in gold.items():
        for name, row in rows.items():
            flags = set(row.quality_flags) & set(found)
            assert (row.rank is None) == bool(flags), (day, name)
            for flag in flags:
                found[flag].setdefault(name, set()).add(day)
    assert found == DISQUALIFIED
    assert {flag: sum(map(len, coins.values())) for flag, coins in found.items()} | {"unranked": 1} == (
        balance.flags
    )


def test_real_markets_keep_their_distance_from_the_thresholds(days):
    """The column "seen on real markets" of the table of thresholds."""
    _, _, gold = days
    bad = set(silver_to_gold.DISQUALIFYING_FLAGS)
    traded = {day: sum(row.total_volume for row in rows.values()) for day, rows in gold.items()}
    good = [
        (day, row) for day, rows in gold.items() for row in rows.values() if not bad & set(row.quality_flags)
    ]

    def nearest(measure, choose):
        value, name = choose((measure(day, row), row.coin_id) for day, row in good)
        return name, float(f"{value:.2g}")

    change = [(row.price_change_percentage_24h, row.coin_id) for _, row in good]
    change = sorted(pair for pair in change if pair[0] is not None)
    assert [(round(value), name) for value, name in (change[0], change[-1])] == [
        (-18, "zcash"),
        (200, "flex-coin"),
    ]
    assert nearest(lambda day, row: row.market_cap / traded[day], max) == ("bitcoin", 28)
    assert nearest(lambda day, row: row.volume_to_market_cap, min) == ("compound-ether", 3.4e-8)
    age = nearest(lambda _, row: (row.ingestion_timestamp - row.last_updated).total_seconds() / 3600, max)
    assert age == ("figure-heloc", 23)


def test_extremes_that_were_real_are_ranked(days):
    _, _, gold = days
    assert gold[TWO_PAGES]["flex-coin"].price_change_percentage_24h > 199
    assert gold[TWO_PAGES]["flex-coin"].rank
    assert gold[TWO_PAGES]["compound-ether"].rank
    # Hardly traded, and priced like what they stand for.
    for day, wrapped, original, times in (
        (date(2026, 1, 11), "ignition-fbtc", "bitcoin", 1),
        (date(2026, 1, 2), "bridged-wrapped-lido-staked-ether-scroll", "ethereum", 1.22),
    ):
        coin = gold[day][wrapped]
        assert coin.volume_to_market_cap < 2e-7
        assert coin.current_price == pytest.approx(times * gold[day][original].current_price, rel=0.04)
        assert coin.quality_flags == []
        assert coin.rank


def test_stale_are_exactly_the_rows_for_which_coingecko_gives_no_change_of_the_day(days):
    _, _, gold = days
    rows = [(day, name, row) for day, by_name in gold.items() for name, row in by_name.items()]
    without = {(day, name) for day, name, row in rows if row.price_change_percentage_24h is None}
    assert without == {(day, name) for day, name, row in rows if "stale" in row.quality_flags}


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
        expected = {
            name
            for name, moment in updated.items()
            if moment < gold[day][name].ingestion_timestamp - timedelta(hours=24)
        }
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
    [balance] = bronze_to_silver.run(spark, str(lake), [day])
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
        bronze_to_silver.run(spark, str(lake), [day])
        silver_to_gold.run(spark, str(lake), [day])
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
    [balance] = bronze_to_silver.run(spark, str(lake), [day])
    coins = [coin for body in pages for coin in json.loads(body)]
    ids = {coin["id"] for coin in coins}
    assert (balance.bronze, balance.silver, balance.duplicates) == (500, len(ids), 500 - len(ids))
    field = "price_change_percentage_24h_in_currency"
    assert balance.extra_fields == {field: len(ids)}
    assert {name: json.loads(row["extra"])[field] for name, row in lake.silver(day).items()} == {
        coin["id"]: coin[field] for coin in coins
    }
    assert set(lake.silver(day)) == ids
