"""The embedded engine, held against what Trino answered to the cases in laptop/trino/cases.sql."""

from __future__ import annotations

import json
import math
import time
from functools import cache
from typing import Any

import pytest

from laptop.trino import tables
from laptop.trino.__main__ import ANSWERS, cases, described

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
            rows.sort(key=lambda row: [(value is None, value or "") for value in row])
        infos = found["ResultSetMetadata"]["ColumnInfo"]
        return {"columns": [[info["Name"], described(info)] for info in infos], "rows": rows}

    return run


def is_same(given: str | None, wanted: str | None, kind: str) -> bool:
    """Whether two values are the same, but for the last digits of doubles."""
    if given == wanted or given is None or wanted is None or kind not in ("double", "float"):
        return given == wanted
    return math.isclose(float(given), float(wanted), rel_tol=1e-9)


def is_answer(given: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether an answer is Trino's: the error, or columns and rows."""
    if "error" in given or "error" in wanted:
        return given.get("error") == wanted.get("error")
    kinds = [kind for _, kind in wanted["columns"]]
    return (
        given["columns"] == wanted["columns"]
        and len(given["rows"]) == len(wanted["rows"])
        and all(
            all(map(is_same, row, other, kinds))
            for row, other in zip(given["rows"], wanted["rows"], strict=True)
        )
    )


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
