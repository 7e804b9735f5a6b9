"""`make run`: the daily DAG once, with progress, and what it made.

It runs `airflow dags test`, whose log goes to a file, and tells what happens from Airflow's metadata
database.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import boto3
import requests

from laptop.coingecko.feeds import open_feed
from laptop.coingecko.stand_in import running_stand_in
from laptop.lake.deployment import WEBSITE_BUCKET
from laptop.runner.environment import COINGECKO_API, airflow_environment, prepare_home

DAG_ID = "crypto_market_daily"
ENDED = {"success", "failed", "skipped", "upstream_failed"}
_EXCEPTION = r"\S*(?:Error|Exception)\b: "
MARKS = {"success": "✓", "failed": "✗", "skipped": "–", "upstream_failed": "·", "up_for_retry": "↻"}


class RunFailedError(Exception):
    """The run did not succeed; the message is what a person needs to read."""


@dataclass(frozen=True)
class Task:
    """A task instance as the metadata database has it."""

    task_id: str
    state: str | None
    try_number: int
    seconds: float


class RunRecord:
    """The run of a DAG that starts after this record is made, in Airflow's metadata database."""

    def __init__(self, database: Path, dag_id: str = DAG_ID) -> None:
        self.database = database
        self.dag_id = dag_id
        # By name: a rerun deletes the day's earlier run, and SQLite gives its number away again.
        self.before = {run_id for (run_id,) in self._query("SELECT run_id FROM dag_run")}

    def _query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)) as connection:
            return connection.execute(sql, values).fetchall()

    def _find_run(self) -> tuple[str, str] | None:
        for run_id, state in self._query("SELECT run_id, state FROM dag_run WHERE dag_id = ?", self.dag_id):
            if run_id not in self.before:
                return run_id, state
        return None

    def state(self) -> str | None:
        """running, success or failed; None before the run exists."""
        run = self._find_run()
        return run[1] if run else None

    def tasks(self) -> list[Task]:
        """The run's tasks, in the order in which they started."""
        if not (run := self._find_run()):
            return []
        return [
            Task(task_id, state, try_number, seconds or 0.0)
            for task_id, state, try_number, seconds in self._query(
                "SELECT task_id, state, try_number, (julianday(end_date) - julianday(start_date)) * 86400 "
                "FROM task_instance WHERE dag_id = ? AND run_id = ? "
                "ORDER BY start_date IS NULL, start_date, task_id",
                self.dag_id,
                run[0],
            )
        ]

    def returned(self, task_id: str) -> Any:
        """What a task returned (its XCom); None when it returned nothing."""
        run = self._find_run()
        rows = self._query(
            "SELECT value FROM xcom WHERE dag_id = ? AND run_id = ? AND task_id = ? AND key = 'return_value'",
            self.dag_id,
            run[0] if run else None,
            task_id,
        )
        return json.loads(rows[0][0]) if rows else None


def run(
    *,
    day: date,
    feed: str,
    state: Path,
    endpoint_url: str,
    website_url: str,
    coins: int | None = None,
    fetch_again: bool = False,
    held: Collection[int] = (),
) -> None:
    """Run the daily DAG for one day and print its progress, the top ten and where to look.

    Args:
        day: The run date.
        feed: `demo` (made-up data), `live` (CoinGecko itself), or a directory of recorded bodies.
        state: The folder for Airflow's home and the logs.
        endpoint_url: Where the local AWS listens, with the lake deployed.
        website_url: Where it serves the website.
        coins: How many coins to ingest; None is the lake's default.
        fetch_again: Whether to fetch a past day that the lake has.
        held: Open files that Airflow's process keeps open, too.

    Raises:
        RunFailedError: with the failed task's own reason and how to run it again.
    """
    began = time.monotonic()
    log = state / "logs" / f"{DAG_ID}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with coingecko(feed) as (url, time_travel):
        environment = airflow_environment(
            state / "airflow",
            endpoint_url=endpoint_url,
            coingecko_url=url,
            time_travel=time_travel,
            coins=coins,
        )
        prepare_home(environment)
        record = RunRecord(state / "airflow" / "airflow.db")
        say(f"\n{DAG_ID} for {day}, feed {feed}, log {_relative_path(log)}\n")
        with log.open("w") as output:
            airflow = subprocess.Popen(
                [
                    *(sys.executable, "-m", "airflow", "dags", "test", DAG_ID, day.isoformat()),
                    *("--conf", json.dumps({"fetch_again": fetch_again})),
                ],
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=held,
            )
            try:
                follow(record, airflow, log)
            except BaseException:
                os.killpg(airflow.pid, signal.SIGKILL)
                airflow.wait()
                raise
    again = f"{'' if coins is None else f'COINS={coins} '}DATE={day} FEED={feed} make run"
    failed = [task for task in record.tasks() if task.state == "failed"]
    if failed:
        raise RunFailedError(
            f"\n{reason(task_log(log.read_text(), failed[0].task_id))}\n\n"
            f"{failed[0].task_id} failed: the reason is above, its log in {_relative_path(log)}.\n"
            f"Fix the cause, then run the day again: {again}\n"
            "(Running it again replaces the day's partitions. "
            f"The local lake stays up: {endpoint_url})"
        )
    if record.state() != "success":
        raise RunFailedError(
            f"\n{_last_lines(log)}\n\nairflow dags test did not finish the run: "
            f"see {_relative_path(log)}. Again: {again}"
        )
    seconds = time.monotonic() - began
    report(record, endpoint_url=endpoint_url, website_url=website_url, day=day, seconds=seconds)


@contextmanager
def coingecko(feed: str) -> Iterator[tuple[str, bool]]:
    """The API of a feed while it is needed: its address, and whether it serves any date."""
    if feed == "live":
        yield COINGECKO_API, False
        return
    with running_stand_in(feed) as stand_in:
        yield stand_in.url, True


def require_day(feed: str, day: date) -> None:
    """Find out whether a feed has a day, before anything is started for it.

    Raises:
        RunFailedError: It has not, or CoinGecko cannot be reached.
    """
    if feed == "live":
        if day != (today := datetime.now(UTC).date()):
            raise RunFailedError(
                f"DATE={day} FEED=live: CoinGecko has a snapshot of today ({today} in UTC) alone. Earlier"
                " days: crypto_market_backfill, or the demo feed"
            )
        try:
            requests.get(f"{COINGECKO_API}/api/v3/ping", timeout=10)
        except requests.RequestException as error:
            raise RunFailedError(
                f"CoinGecko cannot be reached: {_cause(error)}. FEED=live needs {COINGECKO_API}; without it,"
                " make run uses made-up data"
            ) from None
    elif feed != "demo":
        try:
            open_feed(feed).snapshot(day, "usd", exact=True)
        except LookupError as error:
            raise RunFailedError(
                f"DATE={day} FEED={feed}: {error.args[0]}. Choose one of these days"
            ) from None


def _cause(error: BaseException) -> str:
    """What is at the bottom of an exception of requests: `[Errno -2] Name or service not known`."""
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    return str(error)


def follow(record: RunRecord, airflow: subprocess.Popen[bytes], log: Path) -> None:
    """Print a line whenever a task ends or is to be retried, until Airflow has finished."""
    shown: dict[str, tuple[str | None, int]] = {}
    live = sys.stdout.isatty()
    while True:
        over = airflow.poll() is not None
        tasks = record.tasks()
        for task in tasks:
            seen = (task.state, task.try_number)
            if shown.get(task.task_id) == seen or task.state not in MARKS:
                continue
            shown[task.task_id] = seen
            note = ""
            if task.state == "up_for_retry":
                note = (
                    f"  try {task.try_number} failed, Airflow retries: {_last_exception(log, task.task_id)}"
                )
            mark = f"{_clear_line(live)}  {MARKS[task.state or '']}"
            say(f"{mark} {task.task_id:<24}{task.seconds:6.1f} s{note}")
        if over:
            return
        going = [task.task_id for task in tasks if task.state in {"running", "deferred", "queued"}]
        if live:
            print(f"\r\033[K  … {going[0] if going else 'starting Airflow'}", end="", flush=True)
        time.sleep(0.2)


def report(record: RunRecord, *, endpoint_url: str, website_url: str, day: date, seconds: float) -> None:
    """Print the top ten and the three addresses."""
    from lake_provider.athena_rows import parse_rows

    client = boto3.client("athena")
    pages = client.get_paginator("get_query_results").paginate(
        QueryExecutionId=record.returned("query_top10")
    )
    coins = list(parse_rows(pages))
    say(f"\nTop ten by market capitalisation, {day} ({coins[0]['source']}), in {seconds:.0f} s\n")
    say(f"  {'#':>2}  {'Coin':<24} {'Price (USD)':>16} {'24 h':>9} {'Market cap':>22} {'Share':>8}")
    for coin in coins:
        change = coin["price_change_percentage_24h"]
        say(
            f"  {coin['rank']:>2}  {_format_name(coin):<24} {_format_price(coin['current_price']):>16} "
            f"{'' if change is None else f'{change:+.2f} %':>9} {coin['market_cap']:>22,.0f} "
            f"{coin['market_share_pct']:>6.2f} %"
        )
    say("")
    fetched = record.returned("fetch_markets")
    if fetched["reused"]:
        say(
            f"  {day} is over: its ingestion {fetched['ingested_at']} of source {fetched['source']} was "
            "reused. FETCH_AGAIN=1 fetches the day."
        )
    for task in record.tasks():
        if task.state == "skipped":
            say(f"  {task.task_id} was skipped: the website already shows a newer day.")
    say(f'  AWS endpoint   {endpoint_url}          (eval "$(make -s env)", then any AWS client)')
    say(f"  JSON           s3://{WEBSITE_BUCKET}/data/top10_cryptos.json")
    say(f"  Dashboard      {website_url}\n")


def task_log(log: str, task_id: str) -> str:
    """The part of a `dags test` log that is about a task's last try."""
    parts = re.split(rf"^.*\[DAG TEST\] starting task_id={re.escape(task_id)} .*$", log, flags=re.MULTILINE)
    return re.split(r"^.*\[DAG TEST\] (?:starting|end task) task_id=", parts[-1], flags=re.MULTILINE)[
        0
    ].strip()


def reason(log: str) -> str:
    """A failed task's own lines: its last exception with all of its message.

    Without an exception, the last ten lines.
    """
    found = list(re.finditer(rf"^{_EXCEPTION}", log, flags=re.MULTILINE))
    if not found:
        return "\n".join(log.splitlines()[-10:])
    lines: list[str] = []
    for line in log[found[-1].start() :].splitlines():
        if lines and re.match(r"\d{4}-\d\d-\d\dT\S+ \[", line):  # the next entry of the log
            break
        lines.append(line)
    return "\n".join(lines[:12]).strip()


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)


def _last_exception(log: Path, task_id: str) -> str:
    """The last line of a task's log that looks like an exception, shortened."""
    lines = re.findall(rf"^{_EXCEPTION}.*$", task_log(log.read_text(), task_id), flags=re.MULTILINE)
    return lines[-1][: shutil.get_terminal_size((160, 24)).columns * 3] if lines else "see the log"


def _last_lines(log: Path, lines: int = 40) -> str:
    return "\n".join(log.read_text().splitlines()[-lines:])


def _relative_path(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def _clear_line(live: bool) -> str:
    return "\r\033[K" if live else ""


def _format_name(coin: dict[str, Any]) -> str:
    text = f"{coin['name']} ({(coin['symbol'] or '').upper()})"
    return text if len(text) <= 24 else text[:23] + "…"


def _format_price(value: float) -> str:
    return f"{value:,.2f}" if value >= 1 else f"{value:.8g}"
