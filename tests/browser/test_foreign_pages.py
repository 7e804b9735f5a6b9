"""A page of somebody else that is open in the developer's browser cannot use the local AWS."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browser.foreign import NAME, foreign_page
from tests.clients import client_of

KEY = "src/glue_scripts/job.py"
SCRIPT = b"print('the lake')"
EVIL = "print('an attack')"


@pytest.fixture
def bucket(local_aws: str) -> Iterator[str]:
    """A bucket with a script, which stays as it is, and nothing is added."""
    s3: Any = client_of(local_aws, "s3")
    name = f"attacked-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key=KEY, Body=SCRIPT)
    yield name
    assert s3.get_object(Bucket=name, Key=KEY)["Body"].read() == SCRIPT
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=name)["Contents"]] == [KEY]
    assert "QueueUrls" not in client_of(local_aws, "sqs").list_queues(QueueNamePrefix="evil")


def test_a_form_is_refused(local_aws: str, bucket: str) -> None:
    query = {"Action": "CreateQueue", "QueueName": "evil", "Version": "2012-11-05"}
    with foreign_page() as attacker:
        for address, fields, encoding in (
            (f"{local_aws}/{bucket}", {"key": KEY, "file": EVIL}, "multipart/form-data"),
            (f"{local_aws}/{bucket}/{KEY}", {"file": EVIL}, "multipart/form-data"),
            (f"{local_aws}/", query, "application/x-www-form-urlencoded"),
            (f"{local_aws}/sqs_us-east-1/", query, "application/x-www-form-urlencoded"),
            (f"{local_aws}/moto-api/reset-auth", {"0": ""}, "text/plain"),
        ):
            assert "The request comes from a web page" in attacker.submit(address, fields, encoding)
            assert attacker.answers.pop(0) == (f"POST {address}", 403)
            attacker.answers.clear()


def test_a_script_reads_and_writes_nothing(local_aws: str, bucket: str) -> None:
    address = f"{local_aws}/{bucket}/{KEY}"
    target = {"X-Amz-Target": "AWSGlue.StartJobRun", "Content-Type": "application/x-amz-json-1.1"}
    signature = {"Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/s3/aws4_request"}
    with foreign_page() as attacker:
        for where, options in (
            (address, {}),
            (address, {"headers": signature}),
            (address, {"method": "PUT", "body": EVIL}),
            (f"{local_aws}/{bucket}?list-type=2", {}),
            (f"{local_aws}/", {"method": "POST", "body": '{"JobName": "j"}', "headers": target}),
        ):
            assert attacker.fetch(where, **options) == "TypeError: Failed to fetch"
        # What asks for no leave arrives, and its answer is not shown.
        for method, body in (("POST", EVIL), ("GET", None)):
            attacker.answers.clear()
            got = attacker.fetch(address, mode="no-cors", method=method, body=body)
            assert got == "opaque 0 "
            assert attacker.answers == [(f"{method} {address}", 403)]


def test_a_name_that_leads_here_since_the_page_was_loaded_helps_nothing(local_aws: str, bucket: str) -> None:
    port = urlsplit(local_aws).port
    with foreign_page(port) as attacker:
        for path, options in (
            (f"/{bucket}/{KEY}", {}),
            (f"/{bucket}?list-type=2", {}),
            (f"/{bucket}/{KEY}", {"method": "PUT", "body": EVIL}),
            ("/", {"method": "POST", "body": "{}", "headers": {"X-Amz-Target": "AWSGlue.GetJobs"}}),
        ):
            got = attacker.fetch(path, **options)
            assert got.startswith("basic 403 "), got
            assert f"Host &#x27;{NAME}" in got or f"Host '{NAME}" in got
            assert SCRIPT.decode() not in got
