"""A job run that outlasts its Timeout. The shortest is a minute, so it was started with the first test."""

from __future__ import annotations

from typing import Any

from tests.laptop.aws.glue.test_glue_jobs import until_ended


def test_a_run_that_outlasts_its_timeout_is_ended(glue: Any, overdue_run: tuple[str, str]) -> None:
    run = until_ended(glue, *overdue_run)
    assert run["JobRunState"] == "TIMEOUT"
    assert "Timeout of 1 minutes" in run["ErrorMessage"]
    assert 60 <= run["ExecutionTime"] < 90
