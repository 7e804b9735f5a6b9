"""Glue job silver_to_gold: silver becomes ranked coins and the market's summary, day by day.

    silver/coins_market/dt=D/
      -> gold/coins_market/dt=D/    every coin of silver, ranked in its currency unless a flag disqualifies it
      -> gold/market_summary/dt=D/  one row a currency: the market over the ranked coins

Columns and types are those that the Glue Data Catalog declares for gold_coins_market and gold_market_summary.
Gold of a day is a function of that day's silver, and of how many rows its quarantine holds, so the job may be
rerun at any time and in any order.

    silver_to_gold.py --run_date 2026-01-31 --bucket my-lake
    silver_to_gold.py --from_date 2025-02-01 --to_date 2026-01-31 --bucket my-lake

A range of days is one run of the job, not one a day; days without silver are left out.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from pyspark.sql import DataFrame, Row, SparkSession, Window
from pyspark.sql import functions as sf

import day_partitions
from day_partitions import Market

SILVER = "silver/coins_market"
QUARANTINE = "quarantine/coins_market"
GOLD_COINS = "gold/coins_market"
GOLD_SUMMARY = "gold/market_summary"

# A coin with one of these has no rank: its price or its market cap cannot be compared with the others' today.
# `unranked` and `malformed_field` do not disqualify: CoinGecko's missing rank says nothing against the market
# cap (a real coin among the first forty had none), and a malformed market cap is null and has no rank anyway.
DISQUALIFYING_FLAGS = ("illiquid", "implausible_change", "implausible_market_cap", "stale")

COIN_COLUMNS = (
    "coin_id",
    "symbol",
    "name",
    "image",
    "current_price",
    "market_cap",
    "market_cap_rank",
    "rank",
    "market_share_pct",
    "total_volume",
    "volume_to_market_cap",
    "high_24h",
    "low_24h",
    "price_range_24h_pct",
    "price_change_24h",
    "price_change_percentage_24h",
    "market_cap_change_percentage_24h",
    "circulating_supply",
    "total_supply",
    "max_supply",
    "ath",
    "ath_change_percentage",
    "ath_date",
    "atl",
    "atl_change_percentage",
    "atl_date",
    "last_updated",
    "ingestion_timestamp",
    "source",
    "quality_flags",
    "currency",
)

# Column, SQL over gold_coins_market. The quarantined rows are counted apart. Of days whose source tells no
# changes, such as histories, gainers and losers are unknown, and not none.
SUMMARY = (
    ("coins", "int(count(*))"),
    ("ranked", "int(count(rank))"),
    ("flagged", "int(count_if(size(quality_flags) > 0))"),
    ("quarantined", "int(max(quarantined))"),
    ("total_market_cap", "sum(market_cap) FILTER (WHERE rank IS NOT NULL)"),
    ("total_volume", "sum(total_volume) FILTER (WHERE rank IS NOT NULL)"),
    ("btc_dominance_pct", "max(market_share_pct) FILTER (WHERE coin_id = 'bitcoin')"),
    ("eth_dominance_pct", "max(market_share_pct) FILTER (WHERE coin_id = 'ethereum')"),
    ("average_change_24h_pct", "avg(price_change_percentage_24h) FILTER (WHERE rank IS NOT NULL)"),
    ("median_change_24h_pct", "percentile(price_change_percentage_24h, 0.5) FILTER (WHERE rank IS NOT NULL)"),
    ("gainers", "int(sum(if(price_change_percentage_24h > 0, 1, 0)) FILTER (WHERE {changed}))"),
    ("losers", "int(sum(if(price_change_percentage_24h < 0, 1, 0)) FILTER (WHERE {changed}))"),
    ("last_updated", "max(last_updated) FILTER (WHERE rank IS NOT NULL)"),
    ("ingestion_timestamp", "max(ingestion_timestamp)"),
    ("source", "max(source)"),
)

SUMMARY_COLUMNS = (*(column for column, _ in SUMMARY), "currency")


def transform(silver: DataFrame) -> DataFrame:
    """Rank the coins of each day in each currency and add the ratios.

    Args:
        silver: silver's columns and dt.

    Returns:
        gold_coins_market: as many rows, its columns in order, then dt. `rank` counts from 1 by market cap,
        equal ones by coin_id, over the rows that no flag disqualifies and whose market cap is above 0.
    """
    disqualifying = ", ".join(f"'{flag}'" for flag in DISQUALIFYING_FLAGS)
    eligible = sf.expr(f"market_cap > 0 AND NOT arrays_overlap(quality_flags, array({disqualifying}))")
    # Both windows are of the same rows, which move once and are sorted once.
    market = Window.partitionBy("dt", "currency")
    return (
        silver.withColumn("eligible", sf.coalesce(eligible, sf.lit(False)))
        .withColumns(
            {
                "position": sf.row_number().over(
                    market.orderBy(sf.desc("eligible"), sf.desc("market_cap"), "coin_id")
                ),
                "ranked_market_cap": sf.sum(sf.when(sf.col("eligible"), sf.col("market_cap"))).over(market),
            }
        )
        .withColumns(
            {
                "rank": sf.expr("if(eligible, position, NULL)"),
                "market_share_pct": sf.expr("if(eligible, market_cap / ranked_market_cap * 100, NULL)"),
                "volume_to_market_cap": sf.expr("try_divide(total_volume, market_cap)"),
                "price_range_24h_pct": sf.expr("try_divide(high_24h - low_24h, low_24h) * 100"),
            }
        )
        .select(*COIN_COLUMNS, "dt")
    )


def summarise(gold: DataFrame, quarantined: Mapping[Market, int]) -> DataFrame:
    """Sum up each day of gold_coins_market in each currency.

    Args:
        gold: as `transform` returns it.
        quarantined: for each day and currency, rows of the latest ingestion that were refused.

    Returns:
        gold_market_summary: one row a day and currency, its columns in order, then dt.
    """
    counts = {f"{market.day}/{market.currency}": count for market, count in quarantined.items()}
    by_market = sf.create_map(*(sf.lit(value) for pair in counts.items() for value in pair))
    changed = "rank IS NOT NULL AND price_change_percentage_24h IS NOT NULL"
    figures = [sf.expr(sql.format(changed=changed)).alias(column) for column, sql in SUMMARY]
    return (
        gold.withColumn("quarantined", by_market[sf.concat_ws("/", "dt", "currency")])
        .groupBy("dt", "currency")
        .agg(*figures)
        .select(*SUMMARY_COLUMNS, "dt")
    )


def _read_silver(spark: SparkSession, lake: str, days: Sequence[date]) -> tuple[DataFrame, dict[Market, Row]]:
    """Silver of the days, and how many rows and which newest ingestion each has in each currency.

    Raises:
        FileNotFoundError: a day has none.
        ValueError: a day does not say in which currency it is.
    """
    silver = day_partitions.read(spark, f"{lake}/{SILVER}", days)
    if silver is None:
        raise FileNotFoundError(_no_silver(days[0]))
    if "currency" not in silver.columns:
        raise ValueError(_without_currency(days[0]))
    counts = [sf.count("*").alias("rows"), sf.max("ingestion_timestamp").alias("newest")]
    found = {
        Market(date.fromisoformat(row.dt), row.currency): row
        for row in silver.groupBy("dt", "currency").agg(*counts).collect()
    }
    if outdated := sorted(market.day for market in found if market.currency is None):
        raise ValueError(_without_currency(outdated[0]))
    if empty := sorted(set(days) - {market.day for market in found}):
        raise FileNotFoundError(_no_silver(empty[0]))
    return silver, found


def _no_silver(day: date) -> str:
    return f"{SILVER}/dt={day}/ is empty: run bronze_to_silver for that date first"


def _without_currency(day: date) -> str:
    return (
        f"{SILVER}/dt={day}/ does not say in which currency it is, because an earlier release wrote it: "
        'follow "Upgrade a lake without currencies" in docs/operations.md'
    )


def run(spark: SparkSession, lake: str, days: Sequence[date]) -> list[Row]:
    """Do days: read their silver, write their partitions of gold's two tables.

    Args:
        spark: a session; its time zone is set to UTC.
        lake: where the lake's prefixes are, such as s3://my-lake.
        days: dt in the lake's keys.

    Returns:
        The row of gold_market_summary of each day in each currency, with dt as text; also printed.

    Raises:
        FileNotFoundError: a day has no silver; nothing was written.
        ValueError: a day's silver has no currency, or gold would not have silver's rows; nothing was written.
    """
    day_partitions.configure(spark)
    silver, found = _read_silver(spark, lake, days)
    quarantined = _quarantined(spark, lake, {market: row.newest for market, row in found.items()})
    gold = transform(day_partitions.one_file_a_day(silver, days)).persist()
    try:
        summaries = summarise(gold, quarantined).persist()
        summed = {Market(date.fromisoformat(row.dt), row.currency): row for row in summaries.collect()}
        for market in sorted(found):
            coins = summed[market].coins if market in summed else 0
            if coins != found[market].rows:
                raise ValueError(
                    f"{GOLD_COINS}/dt={market.day}/ would have {coins} rows in {market.currency} and "
                    f"{SILVER}/dt={market.day}/ has {found[market].rows}, so nothing was written: this is an "
                    "error in silver_to_gold"
                )
            print(
                f"gold of {market}: {coins} rows in silver = {coins} in gold, of which "
                f"{summed[market].ranked} ranked and {summed[market].flagged} flagged; "
                f"{summed[market].quarantined} quarantined",
                flush=True,
            )
        day_partitions.overwrite(gold, f"{lake}/{GOLD_COINS}", days)
        day_partitions.overwrite(summaries, f"{lake}/{GOLD_SUMMARY}", days)
        summaries.unpersist()
    finally:
        gold.unpersist()
    return [summed[market] for market in sorted(found)]


def _quarantined(spark: SparkSession, lake: str, newest: Mapping[Market, datetime]) -> dict[Market, int]:
    """How many rows of each latest ingestion were refused: fetching a day twice does not make it worse.

    Args:
        spark: a session.
        lake: where the lake's prefixes are.
        newest: the newest ingestion in silver by day and currency; a later one may have been refused as a
            whole.
    """
    refused = day_partitions.read(spark, f"{lake}/{QUARANTINE}", sorted({market.day for market in newest}))
    latest = {market: (moment, 0) for market, moment in newest.items()}
    if refused:
        # An ingestion that was cut off says nothing about the data.
        whole = refused.where("NOT array_contains(reasons, 'incomplete_ingestion')")
        for row in whole.groupBy("dt", "currency", "ingestion_timestamp").count().collect():
            market = Market(date.fromisoformat(row.dt), row.currency)
            # Of a currency of which every row was refused, silver has none, and gold no summary.
            if market in latest and row.ingestion_timestamp >= latest[market][0]:
                latest[market] = (row.ingestion_timestamp, row["count"])
    return {market: count for market, (_, count) in latest.items()}


def main(argv: Sequence[str]) -> None:
    """Run the job as Glue does."""
    lake, days = day_partitions.parse_arguments("Silver to gold: one day, or a range of days.", argv)
    spark = SparkSession.builder.appName("silver_to_gold").getOrCreate()
    remedy = "run bronze_to_silver for them first"
    run(spark, lake, day_partitions.days_to_do(spark, lake, SILVER, days, remedy))


if __name__ == "__main__":
    main(sys.argv[1:])
