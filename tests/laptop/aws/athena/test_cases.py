"""The embedded engine, held against what Trino answered to the cases in laptop/trino/cases.sql."""

from __future__ import annotations

import json
import time
from functools import cache
from typing import Any

import pytest

from laptop.trino import tables
from laptop.trino.__main__ import ANSWERS, cases
from laptop.trino.comparison import described, is_answer, sort_key

CASES = [json.loads(line) for line in ANSWERS.read_text(encoding="utf-8").rstrip("\n").split("\n")]
ANSWERED = 650
"""So many cases are answered at least; the others are refused by name."""
SHARE = 40
"""So many cases are asked by one test."""


@pytest.fixture(scope="module")
def ask(s3: Any, glue: Any, athena: Any) -> Any:
    bucket = "cases"  # as where the answers were recorded: "$path" shows it
    tables.make(s3, glue, bucket)

    @cache  # the last test counts what the others have asked
    def run(sql: str) -> dict[str, Any]:
        try:
            query_id = athena.start_query_execution(
                QueryString=sql,
                QueryExecutionContext={"Database": tables.DATABASE},
                ResultConfiguration={"OutputLocation": f"s3://{bucket}/results/"},
            )["QueryExecutionId"]
        except athena.exceptions.InvalidRequestException:
            return {"error": "SYNTAX_ERROR"}
        while True:
            status = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]["Status"]
            if status["State"] not in ("QUEUED", "RUNNING"):
                break
            time.sleep(0.005)
        if status["State"] != "SUCCEEDED":
            return {"error": status["StateChangeReason"].partition(":")[0], "reason": status}
        found = athena.get_query_results(QueryExecutionId=query_id)["ResultSet"]
        rows = [[item.get("VarCharValue") for item in row["Data"]] for row in found["Rows"][1:]]
        if "ORDER BY" not in sql.upper():
            rows.sort(key=sort_key)
        infos = found["ResultSetMetadata"]["ColumnInfo"]
        return {"columns": [[info["Name"], described(info)] for info in infos], "rows": rows}

    return run


def test_every_case_has_an_answer() -> None:
    assert [case["sql"] for case in CASES] == cases(), "python -m laptop.trino record"
    assert len(CASES) >= 300


@pytest.mark.parametrize("first", range(0, len(CASES), SHARE))
def test_each_case_is_answered_as_by_trino_or_refused_by_name(ask: Any, first: int) -> None:
    wrong = [
        (case["sql"], given, {key: case.get(key) for key in ("error", "columns", "rows")})
        for case in CASES[first : first + SHARE]
        if (given := ask(case["sql"])).get("error") != "NOT_SUPPORTED" and not is_answer(given, case)
    ]
    assert not wrong, "\n".join(f"{sql}\n  given  {given}\n  wanted {wanted}" for sql, given, wanted in wrong)


def test_most_cases_are_answered(ask: Any) -> None:
    answered = [case for case in CASES if ask(case["sql"]).get("error") != "NOT_SUPPORTED"]
    assert len(answered) >= ANSWERED
