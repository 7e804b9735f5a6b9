"""Every name of the lake, once.

Some files cannot import this one: `include/resources`, Terraform and its policies, SQL, the Glue
scripts. `tests/include/crypto_lake/test_layout.py` compares the names in them with these. Names that
differ between environments (buckets, roles) are in the Airflow Variable or filled in by Terraform.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple


class Table(NamedTuple):
    """A table of the Data Catalog.

    Attributes:
        name: the table's name in `DATABASE`.
        prefix: where its files are in the lake's bucket, without the slash at the end.
    """

    name: str
    prefix: str


class Crawler(NamedTuple):
    """A Glue crawler and the tables that it keeps up to date."""

    name: str
    tables: tuple[Table, ...]

    @property
    def table_names(self) -> list[str]:
        """The tables' names, in order."""
        return [table.name for table in self.tables]


DATABASE = "crypto_datalake"
WORKGROUP = "crypto-lake"
"""Athena's workgroup: it says where results go, and how much a query may read."""
ARRIVALS_QUEUE = "crypto-lake-arrivals"
"""The SQS queue that S3 tells about files below `RAW`."""
ALERT_TOPIC = "crypto-lake-alerts"

START = datetime(2009, 1, 3, tzinfo=UTC)
"""The DAGs' start_date, before any price: a run of an earlier day would succeed with no task run."""

# When DAGs run: cron expressions, in UTC. What the page and the documents say follows from them.
DAILY_SCHEDULE = "0 2 * * *"
DEADLINE_SCHEDULE = "30 3 * * *"
ARRIVALS_SCHEDULE = "*/15 * * * *"

HISTORY_SUFFIX = "-history"
"""Ends the name of a source whose rows were made of histories, long after the day."""

# Bronze is read by its Glue job alone: it has no table.
BRONZE_COINS_MARKET = "bronze/coins_market"
BRONZE_COINS_HISTORY = "bronze/coins_history"
SILVER_COINS_MARKET = Table("silver_coins_market", "silver/coins_market")
QUARANTINE_COINS_MARKET = Table("quarantine_coins_market", "quarantine/coins_market")
GOLD_COINS_MARKET = Table("gold_coins_market", "gold/coins_market")
GOLD_MARKET_SUMMARY = Table("gold_market_summary", "gold/market_summary")
PROCESSED_CRYPTO = Table("processed_crypto", "processed/crypto")
TABLES = (
    SILVER_COINS_MARKET,
    QUARANTINE_COINS_MARKET,
    GOLD_COINS_MARKET,
    GOLD_MARKET_SUMMARY,
    PROCESSED_CRYPTO,
)

RAW = "raw"
"""Where files are dropped."""
REJECTED_COINS_MARKET = "rejected/coins_market"
REJECTED_COINS_HISTORY = "rejected/coins_history"
REJECTED_RAW = "rejected/raw"
ATHENA_RESULTS = "athena/results"
GLUE_SCRIPTS = "src/glue_scripts"

SILVER_CRAWLER = Crawler("silver-coins-market", (SILVER_COINS_MARKET,))
GOLD_CRAWLER = Crawler("gold-coins-market", (GOLD_COINS_MARKET, GOLD_MARKET_SUMMARY))
PROCESSED_CRAWLER = Crawler("processed-crypto", (PROCESSED_CRYPTO,))
CRAWLERS = (SILVER_CRAWLER, GOLD_CRAWLER, PROCESSED_CRAWLER)
