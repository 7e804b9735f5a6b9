"""Glue jobs: PySpark scripts that really run, their states, logs and limits."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from include.crypto_lake.resources import load_resources
from laptop.aws import process
from laptop.aws.glue.jobs import failure
from laptop.aws.glue.spark import java_problem, version_problem
from laptop.lake.deployment import VALUES
from tests.laptop.aws.s3.test_s3 import created, notify
from tests.laptop.conftest import client_of, create_job, make_bucket, until

SPARK_SCRIPT = """
import argparse
import sys
from pyspark.sql import SparkSession, functions as F

parser = argparse.ArgumentParser()
for name in ("JOB_NAME", "JOB_RUN_ID", "lake", "run_date"):
    parser.add_argument(f"--{name}", required=True)
args, unknown = parser.parse_known_args()
print("arguments:", args.run_date, unknown)
spark = SparkSession.builder.getOrCreate()
rows = spark.read.option("multiLine", True).json(f"s3://{args.lake}/bronze/")
table = rows.withColumn("price", F.col("price").cast("double"))
out = f"s3://{args.lake}/silver/t x/"
writer = table.coalesce(1).write.mode("overwrite").option("partitionOverwriteMode", "dynamic")
writer.partitionBy("dt").parquet(out)
zone = spark.sparkContext._jvm.java.util.TimeZone.getDefault().getID()
print("rows:", spark.read.parquet(out).count(), "zone:", zone)
spark.stop()
print("to stderr", file=sys.stderr)
"""


@pytest.fixture(scope="module")
def runs(s3: Any, glue: Any, sqs: Any) -> dict[str, Any]:
    """Runs that were all started at once: one that succeeds, one that fails, one that would go on."""
    lake = make_bucket(s3)
    s3.put_object(Bucket=lake, Key="bronze/dt=2026-01-31/page-0001.json", Body=b'[{"id": "a", "price": 1}]')
    s3.put_object(Bucket=lake, Key="silver/t x/dt=2026-01-31/old.parquet", Body=b"an old file")
    s3.put_object(Bucket=lake, Key="silver/t x/dt=2026-01-30/_kept.txt", Body=b"", Metadata={"a": "b"})
    queue = notify(s3, sqs, lake, "silver/")
    arguments = {"--lake": lake, "--run_date": "never", "--enable-metrics": "true"}
    jobs = {
        "succeeds": create_job(s3, glue, lake, "succeeds", SPARK_SCRIPT, DefaultArguments=arguments),
        "fails": create_job(s3, glue, lake, "fails", 'raise ValueError("no rows: run it again")'),
        "goes on": create_job(s3, glue, lake, "goes-on", "import time; print('waiting'); time.sleep(600)"),
    }
    started = {"lake": lake, "queue": queue}
    for outcome, job in jobs.items():
        given = {"--run_date": "2026-01-31"} if outcome == "succeeds" else {}
        started[outcome] = job, glue.start_job_run(JobName=job, Arguments=given)["JobRunId"]
    return started


@pytest.fixture(scope="module")
def ended(glue: Any, runs: dict[str, Any]) -> Callable[[str], dict[str, Any]]:
    def wait(outcome: str) -> dict[str, Any]:
        return until_ended(glue, *runs[outcome])

    return wait


def until_ended(glue: Any, job: str, run_id: str, seconds: float = 240) -> dict[str, Any]:
    def run() -> dict[str, Any] | None:
        found = glue.get_job_run(JobName=job, RunId=run_id)["JobRun"]
        return None if found["JobRunState"] in ("STARTING", "RUNNING", "STOPPING") else found

    return until(run, seconds)


@pytest.fixture(scope="module")
def log(local_aws: str) -> Callable[[str, str], str]:
    logs = client_of(local_aws, "logs")

    def read(group: str, run_id: str) -> str:
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=f"/aws-glue/jobs/{group}", logStreamNames=[run_id], PaginationConfig={"PageSize": 2}
        )
        return "\n".join(event["message"] for page in pages for event in page["events"])

    return read


def test_a_run_that_goes_on_is_running_and_counts(
    glue: Any, runs: dict[str, Any], log: Callable[..., str]
) -> None:
    job, run_id = runs["goes on"]
    until(lambda: glue.get_job_run(JobName=job, RunId=run_id)["JobRun"]["JobRunState"] == "RUNNING")
    until(lambda: "waiting" in log("output", run_id))

    run = glue.get_job_run(JobName=job, RunId=run_id)["JobRun"]
    assert "CompletedOn" not in run
    with pytest.raises(glue.exceptions.ConcurrentRunsExceededException):
        glue.start_job_run(JobName=job)


def test_a_stopped_run_ends_stopped(glue: Any, runs: dict[str, Any], ended: Callable[..., Any]) -> None:
    job, run_id = runs["goes on"]
    answer = glue.batch_stop_job_run(JobName=job, JobRunIds=[run_id, "jr_unknown"])
    assert answer["SuccessfulSubmissions"] == [{"JobName": job, "JobRunId": run_id}]
    assert answer["Errors"][0]["ErrorDetail"]["ErrorCode"] == "EntityNotFoundException"

    run = ended("goes on")
    assert run["JobRunState"] == "STOPPED"
    assert run["CompletedOn"] >= run["StartedOn"]
    errors = glue.batch_stop_job_run(JobName=job, JobRunIds=[run_id])["Errors"]
    assert "is STOPPED" in errors[0]["ErrorDetail"]["ErrorMessage"]


def test_a_failed_run_says_the_exception(
    ended: Callable[..., Any], runs: Any, log: Callable[..., str]
) -> None:
    run = ended("fails")
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"] == "ValueError: no rows: run it again"
    assert "Traceback (most recent call last)" in log("output", run["Id"])


def test_a_script_reads_and_writes_the_lake(
    s3: Any, runs: dict[str, Any], ended: Callable[..., Any], log: Callable[..., str]
) -> None:
    run = ended("succeeds")
    output = log("output", run["Id"])
    assert run["JobRunState"] == "SUCCEEDED", output
    assert run["GlueVersion"] == "6.0"
    assert run["LogGroupName"] == "/aws-glue/jobs"
    assert 0 < run["ExecutionTime"] < 120
    assert "arguments: 2026-01-31 []" in output  # Glue's own parameters are not the script's
    assert "rows: 1 zone: UTC" in output
    assert "Running Spark version" in log("error", run["Id"])

    listed = s3.list_objects_v2(Bucket=runs["lake"], Prefix="silver/")["Contents"]
    assert len(listed) == 2, listed  # one part, no .crc, nothing temporary, the old file of the day is gone
    kept, part = sorted(listed, key=lambda entry: entry["Key"])
    assert kept["Key"] == "silver/t x/dt=2026-01-30/_kept.txt"
    assert part["Key"].startswith("silver/t x/dt=2026-01-31/part-")
    body = s3.get_object(Bucket=runs["lake"], Key=part["Key"])["Body"].read()
    assert body.startswith(b"PAR1")
    assert part["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'


def test_what_spark_wrote_is_announced(sqs: Any, runs: dict[str, Any], ended: Callable[..., Any]) -> None:
    ended("succeeds")
    (record,) = created(sqs, runs["queue"], 1)
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["s3"]["object"]["key"].startswith("silver%2Ft+x%2Fdt%3D2026-01-31%2Fpart-")


def test_runs_are_listed_newest_first(glue: Any, runs: dict[str, Any], ended: Callable[..., Any]) -> None:
    job, first = runs["fails"]
    ended("fails")
    second = glue.start_job_run(JobName=job)["JobRunId"]
    assert [run["Id"] for run in glue.get_job_runs(JobName=job)["JobRuns"]] == [second, first]
    until_ended(glue, job, second)


def test_a_missing_script_fails_the_run_by_name(s3: Any, glue: Any) -> None:
    bucket = make_bucket(s3)
    job = create_job(s3, glue, bucket, "lost", "")
    s3.delete_object(Bucket=bucket, Key="src/lost.py")
    run = until_ended(glue, job, glue.start_job_run(JobName=job)["JobRunId"])
    assert run["JobRunState"] == "FAILED"
    assert f"s3://{bucket}/src/lost.py does not exist" in run["ErrorMessage"]


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        ({"GlueVersion": "5.0"}, "GlueVersion 5.0 means Spark 3.5"),
        ({"GlueVersion": "7.7"}, "GlueVersion 7.7 is not one of"),
        ({"MaxRetries": 1}, "MaxRetries 1"),
        ({"DefaultArguments": {"--extra-jars": "s3://x/y.jar"}}, "--extra-jars"),
        ({"DefaultArguments": {"--extra-py-files": "s3://x/a.py,s3://x/y.whl"}}, r"y\.whl is not the s3:// "),
        ({"DefaultArguments": {"--extra-py-files": "helpers.py"}}, r"helpers\.py is not the s3:// "),
        ({"DefaultArguments": {"--conf": "spark.a=1 --conf spark.b"}}, "'spark.b' is not a Spark setting"),
        ({"DefaultArguments": {"--additional-python-modules": "no-such-package"}}, "is not installed"),
        ({"DefaultArguments": {"--additional-python-modules": "boto3<1"}}, r"boto3 1\.\S+ is installed"),
        ({"DefaultArguments": {"--additional-python-modules": "s3://x/y.whl"}}, "is not a package such as"),
    ],
)
def test_what_does_not_run_here_is_refused_at_the_start(
    s3: Any, glue: Any, definition: Any, reason: str
) -> None:
    job = create_job(s3, glue, make_bucket(s3), "refused", "", **definition)
    with pytest.raises(ClientError, match=reason) as caught:
        glue.start_job_run(JobName=job)
    assert caught.value.response["Error"]["Code"] == "InvalidInputException"
    assert glue.get_job_runs(JobName=job)["JobRuns"] == []


def test_updating_a_job_replaces_its_definition_and_keeps_its_runs(s3: Any, glue: Any) -> None:
    job = create_job(s3, glue, make_bucket(s3), "updated", "", MaxRetries=0, Description="old")
    update = {"Role": "new", "Command": {"Name": "glueetl", "ScriptLocation": "s3://b/k.py"}, "Timeout": 7}
    glue.update_job(JobName=job, JobUpdate=update)

    found = glue.get_job(JobName=job)["Job"]
    assert (found["Role"], found["Timeout"], found.get("Description")) == ("new", 7, None)
    with pytest.raises(glue.exceptions.AlreadyExistsException):
        glue.create_job(Name=job, **update)


@pytest.mark.product
def test_no_java_or_an_old_one_is_named_with_the_remedy(tmp_path: Path) -> None:
    assert "install Java 17 or newer" in (java_problem({"PATH": str(tmp_path)}) or "")
    assert str(tmp_path) in (java_problem({"JAVA_HOME": str(tmp_path)}) or "")
    old = tmp_path / "bin" / "java"
    old.parent.mkdir()
    old.write_text(f"#!{sys.executable}\nimport sys\nprint('openjdk version \"11.0.2\"', file=sys.stderr)\n")
    old.chmod(0o755)
    assert "is Java 11: install Java 17" in (java_problem({"JAVA_HOME": str(tmp_path)}) or "")


def test_the_installed_spark_is_that_of_each_declared_glue_version() -> None:
    declared = {name: job["GlueVersion"] for name, job in load_resources(VALUES)["glue_jobs"].items()}
    assert declared.keys() == {"bronze_to_silver", "silver_to_gold"}
    assert {name: version_problem(glue) for name, glue in declared.items()} == dict.fromkeys(declared)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["Traceback (most recent call last):", '  File "x"', "lake.errors.BadDay: 2026"], "BadDay: 2026"),
        (
            [
                "Traceback (most recent call last):",
                "  x",
                "KeyError: 'a'",
                "",
                "Traceback (most recent call last):",
                "  y",
                "RuntimeError: b",
                "more",
            ],
            "RuntimeError: b",
        ),
        (
            [
                "Traceback (most recent call last):",
                "py4j.protocol.Py4JJavaError: An error occurred while calling o3.parquet.",
                ": org.apache.spark.SparkException: Job aborted.",
                "Caused by: java.io.IOException: No space left on device",
                "",
            ],
            "Py4JJavaError: An error occurred while calling o3.parquet. IOException: No space left on device",
        ),
        (
            ["usage: x", "x.py: error: --day is required", ""],
            "Command failed with exit code 2: x.py: error: --day is required",
        ),
        (
            [],
            "Command failed with exit code 2: the script chose to end with it, and printed no reason",
        ),
    ],
)
def test_the_error_message_is_the_last_exception(lines: list[str], message: str) -> None:
    assert failure(2, lines) == message


@pytest.mark.parametrize(
    ("status", "errors", "reason"),
    [
        (127, [], "the command was not found or cannot be executed"),
        (137, [], "SIGKILL ended it; the system does that when memory runs out"),
        (143, [], "SIGTERM ended it"),
        (200, [], "the script chose to end with it, and printed no reason"),
        (127, ["bash: spark: command not found", " "], "bash: spark: command not found"),
        (
            1,
            [
                "26/01/31 12:00:00 WARN Utils: Set SPARK_LOCAL_IP",
                "java.lang.OutOfMemoryError: Java heap space",
                "\tat java.base/java.util.Arrays.copyOf(Arrays.java:3537)",
                "26/01/31 12:00:01 INFO ShutdownHookManager: Shutdown hook called",
            ],
            "java.lang.OutOfMemoryError: Java heap space",
        ),
    ],
)
def test_a_status_without_an_exception_is_explained(status: int, errors: list[str], reason: str) -> None:
    """By what the JVM wrote to standard error; if it wrote nothing either, by the status itself."""
    assert failure(status, [""], errors) == f"Command failed with exit code {status}: {reason}"
    assert failure(status, ["said last"], errors) == f"Command failed with exit code {status}: said last"


def test_definitions_are_readable_files(local_aws: str, s3: Any, glue: Any, tmp_path_factory: Any) -> None:
    job = create_job(s3, glue, make_bucket(s3), "readable", "")
    (path,) = Path(tmp_path_factory.getbasetemp()).rglob(f"glue/us-east-1/jobs/{job}.json")
    assert json.loads(path.read_text())["definition"]["glue_version"] == "6.0"


@pytest.mark.product
@pytest.mark.thorough
def test_spark_starts_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / 'it\'s a "lake" für 湖'
    folder.mkdir()
    (folder / ".venv").symlink_to(sys.prefix)
    monkeypatch.setattr(sys, "executable", str(folder / ".venv" / "bin" / "python"))
    with process.running(folder / "aws") as endpoint_url:
        s3, glue = client_of(endpoint_url, "s3"), client_of(endpoint_url, "glue")
        script = (
            "from pyspark.sql import SparkSession\n"
            "spark = SparkSession.builder.getOrCreate()\n"
            "assert spark.range(3).rdd.map(lambda row: row.id).sum() == 3"
        )
        job = create_job(s3, glue, make_bucket(s3), "anywhere", script)
        run = until_ended(glue, job, glue.start_job_run(JobName=job)["JobRunId"])
    assert run["JobRunState"] == "SUCCEEDED", run["ErrorMessage"]
