"""What each shipped query reads through Athena, on lakes of one and of ten years."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import boto3
import jinja2

from benchmarks import lakes

SQL = Path(__file__).parents[1] / "include" / "sql"
DAYS = (365, 3650)
COINS = (100, 10_000)
PER_DAY = ("checks/gold_coins_market.sql", "day_metrics.sql", "day_report.sql", "top10_cryptos.sql")

TITLE = "What the shipped queries read"
METHOD = f"""
`DataScannedInBytes` of every query below `include/sql` that reads silver, gold or quarantine, on lakes of
{DAYS[0]} and {DAYS[1]:,} days of {COINS[0]} and {COINS[1]:,} coins, for the newest day. `local_aws` finds the
partitions from the query's own conditions and counts whole files; Athena reads the asked-for columns of them
only, so that it reads less. Files: of each table, as many as partitions (a partition is one file). Those of
`processed_crypto`, the dropped files' table, are left out: there is none in these lakes. Aim: a per-day query
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
                        figures.append({"query": name, "coins": coins, "days": days, **run(sql)})
                print(f"{coins:,} coins, {days:,} days: done", flush=True)
    return figures


def table(figures: list[dict[str, Any]]) -> str:
    """A row a query: KB read on each lake, and the ratio of the longer to the shorter."""
    head = [f"{coins:,} coins, {days:,} days" for coins in COINS for days in DAYS]
    lines = [f"| KB read | {' | '.join(head)} | longer : shorter |", "|---|" + "---:|" * (len(head) + 1)]
    read = {(row["query"], row["coins"], row["days"]): row["bytes"] for row in figures}
    for name in dict.fromkeys(row["query"] for row in figures):
        cells = [f"{read[name, coins, days] / 1e3:,.1f}" for coins in COINS for days in DAYS]
        ratios = [read[name, coins, DAYS[1]] / max(1, read[name, coins, DAYS[0]]) for coins in COINS]
        mark = " (one day)" if name in PER_DAY else ""
        lines.append(f"| `{name}`{mark} | {' | '.join(cells)} | {max(ratios):.2f} |")
    return "\n".join(lines)


def queries(day: date, coins: int) -> dict[str, str]:
    """The shipped queries over silver, gold and quarantine, by file, rendered as the DAG renders them."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(SQL), undefined=jinja2.StrictUndefined, autoescape=False
    )
    names = sorted(path.relative_to(SQL).as_posix() for path in SQL.rglob("*.sql"))
    rendered = {
        name: environment.get_template(name).render(
            run_date=lambda: str(day), lake={"coins": coins}.__getitem__
        )
        for name in names
        if name != "good_days.sql"  # the histories include it
    }
    return {name: sql for name, sql in rendered.items() if "processed_crypto" not in sql}


def run(sql: str) -> dict[str, float]:
    """Bytes that a query read, and its seconds.

    Raises:
        RuntimeError: it failed, with the reason.
    """
    athena = boto3.client("athena")
    query = athena.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Database": lakes.DATABASE},
        WorkGroup="crypto-lake",
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
