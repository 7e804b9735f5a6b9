"""The sample queries over dropped files, through Athena's API, against the same answers from pandas."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.crypto_lake.on_arrival.columns import SCHEMA
from laptop.aws.glue.crawlers import glue_type
from laptop.trino.tables import PARQUET
from tests import athena

EXAMPLES = Path(__file__).parents[3] / "include" / "sql" / "examples"
BUCKET = DATABASE = "processed-sql-tests"
COINS = ["bitcoin", "ethereum", "solana"]
DAYS = 45
NOW = datetime(2025, 1, 15, 23, 59, 59, tzinfo=UTC)
"""What the queries take for now; a year ends among the days before."""


@dataclass(frozen=True)
class Processed:
    """What the table holds, as pandas sees it, and Athena's API on it."""

    rows: pd.DataFrame
    today: date
    bytes_a_day: float

    def ask(self, name: str) -> tuple[list[dict[str, Any]], float]:
        """The rows of an example, and how many days it read."""
        sql = athena.at((EXAMPLES / f"{name}.sql").read_text(), NOW)
        execution = athena.run(sql, BUCKET, DATABASE)
        days_read = execution["Statistics"]["DataScannedInBytes"] / self.bytes_a_day
        return athena.rows(execution), days_read

    def since(self, days: int) -> pd.DataFrame:
        return self.rows[self.rows.price_date >= self.today - timedelta(days=days)]


def made_up_day(day: date) -> list[dict[str, Any]]:
    number = day.toordinal()
    return [
        {
            "coin_id": coin,
            "name": coin.title(),
            "current_price": 1000.0 / position + number % (7 + position),
            "market_cap": 1e9 / position + number % 11,
            "total_volume": None if coin == "solana" else 1e6 * (1 + (number * position) % 13),
            "price_date": day,
        }
        for position, coin in enumerate(COINS, start=1)
    ]


@pytest.fixture(scope="module")
def processed(aws_environment: dict[str, str]) -> Iterator[Processed]:
    today = NOW.date()
    with patch.dict(os.environ, aws_environment):
        glue, s3 = boto3.client("glue"), boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        glue.create_database(DatabaseInput={"Name": DATABASE})
        storage: Any = {
            "Columns": [{"Name": field.name, "Type": glue_type(field.type)} for field in SCHEMA],
            "Location": f"s3://{BUCKET}/processed/crypto/",
            **PARQUET,
        }
        keys = [{"Name": name, "Type": "string"} for name in ("year", "month", "day")]
        glue.create_table(
            DatabaseName=DATABASE,
            TableInput={"Name": "processed_crypto", "PartitionKeys": keys, "StorageDescriptor": storage},
        )
        rows, sizes = [], []
        for back in range(DAYS):
            day = today - timedelta(days=back)
            body = io.BytesIO()
            pq.write_table(pa.Table.from_pylist(made_up_day(day), schema=SCHEMA), body)
            folder = f"processed/crypto/year={day:%Y}/month={day:%m}/day={day:%d}/"
            s3.put_object(Bucket=BUCKET, Key=f"{folder}data.parquet", Body=body.getvalue())
            glue.create_partition(
                DatabaseName=DATABASE,
                TableName="processed_crypto",
                PartitionInput={
                    "Values": day.isoformat().split("-"),
                    "StorageDescriptor": storage | {"Location": f"s3://{BUCKET}/{folder}"},
                },
            )
            rows += made_up_day(day)
            sizes.append(body.tell())
        yield Processed(pd.DataFrame(rows), today, sum(sizes) / len(sizes))


def test_price_trends_have_each_day_with_its_mean_of_seven(processed: Processed) -> None:
    rows, days_read = processed.ask("price_trends")
    expected = processed.since(30).sort_values(["coin_id", "price_date"])
    means = expected.groupby("coin_id").current_price.rolling(7, min_periods=1).mean()
    assert [(row["coin_id"], row["price_date"]) for row in rows] == list(
        zip(expected.coin_id, expected.price_date, strict=True)
    )
    assert [row["average_7d"] for row in rows] == pytest.approx(list(means))
    changes = 100 * expected.groupby("coin_id").current_price.pct_change()
    assert [row["change_pct"] for row in rows if row["change_pct"] is not None] == pytest.approx(
        list(changes.dropna())
    )
    assert days_read == pytest.approx(31, rel=0.01)


def test_market_capitalization_shares_the_newest_day_out(processed: Processed) -> None:
    rows, days_read = processed.ask("market_capitalization")
    newest = processed.rows[processed.rows.price_date == processed.today]
    expected = newest.sort_values("market_cap", ascending=False)
    assert [row["coin_id"] for row in rows] == list(expected.coin_id)
    assert [row["position"] for row in rows] == [1, 2, 3]
    assert [row["share_pct"] for row in rows] == pytest.approx(
        list(100 * expected.market_cap / expected.market_cap.sum())
    )
    assert days_read == pytest.approx(8, rel=0.01)


def test_volume_comparison_sets_the_newest_volume_against_the_mean(processed: Processed) -> None:
    rows, days_read = processed.ask("volume_comparison")
    recent = processed.since(30).dropna(subset="total_volume")
    means = recent.groupby("coin_id").total_volume.mean()
    newest = recent[recent.price_date == processed.today].set_index("coin_id").total_volume
    expected = (newest / means).sort_values(ascending=False)
    assert [row["coin_id"] for row in rows] == list(expected.index)
    assert [row["times_average"] for row in rows] == pytest.approx(list(expected))
    assert {row["days"] for row in rows} == {31}
    assert days_read == pytest.approx(31, rel=0.01)


def test_historical_performance_goes_from_the_first_day_to_the_last(processed: Processed) -> None:
    rows, days_read = processed.ask("historical_performance")
    prices = processed.rows.pivot_table(index="price_date", columns="coin_id", values="current_price")
    expected = (100 * (prices.iloc[-1] / prices.iloc[0] - 1)).sort_values(ascending=False)
    assert [row["coin_id"] for row in rows] == list(expected.index)
    assert [row["change_pct"] for row in rows] == pytest.approx(list(expected))
    assert [row["highest_price"] for row in rows] == [prices[row["coin_id"]].max() for row in rows]
    assert {row["first_day"] for row in rows} == {processed.rows.price_date.min()}
    assert days_read == pytest.approx(DAYS, rel=0.01)
