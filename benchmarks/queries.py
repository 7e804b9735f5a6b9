"""What each shipped query reads through Athena, on lakes of one and of ten years."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import jinja2

from benchmarks import lakes
from include.crypto_lake import layout
from include.crypto_lake.resources import load_resources
from laptop.aws.athena.catalog import Table
from laptop.aws.athena.embedded.dialect import parse
from laptop.aws.athena.embedded.engine import matching
from laptop.aws.athena.embedded.queries import Queries
from laptop.aws.athena.partition_projection import Partition
from laptop.aws.athena.text import without_comments
from laptop.aws.athena.types import hive_type
from laptop.lake.deployment import VALUES

SQL = Path(__file__).parents[1] / "include" / "sql"
DAYS = (365, 3650)
COINS = (100,)  # a day
PER_DAY = ("checks/gold_coins_market.sql", "day_report.sql", "top10_cryptos.sql")

TITLE = "What the shipped queries read"
METHOD = f"""
`DataScannedInBytes` of every query below `include/sql` that reads silver, gold or quarantine, on lakes of
{DAYS[0]} and {DAYS[1]:,} days of {COINS[0]} coins, for the newest day. The local AWS finds the
partitions from the query's own conditions and counts whole files, a file of two references once; Athena reads
only the columns that are asked for. Partitions are those of all its tables together. Queries of
`processed_crypto`, the dropped files' table, are left out: these lakes have none. Aim: a per-day query
reads one partition of each table, and no query reads more on the longer lake.
"""


def measure() -> list[dict[str, Any]]:
    """One record a query and lake: bytes and seconds."""
    last = datetime.now(UTC).date()
    figures = []
    with tempfile.TemporaryDirectory(prefix="queries-") as folder:
        for coins in COINS:
            template = lakes.make_template(Path(folder) / f"{coins}-coins", coins)
            for days in DAYS:
                state = Path(folder) / f"{coins}-coins-{days}-days"
                with lakes.running_lake(template, state, days=days, last=last):
                    for name, sql in queries(last, coins).items():
                        partitions = partitions_read(sql, [last - timedelta(days=n) for n in range(days)])
                        read = {"partitions": partitions, **run(sql)}
                        figures.append({"query": name, "coins": coins, "days": days, **read})
                print(f"{coins:,} coins, {days:,} days: done", flush=True)
    return figures


def table(figures: list[dict[str, Any]]) -> str:
    """A row a query: KB read on each lake, and the ratio of the longer to the shorter."""
    head = [f"{coins:,} coins, {days:,} days" for coins in COINS for days in DAYS]
    lines = [
        f"| KB read | partitions, {DAYS[0]:,} and {DAYS[1]:,} days | {' | '.join(head)} | longer : shorter |",
        "|---|" + "---:|" * (len(head) + 2),
    ]
    read = {(row["query"], row["coins"], row["days"]): row for row in figures}
    for name in dict.fromkeys(row["query"] for row in figures):
        of = {(coins, days): read[name, coins, days] for coins in COINS for days in DAYS}
        partitions = [str(sum(of[COINS[0], days]["partitions"].values())) for days in DAYS]
        ratios = [of[coins, DAYS[1]]["bytes"] / max(1, of[coins, DAYS[0]]["bytes"]) for coins in COINS]
        cells = [" and ".join(partitions), *(f"{row['bytes'] / 1e3:,.1f}" for row in of.values())]
        mark = " (one day)" if name in PER_DAY else ""
        lines.append(f"| `{name}`{mark} | {' | '.join(cells)} | {max(ratios):.2f} |")
    return "\n".join(lines)


def queries(day: date, coins: int) -> dict[str, str]:
    """The shipped queries over silver, gold and quarantine, by file, rendered as the DAG renders them."""
    files = jinja2.FileSystemLoader(SQL)
    environment = jinja2.Environment(loader=files, undefined=jinja2.StrictUndefined, autoescape=False)
    values: dict[str, Any] = {"run_date": lambda: str(day), "lake": {"coins": coins}.__getitem__}
    values |= {"currency": lambda: "usd", "requested_coins": lambda: coins}
    names = sorted(path.relative_to(SQL).as_posix() for path in SQL.rglob("*.sql"))
    names.remove("good_days.sql")  # the histories include it
    names.remove("thresholds.sql")  # others import it
    rendered = {name: environment.get_template(name).render(values) for name in names}
    return {name: sql for name, sql in rendered.items() if "processed_crypto" not in sql}


def partitions_read(sql: str, days: list[date]) -> dict[str, int]:
    """How many partitions of each table a query reads when the tables have these days."""
    declared = load_resources(VALUES)["catalog"]["tables"]

    def find(_catalog: str, _database: str, name: str, _place: str) -> Table:
        table = declared[name]
        return Table(
            layout.DATABASE,
            name,
            {column["Name"]: hive_type(column["Type"]) for column in table["StorageDescriptor"]["Columns"]},
            {key["Name"]: hive_type(key["Type"]) for key in table["PartitionKeys"]},
            [Partition(f"dt={day}", (str(day),)) for day in days],
        )

    sql = without_comments(sql)
    queries = Queries(sql, find)
    queries.translated(parse(sql))
    read: dict[str, set[str]] = {}
    for scan in queries.scans:
        found = {partition.location for partition in matching(scan.table, scan.conditions)}
        read[scan.table.name] = read.get(scan.table.name, set()) | found
    return {name: len(found) for name, found in read.items()}


def run(sql: str) -> dict[str, float]:
    """Bytes that a query read, and its seconds.

    Raises:
        RuntimeError: it failed, with the reason.
    """
    athena = boto3.client("athena")
    query = athena.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Database": layout.DATABASE},
        WorkGroup=layout.WORKGROUP,
    )["QueryExecutionId"]
    while True:
        execution = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        if execution["Status"]["State"] not in {"QUEUED", "RUNNING"}:
            break
        time.sleep(0.02)
    if execution["Status"]["State"] != "SUCCEEDED":
        raise RuntimeError(f"{execution['Status'].get('StateChangeReason')}\n{sql}")
    statistics = execution["Statistics"]
    return {
        "bytes": statistics["DataScannedInBytes"],
        "seconds": statistics["TotalExecutionTimeInMillis"] / 1e3,
    }
