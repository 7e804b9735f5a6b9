"""Makes Airflow quick on a laptop. Airflow imports this module by its name, in every command."""

import functools
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

if sys.argv[1:3] == ["dags", "test"]:
    from airflow.sdk.execution_time import supervisor

    # `dags test` builds a new in-process execution API for every task, five CPU seconds each. One serves all.
    supervisor.in_process_api_server = functools.cache(supervisor.in_process_api_server)

    def task_policy(task: "BaseOperator") -> None:
        """Fail at once: somebody is watching, and running the day again is one command."""
        task.retries = 0


if sys.argv[1:2] == ["scheduler"]:
    # The executor forks a process for every task: what is loaded before, no task has to load.
    import boto3  # noqa: F401
    import pandas  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    from airflow.providers.amazon.aws.operators import athena, glue, glue_crawler  # noqa: F401
    from airflow.providers.amazon.aws.triggers import sqs  # noqa: F401
