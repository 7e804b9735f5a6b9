"""Spark's classes as a JVM has loaded them, in one file from which the next Spark starts faster.

    python -m laptop.lake.class_archive

Loading classes is a third of a small job's time. A Glue job of a made-up day is run once, in a folder of its
own, and its JVM leaves the archive, which every Glue job here uses from then on. Another Java ignores it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

from laptop.aws.glue import spark
from laptop.coingecko import demo_market as coingecko_demo

_SCRIPT = Path(__file__).parents[2] / "include" / "glue_scripts" / "bronze_to_silver.py"
_DAY = date(2026, 1, 31)


def make(archive: Path) -> None:
    """Make the archive.

    Raises:
        subprocess.CalledProcessError: Spark failed.
    """
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        scratch, made = Path(folder), Path(folder, archive.name)
        bronze = scratch / f"lake/bronze/coins_market/dt={_DAY}/ingested_at=20260131T020003Z/source=synthetic"
        bronze.mkdir(parents=True)
        (bronze / "page-0001.json").write_text(json.dumps(coingecko_demo.market(_DAY)[:250]))
        command = spark.command(
            _SCRIPT,
            ["--run_date", str(_DAY), "--bucket", "lake"],
            buckets={"lake": scratch / "lake"},
            scratch=scratch,
            settings={
                "spark.driver.extraJavaOptions": f'{spark.JVM_OPTIONS} "-XX:ArchiveClassesAtExit={made}"',
            },
        )
        environment = spark.environment("http://127.0.0.1:9", "us-east-1", scratch)
        subprocess.run(command, env=environment, check=True, capture_output=True, cwd=scratch)
        made.replace(archive)


if __name__ == "__main__":
    if problem := spark.java_problem(os.environ):
        sys.exit(problem)
    make(spark.CLASS_ARCHIVE)
