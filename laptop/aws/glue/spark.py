"""How the PySpark in this Python's environment is started and set up for a Glue job's script.

`s3://` needs no extra jars: Hadoop's `ViewFileSystemOverloadScheme`, which PySpark ships, mounts each bucket
on its directory. A run whose settings name S3A reaches the buckets through the endpoint (`s3a_settings`).
The JVM is told to start fast: the first compiler only, and one garbage collector thread.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

# https://docs.aws.amazon.com/glue/latest/dg/release-notes.html
SPARK_OF_GLUE = {"4.0": "3.3", "5.0": "3.5", "5.1": "3.5", "6.0": "4.1"}
_JAVA = 17  # the oldest that Spark 4 runs on
S3A = "org.apache.hadoop.fs.s3a.S3AFileSystem"
# By their names in lower case; those of proxies are written both ways.
_PASSED_ON = frozenset(
    "path home java_home tmpdir lang http_proxy https_proxy no_proxy all_proxy".split()  # noqa: SIM905
)
# A JVM that ran out of memory is in no state to go on.
_JVM_ALWAYS = "-XX:+ExitOnOutOfMemoryError -Duser.timezone=UTC -Djava.net.preferIPv4Stack=true"
# The second compiler costs more than it gives, on a JVM that lives for many jobs, too: five rounds of both
# jobs of the lake took 81 s without it and 126 s with it, side by side on two busy cores; 80 s with more
# threads for the garbage collector.
_JVM_FAST = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
_JVM_OPTIONS = "spark.driver.extraJavaOptions"
_OF_THE_JVM = re.compile(
    r"spark\.(driver\.(memory|extra|defaultJavaOptions|userClassPathFirst)|jars|sql\.catalogImplementation)"
)


def installed_glue_version() -> str:
    """The newest Glue version whose Spark is installed."""
    installed = version("pyspark")
    return [glue for glue, spark in SPARK_OF_GLUE.items() if installed.startswith(f"{spark}.")][-1]


def version_problem(glue_version: str | None) -> str | None:
    """Why a job of this Glue version cannot run here, with the remedy; None if it can."""
    installed = version("pyspark")
    fitting = [glue for glue, spark in SPARK_OF_GLUE.items() if installed.startswith(f"{spark}.")]
    if glue_version in fitting:
        return None
    remedy = f"set GlueVersion to {fitting[-1]}" if fitting else "no Glue version has it"
    if glue_version not in SPARK_OF_GLUE:
        known = ", ".join(SPARK_OF_GLUE)
        return f"GlueVersion {glue_version} is not one of {known}; PySpark {installed} is installed: {remedy}"
    spark = SPARK_OF_GLUE[glue_version]
    return (
        f"GlueVersion {glue_version} means Spark {spark}, but PySpark {installed} is installed:"
        f" {remedy}, or install pyspark=={spark}.*"
    )


def java_problem(environment: Mapping[str, str]) -> str | None:
    """Why Spark finds no Java it can run on, with the remedy; None if it does."""
    home = environment.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java", path=environment.get("PATH", ""))
    remedy = f"install Java {_JAVA} or newer, or point JAVA_HOME at one"
    try:
        answer = subprocess.run([java or "java", "-version"], env=environment, capture_output=True, text=True)
    except OSError:
        return f"Spark needs Java, and {java or 'java'} cannot be run: {remedy}"
    found = re.search(r'version "(\d+)', answer.stderr)
    if found is None:
        return f"{java} -version did not say its version: {remedy}"
    return None if int(found[1]) >= _JAVA else f"{java} is Java {found[1]}: {remedy}"


def environment(endpoint_url: str, region: str) -> dict[str, str]:
    """The environment of a script: of this process's what programs need to run, none of its tokens.

    AWS clients in the script talk to this server, never to a real account; the key is its role's.
    """
    kept = {name: value for name, value in os.environ.items() if name.lower() in _PASSED_ON}
    return kept | {
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        # Without it PySpark's own script looks for it, which does not quote what it finds.
        "SPARK_HOME": str(files("pyspark")),
        "PYTHONHASHSEED": "0",
        "PYTHONUNBUFFERED": "1",
        "TZ": "UTC",
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LAUNCHER_OPTS": _JVM_FAST,
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_DEFAULT_REGION": region,
    }


def uses_s3a(given: Mapping[str, str]) -> bool:
    """Whether a run with these Spark settings reaches `s3://` by S3A, as `--conf` of a job may ask for."""
    return given.get("spark.hadoop.fs.s3.impl") == S3A


def s3a_settings(endpoint_url: str, region: str, scratch: Path) -> dict[str, str]:
    """Spark's settings with which S3A talks to this server.

    Its credentials are in the environment, as on Glue. Its jars are for the job's `--conf` to name:
    `spark.jars.packages` (Maven coordinates), `spark.jars` or `spark.driver.extraClassPath`.
    """
    return {
        "spark.hadoop.fs.AbstractFileSystem.s3.impl": "org.apache.hadoop.fs.s3a.S3A",
        "spark.hadoop.fs.s3a.aws.credentials.provider": (
            "software.amazon.awssdk.auth.credentials.EnvironmentVariableCredentialsProvider"
        ),
        "spark.hadoop.fs.s3a.buffer.dir": str(scratch / "s3a"),
        "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
        "spark.hadoop.fs.s3a.endpoint": endpoint_url,
        "spark.hadoop.fs.s3a.endpoint.region": region,
        "spark.hadoop.fs.s3a.path.style.access": "true",
    }


def mount_settings(buckets: Mapping[str, Path]) -> dict[str, str]:
    """Spark's settings with which `s3://` is the buckets' directories."""
    mounts = {
        f"spark.hadoop.fs.viewfs.mounttable.{bucket}.linkFallback": directory.as_uri()
        for bucket, directory in buckets.items()
    }
    return mounts | {
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
        "spark.hadoop.fs.AbstractFileSystem.s3.impl": "org.apache.hadoop.fs.viewfs.ViewFs",
        # Hadoop's usual local file system would leave a .crc file beside every file.
        "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
    }


def settings(
    name: str, *, buckets: Mapping[str, Path], scratch: Path, given: Mapping[str, str]
) -> dict[str, str]:
    """The Spark settings of a run.

    Args:
        name: The application's, unless the script has another.
        buckets: The directory of each bucket that `s3://` shall reach, unless it is S3A by the settings.
        scratch: A directory for what Spark does not need afterwards.
        given: More settings; they win.
    """
    configuration = {
        "spark.app.name": name,
        "spark.master": "local[2]",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "WARN",
        "spark.driver.host": "127.0.0.1",
        "spark.authenticate": "true",  # other users of the machine reach the driver's ports, too
        "spark.local.dir": str(scratch),
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        **({} if uses_s3a(given) else mount_settings(buckets)),
    }
    return configuration | dict(given)


def of_the_jvm(given: Mapping[str, str]) -> dict[str, str]:
    """Those of a run's settings that a running JVM cannot take: memory, class path, jars, JVM options."""
    return {name: value for name, value in given.items() if _OF_THE_JVM.match(name)}


def submit(given: Mapping[str, str], *program: str) -> list[str]:
    """The spark-submit of a program with settings."""
    command = [str(Path(sys.executable).with_name("spark-submit"))]
    for name, value in given.items():
        command += ["--conf", f"{name}={value}"]
    return [*command, *program]


def jvm_command(temporary: Path, given: Mapping[str, str]) -> list[str]:
    """The spark-submit of a JVM that waits for Python to attach.

    Args:
        temporary: A directory for Java's temporary files.
        given: Settings of the JVM; they win.
    """
    options = f'{_JVM_ALWAYS} "-Djava.io.tmpdir={temporary}" {given.get(_JVM_OPTIONS, _JVM_FAST)}'
    configuration = {"spark.ui.showConsoleProgress": "false", **given, _JVM_OPTIONS: options}
    return submit(configuration, "pyspark-shell")
