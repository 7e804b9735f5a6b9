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
def requested_coins(context: Mapping[str, Any]) -> int:
    """How many coins were requested for the run's ingestion, which may be older than the settings."""
    return int(context["ti"].xcom_pull(task_ids="fetch_markets")["requested"])


MACROS: dict[str, Callable[..., Any]] = {
    "run_date": run_date,
    "day": day,
    "lake": lake,
    "requested_coins": requested_coins,
}
