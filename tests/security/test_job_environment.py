"""A Glue job's script gets what programs need to run, and none of the developer's tokens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from laptop.aws import process
from tests.clients import client_of
from tests.laptop.conftest import create_job, until

pytestmark = pytest.mark.product

TOKENS = {
    "COINGECKO_API_KEY": "planted-1",
    "GITHUB_TOKEN": "planted-2",
    "AWS_SESSION_TOKEN": "planted-3",
    "AWS_PROFILE": "planted-4",
    "SSH_AUTH_SOCK": "planted-5",
    "PYTHONSTARTUP": "planted-6",
    "LD_PRELOAD_OF_MINE": "planted-7",
}
NEEDED = {"HTTPS_PROXY": "http://proxy.example:3128", "no_proxy": "localhost", "LANG": "C.UTF-8"}


@pytest.mark.thorough
def test_a_script_sees_no_token_of_the_developer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as developer:
        for name, value in (TOKENS | NEEDED).items():
            developer.setenv(name, value)
        process.start(tmp_path / "aws")
    with process.running(tmp_path / "aws") as url:  # that one
        s3, glue = client_of(url, "s3"), client_of(url, "glue")
        s3.create_bucket(Bucket="lake")
        script = """
import json, os, boto3
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
seen = dict(os.environ) | {"rows": spark.range(5).repartition(3).count()}
inside = spark.sparkContext._jvm.org.apache.spark.SparkEnv.get()
seen["authenticates"] = inside.securityManager().isAuthenticationEnabled()
boto3.client("s3").put_object(Bucket="lake", Key="seen.json", Body=json.dumps(seen).encode())
"""
        job = create_job(s3, glue, "lake", "looks", script)
        run_id = glue.start_job_run(JobName=job)["JobRunId"]

        def ended() -> Any:
            run = glue.get_job_run(JobName=job, RunId=run_id)["JobRun"]
            return None if run["JobRunState"] in ("STARTING", "RUNNING") else run

        run = until(ended)
        assert run["JobRunState"] == "SUCCEEDED", run.get("ErrorMessage")
        seen = json.loads(s3.get_object(Bucket="lake", Key="seen.json")["Body"].read())
        key = process.key(url)
    assert (seen.pop("rows"), seen.pop("authenticates")) == (5, True), "Spark's ports take no stranger"
    assert not set(TOKENS) & set(seen)
    assert not [value for value in seen.values() if "planted" in value]
    assert {name: seen.get(name) for name in NEEDED} == NEEDED
    # The lake's key, with which the script has just written.
    assert (seen["AWS_ACCESS_KEY_ID"], seen["AWS_SECRET_ACCESS_KEY"]) == (
        key.access_key_id,
        key.secret_access_key,
    )
