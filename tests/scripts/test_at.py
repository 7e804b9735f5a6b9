"""`scripts/at` shifts the time of day alone: durations, waits and the date's other fields stay real."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

pytestmark = [pytest.mark.product, pytest.mark.clock]

AT = Path(__file__).parents[2] / "scripts" / "at"
PROGRAM = """
import json, threading, time
from datetime import UTC, datetime
began, slept = time.monotonic(), time.time()
time.sleep(0.2)
threading.Event().wait(0.2)
print(json.dumps([datetime.now(UTC).isoformat(), time.time() - slept, time.monotonic() - began]))
"""


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler on this machine")
def test_a_command_sees_another_hour_and_waits_as_long_as_ever() -> None:
    done = subprocess.run(
        [AT, "23:58", sys.executable, "-c", PROGRAM], capture_output=True, check=True, cwd=AT.parents[1]
    )
    seen, by_the_clock, by_the_monotonic = json.loads(done.stdout)
    at = datetime.fromisoformat(seen)
    assert (at - datetime(2026, 1, 1, 23, 58, tzinfo=UTC)) % timedelta(days=1) < timedelta(minutes=10)
    assert 0.4 <= by_the_clock < 60
    assert 0.4 <= by_the_monotonic < 60


@pytest.mark.parametrize("time", ["24:00", "1:00", "noon", ""])
def test_what_is_not_a_time_is_refused(time: str) -> None:
    done = subprocess.run([AT, time, "true"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "usage: scripts/at HH:MM COMMAND …\n")
