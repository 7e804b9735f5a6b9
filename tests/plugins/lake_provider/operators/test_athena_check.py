"""AthenaCheckOperator, against queries that really run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from lake_provider.operators.athena_check import AthenaCheckOperator
from tests import athena


@pytest.fixture(scope="module", autouse=True)
def results(local_aws: str, aws_environment: dict[str, str]) -> Iterator[None]:
    with patch.dict(os.environ, aws_environment):
        boto3.client("s3").create_bucket(Bucket="athena-operator-test")
        yield


def operator(sql: str) -> AthenaCheckOperator:
    return AthenaCheckOperator(
        task_id="check_gold",
        query=sql,
        database="default",
        output_location="s3://athena-operator-test/",
        sleep_time=0,
        deferrable=False,
        do_xcom_push=False,
    )


def gate(sql: str) -> str:
    context: Any = {}
    return operator(sql).execute(context)


def checks(*rows: str) -> str:
    return f"SELECT * FROM (VALUES {', '.join(rows)}) AS t (check_name, passed, observed, expected)"


GOOD = "('keys_unique', true, '100 rows', 'every coin once')"


def test_the_gate_opens_when_every_check_passes() -> None:
    assert gate(checks(GOOD, "('fresh', true, '9 minutes', 'at most 720')"))


def test_a_closed_gate_names_the_check_and_the_numbers() -> None:
    with pytest.raises(AirflowFailException) as closed:
        gate(checks(GOOD, "('enough_coins', false, '12 ranked coins', 'at least 50')"))
    assert str(closed.value) == (
        "1 of 2 checks failed: enough_coins: observed 12 ranked coins, expected at least 50"
    )


def test_a_check_that_is_null_has_not_passed() -> None:
    with pytest.raises(AirflowFailException, match="1 of 1 checks failed: shares_add_up"):
        gate(checks("('shares_add_up', CAST(NULL AS BOOLEAN), CAST(NULL AS VARCHAR), '100 %')"))


def test_no_checks_at_all_close_the_gate() -> None:
    with pytest.raises(AirflowFailException, match="gave no checks"):
        gate(checks(GOOD) + " WHERE 1 = 0")


def test_the_gate_is_as_tight_when_the_query_is_waited_for_in_the_triggerer() -> None:
    sql = checks("('fresh', false, '900 minutes', 'at most 720')")
    started = athena.run(sql, "athena-operator-test")["QueryExecutionId"]
    context: Any = {}
    with pytest.raises(AirflowFailException, match="fresh: observed 900 minutes"):
        operator(sql).execute_complete(context, {"status": "success", "value": started})


def test_a_query_that_fails_says_why() -> None:
    with pytest.raises(AirflowException, match=r"COLUMN_NOT_FOUND.*no_such_column"):
        gate("SELECT no_such_column")
