"""Glue job bronze_to_silver: raw CoinGecko JSON becomes typed, deduplicated Parquet, day by day.

    bronze/coins_market/dt=D/currency=<currency>/ingested_at=<time>/source=<source>/page-NNNN.json
      (exact API responses)
      -> silver/coins_market/dt=D/       one row a coin and currency, doubtful rows flagged
      -> quarantine/coins_market/dt=D/   rows refused, with the reasons; absent when there are none

Silver and quarantine of a day are computed from that day's bronze alone, so the job may be rerun at any time
and in any order. A run makes every currency of its days, each by itself: one is never compared with another.
Every row of bronze ends in silver, in quarantine, or as a duplicate dropped; the job prints that balance of
each day and currency. If it does not hold, nothing of that day and currency is written, and the run fails.

    bronze_to_silver.py --run_date 2026-01-31 --bucket my-lake
    bronze_to_silver.py --from_date 2025-02-01 --to_date 2026-01-31 --bucket my-lake
    bronze_to_silver.py --run_date 2026-01-31 --currency eur --bucket my-lake

A range of days is one run of the job, not one a day. Days without bronze are left out. A day that cannot be
published does not stop the others, and a currency does not stop the day's others; the run fails when they are
done. With --currency, only that currency's failures fail it; those of the others are printed.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame, Row, SparkSession, Window
from pyspark.sql import functions as sf

import day_partitions
from day_partitions import Market
from silver_rules import FIELDS, FLAGS, HISTORY, KEEP, READ, REFUSALS, SILVER_COLUMNS

BRONZE = "bronze/coins_market"
SILVER = "silver/coins_market"
QUARANTINE = "quarantine/coins_market"
QUARANTINE_COLUMNS = (
    *("reasons", "coin_id", "raw"),
    *("source", "ingestion_timestamp", "bronze_key", "row_number", "currency"),
)

CURRENCY = "[a-z]{2,10}"  # a currency as CoinGecko names it: that of the lake's settings
_PAGE_KEY = re.compile(
    rf"{BRONZE}/dt=[^/]+/currency={CURRENCY}/ingested_at=([0-9]{{8}}T[0-9]{{6}}Z)/source=[a-z0-9_-]+"
    "/[^/]+[.]json"
)
_KEY_WITHOUT_CURRENCY = re.compile(rf"{BRONZE}/dt=[^/]+/ingested_at=[^/]+/source=[^/]+/[^/]+")


@dataclass(frozen=True)
class Balance:
    """Where a market's bronze rows went, and how often each reason, flag and unknown field occurred."""

    market: Market
    bronze: int
    silver: int
    quarantined: int
    duplicates: int
    reasons: dict[str, int]
    flags: dict[str, int]
    extra_fields: dict[str, int]

    @property
    def holds(self) -> bool:
        """Whether every bronze row is accounted for."""
        return self.bronze == self.silver + self.quarantined + self.duplicates

    def __str__(self) -> str:
        lines = [
            f"balance of {self.market}: {self.bronze} rows in bronze = {self.silver} in silver "
            f"+ {self.quarantined} quarantined + {self.duplicates} duplicates dropped"
        ]
        for what, counts in (
            ("quarantined", self.reasons),
            ("flagged", self.flags),
            ("field not in the schema, kept in extra:", self.extra_fields),
        ):
            # A field's name comes from outside: it gets no line of its own.
            lines += [f"  {what} {ascii(name)[1:-1]}: {count} rows" for name, count in sorted(counts.items())]
        return "\n".join(lines)


# Read


def read_pages(spark: SparkSession, lake: str, days: Sequence[date]) -> DataFrame:
    """Read the bronze of days: one row a page.

    Returns:
        dt, bronze_key, currency, source and ingestion_timestamp, all from the key, and value, the page's
        text.

    Raises:
        FileNotFoundError: the days have no bronze.
    """
    folders = [f"{lake}/{BRONZE}/dt={day}/" for day in days]
    try:
        text = spark.read.option("recursiveFileLookup", True).text(folders, wholetext=True)
    except AnalysisException as error:
        if error.getCondition() != "PATH_NOT_FOUND":
            raise
        raise FileNotFoundError(_no_bronze(days[0])) from None
    parts = f"{BRONZE}/dt=([^/]+)/currency=([^/]+)/ingested_at=([^/]+)/source=([^/]+)/"
    pages = text.selectExpr(
        f"regexp_extract(_metadata.file_path, '({BRONZE}/dt=.*)', 1) AS bronze_key",
        f"regexp_extract(_metadata.file_path, '{BRONZE}/dt=([^/]+)/', 1) AS dt",
        f"regexp_extract(_metadata.file_path, '{parts}', 2) AS currency",
        f"regexp_extract(_metadata.file_path, '{parts}', 3) AS ingested_at",
        f"regexp_extract(_metadata.file_path, '{parts}', 4) AS source",
        "value",
    )
    moment = "try_to_timestamp(ingested_at, \"yyyyMMdd'T'HHmmssX\")"
    return day_partitions.one_file_a_day(
        pages.withColumn("ingestion_timestamp", sf.expr(moment)).drop("ingested_at"), days
    )


def _no_bronze(day: date) -> str:
    return (
        f"{BRONZE}/dt={day}/ is empty: run fetch_markets for that date first; "
        "if it is over, crypto_market_backfill"
    )


# Take apart


def _take_apart(pages: DataFrame) -> DataFrame:
    """Take pages apart: one row a coin, plus one for a page that is not a JSON array or is an empty one.

    Returns:
        What is known of a page, page_rows (how many rows it has), row_number, and the row itself in the
        variant `coin`; of a page that cannot be read its text in `unreadable`.
    """
    # What is known of a page by its key is settled while there are few rows. fetch_markets writes page 1
    # last: an ingestion of which only later pages are there was cut off.
    ingestion = Window.partitionBy("dt", "currency", "ingestion_timestamp", "source")
    number = sf.expr("try_cast(regexp_extract(bronze_key, '/page-([0-9]+)[.]json$', 1) AS int)")
    latest = sf.max(sf.expr("if(is_whole, struct(ingestion_timestamp, source), NULL)"))
    known = pages.withColumn("is_whole", sf.coalesce(sf.min(number).over(ingestion) <= 1, sf.lit(True)))
    known = known.withColumn("day_source", latest.over(Window.partitionBy("dt", "currency"))["source"])
    # A parser stops at the end of an array and ignores what is behind. So the page's key is put behind it:
    # it is found there only if the page is one array and nothing else.
    strict = "map('allowSingleQuotes', 'false', 'allowNonNumericNumbers', 'false')"
    page = f"""from_json('[' || value || ', ["' || bronze_key || '"]]', 'array<array<variant>>', {strict})"""
    is_array = """is_valid_utf8(value) AND size(page) = 2 AND page[0] IS NOT NULL
        AND try_variant_get(page[1][0], '$', 'string') = bronze_key"""
    return (
        known.withColumn("page", sf.expr(page))
        .withColumn("is_array", sf.expr(f"coalesce({is_array}, false)"))
        .selectExpr(
            "dt",
            "bronze_key",
            "currency",
            "source",
            "ingestion_timestamp",
            "is_whole",
            "day_source",
            "is_array",
            "if(is_array, size(page[0]), 1) AS page_rows",
            # A Parquet file with a string that is not UTF-8 cannot be read by Athena or Arrow.
            "if(is_array, NULL, make_valid_utf8(value)) AS unreadable",
            "posexplode_outer(if(is_array, page[0], NULL)) AS (position, coin)",
        )
        .withColumn("row_number", sf.expr("position + 1"))
    )


# Type


def _read_fields(rows: DataFrame) -> DataFrame:
    """Read a coin's fields, each in its column's type.

    Returns:
        Also the fields' `texts`, and their `values` before those that a column does not keep became null.
    """
    texts, values, kept = [], [], {}
    for name, field, type_, _ in FIELDS:
        text = f"try_variant_get(coin, '$.{field}', 'string')"
        texts.append(f"{text if type_ == 'string' else f'trim({text})'} AS {name}")
        values.append(f"{READ[type_].format(field=field, text=f'texts.{name}')} AS {name}")
        kept[name] = sf.expr(KEEP[type_].format(value=f"values.{name}"))
    # Each in a step of its own, so that a text is read once.
    return (
        rows.withColumn("texts", sf.expr(f"struct({', '.join(texts)})"))
        .withColumn("values", sf.expr(f"struct({', '.join(values)})"))
        .withColumns(kept)
    )


def _find_faults(rows: DataFrame) -> DataFrame:
    """Find what the rules ask for.

    Returns:
        Also is_object, is_outdated, is_malformed, has_implausible_date, and `unknown`: the fields that no
        column has.
    """
    moments = {name for name, _, type_, _ in FIELDS if type_ == "timestamp"}
    malformed = " OR ".join(
        f"(texts.{name} IS NOT NULL AND {f'values.{name}' if name in moments else name} IS NULL)"
        for name, *_ in FIELDS
    )
    implausible = " OR ".join(f"(values.{name} IS NOT NULL AND {name} IS NULL)" for name in sorted(moments))
    known = {str(field).partition(".")[0] for _, field, *_ in FIELDS}
    known_of_roi = {str(field).partition(".")[2] for _, field, *_ in FIELDS} - {""}
    unknown = f"map_filter(fields, (name, value) -> name NOT IN {_words(known)})"
    unknown_of_roi = f"map_filter(coalesce(roi, map()), (name, value) -> name NOT IN {_words(known_of_roi)})"
    # An earlier release stored a history's [moment, price] as it came.
    outdated = f"source LIKE '%{HISTORY}' AND map_contains_key(fields, 'prices')"
    return (
        rows.withColumn("fields", sf.expr("try_variant_get(coin, '$', 'map<string, variant>')"))
        .withColumn("roi", sf.expr("try_variant_get(coin, '$.roi', 'map<string, variant>')"))
        .withColumns(
            {
                "is_object": sf.expr("fields IS NOT NULL"),
                "is_outdated": sf.expr(outdated),
                "is_malformed": sf.expr(
                    f"{malformed} OR (roi IS NULL AND try_variant_get(coin, '$.roi', 'string') IS NOT NULL)"
                ),
                "has_implausible_date": sf.expr(implausible),
                "unknown": sf.expr(
                    f"map_concat({unknown}, "
                    f"transform_keys({unknown_of_roi}, (name, value) -> 'roi.' || name))"
                ),
            }
        )
    )


def _words(names: Iterable[str]) -> str:
    """SQL for a list of names."""
    return f"({', '.join(repr(name) for name in sorted(names))})"


# Judge and deduplicate


def transform(pages: DataFrame) -> DataFrame:
    """Decide for every row of bronze where it goes.

    Args:
        pages: as `read_pages` returns them.

    Returns:
        One row a coin and currency: silver's columns, dt, bronze_key, row_number (from 1 within the page),
        raw (the row's JSON; white space, the order of its fields, the spelling of numbers and what is not
        UTF-8 are normalised, bronze_key has the exact bytes), reasons (why it is refused), verdict (silver,
        quarantined, duplicate, or empty_page for a page without rows) and what the balance needs: page_rows
        and extra_names.
    """
    # Pages overlap and a day may be ingested twice; position in bronze settles what the clocks leave open.
    newest_first = Window.partitionBy("dt", "currency", "coin_id", sf.size("reasons") > 0).orderBy(
        sf.desc("ingestion_timestamp"), sf.desc_nulls_last("last_updated"), "bronze_key", "row_number"
    )
    volume = sf.sum(sf.expr("if(verdict = 'silver' AND total_volume > 0, total_volume, 0D)"))
    return (
        _find_faults(_read_fields(_take_apart(pages)))
        .withColumn("reasons", _names_of(REFUSALS))
        .withColumn("recency", sf.row_number().over(newest_first))
        .withColumn(
            "verdict",
            sf.expr(
                "CASE WHEN page_rows = 0 THEN 'empty_page' WHEN size(reasons) > 0 THEN 'quarantined' "
                "WHEN recency > 1 THEN 'duplicate' ELSE 'silver' END"
            ),
        )
        .withColumn("day_volume", volume.over(Window.partitionBy("dt", "currency")))
        .withColumns(
            {
                "quality_flags": _names_of(
                    (flag, condition.format(threshold=threshold)) for flag, condition, threshold in FLAGS
                ),
                "raw": sf.expr(
                    "if(is_array, coalesce(try_variant_get(coin, '$', 'string'), 'null'), unreadable)"
                ),
                "extra": sf.expr("if(cardinality(unknown) > 0, to_json(unknown), NULL)"),
                "extra_names": sf.expr("array_sort(map_keys(coalesce(unknown, map())))"),
            }
        )
        .select(
            *("dt", *SILVER_COLUMNS, "raw", "bronze_key", "row_number"),
            *("reasons", "verdict", "page_rows", "extra_names"),
        )
    )


def _names_of(rules: Iterable[tuple[str, str]]) -> Column:
    """The sorted names of the rules whose condition is true."""
    return sf.array_compact(
        sf.array(*(sf.when(sf.expr(condition), sf.lit(name)) for name, condition in sorted(rules)))
    )


# Balance


def measure(rows: DataFrame) -> dict[Market, tuple[Balance, set[str]]]:
    """Count each day in each currency, all in one Spark job.

    Returns:
        By day and currency: the balance, and the keys of the pages that were read.
    """
    groups = rows.groupBy(
        *("dt", "currency", "bronze_key", "page_rows", "verdict"), "reasons", "quality_flags", "extra_names"
    ).count()
    markets: dict[Market, list[Row]] = {}
    for group in groups.collect():
        markets.setdefault(Market(date.fromisoformat(group.dt), group.currency), []).append(group)
    return {market: _count(market, markets[market]) for market in sorted(markets)}


def _count(market: Market, groups: list[Row]) -> tuple[Balance, set[str]]:
    pages: dict[str, int] = {}
    verdicts, reasons, flags, extra_fields = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for group in groups:
        pages[group.bronze_key] = group.page_rows
        verdicts[group.verdict] += group["count"]
        counted = [(reasons, group.reasons)] if group.verdict == "quarantined" else []
        if group.verdict == "silver":
            counted = [(flags, group.quality_flags), (extra_fields, group.extra_names)]
        for counter, names in counted:
            counter.update(dict.fromkeys(names or (), group["count"]))
    balance = Balance(
        market=market,
        bronze=sum(pages.values()),
        silver=verdicts["silver"],
        quarantined=verdicts["quarantined"],
        duplicates=verdicts["duplicate"],
        reasons=dict(reasons),
        flags=dict(flags),
        extra_fields=dict(extra_fields),
    )
    return balance, set(pages)


def _why_not_written(balance: Balance, unread: set[str]) -> str | None:
    """Why nothing of a day in a currency may be written; None if it may."""
    prefix = f"{BRONZE}/dt={balance.market.day}/currency={balance.market.currency}/"
    if unread:
        return f"{min(unread)} is an empty file: delete it and run fetch_markets for that date"
    if not balance.holds:
        return (
            f"the balance of {prefix} does not hold, so nothing was written: "
            f"{balance.bronze} rows in bronze, but {balance.silver} + {balance.quarantined} + "
            f"{balance.duplicates} accounted for; this is an error in bronze_to_silver"
        )
    if balance.bronze == 0:
        return f"{prefix} holds no rows, only empty pages: run fetch_markets for that date again"
    return None


def _why_no_silver(balance: Balance) -> str:
    """Why a day in a currency of which every row was refused has no new silver."""
    day, currency = balance.market
    remedy = f"read {QUARANTINE}/dt={day}/, then run fetch_markets for that date again"
    if "outdated_history" in balance.reasons:
        remedy = "an earlier release wrote its history: run crypto_market_backfill for that date with replace"
    return (
        f"all {balance.quarantined} rows of {BRONZE}/dt={day}/currency={currency}/ were refused "
        f"({', '.join(sorted(balance.reasons))}), {SILVER}/dt={day}/ is left as it was in {currency}: "
        f"{remedy}"
    )


# Write


def run(spark: SparkSession, lake: str, days: Sequence[date], currency: str | None = None) -> list[Balance]:
    """Do days: read their bronze, check each balance, write their quarantine and their silver.

    Args:
        spark: a session; its time zone is set to UTC.
        lake: where the lake's prefixes are, such as s3://my-lake.
        days: dt in the lake's keys.
        currency: the only one whose failures fail the run; None: every one of them does.

    Returns:
        The balance of each day in each currency, also printed.

    Raises:
        FileNotFoundError: a day has no bronze.
        ValueError: days cannot be published, or not in a currency: their silver was left as it was, and the
            others were done.
    """
    # Of a key that occurs twice in an object the last counts, as in other JSON readers; it is no error.
    last = {"spark.sql.variant.allowDuplicateKeys": "true", "spark.sql.mapKeyDedupPolicy": "LAST_WIN"}
    day_partitions.configure(spark, last)
    pages = read_pages(spark, lake, days)
    keys = _keys(pages)
    failed_days = _unreadable_days(days, keys)
    readable = [day for day in days if day not in failed_days]
    rows = transform(pages.where(day_partitions.is_of(readable))).persist()
    failures: dict[Market, Exception] = {}
    try:
        counted = measure(rows) if readable else {}
        balances = []
        for market, stored in _keys_by_market(keys, readable).items():
            balance, seen = counted.get(market, _count(market, []))
            print(balance, flush=True)
            if reason := _why_not_written(balance, stored - seen):
                failures[market] = ValueError(reason)
            else:
                balances.append(balance)
        _write(rows, lake, balances, list(failures))
    finally:
        rows.unpersist()
    failures |= {b.market: ValueError(_why_no_silver(b)) for b in balances if b.silver == 0}
    if currency:
        for market in [market for market in sorted(failures) if market.currency != currency]:
            print(f"{market} failed, and is not of this run's currency: {failures.pop(market)}", flush=True)
    _raise(failed_days, failures, len(days))
    return balances


def _keys(pages: DataFrame) -> dict[date, set[str]]:
    """The keys of each day that a frame reads, from Spark's listing: no job runs."""
    keys: dict[date, set[str]] = {}
    for path in pages.inputFiles():
        key = path[path.find(f"{BRONZE}/dt=") :]
        keys.setdefault(date.fromisoformat(key.split("/")[2].removeprefix("dt=")), set()).add(key)
    return keys


def _keys_by_market(keys: dict[date, set[str]], days: Sequence[date]) -> dict[Market, set[str]]:
    """The keys of pages of some days, by day and currency."""
    markets: dict[Market, set[str]] = {}
    for day in days:
        for key in sorted(keys[day]):
            currency = key.split("/")[3].removeprefix("currency=")
            markets.setdefault(Market(day, currency), set()).add(key)
    return markets


def _unreadable_days(days: Sequence[date], keys: dict[date, set[str]]) -> dict[date, Exception]:
    """Which days have no bronze, or something else in it, and what to do."""
    failures: dict[date, Exception] = {}
    for day in days:
        if day not in keys:
            failures[day] = FileNotFoundError(_no_bronze(day))
        elif outdated := sorted(key for key in keys[day] if _KEY_WITHOUT_CURRENCY.fullmatch(key)):
            failures[day] = ValueError(
                f"{outdated[0]} does not say in which currency it is, because an earlier release stored it: "
                'follow "Upgrade a lake without currencies" in docs/operations.md'
            )
        elif strange := sorted(key for key in keys[day] if not _is_page(key)):
            failures[day] = ValueError(
                f"{strange[0]} is not a page of bronze: move it elsewhere; pages are {BRONZE}/dt={day}"
                "/currency=<currency>/ingested_at=<YYYYMMDDTHHMMSSZ>/source=<source>/page-0001.json"
            )
    return failures


def _is_page(key: str) -> bool:
    match = _PAGE_KEY.fullmatch(key)
    try:
        return match is not None and bool(datetime.strptime(match[1] + "+0000", "%Y%m%dT%H%M%SZ%z"))
    except ValueError:
        return False


def _write(rows: DataFrame, lake: str, balances: list[Balance], unwritten: list[Market]) -> None:
    """Write quarantine, then silver.

    Args:
        rows: what `transform` returned.
        lake: where the lake's prefixes are.
        balances: of what may be written.
        unwritten: what may not: both tables keep it as it is.
    """
    table = f"{lake}/{QUARANTINE}"
    quarantined = _with_kept(
        rows.where("verdict = 'quarantined'").select(*QUARANTINE_COLUMNS, "dt"),
        table,
        {balance.market: balance.quarantined for balance in balances},
        unwritten,
    )
    clean = {balance.market.day for balance in balances} - set(quarantined.days)
    day_partitions.overwrite(quarantined.rows, table, quarantined.days)
    day_partitions.remove(rows.sparkSession, table, sorted(clean))
    table = f"{lake}/{SILVER}"
    published = {balance.market.day for balance in balances if balance.silver}
    silver = _with_kept(
        rows.where("verdict = 'silver'").select(*SILVER_COLUMNS, "dt"),
        table,
        {balance.market: balance.silver for balance in balances if balance.market.day in published},
        [*unwritten, *(balance.market for balance in balances if balance.silver == 0)],
    )
    day_partitions.overwrite(silver.rows, table, silver.days)


class _TableRows(NamedTuple):
    """What goes into a table, and the days that it has rows of."""

    rows: DataFrame
    days: list[date]


def _with_kept(rows: DataFrame, table: str, counts: dict[Market, int], kept: Sequence[Market]) -> _TableRows:
    """Take what a table gets of some days, and beside it what it has and keeps in other currencies.

    Args:
        rows: of all days and currencies.
        table: the table's address.
        counts: how many of the rows are of each day and currency that is replaced.
        kept: what is not replaced.
    """
    days = {market.day for market in counts}
    new = rows.where(day_partitions.is_in(list(counts)))
    filled = {market.day for market, count in counts.items() if count}
    beside = [market for market in kept if market.day in days and not counts.get(market)]
    if beside:
        old = day_partitions.read(rows.sparkSession, table, sorted({market.day for market in beside}))
    else:
        old = None
    if old is not None and "currency" in old.columns:
        old = old.where(day_partitions.is_in(beside)).select(*rows.columns)
        filled |= {date.fromisoformat(row.dt) for row in old.select("dt").distinct().collect()}
        # All rows of a day go into one file.
        new = day_partitions.one_file_a_day(new.unionByName(old), sorted(days))
    return _TableRows(new, sorted(filled))


def _raise(failed_days: dict[date, Exception], failures: dict[Market, Exception], days: int) -> None:
    """Raise what went wrong first, naming the others."""
    failed = {str(day): error for day, error in failed_days.items()}
    failed |= {f"{market.day} in {market.currency}": error for market, error in failures.items()}
    if not failed:
        return
    first, *others = sorted(failed)
    if not others:
        raise failed[first]
    concerned = {*failed_days, *(market.day for market in failures)}
    raise ValueError(
        f"{failed[first]} ({len(concerned)} of {days} days failed, the others are done; also "
        f"{', '.join(others)})"
    )


def main(argv: Sequence[str]) -> None:
    """Run the job as Glue does."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--currency", help="the only currency whose failures fail the run")
    currency = parser.parse_known_args(argv)[0].currency
    lake, days = day_partitions.parse_arguments("Bronze to silver: one day, or a range of days.", argv)
    spark = SparkSession.builder.appName("bronze_to_silver").getOrCreate()
    remedy = "run crypto_market_backfill for them first"
    run(spark, lake, day_partitions.days_to_do(spark, lake, BRONZE, days, remedy), currency)


if __name__ == "__main__":
    main(sys.argv[1:])
