"""Glue job silver_to_gold: one day of silver becomes ranked coins and the day's market summary.

    silver/coins_market/dt=D/
      -> gold/coins_market/dt=D/    every coin of silver, ranked unless a flag disqualifies it
      -> gold/market_summary/dt=D/  one row: the market over the ranked coins

Columns and types are those that the Glue Data Catalog declares for gold_coins_market and gold_market_summary.
Gold of a day is a function of that day's silver, and of how many rows its quarantine holds, so the job may be
rerun at any time and in any order.

    silver_to_gold.py --run_date 2026-01-31 --bucket my-lake
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Sequence
from datetime import date

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, Row, SparkSession, Window
from pyspark.sql import functions as sf

SILVER = "silver/coins_market"
QUARANTINE = "quarantine/coins_market"
GOLD_COINS = "gold/coins_market"
GOLD_SUMMARY = "gold/market_summary"
UNFINISHED_SECONDS = 3600  # longer than the job's own timeout: nobody writes to such a folder any more

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

# Column, SQL over gold_coins_market. The quarantined rows are counted apart.
SUMMARY = (
    ("coins", "int(count(*))"),
    ("ranked", "int(count(rank))"),
    ("flagged", "int(count_if(size(quality_flags) > 0))"),
    ("quarantined", "int({quarantined})"),
    ("total_market_cap", "sum(market_cap) FILTER (WHERE rank IS NOT NULL)"),
    ("total_volume", "sum(total_volume) FILTER (WHERE rank IS NOT NULL)"),
    ("btc_dominance_pct", "max(market_share_pct) FILTER (WHERE coin_id = 'bitcoin')"),
    ("eth_dominance_pct", "max(market_share_pct) FILTER (WHERE coin_id = 'ethereum')"),
    ("average_change_24h_pct", "avg(price_change_percentage_24h) FILTER (WHERE rank IS NOT NULL)"),
    ("median_change_24h_pct", "percentile(price_change_percentage_24h, 0.5) FILTER (WHERE rank IS NOT NULL)"),
    ("gainers", "int(count_if(rank IS NOT NULL AND price_change_percentage_24h > 0))"),
    ("losers", "int(count_if(rank IS NOT NULL AND price_change_percentage_24h < 0))"),
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
    ranked = Window.partitionBy("dt", "eligible")
    return (
        silver.withColumn("eligible", sf.coalesce(eligible, sf.lit(False)))
        .withColumns(
            {
                "position": sf.row_number().over(ranked.orderBy(sf.desc("market_cap"), "coin_id")),
                "ranked_market_cap": sf.sum("market_cap").over(ranked),
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


def summarise(gold: DataFrame, quarantined: int) -> DataFrame:
    """Sum up each day of gold_coins_market.

    Args:
        gold: as `transform` returns it.
        quarantined: rows of the day's latest ingestion that were refused.

    Returns:
        gold_market_summary: one row a day, its columns in order, then dt.
    """
    figures = [sf.expr(sql.format(quarantined=quarantined)).alias(column) for column, sql in SUMMARY]
    return gold.groupBy("dt").agg(*figures).select(*(column for column, _ in SUMMARY), "dt")


def _partition(spark: SparkSession, folder: str) -> DataFrame | None:
    """One partition's Parquet; None when the folder is missing or holds no data."""
    jvm, context = spark._jvm, spark._jsc
    path = jvm.org.apache.hadoop.fs.Path(folder)  # type: ignore[union-attr]
    # Asked first, because reading a folder that is not there fills the log with a stack trace, and most days
    # have no quarantine.
    if not path.getFileSystem(context.hadoopConfiguration()).exists(path):
        return None
    try:
        return spark.read.parquet(folder)
    except AnalysisException as error:
        if error.getCondition() != "UNABLE_TO_INFER_SCHEMA":
            raise
        return None


def _overwrite(rows: DataFrame, table: str, run_date: date) -> None:
    """Replace the day's partition of a table, and no other."""
    _remove_unfinished(rows.sparkSession, table, run_date)
    rows.write.mode("overwrite").option("partitionOverwriteMode", "dynamic").option(
        "compression", "snappy"
    ).partitionBy("dt").parquet(table)


def _remove_unfinished(spark: SparkSession, table: str, run_date: date) -> None:
    """Delete what killed runs left beside a table's partitions: the day's, and what is older than any run.

    Spark writes there first, and a run that is killed cannot tidy up. Queries do not look there, but a
    crawler would take it for partitions.
    """
    jvm, context = spark._jvm, spark._jsc
    path = jvm.org.apache.hadoop.fs.Path(f"{table}/.spark-staging-*")  # type: ignore[union-attr]
    fs = path.getFileSystem(context.hadoopConfiguration())
    for folder in fs.globStatus(path):
        files, newest, days = fs.listFiles(folder.getPath(), True), None, set[str]()
        while files.hasNext():
            file = files.next()
            newest = max(newest or 0, file.getModificationTime())
            days |= set(re.findall(r"/dt=([^/]+)/", file.getPath().toString()))
        if newest is None:  # no file yet: its age is not known, since object stores have no folders
            continue
        if str(run_date) in days or newest / 1000 < time.time() - UNFINISHED_SECONDS:
            print(f"{folder.getPath()} is what another run of the day left unfinished: deleted", flush=True)
            fs.delete(folder.getPath(), True)


def run(spark: SparkSession, lake: str, run_date: date) -> Row:
    """Do one day: read its silver, write its two tables of gold.

    Args:
        spark: a session; its time zone is set to UTC.
        lake: where the lake's prefixes are, such as s3://my-lake.
        run_date: the day, dt in the lake's keys.

    Returns:
        The day's row of gold_market_summary, also printed.

    Raises:
        FileNotFoundError: the day has no silver.
        ValueError: gold would not have silver's rows; nothing was written.
    """
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    # Compiling a plan takes longer than interpreting it for a few hundred rows.
    spark.conf.set("spark.sql.codegen.wholeStage", "false")
    # As in silver: INT64 microseconds in UTC, read alike by Athena, DuckDB and Arrow.
    spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")

    partition = f"{SILVER}/dt={run_date}/"
    silver = _partition(spark, f"{lake}/{partition}")
    rows_in, newest = (
        silver.agg(sf.count("*"), sf.max("ingestion_timestamp")).collect()[0] if silver else (0, None)
    )
    if silver is None or rows_in == 0:
        raise FileNotFoundError(f"{partition} is empty: run bronze_to_silver for that date first")
    refused = _partition(spark, f"{lake}/{QUARANTINE}/dt={run_date}/")
    counts = (
        {
            row[0]: row[1]
            for row in refused.where("NOT array_contains(reasons, 'incomplete_ingestion')")
            .groupBy("ingestion_timestamp")
            .count()
            .collect()
        }
        if refused
        else {}
    )
    # Of the day's latest ingestion alone: fetching a day twice does not make it worse. One that was cut off
    # says nothing about the data.
    quarantined = counts.get(max([newest, *counts]), 0)

    # A day is a few hundred rows: one partition means one task a job, no shuffle, and one file in gold.
    gold = transform(silver.coalesce(1).withColumn("dt", sf.lit(str(run_date)))).persist()
    try:
        summaries = summarise(gold, quarantined).persist()
        summary = summaries.first()
        if summary is None or summary.coins != rows_in:
            raise ValueError(
                f"{GOLD_COINS}/dt={run_date}/ would have {summary and summary.coins} rows and {partition} "
                f"has {rows_in}, so nothing was written: this is an error in silver_to_gold"
            )
        print(
            f"gold of dt={run_date}: {rows_in} rows in silver = {summary.coins} in gold, of which "
            f"{summary.ranked} ranked and {summary.flagged} flagged; {summary.quarantined} quarantined",
            flush=True,
        )
        _overwrite(gold, f"{lake}/{GOLD_COINS}", run_date)
        _overwrite(summaries, f"{lake}/{GOLD_SUMMARY}", run_date)
        summaries.unpersist()
    finally:
        gold.unpersist()
    return summary


def main(argv: Sequence[str]) -> None:
    """Run the job as Glue does; the other parameters that Glue passes are ignored."""
    parser = argparse.ArgumentParser(description="One day of silver to gold.")
    parser.add_argument("--run_date", required=True, help="the day, YYYY-MM-DD")
    parser.add_argument("--bucket", required=True, help="the lake's bucket")
    arguments, _ = parser.parse_known_args(argv)
    try:
        run_date = date.fromisoformat(arguments.run_date)
    except ValueError:
        raise ValueError(f"--run_date {arguments.run_date!r} is not a date: give YYYY-MM-DD") from None
    spark = SparkSession.builder.appName("silver_to_gold").getOrCreate()
    run(spark, f"s3://{arguments.bucket}", run_date)


if __name__ == "__main__":
    main(sys.argv[1:])
