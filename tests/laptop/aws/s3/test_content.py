"""Content: what is stored is what was sent, or nothing; what is read is what was asked for."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import socket
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from awscrt import checksums
from botocore.exceptions import ClientError

from laptop.aws import process
from tests.clients import client_of, signed

FORM = "application/x-www-form-urlencoded"
MEGABYTE = 1 << 20


def refusal(call: Any, **arguments: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response


def code(call: Any, **arguments: Any) -> str:
    return str(refusal(call, **arguments)["Error"]["Code"])


def stored(s3: Any, bucket: str, key: str = "k") -> bytes:
    content: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return content


def base64_of(digest: bytes | int, size: int = 4) -> str:
    data = digest if isinstance(digest, bytes) else digest.to_bytes(size, "big")
    return base64.b64encode(data).decode()


def send(url: str, method: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, bytes]:
    """A request to a presigned URL."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=60)
    connection.request(method, f"{address.path}?{address.query}", body, headers)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def send_signed(
    s3: Any, method: str, path: str, headers: dict[str, str], body: bytes = b"", payload: str | None = None
) -> tuple[int, bytes]:
    """A signed request as no SDK would make it."""
    named = {name.replace("-", "_"): value for name, value in headers.items()}
    request = signed(s3.meta.endpoint_url, method, path, body, payload=payload, **named)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def presigned(s3: Any, call: str, bucket: str, **arguments: Any) -> str:
    """A presigned URL, as the current SDKs make it."""
    client = client_of(s3.meta.endpoint_url, "s3", signature_version="s3v4")
    url: str = client.generate_presigned_url(call, Params={"Bucket": bucket, "Key": "k", **arguments})
    return url


# Forms and presigned URLs


@pytest.mark.parametrize(
    "body", [b"a,b\n1,2\n", b"key=value&file=x", b"Version=2009-04-15", bytes(range(256)), b""]
)
@pytest.mark.parametrize("content_type", [FORM, f"{FORM}; charset=utf-8", "multipart/form-data; boundary=x"])
def test_no_body_is_a_form(s3: Any, bucket: str, body: bytes, content_type: str) -> None:
    status, _ = send(presigned(s3, "put_object", bucket), "PUT", {"Content-Type": content_type}, body)
    assert status == 200
    assert stored(s3, bucket) == body
    assert s3.head_object(Bucket=bucket, Key="k")["ContentType"] == content_type

    s3.put_object(Bucket=bucket, Key="signed", Body=body, ContentType=content_type)
    assert stored(s3, bucket, "signed") == body


def test_a_setting_sent_as_a_form_is_read(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    body = b"<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"
    assert send_signed(s3, "PUT", f"/{bucket}/k?tagging", {"Content-Type": FORM}, body)[0] == 200
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "a", "Value": "b"}]
    assert stored(s3, bucket) == b"1"


def test_presigned_urls_read_parts_of_uploads_and_ranges(s3: Any, bucket: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    url = presigned(s3, "upload_part", bucket, UploadId=upload, PartNumber=1)
    assert send(url, "PUT", {"Content-Type": FORM}, b"0123456789")[0] == 200
    (part,) = s3.list_parts(Bucket=bucket, Key="k", UploadId=upload)["Parts"]
    parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
    s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": parts})

    assert send(presigned(s3, "get_object", bucket), "GET", {"Range": "bytes=2-4"}) == (206, b"234")
    url = presigned(s3, "get_object", bucket, ResponseContentType="text/csv")
    assert send(url, "GET", {}) == (200, b"0123456789")


@pytest.mark.parametrize(
    ("method", "query"), [("PUT", "renameObject"), ("GET", "torrent"), ("GET", "retention")]
)
def test_a_sub_resource_that_is_not_there_is_not_taken_for_the_object(
    s3: Any, bucket: str, method: str, query: str
) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    status, answer = send_signed(s3, method, f"/{bucket}/k?{query}", {})
    assert (status, query.encode() in answer) == (501, True)
    assert stored(s3, bucket) == b"1"


# Checksums


def crc32(body: bytes) -> str:
    return base64_of(zlib.crc32(body))


CHECKSUMS: dict[str, Callable[[bytes], str]] = {
    "CRC32": crc32,
    "CRC32C": lambda body: base64_of(checksums.crc32c(body)),
    "CRC64NVME": lambda body: base64_of(checksums.crc64nvme(body), 8),
    "SHA1": lambda body: base64_of(hashlib.sha1(body).digest()),
    "SHA256": lambda body: base64_of(hashlib.sha256(body).digest()),
}


def test_the_checksums_are_the_standards() -> None:
    body = b"123456789"  # as the catalog of CRCs checks each
    assert base64.b64decode(CHECKSUMS["CRC32C"](body)).hex() == "e3069283"
    assert base64.b64decode(CHECKSUMS["CRC64NVME"](body)).hex() == "ae8b14860a799888"


@pytest.mark.parametrize("algorithm", CHECKSUMS)
def test_a_checksum_is_verified_kept_and_given_back(s3: Any, bucket: str, algorithm: str) -> None:
    body, name = b"some content", f"Checksum{algorithm}"
    right = CHECKSUMS[algorithm](body)
    put = s3.put_object(Bucket=bucket, Key="k", Body=body, **{name: right})
    assert put[name] == right
    wrong = {name: CHECKSUMS[algorithm](b"other content")}
    assert code(s3.put_object, Bucket=bucket, Key="k", Body=b"damaged", **wrong) == "BadDigest"

    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (got["Body"].read(), got[name], got["ChecksumType"]) == (body, right, "FULL_OBJECT")
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (head[name], head["ChecksumType"]) == (right, "FULL_OBJECT")
    assert name not in s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED", Range="bytes=0-1")
    attributes = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["Checksum", "ObjectSize"])
    assert (attributes["Checksum"][name], attributes["ObjectSize"]) == (right, len(body))


def test_an_object_without_a_checksum_gets_s3s_own(s3: Any, bucket: str) -> None:
    assert send(presigned(s3, "put_object", bucket), "PUT", {}, b"abc")[0] == 200
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert head["ChecksumCRC64NVME"] == CHECKSUMS["CRC64NVME"](b"abc")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Content-MD5": base64_of(hashlib.md5(b"other").digest())}, b"BadDigest"),
        ({"x-amz-content-sha256": hashlib.sha256(b"other").hexdigest()}, b"XAmzContentSHA256Mismatch"),
        ({"x-amz-checksum-crc32": crc32(b"x"), "x-amz-checksum-sha1": "x"}, b"InvalidRequest"),
        ({"x-amz-checksum-md4": "x"}, b"InvalidRequest"),
    ],
)
def test_a_body_that_is_not_what_the_headers_say_is_refused(
    s3: Any, bucket: str, headers: dict[str, str], expected: bytes
) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"before")
    payload = headers.get("x-amz-content-sha256")
    told = {name: value for name, value in headers.items() if name != "x-amz-content-sha256"}
    status, answer = send_signed(s3, "PUT", f"/{bucket}/k", told, b"damaged", payload)
    assert (status, expected in answer) == (400, True)
    assert stored(s3, bucket) == b"before"


def chunked(body: bytes, size: int, trailer: str = "", signed: bool = False) -> bytes:
    """A body as `aws-chunked` has it."""
    signature = b";chunk-signature=" + b"0" * 64 if signed else b""
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    framed = b"".join(b"%x%s\r\n%s\r\n" % (len(chunk), signature, chunk) for chunk in chunks)
    return framed + b"0" + signature + b"\r\n" + trailer.encode() + b"\r\n"


@pytest.mark.parametrize(
    "kind", ["UNSIGNED-PAYLOAD-TRAILER", "AWS4-HMAC-SHA256-PAYLOAD-TRAILER", "AWS4-HMAC-SHA256-PAYLOAD"]
)
@pytest.mark.parametrize("damage", [None, "trailer", "length", "cut off"])
def test_chunked_bodies_are_put_together_and_verified(
    s3: Any, bucket: str, kind: str, damage: str | None
) -> None:
    body = bytes(range(256)) * 9000  # longer than what is read at once
    s3.put_object(Bucket=bucket, Key="k", Body=b"before")
    has_trailer = kind.endswith("TRAILER")
    value = crc32(b"other") if damage == "trailer" else crc32(body)
    sent = chunked(body, 65_537, f"x-amz-checksum-crc32:{value}\r\n" if has_trailer else "", "HMAC" in kind)
    headers = {
        "Content-Encoding": "aws-chunked",
        "x-amz-decoded-content-length": str(len(body) - (damage == "length")),
        **({"x-amz-trailer": "x-amz-checksum-crc32"} if has_trailer else {}),
    }
    if damage == "cut off":
        sent = sent[: len(sent) // 2]
    status, _ = send_signed(s3, "PUT", f"/{bucket}/k", headers, sent, f"STREAMING-{kind}")
    if damage is None or (damage == "trailer" and not has_trailer):
        assert status == 200
        assert stored(s3, bucket) == body
        assert "ContentEncoding" not in s3.head_object(Bucket=bucket, Key="k")
    else:
        assert status == 400
        assert stored(s3, bucket) == b"before"


def test_a_trailer_that_does_not_come_is_missed(s3: Any, bucket: str) -> None:
    headers, kind = {"x-amz-trailer": "x-amz-checksum-crc32"}, "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    status, answer = send_signed(s3, "PUT", f"/{bucket}/k", headers, chunked(b"abc", 10), kind)
    assert (status, b"MalformedTrailerError" in answer) == (400, True)


def test_of_an_upload_that_breaks_off_nothing_is_stored(s3: Any, bucket: str, local_aws_state: Path) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"before")
    address = urlsplit(presigned(s3, "put_object", bucket))
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        head = f"PUT {address.path}?{address.query} HTTP/1.1\r\nHost: {address.netloc}\r\n"
        connection.sendall(f"{head}Content-Length: 1000\r\n\r\n".encode() + b"x" * 500)
        connection.shutdown(socket.SHUT_WR)
        assert b" 200 " not in connection.recv(1000)
    assert stored(s3, bucket) == b"before"


# Ranges and conditions


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("bytes=0-0", (206, b"0", "bytes 0-0/10")),
        ("bytes=3-5", (206, b"345", "bytes 3-5/10")),
        ("bytes=7-", (206, b"789", "bytes 7-9/10")),
        ("bytes=-3", (206, b"789", "bytes 7-9/10")),
        ("bytes=-99", (206, b"0123456789", "bytes 0-9/10")),
        ("bytes=5-99", (206, b"56789", "bytes 5-9/10")),
        ("bytes=5-3", (200, b"0123456789", None)),
        ("bytes=0-1,3-4", (200, b"0123456789", None)),
        ("lines=1-2", (200, b"0123456789", None)),
    ],
)
def test_a_range_gives_the_range(s3: Any, bucket: str, asked: str, expected: Any) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    got = s3.get_object(Bucket=bucket, Key="k", Range=asked)
    status = got["ResponseMetadata"]["HTTPStatusCode"]
    assert (status, got["Body"].read(), got.get("ContentRange")) == expected
    head = s3.head_object(Bucket=bucket, Key="k", Range=asked)
    assert (head["ContentLength"], head.get("ContentRange")) == (len(expected[1]), expected[2])


@pytest.mark.parametrize(
    ("content", "asked"), [(b"0123456789", "bytes=10-"), (b"01", "bytes=-0"), (b"", "bytes=0-")]
)
def test_a_range_behind_the_end_is_refused(s3: Any, bucket: str, content: bytes, asked: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=content)
    answer = refusal(s3.get_object, Bucket=bucket, Key="k", Range=asked)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 416
    assert answer["Error"]["Code"] == "InvalidRange"


@pytest.mark.clock
def test_conditions_on_reads_decide_as_s3s(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    tag = s3.head_object(Bucket=bucket, Key="k")["ETag"]
    now = datetime.now(UTC)
    past, future = now - timedelta(days=1), now + timedelta(seconds=60)
    read = {"Bucket": bucket, "Key": "k"}
    assert code(s3.get_object, **read, IfMatch='"other"') == "PreconditionFailed"
    assert code(s3.get_object, **read, IfUnmodifiedSince=past) == "PreconditionFailed"
    assert code(s3.get_object, **read, IfNoneMatch=tag) == "304"
    assert code(s3.get_object, **read, IfModifiedSince=future) == "304"
    assert code(s3.head_object, **read, IfNoneMatch=tag) == "304"
    assert code(s3.head_object, **read, IfMatch='"other"') == "412"
    for conditions in (
        {"IfMatch": tag, "IfUnmodifiedSince": past},
        {"IfNoneMatch": '"other"', "IfModifiedSince": future},
        {"IfMatch": f'"other", {tag}'},
        {"IfMatch": "*"},
        {"IfModifiedSince": past},
        {"IfUnmodifiedSince": future},
    ):
        assert s3.get_object(**read, **conditions)["Body"].read() == b"1"


@pytest.mark.clock
def test_conditions_on_writes_decide_as_s3s(s3: Any, bucket: str) -> None:
    target, source = {"Bucket": bucket, "Key": "k"}, {"Bucket": bucket, "Key": "source"}
    first = s3.put_object(**source, Body=b"source")["ETag"]
    assert code(s3.put_object, **target, Body=b"", IfMatch=first) == "NoSuchKey"
    s3.put_object(**target, Body=b"1", IfNoneMatch="*")
    tag = s3.head_object(**target)["ETag"]

    assert code(s3.put_object, **target, Body=b"", IfNoneMatch="*") == "PreconditionFailed"
    assert code(s3.put_object, **target, Body=b"", IfMatch=first) == "PreconditionFailed"
    assert code(s3.copy_object, **target, CopySource=source, CopySourceIfMatch=tag) == "PreconditionFailed"
    assert (
        code(s3.copy_object, **target, CopySource=source, CopySourceIfNoneMatch=first) == "PreconditionFailed"
    )
    assert code(s3.delete_object, **target, IfMatch=first) == "PreconditionFailed"
    future = datetime.now(UTC) + timedelta(seconds=60)
    conditions = {"CopySource": source, "CopySourceIfModifiedSince": future}
    assert code(s3.copy_object, **target, **conditions) == "PreconditionFailed"
    upload = s3.create_multipart_upload(**target)["UploadId"]
    part = s3.upload_part(**target, UploadId=upload, PartNumber=1, Body=b"parts")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    complete = {**target, "UploadId": upload, "MultipartUpload": parts}
    assert code(s3.complete_multipart_upload, **complete, IfNoneMatch="*") == "PreconditionFailed"
    assert code(s3.complete_multipart_upload, **complete, IfMatch=first) == "PreconditionFailed"
    assert stored(s3, bucket) == b"1"
    s3.complete_multipart_upload(**complete, IfMatch=tag)
    assert stored(s3, bucket) == b"parts"


# Multipart uploads


@pytest.fixture
def upload(s3: Any, bucket: str) -> dict[str, str]:
    begun = s3.create_multipart_upload(Bucket=bucket, Key="k")
    return {"Bucket": bucket, "Key": "k", "UploadId": begun["UploadId"]}


def complete(s3: Any, upload: dict[str, str], parts: list[tuple[int, str]], **options: Any) -> Any:
    named = [{"PartNumber": number, "ETag": tag} for number, tag in parts]
    return s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": named}, **options)


def test_parts_are_put_together_from_uploads_and_copies(s3: Any, bucket: str, upload: dict[str, str]) -> None:
    big = bytes(range(256)) * (5 * MEGABYTE // 256)
    s3.put_object(Bucket=bucket, Key="source +ü", Body=b"<" + big + b">")
    source = {"Bucket": bucket, "Key": "source +ü"}
    copied = s3.upload_part_copy(
        **upload, PartNumber=2, CopySource=source, CopySourceRange=f"bytes=1-{len(big)}"
    )["CopyPartResult"]
    whole = s3.upload_part_copy(**upload, PartNumber=5, CopySource=source)["CopyPartResult"]
    first = s3.upload_part(**upload, PartNumber=1, Body=big)
    last = s3.upload_part(**upload, PartNumber=7, Body=b"end")
    parts = [(1, first["ETag"]), (2, copied["ETag"]), (5, whole["ETag"]), (7, last["ETag"])]
    listed = s3.list_parts(**upload, PartNumberMarker=2, MaxParts=1)
    assert [(part["PartNumber"], part["Size"]) for part in listed["Parts"]] == [(5, len(big) + 2)]
    assert listed["IsTruncated"]
    complete(s3, upload, parts)

    content = big + big + b"<" + big + b">end"
    assert stored(s3, bucket) == content
    digest = hashlib.md5(b"".join(bytes.fromhex(tag.strip('"')) for _, tag in parts)).hexdigest()
    assert s3.head_object(Bucket=bucket, Key="k")["ETag"] == f'"{digest}-4"'
    part = s3.get_object(Bucket=bucket, Key="k", PartNumber=3)
    assert (part["Body"].read(), part["PartsCount"]) == (b"<" + big + b">", 4)
    head = s3.head_object(Bucket=bucket, Key="k", PartNumber=4)
    assert (head["ContentLength"], head["ContentRange"]) == (
        3,
        f"bytes {len(content) - 3}-{len(content) - 1}/{len(content)}",
    )
    assert (
        refusal(s3.get_object, Bucket=bucket, Key="k", PartNumber=5)["ResponseMetadata"]["HTTPStatusCode"]
        == 416
    )


def test_what_an_upload_does_not_have_is_refused(s3: Any, bucket: str, upload: dict[str, str]) -> None:
    part = s3.upload_part(**upload, PartNumber=1, Body=b"small")["ETag"]
    other = s3.upload_part(**upload, PartNumber=2, Body=b"other")["ETag"]
    s3.put_object(Bucket=bucket, Key="source", Body=b"source")
    source = {"Bucket": bucket, "Key": "source"}
    copy = {**upload, "PartNumber": 3, "CopySource": source}
    assert code(s3.upload_part_copy, **copy, CopySourceRange="bytes=0-6") == "InvalidArgument"
    assert code(s3.upload_part_copy, **copy, CopySourceRange="bytes=-2") == "InvalidArgument"
    assert code(s3.upload_part_copy, **copy, CopySourceIfMatch=part) == "PreconditionFailed"
    assert code(s3.upload_part_copy, **{**copy, "CopySource": {"Bucket": bucket, "Key": "no"}}) == "NoSuchKey"
    for wrong in ({**upload, "UploadId": "no"}, {**upload, "Key": "another"}):
        assert code(s3.upload_part, **wrong, PartNumber=1, Body=b"") == "NoSuchUpload"
        assert code(s3.upload_part_copy, **wrong, PartNumber=1, CopySource=source) == "NoSuchUpload"
        assert code(s3.list_parts, **wrong) == "NoSuchUpload"
        assert code(s3.abort_multipart_upload, **wrong) == "NoSuchUpload"
        with pytest.raises(ClientError, match="NoSuchUpload"):
            complete(s3, wrong, [(1, part)])
    for parts, refused in (
        ([(2, other), (1, part)], "InvalidPartOrder"),
        ([(1, part), (1, part)], "InvalidPartOrder"),
        ([(1, other)], "InvalidPart"),
        ([(3, part)], "InvalidPart"),
        ([(1, part), (2, other)], "EntityTooSmall"),
        ([], "MalformedXML"),
    ):
        with pytest.raises(ClientError, match=refused):
            complete(s3, upload, parts)
    with pytest.raises(ClientError, match="InvalidRequest"):
        complete(s3, upload, [(1, part)], MpuObjectSize=99)
    assert code(s3.head_object, Bucket=bucket, Key="k") == "404"
    s3.abort_multipart_upload(**upload)
    assert code(s3.upload_part, **upload, PartNumber=1, Body=b"") == "NoSuchUpload"


@pytest.mark.parametrize(
    ("algorithm", "kind"),
    [
        ("CRC32", "COMPOSITE"),
        ("CRC32", "FULL_OBJECT"),
        ("CRC32C", "FULL_OBJECT"),
        ("CRC64NVME", "FULL_OBJECT"),
        ("SHA1", "COMPOSITE"),
        ("SHA256", "COMPOSITE"),
    ],
)
def test_the_checksum_of_an_upload_in_parts(s3: Any, bucket: str, algorithm: str, kind: str) -> None:
    name, compute = f"Checksum{algorithm}", CHECKSUMS[algorithm]
    begun = s3.create_multipart_upload(Bucket=bucket, Key="k", ChecksumAlgorithm=algorithm, ChecksumType=kind)
    address = {"Bucket": bucket, "Key": "k", "UploadId": begun["UploadId"]}
    bodies = [bytes(range(256)) * (5 * MEGABYTE // 256), b"end"]
    wrong = {name: compute(b"other")}
    assert code(s3.upload_part, **address, PartNumber=1, Body=bodies[0], **wrong) == "BadDigest"
    parts = []
    for number, body in enumerate(bodies, 1):
        part = s3.upload_part(**address, PartNumber=number, Body=body, **{name: compute(body)})
        assert part[name] == compute(body)
        parts.append({"PartNumber": number, "ETag": part["ETag"], name: part[name]})
    damaged = [{**parts[0], **wrong}, parts[1]]
    assert code(s3.complete_multipart_upload, **address, MultipartUpload={"Parts": damaged}) == "InvalidPart"
    s3.complete_multipart_upload(**address, MultipartUpload={"Parts": parts})

    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    digests = b"".join(base64.b64decode(compute(body)) for body in bodies)
    expected = compute(b"".join(bodies)) if kind == "FULL_OBJECT" else f"{compute(digests)}-2"
    assert (got[name], got["ChecksumType"]) == (expected, kind)
    assert got["Body"].read() == b"".join(bodies)
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "k"})
    copy = s3.head_object(Bucket=bucket, Key="copy", ChecksumMode="ENABLED")
    assert (copy[name], copy["ChecksumType"]) == (compute(b"".join(bodies)), "FULL_OBJECT")


def test_a_copy_can_have_another_checksum_than_its_source(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"abc", ContentEncoding="gzip", Metadata={"a": "b"})
    source = {"Bucket": bucket, "Key": "k"}
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=source, ChecksumAlgorithm="SHA256")
    head = s3.head_object(Bucket=bucket, Key="copy", ChecksumMode="ENABLED")
    assert head["ChecksumSHA256"] == CHECKSUMS["SHA256"](b"abc")
    assert (head["ContentEncoding"], head["Metadata"]) == ("gzip", {"a": "b"})
    assert s3.head_object(**source)["ContentEncoding"] == "gzip"
    assert code(s3.copy_object, Bucket=bucket, Key="k", CopySource=source) == "InvalidRequest"


@pytest.mark.clock
def test_uploads_that_are_going_are_listed_with_their_start(
    s3: Any, bucket: str, upload: dict[str, str]
) -> None:
    s3.create_multipart_upload(Bucket=bucket, Key="another")
    (listed,) = s3.list_multipart_uploads(Bucket=bucket, Prefix="k")["Uploads"]
    assert listed["UploadId"] == upload["UploadId"]
    assert abs((datetime.now(UTC) - listed["Initiated"]).total_seconds()) < 3600
    assert len(s3.list_multipart_uploads(Bucket=bucket)["Uploads"]) == 2


def test_an_upload_whose_object_could_not_be_stored_is_refused_at_once(s3: Any, bucket: str) -> None:
    assert code(s3.create_multipart_upload, Bucket=bucket, Key="a//b") == "InvalidArgument"
    s3.put_object(Bucket=bucket, Key="a/b", Body=b"")
    begun = s3.create_multipart_upload(Bucket=bucket, Key="a")
    address = {"Bucket": bucket, "Key": "a", "UploadId": begun["UploadId"]}
    part = s3.upload_part(**address, PartNumber=1, Body=b"content")["ETag"]
    with pytest.raises(ClientError, match="InvalidArgument"):
        complete(s3, address, [(1, part)])
    s3.delete_object(Bucket=bucket, Key="a/b")
    complete(s3, address, [(1, part)])
    assert stored(s3, bucket, "a") == b"content"


# Batch deletes


def test_batch_deletes_name_what_was_asked_for(s3: Any, bucket: str) -> None:
    names = ["a b", " leading", "<&>", "ü/", "plain"]
    for name in names:
        s3.put_object(Bucket=bucket, Key=name, Body=b"1")
    objects = [{"Key": name} for name in names]
    xml = f"<Delete><Object><Key>{names[-1]}</Key></Object></Delete>".encode()
    for damage in ({"x-amz-checksum-crc32": crc32(b"other")}, {"Content-MD5": "x"}):
        assert send_signed(s3, "POST", f"/{bucket}?delete", damage, xml)[0] == 400
    many = {"Objects": [{"Key": f"no-{number}"} for number in range(1001)]}
    assert code(s3.delete_objects, Bucket=bucket, Delete=many) == "MalformedXML"
    conditional = {"Objects": [{"Key": "plain", "ETag": "x"}]}
    answer = refusal(s3.delete_objects, Bucket=bucket, Delete=conditional)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == len(names)

    loud = s3.delete_objects(Bucket=bucket, Delete={"Objects": [objects[0], {"Key": "a//b"}]})
    assert [entry["Key"] for entry in loud["Deleted"]] == ["a b", "a//b"]
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    assert "Deleted" not in quiet
    assert "Errors" not in quiet
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


# Through a restart, and without memory


@pytest.mark.product
def test_checksums_and_parts_outlive_the_server(tmp_path: Path) -> None:
    body = bytes(5 * MEGABYTE)
    with process.running(tmp_path) as endpoint_url:
        s3 = client_of(endpoint_url, "s3")
        s3.create_bucket(Bucket="lake")
        s3.put_object(Bucket="lake", Key="plain", Body=b"1", ChecksumSHA256=CHECKSUMS["SHA256"](b"1"))
        begun = s3.create_multipart_upload(Bucket="lake", Key="k", ChecksumAlgorithm="CRC32")
        address = {"Bucket": "lake", "Key": "k", "UploadId": begun["UploadId"]}
        tags = [
            s3.upload_part(**address, PartNumber=n, Body=part)["ETag"] for n, part in ((1, body), (2, b"2"))
        ]
        complete(s3, address, list(enumerate(tags, 1)))
        before = [s3.head_object(Bucket="lake", Key=key, ChecksumMode="ENABLED") for key in ("plain", "k")]
    with process.running(tmp_path) as endpoint_url:
        s3 = client_of(endpoint_url, "s3")
        after = [s3.head_object(Bucket="lake", Key=key, ChecksumMode="ENABLED") for key in ("plain", "k")]
        assert s3.get_object(Bucket="lake", Key="k", PartNumber=2)["Body"].read() == b"2"
    for answers in (before, after):
        for answer in answers:
            del answer["ResponseMetadata"]
    assert before == after


@pytest.mark.timeout(900)
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the server's memory from /proc")
@pytest.mark.thorough
@pytest.mark.product
def test_two_gigabytes_leave_the_servers_memory_flat(tmp_path: Path) -> None:
    part, count = 64 * MEGABYTE, 32
    with process.running(tmp_path) as endpoint_url:
        served = json.loads((tmp_path / process.RECORD).read_text(encoding="utf-8"))
        status = Path(f"/proc/{served['pid']}/status")

        def peak() -> int:
            """The most memory that the server ever had, in bytes."""
            line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
            return int(line.split()[1]) * 1024

        s3 = client_of(endpoint_url, "s3")
        s3.create_bucket(Bucket="lake")
        s3.put_object(Bucket="lake", Key="warm", Body=b"1")
        before = peak()
        begun = s3.create_multipart_upload(Bucket="lake", Key="big")
        address = {"Bucket": "lake", "Key": "big", "UploadId": begun["UploadId"]}
        with ThreadPoolExecutor(4) as pool:
            answers = pool.map(
                lambda number: s3.upload_part(**address, PartNumber=number, Body=bytes([number]) * part),
                range(1, count + 1),
            )
            tags = [answer["ETag"] for answer in answers]
        complete(s3, address, list(enumerate(tags, 1)))
        for number in (0, count - 1):
            asked = f"bytes={number * part}-{number * part + 7}"
            got = s3.get_object(Bucket="lake", Key="big", Range=asked)
            assert got["Body"].read() == bytes([number + 1]) * 8
        body = s3.get_object(Bucket="lake", Key="big")["Body"]
        assert sum(len(piece) for piece in iter(lambda: body.read(MEGABYTE), b"")) == part * count
        assert peak() - before < 150 * MEGABYTE
