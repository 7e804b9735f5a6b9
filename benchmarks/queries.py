"""What each shipped query reads through Athena, on lakes of one and of ten years."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import jinja2
from sqlglot import exp

from benchmarks import lakes
from include.crypto_lake import layout
from include.crypto_lake.resources import load_resources
from laptop.aws.athena import sql as athena_sql
from laptop.lake.deployment import VALUES

SQL = Path(__file__).parents[1] / "include" / "sql"
DAYS = (365, 3650)
COINS = (100,)  # a day
PER_DAY = ("checks/gold_coins_market.sql", "day_metrics.sql", "day_report.sql", "top10_cryptos.sql")

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
    names = sorted(path.relative_to(SQL).as_posix() for path in SQL.rglob("*.sql"))
    names.remove("good_days.sql")  # the histories include it
    rendered = {name: environment.get_template(name).render(values) for name in names}
    return {name: sql for name, sql in rendered.items() if "processed_crypto" not in sql}


def partitions_read(sql: str, days: list[date]) -> dict[str, int]:
    """How many partitions of each table a query reads when the tables have these days."""
    declared = load_resources(VALUES)["catalog"]["tables"]
    tree = athena_sql.parse(sql)
    tables: dict[tuple[str, str], athena_sql.Table] = {}
    for reference in list(athena_sql.table_references(tree)):
        name = reference.name
        table = declared[name]
        tables[layout.DATABASE, name] = athena_sql.Table(
            layout.DATABASE,
            name,
            {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]},
            {key["Name"]: key["Type"] for key in table["PartitionKeys"]},
            [athena_sql.Partition(f"dt={day}", (str(day),)) for day in days],
        )
        reference.set("db", exp.to_identifier(layout.DATABASE, quoted=True))
    query = athena_sql.Query(tree, tables)
    return {table.name: len(query.partitions(table)) for table in tables.values()}


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
