"""The laptop's commands, behind `make run`, `make dev`, `make airflow`, `make sql` and others."""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from include.crypto_lake.layout import START
from laptop.aws import process as aws
from laptop.aws.glue import script as glue_script
from laptop.runner import run as daily
from laptop.runner import servers, sql, state
from laptop.runner.dev import dev
from laptop.runner.environment import (
    COINGECKO_API,
    DatabaseError,
    aws_environment,
    register_dags,
)

_CLOSED = "http://127.0.0.1:9"  # the port that by its standard throws everything away
_UI_PORT = 8080
_EXPORTED = ("AIRFLOW_", "AWS_", "PYTHONPATH")  # Airflow's settings are in its airflow.cfg


class UsageError(Exception):
    """A value on the command line that cannot be used."""


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m laptop.runner", description=__doc__)
    parser.add_argument(
        "--aws-port",
        type=_parse_port,
        default=state.DEFAULT_AWS_PORT,
        help=f"where the local AWS listens (default {state.DEFAULT_AWS_PORT})",
    )
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, about: str, command: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about)
        added.set_defaults(run=command)
        return added

    running = add("run", "the daily DAG once", _run)
    running.add_argument("--date", type=_parse_date, help="the run date, YYYY-MM-DD (default: today, UTC)")
    running.add_argument("--fetch-again", action="store_true", help="fetch a past day that the lake has")
    serving = add("dev", "Airflow with its UI, until Ctrl-C", _dev)
    serving.add_argument("--port", type=_parse_port, default=_UI_PORT, help="of Airflow's UI (default 8080)")
    airflow = add("airflow", "any command of Airflow, on the local lake", _airflow)
    airflow.add_argument("--args", default="", help="the command and its arguments, in one word")
    script = add("glue", "a Glue script on the local lake, its output here", _glue)
    script.add_argument("script", type=Path, help="the Python file")
    script.add_argument("--args", default="", help="the job's arguments, in one word")
    asking = add("sql", "a query on the local Athena, its answer here", _sql)
    asking.add_argument("query", help="the SQL, in one word")
    asking.add_argument("--format", choices=("table", "csv"), default="table", help="of the answer")
    add("stop", "end what run and dev left running", _stop)
    environment = add("env", "print export lines for a shell of AWS clients and of Airflow", _env)
    for command in (running, serving, airflow, environment):
        command.add_argument(
            "--feed", type=_parse_feed, default="demo", help="demo, live, or a directory of recorded bodies"
        )
        command.add_argument("--coins", type=int, help="how many coins a day ingests (default: 250)")
    try:
        arguments = parser.parse_args(argv)
        return int(arguments.run(arguments))
    except KeyboardInterrupt:
        return 130
    except (
        aws.LocalAwsFailed,
        daily.RunFailedError,
        servers.ServersFailedError,
        state.StateError,
        sql.QueryError,
        DatabaseError,
        UsageError,
        glue_script.ScriptError,
    ) as error:
        print(error, file=sys.stderr)
        return 1


def _run(arguments: argparse.Namespace) -> int:
    day = arguments.date or datetime.now(UTC).date()
    daily.require_day(arguments.feed, day)
    state.open_state()
    if state.running_dev() is not None:
        raise UsageError("make dev is running: trigger the DAG in its UI, or end it with make stop first")
    with state.one_run(f"{day}, since {datetime.now(UTC):%H:%M:%S} UTC", say=daily.say) as place:
        lake = state.start_lake(arguments.aws_port)
        daily.run(
            day=day,
            feed=arguments.feed,
            state=state.STATE,
            endpoint_url=lake.endpoint_url,
            website_url=lake.website_url,
            coins=arguments.coins,
            fetch_again=arguments.fetch_again,
            held=[place.fileno()],
        )
    return 0


def _dev(arguments: argparse.Namespace) -> int:
    dev(feed=arguments.feed, port=arguments.port, aws_port=arguments.aws_port, coins=arguments.coins)
    return 0


def _airflow(arguments: argparse.Namespace) -> int:
    """Run the command with this terminal; its exit status is Airflow's."""
    try:
        command = shlex.split(arguments.args)
    except ValueError as error:
        raise UsageError(f"ARGS={arguments.args}: {error}") from None
    if not command:
        raise UsageError('ARGS is empty. For example: make airflow ARGS="dags list"')
    lake = state.start_lake(arguments.aws_port)
    with daily.coingecko(arguments.feed) as (url, time_travel):
        environment = _airflow_environment(lake, url, time_travel=time_travel, coins=arguments.coins)
        return subprocess.call([sys.executable, "-m", "airflow", *command], env=environment)


def _airflow_environment(
    lake: state.Lake, coingecko_url: str, *, time_travel: bool, coins: int | None
) -> dict[str, str]:
    """Of Airflow's commands; those that ask its API reach the one of `make dev`, if it runs."""
    port = (state.running_dev() or {}).get("port", _UI_PORT)
    environment = state.airflow_on(lake, coingecko_url, time_travel=time_travel, coins=coins, api_port=port)
    register_dags(environment)
    return environment


def _glue(arguments: argparse.Namespace) -> int:
    state.start_lake(arguments.aws_port)
    return glue_script.run(arguments.script, arguments.args)


def _sql(arguments: argparse.Namespace) -> int:
    if not arguments.query.strip():
        raise UsageError('Q is empty. For example: make sql Q="SELECT * FROM gold_market_summary"')
    state.start_lake(arguments.aws_port)
    sql.ask(arguments.query, arguments.format)
    return 0


def _stop(_: argparse.Namespace) -> int:
    state.stop()
    return 0


def _env(arguments: argparse.Namespace) -> int:
    """Print the exports; if there is no lake to reach, such that no client reaches AWS itself."""
    try:
        lake = state.start_lake(arguments.aws_port)
        if arguments.feed == "live":
            url, time_travel = COINGECKO_API, False
        elif arguments.feed == "demo":
            url, time_travel = lake.coingecko_url, True
        else:
            raise UsageError(
                f"FEED={arguments.feed}: make env knows demo and live; make dev serves recordings"
            )
        environment = _airflow_environment(lake, url, time_travel=time_travel, coins=arguments.coins)
    except Exception:
        print(f"export AWS_ENDPOINT_URL={_CLOSED}  # there is no local lake")
        raise
    for name, value in (environment | aws_environment(lake.endpoint_url)).items():
        if name.startswith(_EXPORTED) and not name.startswith("AIRFLOW__"):
            print(f"export {name}={shlex.quote(value)}")
    return 0


def _parse_feed(value: str) -> str:
    if value in {"demo", "live"}:
        return value
    path = Path(value).expanduser()
    if not value or not any(path.glob("????-??-??.json")):
        raise UsageError(
            f"FEED={value}: neither demo nor live, nor a directory of bodies named YYYY-MM-DD.json"
        )
    return str(path.resolve())


def _parse_date(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"DATE={text}: not a date like 2026-01-31") from None
    first, today = START.date(), datetime.now(UTC).date()
    if not first <= day <= today:
        raise UsageError(f"DATE={day}: choose a day from {first} to {today}, which is today in UTC")
    return day


def _parse_port(text: str) -> int:
    if not (text.isdecimal() and 0 < int(text) < 65_535):
        raise UsageError(f"{text}: not a port; choose a number from 1 to 65534")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
