"""How fast the Glue scripts are: rows a second.

Each measurement is a process of its own, started as the local AWS starts a Glue job.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BUCKET = "lake"
PAGE = 250
FIRST_DAY = date(2023, 1, 1)
SIZES = ((1, 250), (1, 10_000), (100, 10_000))  # days, coins a day
JVM = {
    "spark.driver.memory": "8g",
    "spark.driver.extraJavaOptions": "-XX:+UseParallelGC -Duser.timezone=UTC",
}
"""Unlike the local AWS, which starts fast: all compilers, and the memory of a small worker."""
INPUT = {"bronze_to_silver": "bronze/coins_market", "silver_to_gold": "silver/coins_market"}

TITLE = "Transforms: the Glue scripts"
METHOD = f"""
The two Glue jobs over a day of {SIZES[0][1]} coins, a day of {SIZES[1][1]:,}, and {SIZES[2][0]} such days in
one run, in pages of {PAGE}: `bronze_to_silver` reads JSON pages and writes silver and quarantine,
`silver_to_gold` reads silver's Parquet and writes gold's two tables. Each run is a fresh process, started as
the local AWS starts it but for the JVM, which has all its compilers and 8 GB, as it would on a Glue worker.
`work` is the time from Spark's readiness to the last file, `total` that of the process.

The last comparison with other engines was on 2026-11-28, on a machine like this, with SQL and pandas code
that trusted its input and did less. At a million rows `bronze_to_silver` took 12.7 times as long as DuckDB
and 2.5 times as long as pandas, `silver_to_gold` 9.9 and 3.2 times. The factor falls with the rows, since a
JVM's first seconds are slow.
"""


def measure() -> list[dict[str, Any]]:
    """Seconds of each job and size."""
    figures = []
    for job, write in (("bronze_to_silver", _write_bronze), ("silver_to_gold", _write_silver)):
        for days, coins in SIZES:
            with tempfile.TemporaryDirectory(prefix="transforms-") as folder:
                lake = Path(folder) / BUCKET
                for n in range(days):
                    write(lake, n, coins)
                size = sum(file.stat().st_size for file in (lake / INPUT[job]).rglob("*.*"))
                seconds = _seconds(job, lake, days)
            figures.append({"job": job, "rows": days * coins, "input_bytes": size, **seconds})
            print(f"{job}, {days * coins:,} rows: {seconds['work']:.1f} s of work", flush=True)
    return figures


def table(figures: list[dict[str, Any]]) -> str:
    """Seconds and rows a second by job and size."""
    lines = ["| job | rows | input | work, s | total, s | rows/s of work |", "|---|---:|---:|---:|---:|---:|"]
    lines += [
        f"| `{figure['job']}` | {figure['rows']:,} | {figure['input_bytes'] / 1e6:,.1f} MB "
        f"| {figure['work']:.1f} | {figure['total']:.1f} | {figure['rows'] / figure['work']:,.0f} |"
        for figure in figures
    ]
    return "\n".join(lines)


def plot(figures: list[dict[str, Any]], axes: Any) -> None:
    """Rows a second of work over rows."""
    for job in INPUT:
        points = [(f["rows"], f["rows"] / f["work"]) for f in figures if f["job"] == job]
        axes.plot(*zip(*points, strict=True), marker="o", label=job)
    axes.set(xscale="log", yscale="log", xlabel="rows", ylabel="rows a second")
    axes.legend(fontsize="x-small")


def _seconds(job: str, lake: Path, days: int) -> dict[str, float]:
    """Run a job in a process of its own; returns seconds of work and in total."""
    from laptop.aws.glue import spark

    arguments = [job, str(days)]
    with tempfile.TemporaryDirectory(prefix="transforms-scratch-") as scratch:
        settings = spark.settings(job, buckets={BUCKET: lake}, scratch=Path(scratch), given=JVM)
        began = time.monotonic()
        done = subprocess.run(
            spark.submit(settings, __file__, *arguments),
            env=spark.environment("http://127.0.0.1:9", "us-east-1"),
            cwd=scratch,
            capture_output=True,
            text=True,
        )
        total = time.monotonic() - began
    if done.returncode:
        raise RuntimeError(f"{job} failed at {days} days:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    found = re.search(r"^work: ([0-9.]+) s$", done.stdout, re.MULTILINE)
    assert found, done.stdout
    return {"work": float(found[1]), "total": total}


# What the days hold.


def _coins(n: int, coins: int) -> Any:
    """A day's coins as they are in silver, but for its last three columns: an Arrow table.

    Some have no price (0.5 %), a negative market cap (0.1 %), no volume to speak of (1 %), an old
    price (1 %), no rank (1 %), a change of +20,000 % (0.01 %), or stand on the page before as well (0.4 %).
    """
    import numpy as np
    import pyarrow as pa

    random = np.random.default_rng(n)

    def some(share: float) -> Any:
        return random.random(coins) < share

    def rounded(values: Any, digits: int) -> Any:
        return np.round(values, digits)

    number = np.arange(coins)
    names = [f"coin-{n}" for n in number]
    names[0], names[1] = "bitcoin", "ethereum"
    cap = rounded(1.7e12 / (1 + number) * random.uniform(0.9, 1.1, coins), 0)
    price = rounded(cap / (1e6 * (1 + number % 997)), 6)
    change = rounded(random.normal(0, 4, coins), 5)
    volume = rounded(cap * random.uniform(0.001, 0.2, coins), 0)
    volume[some(0.01)] = 0
    change[some(0.0001)] = 20_000
    cap[some(0.001)] *= -1
    ath = rounded(price * random.uniform(1, 30, coins), 6)
    atl = rounded(price * random.uniform(0.001, 1, coins), 8)
    ingested = np.datetime64(FIRST_DAY + timedelta(days=n), "us") + np.timedelta64(7_203, "s")
    updated = ingested - random.integers(1_000, 300_000, coins).astype("timedelta64[ms]").astype(
        "timedelta64[us]"
    )
    updated[some(0.01)] -= np.timedelta64(2, "D")
    supply = rounded(random.uniform(1e6, 1e9, coins), 2)
    roi = ~some(0.05)
    moment = pa.timestamp("us", "UTC")
    past = random.integers(0, 3 * 365 * 86_400_000, (2, coins)) + 1_500_000_000_000
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
        "ath_change_percentage": pa.array(rounded(random.uniform(-99, 0, coins), 5)),
        "ath_date": pa.array(past[0]).cast(pa.timestamp("ms", "UTC")).cast(moment),
        "atl": pa.array(atl),
        "atl_change_percentage": pa.array(rounded(random.uniform(0, 9_999, coins), 5)),
        "atl_date": pa.array(past[1]).cast(pa.timestamp("ms", "UTC")).cast(moment),
        "roi_times": pa.array(rounded(random.uniform(0, 100, coins), 8), mask=roi),
        "roi_currency": pa.array(["usd"] * coins, mask=roi),
        "roi_percentage": pa.array(rounded(random.uniform(0, 9_999, coins), 8), mask=roi),
        "last_updated": pa.array(updated).cast(moment),
        "ingestion_timestamp": pa.array([ingested] * coins).cast(moment),
        "source": pa.array(["synthetic"] * coins),
    }
    return pa.table(columns)


def _write_bronze(lake: Path, n: int, number: int) -> None:
    """Write a day's pages, in CoinGecko's spelling."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    day = FIRST_DAY + timedelta(days=n)
    coins = _coins(n, number)
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
    firsts = np.arange(PAGE, number, PAGE)
    text[firsts] = text[firsts - 1]  # a page's first is the last of the page before
    ingestion = f"currency=usd/ingested_at={day:%Y%m%d}T020003Z/source=synthetic"
    folder = lake / f"bronze/coins_market/dt={day}/{ingestion}"
    folder.mkdir(parents=True)
    for page in range(number // PAGE):
        rows = text[page * PAGE : (page + 1) * PAGE]
        (folder / f"page-{page + 1:04}.json").write_text(f"[{','.join(rows)}]")


def _write_silver(lake: Path, n: int, number: int) -> None:
    """Write a day of silver; a good day has no quarantine."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    coins = _coins(n, number)
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
    coins = coins.append_column("currency", pa.array(["usd"] * len(coins)))
    folder = lake / f"silver/coins_market/dt={FIRST_DAY + timedelta(days=n)}"
    folder.mkdir(parents=True)
    pq.write_table(coins, folder / "part-00000.snappy.parquet", compression="snappy")


def _main(job: str, days: int) -> None:
    from importlib import import_module

    from pyspark.sql import SparkSession

    sys.path.insert(0, str(ROOT / "include/glue_scripts"))
    script = import_module(job)
    session = SparkSession.builder.appName(job).getOrCreate()
    began = time.monotonic()
    script.run(session, f"s3://{BUCKET}", [FIRST_DAY + timedelta(days=n) for n in range(days)])
    print(f"work: {time.monotonic() - began:.2f} s", flush=True)


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
