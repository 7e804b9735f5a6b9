"""The laptop's commands, behind `make run`, `make dev`, `make stop` and `make env`."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from laptop.aws import process as aws
from laptop.aws.glue import script as glue_script
from laptop.lake.deployment import deploy
from laptop.runner import run as daily
from laptop.runner import servers
from laptop.runner.environment import (
    REPOSITORY,
    DatabaseError,
    airflow_environment,
    aws_environment,
    prepare_database,
)

STATE = REPOSITORY / ".local"
AWS_STATE = STATE / "aws"
DEV_PID = STATE / "dev.pid"


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m laptop.runner", description=__doc__)
    parser.add_argument(
        "--aws-port", type=int, default=5055, help="where the local AWS listens (default 5055)"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, about in (("run", "the daily DAG once"), ("dev", "Airflow with its UI, until Ctrl-C")):
        command = commands.add_parser(name, help=about)
        command.add_argument("--feed", default="demo", help="demo, live, or a directory of recorded bodies")
        command.add_argument("--coins", type=int, help="how many coins to ingest (default 250)")
        if name == "run":
            command.add_argument(
                "--date", type=_parse_date, help="the run date, YYYY-MM-DD (default: today, UTC)"
            )
            command.add_argument(
                "--fetch-again", action="store_true", help="fetch a past day that the lake has"
            )
        else:
            command.add_argument("--port", type=int, default=8080, help="of Airflow's UI (default 8080)")
    script = commands.add_parser("glue", help="a Glue script on the local lake, its output here")
    script.add_argument("script", type=Path, help="the Python file")
    script.add_argument("--args", default="", help="the job's arguments, in one word")
    commands.add_parser("stop", help="end what run and dev left running")
    commands.add_parser("env", help="print export lines for an AWS client's shell")
    arguments = parser.parse_args(argv)
    try:
        if arguments.command == "run":
            if _dev_is_running():
                raise UsageError(
                    "make dev is running: trigger the DAG in its UI, or end it with make stop first"
                )
            endpoint_url, website_url = _start_lake(arguments.aws_port)
            daily.run(
                day=arguments.date,
                feed=_parse_feed(arguments.feed),
                state=STATE,
                endpoint_url=endpoint_url,
                website_url=website_url,
                coins=arguments.coins,
                fetch_again=arguments.fetch_again,
            )
        elif arguments.command == "dev":
            dev(
                feed=_parse_feed(arguments.feed),
                port=arguments.port,
                aws_port=arguments.aws_port,
                coins=arguments.coins,
            )
        elif arguments.command == "glue":
            _start_lake(arguments.aws_port)
            return glue_script.run(arguments.script, arguments.args)
        elif arguments.command == "stop":
            stop()
        else:
            if not (served := aws.endpoint(AWS_STATE)):
                raise UsageError("the local lake is not up: make run (or make dev) first")
            for name, value in aws_environment(served).items():
                print(f"export {name}={value}")
    except KeyboardInterrupt:
        return 130
    except aws.LocalAwsFailed as error:
        hint = f"\nWith make: AWS_PORT=5056 make {arguments.command}" if "in use" in str(error) else ""
        print(f"{error}{hint}", file=sys.stderr)
        return 1
    except (
        daily.RunFailedError,
        servers.ServersFailedError,
        DatabaseError,
        UsageError,
        glue_script.ScriptError,
    ) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


class UsageError(Exception):
    """A value on the command line that cannot be used."""


def dev(*, feed: str, port: int, aws_port: int, coins: int | None) -> None:
    """Run all of Airflow against the local lake until Ctrl-C or `make stop`."""
    if _dev_is_running():
        raise UsageError(
            f"make dev is running already (process {DEV_PID.read_text().strip()}): make stop ends it"
        )
    servers.require_free(
        port, what="Airflow's UI", remedy="end what listens there, or choose another: UI_PORT=8081 make dev"
    )
    with _interrupted_by_sigterm(), daily.coingecko(feed) as (url, time_travel):
        endpoint_url, website_url = _start_lake(aws_port)
        environment = airflow_environment(
            STATE / "airflow",
            endpoint_url=endpoint_url,
            coingecko_url=url,
            time_travel=time_travel,
            coins=coins,
            api_port=port,
            dashboard_url=website_url,
        )
        prepare_database(environment)
        daily.say("Starting Airflow (api-server, scheduler, dag-processor, triggerer) …")
        DEV_PID.write_text(str(os.getpid()))
        try:
            with servers.running(environment, STATE / "logs") as processes:
                daily.say(
                    f"\n  Airflow's UI   http://127.0.0.1:{port}      (no log-in on this laptop)\n"
                    f"  Dashboard      {website_url}\n"
                    f'  AWS endpoint   {endpoint_url}      (eval "$(make -s env)", then any AWS client)\n'
                    f"  CoinGecko      {url}      (feed {feed})\n"
                    f"  Logs           {STATE / 'logs'}\n\nCtrl-C, or make stop elsewhere, ends it."
                )
                while True:
                    for component, child in processes.items():
                        if child.poll() is not None:
                            raise servers.ServersFailedError(
                                f"airflow {component} ended with status {child.returncode}: "
                                f"see {STATE / 'logs' / component}.log"
                            )
                    time.sleep(1)
        finally:
            DEV_PID.unlink(missing_ok=True)


def stop() -> None:
    """End `make dev`, if it runs, and the local AWS; what they made stays in `.local/`."""
    if _dev_is_running():
        os.kill(int(DEV_PID.read_text()), signal.SIGTERM)
        for _ in range(300):
            if not _dev_is_running():
                break
            time.sleep(0.1)
    DEV_PID.unlink(missing_ok=True)
    aws.stop(AWS_STATE)


def _start_lake(port: int) -> tuple[str, str]:
    """The local AWS, started if it is not up, with the resources as they are in the repository now.

    Returns:
        The endpoint URL, and the address of the website.
    """
    STATE.mkdir(exist_ok=True)
    STATE.chmod(0o700)  # the lake, its key, logs and Airflow's database are their owner's alone
    endpoint_url = aws.start(AWS_STATE, port=port, module="laptop.lake")
    os.environ.update(aws_environment(endpoint_url))
    deploy(endpoint_url)
    return endpoint_url, aws.website(AWS_STATE) or ""


def _parse_feed(value: str) -> str:
    if value in {"demo", "live"}:
        return value
    path = Path(value).expanduser()
    if not any(path.glob("????-??-??.json")):
        raise UsageError(
            f"FEED={value}: neither demo nor live, nor a directory of bodies named YYYY-MM-DD.json"
        )
    return str(path.resolve())


def _parse_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date like 2026-01-31") from None


def _dev_is_running() -> bool:
    """Whether the process that wrote the pid file lives; its number may be another's since."""
    if not DEV_PID.exists():
        return False
    process = subprocess.run(
        ["ps", "-o", "args=", "-p", DEV_PID.read_text().strip()], capture_output=True, text=True, check=False
    )
    return "laptop.runner" in process.stdout


@contextmanager
def _interrupted_by_sigterm() -> Iterator[None]:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


if __name__ == "__main__":
    sys.exit(main())
