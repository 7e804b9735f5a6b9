"""What a test does that decides when it runs: it reads the system's clock, or it starts a process.

Python reports each call that this repository's code makes (`sys.monitoring`, from Python 3.12 on: under
3.11 the clock is not watched), and each process that is started (an audit event). Only the thread that runs
the tests is watched, and no other process: a test that starts the product as a whole is marked `clock` by
hand where the hour could matter.
"""

from __future__ import annotations

import sys
import threading
import time
from datetime import date, datetime
from pathlib import Path
from types import CodeType
from typing import Any

REPOSITORY = f"{Path(__file__).parents[1]}/"
CLOCKS = {time.time, time.time_ns, time.gmtime, time.localtime, datetime.now, datetime.utcnow, date.today}
"""Not `time.monotonic`: it measures durations, and no hour changes it."""
TOOL = 4  # one of the six numbers that Python offers; coverage and profilers have 1 to 3

PROBES = {"ldconfig", "gcc", "cc", "ld", "objdump", "uname", "lscpu", "git"}
"""What a library starts, at its first use in a process, to learn about the machine."""

clock_reads: set[str] = set()
"""Where this repository's code has read the clock, as `file:line`."""
processes: set[str] = set()
"""The programs that were started."""


def _called(code: CodeType, offset: int, called: Any, _argument: Any) -> Any:
    file = code.co_filename
    if not file.startswith(REPOSITORY) or "/site-packages/" in file:
        return sys.monitoring.DISABLE
    try:
        is_clock = called in CLOCKS
    except TypeError:  # not hashable
        is_clock = False
    if not is_clock:
        return sys.monitoring.DISABLE
    if threading.current_thread() is not threading.main_thread():
        return None
    line = next((line for start, end, line in code.co_lines() if start <= offset < end), None)
    clock_reads.add(f"{file.removeprefix(REPOSITORY)}:{line}")
    return None


def _audited(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "subprocess.Popen" or threading.current_thread() is not threading.main_thread():
        return
    if Path(str(arguments[0])).name not in PROBES:
        processes.add(str(arguments[0]))


def begin() -> None:
    """Watch this process from now until it ends."""
    sys.addaudithook(_audited)
    if sys.version_info >= (3, 12):
        sys.monitoring.use_tool_id(TOOL, "witness")
        sys.monitoring.register_callback(TOOL, sys.monitoring.events.CALL, _called)
        sys.monitoring.set_events(TOOL, sys.monitoring.events.CALL)


def end() -> None:
    """Stop watching the clock, before Python takes its modules apart."""
    if sys.version_info >= (3, 12):
        sys.monitoring.set_events(TOOL, 0)
        sys.monitoring.free_tool_id(TOOL)
