"""Lakes that look as if the daily DAG had run for N days, in a running local AWS, made in seconds.

Two days are really made: their bronze is put as `fetch_markets` puts it, and the Glue jobs and crawlers run
over it. Every other day has hard links to the files of one of the two, under its own keys, since 10,000 coins
on 3,650 days would be 50 GB. So the days differ in keys, partitions and catalog, and not in their contents;
one in ten has refused rows in quarantine. Links are safe because nobody writes into a file that is there:
S3, Spark and Athena's results replace files. (Only authorization, which is off here, has jobs whose results
are copied into place.)
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3

from include.crypto_lake import layout
from include.crypto_lake.resources import load_resources
from lake_provider.bronze import BronzeDay
from lake_provider.coingecko.responses import MarketsPage
from laptop.aws.process import running
from laptop.aws.s3.object_files import ObjectFiles, Signature
from laptop.coingecko import demo_market as coingecko_demo
from laptop.lake.deployment import LAKE_BUCKET, VALUES, deploy
from laptop.runner.environment import aws_environment

FOLDERS = {
    table.name: table.prefix
    for table in (layout.SILVER_COINS_MARKET, layout.GOLD_COINS_MARKET, layout.GOLD_MARKET_SUMMARY)
}
"""Where the tables with partitions in the catalog lie."""
CRAWLERS = (layout.SILVER_CRAWLER.name, layout.GOLD_CRAWLER.name)
PER_PAGE = 250
REFUSED_EVERY = 10
"""Days from one with refused rows to the next."""
_GOING = ("STARTING", "RUNNING", "WAITING")
_GROUP = 100  # partitions that BatchCreatePartition takes at most


@dataclass(frozen=True)
class Template:
    """Days that longer lakes repeat.

    Attributes:
        objects: of each day its objects: key, file, and the facts that `ObjectFiles` keeps. The first day is
            the usual one; the second has refused rows.
    """

    objects: dict[date, list[tuple[str, Path, dict[str, Any]]]]


def market(coins: int, day: date, *, priceless: int = 0) -> list[dict[str, Any]]:
    """The market of a day in the shape of /coins/markets: so many coins, the largest market cap first.

    Beyond the demo market's own, its coins come again, ever smaller and under ids of their own. The first
    `priceless` coins behind the tenth have no price, which silver refuses.
    """
    demo = [row for row in coingecko_demo.market(day) if row["market_cap"] and row["current_price"]]
    rows = []
    for number in range(coins):
        copy, row = number // len(demo), dict(demo[number % len(demo)])
        if copy:
            row |= {"id": f"{row['id']}-{copy}", "symbol": f"{row['symbol']}{copy}"}
            row |= {"name": f"{row['name']} {copy}", "roi": None}
            for field in ("market_cap", "fully_diluted_valuation", "total_volume", "circulating_supply"):
                row[field] = round(row[field] / (1 + copy), 2)
        rows.append(row)
    rows.sort(key=lambda row: -row["market_cap"])
    for rank, row in enumerate(rows, start=1):
        row["market_cap_rank"] = rank
    for row in rows[10 : 10 + priceless]:
        row["current_price"] = None
    return rows


def make_template(state: Path, coins: int) -> Template:
    """Make the two days with the Glue jobs and crawlers, in a local AWS of its own.

    Args:
        state: an empty folder; the days' files stay there.
        coins: rows a day.

    Raises:
        RuntimeError: a job or crawler failed, with its reason.
    """
    days = (date(2026, 1, 30), date(2026, 1, 31))
    with running(state) as endpoint_url, patch.dict(os.environ, aws_environment(endpoint_url)):
        boto3.setup_default_session()  # the last one has the key of another server
        deploy(endpoint_url)
        for number, day in enumerate(days):
            rows = market(coins, day, priceless=number * max(1, coins // 50))
            put_day(boto3.client("s3"), rows, day)
        for job in ("bronze_to_silver", "silver_to_gold"):
            run_job(job, *days)
        crawl()
    files = ObjectFiles(state)
    return Template(
        {
            day: [
                (key, files.path(LAKE_BUCKET, key), facts)
                for (key, _), facts in files.facts(LAKE_BUCKET).items()
                if f"/dt={day}/" in key
            ]
            for day in days
        }
    )


@contextmanager
def running_lake(template: Template, state: Path, *, days: int, last: date) -> Iterator[str]:
    """Serve a lake of so many days up to a day, deployed and crawled; gives the endpoint URL.

    The AWS variables are set for the length of the `with` block.

    Raises:
        RuntimeError: a crawler failed, with its reason.
    """
    history = [last - timedelta(days=back) for back in range(days)]
    link(template, state, history)
    with running(state) as endpoint_url, patch.dict(os.environ, aws_environment(endpoint_url)):
        boto3.setup_default_session()  # the last one has the key of another server
        deploy(endpoint_url)
        add_to_catalog(history)
        crawl()
        yield endpoint_url


def link(template: Template, state: Path, days: list[date]) -> None:
    """Give each day the files of one of the template's; no server may run on the state folder."""
    files = ObjectFiles(state)
    usual, refused = template.objects
    for number, day in enumerate(days, start=1):
        made = refused if number % REFUSED_EVERY == 0 else usual
        moment = datetime(day.year, day.month, day.day, 2, 0, 30)  # noqa: DTZ001 - as the facts have it
        for old, file, facts in template.objects[made]:
            key = old.replace(str(made), str(day)).replace(f"{made:%Y%m%d}", f"{day:%Y%m%d}")
            path = files.path(LAKE_BUCKET, key)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.hardlink_to(file)
            at = {"last_modified": moment.isoformat()}
            files.record(LAKE_BUCKET, key, Signature.of(path), facts | at)


def add_to_catalog(days: list[date]) -> None:
    """Put all partitions into the catalog, as the crawlers leave them."""
    glue = boto3.client("glue")
    tables = load_resources(VALUES)["catalog"]["tables"]
    for table in FOLDERS:
        storage = tables[table]["StorageDescriptor"]
        partitions = [
            {
                "Values": [str(day)],
                "StorageDescriptor": storage | {"Location": f"{storage['Location']}dt={day}/"},
            }
            for day in days
        ]
        for start in range(0, len(partitions), _GROUP):
            glue.batch_create_partition(
                DatabaseName=layout.DATABASE,
                TableName=table,
                PartitionInputList=partitions[start : start + _GROUP],
            )


def forget_day(day: date) -> None:
    """Delete a day's objects and partitions, so that it can be a new day again."""
    bucket = boto3.resource("s3").Bucket(LAKE_BUCKET)
    for folder in (layout.BRONZE_COINS_MARKET, layout.QUARANTINE_COINS_MARKET.prefix, *FOLDERS.values()):
        bucket.objects.filter(Prefix=f"{folder}/dt={day}/").delete()
    for table in FOLDERS:
        boto3.client("glue").batch_delete_partition(
            DatabaseName=layout.DATABASE, TableName=table, PartitionsToDelete=[{"Values": [str(day)]}]
        )


def crawl() -> None:
    """Run both crawlers to their ends.

    Raises:
        RuntimeError: one failed, with its reason.
    """
    glue = boto3.client("glue")
    for name in CRAWLERS:
        glue.start_crawler(Name=name)
        while (crawler := glue.get_crawler(Name=name)["Crawler"])["State"] != "READY":
            time.sleep(0.1)
        if crawler["LastCrawl"]["Status"] != "SUCCEEDED":
            raise RuntimeError(f"crawler {name} failed: {crawler['LastCrawl'].get('ErrorMessage')}")


def put_day(s3: Any, rows: list[dict[str, Any]], day: date) -> None:
    """Put a day's market into bronze, as the daily DAG does."""
    bronze = BronzeDay(s3, LAKE_BUCKET, layout.BRONZE_COINS_MARKET, day, "usd")
    bronze.append(_pages(rows, day), requested=len(rows))


def _pages(rows: list[dict[str, Any]], day: date) -> list[MarketsPage]:
    clock = datetime(day.year, day.month, day.day, 2, tzinfo=UTC)
    pages = []
    for number, start in enumerate(range(0, len(rows), PER_PAGE), start=1):
        part = rows[start : start + PER_PAGE]
        body = json.dumps(part, ensure_ascii=False, separators=(",", ":")).encode()
        pages.append(
            MarketsPage(
                number=number,
                url=f"http://127.0.0.1/api/v3/coins/markets?vs_currency=usd&per_page={PER_PAGE}&page={number}",
                body=body,
                content_type="application/json; charset=utf-8",
                http_date=f"{clock:%a, %d %b %Y %H:%M:%S} GMT",
                etag=f'W/"{sha256(body).hexdigest()[:32]}"',
                source="coingecko",
                clock=clock,
                rows=len(part),
                coin_ids=tuple(row["id"] for row in part),
            )
        )
    return pages


def run_job(job: str, first: date, last: date) -> float:
    """Run a Glue job for a day or a range of days; returns its seconds, as Glue tells them.

    Raises:
        RuntimeError: the run failed, with Glue's message.
    """
    glue = boto3.client("glue")
    days = (
        {"--run_date": str(first)} if first == last else {"--from_date": str(first), "--to_date": str(last)}
    )
    run_id = glue.start_job_run(JobName=job, Arguments={**days, "--bucket": LAKE_BUCKET})["JobRunId"]
    while (run := glue.get_job_run(JobName=job, RunId=run_id)["JobRun"])["JobRunState"] in _GOING:
        time.sleep(0.2)
    if run["JobRunState"] != "SUCCEEDED":
        raise RuntimeError(f"{job} over {days} failed: {run.get('ErrorMessage')}")
    return float((run["CompletedOn"] - run["StartedOn"]).total_seconds())
