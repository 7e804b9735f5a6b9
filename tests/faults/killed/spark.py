"""The Spark of a Glue job that runs on the local AWS, as a process to stop, continue and kill."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil


def until(condition: Callable[[], Any], what: str, *, pause: float = 0.1, seconds: float = 400) -> Any:
    """What a condition gives once it holds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(pause)
    raise AssertionError(f"{what}: not within {seconds:.0f} seconds")


def server_of(state: Path) -> psutil.Process:
    """The local AWS that serves a state directory."""
    return psutil.Process(json.loads((state / "server.json").read_text())["pid"])


def spark_of(state: Path, run_id: str) -> psutil.Process:
    """The JVM that serves a run, as soon as the run's script has been started."""
    server = server_of(state)

    def jvm() -> psutil.Process | None:
        processes = server.children(recursive=True)
        for process in processes:
            with suppress(psutil.Error):  # it has just ended
                if run_id in process.cmdline():
                    port = int(process.environ()["PYSPARK_GATEWAY_PORT"])
                    return next((java for java in processes if _listens(java, port)), None)
        return None

    return until(jvm, f"Spark of {run_id} starts", pause=0.02)


def _listens(process: psutil.Process, port: int) -> bool:
    with suppress(psutil.Error):
        return any(
            found.laddr.port == port
            for found in process.net_connections("tcp")
            if found.status == psutil.CONN_LISTEN
        )
    return False
