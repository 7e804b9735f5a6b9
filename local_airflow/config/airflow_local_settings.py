"""Makes `airflow dags test` fast on a laptop; Airflow imports this module by its name when it is on the path.

`dags test` builds a new in-process execution API for every task, five CPU seconds each. One serves them all.
"""

import functools
import sys

if sys.argv[1:3] == ["dags", "test"]:
    from airflow.sdk.execution_time import supervisor

    supervisor.in_process_api_server = functools.cache(supervisor.in_process_api_server)
