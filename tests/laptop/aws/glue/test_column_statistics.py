"""Statistics of columns in the catalog, as Trino writes and reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from laptop.aws import process
from tests.laptop.conftest import PARQUET, client_of

pytestmark = pytest.mark.product

ANALYZED = datetime(2026, 1, 31, 12, tzinfo=UTC)
COLUMNS = [("n", "bigint"), ("price", "decimal(10,2)"), ("day", "date"), ("name", "string")]
DATA = {
    "n": {
        "Type": "LONG",
        "LongColumnStatisticsData": {
            "MinimumValue": 1,
            "MaximumValue": 9,
            "NumberOfNulls": 0,
            "NumberOfDistinctValues": 5,
        },
    },
    "price": {
        "Type": "DECIMAL",
        "DecimalColumnStatisticsData": {
            "MinimumValue": {"UnscaledValue": b"\x01\xff", "Scale": 2},
            "NumberOfNulls": 1,
            "NumberOfDistinctValues": 2,
        },
    },
    "day": {
        "Type": "DATE",
        "DateColumnStatisticsData": {
            "MinimumValue": datetime(2026, 1, 1, tzinfo=UTC),
            "NumberOfNulls": 0,
            "NumberOfDistinctValues": 3,
        },
    },
}


def statistics(*names: str) -> list[dict[str, Any]]:
    types = dict(COLUMNS)
    return [
        {
            "ColumnName": name,
            "ColumnType": types.get(name, "int"),
            "AnalyzedTime": ANALYZED,
            "StatisticsData": DATA.get(name, DATA["n"]),
        }
        for name in names
    ]


def create(glue: Any, database: str, name: str, location: str = "s3://nowhere/t/") -> dict[str, str]:
    columns = [{"Name": column, "Type": kind} for column, kind in COLUMNS]
    glue.create_table(
        DatabaseName=database,
        TableInput={
            "Name": name,
            "PartitionKeys": [{"Name": "dt", "Type": "string"}],
            "StorageDescriptor": {"Columns": columns, "Location": location, **PARQUET},
        },
    )
    for value in ("1", "2"):
        partition = {"Values": [value], "StorageDescriptor": {"Columns": columns, "Location": location}}
        glue.create_partition(DatabaseName=database, TableName=name, PartitionInput=partition)
    return {"DatabaseName": database, "TableName": name}


def names(answer: dict[str, Any]) -> list[str]:
    return [one["ColumnName"] for one in answer["ColumnStatisticsList"]]


def test_statistics_come_back_as_they_were_put_for_the_table_and_each_partition(
    glue: Any, database: str
) -> None:
    table = create(glue, database, "whole")
    put = statistics("n", "price", "day")
    assert glue.update_column_statistics_for_table(**table, ColumnStatisticsList=put)["Errors"] == []
    first = {**table, "PartitionValues": ["1"]}
    glue.update_column_statistics_for_partition(**first, ColumnStatisticsList=put[:1])

    asked = ["n", "price", "day", "name"]
    answer = glue.get_column_statistics_for_table(**table, ColumnNames=asked)
    assert answer["ColumnStatisticsList"] == put
    assert [error["ColumnName"] for error in answer["Errors"]] == ["name"]
    assert names(glue.get_column_statistics_for_partition(**first, ColumnNames=asked)) == ["n"]
    second = {**table, "PartitionValues": ["2"]}
    assert names(glue.get_column_statistics_for_partition(**second, ColumnNames=asked)) == []

    glue.delete_column_statistics_for_table(**table, ColumnName="price")
    assert names(glue.get_column_statistics_for_table(**table, ColumnNames=asked)) == ["n", "day"]
    glue.delete_column_statistics_for_partition(**first, ColumnName="n")
    assert names(glue.get_column_statistics_for_partition(**first, ColumnNames=asked)) == []
    glue.delete_column_statistics_for_table(**table, ColumnName="price")  # as Trino does
    assert names(glue.get_column_statistics_for_table(**table, ColumnNames=asked)) == ["n", "day"]


def test_what_is_not_there_has_no_statistics(glue: Any, database: str) -> None:
    table = create(glue, database, "strict")
    answer = glue.update_column_statistics_for_table(**table, ColumnStatisticsList=statistics("n", "other"))
    assert [error["ColumnStatistics"]["ColumnName"] for error in answer["Errors"]] == ["other"]
    assert names(glue.get_column_statistics_for_table(**table, ColumnNames=["n", "other"])) == ["n"]
    for address in ({**table, "TableName": "no"}, {**table, "DatabaseName": "no"}):
        with pytest.raises(ClientError, match="EntityNotFoundException"):
            glue.get_column_statistics_for_table(**address, ColumnNames=["n"])
        with pytest.raises(ClientError, match="EntityNotFoundException"):
            glue.delete_column_statistics_for_table(**address, ColumnName="n")
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        glue.update_column_statistics_for_partition(
            **table, PartitionValues=["9"], ColumnStatisticsList=statistics("n")
        )


def test_what_is_created_again_begins_without_statistics(glue: Any, database: str) -> None:
    table = create(glue, database, "again")
    first = {**table, "PartitionValues": ["1"]}
    for _ in range(2):
        glue.update_column_statistics_for_table(**table, ColumnStatisticsList=statistics("n"))
        glue.update_column_statistics_for_partition(**first, ColumnStatisticsList=statistics("n"))
        partition = glue.get_partition(**first)["Partition"]
        glue.delete_partition(**first)
        kept = {field: partition[field] for field in ("Values", "StorageDescriptor")}
        glue.create_partition(**table, PartitionInput=kept)
        assert names(glue.get_column_statistics_for_partition(**first, ColumnNames=["n"])) == []
        glue.delete_table(DatabaseName=database, Name="again")
        create(glue, database, "again")
        assert names(glue.get_column_statistics_for_table(**table, ColumnNames=["n"])) == []


def test_statistics_outlive_the_server(tmp_path: Path) -> None:
    with process.running(tmp_path) as endpoint_url:
        glue = client_of(endpoint_url, "glue")
        glue.create_database(DatabaseInput={"Name": "db"})
        table = create(glue, "db", "t")
        first = {**table, "PartitionValues": ["1"]}
        glue.update_column_statistics_for_table(**table, ColumnStatisticsList=statistics("n"))
        glue.update_column_statistics_for_table(**table, ColumnStatisticsList=statistics("price"))
        glue.update_column_statistics_for_partition(**first, ColumnStatisticsList=statistics("day"))
    with process.running(tmp_path) as endpoint_url:
        glue = client_of(endpoint_url, "glue")
        answer = glue.get_column_statistics_for_table(**table, ColumnNames=["n", "price"])
        assert answer["ColumnStatisticsList"] == statistics("n", "price")
        answer = glue.get_column_statistics_for_partition(**first, ColumnNames=["day"])
        assert answer["ColumnStatisticsList"] == statistics("day")
