"""`make dev`: Airflow's API server with its UI, scheduler, DAG processor and triggerer, each a process."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Airflow's log servers listen on all of a machine's addresses. Here nobody needs them: the API server reads
# the same folder.
COMPONENTS = {
    "api-server": [],
    "scheduler": ["--skip-serve-logs"],
    "dag-processor": [],
    "triggerer": ["--skip-serve-logs"],
}


Processes = dict[str, subprocess.Popen[bytes]]
"""Airflow's servers, by component."""


class ServersFailedError(Exception):
    """Airflow did not come up; the message names the component and its log."""


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_taken(port: int) -> bool:
    """Whether something listens on a TCP port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def require_free(port: int, *, what: str, remedy: str) -> None:
    """Refuse to go on when a port is taken.

    Raises:
        ServersFailedError: naming the port, what wanted it and the remedy.
    """
    if is_taken(port):
        raise ServersFailedError(f"Port {port}, for {what}, is in use: {remedy}")


@contextmanager
def running(
    environment: dict[str, str],
    logs: Path,
    *,
    timeout: float = 120,
    python: str = sys.executable,
    on_start: Callable[[list[int]], None] = lambda _: None,
) -> Iterator[Processes]:
    """All of Airflow, healthy, until the block ends.

    Args:
        environment: From `airflow_environment`, with a prepared database and a free `api_port`.
        logs: Folder for one log a component.
        timeout: Seconds until every component must be healthy.
        python: The interpreter that has Airflow.
        on_start: Called with the process ids as soon as there are any.

    Yields:
        The processes, by component.

    Raises:
        ServersFailedError: a component ended or did not become healthy.
    """
    logs.mkdir(parents=True, exist_ok=True)
    processes: Processes = {}
    try:
        for component in COMPONENTS:
            processes[component] = start(component, environment, logs, python)
            on_start([process.pid for process in processes.values()])
        wait_healthy(environment["AIRFLOW__API__BASE_URL"], processes, logs, timeout)
        yield processes
    finally:
        for process in processes.values():
            end(process)


def start(
    component: str, environment: dict[str, str], logs: Path, python: str = sys.executable
) -> subprocess.Popen[bytes]:
    """One component, in a process group of its own, logging to `<logs>/<component>.log`."""
    with (logs / f"{component}.log").open("ab") as output:
        return subprocess.Popen(
            [python, "-m", "airflow", component, *COMPONENTS[component]],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def end(process: subprocess.Popen[bytes]) -> None:
    """End a component with everything it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=10)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def require_alive(processes: Processes, logs: Path) -> None:
    """Refuse to go on when a component has ended.

    Raises:
        ServersFailedError: naming it and its log.
    """
    for component, process in processes.items():
        if process.poll() is not None:
            raise ServersFailedError(
                f"airflow {component} ended with status {process.returncode}: see {logs / component}.log"
            )


def wait_healthy(url: str, processes: Processes, logs: Path, timeout: float) -> None:
    """Wait until the API server calls every component healthy.

    Raises:
        ServersFailedError: as `running`.
    """
    deadline = time.monotonic() + timeout
    states: dict[str, str | None] = {}
    while time.monotonic() < deadline:
        require_alive(processes, logs)
        with suppress(urllib.error.URLError, ConnectionError, TimeoutError, ValueError):
            with urllib.request.urlopen(f"{url}/api/v2/monitor/health", timeout=5) as answer:  # noqa: S310
                health = json.load(answer)
            states = {name: health[name]["status"] for name in ("scheduler", "dag_processor", "triggerer")}
            if set(states.values()) == {"healthy"}:
                return
        time.sleep(0.5)
    raise ServersFailedError(
        f"Airflow was not healthy after {timeout:.0f} s: {states or 'no answer'}; logs in {logs}"
    )
