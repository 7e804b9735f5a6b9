"""Attacks on the AWS endpoint: by a web page, and by another user of the machine, who has no key."""

from __future__ import annotations

import http.client
import json
import os
import re
import stat
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.auth
import pytest
from botocore.exceptions import ClientError

from laptop.aws import process
from laptop.aws.access import is_own_host
from laptop.aws.iam.authorization import switch_on
from laptop.aws.keys import read_key
from laptop.runner import __main__ as runner
from laptop.runner import state
from tests.clients import client_of, signed

KEY = "src/glue_scripts/job.py"
SCRIPT = b"print('the lake')"
EVIL = b"print('an attack')"


@pytest.fixture(scope="module")
def bucket(local_aws: str) -> str:
    name = f"attacked-{uuid.uuid4().hex[:8]}"
    client_of(local_aws, "s3").create_bucket(Bucket=name)
    return name


@pytest.fixture(autouse=True)
def _stays_as_it_is(request: pytest.FixtureRequest) -> Iterator[None]:
    """The script is the lake's after whatever a test tries."""
    if "bucket" not in request.fixturenames:
        yield
        return
    s3 = client_of(request.getfixturevalue("local_aws"), "s3")
    bucket = request.getfixturevalue("bucket")
    s3.put_object(Bucket=bucket, Key=KEY, Body=SCRIPT)
    before = [queue_count(request.getfixturevalue("local_aws")), keys(s3, bucket)]
    yield
    assert s3.get_object(Bucket=bucket, Key=KEY)["Body"].read() == SCRIPT
    assert [queue_count(request.getfixturevalue("local_aws")), keys(s3, bucket)] == before


def keys(s3: Any, bucket: str) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]]


def queue_count(endpoint_url: str) -> int:
    return len(client_of(endpoint_url, "sqs").list_queues().get("QueueUrls", []))


def answer(request: urllib.request.Request) -> tuple[int, bytes, dict[str, str]]:
    try:
        with urllib.request.urlopen(request, timeout=30) as got:
            return got.status, got.read(), dict(got.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read(), dict(error.headers)


def multipart(**fields: bytes) -> tuple[bytes, str]:
    parts = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
        % (name.encode(), b'; filename="f"' if name == "file" else b"", value)
        for name, value in fields.items()
    )
    return parts + b"--x--\r\n", "multipart/form-data; boundary=x"


# A web page

FROM_PAGES = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:8080"},  # another program of this machine
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-origin"},
]


@pytest.mark.parametrize("headers", FROM_PAGES, ids=lambda headers: "-".join(headers.values()))
def test_what_a_page_sends_is_refused_even_with_the_key(
    local_aws: str, bucket: str, headers: dict[str, str]
) -> None:
    put = signed(local_aws, "PUT", f"/{bucket}/{KEY}", EVIL)
    get = signed(local_aws, "GET", f"/{bucket}/{KEY}")
    for request in (put, get):
        for name, value in headers.items():
            request.add_header(name, value)
        status, body, answered = answer(request)
        assert status == 403
        assert SCRIPT not in body
        assert not [name for name in answered if name.lower().startswith("access-control-")]


def test_a_preflight_is_not_answered(local_aws: str, bucket: str) -> None:
    preflight = urllib.request.Request(
        f"{local_aws}/{bucket}/{KEY}",
        method="OPTIONS",
        headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"},
    )
    status, _, headers = answer(preflight)
    assert status == 403
    assert not [name for name in headers if name.lower().startswith("access-control-")]


def test_moto_allows_no_origin_where_none_is_sent_either(local_aws: str, bucket: str) -> None:
    status, body, headers = answer(signed(local_aws, "GET", f"/{bucket}/{KEY}"))
    assert (status, body) == (200, SCRIPT)
    assert not [name for name in headers if name.lower().startswith("access-control-")]


FOREIGN_HOSTS = [
    "evil.example",
    "evil.example:{port}",
    "127.0.0.1.evil.example:{port}",
    "localhost.evil.example:{port}",
    "evillocalhost:{port}",
    "127.0.0.1.nip.io",
    "127.0.0.1@evil.example",
    "evil.example#localhost",
    "evil.example/.localhost",
    "[::2]:{port}",
    "0.0.0.0:{port}",
    "",
]
OWN_HOSTS = ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST", "a-bucket.localhost:{port}", "[::1]:{port}"]


@pytest.mark.parametrize(
    ("host", "is_own"), [*((h, False) for h in FOREIGN_HOSTS), *((h, True) for h in OWN_HOSTS)]
)
def test_a_name_that_somebody_made_point_here_is_refused(local_aws: str, host: str, *, is_own: bool) -> None:
    port = urlsplit(local_aws).port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest("GET", "/", skip_host=True)
    connection.putheader("Host", host.format(port=port))
    connection.endheaders()
    got = connection.getresponse()
    text = got.read().decode()
    connection.close()
    assert got.status == 403  # unsigned, if nothing else
    assert ("is not a name of this endpoint" not in text) is is_own, text


def test_a_name_from_the_command_line_is_an_own_one_and_no_other() -> None:
    names = ["Local-AWS"]
    assert is_own_host("local-aws:5055", names)
    assert is_own_host("a-bucket.local-aws:5055", names)
    assert not is_own_host("local-aws.evil.example:5055", names)
    assert not is_own_host("evil-local-aws:5055", names)
    assert not is_own_host("local-aws:5055")


# Another user of the machine


def unsigned_attacks(bucket: str) -> list[tuple[str, str, bytes, dict[str, str]]]:
    form, form_type = multipart(key=KEY.encode(), file=EVIL)
    query = {"Content-Type": "application/x-www-form-urlencoded"}
    glue = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AWSGlue.GetJobs"}
    web_identity = (
        b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=evil"
        b"&RoleArn=arn:aws:iam::123456789012:role/r&WebIdentityToken=t"
    )
    return [
        ("PUT", f"/{bucket}/{KEY}", EVIL, {}),
        ("POST", f"/{bucket}", form, {"Content-Type": form_type}),
        ("POST", f"/{bucket}/", form, {"Content-Type": form_type}),
        ("DELETE", f"/{bucket}/{KEY}", b"", {}),
        ("GET", f"/{bucket}/{KEY}", b"", {}),
        ("HEAD", f"/{bucket}/{KEY}", b"", {}),
        ("GET", f"/{bucket}", b"", {}),
        ("GET", f"/{bucket}/", b"", {}),
        ("GET", "/", b"", {}),
        ("GET", f"/{bucket}/{KEY}?acl", b"", {}),
        ("PUT", f"/{bucket}?policy", b"{}", {}),
        ("POST", "/", b"{}", glue),
        ("POST", "/", b"Action=CreateQueue&QueueName=evil&Version=2012-11-05", query),
        ("GET", "/?Action=CreateQueue&QueueName=evil&Version=2012-11-05", b"", {}),
        ("POST", "/sqs_us-east-1/", b"Action=CreateQueue&QueueName=evil&Version=2012-11-05", query),
        ("POST", "/", web_identity, query),
        ("GET", f"/{bucket}/{KEY}", web_identity, query),
        ("POST", "/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"}),
        ("POST", "/moto-api/reset", b"", {}),
        ("GET", "/latest/meta-data/iam/security-credentials/role", b"", {}),
        ("GET", "/moto-api/data.json", b"", {}),
    ]


@pytest.mark.parametrize("number", range(len(unsigned_attacks(""))))
def test_an_unsigned_request_reads_and_writes_nothing(local_aws: str, bucket: str, number: int) -> None:
    method, path, body, headers = unsigned_attacks(bucket)[number]
    request = urllib.request.Request(
        local_aws + path, method=method, data=body or None, headers={"Content-Type": "text/plain"} | headers
    )
    status, said, _ = answer(request)
    assert status in (403, 501), said
    assert SCRIPT not in said
    assert b"AccessKeyId>" not in said.replace(b"AWSAccessKeyId", b"")


def test_what_is_not_public_is_not_even_missing(local_aws: str, bucket: str) -> None:
    s3 = client_of(local_aws, "s3")
    s3.put_object_acl(Bucket=bucket, Key=KEY, ACL="public-read")  # new buckets of AWS take no ACL
    for key in (KEY, "missing"):
        assert answer(urllib.request.Request(f"{local_aws}/{bucket}/{key}"))[0] == 403
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/public/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    try:
        for key, status in ((KEY, 403), ("missing", 403), ("public/missing", 404)):
            assert answer(urllib.request.Request(f"{local_aws}/{bucket}/{key}"))[0] == status
        around = answer(urllib.request.Request(f"{local_aws}/{bucket}/public/../{KEY}"))
        assert SCRIPT not in around[1]
    finally:
        s3.delete_bucket_policy(Bucket=bucket)


FORGED = {
    "another id": {"aws_access_key_id": "local", "aws_secret_access_key": "local"},
    "moto's fixed id": {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "x"},
}


@pytest.mark.parametrize(
    "service", ["s3", "glue", "sqs", "sns", "iam", "sts", "athena", "cloudwatch", "logs"]
)
@pytest.mark.parametrize("key", [*FORGED, "the id without its secret"])
def test_a_key_that_is_not_the_lakes_is_refused_by_every_service(
    local_aws: str, service: str, key: str
) -> None:
    own = process.key(local_aws)
    given = FORGED.get(key) or {
        "aws_access_key_id": own.access_key_id,
        "aws_secret_access_key": own.secret_access_key[::-1],
    }
    calls = {
        "s3": "list_buckets",
        "glue": "get_jobs",
        "sqs": "list_queues",
        "sns": "list_topics",
        "iam": "list_roles",
        "sts": "get_caller_identity",
        "athena": "list_work_groups",
        "cloudwatch": "list_metrics",
        "logs": "describe_log_groups",
    }
    client = boto3.client(service, endpoint_url=local_aws, region_name="us-east-1", **given)
    with pytest.raises(ClientError) as refused:
        getattr(client, calls[service])()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    expected = "request signature" if "secret" in key else "security token"
    assert expected in refused.value.response["Error"]["Message"]


def test_the_keys_of_tokens_that_moto_makes_up_are_refused(local_aws: str) -> None:
    """Of these moto gives everybody the same ones, which are in its source."""
    given = client_of(local_aws, "sts").get_session_token()["Credentials"]
    forged = {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }
    with pytest.raises(ClientError, match="security token"):
        boto3.client("glue", endpoint_url=local_aws, region_name="us-east-1", **forged).get_jobs()


def with_header(request: urllib.request.Request, name: str, value: str) -> urllib.request.Request:
    request.add_header(name, value)
    return request


def moved(request: urllib.request.Request, url: str) -> urllib.request.Request:
    return urllib.request.Request(
        url, data=request.data, headers=dict(request.header_items()), method=request.get_method()
    )


def test_a_signed_request_cannot_be_made_into_another(local_aws: str, bucket: str) -> None:
    url = f"{local_aws}/{bucket}/{KEY}"
    put = signed(local_aws, "PUT", f"/{bucket}/elsewhere", EVIL)
    harmless = signed(local_aws, "PUT", f"/{bucket}/{KEY}", SCRIPT)
    harmless.data = EVIL[: len(SCRIPT)].ljust(len(SCRIPT))
    get = signed(local_aws, "GET", f"/{bucket}/{KEY}")
    deleting = moved(get, url)
    deleting.method = "DELETE"
    jobs = signed(local_aws, "POST", "/", b"{}", service="glue", X_Amz_Target="AWSGlue.GetJobs")
    for request, code in (
        (moved(put, url), "SignatureDoesNotMatch"),
        (harmless, "XAmzContentSHA256Mismatch"),
        (deleting, "SignatureDoesNotMatch"),
        (moved(get, f"{url}?acl"), "SignatureDoesNotMatch"),
        (with_header(moved(get, url), "X-Amz-Copy-Source", f"{bucket}/x"), "AccessDenied"),
        (with_header(moved(jobs, f"{local_aws}/"), "X-Amz-Target", "AWSGlue.GetTables"), "InvalidSignature"),
        (with_header(moved(get, url), "X-Amz-Date", "20260101T000000Z"), "AccessDenied"),
        (moved(get, f"{url}?X-Amz-Credential=x"), "InvalidArgument"),
        (with_header(moved(get, url), "Authorization", "AWS local:c2lnbmF0dXJl"), "InvalidRequest"),
        (with_header(moved(get, url), "Authorization", "Credential=local/x/us-east-1/s3/"), "InvalidRequest"),
    ):
        status, body, _ = answer(request)
        expected = 400 if code == "XAmzContentSHA256Mismatch" else 403  # S3 finds it as the body arrives
        assert (status, code in body.decode()) == (expected, True), (code, body)


@pytest.mark.clock
def test_a_signature_is_good_for_a_quarter_of_an_hour(
    local_aws: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for minutes, accepted in ((-20, False), (-10, True), (10, True), (20, False)):
        at = datetime.now(UTC) + timedelta(minutes=minutes)
        monkeypatch.setattr("botocore.auth.get_current_datetime", lambda at=at: at)
        status, body, _ = answer(signed(local_aws, "GET", f"/{bucket}/{KEY}"))
        assert (status == 200) is accepted, (minutes, body)
        assert accepted or b"RequestTimeTooSkewed" in body


@pytest.mark.clock
def test_a_presigned_url_does_what_it_was_made_for_and_no_more(
    local_aws: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3 = client_of(local_aws, "s3", signature_version="s3v4")
    parameters = {"Bucket": bucket, "Key": KEY}
    url = s3.generate_presigned_url("get_object", parameters, ExpiresIn=60)
    assert answer(urllib.request.Request(url))[1] == SCRIPT
    for attack in (
        urllib.request.Request(url, method="DELETE"),
        urllib.request.Request(url, method="PUT", data=EVIL),
        urllib.request.Request(url.replace(KEY, "elsewhere")),
        urllib.request.Request(url + "&acl"),
        urllib.request.Request(re.sub("X-Amz-Expires=60", "X-Amz-Expires=6000", url)),
    ):
        status, body, _ = answer(attack)
        assert (status, SCRIPT in body) == (403, False)
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: long_ago)
    # With awscrt, botocore would sign with another clock.
    monkeypatch.setitem(botocore.auth.AUTH_TYPE_MAPS, "s3v4-query", botocore.auth.S3SigV4QueryAuth)
    expired = s3.generate_presigned_url("get_object", parameters, ExpiresIn=60)
    assert b"Request has expired" in answer(urllib.request.Request(expired))[1]
    old_kind = client_of(local_aws, "s3", signature_version="s3").generate_presigned_url(
        "get_object", parameters
    )
    assert b"Please use AWS4-HMAC-SHA256" in answer(urllib.request.Request(old_kind))[1]


# The key


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.product
def test_each_lake_has_a_key_of_its_own_that_only_its_owner_reads_and_that_lasts(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        state = tmp_path / name
        state.mkdir(mode=0o755)
        with process.running(state) as url:
            found.append(process.key(url))
            assert mode(state) == 0o700
            assert mode(state / "credentials") == 0o600
            for file in ("server.json", "logs/server.log"):
                assert found[-1].secret_access_key not in (state / file).read_text()
        (state / "credentials").chmod(0o644)
        with process.running(state) as url:
            assert process.key(url) == found[-1]
            assert mode(state / "credentials") == 0o600
        (state / "credentials").unlink()
        with process.running(state) as url:
            assert process.key(url) != found[-1], "a lost key is replaced"
            (state / "credentials").unlink()
            with pytest.raises(process.LocalAwsFailed, match="Restart the server"):
                process.key(url)
    assert found[0] != found[1]
    assert all(len(key.secret_access_key) >= 40 for key in found)


def test_one_lakes_key_opens_no_other(local_aws: str, tmp_path: Path) -> None:
    with process.running(tmp_path / "aws") as url:
        own = process.key(url)
        client = boto3.client(
            "s3", endpoint_url=local_aws, region_name="us-east-1", **process_names(own.environment())
        )
        with pytest.raises(ClientError, match="has no access key"):
            client.list_buckets()


def process_names(variables: dict[str, str]) -> dict[str, str]:
    """Environment variables as boto3's arguments."""
    return {name.lower(): value for name, value in variables.items()}


@pytest.mark.product
def test_only_the_lakes_own_key_switches_authorization(tmp_path: Path) -> None:
    """A user who may do nothing would otherwise be one who may do everything."""
    with process.running(tmp_path / "aws") as url:
        iam = client_of(url, "iam")
        everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        iam.create_user(UserName="u")
        iam.put_user_policy(
            UserName="u",
            PolicyName="p",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [everything]}),
        )
        made = iam.create_access_key(UserName="u")["AccessKey"]
        key = {
            "aws_access_key_id": made["AccessKeyId"],
            "aws_secret_access_key": made["SecretAccessKey"],
        }
        switch_on(url)
        reset = signed(url, "POST", "/moto-api/reset-auth", b"inf", service="iam", key=key)
        assert answer(reset)[0] == 403
        iam.delete_user_policy(UserName="u", PolicyName="p")  # the own key is the root user's
        user = boto3.client("iam", endpoint_url=url, region_name="us-east-1", **key)
        with pytest.raises(ClientError, match="not authorized"):
            user.list_roles()
        iam.update_access_key(UserName="u", AccessKeyId=made["AccessKeyId"], Status="Inactive")
        with pytest.raises(ClientError, match="security token"):
            user.list_roles()


@pytest.mark.product
def test_make_env_prints_what_opens_the_lake_and_all_of_it_is_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / ".local"
    folder.mkdir(mode=0o755)  # as an older version made it
    monkeypatch.setattr(state, "STATE", folder)
    monkeypatch.setattr(state, "AWS_STATE", folder / "aws")
    monkeypatch.setattr(os, "environ", os.environ.copy())
    try:
        state.start_lake(0)
        assert mode(folder) == mode(folder / "aws") == 0o700
        capsys.readouterr()
        assert runner.main(["env"]) == 0
        printed = capsys.readouterr().out
    finally:
        process.stop(folder / "aws")
    exported = dict(re.findall(r"export (\w+)=(\S+)\n", printed))
    assert read_key(folder / "aws" / "credentials").environment().items() <= exported.items()
