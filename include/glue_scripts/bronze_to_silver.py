"""Glue job bronze_to_silver: raw CoinGecko JSON becomes typed, deduplicated Parquet, day by day.

    bronze/coins_market/dt=D/ingested_at=<time>/source=<source>/page-NNNN.json   (exact API responses)
      -> silver/coins_market/dt=D/       one row a coin, doubtful rows flagged
      -> quarantine/coins_market/dt=D/   rows refused, with the reasons; absent when there are none

Silver and quarantine of a day are a function of that day's bronze alone, so the job may be rerun at any time
and in any order. Every row of bronze ends in silver, in quarantine, or as a duplicate dropped; the job prints
that balance and fails, before anything of the day is written, if it does not hold.

    bronze_to_silver.py --run_date 2026-01-31 --bucket my-lake
    bronze_to_silver.py --from_date 2025-02-01 --to_date 2026-01-31 --bucket my-lake

A range of days is one run of the job, not one a day. Days without bronze are left out; a day that cannot be
published does not stop the others, and fails the run when they are done.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame, Row, SparkSession, Window
from pyspark.sql import functions as sf

BRONZE = "bronze/coins_market"
SILVER = "silver/coins_market"
QUARANTINE = "quarantine/coins_market"
HISTORY = "-history"  # ends the name of a source whose rows come from /coins/{id}/market_chart/range
UNFINISHED_SECONDS = 3600  # longer than the job's own timeout: nobody writes to such a folder any more
_UNFINISHED = "{.spark-staging-*,__magic*}"  # Spark's own on a disk, and those of S3A's committer on S3

# Silver's columns that come from a coin's JSON: column, field of /coins/markets, type. Types are declared: a
# field is 84055 in one row and 0.432979 in the next, and a market cap beyond int64 was served.
FIELDS = (
    ("coin_id", "id", "string"),
    ("symbol", "symbol", "string"),
    ("name", "name", "string"),
    ("image", "image", "string"),
    ("current_price", "current_price", "double"),
    ("market_cap", "market_cap", "double"),
    ("market_cap_rank", "market_cap_rank", "int"),
    ("fully_diluted_valuation", "fully_diluted_valuation", "double"),
    ("total_volume", "total_volume", "double"),
    ("high_24h", "high_24h", "double"),
    ("low_24h", "low_24h", "double"),
    ("price_change_24h", "price_change_24h", "double"),
    ("price_change_percentage_24h", "price_change_percentage_24h", "double"),
    ("market_cap_change_24h", "market_cap_change_24h", "double"),
    ("market_cap_change_percentage_24h", "market_cap_change_percentage_24h", "double"),
    ("circulating_supply", "circulating_supply", "double"),
    ("total_supply", "total_supply", "double"),
    ("max_supply", "max_supply", "double"),
    ("ath", "ath", "double"),
    ("ath_change_percentage", "ath_change_percentage", "double"),
    ("ath_date", "ath_date", "timestamp"),
    ("atl", "atl", "double"),
    ("atl_change_percentage", "atl_change_percentage", "double"),
    ("atl_date", "atl_date", "timestamp"),
    ("roi_times", "roi.times", "double"),
    ("roi_currency", "roi.currency", "string"),
    ("roi_percentage", "roi.percentage", "double"),
    ("last_updated", "last_updated", "timestamp"),
)
SILVER_COLUMNS = (
    *(column for column, _, _ in FIELDS),
    "ingestion_timestamp",
    "source",
    "quality_flags",
    "extra",
)
QUARANTINE_COLUMNS = (
    "reasons",
    "coin_id",
    "raw",
    "source",
    "ingestion_timestamp",
    "bronze_key",
    "row_number",
)

# When a row is flagged. Every measure is a ratio or an age, so that none depends on the lake's currency. A
# flag that hides a real coin is worse than one that is missing: each threshold stands away from what real
# markets did, on the side of the bad data. "Seen" is what came nearest to it in the 4,700 rows of 43 captures
# of CoinGecko from 2023 to 2026, "rows" how many of them have the flag.
#
#   flag                    threshold                       seen on real markets     seen on bad data  rows
#   stale                   updated 24 h before ingestion   23 h, figure-heloc       26 h, frozen        24
#   implausible_change      over +10,000 % a day            +200 %, flex-coin        +88,217 %            1
#                           under -100 % a day              -18 %, zcash             none                 0
#   implausible_market_cap  over 1,000 × day's whole volume 28 ×, bitcoin            1.4e11 ×, 4.1e22     1
#   illiquid                volume under 1e-8 × market cap  3.4e-8, compound-ether   3.5e-20; or 0       57
#   unranked                CoinGecko gives no rank         polygon-ecosystem-token  none                 1
#   malformed_field         not of its type, stored as null none                     none                 0
#
# A past day that was fetched later has no rank to miss, and its rows are not stale if they are of that day.
#
# stale: a row's high, low, volume and changes are those of 24 hours; if it is older, they are another day's.
#   CoinGecko gives no change for exactly the 24 rows. A whole response from nine hours before was good data.
# implausible_change: outside these captures +808 % in a day was real, and +1,017,009 % was not.
# illiquid: wrapped and staked coins are hardly traded and rightly priced. At 1e-6, 28 more rows had the flag:
#   ignition-fbtc (7.2e-8) at bitcoin's price and a bridged wstETH (1.7e-7) at 1.22 times ether's lost their
#   rank on some days and had it on others; hash-2 (1.6e-6) was next. Left are coins that nobody traded,
#   tokenized funds above all, and a market cap that is arithmetic.
#
# A null is no finding: a row without last_updated is not called stale, one without volume not illiquid, one
# without a change not implausible. Nor is a current_price outside [low_24h, high_24h]: 1.8 % of the rows have
# one.
STALE_HOURS = 24
IMPLAUSIBLE_CHANGE_PCT = 10_000
IMPLAUSIBLE_CAP_TO_DAY_VOLUME = 1_000
ILLIQUID_TURNOVER = 1e-8

_NUMBER = r"^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$"
_NOT_FINITE = r"^([+-]?Infinity|NaN)$"
_STRICT = "'allowSingleQuotes', 'false', 'allowNonNumericNumbers', 'false'"  # options of Spark's parser
# A date first: Spark would read "12:30" as half past twelve on the day the job runs.
_TIMESTAMP = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]|$)"
_PAGE_KEY = re.compile(
    rf"{BRONZE}/dt=[^/]+/ingested_at=([0-9]{{8}}T[0-9]{{6}}Z)/source=[a-z0-9_-]+/[^/]+[.]json"
)
_PAGE_NUMBER = "/page-([0-9]+)[.]json$"
_KEY_PARTS = f"{BRONZE}/dt=[^/]+/ingested_at=([^/]+)/source=([^/]+)/"


@dataclass(frozen=True)
class Balance:
    """Where a day's bronze rows went, with how often each reason, flag and unknown field occurred."""

    run_date: date
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
            f"balance of dt={self.run_date}: {self.bronze} rows in bronze = {self.silver} in silver "
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


def read_pages(spark: SparkSession, lake: str, days: Sequence[date]) -> DataFrame:
    """Read the bronze of days: one row a page.

    Returns:
        dt, bronze_key, ingested_at, source (from the key) and value, the page's text.

    Raises:
        FileNotFoundError: a day has no bronze.
    """
    folders = [f"{lake}/{BRONZE}/dt={day}/" for day in days]
    try:
        text = spark.read.option("recursiveFileLookup", True).text(folders, wholetext=True)
    except AnalysisException as error:
        if error.getCondition() != "PATH_NOT_FOUND":
            raise
        raise FileNotFoundError(
            f"{BRONZE}/dt={days[0]}/ is empty: run fetch_markets for that date first; "
            "if it is over, crypto_market_backfill"
        ) from None
    path = "_metadata.file_path"
    pages = text.select(
        sf.regexp_extract(path, f"{BRONZE}/dt=([^/]+)/", 1).alias("dt"),
        sf.regexp_extract(path, f"({BRONZE}/dt=.*)", 1).alias("bronze_key"),
        sf.regexp_extract(path, _KEY_PARTS, 1).alias("ingested_at"),
        sf.regexp_extract(path, _KEY_PARTS, 2).alias("source"),
        "value",
    )
    # A day is a few hundred rows: one partition means one task a job, no shuffle, and one file in silver. Of
    # many days each is whole in one partition, so that this is the only shuffle.
    return pages.coalesce(1) if len(days) == 1 else pages.repartition("dt")


def _is_page(key: str) -> bool:
    match = _PAGE_KEY.fullmatch(key)
    try:
        return match is not None and bool(datetime.strptime(match[1] + "+0000", "%Y%m%dT%H%M%SZ%z"))
    except ValueError:
        return False


def _keys(pages: DataFrame) -> dict[date, set[str]]:
    """The keys of each day that a frame reads, from Spark's listing: no job runs."""
    keys: dict[date, set[str]] = {}
    for path in pages.inputFiles():
        key = path[path.find(f"{BRONZE}/dt=") :]
        keys.setdefault(date.fromisoformat(key.split("/")[2].removeprefix("dt=")), set()).add(key)
    return keys


# Where a history has what a snapshot has in a field of its own: each of its series is [milliseconds, value].
_IN_HISTORY = {"current_price": "prices", "market_cap": "market_caps", "total_volume": "total_volumes"}
_SERIES = tuple(_IN_HISTORY.values())


def _rows(pages: DataFrame) -> DataFrame:
    """Take pages apart: one row a coin, plus one for a page that is no JSON array or is an empty one.

    Returns:
        Also a row's `raw` text and its values: as `declared` or, when any value of the page is not of the
        type declared for it, as they are, in the variant `coin`.
    """
    # What is known of a page by its key is settled before its text is taken apart, while there are few rows.
    ingestion = Window.partitionBy("dt", "ingested_at", "source")
    number = sf.expr(f"try_cast(regexp_extract(bronze_key, '{_PAGE_NUMBER}', 1) AS int)")
    # fetch_markets writes page 1 last: an ingestion of which only later pages are there was cut off.
    is_whole = sf.coalesce(sf.min(number).over(ingestion) <= 1, sf.lit(True))
    latest = sf.max(sf.when(sf.col("is_whole"), sf.struct("ingestion_timestamp", "source")))
    told = (
        pages.withColumn("is_whole", is_whole)
        .withColumn("ingestion_timestamp", sf.expr("try_to_timestamp(ingested_at, \"yyyyMMdd'T'HHmmssX\")"))
        .withColumn("day_source", latest.over(Window.partitionBy("dt"))["source"])
    )
    # A parser stops at the end of what it was asked for and ignores what is behind. So the page stands in
    # braces here and in brackets there: what follows its own array cannot close both.
    page = f"page array<struct<{_schema()}>>, malformed string"
    options = f"{_STRICT}, 'columnNameOfCorruptRecord', 'malformed'"
    in_braces = "'{\"page\":' || value || '}'"
    parsed = (
        told.withColumns(
            {
                "raws": sf.expr(f"from_json({in_braces}, 'page array<string>', map({_STRICT}))['page']"),
                "declared": sf.expr(f"from_json({in_braces}, '{page}', map({options}))"),
                "in_brackets": sf.expr("json_array_length('[' || value || ']')"),
                "page_length": sf.expr("json_array_length(value)"),
            }
        )
        .withColumn(
            "coins",
            sf.expr(
                "if(declared.malformed IS NULL, NULL, "
                f"get(from_json('[' || value || ']', 'array<array<variant>>', map({_STRICT})), 0))"
            ),
        )
        .withColumn(
            "is_array",
            sf.expr(
                "coalesce(is_valid_utf8(value) AND page_length >= 0 AND size(raws) >= 0 AND in_brackets = 1 "
                "AND (declared.malformed IS NULL OR size(coins) >= 0), false)"
            ),
        )
    )
    return (
        parsed.select(
            "dt",
            "bronze_key",
            "source",
            "ingestion_timestamp",
            "is_whole",
            "day_source",
            "is_array",
            # The page's length, measured apart from the rows taken out of it: the balance compares the two.
            sf.expr("if(is_array, page_length, 1)").alias("page_rows"),
            # A Parquet file with a string that is no UTF-8 cannot be read by Athena or Arrow.
            sf.expr("if(is_array, raws, array(make_valid_utf8(value)))").alias("raws"),
            sf.expr("if(is_array AND declared.malformed IS NULL, declared.page, array())").alias("declared"),
            sf.expr("if(is_array, coalesce(coins, array()), array())").alias("coins"),
        )
        .select("*", sf.expr("posexplode_outer(arrays_zip(raws, declared, coins))").alias("position", "row"))
        .select(
            "dt",
            "bronze_key",
            "source",
            "ingestion_timestamp",
            "is_whole",
            "day_source",
            "is_array",
            "page_rows",
            sf.expr("if(is_array, position + 1, NULL)").alias("row_number"),
            sf.expr("coalesce(row.raws, 'null')").alias("raw"),
            sf.expr("row.declared").alias("declared"),
            sf.expr("row.coins").alias("coin"),
        )
    )


def _schema() -> str:
    """A coin's fields, in a snapshot or a history. Texts are variants, since a number would pass for one."""
    types = {"string": "variant", "timestamp": "string"}
    fields = [f"{field}: {types.get(type_, type_)}" for _, field, type_ in FIELDS if "." not in field]
    return ", ".join([*fields, "roi: variant", *(f"{series}: array<double>" for series in _SERIES)])


def _as_declared() -> str:
    """SQL for whether `declared` is all of a row and right. Nearly every row is such, but with a roi none."""
    own = [(field, type_) for _, field, type_ in FIELDS if "." not in field]
    numbers = [f"abs(declared.{field})" for field, type_ in own if type_ == "double"]
    numbers += [f"abs(get(declared.{series}, 1))" for series in _SERIES]
    conditions = [
        "declared IS NOT NULL",
        f"NOT exists(json_object_keys(raw), k -> NOT {_is_known('k')})",
        f"greatest({', '.join(numbers)}, 0D) < double('Infinity')",
        "coalesce(is_variant_null(declared.roi), true)",
        *(
            f"coalesce(is_variant_null(declared.{field}) OR {_is_text(f'declared.{field}')}, true)"
            for field, type_ in own
            if type_ == "string"
        ),
        *(f"coalesce(size(declared.{series}), 2) = 2" for series in _SERIES),
    ]
    return f"coalesce({' AND '.join(conditions)}, false)"


def _is_text(variant: str) -> str:
    # schema_of_variant would be the natural way, but fails at objects with two names that are alike.
    return f"to_json({variant}) LIKE '\"%'"


def _is_known(name: str) -> str:
    """SQL for whether a coin has a field of this name, in a snapshot or in a history."""
    fields = {field.partition(".")[0] for _, field, _ in FIELDS}
    of_history = {*(fields - {*_IN_HISTORY, "last_updated"}), *_SERIES}
    return f"({name} IN {_words(fields)} AND NOT is_history OR {name} IN {_words(of_history)} AND is_history)"


def _value(field: str, type_: str) -> str:
    """SQL for a field's value in its type, of a row that is as declared; NULL when it is not of that type."""
    if field == "last_updated":
        moment = _moment("try_cast(get(declared.prices, 0) AS bigint)")
        return f"if(is_history, {moment}, {_as_timestamp('declared.last_updated')})"
    if field in _IN_HISTORY:
        return f"if(is_history, get(declared.{_IN_HISTORY[field]}, 1), declared.{field}) + 0D"
    if "." in field:  # a row with a roi is read field by field
        return f"CAST(NULL AS {type_})"
    if type_ == "string":
        return f"try_variant_get(declared.{field}, '$', 'string')"
    if type_ == "timestamp":
        return _as_timestamp(f"declared.{field}")
    return f"declared.{field}" + " + 0D" * (type_ == "double")  # no -0.0


def _moment(milliseconds: str) -> str:
    in_range = f"{milliseconds} BETWEEN 0 AND 253402300799999"  # up to the year 9999
    return f"if({in_range}, timestamp_millis({milliseconds}), NULL)"


def _as_timestamp(text: str) -> str:
    return f"if(trim({text}) RLIKE '{_TIMESTAMP}', try_cast(trim({text}) AS timestamp), NULL)"


def _text(field: str) -> str:
    """SQL for a field's value as text; NULL when it is absent or JSON's null."""
    snapshot = f"try_variant_get(coin, '$.{field}', 'string')"
    if field == "last_updated":
        moment = _moment("try_variant_get(coin, '$.prices[0]', 'bigint')")
        return f"if(is_history, CAST({moment} AS string), {snapshot})"
    if field in _IN_HISTORY:
        return f"if(is_history, try_variant_get(coin, '$.{_IN_HISTORY[field]}[1]', 'string'), {snapshot})"
    return snapshot


def _typed(field: str, text: str, type_: str) -> str:
    """SQL for a field's value in its type, an int still as a double; NULL when it is not of that type."""
    if type_ == "string":
        is_text = _is_text(f"try_variant_get(coin, '$.{field}', 'variant')")
        return f"if({text} IS NOT NULL AND {is_text}, {text}, NULL)"
    if type_ == "timestamp":
        return _as_timestamp(text)
    return f"if(trim({text}) RLIKE '{_NUMBER}', try_cast(trim({text}) AS double), NULL)"


def _bounded(column: str, type_: str) -> str:
    """SQL for a value that its type can hold; NULL for a number that it cannot."""
    if type_ == "int":
        return f"if({column} = floor({column}), try_cast({column} AS int), NULL)"
    if type_ != "double":
        return column
    return f"if(abs({column}) < double('Infinity'), {column}, NULL)"


def _words(names: Iterable[str]) -> str:
    """SQL for a list of names."""
    return f"({', '.join(repr(name) for name in sorted(names))})"


def _listed(*findings: tuple[str, str]) -> Column:
    """The sorted names of the findings whose condition is true."""
    return sf.array_compact(
        sf.array(*(sf.when(sf.expr(when), sf.lit(name)) for name, when in sorted(findings)))
    )


def transform(pages: DataFrame) -> DataFrame:
    """Decide for every row of bronze where it goes.

    Args:
        pages: as `read_pages` returns them.

    Returns:
        One row a coin: silver's columns, dt, bronze_key, row_number (from 1 within the page), raw (the row's
        JSON; white space, the spelling of numbers and what is no UTF-8 are normalised, bronze_key has the
        exact bytes), reasons (why it is refused), verdict (silver, quarantined, duplicate, or empty_page for
        a page without rows) and what the balance needs: page_rows and extra_names.
    """
    known_roi = [field.partition(".")[2] for _, field, _ in FIELDS if "." in field]
    # A text is read once, and each value made of it.
    texts = ", ".join(f"'{column}', {_text(field)}" for column, field, _ in FIELDS)
    unbounded = ", ".join(
        f"'{column}', {_typed(field, f'texts.{column}', type_)}" for column, field, type_ in FIELDS
    )
    all_fields = "try_variant_get(coin, '$', 'map<string, variant>')"
    all_of_roi = "try_variant_get(coin, '$.roi', 'map<string, variant>')"
    malformed = ["(roi_text IS NOT NULL AND NOT is_roi)"]
    malformed += [
        f"(is_history AND try_variant_get(coin, '$.{series}', 'string') IS NOT NULL "
        f"AND coalesce(size(try_variant_get(coin, '$.{series}', 'array<variant>')), 0) != 2)"
        for series in _SERIES
    ]
    malformed += [f"(texts.{column} IS NOT NULL AND {column} IS NULL)" for column, _, _ in FIELDS]
    malformed += [
        f"(is_declared AND declared.{field} IS NOT NULL AND {column} IS NULL)"
        for column, field, type_ in FIELDS
        if type_ == "timestamp"
    ]
    unknown = (
        f"map_concat(map_filter({all_fields}, (k, v) -> NOT {_is_known('k')}), "
        f"transform_keys(map_filter(coalesce({all_of_roi}, map()), (k, v) -> k NOT IN {_words(known_roi)}), "
        "(k, v) -> 'roi.' || k))"
    )
    typed = (
        _rows(pages)
        .withColumn("is_history", sf.expr(f"source LIKE '%{HISTORY}'"))
        .withColumn("is_declared", sf.expr(_as_declared()))
        # What is not as declared is read field by field, with the types that it has. In a page of the
        # declared types that is a row with a roi or an unknown field: its numbers are spelled as in raw.
        .withColumn(
            "coin", sf.expr("if(is_declared OR NOT is_array, NULL, coalesce(coin, try_parse_json(raw)))")
        )
        .withColumns(
            {
                "is_object": sf.expr(
                    "is_declared OR try_variant_get(coin, '$.id', 'string') IS NOT NULL "
                    f"OR {all_fields} IS NOT NULL"
                ),
                "roi_text": sf.expr("try_variant_get(coin, '$.roi', 'string')"),
                "is_roi": sf.expr(f"{all_of_roi} IS NOT NULL"),
                "unknown": sf.expr(unknown),
                "texts": sf.expr(f"if(is_declared, NULL, named_struct({texts}))"),
            }
        )
        .withColumn("unbounded", sf.expr(f"if(is_declared, NULL, named_struct({unbounded}))"))
        .withColumns(
            {
                column: sf.expr(
                    f"if(is_declared, {_value(field, type_)}, {_bounded(f'unbounded.{column}', type_)})"
                )
                for column, field, type_ in FIELDS
            }
        )
        .withColumns(
            {
                "malformed": sf.expr(" OR ".join(malformed)),
                "price_text": sf.expr("trim(texts.current_price)"),
                "extra": sf.expr("if(cardinality(unknown) > 0, to_json(unknown), NULL)"),
                "extra_names": sf.expr("array_sort(map_keys(coalesce(unknown, map())))"),
            }
        )
    )

    day = Window.partitionBy("dt")
    price_is_number = f"price_text RLIKE '{_NUMBER}' OR price_text RLIKE '{_NOT_FINITE}'"
    refused = typed.withColumn(
        "reasons",
        _listed(
            ("unparseable_page", "NOT is_array"),
            ("not_an_object", "is_array AND NOT is_object"),
            ("no_id", "is_object AND coalesce(trim(coin_id), '') = ''"),
            ("no_price", "is_object AND price_text IS NULL AND current_price IS NULL"),
            ("price_not_a_number", f"NOT ({price_is_number})"),
            ("price_not_finite", f"({price_is_number}) AND current_price IS NULL"),
            ("price_not_positive", "current_price <= 0"),
            ("negative_market_cap", "market_cap < 0"),
            ("incomplete_ingestion", "NOT is_whole"),
            ("superseded_source", "source != day_source"),
        ),
    )

    # Pages overlap and a day may be ingested twice; position in bronze settles what the clocks leave open.
    newest_first = Window.partitionBy("dt", "coin_id", sf.size("reasons") > 0).orderBy(
        sf.desc("ingestion_timestamp"), sf.desc_nulls_last("last_updated"), "bronze_key", "row_number"
    )
    judged = (
        refused.withColumn("recency", sf.row_number().over(newest_first))
        .withColumn(
            "verdict",
            sf.expr(
                "CASE WHEN page_rows = 0 THEN 'empty_page' WHEN size(reasons) > 0 THEN 'quarantined' "
                "WHEN recency > 1 THEN 'duplicate' ELSE 'silver' END"
            ),
        )
        .withColumn(
            "day_volume",
            sf.sum(sf.expr("if(verdict = 'silver' AND total_volume > 0, total_volume, 0D)")).over(day),
        )
    )
    flagged = judged.withColumn(
        "quality_flags",
        _listed(
            ("illiquid", f"market_cap > 0 AND total_volume < market_cap * {ILLIQUID_TURNOVER}D"),
            (
                "implausible_change",
                f"price_change_percentage_24h NOT BETWEEN -100 AND {IMPLAUSIBLE_CHANGE_PCT}",
            ),
            (
                "implausible_market_cap",
                f"day_volume > 0 AND market_cap > day_volume * {IMPLAUSIBLE_CAP_TO_DAY_VOLUME}",
            ),
            ("malformed_field", "malformed"),
            (
                "stale",
                "last_updated < least(ingestion_timestamp, CAST(dt AS timestamp) + INTERVAL '1' DAY) "
                f"- INTERVAL '{STALE_HOURS}' HOUR",
            ),
            ("unranked", f"market_cap_rank IS NULL AND source NOT LIKE '%{HISTORY}'"),
        ),
    )
    return flagged.select(
        "dt",
        *SILVER_COLUMNS,
        "raw",
        "bronze_key",
        "row_number",
        "reasons",
        "verdict",
        "page_rows",
        "extra_names",
    )


def measure(rows: DataFrame) -> dict[date, tuple[Balance, set[str]]]:
    """Count each day, all in one Spark job.

    Returns:
        By day: its balance, and the keys of the pages that were read.
    """
    groups = rows.groupBy(
        "dt", "bronze_key", "page_rows", "verdict", "reasons", "quality_flags", "extra_names"
    ).count()
    days: dict[str, list[Row]] = {}
    for group in groups.collect():
        days.setdefault(group.dt, []).append(group)
    return {date.fromisoformat(day): _counted(date.fromisoformat(day), days[day]) for day in sorted(days)}


def _counted(day: date, groups: list[Row]) -> tuple[Balance, set[str]]:
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
        run_date=day,
        bronze=sum(pages.values()),
        silver=verdicts["silver"],
        quarantined=verdicts["quarantined"],
        duplicates=verdicts["duplicate"],
        reasons=dict(reasons),
        flags=dict(flags),
        extra_fields=dict(extra_fields),
    )
    return balance, set(pages)


def _check(balance: Balance, unread: set[str]) -> str | None:
    """Why nothing of a day may be written; None if it may."""
    prefix = f"{BRONZE}/dt={balance.run_date}/"
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


def _of(days: Sequence[date]) -> Column:
    return sf.col("dt").isin([str(day) for day in days])


def _overwrite(rows: DataFrame, table: str, days: Sequence[date]) -> None:
    """Replace these days' partitions of a table, and no other."""
    if not days:
        return
    _remove_unfinished(rows.sparkSession, table, days)
    rows.where(_of(days)).write.mode("overwrite").option("partitionOverwriteMode", "dynamic").option(
        "compression", "snappy"
    ).partitionBy("dt").parquet(table)


def _remove_unfinished(spark: SparkSession, table: str, days: Sequence[date]) -> None:
    """Delete what killed runs left beside a table's partitions: these days', and what is older than any run.

    Spark writes there first, and a run that is killed cannot tidy up. Queries do not look there. A crawler
    of a catalog table may: no path can be excluded for it, so what is left has to go before the crawl.
    """
    jvm, context = spark._jvm, spark._jsc
    path = jvm.org.apache.hadoop.fs.Path(f"{table}/{_UNFINISHED}")  # type: ignore[union-attr]
    fs = path.getFileSystem(context.hadoopConfiguration())
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


def _with_partition(spark: SparkSession, table: str, days: Sequence[date]) -> list[date]:
    """Those of the days that a table has: one day is asked for, for several the table is listed."""
    jvm, context = spark._jvm, spark._jsc
    path = jvm.org.apache.hadoop.fs.Path(table)  # type: ignore[union-attr]
    fs = path.getFileSystem(context.hadoopConfiguration())
    if len(days) == 1:
        return [day for day in days if fs.exists(path.suffix(f"/dt={day}"))]
    names = {status.getPath().getName() for status in fs.listStatus(path)} if fs.exists(path) else set()
    return [day for day in days if f"dt={day}" in names]


def _remove(spark: SparkSession, table: str, days: Sequence[date]) -> None:
    """Delete days of a table if they are there: overwriting with no rows would leave them as they were."""
    jvm, context = spark._jvm, spark._jsc
    for day in _with_partition(spark, table, days):
        path = jvm.org.apache.hadoop.fs.Path(f"{table}/dt={day}")  # type: ignore[union-attr]
        path.getFileSystem(context.hadoopConfiguration()).delete(path, True)


def run(spark: SparkSession, lake: str, days: Sequence[date]) -> list[Balance]:
    """Do days: read their bronze, check each day's balance, write their quarantine and their silver.

    Args:
        spark: a session; its time zone is set to UTC.
        lake: where the lake's prefixes are, such as s3://my-lake.
        days: dt in the lake's keys.

    Returns:
        Each day's balance, also printed.

    Raises:
        FileNotFoundError: a day has no bronze.
        ValueError: days cannot be published: their silver was left as it was, and the others were done.
    """
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    # Compiling a plan takes longer than interpreting it for a few hundred rows. For many rows, too: a stage
    # in one piece is a method of more code than the JVM compiles.
    spark.conf.set("spark.sql.codegen.wholeStage", "false")
    # What is kept between the steps is read twice: looking for ways to compress it takes longer.
    spark.conf.set("spark.sql.inMemoryColumnarStorage.compressed", "false")
    # A task for each folder of a range takes longer than listing it.
    spark.conf.set("spark.sql.sources.parallelPartitionDiscovery.parallelism", "16")
    # INT64 microseconds in UTC: Athena, DuckDB and Arrow read it alike. Spark's default, INT96, is deprecated
    # and carries no statistics to prune by.
    spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
    # Of a key that occurs twice in an object the last counts, as in other JSON readers; it is no error.
    spark.conf.set("spark.sql.variant.allowDuplicateKeys", "true")
    spark.conf.set("spark.sql.mapKeyDedupPolicy", "LAST_WIN")  # "roi.x" beside x in roi

    pages = read_pages(spark, lake, days)
    keys = _keys(pages)
    failures: dict[date, Exception] = {}
    for day in days:
        if day not in keys:
            failures[day] = FileNotFoundError(
                f"{BRONZE}/dt={day}/ is empty: run fetch_markets for that date first; "
                "if it is over, crypto_market_backfill"
            )
        elif strange := sorted(key for key in keys[day] if not _is_page(key)):
            failures[day] = ValueError(
                f"{strange[0]} is not a page of bronze: move it elsewhere; pages are "
                f"{BRONZE}/dt={day}/ingested_at=<YYYYMMDDTHHMMSSZ>/source=<source>/page-0001.json"
            )
    readable = [day for day in days if day not in failures]
    rows = transform(pages.where(_of(readable))).persist()
    try:
        counted = measure(rows) if readable else {}
        balances = []
        for day in readable:
            balance, seen = counted.get(day, _counted(day, []))
            print(balance, flush=True)
            if reason := _check(balance, keys[day] - seen):
                failures[day] = ValueError(reason)
            else:
                balances.append(balance)
        _overwrite(
            rows.where("verdict = 'quarantined'").select(*QUARANTINE_COLUMNS, "dt"),
            f"{lake}/{QUARANTINE}",
            [balance.run_date for balance in balances if balance.quarantined],
        )
        clean = [balance.run_date for balance in balances if not balance.quarantined]
        _remove(spark, f"{lake}/{QUARANTINE}", clean)
        _overwrite(
            rows.where("verdict = 'silver'").select(*SILVER_COLUMNS, "dt"),
            f"{lake}/{SILVER}",
            [balance.run_date for balance in balances if balance.silver],
        )
    finally:
        rows.unpersist()
    for balance in balances:
        if balance.silver == 0:
            day = balance.run_date
            failures[day] = ValueError(
                f"all {balance.quarantined} rows of {BRONZE}/dt={day}/ were refused "
                f"({', '.join(sorted(balance.reasons))}), {SILVER}/dt={day}/ is left as it was: "
                f"read {QUARANTINE}/dt={day}/, then run fetch_markets for that date again"
            )
    _raise(failures, len(days))
    return balances


def _raise(failures: dict[date, Exception], days: int) -> None:
    """Raise what went wrong with the first day, naming the others."""
    if not failures:
        return
    first, *others = sorted(failures)
    if not others:
        raise failures[first]
    raise ValueError(
        f"{failures[first]} ({len(failures)} of {days} days failed, the others are done; also "
        f"{', '.join(map(str, others))})"
    )


def main(argv: Sequence[str]) -> None:
    """Run the job as Glue does; the other parameters that Glue passes are ignored."""
    parser = argparse.ArgumentParser(description="Bronze to silver: one day, or a range of days.")
    parser.add_argument("--run_date", help="the one day, YYYY-MM-DD")
    parser.add_argument("--from_date", help="the first day of a range, YYYY-MM-DD")
    parser.add_argument("--to_date", help="the last day of the range, YYYY-MM-DD")
    parser.add_argument("--bucket", required=True, help="the lake's bucket")
    arguments, _ = parser.parse_known_args(argv)
    days = _asked(arguments)
    spark = SparkSession.builder.appName("bronze_to_silver").getOrCreate()
    lake = f"s3://{arguments.bucket}"
    if len(days) > 1:
        days = _in_range(days, _with_partition(spark, f"{lake}/{BRONZE}", days))
    run(spark, lake, days)


def _asked(arguments: argparse.Namespace) -> list[date]:
    """The days that the arguments name.

    Raises:
        ValueError: they name none; says which argument is wrong.
    """
    days: dict[str, date] = {}
    for name in ("run_date", "from_date", "to_date"):
        if text := getattr(arguments, name):
            try:
                days[name] = date.fromisoformat(text)
            except ValueError:
                raise ValueError(f"--{name} {text!r} is not a date: give YYYY-MM-DD") from None
    if days.keys() == {"run_date"}:
        return [days["run_date"]]
    if days.keys() != {"from_date", "to_date"}:
        raise ValueError("which days? give --run_date, or --from_date and --to_date")
    first, last = days["from_date"], days["to_date"]
    if first > last:
        raise ValueError(f"--from_date {first} is after --to_date {last}")
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _in_range(days: list[date], present: list[date]) -> list[date]:
    """The days of a range that have bronze; says which have none.

    Raises:
        FileNotFoundError: none has.
    """
    if not present:
        raise FileNotFoundError(
            f"{BRONZE}/ has no day from {days[0]} to {days[-1]}: run crypto_market_backfill for them first"
        )
    if missing := sorted(set(days) - set(present)):
        print(
            f"{len(missing)} of {len(days)} days have no bronze: {', '.join(map(str, missing))}", flush=True
        )
    return present


if __name__ == "__main__":
    main(sys.argv[1:])
