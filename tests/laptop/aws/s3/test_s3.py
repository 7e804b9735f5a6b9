"""S3 on disk: what goes in comes out, through the API and as files."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError

ODD_KEYS = [
    "dt=2026-01-31/a b.json",
    "it's/100%/ü–𝄞.json",
    "a+b&c=d?e#f",
    'say "hi"/x',
    "%2e%2e/x",
    "…/x",
    "a/.hidden",
    "a\nb\r\n\tc/\x01\x1b\x7f",
]


def refusal(call: Any, **arguments: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response


@pytest.mark.parametrize("key", ODD_KEYS)
def test_a_key_with_odd_characters_comes_back_whole(s3: Any, bucket: str, key: str) -> None:
    s3.put_object(
        Bucket=bucket, Key=key, Body=key.encode(), Metadata={"sha_256": "ab-c"}, CacheControl="max-age=60"
    )

    got = s3.get_object(Bucket=bucket, Key=key)
    assert got["Body"].read() == key.encode()
    assert got["Metadata"] == {"sha_256": "ab-c"}
    assert got["CacheControl"] == "max-age=60"
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]


@pytest.mark.parametrize(
    "key",
    [
        *("../outside", "a/../../../outside", "../", "./a", "a/./", "a//b", "/a", "/", "a//"),
        *("x" * 256, "a/" + "ü" * 128, "a/.s3-folder-key", ".s3-folder-key/b"),
    ],
)
def test_a_key_that_is_no_safe_path_is_refused_by_name(s3: Any, bucket: str, key: str) -> None:
    response = refusal(s3.put_object, Bucket=bucket, Key=key, Body=b"")

    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert repr(key) in response["Error"]["Message"]
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_a_key_cannot_be_a_file_and_a_folder(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a/b", Body=b"1")
    assert "'a'" in refusal(s3.put_object, Bucket=bucket, Key="a", Body=b"")["Error"]["Message"]
    assert "'a/b/c'" in refusal(s3.put_object, Bucket=bucket, Key="a/b/c", Body=b"")["Error"]["Message"]
    assert s3.get_object(Bucket=bucket, Key="a/b")["Body"].read() == b"1"

    s3.delete_object(Bucket=bucket, Key="a/b")
    s3.put_object(Bucket=bucket, Key="a", Body=b"2")
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"2"


def test_of_many_conditional_puts_one_wins(s3: Any, bucket: str) -> None:
    outcomes: list[str] = []

    def put(writer: int) -> None:
        try:
            s3.put_object(Bucket=bucket, Key="once", Body=b"%d" % writer, IfNoneMatch="*")
            outcomes.append(str(writer))
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=put, args=(writer,)) for writer in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.count("PreconditionFailed") == 7
    (winner,) = [outcome for outcome in outcomes if outcome != "PreconditionFailed"]
    assert s3.get_object(Bucket=bucket, Key="once")["Body"].read() == winner.encode()


def test_an_unsigned_get_serves_what_the_bucket_policy_makes_public(
    s3: Any, bucket: str, local_aws: str
) -> None:
    page = {"Body": b"<p>hi", "ContentType": "text/html", "CacheControl": "max-age=60"}
    s3.put_object(Bucket=bucket, Key="sub/index.html", **page)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{local_aws}/{bucket}/sub/index.html")

    make_public(s3, bucket)
    with urllib.request.urlopen(f"{local_aws}/{bucket}/sub/index.html") as response:
        assert response.read() == b"<p>hi"
        assert response.headers["Content-Type"] == "text/html"
        assert response.headers["Cache-Control"] == "max-age=60"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{local_aws}/{bucket}/missing.html")


def make_public(s3: Any, bucket: str) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
    statement["Resource"] = f"arn:aws:s3:::{bucket}/*"
    s3.put_bucket_policy(
        Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )


def test_listing_pages_prefixes_and_delimiters(s3: Any, bucket: str) -> None:
    for key in ("a/1", "a/2", "b/1", "c"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")

    top = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [entry["Prefix"] for entry in top["CommonPrefixes"]] == ["a/", "b/"]
    assert [entry["Key"] for entry in top["Contents"]] == ["c"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 1})
    assert [entry["Key"] for page in pages for entry in page["Contents"]] == ["a/1", "a/2", "b/1", "c"]


def test_multipart_uploads_copies_and_batch_deletes(s3: Any, bucket: str) -> None:
    part = b"x" * 5 * 1024 * 1024
    upload = s3.create_multipart_upload(
        Bucket=bucket, Key="big", ContentType="text/plain", Metadata={"a": "b"}
    )
    address = {"Bucket": bucket, "Key": "big", "UploadId": upload["UploadId"]}
    tags = [
        s3.upload_part(**address, PartNumber=n, Body=body)["ETag"] for n, body in ((1, part), (2, b"end"))
    ]
    parts = [{"PartNumber": n, "ETag": tag} for n, tag in enumerate(tags, 1)]
    s3.complete_multipart_upload(**address, MultipartUpload={"Parts": parts})
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "big"})

    assert s3.get_object(Bucket=bucket, Key="big")["Body"].read() == part + b"end"
    assert s3.head_object(Bucket=bucket, Key="big")["ETag"].endswith('-2"')
    copy = s3.get_object(Bucket=bucket, Key="copy", Range="bytes=-3")
    assert (copy["Body"].read(), copy["ContentType"], copy["Metadata"]) == (b"end", "text/plain", {"a": "b"})

    deleted = s3.delete_objects(
        Bucket=bucket, Delete={"Objects": [{"Key": "big"}, {"Key": "copy"}, {"Key": "no"}]}
    )
    assert "Errors" not in deleted
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_older_versions_of_a_versioned_bucket_stay_readable(s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    second = s3.put_object(Bucket=bucket, Key="k", Body=b"22")["VersionId"]

    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"22"
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=first)["Body"].read() == b"1"
    s3.delete_object(Bucket=bucket, Key="k")
    assert refusal(s3.get_object, Bucket=bucket, Key="k")["Error"]["Code"] == "NoSuchKey"
    marker = s3.list_object_versions(Bucket=bucket)["DeleteMarkers"][0]["VersionId"]
    s3.delete_object(Bucket=bucket, Key="k", VersionId=marker)
    s3.delete_object(Bucket=bucket, Key="k", VersionId=second)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"


def test_a_versioned_bucket_can_be_emptied(s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="key", Body=b"content")
    s3.delete_object(Bucket=bucket, Key="key")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    for kind in ("Versions", "DeleteMarkers"):  # as Terraform goes about it
        (found,) = s3.list_object_versions(Bucket=bucket)[kind]
        s3.delete_objects(
            Bucket=bucket, Delete={"Objects": [{"Key": found["Key"], "VersionId": found["VersionId"]}]}
        )
    left = s3.list_object_versions(Bucket=bucket)
    assert "Versions" not in left
    assert "DeleteMarkers" not in left
    s3.delete_bucket(Bucket=bucket)


def test_an_object_created_notifies_the_queue_once_and_is_there(s3: Any, sqs: Any, bucket: str) -> None:
    queue = notify(s3, sqs, bucket, "raw/")

    s3.put_object(Bucket=bucket, Key="elsewhere", Body=b"")
    s3.put_object(Bucket=bucket, Key="raw/a b.json", Body=b"[]")
    s3.upload_file(__file__, bucket, "raw/b", Config=small_parts())

    records = created(sqs, queue, 2)
    assert [record["s3"]["object"]["key"] for record in records] == ["raw%2Fa+b.json", "raw%2Fb"]
    assert records[0]["s3"]["object"]["eTag"] == "d751713988987e9331980363e24189ce"
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)


def notify(s3: Any, sqs: Any, bucket: str, prefix: str) -> str:
    """A queue that hears of new objects below a prefix; gives its URL."""
    url = sqs.create_queue(QueueName=f"{bucket}-events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rules = {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}}
    to_queue = {"Id": "created", "QueueArn": arn, "Events": ["s3:ObjectCreated:*"], "Filter": rules}
    configuration = {"QueueConfigurations": [to_queue]}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)
    return url


def created(sqs: Any, queue: str, count: int) -> list[dict[str, Any]]:
    """The records of the next `count` ObjectCreated messages."""
    records: list[dict[str, Any]] = []
    while len(records) < count:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=2)
        assert "Messages" in answer, f"only {len(records)} of {count} messages came"
        for message in answer["Messages"]:
            records += json.loads(message["Body"]).get("Records", [])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return records


def small_parts() -> Any:
    from boto3.s3.transfer import TransferConfig

    return TransferConfig(multipart_threshold=1, multipart_chunksize=8 * 1024 * 1024)


def test_a_bucket_policys_conditions_decide_whether_it_applies(s3: Any, bucket: str) -> None:
    objects = f"arn:aws:s3:::{bucket}/*"
    condition = {"StringEquals": {"aws:SourceArn": "arn:aws:cloudfront::123456789012:distribution/E1"}}
    tls = {"Bool": {"aws:SecureTransport": "false"}}
    statements = [
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": objects, "Condition": tls},
        {
            "Effect": "Allow",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Action": "s3:GetObject",
            "Resource": objects,
            "Condition": condition,
        },
        {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"{objects[:-1]}closed/*"},
    ]
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Statement": statements}))

    s3.put_object(Bucket=bucket, Key="open/a", Body=b"http on a laptop counts as TLS")
    with pytest.raises(ClientError, match="403"):
        s3.put_object(Bucket=bucket, Key="closed/a", Body=b"")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{s3.meta.endpoint_url}/{bucket}/open/a")
