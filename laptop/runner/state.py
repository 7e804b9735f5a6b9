"""The laptop's state folder, `.local`: the lake in it, and who is using it."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any

from laptop.aws import process as aws
from laptop.lake.deployment import deploy
from laptop.runner.environment import REPOSITORY, airflow_environment, aws_environment, prepare_home
from laptop.runner.servers import is_taken

STATE = REPOSITORY / ".local"
AWS_STATE = STATE / "aws"
DEFAULT_AWS_PORT = 5055
_STOP_SECONDS = 30.0
_PORTS_OF_OURS = range(
    DEFAULT_AWS_PORT, DEFAULT_AWS_PORT + 2
)  # the endpoint's and, beside it, the dashboard's


class StateError(Exception):
    """Why the state folder cannot be used, and what to do."""


@dataclass(frozen=True)
class Lake:
    """Where the local lake answers."""

    endpoint_url: str
    website_url: str
    coingecko_url: str


def open_state() -> None:
    """Make the folder, for its owner alone.

    Raises:
        StateError: It cannot be written.
    """
    try:
        STATE.mkdir(exist_ok=True)
        STATE.chmod(0o700)  # the lake, its key, logs and Airflow's database are their owner's alone
        for path in (STATE, *STATE.glob("*")):
            if not os.access(path, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        raise StateError(
            f"{error.filename} cannot be written by you ({error.strerror}). If an earlier command ran with"
            f" sudo, take the folder back: sudo chown -R $(id -u) '{STATE}'"
        ) from None


def start_lake(port: int) -> Lake:
    """Start the local lake unless it is up, with the resources as they are in the repository now.

    Raises:
        StateError: The state folder cannot be written, or the port is another program's.
        LocalAwsFailed: The local AWS did not start.
    """
    open_state()
    with _locked("lake.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if aws.endpoint(AWS_STATE) is None and is_taken(port):
            raise StateError(
                f"Port {port}, for the local lake, is in use, perhaps by the lake of another clone. End what"
                f" listens there, or choose another: AWS_PORT={free_port_above(port)}"
            )
        endpoint_url = aws.start(
            AWS_STATE, port=port, module="laptop.lake", options=("--coingecko-port", "0")
        )
        os.environ.update(aws_environment(endpoint_url))
        deploy(endpoint_url)
    served = aws.served(AWS_STATE) or {}
    return Lake(endpoint_url, served.get("website_url", ""), served.get("coingecko_url", ""))


def airflow_on(
    lake: Lake, coingecko_url: str, *, time_travel: bool, coins: int | None, api_port: int
) -> dict[str, str]:
    """The environment of Airflow on a lake, with its home in the state folder ready.

    The arguments are those of `airflow_environment`.

    Raises:
        DatabaseError: Airflow could not make its metadata database.
    """
    environment = airflow_environment(
        STATE / "airflow",
        endpoint_url=lake.endpoint_url,
        coingecko_url=coingecko_url,
        time_travel=time_travel,
        coins=coins,
        api_port=api_port,
        dashboard_url=lake.website_url,
    )
    prepare_home(environment)
    return environment


@contextmanager
def one_run(what: str, *, say: Any = print) -> Iterator[IO[str]]:
    """Hold the place of the one `make run`; waits for another one, and says for which.

    Args:
        what: What is run; the next one that has to wait reads it.
        say: Called with the line for whoever waits.

    Yields:
        The locked file. A child that inherits it holds the place, too.
    """
    with _locked("run.lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            say(f"Waiting for another make run to end ({lock.read().strip()}) …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        _write(lock, f"process {os.getpid()}, {what}")
        yield lock


class Dev:
    """The running `make dev`: its process, its addresses and the processes of Airflow that it started."""

    FILE = "dev.json"

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def record(self, **facts: Any) -> None:
        """Let the other commands know."""
        _write(self._file, json.dumps({"pid": os.getpid(), **facts}))


@contextmanager
def one_dev() -> Iterator[Dev]:
    """Be the one `make dev` of this folder; what a killed one left running is ended.

    Raises:
        StateError: Another one runs.
    """
    with _locked(Dev.FILE) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            pid = json.loads(file.read() or "{}").get("pid", "?")
            raise StateError(f"make dev is running already (process {pid}): make stop ends it") from None
        file.seek(0)
        _end_left_over(file.read())
        dev = Dev(file)
        dev.record()
        yield dev
        _write(file, "")


def running_dev() -> dict[str, Any] | None:
    """What the running `make dev` recorded; None if none runs."""
    path = STATE / Dev.FILE
    if not path.exists():
        return None
    with path.open(encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            found: dict[str, Any] = json.loads(file.read() or "{}")
            return found
    return None


def stop() -> None:
    """End `make dev`, if it runs, and the local lake; what they made stays."""
    if dev := running_dev():
        with suppress(ProcessLookupError):
            os.kill(dev["pid"], signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while running_dev() and time.monotonic() < deadline:
            time.sleep(0.1)
    if (path := STATE / Dev.FILE).exists():
        _end_left_over(path.read_text(encoding="utf-8"))
        path.unlink()
    aws.stop(AWS_STATE)


def _end_left_over(record: str) -> None:
    """End the processes of Airflow that a `make dev` started which was killed."""
    for pid in json.loads(record or "{}").get("airflow", ()):
        command = subprocess.run(
            ["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout
        if "airflow" in command:  # the number may be another process's since
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)


@contextmanager
def _locked(name: str) -> Iterator[IO[str]]:
    """A file of the state folder to be locked; closing it ends the lock."""
    with (STATE / name).open("a+", encoding="utf-8") as file:
        yield file


def _write(file: IO[str], text: str) -> None:
    file.truncate(0)
    file.write(text)
    file.flush()


def free_port_above(port: int) -> int:
    """A port that is free, its neighbor as well, and neither is one that this project uses by default."""
    return next(
        candidate
        for candidate in range(max(port + 2, _PORTS_OF_OURS.stop), 65_535)
        if not is_taken(candidate) and not is_taken(candidate + 1)
    )
