"""The server as a process: one per state directory and port, and what it knows after it was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from laptop.aws import process
from laptop.aws.process import LocalAwsFailed, running, start, stop, website
from tests.laptop.aws.s3.test_s3 import created, make_public, notify
from tests.laptop.conftest import client_of, crawl, create_job, parquet

pytestmark = pytest.mark.product


def test_everything_kept_is_there_after_a_kill(tmp_path: Path) -> None:
    state = tmp_path / "a state" / "aws"
    url = start(state)
    s3, glue, sqs = (client_of(url, service) for service in ("s3", "glue", "sqs"))
    fill(s3, glue, sqs)
    before = everything(s3, glue)

    pid = json.loads((state / "server.json").read_text())["pid"]
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    # what appears while no server runs is found at the next start
    dropped = state / "s3" / "lake" / "dropped" / "in.txt"
    dropped.parent.mkdir()
    dropped.write_bytes(b"by hand")
    url = start(state)
    try:
        s3, glue, sqs = (client_of(url, service) for service in ("s3", "glue", "sqs"))
        assert s3.get_object(Bucket="lake", Key="dropped/in.txt")["Body"].read() == b"by hand"
        s3.delete_object(Bucket="lake", Key="dropped/in.txt")
        assert everything(s3, glue) == before

        sqs.create_queue(QueueName="lake-events")
        s3.put_object(Bucket="lake", Key="raw/again", Body=b"")
        queue = sqs.get_queue_url(QueueName="lake-events")["QueueUrl"]
        assert created(sqs, queue, 1)[0]["s3"]["object"]["key"] == "raw%2Fagain"
        with urllib.request.urlopen(f"{url}/website/index.html") as response:
            assert (response.read(), response.headers["Content-Type"]) == (b"<p>", "text/html")
    finally:
        stop(state)


def fill(s3: Any, glue: Any, sqs: Any) -> None:
    for name in ("lake", "website"):
        s3.create_bucket(Bucket=name)
    s3.put_object(Bucket="lake", Key="bronze/a b.json", Body=b"[]", Metadata={"sha": "1"}, Tagging="k=v")
    s3.put_object(Bucket="lake", Key="bronze/gone", Body=b"")
    s3.delete_object(Bucket="lake", Key="bronze/gone")
    s3.put_object(Bucket="lake", Key="silver/t/dt=1/a.parquet", Body=parquet({"n": [1]}))
    s3.put_bucket_versioning(Bucket="website", VersioningConfiguration={"Status": "Enabled"})
    page = {"ContentType": "text/html", "CacheControl": "max-age=60"}
    s3.put_object(Bucket="website", Key="index.html", Body=b"<p>", **page)
    make_public(s3, "website")
    notify(s3, sqs, "lake", "raw/")
    glue.create_database(DatabaseInput={"Name": "d", "Description": "x"}, Tags={"a": "b"})
    create_job(s3, glue, "lake", "job", "print(1)", Tags={"a": "b"})
    glue.create_crawler(
        Name="c", Role="r", DatabaseName="d", Targets={"S3Targets": [{"Path": "s3://lake/silver/t/"}]}
    )
    assert crawl(glue, "c")["Status"] == "SUCCEEDED"


def everything(s3: Any, glue: Any) -> list[Any]:
    """What the API says about all that `fill` made, without what belongs to the answer itself."""
    answers = [
        s3.head_object(Bucket="lake", Key="bronze/a b.json"),
        s3.get_object_tagging(Bucket="lake", Key="bronze/a b.json"),
        s3.head_object(Bucket="website", Key="index.html"),
        s3.list_object_versions(Bucket="website")["Versions"],
        s3.get_bucket_versioning(Bucket="website"),
        s3.list_objects_v2(Bucket="lake"),
        s3.get_bucket_notification_configuration(Bucket="lake"),
        s3.list_buckets()["Buckets"],
        glue.get_databases()["DatabaseList"],
        glue.get_table(DatabaseName="d", Name="t"),
        glue.get_partitions(DatabaseName="d", TableName="t"),
        glue.get_jobs()["Jobs"],
        glue.get_crawler(Name="c"),
        glue.get_tags(ResourceArn="arn:aws:glue:us-east-1:123456789012:database/d")["Tags"],
    ]
    for answer in answers:
        if isinstance(answer, dict):
            answer.pop("ResponseMetadata", None)
    return answers


def test_a_port_or_a_state_that_is_taken_is_named_with_the_remedy(tmp_path: Path) -> None:
    state = tmp_path / "aws"
    with running(state) as url:
        assert start(state) == url  # the one that is up
        assert (state / "logs" / "server.log").read_text().splitlines()[0] == url
        port = url.rsplit(":", 1)[1]
        on_the_port = serve("--port", port, "--state", str(tmp_path / "other"))
        on_the_state = serve("--port", "0", "--state", str(state))
        assert refusal(on_the_port).startswith(f"the local AWS: port {port} is in use: ")
        assert f"{state} is being served already" in refusal(on_the_state)
        with pytest.raises(LocalAwsFailed, match=f"port {port} is in use"):
            start(tmp_path / "other", int(port))
    stop(state)  # once more is no error
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url)


def test_the_last_port_has_no_next_and_the_website_takes_a_free_one(tmp_path: Path) -> None:
    with running(tmp_path, port=65535, module="laptop.lake") as url:
        assert url.endswith(":65535")
        address = website(tmp_path)
        assert address
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(address)


OLDER_SERVER = """
import fcntl, json, os, sys, time
record = open(sys.argv[1], "w")
fcntl.flock(record, fcntl.LOCK_EX)
json.dump({"pid": os.getpid(), "endpoint_url": "http://127.0.0.1:9"} | json.loads(sys.argv[2]), record)
record.flush()
print(flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("version", [{}, {"version": "0123456789abcdef"}], ids=["before", "another"])
def test_a_server_of_an_older_version_is_replaced_and_its_lake_kept(
    tmp_path: Path, version: dict[str, str]
) -> None:
    with running(tmp_path) as url:
        client_of(url, "s3").create_bucket(Bucket="lake")
    with subprocess.Popen(
        [sys.executable, "-c", OLDER_SERVER, tmp_path / "server.json", json.dumps(version)],
        stdout=subprocess.PIPE,
    ) as older:
        try:
            assert older.stdout
            older.stdout.readline()
            with running(tmp_path) as url:
                assert older.wait(timeout=5) == -signal.SIGTERM
                assert start(tmp_path) == url, "a server with this code stays"
                assert [b["Name"] for b in client_of(url, "s3").list_buckets()["Buckets"]] == ["lake"]
        finally:
            older.kill()


def test_a_server_that_cannot_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_STOP_SECONDS", 0.5)
    start(tmp_path)
    pid = json.loads((tmp_path / process.RECORD).read_text())["pid"]
    os.kill(pid, signal.SIGSTOP)
    stop(tmp_path)
    assert os.waitpid(pid, 0)[1] == signal.SIGKILL
    with running(tmp_path) as endpoint_url:
        assert client_of(endpoint_url, "s3").list_buckets()["Buckets"] == []


def serve(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "laptop.lake", "serve", *arguments], stderr=subprocess.PIPE, text=True
    )


def refusal(server: subprocess.Popen[str]) -> str:
    """What a server that must not come up says."""
    _, message = server.communicate(timeout=60)
    assert server.returncode == 1
    return message.strip()
