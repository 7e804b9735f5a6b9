"""Requests as no client library sends them: none reads or writes a file outside a bucket's own directory."""

from __future__ import annotations

import http.client
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

SECRET = "not for the web"
UP = ["../", "%2e%2e/", "..%2f", "%2e%2e%2f", "..%5c", "./../", "//", "%2f", "..%00/"]


def ask(url: str, method: str, target: str, body: bytes | None = None) -> tuple[int, bytes]:
    """One request whose path goes out as it is."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    connection.putrequest(method, target, skip_accept_encoding=True)
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


@pytest.mark.parametrize("up", UP)
def test_no_path_leads_out_of_a_bucket(
    local_aws: str, website_url: str, local_aws_state: Path, s3: Any, bucket: str, up: str
) -> None:
    (local_aws_state / "secret.txt").write_text(SECRET)
    s3.put_object(Bucket=bucket, Key="a/b", Body=b"1")
    before = {path for path in local_aws_state.parent.rglob("planted*") if path.is_file()}
    for prefix in ("", f"{bucket}/", f"{bucket}/a/"):
        for way in (up, up * 2, up * 3, up * 6):
            for url in (local_aws, website_url):
                for name in ("secret.txt", f"{local_aws_state}/secret.txt".lstrip("/"), "server.json"):
                    _, body = ask(url, "GET", f"/{prefix}{way}{name}")
                    assert SECRET.encode() not in body
                    assert b"endpoint_url" not in body
            ask(local_aws, "PUT", f"/{prefix}{way}planted.txt", b"planted")
            ask(website_url, "PUT", f"/{prefix}{way}planted.txt", b"planted")
    (local_aws_state / "secret.txt").unlink()
    planted = {path for path in local_aws_state.parent.rglob("planted*") if path.is_file()} - before
    buckets = {local_aws_state / "s3" / name["Name"] for name in s3.list_buckets()["Buckets"]}
    assert all(set(path.resolve().parents) & buckets for path in planted), planted
    assert s3.get_object(Bucket=bucket, Key="a/b")["Body"].read() == b"1"


@pytest.mark.parametrize("name", ["..", "%2e%2e", ".", "%2fetc", "..%2f.."])
def test_a_bucket_is_no_directory_elsewhere(local_aws: str, local_aws_state: Path, name: str) -> None:
    status, _ = ask(local_aws, "PUT", f"/{name}", b"")
    assert status in range(300, 500)
    ask(local_aws, "PUT", f"/{name}/planted.txt", b"planted")
    assert not list(local_aws_state.glob("planted*"))
    assert not list(local_aws_state.parent.glob("planted*"))
