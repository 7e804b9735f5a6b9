"""### Price files dropped into the lake, cleaned and queryable within seconds

**What it makes.** Of every file below `raw/`: cleaned rows in `processed/crypto/year=…/month=…/day=…/data.parquet`, the
table `processed_crypto`, and below `rejected/raw/` what could not be used, with the reasons.

| task | does |
|---|---|
| `find_arrivals` | lists `raw/`, compares it with what has been made of it, and keeps the run's list in `manifests/on_arrival/<run_id>.json` |
| `process_arrivals` | mapped, one task an object (beyond twenty, a task takes several): cleans it and folds its rows into the days they are of; the latest row of a coin wins. A file or row that cannot be used goes to `rejected/raw/` |
| `crawl_processed` | adds new days and columns to `processed_crypto`; without any, it leaves the crawler alone |
| `report` | sums up files and rows, also in CloudWatch (namespace `CryptoLake`); sends an alert when some were refused |

**When.** As soon as an object is put below `raw/`: S3 tells the queue `crypto-lake-arrivals`, which the triggerer watches.
And every 15 minutes, for messages that were lost. A message only wakes the DAG; each run looks for itself, so merged,
repeated, lost and late messages do no harm. A run that finds nothing is one successful task, `find_arrivals`; the others are skipped.

**Which day a row belongs to.** The day of its own time. The date in the file's key (`raw/crypto_prices_2026-02-25.json`)
stands in where a row has no time.

**Needs.** Airflow Variable `crypto_lake` (`bucket`, and for alerts `alert_topic_arn`), AWS credentials (on MWAA: the
execution role), and the queue, the bucket's notification, the crawler and the topic of `include/resources/`. The DAG has
to be unpaused: a paused one takes no messages, but loses none either.

**Rerunning is safe.** Each output names its sources with their ETags: an object that is in there is not added twice. Clear
any task, any number of times. To make everything anew from `raw/`, which is kept for ever, trigger the DAG with
`reprocess` = `raw/`, or with a longer prefix for a part of it: for instance after a release that cleans better. New files
wait until a replay has ended. After a release that gave a column another type, delete the table `processed_crypto` first.

**When a task fails**

| task | usual reason | what to do |
|---|---|---|
| `find_arrivals` | the bucket, or the right to list it, is missing; `… was not written by this pipeline`: somebody put a file of his own into `processed/crypto/` | mend what the message names; for a foreign file: move it away, then clear the task |
| `process_arrivals` | S3 was not to be had; `… written by others`: many files of one day at once | clear the failed mapped tasks with everything downstream; the other files have been processed |
| `crawl_processed` | the crawler's own message is in the error; `… does not exist`: create it from `include/resources/crawlers.yaml` | clear the task: the data are in S3 already, only the catalog lacks them |
| `report` | some objects were not dealt with | see `process_arrivals` |

**Nothing happens when a file is put**

1. Is the DAG unpaused, and is the triggerer running? 2. Does the object's key start with `raw/`? 3. Are there messages in
`crypto-lake-arrivals` or in its dead-letter queue? Trigger the DAG by hand, or wait for the timer: it finds every file
whether or not there was a message. 4. Same key and same ETag as before is the same object: nothing to do.

Messages in the dead-letter queue were received five times and never deleted: the triggerer lacks `sqs:DeleteMessage`. They
may be purged: no file depends on them.

**A file was refused.** Its task is skipped, not green, and its label says *refused*, the file's key and the reason. The alert names the note in `rejected/raw/…/file-note.json`: reason, first bytes, remedy. Put the
corrected file under the same key: it is taken up by itself. Until then its days have no rows of it, neither of an earlier
version. After a mended release, trigger with `reprocess` = the file's key.

**A file was wrong, and its rows have to go.** Put the right one under its key. Or delete it from `raw/`, then delete the
`data.parquet` of its days: the next run makes them again from the other files. (Deleting it from `raw/` alone changes nothing.)
Which files a day was made of: the columns `source_file` and `source_row`, and the sources in the file's metadata.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import (
    DAG,
    Asset,
    AssetOrTimeSchedule,
    AssetWatcher,
    CronTriggerTimetable,
    Param,
    TriggerRule,
    get_current_context,
    task,
)
from airflow.sdk.bases.xcom import BaseXCom
from airflow.sdk.exceptions import AirflowSkipException

from include.crypto_lake import layout
from include.orchestration import arrival_tasks, assets, metrics
from include.orchestration.alerts import run_failed
from include.orchestration.defaults import DEFAULT_ARGS, POLL_SECONDS, Tag
from include.orchestration.runbooks import runbook
from include.orchestration.templates import MACROS
from lake_provider.operators.glue_crawler import GlueCatalogCrawlerOperator
from lake_provider.triggers.sqs import ArrivalQueueTrigger

RUN: dict[str, str] = {
    "run": "{{ run_id }}",
    "bucket": "{{ lake('bucket') }}",
    "reprocess": "{{ params.reprocess or '' }}",
}
raw_prices = Asset(
    "raw_prices",
    group=assets.GROUP,
    watchers=[AssetWatcher(name="arrivals", trigger=ArrivalQueueTrigger(queue_name=layout.ARRIVALS_QUEUE))],
)

with DAG(
    dag_id="crypto_prices_on_arrival",
    description="Price files dropped into raw/: cleaned with pandas, partitioned, catalogued",
    doc_md=runbook(__doc__, "crypto_prices_on_arrival"),
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable(layout.ARRIVALS_SCHEDULE, timezone="UTC"), assets=raw_prices
    ),
    start_date=layout.START,
    catchup=False,
    is_paused_upon_creation=False,  # nobody starts it
    max_active_runs=1,  # what arrives meanwhile is the next run's
    dagrun_timeout=timedelta(hours=4),
    on_failure_callback=run_failed,
    default_args=DEFAULT_ARGS,
    tags={Tag.CRYPTO_LAKE, Tag.ON_ARRIVAL},
    user_defined_macros=MACROS
    | {"output_partitions": arrival_tasks.output_partitions, "output_columns": arrival_tasks.output_columns},
    render_template_as_native_obj=False,
    params={
        "reprocess": Param(
            None,
            type=["null", "string"],
            pattern=f"^{layout.RAW}/",
            title="Process again",
            description="A prefix of keys, like raw/ (everything) or raw/crypto_prices_2026-02. Empty: what is new.",
        )
    },
) as dag:

    @task.short_circuit(
        doc_md="List raw/, compare it with what has been made of it; if nothing is new, end the run."
    )
    def find_arrivals(run: str, bucket: str, reprocess: str) -> list[dict[str, Any]]:
        """List `raw/`, compare it with what has been made of it, and keep the run's list for a rerun."""
        return arrival_tasks.find(run, bucket, reprocess)

    @task(
        # A small file takes 340 MB, its supervisor included; a worker of mw1.small has 2 GB and takes five tasks.
        max_active_tis_per_dagrun=2,
        map_index_template="{{ refusal | default(task.op_kwargs['batch']['label'], true) }}",
        # Soon: the next files wait for this run, and a file that fails three times is refused.
        retry_delay=timedelta(seconds=5),
        doc_md="Clean one object and fold its rows into the days they are of; refuse what cannot be used.",
    )
    def process_arrivals(
        batch: dict[str, Any], run: str, bucket: str, reprocess: str, currency: str, ti: Any = None
    ) -> list[dict[str, Any]]:
        """Clean one object and fold its rows into the days they are of; refuse what cannot be used."""
        outcomes = arrival_tasks.process(batch["number"], run, bucket, reprocess, currency, ti.try_number)
        if refusal := arrival_tasks.refusal(outcomes):
            get_current_context()["refusal"] = refusal  # type: ignore[typeddict-unknown-key]  # for the label
            ti.xcom_push(
                key=BaseXCom.XCOM_RETURN_KEY, value=outcomes
            )  # for the report: a skipped task returns nothing
            raise AirflowSkipException(refusal)
        return outcomes

    # Also when tasks were skipped, because their files were refused, or have failed.
    @task(trigger_rule=TriggerRule.ALL_DONE, on_success_callback=metrics.arrivals)
    def report(results: list[list[dict[str, Any]]], run: str, bucket: str) -> dict[str, Any]:
        """Sum up files and rows; send an alert when some were refused."""
        return arrival_tasks.report(results, run, bucket)

    found = find_arrivals(**RUN)
    processed = process_arrivals.partial(**RUN, currency="{{ lake('currency') }}").expand(batch=found)
    crawl_processed = GlueCatalogCrawlerOperator(
        task_id="crawl_processed",
        crawler_name=layout.PROCESSED_CRAWLER.name,
        database=layout.DATABASE,
        tables=layout.PROCESSED_CRAWLER.table_names,
        partitions="{{ output_partitions(lake('bucket')) }}",
        columns="{{ output_columns(ti.xcom_pull(task_ids=['process_arrivals'])) }}",
        poll_interval=POLL_SECONDS,
        trigger_rule=TriggerRule.ALL_DONE,
        outlets=[assets.PROCESSED_CRYPTO],
        doc_md="Add new days and columns to **processed_crypto** in the Data Catalog.",
    )
    processed >> crawl_processed
    report(processed, run=RUN["run"], bucket=RUN["bucket"])
