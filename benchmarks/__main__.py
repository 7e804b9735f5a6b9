"""Measure, one section after the other, and write RESULTS.md and its plots.

python -m benchmarks                        # all: most of an hour on two cores
python -m benchmarks dag_parse cleaning     # some; the others' figures stay as they are
"""

from __future__ import annotations

import argparse
import importlib
import os
import tempfile
import time

from benchmarks import results


def main(names: list[str]) -> None:
    """Run the sections of these names, in the order of the report."""
    for name in names:
        section = importlib.import_module(f"benchmarks.{name}")
        print(f"\n=== {section.TITLE} ===\n", flush=True)
        began = time.monotonic()
        figures = section.measure()
        minutes = (time.monotonic() - began) / 60
        results.save(name, figures, minutes=minutes)
        print(f"\n{section.table(figures)}\n\nmeasured in {minutes:.1f} min", flush=True)
        results.write_report()  # what is measured is kept, whatever becomes of the next section


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure and report.")
    parser.add_argument("sections", nargs="*", metavar="section", help=", ".join(results.SECTIONS))
    chosen = " ".join(parser.parse_args().sections).split()
    if unknown := sorted(set(chosen) - set(results.SECTIONS)):
        parser.error(f"no section {', '.join(unknown)}: there are {', '.join(results.SECTIONS)}")
    # Airflow writes its configuration there when it is first imported.
    with tempfile.TemporaryDirectory(prefix="airflow-home-") as home:
        os.environ["AIRFLOW_HOME"] = home
        main([name for name in results.SECTIONS if name in chosen or not chosen])
