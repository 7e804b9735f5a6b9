"""What templates of all DAGs use: `{{ run_date() }}`, `{{ day('from_date') }}`, `{{ lake('bucket') }}`.

A manual or asset-triggered run of Airflow 3 may have no logical date, and then `{{ ds }}` raises; these
do not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from jinja2 import pass_context

from include.crypto_lake.settings import VARIABLE, LakeSettings, SettingsError

_INGESTING_TASKS = ("fetch_markets", "fetch_history")
"""Whichever of them a DAG has reports what the run has ingested."""


@pass_context
def run_date(context: Mapping[str, Any]) -> str:
    """The UTC date a run is about: its `run_date` parameter, else its logical date, else the time it was due.

    Returns:
        `YYYY-MM-DD`.

    Raises:
        ValueError: the parameter is not such a date. (It becomes part of S3 keys and SQL.)
    """
    chosen = context["params"].get("run_date")
    if chosen is None:
        dag_run = context["dag_run"]
        return str((dag_run.logical_date or dag_run.run_after).date())
    return day(context, "run_date")


@pass_context
def day(context: Mapping[str, Any], parameter: str) -> str:
    """The UTC date that a run's parameter names.

    Returns:
        `YYYY-MM-DD`.

    Raises:
        ValueError: the parameter is not such a date. (It becomes part of S3 keys and SQL.)
    """
    chosen = context["params"].get(parameter)
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", chosen):
            raise ValueError
        return date.fromisoformat(chosen).isoformat()
    except (TypeError, ValueError):
        raise ValueError(f"params.{parameter} must be a date like 2026-01-31; it is {chosen!r}") from None


def lake(key: str) -> str | int:
    """A setting of the lake, from the Airflow Variable `crypto_lake`, read when a task runs.

    Raises:
        SettingsError: the Variable is missing, or the setting is; the message names it and the remedy.
    """
    from airflow.sdk import Variable

    text = Variable.get(VARIABLE, default="{}")
    try:
        value = json.loads(text)
    except ValueError as error:
        raise SettingsError(f"Airflow Variable '{VARIABLE}' is not JSON ({error}): {text!r}") from None
    return getattr(LakeSettings.from_variable(value), key)  # type: ignore[no-any-return]


@pass_context
def currency(context: Mapping[str, Any]) -> str:
    """The currency of the run's ingestion, which may be older than the settings."""
    return str(_ingestion(context, "currency"))


@pass_context
def requested_coins(context: Mapping[str, Any]) -> int:
    """How many coins were requested for the run's ingestion, which may be older than the settings."""
    return int(_ingestion(context, "requested"))


def _ingestion(context: Mapping[str, Any], key: str) -> Any:
    """What the run's ingestion was, as its task has reported.

    Raises:
        ValueError: the task has not run, or an earlier release has run it.
    """
    task_id = next(task_id for task_id in _INGESTING_TASKS if task_id in context["dag"].task_ids)
    reported = context["ti"].xcom_pull(task_ids=task_id) or {}
    if key not in reported:
        raise ValueError(
            f"{task_id} of this run does not report its {key!r}, because it has not run, or an earlier "
            f"release ran it: clear {task_id} with everything downstream"
        )
    return reported[key]


MACROS: dict[str, Callable[..., Any]] = {
    "run_date": run_date,
    "day": day,
    "lake": lake,
    "currency": currency,
    "requested_coins": requested_coins,
}
