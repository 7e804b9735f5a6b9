"""A Spark session, a lake on disk and made-up coins for the Glue scripts' tests."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

BUCKET = "test-lake"
DAY = date(2026, 1, 31)
Coin = dict[str, Any]


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the session sees as s3://test-lake."""
    folder = tmp_path_factory.mktemp("s3") / BUCKET
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def spark(s3: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    builder = SparkSession.builder.master("local[2]").appName("glue_scripts tests")
    for key, value in {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.sql.shuffle.partitions": "1",
        "spark.local.dir": str(tmp_path_factory.mktemp("spark")),
        "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
        "spark.hadoop.fs.viewfs.overload.scheme.target.file.impl": "org.apache.hadoop.fs.LocalFileSystem",
        f"spark.hadoop.fs.viewfs.mounttable.{BUCKET}.linkFallback": s3.as_uri(),
    }.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


@dataclass(frozen=True)
class Lake:
    """A lake in a folder: writes bronze, reads what the jobs wrote."""

    folder: Path

    def __str__(self) -> str:
        return str(self.folder)

    def ingest(
        self,
        page: list[Any] | str | bytes,
        day: date = DAY,
        at: str = "020003",
        source: str = "coingecko",
        number: int = 1,
        currency: str = "usd",
    ) -> str:
        """Store a page of bronze as fetch_markets does; returns its key."""
        ingestion = f"currency={currency}/ingested_at={day:%Y%m%d}T{at}Z/source={source}"
        key = f"bronze/coins_market/dt={day}/{ingestion}/page-{number:04}.json"
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        body = json.dumps(page) if isinstance(page, list) else page
        path.write_bytes(body if isinstance(body, bytes) else body.encode())
        return key

    def leave_unfinished(self, table: str) -> None:
        """What runs leave that are not done: 1 of this day, 2 of another, just now, 3 two hours ago."""
        for folder, day, age in (
            (".spark-staging-1/_temporary/0/_temporary/attempt_0", DAY, 0),
            (".spark-staging-2/_temporary/0/_temporary/attempt_0", DAY + timedelta(1), 0),
            (".spark-staging-3", DAY + timedelta(2), 2 * 3600),
            # As S3A's committer names them, which Glue uses.
            ("__magic_job-1/job-1/00/tasks/attempt_0/__base", DAY, 0),
            ("__magic_job-2/job-2/00/tasks/attempt_0/__base", DAY + timedelta(1), 0),
            ("__magic_job-3/job-3/00/tasks/attempt_0/__base", DAY + timedelta(2), 2 * 3600),
        ):
            file = self.folder / table / folder / f"dt={day}" / "part-00000.parquet"
            file.parent.mkdir(parents=True)
            file.touch()
            for path in file, *file.parents[: len(file.relative_to(self.folder / table).parents) - 1]:
                os.utime(path, (time.time() - age,) * 2)

    def files(self, table: str, day: date = DAY) -> list[Path]:
        """The data files of a table's partition."""
        return sorted((self.folder / table / f"dt={day}").glob("[!._]*"))

    def rows(self, table: str, day: date = DAY) -> list[Coin]:
        """The rows of a table's partition, by coin."""
        rows = [row for file in self.files(table, day) for row in pq.ParquetFile(file).read().to_pylist()]
        return sorted(rows, key=lambda row: (row.get("coin_id") or "", repr(row)))

    def silver(self, day: date = DAY) -> dict[str, Coin]:
        """Silver's rows of a day by coin_id."""
        return {row["coin_id"]: row for row in self.rows("silver/coins_market", day)}

    def quarantine(self, day: date = DAY) -> list[Coin]:
        return self.rows("quarantine/coins_market", day)

    def gold(self, day: date = DAY) -> dict[str, Coin]:
        """Gold's rows of a day by coin_id."""
        return {row["coin_id"]: row for row in self.rows("gold/coins_market", day)}

    def summary(self, day: date = DAY) -> Coin:
        (row,) = self.rows("gold/market_summary", day)
        return row


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


@pytest.fixture(scope="module")
def shared_lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """One lake for the tests of a file that only read what one run wrote."""
    return Lake(tmp_path_factory.mktemp("lake"))


@pytest.fixture(scope="session")
def coin() -> Callable[..., Coin]:
    """Make a plausible coin of /coins/markets; keyword arguments replace its fields."""

    def make(id: Any = "bitcoin", **fields: Any) -> Coin:  # noqa: A002
        return {
            "id": id,
            "symbol": str(id)[:3],
            "name": str(id).title(),
            "image": f"https://images.example/{id}.png",
            "current_price": 101.5,
            "market_cap": 2_030_000,
            "market_cap_rank": 1,
            "fully_diluted_valuation": 2_131_500.0,
            "total_volume": 90_000,
            "high_24h": 104,
            "low_24h": 98.75,
            "price_change_24h": 1.5,
            "price_change_percentage_24h": 1.5,
            "market_cap_change_24h": 30_000,
            "market_cap_change_percentage_24h": 1.5,
            "circulating_supply": 20_000.0,
            "total_supply": 21_000,
            "max_supply": None,
            "ath": 250,
            "ath_change_percentage": -59.4,
            "ath_date": "2025-10-06T18:57:42.558Z",
            "atl": 1e-11,
            "atl_change_percentage": 123859.03755,
            "atl_date": "2013-07-06T00:00:00.000Z",
            "roi": None,
            "last_updated": "2026-01-31T01:59:26.545Z",
            **fields,
        }

    return make


@pytest.fixture(scope="session")
def captures() -> Path:
    """The folder of real CoinGecko captures."""
    folder = os.environ.get("COINGECKO_CAPTURES")
    if not folder:
        pytest.skip("COINGECKO_CAPTURES is not set: it names a folder of real CoinGecko captures")
    return Path(folder)


def ingestion_time(page: list[Coin], day: date) -> str:
    """HHMMSS of a capture's ingestion: a second after its newest price, within the day."""
    newest = max(datetime.fromisoformat(coin["last_updated"]).replace(tzinfo=None) for coin in page)
    moment = max(newest + timedelta(seconds=1), datetime(day.year, day.month, day.day, 2, 0, 3))  # noqa: DTZ001
    return f"{moment:%H%M%S}"


@pytest.fixture(scope="session")
def ingest_capture() -> Callable[[Lake, Path, date], list[Coin]]:
    """Put a capture into a day's bronze, byte for byte; returns its coins."""

    def ingest(lake: Lake, file: Path, day: date) -> list[Coin]:
        coins = json.loads(file.read_bytes())
        lake.ingest(file.read_bytes(), day=day, at=ingestion_time(coins, day))
        return coins

    return ingest
