"""Glue job silver_to_gold: silver becomes ranked coins and the market's summary, day by day.

    silver/coins_market/dt=D/
      -> gold/coins_market/dt=D/    every coin of silver, ranked unless a flag disqualifies it
      -> gold/market_summary/dt=D/  one row: the market over the ranked coins

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

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, Row, SparkSession, Window
from pyspark.sql import functions as sf

import day_partitions

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


def transform(silver: DataFrame) -> DataFrame:
    """Rank the coins of each day and add the ratios.

    Args:
        silver: silver's columns and dt.

    Returns:
        gold_coins_market: as many rows, its columns in order, then dt. `rank` counts from 1 by market cap,
        equal ones by coin_id, over the rows that no flag disqualifies and whose market cap is above 0.
    """
    disqualifying = ", ".join(f"'{flag}'" for flag in DISQUALIFYING_FLAGS)
    eligible = sf.expr(f"market_cap > 0 AND NOT arrays_overlap(quality_flags, array({disqualifying}))")
    # Both windows are of the day: its rows move once, are sorted once, and end in one file.
    day = Window.partitionBy("dt")
    return (
        silver.withColumn("eligible", sf.coalesce(eligible, sf.lit(False)))
        .withColumns(
            {
                "position": sf.row_number().over(
                    day.orderBy(sf.desc("eligible"), sf.desc("market_cap"), "coin_id")
                ),
                "ranked_market_cap": sf.sum(sf.when(sf.col("eligible"), sf.col("market_cap"))).over(day),
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


def summarise(gold: DataFrame, quarantined: Mapping[date, int]) -> DataFrame:
    """Sum up each day of gold_coins_market.

    Args:
        gold: as `transform` returns it.
        quarantined: for each day, rows of its latest ingestion that were refused.

    Returns:
        gold_market_summary: one row a day, its columns in order, then dt.
    """
    by_day = sf.create_map(*(sf.lit(value) for day in quarantined for value in (str(day), quarantined[day])))
    changed = "rank IS NOT NULL AND price_change_percentage_24h IS NOT NULL"
    figures = [sf.expr(sql.format(changed=changed)).alias(column) for column, sql in SUMMARY]
    return (
        gold.withColumn("quarantined", by_day[sf.col("dt")])
        .groupBy("dt")
        .agg(*figures)
        .select(*(column for column, _ in SUMMARY), "dt")
    )


def _read(spark: SparkSession, table: str, days: Sequence[date]) -> DataFrame | None:
    """These days of a table, with dt as text; None when there is no data."""
    # Asked first, because reading a folder that is not there fills the log with a stack trace, and most days
    # have no quarantine.
    folders = [f"{table}/dt={day}" for day in day_partitions.days_in_table(spark, table, days)]
    if not folders:
        return None
    try:
        # Of many days the oldest may lack columns that a later release has added.
        return spark.read.options(basePath=table, mergeSchema=len(folders) > 1).parquet(*folders)
    except AnalysisException as error:
        if error.getCondition() != "UNABLE_TO_INFER_SCHEMA":
            raise
        return None


def _read_silver(spark: SparkSession, lake: str, days: Sequence[date]) -> tuple[DataFrame, dict[date, Row]]:
    """Silver of the days, and how many rows and which newest ingestion each has.

    Raises:
        FileNotFoundError: a day has none.
    """
    silver = _read(spark, f"{lake}/{SILVER}", days)
    counts = [sf.count("*").alias("rows"), sf.max("ingestion_timestamp").alias("newest")]
    rows = silver.groupBy("dt").agg(*counts).collect() if silver else []
    found = {date.fromisoformat(row.dt): row for row in rows}
    empty = [day for day in days if day not in found]
    if silver is None or empty:
        raise FileNotFoundError(f"{SILVER}/dt={empty[0]}/ is empty: run bronze_to_silver for that date first")
    return silver, found


def run(spark: SparkSession, lake: str, days: Sequence[date]) -> list[Row]:
    """Do days: read their silver, write their partitions of gold's two tables.

    Args:
        spark: a session; its time zone is set to UTC.
        lake: where the lake's prefixes are, such as s3://my-lake.
        days: dt in the lake's keys.

    Returns:
        Each day's row of gold_market_summary, with dt as text; also printed.

    Raises:
        FileNotFoundError: a day has no silver; nothing was written.
        ValueError: gold would not have silver's rows; nothing was written.
    """
    day_partitions.configure(spark)
    silver, found = _read_silver(spark, lake, days)
    quarantined = _quarantined(spark, lake, {day: found[day].newest for day in days})
    gold = transform(day_partitions.one_file_a_day(silver, days)).persist()
    try:
        summaries = summarise(gold, quarantined).persist()
        summed = {date.fromisoformat(row.dt): row for row in summaries.collect()}
        for day in days:
            coins = summed[day].coins if day in summed else 0
            if coins != found[day].rows:
                raise ValueError(
                    f"{GOLD_COINS}/dt={day}/ would have {coins} rows and {SILVER}/dt={day}/ has "
                    f"{found[day].rows}, so nothing was written: this is an error in silver_to_gold"
                )
            print(
                f"gold of dt={day}: {coins} rows in silver = {coins} in gold, of which "
                f"{summed[day].ranked} ranked and {summed[day].flagged} flagged; "
                f"{summed[day].quarantined} quarantined",
                flush=True,
            )
        day_partitions.overwrite(gold, f"{lake}/{GOLD_COINS}", days)
        day_partitions.overwrite(summaries, f"{lake}/{GOLD_SUMMARY}", days)
        summaries.unpersist()
    finally:
        gold.unpersist()
    return [summed[day] for day in days]


def _quarantined(spark: SparkSession, lake: str, newest: Mapping[date, datetime]) -> dict[date, int]:
    """How many rows of each day's latest ingestion were refused: fetching a day twice does not make it worse.

    Args:
        spark: a session.
        lake: where the lake's prefixes are.
        newest: the newest ingestion in silver by day; a later one may have been refused as a whole.
    """
    refused = _read(spark, f"{lake}/{QUARANTINE}", list(newest))
    latest = {day: (moment, 0) for day, moment in newest.items()}
    if refused:
        # An ingestion that was cut off says nothing about the data.
        whole = refused.where("NOT array_contains(reasons, 'incomplete_ingestion')")
        for row in whole.groupBy("dt", "ingestion_timestamp").count().collect():
            day = date.fromisoformat(row.dt)
            if row.ingestion_timestamp >= latest[day][0]:
                latest[day] = (row.ingestion_timestamp, row["count"])
    return {day: count for day, (_, count) in latest.items()}


def main(argv: Sequence[str]) -> None:
    """Run the job as Glue does."""
    lake, days = day_partitions.parse_arguments("Silver to gold: one day, or a range of days.", argv)
    spark = SparkSession.builder.appName("silver_to_gold").getOrCreate()
    remedy = "run bronze_to_silver for them first"
    run(spark, lake, day_partitions.days_to_do(spark, lake, SILVER, days, remedy))


if __name__ == "__main__":
    main(sys.argv[1:])
