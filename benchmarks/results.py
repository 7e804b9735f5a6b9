"""Figures on disk, and the report made of them.

A section is a module of this package with

    TITLE: str                       heading in the report
    METHOD: str                      Markdown: what is measured, how, and what the aim was
    measure() -> figures             measures; whatever JSON can hold; prints its progress
    table(figures) -> str            Markdown tables and the sentences that say what they mean
    plot(figures, axes)              optional: a small plot (matplotlib)

Its figures are kept in `benchmarks/results/<name>.json`, with machine and date: RESULTS.md is made of those
files alone.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
FIGURES = FOLDER / "results"
IMAGES = FOLDER / "images"
REPORT = FOLDER / "RESULTS.md"

SECTIONS = (
    "daily_run",
    "queries",
    "backfill",
    "transforms",
    "dag_parse",
    "cleaning",
    "glue_jobs",
    "make_run",
    "arrival_latency",
    "large_objects",
)
"""In the order of the report."""


def save(name: str, figures: Any, *, minutes: float) -> None:
    """Keep a section's figures, with when and where they were measured."""
    FIGURES.mkdir(exist_ok=True)
    record = {
        "measured_at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "minutes": round(minutes, 1),
        "machine": machine(),
        "figures": figures,
    }
    (FIGURES / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")


def load(name: str) -> dict[str, Any]:
    """A section's record: measured_at, minutes, machine, figures.

    Raises:
        FileNotFoundError: it has not been measured; names the command.
    """
    try:
        return dict(json.loads((FIGURES / f"{name}.json").read_text()))
    except FileNotFoundError:
        raise FileNotFoundError(f"{name} has not been measured: python -m benchmarks {name}") from None


def machine() -> str:
    """This machine in one line: cores, memory, processor, system, Python."""
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    processor = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        models = [
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ]
        processor = models[0] if models else processor
    return (
        f"{os.cpu_count()} cores ({processor}), {gigabytes:.0f} GB of memory, {platform.system()}, "
        f"Python {platform.python_version()}"
    )


def write_report() -> None:
    """Write RESULTS.md and the plots from the figures on disk; what was never measured says so."""
    parts = [
        "# Results\n\nWritten by `make bench` from the files in [results/](results), which hold every "
        "figure. Each section says when and where it was measured. Ratios compare what was measured side by "
        "side in one run; seconds of different sections, or of another machine, cannot be compared.\n"
    ]
    for name in SECTIONS:
        section = importlib.import_module(f"benchmarks.{name}")
        parts.append(f"## {section.TITLE}\n\n{section.METHOD.strip()}\n")
        try:
            record = load(name)
        except FileNotFoundError:
            parts.append(f"Not measured yet: `python -m benchmarks {name}`.\n")
            continue
        if hasattr(section, "plot"):
            _plot(section, record["figures"], IMAGES / f"{name}.svg")
            parts.append(f"![{section.TITLE}](images/{name}.svg)\n")
        parts.append(section.table(record["figures"]).strip() + "\n")
        parts.append(
            f"*Measured {record['measured_at']}, in {record['minutes']} minutes, on {record['machine']}.*\n"
        )
    REPORT.write_text("\n".join(parts))


def _plot(section: Any, figures: Any, path: Path) -> None:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = "results"  # the same figures make the same file
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    section.plot(figures, figure.subplots())
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
