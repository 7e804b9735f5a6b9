"""### CoinGecko's market snapshot, every day, from raw JSON to the website

**What it makes.** One day of the lake and the website's data, for the *run date*:

| task | makes |
|---|---|
| `fetch_markets` | `bronze/coins_market/dt=…/currency=…/ingested_at=…/source=…/page-0001.json`: CoinGecko's answer, byte for byte |
| `bronze_to_silver` | `silver/coins_market/dt=…`: typed, one row a coin; refused rows, with reasons, in `quarantine/coins_market/dt=…` |
| `crawl_silver` | the partition in `silver_coins_market`; if it is there, the crawler is left alone |
| `silver_to_gold` | `gold/coins_market/dt=…`: ranked; `gold/market_summary/dt=…`: the day's totals |
| `crawl_gold` | likewise the partitions in `gold_coins_market` and `gold_market_summary` |
| `check_gold` | nothing: it is the gate between the lake and the website |
| `measure_day` | metrics in CloudWatch, namespace `CryptoLake`: rows of each layer, flagged, quarantined, the data's age |
| `query_top10`, `query_market_history`, `query_coin_history` | Athena results |
| `publish_website` | `data/market_history.json`, `data/coin_history.json`, `data/top10_cryptos.json` in the website's bucket: all checked before the first is written |

**When.** 02:00 UTC, no catch-up. Also by hand, with or without `run_date`; by clearing tasks; by `airflow backfill
create`; by `airflow dags test crypto_market_daily 2026-01-31`.

**Run date.** The `run_date` parameter, else the run's logical date, else the time the run was due, as a UTC date.
For a day that is over, `fetch_markets` reuses its newest whole ingestion in bronze, be it a snapshot or what
`crypto_market_backfill` has made of CoinGecko's histories. If there is none, `fetch_markets` says so, because CoinGecko
has no past snapshots; the stand-in has, and is asked. The `fetch_again` parameter makes it ask the stand-in in any case.
Yesterday's partition never receives today's prices.

**Currency.** `fetch_markets` takes it from the Variable, and reuses only bronze of that currency. The later tasks take the currency
that `fetch_markets` has reported. A day that is in the lake in another currency, too, keeps it.

**Needs.** Airflow Variable `crypto_lake` (`{"bucket": …, "website_bucket": …, "coins": 250, "currency": "usd"}`),
Connection `coingecko_default` (HTTP), AWS credentials (on MWAA: the execution role), and the Glue jobs, crawlers
and tables of `include/resources/`.

**Rerunning is safe.** Every partition is a pure function of the one before it: clear any task, in any order, any
number of times. A cleared Glue task re-attaches to its run if that is still going. Bronze only grows; of several
ingestions of one day, the latest wins in silver.

**Who is told.** A task that fails for good sends an alert with its reason; a run that is ended after two hours, too. When the website
does not show the day by 03:30 UTC, `crypto_market_deadline` alerts.

**When a task fails**

| task | usual reason | what to do |
|---|---|---|
| `fetch_markets` | the API is down, or refuses the call: its own message is in the error, its answer under `rejected/coins_market/` | clear the task once the API is back; for a wrong key, mend `coingecko_default` first. The day is over: fill it with `crypto_market_backfill`, then clear the task. `60 of the 250 coins requested`: the answers were short, five times in a row; clear the task later that day, or lower `coins` in the Variable if the source has no more |
| `bronze_to_silver` | `… is empty`: nothing was ingested; `all … rows quarantined`: CoinGecko changed its format | read the reasons in the day's report (docs/operations.md); clear `fetch_markets`, or mend the script and clear this task |
| `silver_to_gold` | no silver for that day | clear `bronze_to_silver` with everything downstream |
| `crawl_silver`, `crawl_gold` | the crawler's own message is in the error; or it succeeded, but the day's partition is missing: the files are not where the crawler looks | clear the task: the data are in S3 already, only the catalog lacks them |
| `check_gold` | the failed checks stand in the error with their numbers | the website still shows the last good day. Look at the day in Athena; when the data was bad, clear `fetch_markets` |
| `query_…`, `measure_day` | Athena's reason is in the error | clear the task |
| `publish_website` | *skipped*: a newer day is published, nothing to do. *Failed*: the rows break a file's schema, or a history lacks the run date | the website still shows the last good day. Compare the query's result with `include/schemas/` |

**Website.** It changes last, only after the gate, and never goes back in time: a run for an older day leaves newer
files alone. To change what the page knows, add a column to a query in `include/sql/` and to its schema in
`include/schemas/`, clear `query_…` with everything downstream, then show it in `include/website/`; to change how
it looks, `include/website/` alone, and deploy it (on a laptop `make run` does).
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Param, task

import include
from include.crypto_lake import layout
from include.orchestration import assets, market_tasks, metrics
from include.orchestration.alerts import run_failed
from include.orchestration.defaults import DEFAULT_ARGS, Tag
from include.orchestration.runbooks import runbook
from include.orchestration.templates import MACROS
from lake_provider.coingecko.ingest_markets import CoinGeckoMarketsToS3Operator
from lake_provider.operators.athena_check import AthenaCheckOperator
from lake_provider.operators.athena_query import AthenaQueryOperator

RUN_DATE = "{{ run_date() }}"
BUCKET = "{{ lake('bucket') }}"
WEBSITE_BUCKET = "{{ lake('website_bucket') }}"
DAYS = {"--run_date": RUN_DATE}
PARTITIONS = [[RUN_DATE]]

ATHENA: dict[str, Any] = {
    "database": layout.DATABASE,
    "workgroup": layout.WORKGROUP,  # says where results go, and what a query may read
    # Not deferred: a query takes seconds, less than a second start of its task. And Airflow 3.2.1 takes a task whose
    # trigger fires at once for killed (apache/airflow#66374).
    "deferrable": False,
    "sleep_time": 1,  # seconds between two looks, whatever poll_seconds says: a query takes a few
    "max_polling_attempts": 10 * 60,  # ten minutes
    "on_success_callback": metrics.query,
}


with DAG(
    dag_id="crypto_market_daily",
    description="CoinGecko's market snapshot: bronze, silver, gold, quality gate, website",
    doc_md=runbook(__doc__, "crypto_market_daily"),
    schedule=layout.DAILY_SCHEDULE,
    start_date=layout.START,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    on_failure_callback=run_failed,
    default_args=DEFAULT_ARGS,
    tags={Tag.CRYPTO_LAKE, Tag.DAILY},
    template_searchpath=str(Path(include.__file__).parent / "sql"),
    user_defined_macros=MACROS,
    render_template_as_native_obj=False,
    params={
        "run_date": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Run date",
            description="For another day than today fill in this field, not Logical Date: the UTC day to build, like 2026-01-31. "
            "Empty: the run's own date.",
        ),
        "fetch_again": Param(
            False,
            type="boolean",
            title="Fetch again",
            description="Off: a past day that has a whole ingestion in bronze reuses it. On: the day is fetched all the "
            "same, from a source that knows past days: the stand-in does, CoinGecko does not.",
        ),
    },
) as dag:
    fetch_markets = CoinGeckoMarketsToS3Operator(
        task_id="fetch_markets",
        run_date=RUN_DATE,
        bucket=BUCKET,
        coins="{{ lake('coins') }}",
        currency="{{ lake('currency') }}",
        fetch_again="{{ params.fetch_again }}",
        prefix=layout.BRONZE_COINS_MARKET,
        rejected_prefix=layout.REJECTED_COINS_MARKET,
        outlets=[assets.BRONZE_COINS_MARKET],
        on_success_callback=metrics.ingestion,
        doc_md="Ask CoinGecko for the largest coins and keep its answer, byte for byte, in bronze.",
    )
    bronze_to_silver = market_tasks.bronze_to_silver(
        DAYS,
        made_from="{{ ti.xcom_pull(task_ids='fetch_markets')['ingested_at'] }}",
        doc_md="Type, check and deduplicate the day's bronze; refused rows go to quarantine with their reasons.",
    )
    silver_to_gold = market_tasks.silver_to_gold(
        DAYS,
        doc_md="Rank the day's coins and sum up the market.",
    )
    crawl_silver = market_tasks.crawl_silver(
        PARTITIONS, doc_md="Add the day to **silver_coins_market** in the Data Catalog."
    )
    crawl_gold = market_tasks.crawl_gold(
        PARTITIONS, doc_md="Add the day to gold's two tables in the Data Catalog."
    )
    check_gold = AthenaCheckOperator(
        task_id="check_gold",
        query="checks/gold_coins_market.sql",
        doc_md="The gate: nothing is published unless every check of **include/sql/checks/** passes.",
        **ATHENA,
    )
    measure_day = AthenaQueryOperator(
        task_id="measure_day",
        query="day_metrics.sql",
        doc_md="The day in numbers, from Athena to CloudWatch; an alert if it has far fewer coins than the day before.",
        **ATHENA | {"on_success_callback": [metrics.day, metrics.alert_on_drop, metrics.query]},
    )
    query_top10 = AthenaQueryOperator(
        task_id="query_top10",
        query="top10_cryptos.sql",
        doc_md="The ten largest coins of the day, through Athena.",
        **ATHENA,
    )
    query_market_history = AthenaQueryOperator(
        task_id="query_market_history",
        query="market_history.sql",
        doc_md="The market's daily totals, up to a year back, through Athena.",
        **ATHENA,
    )
    query_coin_history = AthenaQueryOperator(
        task_id="query_coin_history",
        query="coin_history.sql",
        doc_md="Price and rank of the ten largest coins, up to 90 days back, through Athena.",
        **ATHENA,
    )

    @task(
        outlets=[assets.WEBSITE_TOP10_CRYPTOS, assets.WEBSITE_MARKET_HISTORY, assets.WEBSITE_COIN_HISTORY],
        on_success_callback=metrics.publication,
    )
    def publish_website(queries: dict[str, str], run_date: str, bucket: str) -> dict[str, Any]:
        """Write the website's data files: all are checked before the first is written, newer ones stay."""
        from include.orchestration.publication import publish

        return publish(queries, run_date=run_date, bucket=bucket)

    fetch_markets >> bronze_to_silver >> [crawl_silver, silver_to_gold]
    silver_to_gold >> crawl_gold
    for crawled in (crawl_silver, crawl_gold):  # the gate reads silver too
        crawled >> [check_gold, measure_day]
    queries = {
        "top10_cryptos": query_top10,
        "market_history": query_market_history,
        "coin_history": query_coin_history,
    }
    check_gold >> list(queries.values())
    publish_website(
        {name: query.output for name, query in queries.items()},
        run_date=RUN_DATE,
        bucket=WEBSITE_BUCKET,
    )
