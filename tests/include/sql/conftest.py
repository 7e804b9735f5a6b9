"""Gold tables with made-up days up to `NOW`, declared as in `include/resources`, in their own database."""

from __future__ import annotations

import io
import itertools
import math
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import jinja2
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.crypto_lake.resources import load_resources
from laptop.lake.deployment import VALUES
from tests import athena

SQL = Path(__file__).parents[3] / "include" / "sql"
BUCKET = DATABASE = "sql-tests"
DAYS = 40
NOW = datetime(2024, 3, 5, 2, 7, 30, tzinfo=UTC)
"""What the queries take for now; 29 February is among the days before."""
EUROS = 0.9
AMOUNTS = ("current_price", "market_cap", "total_volume", "high_24h", "low_24h")
COINS = ["bitcoin", "ethereum", *(f"coin-{number}" for number in range(3, 26))]
ARROW = {
    "string": pa.string(),
    "double": pa.float64(),
    "int": pa.int32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "array<string>": pa.list_(pa.string()),
}


@dataclass(frozen=True)
class Gold:
    """What the tables hold, as pandas sees it, and Athena's API on them."""

    coins: pd.DataFrame
    summaries: pd.DataFrame
    today: date

    def ask(
        self,
        file: str,
        run_date: date | None = None,
        coins: int = 250,
        now: datetime = NOW,
        currency: str = "usd",
    ) -> list[dict[str, Any]]:
        """The rows of a file of `include/sql` at a moment, its templates filled for a run date."""
        files = jinja2.FileSystemLoader(SQL)
        template = jinja2.Environment(loader=files, undefined=jinja2.StrictUndefined).get_template(file)
        sql = template.render(
            run_date=lambda: str(run_date),
            currency=lambda: currency,
            lake={"coins": coins}.__getitem__,
            requested_coins=lambda: coins,
        )
        return self.query(athena.at(sql, now))

    def query(self, sql: str) -> list[dict[str, Any]]:
        return athena.rows(athena.run(sql, BUCKET, DATABASE))


def made_up_day(day: date) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A day of gold: its coins, ranked but for one, and its summary."""
    chance = random.Random(day.toordinal())
    ingested = datetime(day.year, day.month, day.day, 2, 0, 3, tzinfo=UTC)
    coins = []
    for number, coin_id in enumerate(COINS, start=1):
        price = 1000 / number * (1 + 0.2 * math.sin(day.toordinal() / 5 + number))
        low = price * chance.uniform(0.9, 1)
        coins.append(
            {
                "coin_id": coin_id,
                "symbol": coin_id[:3],
                "name": coin_id.title(),
                "current_price": price,
                "market_cap": price * 1e9,
                "rank": number,
                "total_volume": price * 1e8,
                "high_24h": price * 1.05,
                "low_24h": low,
                "price_range_24h_pct": 100 * (price * 1.05 - low) / low,
                "price_change_percentage_24h": chance.uniform(-9, 9),
                "last_updated": ingested - timedelta(minutes=5),
                "ingestion_timestamp": ingested,
                "source": "coingecko",
                "quality_flags": [],
                "currency": "usd",
            }
        )
    total = sum(coin["market_cap"] for coin in coins)
    for coin in coins:
        coin["market_share_pct"] = 100 * coin["market_cap"] / total
    changes = [coin["price_change_percentage_24h"] for coin in coins]
    coins.append(
        coins[0]
        | {
            "coin_id": "flagged",
            "name": "Flagged",
            "market_cap": 1e25,
            "rank": None,
            "market_share_pct": None,
            "quality_flags": ["implausible_market_cap"],
        }
    )
    return coins, {
        "coins": len(coins),
        "ranked": len(COINS),
        "flagged": 1,
        "quarantined": 0,
        "total_market_cap": total,
        "total_volume": total / 10,
        "btc_dominance_pct": coins[0]["market_share_pct"],
        "eth_dominance_pct": coins[1]["market_share_pct"],
        "average_change_24h_pct": sum(changes) / len(changes),
        "median_change_24h_pct": sorted(changes)[len(changes) // 2],
        "gainers": sum(change > 0 for change in changes),
        "losers": sum(change < 0 for change in changes),
        "last_updated": ingested,
        "ingestion_timestamp": ingested,
        "source": "coingecko",
        "currency": "usd",
    }


def in_euros(
    coins: list[dict[str, Any]], summary: dict[str, Any]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A day of gold in euros: other amounts, without the last ranked coin and the flagged one."""
    ranked = [coin for coin in coins if coin["rank"] is not None][:-1]
    total = sum(coin["market_cap"] for coin in ranked)
    return [
        coin
        | {"currency": "eur", "market_share_pct": 100 * coin["market_cap"] / total}
        | {column: coin[column] * EUROS for column in AMOUNTS}
        for coin in ranked
    ], summary | {
        "currency": "eur",
        "coins": len(ranked),
        "ranked": len(ranked),
        "flagged": 0,
        "total_market_cap": total * EUROS,
        "total_volume": total * EUROS / 10,
    }


def parquet(rows: list[dict[str, Any]], table: dict[str, Any]) -> bytes:
    """Rows as a Parquet file with the declared columns."""
    schema = pa.schema([(c["Name"], ARROW[c["Type"]]) for c in table["StorageDescriptor"]["Columns"]])
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), buffer)
    return buffer.getvalue()


def add_day(table: str, day: str, rows: list[dict[str, Any]], declared: dict[str, Any]) -> None:
    """Put a partition's file into S3 and the partition into the catalog."""
    location = f"s3://{BUCKET}/{table}/dt={day}/"
    boto3.client("s3").put_object(
        Bucket=BUCKET, Key=f"{table}/dt={day}/data.parquet", Body=parquet(rows, declared)
    )
    boto3.client("glue").create_partition(
        DatabaseName=DATABASE,
        TableName=table,
        PartitionInput={
            "Values": [day],
            "StorageDescriptor": declared["StorageDescriptor"] | {"Location": location},
        },
    )


def add_market(
    day: date, rows: list[dict[str, Any]], summary: dict[str, Any], declared: dict[str, Any]
) -> None:
    """Put a day's gold into both tables, and beside it the good day in euros."""
    coins, euros = in_euros(*made_up_day(day))
    add_day("gold_coins_market", str(day), [*rows, *coins], declared["gold_coins_market"])
    add_day("gold_market_summary", str(day), [summary, euros], declared["gold_market_summary"])


@pytest.fixture(scope="package")
def gold(aws_environment: dict[str, str]) -> Iterator[Gold]:
    """Forty days of 25 ranked coins and one that a flag disqualifies; silver as far as the gate reads it.

    The tables also have each day in euros, which the frames do not: no query in dollars may see it.
    """
    declared = load_resources(VALUES)["catalog"]["tables"]
    today = NOW.date()
    days = [today - timedelta(days=back) for back in range(DAYS)]
    with patch.dict(os.environ, aws_environment):
        glue = boto3.client("glue")
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        glue.create_database(DatabaseInput={"Name": DATABASE})
        silver = declared["silver_coins_market"] = declared["gold_coins_market"]  # the gate counts its rows
        for name, table in declared.items():
            storage = table["StorageDescriptor"] | {"Location": f"s3://{BUCKET}/{name}/"}
            glue.create_table(
                DatabaseName=DATABASE, TableInput={"Name": name, **table, "StorageDescriptor": storage}
            )
        coins, summaries = [], []
        for day in days:
            rows, summary = made_up_day(day)
            add_market(day, rows, summary, declared)
            add_day("silver_coins_market", str(day), [*rows, *in_euros(rows, summary)[0]], silver)
            coins += [{"dt": day} | row for row in rows]
            summaries.append({"dt": day} | summary)
        yield Gold(pd.DataFrame(coins), pd.DataFrame(summaries), today)


@pytest.fixture(scope="package")
def spoiled_day(gold: Gold) -> Callable[[Callable[[list[dict[str, Any]], dict[str, Any]], None]], date]:
    """Makes a new day before all others, good in silver and spoiled in gold by the given fault."""
    declared = load_resources(VALUES)["catalog"]["tables"]
    ages = itertools.count(DAYS + 400)

    def make(fault: Callable[[list[dict[str, Any]], dict[str, Any]], None]) -> date:
        day = gold.today - timedelta(days=next(ages))
        rows, summary = made_up_day(day)
        silver = [*rows, *in_euros(rows, summary)[0]]
        add_day("silver_coins_market", str(day), silver, declared["gold_coins_market"])
        fault(rows, summary)
        add_market(day, rows, summary, declared)
        return day

    return make
