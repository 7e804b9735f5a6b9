"""Days in dollars and euros: each currency by itself, and lakes of a release that did not store it."""

from __future__ import annotations

import re
import subprocess
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from include.glue_scripts import bronze_to_silver, silver_to_gold

DAY = date(2026, 1, 31)
TABLES = ("silver/coins_market", "quarantine/coins_market", "gold/coins_market", "gold/market_summary")


def by_key(lake, table):
    """A table's rows of the day by coin and currency."""
    rows = lake.rows(table)
    found = {(row["coin_id"], row["currency"]): row for row in rows}
    assert len(found) == len(rows), "a key is there twice"
    return found


def summaries(lake):
    return {row["currency"]: row for row in lake.rows("gold/market_summary")}


@pytest.fixture(scope="module")
def both(spark, shared_lake, coin):
    """Dollars, then euros of another source and other coins, with a refused and a repeated row."""
    lake = shared_lake
    lake.ingest([coin("bitcoin", current_price=100, market_cap=5_000), coin("ethereum", market_cap=4_000)])
    for at, price in (("030000", 80), ("040000", 85)):
        lake.ingest(
            [
                coin("bitcoin", current_price=price, market_cap=4_000),
                coin("ethereum", market_cap=4_500),
                coin("dogecoin", market_cap=1_500, total_volume=1),
                coin("refused", current_price=0),
            ],
            at=at,
            source="synthetic",
            currency="eur",
        )
    balances = bronze_to_silver.run(spark, str(lake), [DAY])
    summed = silver_to_gold.run(spark, str(lake), [DAY])
    return lake, balances, summed


def test_every_currency_of_the_day_is_made_with_a_balance_of_its_own(both):
    lake, balances, _ = both
    assert [
        (balance.market.currency, balance.bronze, balance.silver, balance.quarantined, balance.duplicates)
        for balance in balances
    ] == [("eur", 8, 3, 2, 3), ("usd", 2, 2, 0, 0)]
    silver = by_key(lake, "silver/coins_market")
    assert {key: row["current_price"] for key, row in silver.items() if key[0] == "bitcoin"} == {
        ("bitcoin", "usd"): 100,
        ("bitcoin", "eur"): 85,
    }
    assert silver.keys() == {
        *(("bitcoin", "usd"), ("ethereum", "usd")),
        *(("bitcoin", "eur"), ("ethereum", "eur"), ("dogecoin", "eur")),
    }
    assert [(row["coin_id"], row["currency"]) for row in lake.quarantine()] == [("refused", "eur")] * 2


def test_a_source_takes_the_day_of_its_own_currency_alone(both):
    lake, balances, _ = both
    assert {row["currency"]: row["source"] for row in lake.rows("silver/coins_market")} == {
        "usd": "coingecko",
        "eur": "synthetic",
    }
    assert all("superseded_source" not in balance.reasons for balance in balances)


def test_ranks_shares_and_totals_are_of_one_currency(both):
    lake, _, summed = both
    gold = by_key(lake, "gold/coins_market")
    assert {key: row["rank"] for key, row in gold.items()} == {
        ("bitcoin", "usd"): 1,
        ("ethereum", "usd"): 2,
        ("ethereum", "eur"): 1,
        ("bitcoin", "eur"): 2,
        ("dogecoin", "eur"): 3,
    }
    assert gold["bitcoin", "usd"]["market_share_pct"] == pytest.approx(100 * 5_000 / 9_000)
    assert gold["bitcoin", "eur"]["market_share_pct"] == pytest.approx(100 * 4_000 / 10_000)
    totals = {
        currency: (row["coins"], row["ranked"], row["quarantined"], row["total_market_cap"])
        for currency, row in summaries(lake).items()
    }
    assert totals == {"usd": (2, 2, 0, 9_000), "eur": (3, 3, 1, 10_000)}
    assert [(row.currency, row.coins) for row in summed] == [("eur", 3), ("usd", 2)]
    assert [len(lake.files(table)) for table in TABLES] == [1, 1, 1, 1]


def test_the_first_page_of_one_currency_does_not_make_another_whole(spark, lake, coin):
    lake.ingest([coin("bitcoin")], number=1)
    lake.ingest([coin("ethereum")], number=2, currency="eur")
    lake.ingest([coin("bitcoin", current_price=80)], at="010000", currency="eur")
    bronze_to_silver.run(spark, str(lake), [DAY])
    silver = by_key(lake, "silver/coins_market")
    assert {key: row["current_price"] for key, row in silver.items()} == {
        ("bitcoin", "usd"): 101.5,
        ("bitcoin", "eur"): 80,
    }
    assert [(row["coin_id"], row["currency"], row["reasons"]) for row in lake.quarantine()] == [
        ("ethereum", "eur", ["incomplete_ingestion"])
    ]


def test_the_volume_of_another_currency_does_not_make_a_market_cap_plausible(spark, lake, coin):
    lake.ingest([coin("bitcoin", market_cap=2_000, total_volume=1)])
    lake.ingest([coin("bitcoin", market_cap=2_000, total_volume=9_000)], currency="eur")
    bronze_to_silver.run(spark, str(lake), [DAY])
    silver = by_key(lake, "silver/coins_market")
    assert silver["bitcoin", "usd"]["quality_flags"] == ["implausible_market_cap"]
    assert silver["bitcoin", "eur"]["quality_flags"] == []


def test_a_currency_that_is_refused_as_a_whole_does_not_stop_the_other(spark, lake, coin, capsys):
    lake.ingest([coin("bitcoin")])
    page = lake.ingest([coin("bitcoin", current_price=80)], currency="eur")
    bronze_to_silver.run(spark, str(lake), [DAY])
    (lake.folder / page).unlink()
    lake.ingest([coin("bitcoin", current_price=0)], at="030000", currency="eur")
    lake.ingest([coin("bitcoin", current_price=102)], at="030000")

    bronze_to_silver.run(spark, str(lake), [DAY], "usd")
    assert "dt=2026-01-31, currency=eur failed" in capsys.readouterr().out
    silver = by_key(lake, "silver/coins_market")
    assert {key[1]: row["current_price"] for key, row in silver.items()} == {"usd": 102, "eur": 80}
    assert len(lake.files("silver/coins_market")) == 1
    assert [(row["currency"], row["reasons"]) for row in lake.quarantine()] == [
        ("eur", ["price_not_positive"])
    ]
    silver_to_gold.run(spark, str(lake), [DAY])
    assert {currency: row["coins"] for currency, row in summaries(lake).items()} == {"usd": 1, "eur": 1}

    for currency in ("eur", None):
        with pytest.raises(
            ValueError, match=r"all 1 rows of .*/currency=eur/ were refused .* as it was in eur"
        ):
            bronze_to_silver.run(spark, str(lake), [DAY], currency)
        assert by_key(lake, "silver/coins_market") == silver


def test_a_currency_that_never_had_a_good_row_is_in_quarantine_alone(spark, lake, coin):
    lake.ingest([coin("bitcoin")])
    lake.ingest([coin("bitcoin", current_price=0)], currency="eur")
    bronze_to_silver.run(spark, str(lake), [DAY], "usd")
    silver_to_gold.run(spark, str(lake), [DAY])
    assert by_key(lake, "gold/coins_market").keys() == {("bitcoin", "usd")}
    assert summaries(lake).keys() == {"usd"}
    assert [row["currency"] for row in lake.quarantine()] == ["eur"]


def test_a_page_that_cannot_be_read_leaves_its_own_currency_as_it_was(spark, lake, coin):
    good, bad = coin("bitcoin"), coin("refused", current_price=0)
    lake.ingest([good, bad])
    lake.ingest([good, bad], currency="eur")
    bronze_to_silver.run(spark, str(lake), [DAY])
    lake.ingest(b"", at="030000", currency="eur")
    lake.ingest([coin("bitcoin", current_price=102)], at="030000")
    with pytest.raises(ValueError, match=r"currency=eur/ingested_at=20260131T030000Z/.* is an empty file"):
        bronze_to_silver.run(spark, str(lake), [DAY])
    silver = by_key(lake, "silver/coins_market")
    assert {key[1]: row["current_price"] for key, row in silver.items()} == {"usd": 102, "eur": 101.5}
    assert sorted(row["currency"] for row in lake.quarantine()) == ["eur", "usd"]


def test_two_currencies_that_fail_are_both_named(spark, lake, coin):
    for currency in ("usd", "eur"):
        lake.ingest([coin("bitcoin", current_price=0)], currency=currency)
    with pytest.raises(ValueError, match=r"currency=eur/ were refused .*also 2026-01-31 in usd"):
        bronze_to_silver.run(spark, str(lake), [DAY])
    assert lake.rows("silver/coins_market") == []


# Lakes of the release before


def earlier_release(lake, page):
    """Move a page to the key that the release before stored it under; returns the key."""
    key = page.replace("/currency=usd", "")
    (lake.folder / key).parent.mkdir(parents=True)
    (lake.folder / page).rename(lake.folder / key)
    return key


def without_currency(lake, table):
    """Rewrite a day as the release before wrote it."""
    for file in lake.files(table):
        file.with_name(f".{file.name}.crc").unlink()
        pq.write_table(pq.ParquetFile(file).read().drop_columns("currency"), file)


def test_bronze_without_currencies_is_refused_with_what_to_do(spark, lake, coin):
    key = earlier_release(lake, lake.ingest([coin("bitcoin")]))
    lake.ingest([coin("bitcoin", current_price=80)], at="030000", currency="eur")
    with pytest.raises(
        ValueError, match=f'^{key} does not say in which currency .* "Upgrade a lake without currencies"'
    ):
        bronze_to_silver.run(spark, str(lake), [DAY])
    assert lake.rows("silver/coins_market") == []


def test_silver_without_currencies_is_refused_until_its_bronze_is_moved(spark, lake, coin):
    page = lake.ingest([coin("bitcoin")])
    bronze_to_silver.run(spark, str(lake), [DAY])
    key = earlier_release(lake, page)
    without_currency(lake, "silver/coins_market")
    with pytest.raises(
        ValueError, match=r'dt=2026-01-31/ does not say .* "Upgrade a lake without currencies"'
    ):
        silver_to_gold.run(spark, str(lake), [DAY])
    assert lake.rows("gold/coins_market") == []

    (lake.folder / page).parent.mkdir(parents=True, exist_ok=True)
    (lake.folder / key).rename(lake.folder / page)
    (lake.folder / key).parent.rmdir()
    bronze_to_silver.run(spark, str(lake), [DAY])
    silver_to_gold.run(spark, str(lake), [DAY])
    assert by_key(lake, "gold/coins_market").keys() == {("bitcoin", "usd")}


@pytest.mark.product
def test_the_command_of_the_runbook_moves_a_page_to_where_it_is_read():
    runbook = Path(__file__).parents[3] / "docs/operations.md"
    [new_key] = re.findall(
        r'aws s3 mv "s3://\$lake/\$key" "s3://\$lake/(\$\{key/.*?\})"', runbook.read_text()
    )
    ingestion = "ingested_at=20260131T020003Z/source=coingecko/page-0001.json"
    moved = subprocess.run(
        ["bash", "-c", f'key="bronze/coins_market/dt=2026-01-31/{ingestion}"; echo "{new_key}"'],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert moved == f"bronze/coins_market/dt=2026-01-31/currency=usd/{ingestion}"
    assert bronze_to_silver._PAGE_KEY.fullmatch(moved)
