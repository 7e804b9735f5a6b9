"""What every task of both DAGs has in common: owner, retries, timeouts."""

from datetime import timedelta
from enum import StrEnum
from typing import Any

DEFAULT_ARGS: dict[str, Any] = {
    "owner": "data-platform",
    "depends_on_past": False,
    "retries": 2,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=10),
    # Of the task's own code. A deferred task waits in the triggerer: its waiter's attempts bound that.
    "execution_timeout": timedelta(minutes=15),
}


class Tag(StrEnum):
    """The tags a DAG may carry; a test refuses any other."""

    CRYPTO_LAKE = "crypto-lake"
    DAILY = "daily"
    ON_ARRIVAL = "on-arrival"
