"""A quality gate: one Athena query whose rows are checks."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from lake_provider.athena_rows import fetch_rows
from lake_provider.operators.athena_query import AthenaQueryOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class AthenaCheckOperator(AthenaQueryOperator):
    """Run a query that gives one row a check, and fail if any of them did not pass.

    The query's columns are `check_name`, `passed` (boolean), `observed` and `expected` (text). A NULL in
    `passed` is a check that did not pass. common-sql's check operators say only which SQL failed, and need a
    connection more; here the numbers are in the error.

    A failed check is not retried: the same data would fail again.
    """

    def execute(self, context: Context) -> str:
        """Run the query and read the checks.

        Returns:
            The query execution's id.

        Raises:
            AirflowFailException: naming each failed check, what was observed and what was expected.
        """
        return self._require_all_passed(super().execute(context))

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> str:
        """As `execute`, once a query that was waited for in the triggerer has ended."""
        return self._require_all_passed(super().execute_complete(context, event))

    def _require_all_passed(self, query_execution_id: str | None) -> str:
        if query_execution_id is None:
            raise AirflowFailException(f"{self.task_id}: Athena gave no query execution id")
        checks = fetch_rows(self.hook, query_execution_id)
        if not checks:
            raise AirflowFailException(
                f"{self.task_id}: the query gave no checks, so nothing is known to be right"
            )
        for check in checks:
            level, verdict = (logging.INFO, "passed") if check["passed"] else (logging.ERROR, "FAILED")
            self.log.log(
                level, "%-6s %s: %s (%s)", verdict, check["check_name"], check["observed"], check["expected"]
            )
        if failed := [check for check in checks if not check["passed"]]:
            raise AirflowFailException(
                f"{len(failed)} of {len(checks)} checks failed: "
                + "; ".join(
                    f"{c['check_name']}: observed {c['observed']}, expected {c['expected']}" for c in failed
                )
            )
        return query_execution_id
