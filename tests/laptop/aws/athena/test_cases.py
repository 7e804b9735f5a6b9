"""The embedded engine, held against what Trino answered to the cases in laptop/trino/cases.sql."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import pytest

from laptop.trino import tables
from laptop.trino.__main__ import ANSWERS, cases, described

CASES = [json.loads(line) for line in ANSWERS.read_text(encoding="utf-8").splitlines()]
ANSWERED = 200
"""So many cases are answered at least; the others are refused by name."""


@pytest.fixture(scope="module")
def ask(s3: Any, glue: Any, athena: Any) -> Any:
    bucket = "cases"  # as where the answers were recorded: "$path" shows it
    tables.make(s3, glue, bucket)

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


def is_same(given: Any, wanted: Any) -> bool:
    """Whether two answers are the same, but for the last digits of doubles."""
    if isinstance(given, list) and isinstance(wanted, list):
        return len(given) == len(wanted) and all(map(is_same, given, wanted))
    if given == wanted or given is None or wanted is None:
        return bool(given == wanted)
    try:
        return math.isclose(float(given), float(wanted), rel_tol=1e-9)
    except ValueError:
        return False


def test_every_case_has_an_answer() -> None:
    assert [case["sql"] for case in CASES] == cases(), "python -m laptop.trino record"
    assert len(CASES) >= 300


def test_each_case_is_answered_as_by_trino_or_refused_by_name(ask: Any) -> None:
    wrong, answered = [], 0
    for case in CASES:
        given = ask(case["sql"])
        if given.get("error") == "NOT_SUPPORTED":
            continue
        wanted = case.get("error")
        if given.get("error") != wanted or (
            wanted is None
            and (given["columns"] != case["columns"] or not is_same(given["rows"], case["rows"]))
        ):
            wrong.append((case["sql"], given, {key: case.get(key) for key in ("error", "columns", "rows")}))
        else:
            answered += 1
    assert not wrong, "\n".join(f"{sql}\n  given  {given}\n  wanted {wanted}" for sql, given, wanted in wrong)
    assert answered >= ANSWERED
