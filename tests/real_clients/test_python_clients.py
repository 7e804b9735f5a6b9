"""Clients in Python: boto3's transfers, a folder kept in step, s3fs with pandas, PyArrow, DuckDB."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.fs as pafs
import pyarrow.parquet as pq
import pytest
import s3fs
from boto3.s3.transfer import TransferConfig

MEGABYTE = 1 << 20
FRAME = pd.DataFrame(
    {"coin_id": ["bitcoin", "ether", "ether"], "price": [1.5, 2.5, None], "dt": ["1", "1", "2"]}
)


def keys(s3: Any, bucket: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def test_boto3_transfers_files_in_parts_and_gets_them_back(s3: Any, bucket: str, tmp_path: Path) -> None:
    file, back = tmp_path / "file", tmp_path / "back"
    file.write_bytes(os.urandom(20 * MEGABYTE) + b"end")
    parts = TransferConfig(multipart_threshold=5 * MEGABYTE, multipart_chunksize=6 * MEGABYTE)
    s3.upload_file(str(file), bucket, "big", Config=parts, ExtraArgs={"Metadata": {"a": "b"}})
    s3.copy({"Bucket": bucket, "Key": "big"}, bucket, "copied", Config=parts)  # UploadPartCopy
    s3.download_file(bucket, "copied", str(back), Config=parts)  # ranges, at once
    assert back.read_bytes() == file.read_bytes()
    assert s3.head_object(Bucket=bucket, Key="copied")["ETag"].endswith('-4"')
    received = io.BytesIO()
    s3.download_fileobj(bucket, "big", received)
    assert received.getvalue() == file.read_bytes()


def test_a_folder_is_kept_in_step_as_by_aws_s3_sync(s3: Any, bucket: str, tmp_path: Path) -> None:
    """The calls of `aws s3 sync --delete`, both ways: list, compare size and time, put, delete."""
    source, target = tmp_path / "source", tmp_path / "target"
    for name, text in {"a.txt": "1", "b/c d.txt": "22", "b/ü+.txt": "333"}.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)

    def upload() -> list[str]:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="lake/")
        there = {entry["Key"]: entry for page in pages for entry in page.get("Contents", [])}
        local = {f"lake/{path.relative_to(source)}": path for path in source.rglob("*") if path.is_file()}
        changed = [
            key
            for key, path in local.items()
            if key not in there
            or there[key]["Size"] != path.stat().st_size
            or there[key]["LastModified"].timestamp() + 1 < path.stat().st_mtime
        ]
        for key in changed:
            s3.upload_file(str(local[key]), bucket, key)
        for key in there.keys() - local.keys():
            s3.delete_object(Bucket=bucket, Key=key)
        return sorted(changed)

    assert upload() == ["lake/a.txt", "lake/b/c d.txt", "lake/b/ü+.txt"]
    assert upload() == []
    (source / "a.txt").write_text("longer")
    (source / "b/c d.txt").unlink()
    assert upload() == ["lake/a.txt"]
    assert keys(s3, bucket) == ["lake/a.txt", "lake/b/ü+.txt"]
    for key in keys(s3, bucket):
        path = target / key
        path.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(bucket, key, str(path))
    assert (target / "lake/a.txt").read_text() == "longer"
    assert (target / "lake/b/ü+.txt").read_text() == "333"


@pytest.fixture
def files(aws_environment: dict[str, str]) -> s3fs.S3FileSystem:
    return s3fs.S3FileSystem(
        key=aws_environment["AWS_ACCESS_KEY_ID"],
        secret=aws_environment["AWS_SECRET_ACCESS_KEY"],
        endpoint_url=aws_environment["AWS_ENDPOINT_URL"],
        client_kwargs={"region_name": aws_environment["AWS_DEFAULT_REGION"]},
        skip_instance_cache=True,
        use_listings_cache=False,
    )


def test_s3fs_is_a_file_system(files: s3fs.S3FileSystem, s3: Any, bucket: str) -> None:
    with files.open(f"{bucket}/big", "wb", block_size=5 * MEGABYTE) as file:
        for number in range(12):
            file.write(bytes([number]) * MEGABYTE)
    with files.open(f"{bucket}/big", "rb") as file:
        file.seek(7 * MEGABYTE - 1)
        assert file.read(2) == bytes([6, 7])
    files.pipe({f"{bucket}/folder/{name}": name.encode() for name in "abc"})
    files.touch(f"{bucket}/folder/empty")
    assert [path.rpartition("/")[2] for path in files.ls(f"{bucket}/folder", detail=False)] == [
        "a",
        "b",
        "c",
        "empty",
    ]
    assert files.isdir(f"{bucket}/folder")
    assert files.info(f"{bucket}/folder/a")["size"] == 1
    files.mv(f"{bucket}/folder/a", f"{bucket}/moved")
    files.copy(f"{bucket}/folder", f"{bucket}/copy", recursive=True)
    assert files.cat(f"{bucket}/copy/b") == b"b"
    assert files.glob(f"{bucket}/*/c") == [f"{bucket}/copy/c", f"{bucket}/folder/c"]
    s3.put_object(Bucket=bucket, Key="folder/", Body=b"")  # as the console does
    found = set(files.find(f"{bucket}/folder")) - {f"{bucket}/folder/"}
    assert found == {f"{bucket}/folder/{name}" for name in ("b", "c", "empty")}
    files.rm(f"{bucket}/folder", recursive=True)
    assert keys(s3, bucket) == ["big", "copy/b", "copy/c", "copy/empty", "moved"]


def test_pandas_writes_and_reads_through_s3fs(
    aws: None, bucket: str, aws_environment: dict[str, str]
) -> None:
    options = {"client_kwargs": {"endpoint_url": aws_environment["AWS_ENDPOINT_URL"]}}
    FRAME.to_parquet(f"s3://{bucket}/frame.parquet", storage_options=options)
    pd.testing.assert_frame_equal(
        pd.read_parquet(f"s3://{bucket}/frame.parquet", storage_options=options), FRAME
    )
    FRAME.to_csv(f"s3://{bucket}/frame.csv.gz", index=False, storage_options=options)
    read = pd.read_csv(f"s3://{bucket}/frame.csv.gz", dtype={"dt": str}, storage_options=options)
    pd.testing.assert_frame_equal(read, FRAME)
    FRAME.to_parquet(f"s3://{bucket}/table/", partition_cols=["dt"], storage_options=options)
    table = pd.read_parquet(f"s3://{bucket}/table/", filters=[("dt", "=", 2)], storage_options=options)
    assert table["coin_id"].tolist() == ["ether"]


def test_pyarrow_writes_and_reads_a_data_set(aws_environment: dict[str, str], s3: Any, bucket: str) -> None:
    files = pafs.S3FileSystem(
        access_key=aws_environment["AWS_ACCESS_KEY_ID"],
        secret_key=aws_environment["AWS_SECRET_ACCESS_KEY"],
        endpoint_override=urlsplit(aws_environment["AWS_ENDPOINT_URL"]).netloc,
        scheme="http",
        region=aws_environment["AWS_DEFAULT_REGION"],
        allow_bucket_creation=True,
        allow_bucket_deletion=True,
    )
    files.create_dir(f"{bucket}/table/deep", recursive=True)
    assert keys(s3, bucket) == ["table/", "table/deep/"]
    table = pa.Table.from_pandas(FRAME)
    partitions = ds.partitioning(pa.schema([("dt", pa.string())]), flavor="hive")
    ds.write_dataset(
        table,
        f"{bucket}/table",
        filesystem=files,
        format="parquet",
        partitioning=partitions,
        existing_data_behavior="delete_matching",
    )
    data = ds.dataset(f"{bucket}/table", filesystem=files, format="parquet", partitioning=partitions)
    assert data.to_table(filter=ds.field("dt") == "1")["price"].to_pylist() == [1.5, 2.5]

    rows = pa.table({"n": range(3_000_000)})
    pq.write_table(rows, f"{bucket}/big.parquet", filesystem=files, compression="none", use_dictionary=False)
    with pq.ParquetFile(f"{bucket}/big.parquet", filesystem=files) as parquet:  # ranges, the footer first
        last = parquet.read_row_group(parquet.num_row_groups - 1)
        assert last["n"][-1].as_py() == 2_999_999
    files.move(f"{bucket}/big.parquet", f"{bucket}/moved.parquet")
    files.delete_dir(f"{bucket}/table")
    assert keys(s3, bucket) == ["moved.parquet"]
    found = files.get_file_info(pafs.FileSelector(bucket, recursive=True))
    assert [(info.base_name, info.size > 20 * MEGABYTE) for info in found] == [("moved.parquet", True)]


def test_duckdb_reads_and_writes_through_s3fs(files: s3fs.S3FileSystem, bucket: str) -> None:
    """DuckDB's own reader is an extension to download; the other way that it documents is a file system."""
    database = duckdb.connect(config={"autoinstall_known_extensions": False})
    database.register_filesystem(files)
    database.execute(f"COPY (SELECT range AS n FROM range(100000)) TO 's3://{bucket}/n.parquet'")
    found = database.execute(
        f"SELECT count(*), sum(n) FROM 's3://{bucket}/*.parquet' WHERE n >= 99998"
    ).fetchall()
    assert found == [(2, 199997)]
