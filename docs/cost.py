"""Writes docs/cost.md, what a month on AWS costs, from measured counts and bytes and a list of prices: `make cost`.

The counts and bytes are benchmarks/results/footprint.json. With `--check` nothing is written, and the exit status
says whether the page is up to date.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

REPOSITORY = Path(__file__).parents[1]
PAGE = REPOSITORY / "docs" / "cost.md"
FOOTPRINT = REPOSITORY / "benchmarks" / "results" / "footprint.json"

DATE = "2026-11-28"


class Price(NamedTuple):
    """A list price in US dollars, of us-east-1: for how much of what, and where it was read."""

    usd: float
    unit: str
    source: str


MEMORY = "from memory of AWS's price list"
CLASSMETHOD = "[comparison of MWAA's prices](https://dev.classmethod.jp/articles/amazon-mwaa-serverless-cost-comparison), 2025, for Tokyo"
C3X = "[what MWAA costs](https://c3x.dev/blog/mwaa-cost-managed-airflow/)"
GLUE = "[Glue's billing](https://awsnegotiations.com/glue-job-cost-optimization.html), May 2026"
NAT = "[NAT gateway](https://cloudburn.io/blog/aws-nat-gateway-pricing), February 2026"
S3 = "[S3's prices](https://devnotes.tech/understanding-aws-s3-pricing-a-complete-cost-breakdown-with-examples)"
CLOUDWATCH = "[CloudWatch](https://cloudburn.io/blog/amazon-cloudwatch-pricing), February 2026"

PRICES: Mapping[str, Price] = {
    "mw1.micro": Price(0.29, "hour", MEMORY),
    "mw1.small": Price(0.49, "hour", C3X),
    "mw1.medium": Price(0.74, "hour", f"{CLASSMETHOD}; others say 0.88"),
    "MWAA worker, small": Price(0.055, "hour", C3X),
    "MWAA worker, medium": Price(0.11, "hour", CLASSMETHOD),
    "MWAA metadata": Price(0.10, "GB and month", CLASSMETHOD),
    "DPU": Price(0.44, "DPU-hour", GLUE),
    "catalog requests": Price(1.00, "million, after the first million", GLUE),
    "catalog objects": Price(1.00, "100,000 and month, after the first million", GLUE),
    "Athena": Price(
        5.00,
        "TB, at least 10 MB a query",
        "[Athena](https://athena.guide/articles/athena-basics-pricing-model/), 2020",
    ),
    "S3 storage": Price(0.023, "GB and month", S3),
    "S3 PUT, LIST": Price(0.005, "1,000", S3),
    "S3 GET": Price(0.0004, "1,000", S3),
    "SQS": Price(0.40, "million", MEMORY),
    "metric": Price(0.30, "metric and month", CLOUDWATCH),
    "metric requests": Price(0.01, "1,000 PutMetricData", MEMORY),
    "alarm": Price(0.10, "alarm and month", CLOUDWATCH),
    "logs": Price(0.50, "GB taken in", CLOUDWATCH),
    "NAT hour": Price(0.045, "hour", NAT),
    "NAT GB": Price(0.045, "GB", NAT),
    "IPv4": Price(0.005, "hour", NAT),
    "interface endpoint": Price(0.01, "hour and zone", MEMORY),
    "secret": Price(
        0.40,
        "secret and month",
        "[Secrets Manager](https://hivebook.wiki/wiki/aws-secrets-manager-rotated-secrets-dynamic-db-credentials-kms)",
    ),
    "secret requests": Price(0.05, "10,000", MEMORY),
}

HOURS = 730
DAYS = HOURS / 24
ATHENA_MINIMUM = 10e6  # bytes a query is billed at least
CRAWL_MINIMUM = 600  # seconds
JOB_MINIMUM = 60  # seconds
WORKERS = 2  # G.1X, one DPU each: include/resources/glue_jobs.yaml
JOBS = 2
ALARMS = 5  # infra/alarms.tf
SECRETS = 2
SWEEPS = 96  # a day: the on-arrival DAG's timer
POLL = 21  # seconds: a long poll, and the pause after it


@dataclass(frozen=True)
class Assumed:
    """What has not been measured, since it is AWS's own: read it off the first bill."""

    job_seconds: float = 120  # of a Glue job of one day; a laptop's seconds say nothing about AWS's
    backfill_seconds: float = 600  # of a Glue job of 365 days
    crawler_dpus: float = 2
    spark_puts: int = 60  # PUT and LIST of one Glue run, its event log and committers included
    spark_gets: int = 60
    athena_puts: int = 10  # of one query: LIST of its partitions, PUT of its results
    athena_gets: int = 10
    metadata_gb: float = 10  # AWS's own example
    nat_gb: float = 3
    secret_requests: int = 10_000
    mwaa_log_gb: float = 0.5  # scheduler, workers, web server at WARNING


@dataclass(frozen=True)
class Scenario:
    """A way to use the product.

    Attributes:
        name: The column's heading.
        coins: In each run; one of those that the footprint was measured with.
        runs: Of the daily DAG, a day.
        files: Dropped, a day; all of that day.
        mwaa: The environment's class.
    """

    name: str
    coins: int
    runs: int
    files: int
    mwaa: str = "mw1.small"


DEFAULT = Scenario("250 coins, daily", 250, 1, 3)
LARGE = Scenario("10,000 coins, hourly", 10_000, 24, 3)


class Line(NamedTuple):
    """A line of the bill."""

    service: str
    usage: str
    usd: float


def bill(scenario: Scenario, footprint: Mapping[str, Any], assumed: Assumed = Assumed()) -> list[Line]:
    """A month, by service; free tiers of an account are not counted, but the catalog's.

    Args:
        scenario: How the product is used.
        footprint: The figures of `benchmarks/results/footprint.json`.
        assumed: The rest.
    """
    month = _Month(scenario, footprint, assumed)
    puts, gets = month.s3("PUT", "LIST", "POST", "COPY"), month.s3("GET", "HEAD")
    glue_requests = month.requests("Glue ")
    scanned = month.scanned()
    stored = month.stored_a_day()
    logs = month.per_run("log") / 1e9 + assumed.mwaa_log_gb
    polls = HOURS * 3600 / POLL + 2 * scenario.files * DAYS
    sent = month.requests("CloudWatch ")
    tb = scanned / 1e12
    jobs = JOBS * scenario.runs * DAYS
    return [
        Line("MWAA: environment", f"{scenario.mwaa}, {HOURS} hours", HOURS * _price_usd(scenario.mwaa)),
        Line(
            "MWAA: metadata",
            f"{assumed.metadata_gb:g} GB (assumed)",
            assumed.metadata_gb * _price_usd("MWAA metadata"),
        ),
        Line(
            "NAT gateway, its address",
            f"{HOURS} hours, {assumed.nat_gb:g} GB (assumed)",
            HOURS * (_price_usd("NAT hour") + _price_usd("IPv4")) + assumed.nat_gb * _price_usd("NAT GB"),
        ),
        Line(
            "Glue: jobs",
            f"{jobs:,.0f} runs of {WORKERS} DPUs, {assumed.job_seconds:g} s (assumed)",
            jobs * job_usd(assumed.job_seconds),
        ),
        Line(
            "Glue: crawlers",
            f"{month.crawls():,.0f} crawls of {assumed.crawler_dpus:g} DPUs (assumed), 10 minutes",
            month.crawls() * crawl_usd(assumed),
        ),
        Line(
            "Glue: catalog",
            f"{glue_requests:,.0f} requests, a few thousand objects: in the free first million",
            max(0.0, glue_requests / 1e6 - 1) * _price_usd("catalog requests"),
        ),
        Line(
            "Athena",
            f"{month.queries():,.0f} queries, {scanned / 1e9:.1f} GB billed",
            tb * _price_usd("Athena"),
        ),
        Line(
            "S3: requests",
            f"{puts:,.0f} PUT and LIST, {gets:,.0f} GET",
            puts / 1000 * _price_usd("S3 PUT, LIST") + gets / 1000 * _price_usd("S3 GET"),
        ),
        Line(
            "S3: storage, after a year",
            f"{stored * 365 / 1e9:.2f} GB, {stored / 1e6:.2f} MB a day",
            stored * 365 / 1e9 * _price_usd("S3 storage"),
        ),
        Line("SQS", f"{polls:,.0f} requests", polls / 1e6 * _price_usd("SQS")),
        Line(
            "CloudWatch: metrics, alarms",
            f"{footprint['metrics']} metrics, {ALARMS} alarms, {sent:,.0f} requests",
            footprint["metrics"] * _price_usd("metric")
            + ALARMS * _price_usd("alarm")
            + sent / 1000 * _price_usd("metric requests"),
        ),
        Line(
            "CloudWatch: logs",
            f"{logs:.2f} GB, {assumed.mwaa_log_gb:g} of it assumed",
            logs * _price_usd("logs"),
        ),
        Line(
            "Secrets Manager",
            f"{SECRETS} secrets, {assumed.secret_requests:,} calls (assumed)",
            SECRETS * _price_usd("secret") + assumed.secret_requests / 10_000 * _price_usd("secret requests"),
        ),
        Line("CloudFront, SNS, EventBridge, Budgets, KMS", "within what is free; KMS is not used", 0.0),
    ]


def job_usd(seconds: float, workers: int = WORKERS) -> float:
    """A run of a Glue job."""
    return max(seconds, JOB_MINIMUM) / 3600 * workers * _price_usd("DPU")


def crawl_usd(assumed: Assumed) -> float:
    """A crawl of the shortest time that is billed."""
    return CRAWL_MINIMUM / 3600 * assumed.crawler_dpus * _price_usd("DPU")


def query_usd(scanned: float) -> float:
    """An Athena query that reads so many bytes."""
    return max(scanned, ATHENA_MINIMUM) / 1e12 * _price_usd("Athena")


def _price_usd(what: str) -> float:
    return PRICES[what].usd


class _Month:
    """What a month has of each thing."""

    def __init__(self, scenario: Scenario, footprint: Mapping[str, Any], assumed: Assumed) -> None:
        runs = footprint["runs"]
        self.scenario, self.assumed = scenario, assumed
        self.daily = runs[f"daily, {scenario.coins:,} coins"]
        self.page = runs["daily, 250 coins"]["layers"]["bronze"]
        # How often a month, and what each leaves.
        self.parts = [
            (scenario.runs * DAYS, self.daily),
            (scenario.files * DAYS, runs["on arrival, one file"]),
            (SWEEPS * DAYS, runs["on arrival, nothing new"]),
        ]

    def per_run(self, what: str) -> float:
        return sum(float(times * run[what]) for times, run in self.parts)

    def requests(self, prefix: str) -> float:
        return sum(
            float(times * count)
            for times, run in self.parts
            for kind, count in run["requests"].items()
            if kind.startswith(prefix)
        )

    def s3(self, *methods: str) -> float:
        """Airflow's requests, measured, with Spark's and Athena's, assumed."""
        puts = "PUT" in methods
        spark = self.assumed.spark_puts if puts else self.assumed.spark_gets
        athena = self.assumed.athena_puts if puts else self.assumed.athena_gets
        asked = sum(self.requests(f"S3 {method}") for method in methods)
        return asked + JOBS * self.scenario.runs * DAYS * spark + self.queries() * athena

    def queries(self) -> float:
        return sum(times * len(run["scanned"]) for times, run in self.parts)

    def scanned(self) -> float:
        """Bytes that Athena bills."""
        return sum(
            float(times * max(size, ATHENA_MINIMUM)) for times, run in self.parts for size in run["scanned"]
        )

    def crawls(self) -> float:
        """Two of each day's first run, one of the day that dropped files bring anew."""
        return (2 + (self.scenario.files > 0)) * DAYS

    def stored_a_day(self) -> float:
        """Bytes that stay: every ingestion in bronze, one partition a day elsewhere; what expires is left out."""
        layers = self.daily["layers"]
        arrival = self.parts[1][1]["layers"]
        bronze = layers["bronze"]["bytes"] * self.scenario.runs
        rest = sum(layers[name]["bytes"] for name in ("silver", "gold"))
        dropped = self.page["bytes"]  # a dropped file is as long as CoinGecko's page of 250 coins
        return float(bronze + rest + self.scenario.files * (dropped + arrival["processed"]["bytes"]))


# --- what the design saves ---


class Saving(NamedTuple):
    """What something in the design saves, and how that is reckoned; `small` and `large` in US dollars a month."""

    what: str
    reckoning: str
    small: float
    large: float


def savings(footprint: Mapping[str, Any], assumed: Assumed = Assumed()) -> list[Saving]:
    """What each choice of the design saves, in both scenarios."""
    both = (DEFAULT, LARGE)
    gold = {one.coins: _daily_usage(footprint, one)["layers"]["gold"]["bytes"] for one in both}
    per_run = {one.coins: len(_daily_usage(footprint, one)["scanned"]) for one in both}

    def full_scan(one: Scenario, days: int) -> float:
        """Each query of each run reading all days, less what one day costs."""
        more = query_usd(gold[one.coins] * days) - query_usd(gold[one.coins])
        return one.runs * DAYS * per_run[one.coins] * more

    def crawls(one: Scenario) -> float:
        every = 2 * one.runs + one.files
        return (every - 3) * DAYS * crawl_usd(assumed)

    backfill = JOBS * (365 * job_usd(assumed.job_seconds) - job_usd(assumed.backfill_seconds))
    short_polls = HOURS * 3600 * (1 - 1 / POLL) / 1e6 * _price_usd("SQS")
    micro = HOURS * (_price_usd("mw1.small") - _price_usd("mw1.micro"))
    endpoints = 8 * 2 * HOURS * _price_usd("interface endpoint") - HOURS * (
        _price_usd("NAT hour") + _price_usd("IPv4")
    )
    through_nat = [
        one.runs
        * DAYS
        * _daily_usage(footprint, one)["layers"]["bronze"]["bytes"]
        / 1e9
        * _price_usd("NAT GB")
        for one in both
    ]
    return [
        Saving(
            "The crawler is left alone when the catalog has the day",
            "else each run crawls twice, and each dropped file once",
            *map(crawls, both),
        ),
        Saving(
            "A year's backfill in one Glue run a job, not in 365",
            f"once, not monthly: 365 runs of {assumed.job_seconds:g} s against one of {assumed.backfill_seconds:g} s (both assumed)",
            backfill,
            backfill,
        ),
        Saving(
            "Queries read their partitions, 365 days of history",
            "else each reads all of gold",
            *(full_scan(one, 365) for one in both),
        ),
        Saving("The same, 3,650 days of history", "", *(full_scan(one, 3650) for one in both)),
        Saving(
            "Long polling of the queue",
            "else a request a second",
            short_polls,
            short_polls,
        ),
        Saving(
            "S3 through its gateway endpoint",
            "else what Airflow puts into bronze passes the NAT gateway",
            *through_nat,
        ),
        Saving(
            "One NAT gateway, no interface endpoints",
            "eight endpoints in two zones cost more, and CoinGecko would still need a way out",
            endpoints,
            endpoints,
        ),
        Saving(
            "Waiting tasks are deferred and hold no slot",
            "what it makes possible: `mw1.micro`, three slots, in place of `mw1.small` (not the default)",
            micro,
            micro,
        ),
    ]


def _daily_usage(footprint: Mapping[str, Any], scenario: Scenario) -> Mapping[str, Any]:
    found: Mapping[str, Any] = footprint["runs"][f"daily, {scenario.coins:,} coins"]
    return found


# --- the page ---


def page(footprint: Mapping[str, Any]) -> str:
    """The whole of docs/cost.md."""
    bills = [bill(one, footprint) for one in (DEFAULT, LARGE)]
    totals = [sum(line.usd for line in lines) for lines in bills]
    fixed = [sum(line.usd for line in lines if line.service.startswith(("MWAA", "NAT"))) for lines in bills]
    micro = [
        sum(line.usd for line in bill(replace(one, mwaa="mw1.micro"), footprint)) for one in (DEFAULT, LARGE)
    ]
    gold = _daily_usage(footprint, DEFAULT)["layers"]["gold"]["bytes"]
    days_free = int(ATHENA_MINIMUM // gold)
    parts = [
        "# What a month on AWS costs\n",
        "<!-- Written by `make cost` from docs/cost.py and benchmarks/results/footprint.json: change those, not this. -->\n",
        f"""`us-east-1`, a month of {HOURS} hours, in US dollars without tax. Runs, requests and bytes are
[measured](../benchmarks/RESULTS.md#what-a-run-leaves-and-asks-for) on the local AWS; what is marked *assumed* is AWS's own and has to be read off the first
bill. Prices are list prices, [below](#prices), collected {DATE} from second hand: check them before you rely on them.
""",
        f"""**Airflow and its way out are {100 * fixed[0] / totals[0]:.0f} % of the bill by default, and {100 * fixed[1] / totals[1]:.0f} % with {LARGE.coins // DEFAULT.coins} times the coins,
{LARGE.runs} times as often.** A day's work costs the same however old the lake is; only storage grows.
""",
        "## By service\n",
        _markdown_table(
            ["service", f"{DEFAULT.name}: usage", "US dollars", f"{LARGE.name}: usage", "US dollars"],
            "lrlr",
            [
                *(
                    [small.service, small.usage, f"{small.usd:.2f}", large.usage, f"{large.usd:.2f}"]
                    for small, large in zip(*bills, strict=True)
                ),
                ["**together**", "", f"**{totals[0]:.2f}**", "", f"**{totals[1]:.2f}**"],
            ],
        ),
        f"""Each has {DEFAULT.files} dropped files a day, and {SWEEPS} sweeps of `raw/` by the timer. With `mw1.micro` the totals are {micro[0]:.0f} and {micro[1]:.0f}. Not counted: CoinGecko's paid
plan, which the second column needs; older versions of overwritten files; an
account's free tiers (but the catalog's first million requests), Glue's own metrics (`--enable-metrics`), visitors of the website.

**What the product allows hourly today.** The daily DAG may run any number of times a day (another `schedule`, or a trigger an hour): each ingestion
stays in bronze, and silver and gold hold the *latest* of the day. So hourly runs keep the website fresh, but there is no hourly history in gold:
partitions are days. `bronze_to_silver` reads all the day's ingestions each time, {LARGE.runs} at the end of it. CoinGecko's free plans do not
allow 40 calls an hour, every hour, for long ([growth](growth.md)).
""",
        "## What the design saves\n",
        _markdown_table(
            ["choice", "reckoned as", f"{DEFAULT.name}", f"{LARGE.name}"],
            "lrr",
            [[s.what, s.reckoning, f"{s.small:.2f}", f"{s.large:.2f}"] for s in savings(footprint)],
        ),
        f"""US dollars a month. Athena bills at least 10 MB a query: a query of one day of gold ({gold / 1000:.0f} kB at {DEFAULT.coins} coins) is at that minimum, and so is one
of the last {days_free:,} days. So for a small lake pruning saves nothing yet; it is what keeps the bill flat.
""",
        f"""## The biggest levers

1. **MWAA**: {100 * bills[0][0].usd / totals[0]:.0f} % of the default's bill. `mw1.micro` saves {totals[0] - micro[0]:.0f} a month; an Airflow that is there already
   ([how](mwaa.md#an-mwaa-environment-that-is-there-already)) saves all of it and the NAT gateway.
2. **The NAT gateway**: {bills[0][2].usd:.0f} a month, for a call to CoinGecko a day. It goes only with MWAA.
3. **Glue jobs when they run often**: {bills[1][3].usd:.0f} a month hourly. Below a minute nothing is saved by faster code; above, every second counts {WORKERS} DPUs.
4. **Crawlers**: {crawl_usd(Assumed()):.2f} each, for adding one partition. Partition projection, as `quarantine_coins_market` has it, costs nothing:
   {bills[0][4].usd:.0f} a month, and minutes of every run.
""",
        "## Prices\n",
        _markdown_table(
            ["what", "US dollars", "per", "read in"],
            "rll",
            [[name, f"{price.usd:g}", price.unit, price.source] for name, price in PRICES.items()],
        ),
        """AWS's pages decide: [MWAA](https://aws.amazon.com/managed-workflows-for-apache-airflow/pricing/), [Glue](https://aws.amazon.com/glue/pricing/),
[Athena](https://aws.amazon.com/athena/pricing/), [S3](https://aws.amazon.com/s3/pricing/), [VPC](https://aws.amazon.com/vpc/pricing/),
[CloudWatch](https://aws.amazon.com/cloudwatch/pricing/), and the [calculator](https://calculator.aws).
""",
        "## Assumed\n",
        _markdown_table(
            ["what", "value"],
            "r",
            [[f"`{name}`", f"{value:,}"] for name, value in vars(Assumed()).items()],
        ),
        "Each is explained in [`cost.py`](cost.py), `Assumed`: change it there, then `make cost`.",
    ]
    return "\n".join(parts).rstrip() + "\n"


def _markdown_table(head: list[str], alignment: str, rows: Iterable[list[str]]) -> str:
    """A table in Markdown; alignment of all columns but the first: l or r each."""
    marks = {"l": "---", "r": "---:"}
    lines = [head, ["---", *(marks[one] for one in alignment)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main(argv: list[str] | None = None) -> int:
    """Write the page, or with `--check` compare it; returns the exit status."""
    parser = argparse.ArgumentParser(
        description="Write docs/cost.md from measured counts and a list of prices."
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail when it is stale")
    parser.add_argument("--output", type=Path, default=PAGE, help="default: docs/cost.md")
    arguments = parser.parse_args(argv)
    text = page(json.loads(FOOTPRINT.read_text(encoding="utf-8"))["figures"])
    if not arguments.check:
        arguments.output.write_text(text, encoding="utf-8")
    elif not arguments.output.exists() or arguments.output.read_text(encoding="utf-8") != text:
        sys.stderr.write(
            f"{arguments.output} does not say what docs/cost.py reckons from {FOOTPRINT.name}: "
            "run 'make cost' and commit it\n"
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
