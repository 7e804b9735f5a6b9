"""Start and stop the server from Python: one server a state directory."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_REPOSITORY = Path(__file__).parents[2]
_START_SECONDS = 60.0
_STOP_SECONDS = 10.0


class LocalAwsFailed(Exception):  # noqa: N818
    """The server did not start or stop: why, and where to look."""


@contextmanager
def running(state: Path, port: int = 0) -> Iterator[str]:
    """Serve a state directory for the length of a `with` block; gives the endpoint URL."""
    endpoint_url = start(state, port)
    try:
        yield endpoint_url
    finally:
        stop(state)


def start(state: Path, port: int = 0) -> str:
    """Start a server that outlives this process, unless the state directory is being served already.

    Args:
        state: The state directory; its `logs/server.log` gets the server's output.
        port: The port to listen on; 0 picks a free one. A server that is up keeps its own.

    Returns:
        The endpoint URL, once requests are answered.

    Raises:
        LocalAwsFailed: It did not come up.
    """
    if served := _served(state):
        return str(served["endpoint_url"])
    log = state / "logs" / "server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as output:
        server = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "laptop.lake",
                "serve",
                "--port",
                str(port),
                "--state",
                str(state.resolve()),
            ],
            cwd=_REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise LocalAwsFailed(
                f"the local AWS did not start: {log.read_text(encoding='utf-8').strip()[-2000:]}"
            )
        if (served := _served(state)) and served["pid"] == server.pid:
            return str(served["endpoint_url"])
        time.sleep(0.05)
    server.kill()
    raise LocalAwsFailed(f"the local AWS was not ready after {_START_SECONDS:.0f} seconds: see {log}")


def endpoint(state: Path) -> str | None:
    """The endpoint URL of the server of a state directory; None if none is up."""
    served = _served(state)
    return str(served["endpoint_url"]) if served else None


def website(state: Path) -> str | None:
    """The address of the website that the server of a state directory serves; None if none is up.

    Raises:
        LocalAwsFailed: The server is of a version that served no website.
    """
    served = _served(state)
    if served and "website_url" not in served:
        raise LocalAwsFailed("the local AWS is still up from an older version: make stop first")
    return str(served["website_url"]) if served else None


def stop(state: Path) -> None:
    """End the server of a state directory, if there is one, with the Spark jobs it runs.

    Raises:
        LocalAwsFailed: It did not end.
    """
    served = _served(state)
    if served is None:
        return
    os.kill(served["pid"], signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < deadline:
        if _served(state) is None:
            return
        time.sleep(0.02)
    raise LocalAwsFailed(
        f"the local AWS (process {served['pid']}) did not end within {_STOP_SECONDS:.0f} seconds"
    )


def _served(state: Path) -> dict[str, Any] | None:
    """Who serves the directory; None if nobody does, or is not ready yet."""
    record = state / "server.json"
    if not record.exists():
        return None
    with record.open(encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = file.read()
            return json.loads(text) if text.endswith("}") else None
    return None
