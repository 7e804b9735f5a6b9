"""Keys that end in `/`, as S3A, Trino and the AWS console create for a folder, and what hides beneath."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from laptop.aws import process
from laptop.aws.s3 import object_files
from tests.laptop.conftest import PARQUET, client_of, crawl, parquet, until


def keys(s3: Any, bucket: str, **options: Any) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, **options).get("Contents", [])]


@pytest.mark.parametrize("content", [b"", b"not empty"])
def test_a_folder_key_is_put_listed_read_and_deleted(s3: Any, bucket: str, content: bytes) -> None:
    s3.put_object(Bucket=bucket, Key="a/b/", Body=content, Metadata={"made-by": "console"})
    s3.put_object(Bucket=bucket, Key="a/b/c", Body=b"1")

    assert keys(s3, bucket) == ["a/b/", "a/b/c"]
    assert keys(s3, bucket, Prefix="a/b/", Delimiter="/") == ["a/b/", "a/b/c"]
    got = s3.get_object(Bucket=bucket, Key="a/b/")
    assert (got["Body"].read(), got["Metadata"]) == (content, {"made-by": "console"})
    assert s3.head_object(Bucket=bucket, Key="a/b/")["ContentLength"] == len(content)
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket=bucket, Key="a/b")

    s3.copy_object(Bucket=bucket, Key="copy/", CopySource={"Bucket": bucket, "Key": "a/b/"})
    s3.delete_object(Bucket=bucket, Key="a/b/")
    assert keys(s3, bucket) == ["a/b/c", "copy/"]
    s3.delete_object(Bucket=bucket, Key="a/b/c")
    assert keys(s3, bucket) == ["copy/"]
    assert s3.get_object(Bucket=bucket, Key="copy/")["Body"].read() == content


def test_a_folder_key_comes_and_goes_as_the_first_and_last_of_its_folder(s3: Any, bucket: str) -> None:
    for _ in range(2):
        s3.put_object(Bucket=bucket, Key="a/", Body=b"")
        s3.put_object(Bucket=bucket, Key="a/b", Body=b"")
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a/"}, {"Key": "a/b"}]})
        assert keys(s3, bucket) == []
    s3.put_object(Bucket=bucket, Key="a", Body=b"a file now")
    with pytest.raises(ClientError, match="'a/'"):
        s3.put_object(Bucket=bucket, Key="a/", Body=b"")
    s3.delete_object(Bucket=bucket, Key="a")
    s3.put_object(Bucket=bucket, Key="a/", Body=b"")
    with pytest.raises(ClientError, match="'a'"):
        s3.put_object(Bucket=bucket, Key="a", Body=b"")


@pytest.mark.product
def test_folder_keys_and_a_dead_writers_keys_outlive_the_server(tmp_path: Path) -> None:
    put = [
        "a/",
        "t/.spark-staging-1/_temporary/0/part",
        "t/__magic_job-1/part",
        "t/_temporary/0/",
        "t_$folder$",
    ]
    with process.running(tmp_path) as endpoint_url:
        s3 = client_of(endpoint_url, "s3")
        s3.create_bucket(Bucket="lake")
        for key in put:
            s3.put_object(Bucket="lake", Key=key, Body=key.encode())
        # What a mounted job left is nobody's: it never was an object.
        (tmp_path / "s3" / "lake" / "t" / "_temporary" / "0" / "left").write_bytes(b"1")
        assert keys(s3, "lake") == sorted(put)
    with process.running(tmp_path) as endpoint_url:
        s3 = client_of(endpoint_url, "s3")
        assert keys(s3, "lake") == sorted(put)
        for key in put:
            assert s3.get_object(Bucket="lake", Key=key)["Body"].read() == key.encode()
            s3.delete_object(Bucket="lake", Key=key)
        assert keys(s3, "lake") == []
        assert not list((tmp_path / "s3" / "lake").iterdir())


def test_crawlers_and_athena_pass_over_what_holds_no_rows(
    s3: Any, glue: Any, athena: Any, bucket: str, database: str
) -> None:
    rows = parquet({"n": [1, 2]})
    stray = parquet({"n": [99]})
    s3.put_object(Bucket=bucket, Key="t/dt=1/part-0.parquet", Body=rows)
    for key in ("t/", "t/dt=1/", "t/dt=2/", "t/empty/", "t_$folder$", "t/dt=1_$folder$", "t/x/y_$folder$"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    s3.put_object(Bucket=bucket, Key="t/not-empty/", Body=stray)
    for folder in (".spark-staging-7/dt=1", "_temporary/0/dt=1", "__magic_job-7/dt=1", "dt=1/_delta"):
        s3.put_object(Bucket=bucket, Key=f"t/{folder}/part-9.parquet", Body=stray)
    s3.put_object(Bucket=bucket, Key="t/dt=1/_SUCCESS", Body=stray)
    s3.put_object(Bucket=bucket, Key="t/dt=1_$folder$", Body=stray)
    glue.create_crawler(
        Name=f"c-{bucket}",
        Role="r",
        DatabaseName=database,
        Targets={"S3Targets": [{"Path": f"s3://{bucket}/t/"}]},
        SchemaChangePolicy={"DeleteBehavior": "LOG", "UpdateBehavior": "UPDATE_IN_DATABASE"},
    )

    assert crawl(glue, f"c-{bucket}")["Status"] == "SUCCEEDED"
    table = glue.get_table(DatabaseName=database, Name="t")["Table"]
    assert table["StorageDescriptor"]["InputFormat"] == PARQUET["InputFormat"]
    partitions = glue.get_partitions(DatabaseName=database, TableName="t")["Partitions"]
    assert [partition["Values"] for partition in partitions] == [["1"]]
    query = athena.start_query_execution(
        QueryString="SELECT sum(n) AS n FROM t",
        QueryExecutionContext={"Database": database},
        ResultConfiguration={"OutputLocation": f"s3://{bucket}/results/"},
    )["QueryExecutionId"]
    until(
        lambda: (
            athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]["State"]
            in ("SUCCEEDED", "FAILED")
        )
    )
    answer = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
    assert answer[1]["Data"] == [{"VarCharValue": "3"}]


def test_where_the_file_system_ignores_case_a_key_does_not_replace_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_files, "_ignores_case", lambda directory: True)
    files = object_files.ObjectFiles(tmp_path)
    files.add_bucket("lake")
    for key in ("Raw/a", "ü", "folder/"):
        files.make_room("lake", key)
        files.path("lake", key).write_bytes(b"1")

    for key in ("raw/b", "Raw/A", "RAW/", "U\N{COMBINING DIAERESIS}", "Folder/", "folder/.S3-FOLDER-KEY"):
        with pytest.raises(object_files.UnstorableKeyError, match="ignores case"):
            files.make_room("lake", key)
    for key in ("Raw/a", "Raw/b", "folder/", "folder/x", "other/RAW"):
        files.make_room("lake", key)


def test_whether_the_file_system_ignores_case_is_found_out(tmp_path: Path) -> None:
    (tmp_path / "probe").touch()
    assert object_files._ignores_case(tmp_path) == (tmp_path / "PROBE").exists()
