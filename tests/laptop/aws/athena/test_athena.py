"""Athena: queries over crawled Parquet, their results, costs and errors."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError

from laptop.aws.athena.results import java_double
from tests.laptop.conftest import PARQUET, client_of, crawl, parquet, until

DAYS = ("2026-01-29", "2026-01-30", "2026-01-31")
COLUMNS = {
    "coin_id": "string",
    "price": "double",
    "rank": "int",
    "flags": "array<string>",
    "at": "timestamp",
    "added_later": "double",
}


@dataclass
class Answer:
    execution: dict[str, Any]
    names: list[str]
    types: list[str]
    rows: list[tuple[str | None, ...]]

    @property
    def bytes_read(self) -> int:
        return self.execution["Statistics"]["DataScannedInBytes"]

    @property
    def reason(self) -> str:
        return self.execution["Status"]["StateChangeReason"]


@pytest.fixture(scope="module")
def sizes(s3: Any, glue: Any, lake: str, database: str) -> dict[str, int]:
    """Two tables over the same three days: `coins`, whose dt is a date, and `raw_coins`: a string."""
    sizes = {}
    for number, day in enumerate(DAYS, 1):
        body = parquet(
            {
                "coin_id": ["bitcoin", 'a "b", c', None],
                "price": [1e10 * number, 1.5e-11, None],
                "rank": pa.array([1, 2, None], pa.int32()),
                "flags": [["stale", "x"], [], None],
                "at": pa.array(
                    [dt.datetime(2026, 1, 31, 2, 0, 3, 456789, dt.UTC)] * 3, pa.timestamp("us", tz="UTC")
                ),
            }
        )
        sizes[day] = len(body)
        s3.put_object(Bucket=lake, Key=f"gold/coins/dt={day}/part-0.parquet", Body=body)
    columns = [{"Name": name, "Type": kind} for name, kind in COLUMNS.items()]
    table = {"Name": "coins", "PartitionKeys": [{"Name": "dt", "Type": "date"}]}
    table["StorageDescriptor"] = {"Columns": columns, "Location": f"s3://{lake}/gold/coins/", **PARQUET}
    glue.create_table(DatabaseName=database, TableInput=table)
    keep = {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}
    catalog_targets = {"CatalogTargets": [{"DatabaseName": database, "Tables": ["coins"]}]}
    glue.create_crawler(Name="athena-catalog", Role="r", Targets=catalog_targets, SchemaChangePolicy=keep)
    targets = {"S3Targets": [{"Path": f"s3://{lake}/gold/coins/"}]}
    glue.create_crawler(
        Name="athena-s3", Role="r", DatabaseName=database, TablePrefix="raw_", Targets=targets
    )
    assert [crawl(glue, name)["Status"] for name in ("athena-catalog", "athena-s3")] == ["SUCCEEDED"] * 2
    return sizes


@pytest.fixture(scope="module")
def ask(athena: Any, lake: str, database: str, sizes: dict[str, int]) -> Callable[..., Answer]:
    def run(sql: str, **options: Any) -> Answer:
        query_id = start(athena, lake, database, sql, **options)
        execution = until(lambda: ended(athena, query_id))
        if execution["Status"]["State"] != "SUCCEEDED":
            return Answer(execution, [], [], [])
        pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=query_id)
        sets = [page["ResultSet"] for page in pages]
        rows = [
            tuple(item.get("VarCharValue") for item in row["Data"]) for part in sets for row in part["Rows"]
        ]
        info = sets[0]["ResultSetMetadata"]["ColumnInfo"]
        return Answer(
            execution, [column["Name"] for column in info], [column["Type"] for column in info], rows
        )

    return run


def start(athena: Any, lake: str, database: str, sql: str, **options: Any) -> str:
    return athena.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Database": database, "Catalog": "AwsDataCatalog"},
        ResultConfiguration={"OutputLocation": f"s3://{lake}/athena/results/"},
        **options,
    )["QueryExecutionId"]


def ended(athena: Any, query_id: str) -> dict[str, Any] | None:
    execution = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
    return None if execution["Status"]["State"] in ("QUEUED", "RUNNING") else execution


def test_a_row_comes_back_as_athena_shows_it(ask: Callable[..., Answer]) -> None:
    answer = ask(
        "SELECT *, rank = 1 AS first FROM coins WHERE dt = DATE '2026-01-31' ORDER BY rank NULLS LAST"
    )

    assert answer.names == [*COLUMNS, "dt", "first"]
    assert answer.types == ["varchar", "double", "integer", "array", "timestamp", "double", "date", "boolean"]
    at = "2026-01-31 02:00:03.457"  # rounded, as Trino does
    assert answer.rows == [
        tuple(answer.names),
        ("bitcoin", "3.0E10", "1", "[stale, x]", at, None, "2026-01-31", "true"),
        ('a "b", c', "1.5E-11", "2", "[]", at, None, "2026-01-31", "false"),
        (None, None, None, None, at, None, "2026-01-31", None),
    ]


def test_the_result_file_is_athenas_csv(s3: Any, lake: str, ask: Callable[..., Answer]) -> None:
    answer = ask("SELECT coin_id, price FROM coins WHERE dt = DATE '2026-01-31' ORDER BY rank NULLS LAST")

    location = answer.execution["ResultConfiguration"]["OutputLocation"]
    assert location == f"s3://{lake}/athena/results/{answer.execution['QueryExecutionId']}.csv"
    text = s3.get_object(Bucket=lake, Key=location.split("/", 3)[3])["Body"].read().decode()
    assert text.splitlines()[1:] == ['"bitcoin","3.0E10"', '"a ""b"", c","1.5E-11"', ","]
    assert next(csv.reader(io.StringIO(text))) == ["coin_id", "price"]


@pytest.mark.parametrize(
    ("where", "days"),
    [
        ("dt = DATE '2026-01-31'", DAYS[2:]),
        ("dt >= DATE '2026-01-30' AND price > 0", DAYS[1:]),
        ("dt BETWEEN DATE '2026-01-29' AND DATE '2026-01-30'", DAYS[:2]),
        ("dt IN (DATE '2026-01-29', DATE '2020-01-01')", DAYS[:1]),
        ("dt > DATE '2026-01-31' - INTERVAL '1' DAY", DAYS[2:]),
        ("dt = DATE '2026-01-29' OR rank = 1", DAYS),
        ("dt = DATE '2020-01-01'", ()),
        ("dt = (SELECT max(dt) FROM coins)", DAYS),
        ("rank = 1", DAYS),
    ],
)
def test_only_the_partitions_that_can_match_are_read(
    ask: Callable[..., Answer], sizes: dict[str, int], where: str, days: tuple[str, ...]
) -> None:
    answer = ask(f"SELECT count(*) FROM coins WHERE {where}")
    assert answer.execution["Status"]["State"] == "SUCCEEDED", answer.execution["Status"]
    assert answer.bytes_read == sum(sizes[day] for day in days)


@pytest.mark.parametrize(
    ("sql", "days"),
    [
        ("SELECT * FROM (SELECT * FROM coins) c WHERE c.dt = DATE '2026-01-31'", DAYS[2:]),
        ("WITH c AS (SELECT * FROM coins WHERE dt = DATE '2026-01-30') SELECT count(*) FROM c", DAYS[1:2]),
        ("SELECT f FROM coins CROSS JOIN UNNEST(flags) AS u(f) WHERE dt = DATE '2026-01-31'", DAYS[2:]),
        ("SELECT 1 FROM coins a JOIN coins b ON a.coin_id = b.coin_id AND b.dt = DATE '2026-01-30'"
         " WHERE a.dt = DATE '2026-01-31'", DAYS[1:]),
        ("SELECT 1 FROM coins a LEFT JOIN coins b ON a.rank = b.rank AND b.dt = DATE '2026-01-30'"
         " WHERE a.dt = DATE '2026-01-31'", DAYS),
        ("SELECT lag(price) OVER (ORDER BY dt) FROM coins", DAYS),
    ],
)  # fmt: skip
def test_partitions_are_chosen_where_the_table_stands(
    ask: Callable[..., Answer], sizes: dict[str, int], sql: str, days: tuple[str, ...]
) -> None:
    assert ask(sql).bytes_read == sum(sizes[day] for day in days)


def test_results_are_right_whatever_is_pruned(ask: Callable[..., Answer], database: str) -> None:
    weekly = ask(
        f"""
        WITH prices AS (
            SELECT coin_id, dt, price, lag(price, 2) OVER (PARTITION BY coin_id ORDER BY dt) AS before
            FROM {database}.coins WHERE coin_id = 'bitcoin'
        )
        SELECT dt, round(100 * (price - before) / before, 1), dt - INTERVAL '7' DAY AS week FROM prices
        WHERE dt = DATE '2026-01-31'
        """
    )
    assert weekly.types == ["date", "double", "date"]
    assert weekly.rows == [("dt", "_col1", "week"), ("2026-01-31", "200.0", "2026-01-24")]
    totals = ask(
        'SELECT dt, count(*), sum(rank), rank / 2 FROM "coins" WHERE rank = 1 GROUP BY dt, rank ORDER BY 1'
    )
    assert totals.types == ["date", "bigint", "bigint", "integer"]
    assert totals.rows[1:] == [(day, "1", "1", "0") for day in DAYS]


def test_dt_is_what_the_catalog_says(ask: Callable[..., Answer]) -> None:
    assert ask("SELECT dt FROM coins LIMIT 1").types == ["date"]
    assert ask("SELECT dt FROM raw_coins WHERE dt = '2026-01-31'").types == ["varchar"]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (
            "SELECT * FROM nope",
            r"TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog\.\w+\.nope' does not exist",
        ),
        ("SELECT * FROM nope.t", "SCHEMA_NOT_FOUND: .*'nope'"),
        ("SELECT nope FROM coins", "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved"),
        ("SELECT rank AS r FROM coins WHERE r = 1", "COLUMN_NOT_FOUND: line 1:35: Column 'r'"),
        ("SELECT * FROM raw_coins WHERE dt >= DATE '2026-01-01'", "TYPE_MISMATCH: .*: varchar <= date"),
        ("SELECT * FROM coins WHERE dt = '2026-01-31'", r"TYPE_MISMATCH: .*: date = varchar\(10\)"),
        ("SELECT * FROM coins WHERE dt BETWEEN '2026-01-30' AND '2026-01-31'", "TYPE_MISMATCH: .*BETWEEN"),
        ("SELECT * FROM coins WHERE rank IN ('1')", "TYPE_MISMATCH: .*IN value"),
        ("SELECT no_such_function(1)", "FUNCTION_NOT_FOUND: .*no_such_function"),
        ("SELECT CAST('x' AS bigint)", "INVALID_CAST_ARGUMENT"),
        ("CREATE TABLE t AS SELECT 1", "NOT_SUPPORTED: .*CREATE TABLE t"),
        ("INSERT INTO coins SELECT 1", "NOT_SUPPORTED"),
        ("DROP TABLE coins", "NOT_SUPPORTED"),
        ("SELECT * FROM read_csv('/etc/hosts')", "FUNCTION_NOT_FOUND"),
        ("SELECT * FROM '/etc/hosts'", "TABLE_NOT_FOUND"),
        ("SELECT content FROM coins, read_text('/etc/hosts')", "FUNCTION_NOT_FOUND"),
    ],
)
def test_a_wrong_query_fails_with_its_reason(ask: Callable[..., Answer], sql: str, reason: str) -> None:
    answer = ask(sql)
    assert answer.execution["Status"]["State"] == "FAILED"
    assert re.match(reason, answer.reason), answer.reason


def test_what_cannot_start_is_refused(athena: Any, lake: str, database: str, sizes: dict[str, int]) -> None:
    for sql, reason in (
        ("SELEC 1", "line 1"),
        ("SELECT 1; SELECT 2", "Only one"),
        ("SELECT ?", "number of parameters"),
    ):
        with pytest.raises(ClientError, match=reason) as caught:
            start(athena, lake, database, sql)
        assert caught.value.response["Error"]["Code"] == "InvalidRequestException"
    with pytest.raises(ClientError, match="No output location provided"):
        athena.start_query_execution(QueryString="SELECT 1")
    with pytest.raises(ClientError, match="output bucket no-such-bucket"):
        athena.start_query_execution(
            QueryString="SELECT 1", ResultConfiguration={"OutputLocation": "s3://no-such-bucket/x/"}
        )
    with pytest.raises(ClientError, match="was not found"):
        athena.get_query_execution(QueryExecutionId="unknown")


def test_a_workgroup_gives_the_output_location(athena: Any, lake: str) -> None:
    configuration = {"ResultConfiguration": {"OutputLocation": f"s3://{lake}/group/"}}
    athena.create_work_group(Name="analysts", Configuration=configuration)
    for elsewhere in ({}, {"ResultConfiguration": {"OutputLocation": f"s3://{lake}/elsewhere/"}}):
        query_id = athena.start_query_execution(QueryString="SELECT 1", WorkGroup="analysts", **elsewhere)[
            "QueryExecutionId"
        ]
        execution = until(lambda query_id=query_id: ended(athena, query_id))
        assert execution["ResultConfiguration"]["OutputLocation"] == f"s3://{lake}/group/{query_id}.csv"


def test_a_workgroup_that_does_not_insist_leaves_the_location_to_the_query(athena: Any, lake: str) -> None:
    configuration = {
        "EnforceWorkGroupConfiguration": False,
        "ResultConfiguration": {"OutputLocation": f"s3://{lake}/group/"},
    }
    athena.create_work_group(Name="lenient", Configuration=configuration)
    query_id = start(athena, lake, "default", "SELECT 1", WorkGroup="lenient")
    execution = until(lambda: ended(athena, query_id))
    assert execution["ResultConfiguration"]["OutputLocation"] == f"s3://{lake}/athena/results/{query_id}.csv"


def test_a_workgroup_is_there_once_or_not_at_all(athena: Any, lake: str) -> None:
    athena.create_work_group(Name="once")
    with pytest.raises(ClientError, match="WorkGroup once is already created"):
        athena.create_work_group(Name="once")
    athena.delete_work_group(WorkGroup="once")
    for request in (
        lambda: start(athena, lake, "default", "SELECT 1", WorkGroup="once"),
        lambda: athena.get_work_group(WorkGroup="once"),
    ):
        with pytest.raises(ClientError, match="WorkGroup once is not found") as caught:
            request()
        assert caught.value.response["Error"]["Code"] == "InvalidRequestException"


def test_a_workgroup_limits_what_a_query_reads(
    local_aws: str, athena: Any, lake: str, database: str, sizes: dict[str, int], ask: Callable[..., Answer]
) -> None:
    athena.create_work_group(Name="limited", Configuration={"EnforceWorkGroupConfiguration": False})
    limit = {"BytesScannedCutoffPerQuery": sum(sizes.values()) - 1}
    unchecked = client_of(local_aws, "athena", parameter_validation=False)  # 10 MB is the least
    unchecked.update_work_group(WorkGroup="limited", ConfigurationUpdates=limit)
    answer = ask("SELECT * FROM coins", WorkGroup="limited")
    assert answer.execution["Status"]["State"] == "CANCELLED"
    assert "Bytes scanned limit was exceeded" in answer.reason
    assert len(ask("SELECT * FROM coins WHERE dt = DATE '2026-01-31'", WorkGroup="limited").rows) == 4


def test_parameters_are_filled_in(ask: Callable[..., Answer]) -> None:
    sql = "SELECT coin_id FROM coins WHERE coin_id = ? AND dt = ?"
    answer = ask(sql, ExecutionParameters=["'bitcoin'", "DATE '2026-01-31'"])
    assert answer.rows == [("coin_id",), ("bitcoin",)]


def test_results_come_in_pages_of_a_thousand_rows(
    athena: Any, lake: str, database: str, ask: Callable[..., Answer]
) -> None:
    sql = "SELECT n FROM UNNEST(sequence(1, 2500)) AS t(n) ORDER BY n"
    assert ask(sql).rows == [("n",), *((str(number),) for number in range(1, 2501))]

    query_id = start(athena, lake, database, sql)
    until(lambda: ended(athena, query_id))
    first = athena.get_query_results(QueryExecutionId=query_id)
    assert len(first["ResultSet"]["Rows"]) == 1000
    second = athena.get_query_results(QueryExecutionId=query_id, NextToken=first["NextToken"], MaxResults=10)
    assert second["ResultSet"]["Rows"][0] == {"Data": [{"VarCharValue": "1000"}]}
    with pytest.raises(ClientError, match="MaxResults"):
        athena.get_query_results(QueryExecutionId=query_id, MaxResults=1001)


def test_a_query_can_be_stopped(athena: Any, lake: str, database: str, sizes: dict[str, int]) -> None:
    endless = "UNNEST(sequence(1, 10000))"
    joins = f"{endless} AS a(x) CROSS JOIN {endless} AS b(y) CROSS JOIN {endless} AS c(z)"
    sql = f"SELECT count(*) FROM {joins} WHERE x * y % 7 = z"
    query_id = start(athena, lake, database, sql)
    until(
        lambda: (
            athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]["Status"]["State"]
            == "RUNNING"
        )
    )
    with pytest.raises(ClientError, match="Current state: RUNNING"):
        athena.get_query_results(QueryExecutionId=query_id)

    athena.stop_query_execution(QueryExecutionId=query_id)
    athena.stop_query_execution(QueryExecutionId=query_id)

    assert ended(athena, query_id)["Status"]["State"] == "CANCELLED"
    with pytest.raises(ClientError, match="Final query state: CANCELLED"):
        athena.get_query_results(QueryExecutionId=query_id)


def test_a_file_that_is_not_what_the_catalog_says_is_bad_data(
    s3: Any, glue: Any, lake: str, database: str, ask: Callable[..., Answer]
) -> None:
    s3.put_object(Bucket=lake, Key="wrong/a.parquet", Body=parquet({"price": ["1"]}))
    descriptor = {
        "Columns": [{"Name": "price", "Type": "double"}],
        "Location": f"s3://{lake}/wrong/",
        **PARQUET,
    }
    glue.create_table(DatabaseName=database, TableInput={"Name": "wrong", "StorageDescriptor": descriptor})
    assert ask("SELECT price FROM wrong").reason.startswith("HIVE_BAD_DATA: Field price's type VARCHAR")


def test_the_catalog_can_be_shown_and_repaired(
    s3: Any, glue: Any, lake: str, database: str, ask: Callable[..., Answer]
) -> None:
    assert ask("SHOW PARTITIONS coins").rows == [(f"dt={day}",) for day in DAYS]
    assert ("coins",) in ask(f"SHOW TABLES IN {database}").rows
    assert (database,) in ask("SHOW DATABASES").rows
    assert "TABLE_NOT_FOUND" in ask("SHOW PARTITIONS nope").reason

    s3.put_object(Bucket=lake, Key="repaired/dt=a%3Ab/x.parquet", Body=parquet({"n": [1]}))
    descriptor = {
        "Columns": [{"Name": "n", "Type": "bigint"}],
        "Location": f"s3://{lake}/repaired",
        **PARQUET,
    }
    keys = [{"Name": "dt", "Type": "string"}]
    table = {"Name": "repaired", "StorageDescriptor": descriptor, "PartitionKeys": keys}
    glue.create_table(DatabaseName=database, TableInput=table)
    assert ask("SELECT * FROM repaired").rows == [("n", "dt")]
    assert ask("MSCK REPAIR TABLE repaired").rows[-1] == (
        "Repair: Added partition to metastore repaired:dt=a%3Ab",
    )
    assert ask("SELECT * FROM repaired").rows == [("n", "dt"), ("1", "a:b")]


PROJECTED = {
    "projection.enabled": "true",
    "projection.dt.type": "date",
    "projection.dt.format": "yyyy-MM-dd",
    "projection.dt.range": "2026-01-01,NOW",
}


@pytest.fixture(scope="module")
def project(glue: Any, lake: str, database: str, sizes: dict[str, int]) -> Callable[..., str]:
    """Makes a table over the days of `coins` that has no partitions in the catalog; gives its name."""

    def make(name: str, parameters: dict[str, str]) -> str:
        columns = [{"Name": column, "Type": kind} for column, kind in COLUMNS.items()]
        table = {
            "Name": name,
            "PartitionKeys": [{"Name": "dt", "Type": "date"}],
            "StorageDescriptor": {"Columns": columns, "Location": f"s3://{lake}/gold/coins/", **PARQUET},
            "Parameters": {"classification": "parquet", **parameters},
        }
        glue.create_table(DatabaseName=database, TableInput=table)
        return name

    return make


def test_projected_partitions_are_those_in_range_whether_there_are_files_or_not(
    ask: Callable[..., Answer], sizes: dict[str, int], project: Callable[..., str]
) -> None:
    table = project("projected", PROJECTED | {"projection.dt.range": "2026-01-30, 2026-02-28"})
    answer = ask(f"SELECT coin_id, dt FROM {table} WHERE dt = DATE '2026-01-31' AND rank = 1")
    assert (answer.rows[1:], answer.bytes_read) == ([("bitcoin", "2026-01-31")], sizes["2026-01-31"])
    for empty in ("2026-02-01", "2026-01-29", "2026-03-01"):  # the second has files, but is out of range
        answer = ask(f"SELECT coin_id FROM {table} WHERE dt = DATE '{empty}'")
        assert (answer.rows[1:], answer.bytes_read) == ([], 0)
    counts = ask(f"SELECT dt, count(*) FROM {table} GROUP BY dt ORDER BY dt").rows[1:]
    assert counts == [(day, "3") for day in DAYS[1:]]


@pytest.mark.clock
def test_a_projection_up_to_now_has_today(
    s3: Any, lake: str, ask: Callable[..., Answer], project: Callable[..., str]
) -> None:
    table = project("projected_to_now", PROJECTED)
    today = dt.datetime.now(dt.UTC).date()
    body = parquet({"coin_id": ["bitcoin"]})
    for number in (0, 1, 2):
        key = f"gold/coins/dt={today + dt.timedelta(days=number)}/part-0.parquet"
        s3.put_object(Bucket=lake, Key=key, Body=body)
    try:
        found = ask(f"SELECT dt FROM {table} WHERE dt >= DATE '{today}' ORDER BY dt").rows[1:]
    finally:
        for number in (0, 1, 2):
            key = f"gold/coins/dt={today + dt.timedelta(days=number)}/part-0.parquet"
            s3.delete_object(Bucket=lake, Key=key)
    assert found[0] == (str(today),)
    assert len(found) <= 2, "no day that has not begun; two if midnight has just passed"


@pytest.mark.parametrize(
    "parameters",
    [
        PROJECTED | {"projection.dt.type": "integer"},
        PROJECTED | {"projection.dt.format": "yyyy/MM/dd"},
        PROJECTED | {"projection.dt.interval": "7"},
        PROJECTED | {"projection.dt.range": "NOW-3YEARS,NOW"},
        PROJECTED | {"storage.location.template": "s3://x/${dt}/"},
        {"projection.enabled": "true"},
    ],
)
def test_a_projection_that_local_aws_does_not_do_is_refused_by_name(
    ask: Callable[..., Answer], project: Callable[..., str], parameters: dict[str, str]
) -> None:
    table = project(f"odd_{abs(hash(str(parameters)))}", parameters)
    reason = ask(f"SELECT * FROM {table}").reason
    assert reason.startswith("NOT_SUPPORTED: the local AWS projects one key of type date")
    assert table in reason


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (-12.5, "-12.5"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (123456789.25, "1.2345678925E8"),
        (0.001, "0.001"),
        (0.00099, "9.9E-4"),
        (1.5e-11, "1.5E-11"),
        (4.1e22, "4.1E22"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
    ],
)
def test_doubles_look_as_java_prints_them(value: float, shown: str) -> None:
    assert java_double(value) == shown


def test_floats_have_the_figures_of_a_float() -> None:
    assert java_double(0.10000000149011612, single=True) == "0.1"


@pytest.mark.parametrize(
    "sql",
    [
        "COPY (SELECT 1 AS price) TO '{file}' (FORMAT parquet)",
        "/* a comment */ COPY coins TO '{file}'",
        "COPY coins FROM '{file}'",
        "WITH c AS (INSERT INTO coins SELECT 1) SELECT * FROM c",
        "WITH c AS (DELETE FROM coins RETURNING 1) SELECT * FROM c",
        "WITH c AS (SELECT 1) INSERT INTO coins SELECT * FROM c",
        "SELECT 1; COPY coins TO '{file}'",
        "ATTACH '{file}' AS other",
        "INSTALL httpfs",
        "LOAD httpfs",
        "PRAGMA database_list",
        "CHECKPOINT",
        "EXPORT DATABASE '{file}'",
        "SELECT * INTO other FROM coins",
        "SELECT * FROM read_parquet('{file}')",
        "SELECT * FROM read_text('{file}')",
        "SELECT * FROM '{file}'",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM query('SELECT 1')",
        "SELECT * FROM duckdb_settings()",
    ],
)
def test_what_is_no_query_of_the_catalog_changes_and_reads_nothing(
    athena: Any, s3: Any, lake: str, database: str, local_aws_state: Path, sizes: dict[str, int], sql: str
) -> None:
    key = f"gold/coins/dt={DAYS[0]}/part-0.parquet"
    before = s3.get_object(Bucket=lake, Key=key)["Body"].read()
    file = local_aws_state / "s3" / lake / key
    assert file.read_bytes() == before, "the attack aims at the right file"
    try:
        query_id = start(athena, lake, database, sql.format(file=file))
    except ClientError as error:
        assert error.response["Error"]["Code"] == "InvalidRequestException"  # noqa: PT017
    else:
        assert until(lambda: ended(athena, query_id))["Status"]["State"] == "FAILED"
    assert file.read_bytes() == before


@pytest.mark.parametrize("name", ["partitions_0", "of the engine", "main", "coins"])
def test_a_query_cannot_take_the_place_of_what_the_engine_made(ask: Callable[..., Answer], name: str) -> None:
    count = f"SELECT count(*) FROM coins WHERE dt = DATE '{DAYS[0]}'"
    evil = (
        "SELECT CAST(NULL AS varchar) AS path, ARRAY['2030-01-01'] AS v, 1 AS price, DATE '2030-01-01' AS dt"
    )
    shadowed = ask(f'WITH "{name}" AS ({evil}), c AS ({count}) SELECT * FROM c')
    if name == "coins":
        assert shadowed.rows[1:] == [("0",)], "the query's own name, as on Athena"
    else:
        assert shadowed.rows[1:] == [("3",)]
    for sql in (
        f'WITH c AS (SELECT * FROM "{name}"), "{name}" AS ({evil}) SELECT * FROM c',
        f'SELECT * FROM "{name}".partitions_0',
    ):
        answer = ask(f"{sql} LIMIT 1")
        found = answer.execution["Status"]["State"], name == "coins" and "WITH" in sql
        assert found in (("FAILED", False), ("SUCCEEDED", True)), answer.rows


def test_a_cte_sees_those_before_it_and_not_itself(ask: Callable[..., Answer]) -> None:
    day = f"dt = DATE '{DAYS[0]}'"
    own_name = ask(f"WITH coins AS (SELECT * FROM coins WHERE {day}) SELECT count(*) FROM coins")
    assert own_name.rows[1:] == [("3",)]
    in_turn = ask(
        f"WITH a AS (SELECT * FROM coins WHERE {day}), b AS (SELECT * FROM a) SELECT count(*) FROM b"
    )
    assert in_turn.rows[1:] == [("3",)]


def test_a_recursive_cte_is_refused_by_name(ask: Callable[..., Answer]) -> None:
    refused = ask(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT max(i) FROM n"
    )
    assert refused.reason.startswith("NOT_SUPPORTED: line 1:")
    assert "RECURSIVE is not supported. The embedded engine does not have it." in refused.reason


@pytest.mark.parametrize(
    ("values", "total"),
    [
        ("9223372036854775807, 0, NULL", "9223372036854775807"),
        ("-9223372036854775808, 0", "-9223372036854775808"),
        ("4611686018427387904, 4611686018427387905", "NUMERIC_VALUE_OUT_OF_RANGE"),
        ("-9223372036854775807, -2", "NUMERIC_VALUE_OUT_OF_RANGE"),
        ("9223372036854775807, 7, -9223372036854775807", "NOT_SUPPORTED"),
        ("NULL, NULL", None),
    ],
)
@pytest.mark.parametrize(
    "form", ["sum(n)", "sum(DISTINCT n)", "sum(n) FILTER (WHERE true)", "sum(n) OVER ()"]
)
def test_a_sum_of_bigints_is_right_or_fails(
    ask: Callable[..., Answer], values: str, total: str | None, form: str
) -> None:
    listed = (value if value == "NULL" else f"'{value}'" for value in values.split(", "))
    rows = ", ".join(f"(CAST({value} AS bigint))" for value in listed)
    answer = ask(f"SELECT {form} FROM (VALUES {rows}) AS t (n) LIMIT 1")
    failed = answer.execution["Status"]["State"] == "FAILED"
    assert (answer.reason.partition(":")[0] if failed else answer.rows[1][0]) == total
