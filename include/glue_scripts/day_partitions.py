"""What both Glue jobs share: their arguments, Spark's settings, and the days of the lake's tables.

This module travels beside the scripts by `--extra-py-files`, on AWS Glue and on the laptop.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as sf

UNFINISHED_SECONDS = 3600  # longer than the jobs' own timeout: no run still writes to such a folder
_UNFINISHED = "{.spark-staging-*,__magic*}"  # Spark's own on a disk, and those of S3A's committer on S3


class Market(NamedTuple):
    """A day in one currency: what is ranked, summed up and judged by itself."""

    day: date
    currency: str

    def __str__(self) -> str:
        return f"dt={self.day}, currency={self.currency}"


def parse_arguments(description: str, argv: Sequence[str]) -> tuple[str, list[date]]:
    """Read a job's arguments as Glue passes them; its other parameters are ignored.

    Returns:
        The lake's address, such as s3://my-lake, and the days that the arguments name.

    Raises:
        ValueError: the arguments name no days; says which argument is wrong.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--run_date", help="the one day, YYYY-MM-DD")
    parser.add_argument("--from_date", help="the first day of a range, YYYY-MM-DD")
    parser.add_argument("--to_date", help="the last day of the range, YYYY-MM-DD")
    parser.add_argument("--bucket", required=True, help="the lake's bucket")
    arguments, _ = parser.parse_known_args(argv)
    days: dict[str, date] = {}
    for name in ("run_date", "from_date", "to_date"):
        if text := getattr(arguments, name):
            try:
                days[name] = date.fromisoformat(text)
            except ValueError:
                raise ValueError(f"--{name} {text!r} is not a date: give YYYY-MM-DD") from None
    if days.keys() not in ({"run_date"}, {"from_date", "to_date"}):
        raise ValueError("which days? give --run_date, or --from_date and --to_date")
    first = days.get("from_date") or days["run_date"]
    last = days.get("to_date", first)
    if first > last:
        raise ValueError(f"--from_date {first} is after --to_date {last}")
    return f"s3://{arguments.bucket}", [first + timedelta(days=n) for n in range((last - first).days + 1)]


def configure(spark: SparkSession, further: Mapping[str, str] | None = None) -> None:
    """Set what both jobs need of Spark, and a job's own settings."""
    settings = {
        "spark.sql.session.timeZone": "UTC",
        # Compiling a plan takes longer than interpreting it for a few hundred rows. For many rows, too: a
        # stage in one piece is a method of more code than the JVM compiles.
        "spark.sql.codegen.wholeStage": "false",
        # What is kept between the steps is read twice: looking for ways to compress it takes longer.
        "spark.sql.inMemoryColumnarStorage.compressed": "false",
        # A task for each folder of a range takes longer than listing it.
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": "16",
        # INT64 microseconds in UTC: Athena, DuckDB and Arrow read it alike. Spark's default, INT96, is
        # deprecated and carries no statistics to prune by.
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        # dt stays the text that it is in keys.
        "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
        **(further or {}),
    }
    for name, value in settings.items():
        spark.conf.set(name, value)


def days_in_table(spark: SparkSession, table: str, days: Sequence[date]) -> list[date]:
    """Those of the days that a table has: one day is asked for, for several the table is listed."""
    path, fs = _open(spark, table)
    if len(days) == 1:
        return [day for day in days if fs.exists(path.suffix(f"/dt={day}"))]
    names = {status.getPath().getName() for status in fs.listStatus(path)} if fs.exists(path) else set()
    return [day for day in days if f"dt={day}" in names]


def days_to_do(spark: SparkSession, lake: str, layer: str, days: list[date], remedy: str) -> list[date]:
    """One day as it is; of a range the days that a layer has, and the log names the others.

    Raises:
        FileNotFoundError: the layer has no day of the range.
    """
    if len(days) == 1:
        return days
    present = days_in_table(spark, f"{lake}/{layer}", days)
    if not present:
        raise FileNotFoundError(f"{layer}/ has no day from {days[0]} to {days[-1]}: {remedy}")
    if missing := sorted(set(days) - set(present)):
        name = layer.partition("/")[0]
        print(
            f"{len(missing)} of {len(days)} days have no {name}: {', '.join(map(str, missing))}", flush=True
        )
    return present


def is_of(days: Sequence[date]) -> Column:
    """Whether a row is of one of the days."""
    return sf.col("dt").isin([str(day) for day in days])


def is_in(markets: Sequence[Market]) -> Column:
    """Whether a row is of one of the markets."""
    return sf.concat_ws("/", "dt", "currency").isin([f"{day}/{currency}" for day, currency in markets])


def read(spark: SparkSession, table: str, days: Sequence[date]) -> DataFrame | None:
    """These days of a table, with dt as text; None when there is no data."""
    # Asked first, because reading a folder that is not there fills the log with a stack trace, and most days
    # have no quarantine.
    folders = [f"{table}/dt={day}" for day in days_in_table(spark, table, days)]
    if not folders:
        return None
    try:
        # Of many days the oldest may lack columns that a later release has added.
        return spark.read.options(basePath=table, mergeSchema=len(folders) > 1).parquet(*folders)
    except AnalysisException as error:
        if error.getCondition() != "UNABLE_TO_INFER_SCHEMA":
            raise
        return None


def one_file_a_day(rows: DataFrame, days: Sequence[date]) -> DataFrame:
    """Bring each day's rows together.

    A day is a few hundred rows: one partition means one task a job, no shuffle, and one file. Of many days
    each is whole in one partition, so that this is the only shuffle.
    """
    return rows.coalesce(1) if len(days) == 1 else rows.repartition("dt")


def overwrite(rows: DataFrame, table: str, days: Sequence[date]) -> None:
    """Replace these days' partitions of a table, and no other."""
    if not days:
        return
    _remove_unfinished(rows.sparkSession, table, days)
    rows.where(is_of(days)).write.mode("overwrite").option("partitionOverwriteMode", "dynamic").option(
        "compression", "snappy"
    ).partitionBy("dt").parquet(table)


def remove(spark: SparkSession, table: str, days: Sequence[date]) -> None:
    """Delete days of a table if they are there: overwriting with no rows would leave them as they were."""
    path, fs = _open(spark, table)
    for day in days_in_table(spark, table, days):
        fs.delete(path.suffix(f"/dt={day}"), True)


def _remove_unfinished(spark: SparkSession, table: str, days: Sequence[date]) -> None:
    """Delete what killed runs left beside a table's partitions: these days', and what is older than any run.

    Spark writes there first, and a run that is killed cannot tidy up. Queries do not look there. A crawler
    of a catalog table may: no path can be excluded for it, so what is left has to go before the crawl. No
    live run writes these days: Glue runs one of a job at a time (`MaxConcurrentRuns`).
    """
    path, fs = _open(spark, f"{table}/{_UNFINISHED}")
    ours = set(map(str, days))
    for folder in fs.globStatus(path):
        files, newest, unfinished = fs.listFiles(folder.getPath(), True), None, set[str]()
        while files.hasNext():
            file = files.next()
            newest = max(newest or 0, file.getModificationTime())
            unfinished |= set(re.findall(r"/dt=([^/]+)/", file.getPath().toString()))
        if newest is None:  # no file yet: its age is not known, since object stores have no folders
            continue
        if ours & unfinished or newest / 1000 < time.time() - UNFINISHED_SECONDS:
            print(f"{folder.getPath()} is what another run of the day left unfinished: deleted", flush=True)
            fs.delete(folder.getPath(), True)


def _open(spark: SparkSession, address: str) -> tuple:  # type: ignore[type-arg]  # Hadoop's, by Py4J
    """A path of Hadoop's, and the file system that it is in."""
    path = spark._jvm.org.apache.hadoop.fs.Path(address)  # type: ignore[union-attr]
    return path, path.getFileSystem(spark._jsc.hadoopConfiguration())
