"""Queries through Athena's API, with the AWS variables that are set when they are run."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import boto3

from lake_provider.athena_rows import parse_rows


def at(sql: str, now: datetime) -> str:
    """SQL that takes a moment (UTC) for now."""
    sql = sql.replace("CURRENT_TIMESTAMP", f"TIMESTAMP '{now:%Y-%m-%d %H:%M:%S} UTC'")
    return sql.replace("CURRENT_DATE", f"DATE '{now:%Y-%m-%d}'")


def run(sql: str, bucket: str, database: str = "default") -> dict[str, Any]:
    """Run SQL to its end; returns the QueryExecution, which has succeeded."""
    athena = boto3.client("athena")
    started = athena.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Database": database},
        ResultConfiguration={"OutputLocation": f"s3://{bucket}/athena/results/"},
    )["QueryExecutionId"]
    while True:
        execution = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]
        if execution["Status"]["State"] not in {"QUEUED", "RUNNING"}:
            break
        time.sleep(0.05)
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"].get("StateChangeReason")
    return execution


def rows(execution: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a query that has succeeded."""
    pages = boto3.client("athena").get_paginator("get_query_results")
    return list(parse_rows(pages.paginate(QueryExecutionId=execution["QueryExecutionId"])))
