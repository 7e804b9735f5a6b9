"""Processes that end with whoever started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from laptop.aws.leash import Leashed
from tests.laptop.conftest import until

pytestmark = pytest.mark.product

PARENT = """
import os, sys, time
from pathlib import Path
from laptop.aws.leash import Leashed
command = ["sh", "-c", "sleep 600 & echo $! $$; wait"]
Leashed(command, os.environ, Path("/"), lambda line: print(line, flush=True), print)
time.sleep(600)
"""


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # a killed orphan that nobody has waited for yet is a zombie
    return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z" if Path("/proc").exists() else True


def leashed(script: str, lines: list[str]) -> Leashed:
    return Leashed([sys.executable, "-c", script], os.environ, Path.cwd(), lines.append, lines.append)


def test_output_and_exit_status_are_handed_over() -> None:
    lines: list[str] = []
    assert leashed("print('a'); print('ü'); raise SystemExit(3)", lines).wait(20) == 3
    assert lines == ["a", "ü"]


def test_a_command_that_ignores_sigterm_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("laptop.aws.leash._GRACE", 0.2)
    lines: list[str] = []
    script = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"
    )
    process = leashed(script, lines)
    until(lambda: lines)
    with pytest.raises(TimeoutError):
        process.wait(0)
    process.end()
    assert process.wait(60) == -signal.SIGKILL


def test_a_parent_that_is_killed_leaves_nothing_behind() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert [alive(pid) for pid in pids] == [True, True]

    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 60
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [alive(pid) for pid in pids] == [False, False]
