"""`make dev`: all of Airflow on the local lake, watched until Ctrl-C."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from laptop.aws import process as aws
from laptop.runner import servers, state
from laptop.runner.run import coingecko, say


def dev(*, feed: str, port: int, aws_port: int, coins: int | None = None) -> None:
    """Run Airflow's servers against the local lake until Ctrl-C or `make stop`.

    The local AWS is watched, too, and started again if it ends: its data are on disk.

    Args:
        feed: As for `run`.
        port: Of Airflow's UI.
        aws_port: Where the local AWS listens.
        coins: As for `run`.

    Raises:
        ServersFailedError: A server did not come up, or ended; the message names its log.
        StateError: Another `make dev` runs.
    """
    state.open_state()
    with state.one_dev() as record:
        servers.require_free(
            port,
            what="Airflow's UI",
            remedy=f"end what listens there, or UI_PORT={state.free_port_above(port)} make dev",
        )
        with _interrupted_by_sigterm(), coingecko(feed) as (url, time_travel):
            lake = state.start_lake(aws_port)
            environment = state.airflow_on(lake, url, time_travel=time_travel, coins=coins, api_port=port)
            say("Starting Airflow (api-server, scheduler, dag-processor, triggerer) …")
            logs = state.STATE / "logs"
            with servers.running(
                environment, logs, on_start=lambda pids: record.record(airflow=pids, port=port)
            ) as airflow:
                say(
                    f"\n  Airflow's UI   http://127.0.0.1:{port}      (no log-in on this laptop)\n"
                    f"  Dashboard      {lake.website_url}\n"
                    f'  AWS endpoint   {lake.endpoint_url}      (eval "$(make -s env)")\n'
                    f"  CoinGecko      {url}      (feed {feed})\n"
                    f"  Logs           {logs}\n\nCtrl-C, or make stop elsewhere, ends it."
                )
                watch(airflow, logs, lake)


def watch(airflow: servers.Processes, logs: Path, lake: state.Lake) -> None:
    """Look once a second whether all are alive; a local AWS that ended is started again.

    Raises:
        ServersFailedError: A server of Airflow ended.
    """
    while True:
        servers.require_alive(airflow, logs)
        if aws.endpoint(state.AWS_STATE) is None:
            say(f"\nThe local AWS ended (see {state.AWS_STATE / 'logs' / 'server.log'}): starting it again …")
            # Where it was: Airflow and its tasks know it by that address.
            again = state.start_lake(int(lake.endpoint_url.rpartition(":")[2]))
            say(f"  AWS endpoint   {again.endpoint_url}\n  Dashboard      {again.website_url}")
        time.sleep(1)


@contextmanager
def _interrupted_by_sigterm() -> Iterator[None]:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
