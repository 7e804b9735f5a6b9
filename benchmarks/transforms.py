"""How fast the Glue scripts are: rows a second, beside DuckDB and pandas on the same files.

Each measurement is a process of its own, started for one engine, one job and one size. Spark is started as
the local AWS starts a Glue job. What the engines wrote is compared, column by column.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BUCKET = "lake"
COINS = 10_000  # a day
PAGE = 250
FIRST_DAY = date(2023, 1, 1)
DAYS = {"bronze_to_silver": (1, 10, 100), "silver_to_gold": (1, 10, 100)}
JVM = {
    "spark.driver.memory": "8g",
    "spark.driver.extraJavaOptions": "-XX:+UseParallelGC -Duser.timezone=UTC",
}
"""Unlike the local AWS, which starts fast: all compilers, and the memory of a small worker."""
ENGINES = ("spark", "duckdb", "pandas")
PANDAS_DAYS = 100  # pandas takes minutes for more
INPUT = {"bronze_to_silver": "bronze/coins_market", "silver_to_gold": "silver/coins_market"}
OUTPUTS = {
    "bronze_to_silver": ("silver/coins_market", "quarantine/coins_market"),
    "silver_to_gold": ("gold/coins_market", "gold/market_summary"),
}
# Left out of the comparison: only the Glue script keeps what it refused, and where that stood.
NOT_COMPARED = ("raw", "bronze_key", "row_number")

TITLE = "Transforms: Spark, DuckDB and pandas"
METHOD = f"""
The two Glue jobs over days of {COINS:,} coins, pages of {PAGE}: `bronze_to_silver` reads JSON pages and
writes silver and quarantine, `silver_to_gold` reads silver's Parquet and writes gold's two tables. *Spark* is
the job's own script over the range of days in one run, started as the local AWS starts it but for the JVM,
which has all its compilers and 8 GB, as it would on a Glue worker. *DuckDB* is SQL
written for this comparison, *pandas* a loop over the days. All use the same files and machine, each in a
fresh process; what they wrote has the same rows and the same sum or hash of each column, or the section
fails. `work` is the time from an engine's readiness to its last file, `total` that of the process.

DuckDB and pandas trust their input, and so do less: they declare the fields, take a number or a text as
whatever the column wants, keep no unknown field in `extra`, no text of a refused row, and would stop at a
page that is no JSON array. Aim: Spark within a factor of 3 of DuckDB at ten million rows, which take too
long here to be measured each time.
"""


def measure() -> list[dict[str, Any]]:
    """Seconds of each engine, job and size."""
    figures = []
    for job, sizes in DAYS.items():
        for days in sizes:
            with tempfile.TemporaryDirectory(prefix="transforms-") as folder:
                lake = Path(folder) / BUCKET
                write = _write_bronze if job == "bronze_to_silver" else _write_silver
                for n in range(days):
                    write(lake, n)
                size = sum(file.stat().st_size for file in (lake / INPUT[job]).rglob("*.*"))
                figure = {"job": job, "rows": days * COINS, "input_bytes": size, "engines": {}}
                figures.append(figure)
                wrote = {}
                for engine in ENGINES:
                    if engine == "pandas" and days > PANDAS_DAYS:
                        continue
                    figure["engines"][engine] = seconds = _seconds(engine, job, lake, days)
                    wrote[engine] = {table: _digest(lake / table) for table in OUTPUTS[job]}
                    _compare(wrote["spark"], wrote[engine], engine)
                    for table in OUTPUTS[job]:
                        shutil.rmtree(lake / table)
                    print(
                        f"{job}, {days * COINS:,} rows, {engine}: "
                        f"{seconds['work']:.1f} s of work, {seconds['total']:.1f} s in total",
                        flush=True,
                    )
    return figures


def table(figures: list[dict[str, Any]]) -> str:
    """Seconds and rows a second by job, size and engine."""
    lines = []
    for job in DAYS:
        lines += [
            f"\n`{job}`\n",
            "| rows | input | engine | work, s | total, s | rows/s of work | work, times DuckDB's |",
            "|---:|---:|---|---:|---:|---:|---:|",
        ]
        for figure in figures:
            if figure["job"] != job:
                continue
            for engine, seconds in figure["engines"].items():
                ratio = seconds["work"] / figure["engines"]["duckdb"]["work"]
                lines.append(
                    f"| {figure['rows']:,} | {figure['input_bytes'] / 1e6:,.0f} MB | {engine} "
                    f"| {seconds['work']:.1f} | {seconds['total']:.1f} "
                    f"| {figure['rows'] / seconds['work']:,.0f} | {ratio:.1f} |"
                )
    last = {figure["job"]: figure for figure in figures}
    ratios = ", ".join(
        f"`{job}` {figure['engines']['spark']['work'] / figure['engines']['duckdb']['work']:.0f} times "
        f"DuckDB's at {figure['rows']:,} rows"
        for job, figure in last.items()
    )
    lines.append(
        f"\nThe aim is not met: the work of {ratios}. The factor falls with the rows, since a JVM's first "
        "seconds are slow. In a profile the rest is spread thin: Jackson, rows copied between Spark's "
        "operators, the cache on which the balance is counted, Parquet's writer. Spark's answer is more "
        "workers."
    )
    return "\n".join(lines)


def plot(figures: list[dict[str, Any]], axes: Any) -> None:
    """Rows a second of work over rows."""
    colours = dict(zip(ENGINES, ("tab:orange", "tab:blue", "tab:green"), strict=True))
    for job, style in zip(DAYS, ("--", "-"), strict=True):
        for engine in ENGINES:
            points = [
                (figure["rows"], figure["rows"] / figure["engines"][engine]["work"])
                for figure in figures
                if figure["job"] == job and engine in figure["engines"]
            ]
            axes.plot(
                *zip(*points, strict=True), style, marker="o", color=colours[engine], label=f"{engine}, {job}"
            )
    axes.set(xscale="log", yscale="log", xlabel="rows", ylabel="rows a second")
    axes.legend(fontsize="x-small")


def _seconds(engine: str, job: str, lake: Path, days: int) -> dict[str, float]:
    """Run one engine in a process of its own; returns seconds of work and in total."""
    from laptop.aws.glue import spark

    arguments = [engine, job, str(lake), str(days)]
    with tempfile.TemporaryDirectory(prefix="transforms-scratch-") as scratch:
        command = [sys.executable, __file__, *arguments]
        environment = dict(os.environ)
        if engine == "spark":
            settings = spark.settings(job, buckets={BUCKET: lake}, scratch=Path(scratch), given=JVM)
            command = spark.submit(settings, __file__, *arguments)
            environment = spark.environment("http://127.0.0.1:9", "us-east-1")
        began = time.monotonic()
        done = subprocess.run(command, env=environment, cwd=scratch, capture_output=True, text=True)
        total = time.monotonic() - began
    if done.returncode:
        raise RuntimeError(
            f"{engine} failed at {job} of {days} days:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        )
    found = re.search(r"^work: ([0-9.]+) s$", done.stdout, re.MULTILINE)
    assert found, done.stdout
    return {"work": float(found[1]), "total": total}


def _digest(folder: Path) -> dict[str, float]:
    """What a table holds: its rows, and for each column a sum, or the sum of its values' hashes."""
    import duckdb

    files = f"read_parquet('{folder}/*/*.parquet', hive_partitioning = true, union_by_name = true)"
    with duckdb.connect() as connection:
        columns = connection.execute(f"DESCRIBE SELECT * FROM {files}").fetchall()
        sums = {"rows": "count(*)"}
        for column, type_, *_ in columns:
            if column not in NOT_COMPARED:
                # A hash of text is of its characters, one of a moment of its microseconds in UTC.
                value = (
                    f"epoch_us({column}::TIMESTAMPTZ)"
                    if type_.startswith("TIMESTAMP")
                    else f"hash({column}::VARCHAR)"
                )
                value = f"{column}" if type_ in ("DOUBLE", "INTEGER") else value
                sums[column] = f"sum({value})::DOUBLE"
                sums[f"{column} present"] = f"count({column})"
        selected = ", ".join(f'{sql} AS "{name}"' for name, sql in sums.items())
        values = connection.execute(f"SELECT {selected} FROM {files}").fetchall()[0]
    return dict(zip(sums, values, strict=True))


def _compare(ours: dict[str, dict[str, float]], theirs: dict[str, dict[str, float]], engine: str) -> None:
    """Sums in another order differ in the last digits, hashes not at all: the sum is a float's.

    Raises:
        AssertionError: the tables are not the same; names a column.
    """
    for name, digest in ours.items():
        assert digest.keys() == theirs[name].keys(), (name, digest.keys() ^ theirs[name].keys())
        for column, value in digest.items():
            other = theirs[name][column]
            same = value == other if None in (value, other) else math.isclose(value, other, rel_tol=1e-9)
            assert same, f"{name} {column}: Spark {value}, {engine} {other}"


# What the days hold.


def _coins(n: int) -> Any:
    """A day's coins as they are in silver, but for its last three columns: an Arrow table.

    Some have no price (0.5 %), a negative market cap (0.1 %), no volume to speak of (1 %), an old
    price (1 %), no rank (1 %), a change of +20,000 % (0.01 %), or stand on the page before as well (0.4 %).
    """
    import numpy as np
    import pyarrow as pa

    random = np.random.default_rng(n)

    def some(share: float) -> Any:
        return random.random(COINS) < share

    def rounded(values: Any, digits: int) -> Any:
        return np.round(values, digits)

    number = np.arange(COINS)
    names = [f"coin-{n}" for n in number]
    names[0], names[1] = "bitcoin", "ethereum"
    cap = rounded(1.7e12 / (1 + number) * random.uniform(0.9, 1.1, COINS), 0)
    price = rounded(cap / (1e6 * (1 + number % 997)), 6)
    change = rounded(random.normal(0, 4, COINS), 5)
    volume = rounded(cap * random.uniform(0.001, 0.2, COINS), 0)
    volume[some(0.01)] = 0
    change[some(0.0001)] = 20_000
    cap[some(0.001)] *= -1
    ath = rounded(price * random.uniform(1, 30, COINS), 6)
    atl = rounded(price * random.uniform(0.001, 1, COINS), 8)
    ingested = np.datetime64(FIRST_DAY + timedelta(days=n), "us") + np.timedelta64(7_203, "s")
    updated = ingested - random.integers(1_000, 300_000, COINS).astype("timedelta64[ms]").astype(
        "timedelta64[us]"
    )
    updated[some(0.01)] -= np.timedelta64(2, "D")
    supply = rounded(random.uniform(1e6, 1e9, COINS), 2)
    roi = ~some(0.05)
    moment = pa.timestamp("us", "UTC")
    past = random.integers(0, 3 * 365 * 86_400_000, (2, COINS)) + 1_500_000_000_000
    columns = {
        "coin_id": pa.array(names),
        "symbol": pa.array([f"c{n}" for n in number]),
        "name": pa.array([f"Coin Number {n}" for n in number]),
        "image": pa.array(
            [f"https://images.example/coins/images/{n}/large/coin.png?1696501400" for n in number]
        ),
        "current_price": pa.array(price, mask=some(0.005)),
        "market_cap": pa.array(cap),
        "market_cap_rank": pa.array((number + 1).astype("int32"), mask=some(0.01)),
        "fully_diluted_valuation": pa.array(rounded(cap * 1.1, 0), mask=some(0.05)),
        "total_volume": pa.array(volume),
        "high_24h": pa.array(rounded(price * 1.03, 6)),
        "low_24h": pa.array(rounded(price * 0.98, 6)),
        "price_change_24h": pa.array(rounded(price * change / 100, 8)),
        "price_change_percentage_24h": pa.array(change),
        "market_cap_change_24h": pa.array(rounded(cap * change / 100, 2)),
        "market_cap_change_percentage_24h": pa.array(rounded(change * 0.99, 5)),
        "circulating_supply": pa.array(supply),
        "total_supply": pa.array(rounded(supply * 1.2, 2), mask=some(0.02)),
        "max_supply": pa.array(rounded(supply * 1.5, 2), mask=some(0.5)),
        "ath": pa.array(ath),
        "ath_change_percentage": pa.array(rounded(random.uniform(-99, 0, COINS), 5)),
        "ath_date": pa.array(past[0]).cast(pa.timestamp("ms", "UTC")).cast(moment),
        "atl": pa.array(atl),
        "atl_change_percentage": pa.array(rounded(random.uniform(0, 9_999, COINS), 5)),
        "atl_date": pa.array(past[1]).cast(pa.timestamp("ms", "UTC")).cast(moment),
        "roi_times": pa.array(rounded(random.uniform(0, 100, COINS), 8), mask=roi),
        "roi_currency": pa.array(["usd"] * COINS, mask=roi),
        "roi_percentage": pa.array(rounded(random.uniform(0, 9_999, COINS), 8), mask=roi),
        "last_updated": pa.array(updated).cast(moment),
        "ingestion_timestamp": pa.array([ingested] * COINS).cast(moment),
        "source": pa.array(["synthetic"] * COINS),
    }
    return pa.table(columns)


def _write_bronze(lake: Path, n: int) -> None:
    """Write a day's pages, in CoinGecko's spelling."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    day = FIRST_DAY + timedelta(days=n)
    coins = _coins(n)
    pieces: list[Any] = ["{"]

    def put(name: str, column: str, quote: str) -> None:
        values = coins[column].combine_chunks()
        if pa.types.is_timestamp(values.type):
            values = pc.strftime(values.cast(pa.timestamp("ms", "UTC")), "%Y-%m-%dT%H:%M:%SZ")
        if name in ("market_cap", "fully_diluted_valuation", "total_volume"):
            values = values.cast(pa.int64())  # whole, and never 1e+12
        text = values.cast(pa.string())
        text = pc.fill_null(pc.binary_join_element_wise(quote, text, quote, ""), "null")
        pieces.extend([f'"{name}":', text, ","])

    for column in coins.column_names[: coins.column_names.index("ingestion_timestamp")]:
        type_ = coins.schema.field(column).type
        quote = "" if pa.types.is_floating(type_) or pa.types.is_integer(type_) else '"'
        if not column.startswith("roi_"):
            put("id" if column == "coin_id" else column, column, quote)
    times, percentage = (
        coins[f"roi_{name}"].combine_chunks().cast(pa.string()) for name in ("times", "percentage")
    )
    roi = pc.binary_join_element_wise(
        '{"times":', times, ',"currency":"usd","percentage":', percentage, "}", ""
    )
    pieces.extend(['"roi":', pc.fill_null(roi, "null"), "}"])
    text = np.asarray(pc.binary_join_element_wise(*pieces, "").to_pylist(), dtype=object)
    firsts = np.arange(PAGE, COINS, PAGE)
    text[firsts] = text[firsts - 1]  # a page's first is the last of the page before
    folder = lake / f"bronze/coins_market/dt={day}/ingested_at={day:%Y%m%d}T020003Z/source=synthetic"
    folder.mkdir(parents=True)
    for page in range(COINS // PAGE):
        rows = text[page * PAGE : (page + 1) * PAGE]
        (folder / f"page-{page + 1:04}.json").write_text(f"[{','.join(rows)}]")


def _write_silver(lake: Path, n: int) -> None:
    """Write a day of silver; a good day has no quarantine."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    coins = _coins(n)
    coins = coins.filter(pc.and_(pc.is_valid(coins["current_price"]), pc.greater(coins["market_cap"], 0)))
    flags = [
        [name for name, flagged in (("illiquid", illiquid), ("unranked", unranked)) if flagged]
        for illiquid, unranked in zip(
            np.asarray(pc.equal(coins["total_volume"], 0)),
            np.asarray(pc.is_null(coins["market_cap_rank"])),
            strict=True,
        )
    ]
    coins = coins.append_column("quality_flags", pa.array(flags, pa.list_(pa.string())))
    coins = coins.append_column("extra", pa.nulls(len(coins), pa.string()))
    folder = lake / f"silver/coins_market/dt={FIRST_DAY + timedelta(days=n)}"
    folder.mkdir(parents=True)
    pq.write_table(coins, folder / "part-00000.snappy.parquet", compression="snappy")


# The engines. Each function waits in its own process until `work` is asked for, so that start-up is apart.


def _spark(job: str, _lake: Path, days: int) -> Iterator[None]:
    from importlib import import_module

    from pyspark.sql import SparkSession

    script = import_module(f"include.glue_scripts.{job}")
    session = SparkSession.builder.appName(job).getOrCreate()
    yield
    script.run(session, f"s3://{BUCKET}", [FIRST_DAY + timedelta(days=n) for n in range(days)])
    yield


def _duckdb(job: str, lake: Path, _days: int) -> Iterator[None]:
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"SET temp_directory = '{lake.parent / 'duckdb'}'")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET preserve_insertion_order = false")
    yield
    from include.glue_scripts import bronze_to_silver, silver_to_gold

    if job == "bronze_to_silver":
        _duckdb_silver(connection, lake, bronze_to_silver)
    else:
        _duckdb_gold(connection, lake, silver_to_gold)
    yield


def _duckdb_silver(connection: Any, lake: Path, script: Any) -> None:
    types = {"string": "VARCHAR", "double": "DOUBLE", "int": "INTEGER", "timestamp": "TIMESTAMPTZ"}
    fields = {field: types[type_] for _, field, type_ in script.FIELDS if "." not in field}
    roi = "STRUCT(times DOUBLE, currency VARCHAR, percentage DOUBLE)"
    declared = ", ".join(f"{name}: '{type_}'" for name, type_ in {**fields, "roi": roi}.items())
    named = ", ".join(f"{field} AS {column}" for column, field, _ in script.FIELDS)
    connection.execute(f"""
        CREATE TEMP TABLE judged AS
        WITH coins AS (
            SELECT
                {named}, filename, dt::VARCHAR AS dt, source,
                strptime(ingested_at || '+00', '%Y%m%dT%H%M%SZ%z') AS ingestion_timestamp,
                regexp_extract(filename, 'page-([0-9]+)', 1)::INT AS page
            FROM read_json(
                '{lake}/bronze/coins_market/*/*/*/*.json', format = 'array', columns = {{{declared}}},
                filename = true, hive_partitioning = true, maximum_object_size = 16777216
            )
        ),
        ingestions AS (
            SELECT dt, ingestion_timestamp, source, min(page) <= 1 AS is_whole FROM coins GROUP BY ALL
        ),
        days AS (
            SELECT dt, max_by(source, (ingestion_timestamp, source)) FILTER (WHERE is_whole) AS day_source
            FROM ingestions GROUP BY dt
        ),
        refused AS (
            SELECT coins.*, list_sort(list_filter([
                if(trim(coalesce(coin_id, '')) = '', 'no_id', NULL),
                if(current_price IS NULL, 'no_price', NULL),
                if(current_price <= 0, 'price_not_positive', NULL),
                if(market_cap < 0, 'negative_market_cap', NULL),
                if(NOT is_whole, 'incomplete_ingestion', NULL),
                if(source != day_source, 'superseded_source', NULL)
            ], lambda x: x IS NOT NULL)) AS reasons
            FROM coins JOIN ingestions USING (dt, ingestion_timestamp, source) JOIN days USING (dt)
        )
        SELECT *, CASE WHEN len(reasons) > 0 THEN 'quarantined' WHEN row_number() OVER (
            PARTITION BY dt, coin_id, len(reasons) > 0
            ORDER BY ingestion_timestamp DESC, last_updated DESC NULLS LAST, filename
        ) > 1 THEN 'duplicate' ELSE 'silver' END AS verdict
        FROM refused
    """)
    print(
        connection.execute("SELECT dt, verdict, count(*) FROM judged GROUP BY ALL ORDER BY ALL").fetchall()[
            :3
        ]
    )
    columns = ", ".join(c for c in script.SILVER_COLUMNS if c not in ("quality_flags", "extra"))
    connection.execute(f"""
        COPY (
            WITH days AS (
                SELECT dt, sum(if(total_volume > 0, total_volume, 0)) AS day_volume
                FROM judged WHERE verdict = 'silver' GROUP BY dt
            )
            SELECT {columns}, list_filter([
                if(market_cap > 0 AND total_volume < market_cap * {script.ILLIQUID_TURNOVER},
                    'illiquid', NULL),
                if(price_change_percentage_24h NOT BETWEEN -100 AND {script.IMPLAUSIBLE_CHANGE_PCT},
                    'implausible_change', NULL),
                if(day_volume > 0 AND market_cap > day_volume * {script.IMPLAUSIBLE_CAP_TO_DAY_VOLUME},
                    'implausible_market_cap', NULL),
                if(last_updated < ingestion_timestamp - INTERVAL {script.STALE_HOURS} HOUR, 'stale', NULL),
                if(market_cap_rank IS NULL, 'unranked', NULL)
            ], lambda x: x IS NOT NULL) AS quality_flags, NULL::VARCHAR AS extra, dt
            FROM judged JOIN days USING (dt) WHERE verdict = 'silver'
        ) TO '{lake}/silver/coins_market' (FORMAT parquet, COMPRESSION snappy, PARTITION_BY (dt))
    """)
    connection.execute(f"""
        COPY (
            SELECT reasons, coin_id, source, ingestion_timestamp, dt FROM judged WHERE verdict = 'quarantined'
        ) TO '{lake}/quarantine/coins_market' (FORMAT parquet, COMPRESSION snappy, PARTITION_BY (dt))
    """)


def _duckdb_gold(connection: Any, lake: Path, script: Any) -> None:
    flags = ", ".join(f"'{flag}'" for flag in script.DISQUALIFYING_FLAGS)
    columns = ", ".join(script.COIN_COLUMNS)
    connection.execute(f"""
        CREATE TEMP TABLE gold AS
        WITH judged AS (
            SELECT
                *,
                coalesce(market_cap > 0 AND NOT list_has_any(quality_flags, [{flags}]), false) AS eligible
            FROM read_parquet('{lake}/silver/coins_market/*/*.parquet',
                hive_partitioning = true, hive_types = {{dt: VARCHAR}})
        ),
        totals AS (SELECT dt, sum(market_cap) AS total FROM judged WHERE eligible GROUP BY dt)
        SELECT
            *,
            if(eligible, row_number() OVER (
                PARTITION BY dt, eligible ORDER BY market_cap DESC, coin_id
            ), NULL)::INT AS rank,
            if(eligible, market_cap / total * 100, NULL) AS market_share_pct,
            total_volume / nullif(market_cap, 0) AS volume_to_market_cap,
            (high_24h - low_24h) / nullif(low_24h, 0) * 100 AS price_range_24h_pct
        FROM judged LEFT JOIN totals USING (dt)
    """)
    changed = "rank IS NOT NULL AND price_change_percentage_24h"
    connection.execute(f"""
        COPY (
            SELECT
                count(*)::INT AS coins, count(rank)::INT AS ranked,
                (count(*) FILTER (WHERE len(quality_flags) > 0))::INT AS flagged, 0 AS quarantined,
                sum(market_cap) FILTER (WHERE rank IS NOT NULL) AS total_market_cap,
                sum(total_volume) FILTER (WHERE rank IS NOT NULL) AS total_volume,
                max(market_share_pct) FILTER (WHERE coin_id = 'bitcoin') AS btc_dominance_pct,
                max(market_share_pct) FILTER (WHERE coin_id = 'ethereum') AS eth_dominance_pct,
                avg(price_change_percentage_24h) FILTER (WHERE rank IS NOT NULL) AS average_change_24h_pct,
                quantile_cont(price_change_percentage_24h, 0.5) FILTER (WHERE rank IS NOT NULL)
                    AS median_change_24h_pct,
                (count(*) FILTER (WHERE {changed} > 0))::INT AS gainers,
                (count(*) FILTER (WHERE {changed} < 0))::INT AS losers,
                max(last_updated) FILTER (WHERE rank IS NOT NULL) AS last_updated,
                max(ingestion_timestamp) AS ingestion_timestamp, max(source) AS source, dt
            FROM gold GROUP BY dt
        ) TO '{lake}/gold/market_summary' (FORMAT parquet, COMPRESSION snappy, PARTITION_BY (dt))
    """)
    connection.execute(
        f"COPY (SELECT {columns}, dt FROM gold) TO '{lake}/gold/coins_market' "
        "(FORMAT parquet, COMPRESSION snappy, PARTITION_BY (dt))"
    )


def _pandas(job: str, lake: Path, days: int) -> Iterator[None]:
    import pandas as pd

    from include.glue_scripts import bronze_to_silver, silver_to_gold

    yield
    for n in range(days):
        day = FIRST_DAY + timedelta(days=n)
        tables = (
            _pandas_silver(pd, lake, day, bronze_to_silver)
            if job == "bronze_to_silver"
            else _pandas_gold(pd, lake, day, silver_to_gold)
        )
        for name, frame in tables.items():
            folder = lake / name / f"dt={day}"
            folder.mkdir(parents=True)
            frame.to_parquet(folder / "part-0.parquet", compression="snappy", index=False)
    yield


def _pandas_silver(pd: Any, lake: Path, day: date, script: Any) -> dict[str, Any]:
    frames = []
    for file in sorted((lake / f"bronze/coins_market/dt={day}").rglob("*.json")):
        source, ingested = (file.parents[n].name.partition("=")[2] for n in (0, 1))
        moment = datetime.strptime(ingested, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        page = int(file.stem.partition("-")[2])
        frames.append(
            pd.DataFrame(json.loads(file.read_bytes())).assign(
                source=source, ingestion_timestamp=moment, page=page, key=str(file)
            )
        )
    rows = pd.concat(frames, ignore_index=True)
    roi = pd.DataFrame([value or {} for value in rows["roi"]], columns=["times", "currency", "percentage"])
    rows = rows.assign(**{f"roi_{name}": roi[name] for name in roi}).rename(columns={"id": "coin_id"})
    for column, _, type_ in script.FIELDS:
        if type_ == "double":
            rows[column] = pd.to_numeric(rows[column], errors="coerce").astype("float64")
        elif type_ == "int":
            rows[column] = pd.to_numeric(rows[column], errors="coerce").astype("Int32")
        elif type_ == "timestamp":
            rows[column] = pd.to_datetime(rows[column], utc=True, errors="coerce", format="ISO8601")
    # Arrow reads pandas' moments of different units; the lake's are microseconds.
    moments = [column for column, _, type_ in script.FIELDS if type_ == "timestamp"] + ["ingestion_timestamp"]
    rows[moments] = rows[moments].astype("datetime64[us, UTC]")
    rows["is_whole"] = rows.groupby(["ingestion_timestamp", "source"])["page"].transform("min") <= 1
    whole = rows.loc[rows["is_whole"], ["ingestion_timestamp", "source"]]
    day_source = max(whole.itertuples(index=False, name=None), default=(None, None))[1]
    reasons = _names(
        pd,
        rows.index,
        incomplete_ingestion=~rows["is_whole"],
        negative_market_cap=rows["market_cap"] < 0,
        no_id=rows["coin_id"].fillna("").str.strip() == "",
        no_price=rows["current_price"].isna(),
        price_not_positive=rows["current_price"] <= 0,
        superseded_source=rows["source"] != day_source,
    )
    refused = reasons.str.len() > 0
    quarantine = rows.loc[refused, ["coin_id", "source", "ingestion_timestamp"]].assign(
        reasons=reasons[refused]
    )
    silver = (
        rows[~refused]
        .sort_values(
            ["ingestion_timestamp", "last_updated", "key"], ascending=[False, False, True], kind="stable"
        )
        .drop_duplicates("coin_id")
    )
    volume = silver["total_volume"]
    day_volume = volume[volume > 0].sum()
    change = silver["price_change_percentage_24h"]
    age = silver["ingestion_timestamp"] - silver["last_updated"]
    cap = silver["market_cap"]
    silver["quality_flags"] = _names(
        pd,
        silver.index,
        illiquid=(cap > 0) & (volume < cap * script.ILLIQUID_TURNOVER),
        implausible_change=(change < -100) | (change > script.IMPLAUSIBLE_CHANGE_PCT),
        implausible_market_cap=(day_volume > 0) & (cap > day_volume * script.IMPLAUSIBLE_CAP_TO_DAY_VOLUME),
        stale=age > pd.Timedelta(hours=script.STALE_HOURS),
        unranked=silver["market_cap_rank"].isna(),
    )
    silver["extra"] = pd.Series(None, index=silver.index, dtype="string")
    return {"silver/coins_market": silver[list(script.SILVER_COLUMNS)], "quarantine/coins_market": quarantine}


def _names(pd: Any, index: Any, **findings: Any) -> Any:
    """For each row the names of the findings that are true, as a list."""
    lists = pd.Series([[] for _ in range(len(index))], index=index)
    for name in sorted(findings):
        for row in index[findings[name]]:
            lists[row].append(name)
    return lists


def _pandas_gold(pd: Any, lake: Path, day: date, script: Any) -> dict[str, Any]:
    folder = lake / f"silver/coins_market/dt={day}"
    rows = pd.concat([pd.read_parquet(file, partitioning=None) for file in folder.glob("*.parquet")])
    disqualifying = set(script.DISQUALIFYING_FLAGS)
    eligible = (rows["market_cap"] > 0) & [disqualifying.isdisjoint(flags) for flags in rows["quality_flags"]]
    order = rows[eligible].sort_values(["market_cap", "coin_id"], ascending=[False, True]).index
    rows["rank"] = pd.Series(range(1, len(order) + 1), index=order, dtype="Int32")
    rows["market_share_pct"] = (rows["market_cap"] / rows.loc[eligible, "market_cap"].sum() * 100).where(
        eligible
    )
    cap, low = (rows[column].where(rows[column] != 0) for column in ("market_cap", "low_24h"))
    rows["volume_to_market_cap"] = rows["total_volume"] / cap
    rows["price_range_24h_pct"] = (rows["high_24h"] - low) / low * 100
    ranked = rows[eligible]
    change = ranked["price_change_percentage_24h"]
    summary = {
        "coins": len(rows),
        "ranked": len(ranked),
        "flagged": int((rows["quality_flags"].str.len() > 0).sum()),
        "quarantined": 0,
        "total_market_cap": ranked["market_cap"].sum(),
        "total_volume": ranked["total_volume"].sum(),
        "btc_dominance_pct": rows.loc[rows["coin_id"] == "bitcoin", "market_share_pct"].max(),
        "eth_dominance_pct": rows.loc[rows["coin_id"] == "ethereum", "market_share_pct"].max(),
        "average_change_24h_pct": change.mean(),
        "median_change_24h_pct": change.median(),
        "gainers": int((change > 0).sum()),
        "losers": int((change < 0).sum()),
        "last_updated": ranked["last_updated"].max(),
        "ingestion_timestamp": rows["ingestion_timestamp"].max(),
        "source": rows["source"].max(),
    }
    frame = pd.DataFrame([summary]).astype(
        dict.fromkeys(("coins", "ranked", "flagged", "quarantined", "gainers", "losers"), "int32")
    )
    return {"gold/coins_market": rows[list(script.COIN_COLUMNS)], "gold/market_summary": frame}


def _work(engine: str, job: str, lake: str, days: str) -> None:
    """In the measured process: get ready, work, and print how long that took."""
    steps = {"spark": _spark, "duckdb": _duckdb, "pandas": _pandas}[engine](job, Path(lake), int(days))
    next(steps)
    began = time.monotonic()
    next(steps)
    print(f"work: {time.monotonic() - began:.2f} s", flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    _work(*sys.argv[1:])
