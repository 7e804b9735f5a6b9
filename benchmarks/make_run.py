"""What `make run` takes in a new clone, and again, step by step."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import empty_spark
from laptop.runner.environment import REPOSITORY
from laptop.runner.servers import free_port

WARM_RUNS = 3

TITLE = "make run"
METHOD = f"""
`git clone` of the committed state into an empty folder, an empty HOME, then `make run`: cold once, which
installs everything from the package index, and {WARM_RUNS} times warm (medians), with the lake still up.
Seconds. The steps are read off the moments at which `make run` prints its lines and makes its files; a
task's seconds are Airflow's own. An empty Spark program, started cold after each warm run, says how fast the
machine is. *Airflow starts* is the time between its start and its first task's;
*between tasks* is Airflow's, too.
"""


def measure() -> dict[str, dict[str, float]]:
    """Seconds of each step, cold and warm, in their order."""
    with tempfile.TemporaryDirectory(prefix="make-run-") as folder:
        clone, home = Path(folder) / "clone", Path(folder) / "home"
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(clone)], check=True)
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AIRFLOW", "AWS_", "MAKE", "MFLAGS", "PYTHON"))
            and name not in ("VIRTUAL_ENV", "UV_CACHE_DIR", "PIP_CACHE_DIR", "XDG_CACHE_HOME")
        }
        environment = inherited | {"HOME": str(home), "AWS_PORT": str(free_port())}
        try:
            cold = _time_steps(clone, environment)
            warm, empty = [], []
            for _ in range(WARM_RUNS):
                warm.append(_time_steps(clone, environment))
                empty.append(empty_spark.seconds())
        finally:
            subprocess.run(["make", "stop"], cwd=clone, env=environment, check=False)
            shutil.rmtree(clone / ".venv", ignore_errors=True)
    return {
        "cold": cold,
        "warm": {step: median(run.get(step, 0) for run in warm) for step in cold},
        "empty": {"an empty Spark program": median(empty)},
    }


def table(figures: dict[str, dict[str, float]]) -> str:
    """Each step, cold and warm."""
    lines = ["| step | cold, s | warm, s |", "|---|---:|---:|"]
    lines += [
        f"| {step} | {seconds:.1f} | {figures['warm'][step]:.1f} |"
        for step, seconds in figures["cold"].items()
    ]
    together = (f"**{sum(figures[name].values()):.0f}**" for name in ("cold", "warm"))
    lines.append(f"| **together** | {' | '.join(together)} |")
    if "empty" not in figures:
        return "\n".join(lines)
    [empty] = figures["empty"].values()
    times = sum(figures["warm"].values()) / empty
    jobs = " and ".join(
        f"`{job}` {figures['warm'][job] / empty:.2f} times" for job in ("bronze_to_silver", "silver_to_gold")
    )
    lines.append(
        f"\nAn empty Spark program, started cold between these runs, took {empty:.1f} s. A warm "
        f"`make run` takes {times:.1f} times as long (aim: 3), the tasks {jobs} (aim: 0.5)."
    )
    return "\n".join(lines)


def plot(figures: dict[str, dict[str, float]], axes: Any) -> None:
    """Two bars, made of the steps that take two seconds or more."""
    for position, name in enumerate(("cold", "warm")):
        left = 0.0
        for number, (step, seconds) in enumerate(figures["cold"].items()):
            seconds = figures[name][step]
            label = step if position == 0 and seconds >= 2 else None
            axes.barh(position, seconds, left=left, color=f"C{number % 10}", label=label)
            left += seconds
    axes.set_yticks([0, 1], ["cold", "warm"])
    axes.invert_yaxis()
    axes.set_xlabel("seconds")
    axes.legend(fontsize=6, ncols=2)


def _time_steps(clone: Path, environment: dict[str, str]) -> dict[str, float]:
    began = time.time()
    process = subprocess.Popen(
        ["make", "run"],
        cwd=clone,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines: list[tuple[float, str]] = []
    for line in process.stdout or ():
        lines.append((time.time(), line.rstrip()))
        print(f"{time.time() - began:6.1f}  {line}", end="", flush=True)
    if process.wait():
        raise RuntimeError("make run failed:\n" + "\n".join(line for _, line in lines[-40:]))
    ended = time.time()

    def changed(path: str) -> float:
        """When a file was made, or the beginning, if it was there before."""
        [found] = clone.glob(path)
        return max(began, found.stat().st_mtime)

    installed = changed(".venv/.ready")
    served = max(installed, changed(".local/aws/server.json"))
    [started] = [at for at, line in lines if line.startswith("crypto_market_daily for ")]
    migrated = max(served, changed(".local/airflow/migrated-*"))
    tasks = [
        (at, *match.groups()) for at, line in lines if (match := re.match(r"  ✓ (\w+) +([\d.]+) s", line))
    ]
    seconds = {str(task): float(took) for _, task, took in tasks}
    first_ended, first_task, _ = tasks[0]
    starting = first_ended - started - seconds[str(first_task)]
    running = tasks[-1][0] - started - starting
    return {
        "environment installed": installed - began,
        "local AWS started": served - installed,
        "resources deployed, Airflow's database made": migrated - served
        if migrated > served
        else started - served,
        "Airflow starts": starting + max(0, started - migrated) * (migrated > served),
        **seconds,
        # Tasks may run side by side in the record, but `dags test` runs them one after the other.
        "between tasks": max(0.0, running - sum(seconds.values())),
        "top ten shown": ended - tasks[-1][0],
    }
