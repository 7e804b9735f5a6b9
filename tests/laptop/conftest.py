"""Clients, a bucket of one's own, Parquet in it, and queries over it."""

from __future__ import annotations

import io
import time
import uuid
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.clients import client_of as client_of

PARQUET = {"InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"}


def until(condition: Callable[[], Any], seconds: float = 240) -> Any:
    """What a condition gives once it holds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} seconds")


def parquet(columns: dict[str, Any]) -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.table(columns), content)
    return content.getvalue()


def crawl(glue: Any, name: str) -> dict[str, Any]:
    """Run a crawler to its end; gives its LastCrawl."""
    glue.start_crawler(Name=name)
    until(lambda: glue.get_crawler(Name=name)["Crawler"]["State"] == "READY")
    return glue.get_crawler(Name=name)["Crawler"]["LastCrawl"]


@pytest.fixture(scope="session")
def s3(local_aws: str) -> Any:
    return client_of(local_aws, "s3")


@pytest.fixture(scope="session")
def glue(local_aws: str) -> Any:
    return client_of(local_aws, "glue")


@pytest.fixture(scope="session")
def athena(local_aws: str) -> Any:
    return client_of(local_aws, "athena")


@pytest.fixture(scope="session")
def sqs(local_aws: str) -> Any:
    return client_of(local_aws, "sqs")


@pytest.fixture
def bucket(s3: Any) -> str:
    return make_bucket(s3)


@pytest.fixture(scope="module")
def lake(s3: Any) -> str:
    """A bucket for all tests of a file."""
    return make_bucket(s3)


@pytest.fixture(scope="module")
def database(glue: Any) -> str:
    name = f"db_{uuid.uuid4().hex[:8]}"
    glue.create_database(DatabaseInput={"Name": name})
    return name


def make_bucket(s3: Any) -> str:
    name = f"test-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


def create_job(s3: Any, glue: Any, bucket: str, name: str, script: str, **definition: Any) -> str:
    """A Glue job whose script is this text; gives its name."""
    s3.put_object(Bucket=bucket, Key=f"src/{name}.py", Body=script.encode())
    options = {"GlueVersion": "6.0", "Timeout": 5, **definition}
    location = f"s3://{bucket}/src/{name}.py"
    unique = f"{name}-{uuid.uuid4().hex[:6]}"
    glue.create_job(Name=unique, Role="r", Command={"Name": "glueetl", "ScriptLocation": location}, **options)
    return unique


@pytest.fixture(scope="session")
def overdue_run(s3: Any, glue: Any) -> tuple[str, str]:
    """A job and its run that outlasts its Timeout, which is a minute at least."""
    job = create_job(s3, glue, make_bucket(s3), "overdue", "import time; time.sleep(600)", Timeout=1)
    return job, glue.start_job_run(JobName=job)["JobRunId"]


@pytest.fixture(scope="session", autouse=True)
def _start_the_minute_early(request: pytest.FixtureRequest) -> None:
    if any("overdue_run" in getattr(item, "fixturenames", ()) for item in request.session.items):
        request.getfixturevalue("overdue_run")
