"""The daily DAG on lakes of more and more history: what a day costs must not grow with them."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import boto3

from benchmarks import lakes
from include.crypto_lake import layout
from laptop.coingecko.stand_in import running_stand_in
from laptop.runner.environment import airflow_environment, aws_environment, prepare_home
from laptop.runner.run import DAG_ID, RunRecord

LAKES = {100: (1, 30, 365, 3650), 10_000: (1, 365, 3650)}
"""Days of history by coins a day."""
ROUNDS = {100: 2, 10_000: 1}
JOBS = ("bronze_to_silver", "silver_to_gold")
QUERY_TASKS = ("check_gold", "measure_day", "query_top10", "query_market_history", "query_coin_history")

TITLE = "The daily run against days of history"
METHOD = f"""
The daily DAG by `airflow dags test`, as `make run` runs it, for a new day on lakes of more and more days
before it ([how they are made](lakes.py)). The lakes take turns ({
    ", ".join(f"{coins:,} coins a day: {rounds} round(s)" for coins, rounds in ROUNDS.items())
}), each round in another order, and
afterwards the day is deleted again. Tables show medians of the rounds; a ratio is the median over the rounds
of a lake's figure by that of the 1-day lake in the same round.

Seconds are of the whole command; CPU seconds are told apart by process: the Glue jobs, the local AWS
(crawlers, Athena, S3, the catalog), and Airflow with its tasks. Bytes read: by Spark as its event log has
them (each task's input, each scan's files), by Athena as `DataScannedInBytes` of the run's own queries. A
crawler reads no data here, but lists its table and looks at what it does not know yet. Aim: at {
    max(LAKES[100]):,} days at
most 1.1 times the 1-day lake.
"""


@dataclass(frozen=True)
class Lake:
    """A lake with its server, at one number of coins and days."""

    coins: int
    days: int
    state: Path
    endpoint_url: str


def measure() -> list[dict[str, Any]]:
    """One record a run: coins, days, round, seconds, of each task too, CPU seconds and bytes read."""
    today = datetime.now(UTC).date()
    figures = []
    with tempfile.TemporaryDirectory(prefix="daily-run-") as folder:
        for coins in LAKES:
            figures += list(_run_rounds(Path(folder) / str(coins), coins, today))
            shutil.rmtree(Path(folder) / str(coins))
    return figures


def table(figures: list[dict[str, Any]]) -> str:
    """Per number of coins: seconds and bytes by days of history, then the tasks."""
    parts = []
    for coins in dict.fromkeys(run["coins"] for run in figures):
        runs = [run for run in figures if run["coins"] == coins]
        days = sorted({run["days"] for run in runs})
        head = [f"{number:,} day{'s' * (number > 1)}" for number in days] + [f"{days[-1]:,} : {days[0]}"]
        lines = [f"**{coins:,} coins a day**\n", f"| | {' | '.join(head)} |", "|---|" + "---:|" * len(head)]
        for name, of_run in _table_rows(runs[0]).items():
            values = [_median_over_rounds(runs, number, of_run) for number in days]
            ratio = _ratio(runs, days[-1], days[0], of_run)
            shown = "" if ratio is None else f"{ratio:.2f}"
            lines.append(f"| {name} | {' | '.join(f'{value:,.1f}' for value in values)} | {shown} |")
        parts.append("\n".join(lines))
        by_design = _ratio(runs, days[-1], min(365, days[-1]), lambda run: sum(run["athena_bytes"].values()))
        if by_design:
            parts.append(
                "The two histories read up to a year of the market's daily summaries and 91 days of coins: "
                "by design that grows until the lake is a year old, and is flat after. "
                f"{days[-1]:,} days : 365 days, all of Athena's bytes: {by_design:.2f}."
            )
    return "\n\n".join(parts)


def plot(figures: list[dict[str, Any]], axes: Any) -> None:
    """Seconds and bytes read against days of history."""
    bytes_axes = axes.twinx()
    for coins in dict.fromkeys(run["coins"] for run in figures):
        runs = [run for run in figures if run["coins"] == coins]
        days = sorted({run["days"] for run in runs})
        seconds = [_median_over_rounds(runs, number, lambda run: run["seconds"]) for number in days]
        read = [_median_over_rounds(runs, number, _megabytes_read) for number in days]
        [line] = axes.plot(days, seconds, marker="o", label=f"{coins:,} coins: seconds")
        bytes_axes.plot(
            days, read, marker="s", linestyle=":", color=line.get_color(), label=f"{coins:,} coins: MB read"
        )
    axes.set(xscale="log", xlabel="days of history", ylabel="seconds (solid)", ylim=(0, None))
    bytes_axes.set(ylabel="MB read by Spark and Athena (dotted)", ylim=(0, None))
    ticks = sorted({run["days"] for run in figures})
    axes.set_xticks(ticks, [f"{number:,}" for number in ticks])
    axes.legend()


def _run_rounds(folder: Path, coins: int, day: date) -> Iterator[dict[str, Any]]:
    """Make the lakes of a number of coins and run the day on each, round by round."""
    feed = folder / "feed"
    feed.mkdir(parents=True)
    (feed / f"{day}.json").write_text(json.dumps(lakes.market(coins, day), ensure_ascii=False))
    print(f"{coins:,} coins: making two days", flush=True)
    template = lakes.make_template(folder / "template", coins)
    with ExitStack() as stack:
        url = stack.enter_context(running_stand_in(str(feed))).url
        served = []
        for days in LAKES[coins]:
            began = time.monotonic()
            state = folder / f"{days}-days"
            endpoint_url = stack.enter_context(
                lakes.running_lake(template, state, days=days, last=day - timedelta(days=1))
            )
            served.append(Lake(coins, days, state, endpoint_url))
            _write_event_logs(state / "events")
            print(f"{coins:,} coins, {days:,} days: made in {time.monotonic() - began:.0f} s", flush=True)
        for number in range(ROUNDS[coins]):
            turn = number % len(served)
            for lake in served[turn:] + served[:turn]:
                os.environ.update(aws_environment(lake.endpoint_url))  # each lake has its own key
                run = {"round": number, **_run_day(lake, folder / "airflow", url, day)}
                lakes.forget_day(day)
                print(
                    f"{coins:,} coins, {lake.days:,} days: {run['seconds']:.1f} s, "
                    f"{_megabytes_read(run):.2f} MB read",
                    flush=True,
                )
                yield run


def _run_day(lake: Lake, home: Path, coingecko_url: str, day: date) -> dict[str, Any]:
    """Run the DAG for a day on a lake.

    Raises:
        RuntimeError: the run failed; names its log, which is kept.
    """
    environment = airflow_environment(
        home, endpoint_url=lake.endpoint_url, coingecko_url=coingecko_url, time_travel=True
    )
    variable = json.loads(environment["AIRFLOW_VAR_CRYPTO_LAKE"]) | {"coins": lake.coins}
    environment["AIRFLOW_VAR_CRYPTO_LAKE"] = json.dumps(variable)
    prepare_home(environment)
    record = RunRecord(home / "airflow.db")
    shutil.rmtree(lake.state / "events")
    (lake.state / "events").mkdir()
    queries_before = set(_query_ids())
    server, jobs = _cpu_seconds(lake)
    airflow = _cpu_of_children()
    began = time.monotonic()
    log = lake.state / "logs" / "airflow.log"
    with log.open("w") as output:
        subprocess.run(
            [sys.executable, "-m", "airflow", "dags", "test", DAG_ID, day.isoformat()],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    seconds = time.monotonic() - began
    if record.state() != "success":
        raise RuntimeError(f"{DAG_ID} on {lake.days} days did not succeed:\n{log.read_text()[-5000:]}")
    server_after, jobs_after = _cpu_seconds(lake)
    queries = [query for query in _query_ids() if query not in queries_before]
    return {
        "coins": lake.coins,
        "days": lake.days,
        "seconds": seconds,
        "tasks": {task.task_id: task.seconds for task in record.tasks()},
        "cpu": {
            "Glue jobs": jobs_after - jobs,
            "local AWS": server_after - server,
            "Airflow": _cpu_of_children() - airflow,
        },
        "athena_bytes": _scanned_bytes(queries, record),
        "spark": _read_event_logs(lake.state / "events"),
    }


def _table_rows(run: dict[str, Any]) -> dict[str, Any]:
    """The rows of the table: name, and the figure of a run."""
    return {
        "seconds in all": lambda run: run["seconds"],
        "seconds of the tasks": lambda run: sum(run["tasks"].values()),
        **{f"… {task}": lambda run, task=task: run["tasks"][task] for task in run["tasks"]},
        **{f"CPU seconds: {who}": lambda run, who=who: run["cpu"][who] for who in run["cpu"]},
        "MB read in all": _megabytes_read,
        "files read by Spark": lambda run: sum(job["files"] for job in run["spark"].values()),
        **{
            f"… KB read by {job}": lambda run, job=job: run["spark"][job]["bytes"] / 1e3
            for job in run["spark"]
        },
        **{
            f"… KB read by {task}": lambda run, task=task: run["athena_bytes"][task] / 1e3
            for task in run["athena_bytes"]
        },
    }


def _megabytes_read(run: dict[str, Any]) -> float:
    spark = sum(job["bytes"] for job in run["spark"].values())
    return float(spark + sum(run["athena_bytes"].values())) / 1e6


def _median_over_rounds(runs: list[dict[str, Any]], days: int, of_run: Any) -> float:
    return float(median(of_run(run) for run in runs if run["days"] == days))


def _ratio(runs: list[dict[str, Any]], days: int, base: int, of_run: Any) -> float | None:
    """The median over the rounds of a lake's figure by another's; None if that has a zero."""
    of = {(run["round"], run["days"]): of_run(run) for run in runs}
    rounds = {run["round"] for run in runs}
    if any(not of.get((number, base)) for number in rounds):
        return None
    return float(median(of[number, days] / of[number, base] for number in rounds))


def _write_event_logs(folder: Path) -> None:
    """Have the Glue jobs of the server that is talked to write Spark's event log."""
    folder.mkdir()
    glue = boto3.client("glue")
    settings = {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.rolling.enabled": "false",
        "spark.eventLog.compress": "false",
        "spark.eventLog.dir": folder.as_uri(),
    }
    for name in JOBS:
        job = glue.get_job(JobName=name)["Job"]
        kept = {
            field: job[field]
            for field in (
                "Role",
                "Command",
                "DefaultArguments",
                "GlueVersion",
                "Timeout",
                "ExecutionProperty",
            )
        }
        kept["DefaultArguments"] |= {
            "--conf": " --conf ".join(f"{key}={value}" for key, value in settings.items())
        }
        glue.update_job(JobName=name, JobUpdate=kept)


def _read_event_logs(folder: Path) -> dict[str, dict[str, int]]:
    """Bytes and files that each job read, from Spark's event logs."""
    read = {}
    for log in folder.iterdir():
        name, total, files = "", 0, 0
        counted: set[int] = set()
        for event in map(json.loads, log.read_text().splitlines()):
            kind = event["Event"].rpartition(".")[2]
            if kind == "SparkListenerApplicationStart":
                name = event["App Name"]
            elif kind == "SparkListenerTaskEnd" and event.get("Task Metrics"):
                total += event["Task Metrics"]["Input Metrics"]["Bytes Read"]
            elif kind in ("SparkListenerSQLExecutionStart", "SparkListenerSQLAdaptiveExecutionUpdate"):
                counted |= set(_file_counters(event["sparkPlanInfo"]))
            elif kind == "SparkListenerDriverAccumUpdates":
                files += sum(value for number, value in event["accumUpdates"] if number in counted)
        read[name] = {"bytes": total, "files": files}
    return {job: read[job] for job in JOBS}


def _file_counters(plan: dict[str, Any]) -> Iterator[int]:
    for metric in plan["metrics"]:
        if metric["name"] == "number of files read":
            yield metric["accumulatorId"]
    for child in plan["children"]:
        yield from _file_counters(child)


def _query_ids() -> list[str]:
    pages = boto3.client("athena").get_paginator("list_query_executions").paginate(WorkGroup=layout.WORKGROUP)
    return [query for page in pages for query in page["QueryExecutionIds"]]


def _scanned_bytes(queries: list[str], record: RunRecord) -> dict[str, int]:
    """Bytes that each task's query read; the gate's query is the one that no task returned."""
    athena = boto3.client("athena")
    of_task = {record.returned(task): task for task in QUERY_TASKS}
    scanned = dict.fromkeys(QUERY_TASKS, 0)
    for query in queries:
        statistics = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Statistics"]
        scanned[of_task.get(query, "check_gold")] += statistics["DataScannedInBytes"]
    return scanned


def _cpu_seconds(lake: Lake) -> tuple[float, float]:
    """CPU seconds so far of a lake's server, and of the processes that it ran: the Glue jobs."""
    pid = json.loads((lake.state / "server.json").read_text())["pid"]
    # After the name, which may hold anything: state is the first, utime to cstime are the 12th to 15th.
    ticks = [int(value) for value in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]]
    per_second = os.sysconf("SC_CLK_TCK")
    return (ticks[0] + ticks[1]) / per_second, (ticks[2] + ticks[3]) / per_second


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
