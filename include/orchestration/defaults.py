"""What every task of all DAGs has in common: owner, retries, timeouts, the alert when it fails."""

from datetime import timedelta
from enum import StrEnum
from typing import Any

from airflow.configuration import conf

from include.orchestration.alerts import task_failed

POLL_SECONDS = conf.getint("crypto_lake", "poll_seconds", fallback=10)
"""Seconds between two looks at what a task waits for: Airflow's option `[crypto_lake] poll_seconds`."""

DEFAULT_ARGS: dict[str, Any] = {
    "owner": "data-platform",
    "aws_conn_id": None,  # the environment's own credentials: on MWAA the execution role
    "depends_on_past": False,
    "retries": 2,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=10),
    # Of the task's own code. A deferred task waits in the triggerer: its waiter's attempts bound that.
    "execution_timeout": timedelta(minutes=15),
    "on_failure_callback": task_failed,
}


class Tag(StrEnum):
    """The tags a DAG may carry; a test refuses any other."""

    CRYPTO_LAKE = "crypto-lake"
    DAILY = "daily"
    HISTORY = "history"
    ON_ARRIVAL = "on-arrival"
