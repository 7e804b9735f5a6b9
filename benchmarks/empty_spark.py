"""The measure for everything that uses Spark here: an empty program, started cold.

Machines differ by a factor of two and more, and a busy one from itself. So seconds are compared with those of
this program on the same machine in the same minutes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
assert spark.range(1).count() == 1
spark.stop()
"""


def seconds() -> float:
    """Start the program with spark-submit, as PySpark comes, and wait for its end."""
    with tempfile.TemporaryDirectory(prefix="empty-spark-") as folder:
        script = Path(folder, "empty.py")
        script.write_text(PROGRAM)
        submit = str(Path(sys.executable).with_name("spark-submit"))
        python = {"PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable}
        inherited = {name: value for name, value in os.environ.items() if name != "SPARK_HOME"}
        began = time.monotonic()
        subprocess.run(
            [submit, "--master", "local[2]", "--conf", "spark.driver.host=127.0.0.1", str(script)],
            env=inherited | python | {"SPARK_LOCAL_IP": "127.0.0.1"},
            cwd=folder,
            check=True,
            capture_output=True,
        )
        return time.monotonic() - began
