"""The Spark of a Glue job that runs on the local AWS, as a process to stop, continue and kill."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
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
    """The JVM of a run's driver, as soon as there is one: not the launcher's, which finds its command."""

    def jvm() -> psutil.Process | None:
        for child in server_of(state).children(recursive=True):
            try:
                words = child.cmdline() if child.name() == "java" else []
                if run_id in words and "org.apache.spark.launcher.Main" not in words:
                    return child
            except psutil.Error:  # it has just ended
                continue
        return None

    return until(jvm, f"Spark of {run_id} starts", pause=0.02)
