"""### Tells people when the day's data are late on the website

**What it makes.** Nothing. `check_website` looks at the website's data files; if they are not of the *run date*, or of a later
day, the task fails, and so the alert of a failed task goes out: one a day, whatever kept `crypto_market_daily` from
publishing: a failed task, a run that hangs or has not begun, a paused DAG.

**When.** 03:30 UTC, an hour and a half after `crypto_market_daily` begins. It starts nothing and waits for nothing. Airflow's own
deadline alerts are not used: in Airflow 3.2.1 they make `airflow dags test` fail (apache/airflow#73428), and are lost when
the DAG file changes (apache/airflow#68732).

**Needs.** Airflow Variable `crypto_lake`, and AWS credentials that may read `data/` of the website's bucket. The DAG has to be unpaused,
like `crypto_market_daily`. When no scheduler runs, it does not run either: for that there is an alarm in CloudWatch, *Website out
of date*.

**Rerunning is safe.** It only reads. Cleared after the day was published, it succeeds.

**When a task fails**

| task | usual reason | what to do |
|---|---|---|
| `check_website` | the day's run of `crypto_market_daily` has not published: the error names what the website shows | find out what keeps it, clear that; then clear this task, to see that it is so |
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, task

from include.crypto_lake import layout
from include.orchestration.alerts import run_failed
from include.orchestration.defaults import DEFAULT_ARGS, Tag
from include.orchestration.runbooks import runbook
from include.orchestration.templates import MACROS

with DAG(
    dag_id="crypto_market_deadline",
    description="Alerts when the website does not show the day's data in time",
    doc_md=runbook(__doc__, "crypto_market_deadline"),
    schedule=layout.DEADLINE_SCHEDULE,
    start_date=layout.START,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    on_failure_callback=run_failed,
    default_args=DEFAULT_ARGS,
    tags={Tag.CRYPTO_LAKE, Tag.DAILY},
    user_defined_macros=MACROS,
    render_template_as_native_obj=False,
) as dag:

    @task(doc_md="Fail, and so alert, unless the website shows the run date's data.")
    def check_website(run_date: str, bucket: str) -> dict[str, str]:
        """Fail, and so alert, unless the website shows the run date's data."""
        from include.orchestration.publication import require_published

        return require_published(run_date=run_date, bucket=bucket)

    check_website(run_date="{{ run_date() }}", bucket="{{ lake('website_bucket') }}")
