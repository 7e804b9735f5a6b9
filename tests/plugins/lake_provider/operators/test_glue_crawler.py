"""GlueCatalogCrawlerOperator, against crawlers that really crawl."""

from __future__ import annotations

import asyncio
import io
import json
import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskDeferred
from airflow.sdk.module_loading import import_string

from lake_provider.operators import glue_crawler
from lake_provider.operators.glue_crawler import GlueCatalogCrawlerOperator

BUCKET = "crawler-operator-test"
DATABASE = "crawler_operator_test"
CONTEXT: Any = {}


@pytest.fixture(scope="module", autouse=True)
def database(aws_environment: dict[str, str]) -> Iterator[None]:
    with patch.dict(os.environ, aws_environment):
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        boto3.client("glue").create_database(DatabaseInput={"Name": DATABASE})
        yield


@pytest.fixture
def table() -> str:
    """The name of a crawler, of its folder, and of the table that it makes."""
    name = f"t{uuid.uuid4().hex[:8]}"
    boto3.client("glue").create_crawler(
        Name=name,
        Role="r",
        DatabaseName=DATABASE,
        Targets={"S3Targets": [{"Path": f"s3://{BUCKET}/{name}/"}]},
        SchemaChangePolicy={"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"},
    )
    return name


def put_day(table: str, day: str, body: bytes | None = None, **columns: Any) -> None:
    content = io.BytesIO()
    pq.write_table(pa.table({"id": ["bitcoin"], **columns}), content)
    key = f"{table}/year=2026/month=02/day={day}/data.parquet"
    boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body or content.getvalue())


def crawls(name: str) -> int:
    return len(boto3.client("glue").list_crawls(CrawlerName=name)["Crawls"])


@contextmanager
def never_read(file: Path) -> Iterator[None]:
    """A pipe in a file's place: whoever reads it waits until the block ends, and then finds no file."""
    file.unlink()
    os.mkfifo(file)
    try:
        yield
    finally:
        writer = os.open(file, os.O_RDWR)  # opens even if nobody reads
        file.unlink()
        os.close(writer)


class Task:
    """The task as a DAG has it: its execution, and what follows while it is deferred."""

    def __init__(
        self,
        table: str,
        partitions: Any,
        columns: Any = (),
        *,
        crawler: str | None = None,
        tables: Sequence[str] = (),
    ) -> None:
        self.operator = GlueCatalogCrawlerOperator(
            task_id="crawl",
            crawler_name=crawler or table,
            database=DATABASE,
            tables=tables or [table],
            partitions=partitions,
            columns=columns,
            poll_interval=1,
        )

    def run(self) -> dict[str, Any]:
        step, arguments = self.operator.execute, {}
        while True:
            try:
                return step(CONTEXT, **arguments)
            except TaskDeferred as deferred:
                classpath, kwargs = deferred.trigger.serialize()
                trigger = import_string(classpath)(
                    **json.loads(json.dumps(kwargs))
                )  # as the triggerer has it
                step = getattr(self.operator, deferred.method_name)
                arguments = {**deferred.kwargs, "event": asyncio.run(first_payload(trigger))}


async def first_payload(trigger: Any) -> Any:
    async with asyncio.timeout(60), aclosing(trigger.run()) as events:
        return (await anext(events)).payload


def day(number: str) -> list[str]:
    return ["2026", "02", number]


def test_only_a_new_day_or_a_new_column_is_worth_a_crawl(table: str) -> None:
    put_day(table, "25", price=[1.5])
    assert Task(table, [day("25")], ["id", "Price"]).run() == {"crawled": True, "partitions": 1, "columns": 2}
    put_day(table, "25", price=[2.5])
    again = Task(table, [day("25"), day("25")], ["price", "day"]).run()
    assert again == {"crawled": False, "partitions": 1, "columns": 2}
    assert crawls(table) == 1

    put_day(table, "26", price=[1.5])
    assert Task(table, [day("25"), day("26")], ["price"]).run()["crawled"]
    put_day(table, "26", price=[1.5], volume=[1.5])
    assert Task(table, [day("26")], ["price", "volume"]).run()["crawled"]
    assert crawls(table) == 3


def test_nothing_to_look_for_is_nothing_to_crawl(table: str) -> None:
    assert Task(table, "[]", "[]").run() == {"crawled": False, "partitions": 0, "columns": 0}
    assert crawls(table) == 0


def test_a_crawl_that_succeeded_without_finding_it_is_a_failure(table: str) -> None:
    put_day(table, "25")
    missing = [day(f"{number:02}") for number in range(1, 13)]
    with pytest.raises(AirflowException) as failure:
        Task(table, [day("25"), *missing], ["id", "volume"]).run()
    message = str(failure.value)
    assert (
        f"Glue crawler {table} succeeded, but in database {DATABASE} table {table} lacks partitions "
        "2026/02/01, " in message
    )
    assert "2026/02/10 and 2 more and columns volume: look whether" in message


def test_a_failed_crawl_tells_glues_own_error(table: str) -> None:
    put_day(table, "25", body=b"no Parquet")
    with pytest.raises(AirflowException, match=r"the crawl is FAILED: s3://.*/data.parquet is not Parquet"):
        Task(table, [day("25")]).run()


def test_a_missing_crawler_is_named_and_not_retried() -> None:
    with pytest.raises(AirflowFailException, match=r"Glue crawler nobody does not exist: .*crawlers\.yaml"):
        Task("t", [day("25")], crawler="nobody").run()


def test_a_crawl_that_is_going_already_is_waited_for_and_another_one_follows(
    table: str, local_aws_state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_day(table, "25")
    file = local_aws_state / "s3" / BUCKET / table / "year=2026" / "month=02" / "day=25" / "data.parquet"
    task = Task(table, [day("25")])
    monkeypatch.setattr(glue_crawler, "_PATIENCE", 0.5)
    with never_read(file):
        task.operator.hook.conn.start_crawler(Name=table)
        with pytest.raises(TaskDeferred) as deferred:
            task.operator.execute(CONTEXT)
        assert deferred.value.kwargs == {"ours": False, "before": None}
        late = {"status": "error", "message": "Waiter error"}
        with pytest.raises(AirflowException, match=r"is still RUNNING \(Waiter error\)"):
            task.operator.execute_complete(CONTEXT, late, ours=False)
    put_day(table, "25")
    asyncio.run(first_payload(deferred.value.trigger))  # the other crawl has failed: no matter
    result = task.operator.execute_complete(CONTEXT, {"status": "success"}, ours=False)
    assert result == {"crawled": True, "partitions": 1, "columns": 0}
    assert crawls(table) == 2


def test_a_short_crawl_is_waited_for_without_a_trigger(table: str) -> None:
    put_day(table, "25")
    assert Task(table, [day("25")]).operator.execute(CONTEXT)["crawled"]


class EarlyGlue:
    """A Glue that shows a crawler as READY, with the crawl before, for some looks after StartCrawler."""

    def __init__(self, glue: Any, late: int) -> None:
        self._glue, self._late = glue, late
        self._shown: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._glue, name)

    def get_crawler(self, **request: Any) -> Any:
        if self._shown is not None and self._late:
            self._late -= 1
            return self._shown
        return self._glue.get_crawler(**request)

    def start_crawler(self, **request: Any) -> Any:
        self._shown = self._glue.get_crawler(**request)
        return self._glue.start_crawler(**request)


@pytest.mark.parametrize("has_crawled", [False, True])
def test_the_crawl_before_is_not_taken_for_the_tasks_own(table: str, has_crawled: bool) -> None:
    if has_crawled:
        put_day(table, "25", body=b"no Parquet")
        with pytest.raises(AirflowException, match="the crawl is FAILED"):
            Task(table, [day("25")]).run()
    put_day(table, "25")
    task = Task(table, [day("25")])
    task.operator.hook.conn = EarlyGlue(boto3.client("glue"), late=2)
    assert task.run()["crawled"]


def test_a_crawl_that_leaves_no_trace_is_a_failure(table: str) -> None:
    put_day(table, "25")
    task = Task(table, [day("25")])
    with pytest.raises(AirflowException, match=r"is READY, but the crawl .* has left no trace: its last one"):
        task.operator.execute_complete(CONTEXT, {"status": "success"}, ours=True, before=None)


def test_all_tables_of_a_crawler_have_to_have_the_day(table: str) -> None:
    put_day(table, "25")
    with pytest.raises(AirflowException, match="table nobodys lacks partitions 2026/02/25: look whether"):
        Task(table, [day("25")], tables=[table, "nobodys"]).run()
    assert not Task(table, [day("25")], tables=[table, table]).run()["crawled"]


def test_many_partitions_are_looked_up_in_groups(table: str) -> None:
    glue = boto3.client("glue")
    descriptor = {"Columns": [{"Name": "id", "Type": "string"}], "Location": f"s3://{BUCKET}/{table}/"}
    keys = [{"Name": "day", "Type": "string"}]
    glue.create_table(
        DatabaseName=DATABASE,
        TableInput={"Name": table, "StorageDescriptor": descriptor, "PartitionKeys": keys},
    )
    days = [[str(number)] for number in range(1100)]
    glue.batch_create_partition(
        DatabaseName=DATABASE,
        TableName=table,
        PartitionInputList=[{"Values": values, "StorageDescriptor": descriptor} for values in days],
    )
    assert Task(table, days).run() == {"crawled": False, "partitions": 1100, "columns": 0}
    with pytest.raises(AirflowException, match="lacks partitions 1100: look"):
        Task(table, [*days, ["1100"]]).run()


def test_lists_may_come_as_any_sequence_or_as_json(table: str) -> None:
    put_day(table, "25")
    assert Task(table, json.dumps([day("25")]), '["id"]').run()["crawled"]
    assert not Task(table, [tuple(day("25"))], ("id",)).run()["crawled"]


@pytest.mark.parametrize(
    ("partitions", "columns", "reason"),
    [
        ("None", [], "partitions of crawl is 'None'"),
        (None, [], "partitions of crawl is None"),
        (["2026", "02", "25"], [], r"partitions of crawl is \['2026', '02', '25'\]: give a list like"),
        ([[2026, 2, 25]], [], "one text a partition key"),
        ([[]], [], r"partitions of crawl is \[\[\]\]"),
        ([], "id, price", "columns of crawl is 'id, price': give a list of names"),
        ([], [1], r"columns of crawl is \[1\]"),
    ],
)
def test_an_argument_that_is_no_such_list_is_named(partitions: Any, columns: Any, reason: str) -> None:
    with pytest.raises(AirflowFailException, match=reason):
        Task("t", partitions, columns).run()
