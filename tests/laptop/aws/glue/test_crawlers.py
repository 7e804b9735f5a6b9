"""Crawlers: tables and partitions from what is in S3."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError

from include.crypto_lake.resources import load_resources
from laptop.lake.deployment import VALUES
from tests.laptop.conftest import PARQUET, crawl, make_bucket, parquet


def put_rows(s3: Any, lake: str, key: str, **columns: Any) -> None:
    s3.put_object(Bucket=lake, Key=key, Body=parquet({"id": ["a", "b"], **columns}))


def make(glue: Any, database: str, targets: dict[str, Any], **options: Any) -> str:
    name = f"crawler-{uuid.uuid4().hex[:8]}"
    glue.create_crawler(Name=name, Role="r", DatabaseName=database, Targets=targets, **options)
    return name


def policy(update: str, delete: str) -> dict[str, Any]:
    return {"SchemaChangePolicy": {"UpdateBehavior": update, "DeleteBehavior": delete}}


def described(glue: Any, database: str, table: str) -> tuple[dict[str, str], dict[str, str]]:
    """Columns and partition keys with their types."""
    found = glue.get_table(DatabaseName=database, Name=table)["Table"]
    columns = {column["Name"]: column["Type"] for column in found["StorageDescriptor"]["Columns"]}
    return columns, {key["Name"]: key["Type"] for key in found.get("PartitionKeys", [])}


def partitions(glue: Any, database: str, table: str) -> dict[str, str]:
    """Locations by partition values."""
    found = glue.get_partitions(DatabaseName=database, TableName=table)["Partitions"]
    return {"/".join(partition["Values"]): partition["StorageDescriptor"]["Location"] for partition in found}


def test_a_table_is_discovered_from_files_and_folders(s3: Any, glue: Any, lake: str, database: str) -> None:
    first = {"Price": [1, 2], "flags": pa.array([["x"], []], pa.list_(pa.string()))}
    put_rows(s3, lake, "silver/Coins-Market/year=2026/month=01/a.parquet", **first)
    second = {"price": [1.5, 2.5], "at": pa.array([0, 0], pa.timestamp("us", tz="UTC"))}
    put_rows(s3, lake, "silver/Coins-Market/year=2026/month=02/b.parquet", **second)
    s3.put_object(Bucket=lake, Key="silver/Coins-Market/_temporary/x", Body=b"not Parquet")
    s3.put_object(Bucket=lake, Key="silver/Coins-Market/year=2026/month=02/_SUCCESS", Body=b"")
    crawler = make(
        glue, database, {"S3Targets": [{"Path": f"s3://{lake}/silver/Coins-Market"}]}, TablePrefix="silver_"
    )

    assert crawl(glue, crawler)["Status"] == "SUCCEEDED"

    columns, keys = described(glue, database, "silver_coins_market")
    assert columns == {"id": "string", "price": "double", "flags": "array<string>", "at": "timestamp"}
    assert keys == {"year": "string", "month": "string"}
    assert partitions(glue, database, "silver_coins_market") == {
        f"2026/{month}": f"s3://{lake}/silver/Coins-Market/year=2026/month={month}/" for month in ("01", "02")
    }
    (metrics,) = glue.get_crawler_metrics(CrawlerNameList=[crawler])["CrawlerMetricsList"]
    assert metrics["TablesCreated"] == 1


@pytest.mark.parametrize(("update", "seen"), [("UPDATE_IN_DATABASE", True), ("LOG", False)])
def test_a_new_column_is_taken_up_if_the_policy_says_so(
    s3: Any, glue: Any, lake: str, database: str, update: str, seen: bool
) -> None:
    folder = f"update_{update.lower()}"
    put_rows(s3, lake, f"{folder}/dt=1/a.parquet")
    crawler = make(
        glue, database, {"S3Targets": [{"Path": f"s3://{lake}/{folder}/"}]}, **policy(update, "LOG")
    )
    crawl(glue, crawler)
    put_rows(s3, lake, f"{folder}/dt=2/a.parquet", extra=[1, 2])

    crawl(glue, crawler)
    crawl(glue, crawler)

    assert ("extra" in described(glue, database, folder)[0]) is seen
    assert set(partitions(glue, database, folder)) == {"1", "2"}
    versions = glue.get_table_versions(DatabaseName=database, TableName=folder)["TableVersions"]
    assert len(versions) == 1 + seen  # crawling what did not change changes nothing


def test_the_declared_crawler_adds_columns_and_days_to_the_table_of_dropped_files(
    s3: Any, glue: Any, lake: str, database: str
) -> None:
    resources = load_resources({**VALUES, "lake_bucket": lake})
    table = resources["catalog"]["tables"]["processed_crypto"]
    glue.create_table(DatabaseName=database, TableInput={"Name": "processed_crypto", **table})
    declared = resources["crawlers"]["processed-crypto"]
    targets = {"CatalogTargets": [{"DatabaseName": database, "Tables": ["processed_crypto"]}]}
    crawler = f"crawler-{uuid.uuid4().hex[:8]}"
    glue.create_crawler(Name=crawler, **{**declared, "DatabaseName": database, "Targets": targets})
    for day in ("25", "26"):
        put_rows(s3, lake, f"processed/crypto/year=2026/month=02/day={day}/data.parquet", tvl=["1", "2"])

    assert crawl(glue, crawler)["Status"] == "SUCCEEDED"

    columns = {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]}
    assert described(glue, database, "processed_crypto") == (
        columns | {"id": "string", "tvl": "string"},
        {"year": "string", "month": "string", "day": "string"},
    )
    assert set(partitions(glue, database, "processed_crypto")) == {"2026/02/25", "2026/02/26"}


MERGE = {"CrawlerOutput": {"Tables": {"AddOrUpdateBehavior": "MergeNewColumns"}}}


def test_merging_adds_columns_and_changes_none(s3: Any, glue: Any, lake: str, database: str) -> None:
    put_rows(s3, lake, "merged/prices/dt=1/a.parquet", old=[1.5, 2.5], price=[1.5, 2.5])
    crawler = make(
        glue,
        database,
        {"S3Targets": [{"Path": f"s3://{lake}/merged/prices/"}]},
        Configuration=json.dumps(
            {"Version": 1.0, **MERGE, "Grouping": {"TableGroupingPolicy": "CombineCompatibleSchemas"}}
        ),
        **policy("UPDATE_IN_DATABASE", "LOG"),
    )
    crawl(glue, crawler)
    # Every file is now without `old`, has whole prices, and a new column before the others.
    s3.put_object(
        Bucket=lake, Key="merged/prices/dt=1/a.parquet", Body=parquet({"new": [True], "price": [1]})
    )
    s3.put_object(
        Bucket=lake, Key="merged/prices/dt=2/a.parquet", Body=parquet({"new": [True], "price": [1]})
    )

    assert crawl(glue, crawler)["Status"] == "SUCCEEDED"
    crawl(glue, crawler)

    columns, _ = described(glue, database, "prices")
    assert list(columns.items()) == [
        ("id", "string"),
        ("old", "double"),
        ("price", "double"),
        ("new", "boolean"),
    ]
    for partition in glue.get_partitions(DatabaseName=database, TableName="prices")["Partitions"]:
        inherited = partition["StorageDescriptor"]["Columns"]
        assert {column["Name"]: column["Type"] for column in inherited} == columns
    versions = glue.get_table_versions(DatabaseName=database, TableName="prices")["TableVersions"]
    assert len(versions) == 2  # the third crawl found nothing new


@pytest.mark.parametrize(
    ("delete", "left", "status"),
    [
        ("LOG", {"1", "2"}, "SUCCEEDED"),
        ("DELETE_FROM_DATABASE", {"2"}, "SUCCEEDED"),
        ("DEPRECATE_IN_DATABASE", {"1", "2"}, "FAILED"),
    ],
)
def test_a_folder_that_is_gone(
    s3: Any, glue: Any, lake: str, database: str, delete: str, left: set[str], status: str
) -> None:
    folder = f"delete_{delete.lower()}"
    for day in ("1", "2"):
        put_rows(s3, lake, f"{folder}/dt={day}/a.parquet")
    targets = {"S3Targets": [{"Path": f"s3://{lake}/{folder}/"}]}
    crawler = make(glue, database, targets, **policy("UPDATE_IN_DATABASE", delete))
    crawl(glue, crawler)
    s3.delete_object(Bucket=lake, Key=f"{folder}/dt=1/a.parquet")

    outcome = crawl(glue, crawler)

    assert outcome["Status"] == status
    assert set(partitions(glue, database, folder)) == left


def test_a_catalog_target_only_adds_partitions(s3: Any, glue: Any, lake: str, database: str) -> None:
    descriptor = {
        "Columns": [{"Name": "id", "Type": "string"}],
        "Location": f"s3://{lake}/gold/t/",
        **PARQUET,
    }
    table = {
        "Name": "gold_t",
        "PartitionKeys": [{"Name": "dt", "Type": "date"}],
        "StorageDescriptor": descriptor,
    }
    glue.create_table(DatabaseName=database, TableInput=table)
    put_rows(s3, lake, "gold/t/dt=2026-01-31/a.parquet", undeclared=[1, 2])
    targets = {"CatalogTargets": [{"DatabaseName": database, "Tables": ["gold_t"]}]}
    crawler = make(glue, "", targets, **policy("LOG", "LOG"))

    assert crawl(glue, crawler)["Status"] == "SUCCEEDED"

    assert described(glue, database, "gold_t") == ({"id": "string"}, {"dt": "date"})
    assert partitions(glue, database, "gold_t") == {"2026-01-31": f"s3://{lake}/gold/t/dt=2026-01-31/"}


LEFT = [
    ".spark-staging-1/_temporary/0/task_0/dt=2026-01-28/part-00000.parquet",
    ".spark-staging-2/dt=2026-01-29/part-00000.parquet",
    "__magic_job-1/job-1/00/tasks/attempt_0/__base/dt=2026-01-30/part-00000.parquet",
    "__magic_job-1/job-1/00/attempt_0.pendingset",
]
"""What killed runs leave below a table, on a disk and on S3."""
FOLDERS = ["", "dt=2026-01-27/", "dt=2026-01-31/", "__magic_job-2/", ".spark-staging-3/dt=2026-01-26/"]
"""Keys that S3A makes of folders: objects without content."""


@pytest.mark.parametrize("crawler", ["silver-coins-market", "gold-coins-market"])
@pytest.mark.parametrize("left", [LEFT, FOLDERS], ids=["files", "empty folders"])
def test_what_spark_and_s3a_leave_adds_no_partition(
    s3: Any, glue: Any, crawler: str, left: list[str]
) -> None:
    """With the crawlers and tables as they are declared."""
    lake, database = make_bucket(s3), f"db_{uuid.uuid4().hex[:8]}"
    resources = load_resources({**VALUES, "lake_bucket": lake})
    declared = resources["crawlers"][crawler]
    (target,) = declared["Targets"]["CatalogTargets"]
    glue.create_database(DatabaseInput={"Name": database})
    for table in target["Tables"]:
        definition = resources["catalog"]["tables"][table]
        glue.create_table(DatabaseName=database, TableInput={"Name": table, **definition})
        folder = definition["StorageDescriptor"]["Location"].split("/", 3)[3]
        put_rows(s3, lake, f"{folder}dt=2026-01-31/part-00000.parquet")
        for key in left:
            if key in FOLDERS:
                put_folder(s3, lake, f"{folder}{key}")
            else:
                put_rows(s3, lake, f"{folder}{key}")
    targets = {"CatalogTargets": [target | {"DatabaseName": database}]}
    name = f"crawler-{uuid.uuid4().hex[:8]}"
    glue.create_crawler(Name=name, **{**declared, "DatabaseName": database, "Targets": targets})

    for _ in range(2):
        assert crawl(glue, name)["Status"] == "SUCCEEDED"

    for table in target["Tables"]:
        assert list(partitions(glue, database, table)) == ["2026-01-31"]
        assert described(glue, database, table)[1] == {"dt": "date"}
    tables = [table["Name"] for table in glue.get_tables(DatabaseName=database)["TableList"]]
    assert sorted(tables) == sorted(target["Tables"])


def put_folder(s3: Any, lake: str, key: str) -> None:
    try:
        s3.put_object(Bucket=lake, Key=key, Body=b"")
    except ClientError as error:
        if "cannot be stored as a file" not in str(error):
            raise
        pytest.skip("this endpoint takes no keys of folders yet")


@pytest.mark.parametrize(
    ("key", "body", "reason"),
    [
        ("plain/a.txt", b"text", "plain/a.txt is not Parquet"),
        ("flat/other/a.parquet", b"x", "the folder other is not key=value"),
    ],
)
def test_what_is_not_a_table_fails_the_crawl_by_name(
    s3: Any, glue: Any, lake: str, database: str, key: str, body: bytes, reason: str
) -> None:
    s3.put_object(Bucket=lake, Key=key, Body=body)
    crawler = make(glue, database, {"S3Targets": [{"Path": f"s3://{lake}/{key.split('/')[0]}/"}]})
    outcome = crawl(glue, crawler)
    assert outcome["Status"] == "FAILED"
    assert reason in outcome["ErrorMessage"]


def test_types_that_do_not_go_together_fail_the_crawl(s3: Any, glue: Any, lake: str, database: str) -> None:
    put_rows(s3, lake, "mixed/dt=1/a.parquet", price=[1, 2])
    put_rows(s3, lake, "mixed/dt=2/a.parquet", price=["1", "2"])
    outcome = crawl(glue, make(glue, database, {"S3Targets": [{"Path": f"s3://{lake}/mixed/"}]}))
    assert (outcome["Status"], "column price is string, but bigint" in outcome["ErrorMessage"]) == (
        "FAILED",
        True,
    )


def test_nothing_there_succeeds_and_no_bucket_fails(glue: Any, lake: str, database: str) -> None:
    empty = make(glue, database, {"S3Targets": [{"Path": f"s3://{lake}/empty/"}]})
    lost = make(glue, database, {"S3Targets": [{"Path": "s3://no-such-bucket/x/"}]})
    assert crawl(glue, empty)["Status"] == "SUCCEEDED"
    outcome = crawl(glue, lost)
    assert outcome["Status"] == "FAILED"
    assert "Bucket no-such-bucket" in outcome["ErrorMessage"]
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_table(DatabaseName=database, Name="empty")


def test_a_crawler_that_runs_is_neither_started_nor_updated_but_can_be_stopped(
    s3: Any, glue: Any, lake: str, database: str
) -> None:
    body = parquet({f"column_{number}": [1] for number in range(400)})
    for number in range(120):
        s3.put_object(Bucket=lake, Key=f"many/dt={number}/a.parquet", Body=body)
    crawler = make(glue, database, {"S3Targets": [{"Path": f"s3://{lake}/many/"}]})

    glue.start_crawler(Name=crawler)
    with pytest.raises(glue.exceptions.CrawlerRunningException):
        glue.start_crawler(Name=crawler)
    with pytest.raises(glue.exceptions.CrawlerRunningException):
        glue.update_crawler(Name=crawler, Description="x")
    glue.stop_crawler(Name=crawler)
    while glue.get_crawler(Name=crawler)["Crawler"]["State"] != "READY":
        pass
    assert glue.get_crawler(Name=crawler)["Crawler"]["LastCrawl"]["Status"] == "CANCELLED"
    with pytest.raises(glue.exceptions.CrawlerNotRunningException):
        glue.stop_crawler(Name=crawler)


def test_updating_a_crawler_changes_what_is_given(glue: Any, lake: str, database: str) -> None:
    crawler = make(glue, database, {"S3Targets": [{"Path": f"s3://{lake}/x/"}]}, TablePrefix="old_")
    glue.update_crawler(Name=crawler, TablePrefix="new_")
    found = glue.get_crawler(Name=crawler)["Crawler"]
    assert (found["TablePrefix"], found["Version"]) == ("new_", 2)
    assert found["Targets"]["S3Targets"][0]["Path"] == f"s3://{lake}/x/"


S3_TARGET = {"S3Targets": [{"Path": "s3://b/x/"}]}  # its table is at level 2


@pytest.mark.parametrize(
    ("targets", "options", "reason"),
    [
        ({"JdbcTargets": [{"ConnectionName": "c", "Path": "p"}]}, {}, "JdbcTargets"),
        ({"S3Targets": [{"Path": "s3://b/x/", "Exclusions": ["*.tmp"]}]}, {}, "Exclusions"),
        ({"S3Targets": [{"Path": "s3://b/x/"}]}, {"Schedule": "cron(0 2 * * ? *)"}, "schedule"),
        ({"CatalogTargets": [{"DatabaseName": "d", "Tables": ["t"]}]}, {}, "DeleteBehavior .* has to be LOG"),
        (S3_TARGET, {"Configuration": "{"}, "is not JSON"),
        (
            S3_TARGET,
            {"Configuration": '{"CreatePartitionIndex": true}'},
            "implement CreatePartitionIndex True",
        ),
        (
            S3_TARGET,
            {"Configuration": '{"Version": 1.0, "Grouping": {"TableLevelConfiguration": 3}}'},
            "implement Grouping.TableLevelConfiguration 3 in its Configuration",
        ),
        (
            S3_TARGET,
            {"Configuration": json.dumps(MERGE).replace("MergeNewColumns", "Replace")},
            "CrawlerOutput.Tables.AddOrUpdateBehavior 'Replace'",
        ),
    ],
)
def test_a_crawler_that_would_not_do_its_work_is_refused(
    glue: Any, database: str, targets: dict[str, Any], options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ClientError, match=reason):
        make(glue, database, targets, **options)
