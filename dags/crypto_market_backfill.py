"""### The days before the first run, or between two runs, from CoinGecko's histories

**What it makes.** Silver and gold of every day of a range, as far as CoinGecko's history tells: price, market cap and volume of each
coin at 00:00 UTC, and ranks recomputed by market cap.

| task | makes |
|---|---|
| `fetch_history` | `bronze/coins_history/currency=…/range=…/source=…/<coin>.json`: CoinGecko's answers, byte for byte; of them `bronze/coins_market/dt=…/currency=…/ingested_at=…/source=coingecko-history/page-0001.json` for each day |
| `bronze_to_silver` | `silver/coins_market/dt=…` of all days, in one run of the Glue job; refused rows, with reasons, in `quarantine/coins_market/dt=…` |
| `crawl_silver` | the days in `silver_coins_market`; if they are there, the crawler is left alone |
| `silver_to_gold` | `gold/coins_market/dt=…` and `gold/market_summary/dt=…` of all days, likewise in one run |
| `crawl_gold` | likewise the days in `gold_coins_market` and `gold_market_summary` |

The website is left alone: its charts take the new days with the next run of `crypto_market_daily`.

**When.** By hand: *Trigger*, and choose two days; or `airflow dags trigger crypto_market_backfill --conf '{"from_date": "2025-02-01", "to_date":
"2026-01-31"}'` (without a paid plan `from_date` is 364 days ago at most). On a machine with no scheduler, `airflow dags test crypto_market_backfill --conf …`.

**Which days.** `from_date` to `to_date`, both included, both over (UTC). A day that has a whole ingestion in bronze in the Variable's currency is left alone. With `replace`
it gets a history ingestion, too, beside what it has, unless its newest is the same history already: silver takes the newer source, and
quarantines the rows of the other as `superseded_source`. A snapshot says more than a history: replace a day only when its snapshot was bad.

**Which coins.** The largest of today, as many as `coins` in the Variable says. So a past day lacks the coins that were large then and are
not now (survivorship): its totals and shares are those of today's coins. Histories have no supply, no highs and lows, and no rank; the ranks
are recomputed, the 24 h changes stay empty. A coin that CoinGecko does not know any more, or that had no price in the range, is
left out, with a warning that names it.

**How long.** One call a coin, for the whole range, and at most as many a minute as the plan allows: 250 coins take 50 minutes without a key, 9
with a demo key, 1 with a pro key. (`/coins/{id}/history` is not used: it wants a call for every coin and day.) Without a paid plan CoinGecko goes
back 365 days: `from_date` may be 364 days before today. A range at that edge has to be fetched before midnight UTC: take a later day when the fetch is slow. Of a range up to 90 days a day's first point is taken, which is some
minutes after midnight at most. A task holds a million coin-days in memory at most: 4,000 days of 250 coins.

**Needs.** As `crypto_market_daily`, without the website: Airflow Variable `crypto_lake` (`bucket`, `coins`, `currency`), Connection `coingecko_default`
(its extra `calls_per_minute` sets another pace), AWS credentials, and the Glue jobs, crawlers and tables of `include/resources/`.

**Rerunning is safe.** Clear any task, in any order, any number of times, or trigger the same range again. `fetch_history` stores each
answer when it arrives, and asks only for coins that have none: after a failure it goes on where it stopped. When every day has bronze, it makes
no call, and the tasks after it run all the same, because a run is cleared or triggered again to mend what they have made:
each replaces what is there by the same. They do all days of the range that have bronze, snapshots too. A replay of a day of the range
with `crypto_market_daily` waits for this run's jobs: Glue runs one of each job at a time.

**A lake of an earlier release.** Earlier releases stored a day's histories in another shape, and `bronze_to_silver` refuses such rows as
`outdated_history`. Their silver and gold stay as they are. To make them again, trigger the range with `replace`: answers of the same range that
are in `bronze/coins_history/` are used again, and only the list of coins is asked for.

**Who is told.** A task that fails for good sends an alert with its reason; a run that is ended after 14 hours, too.

**When a task fails**

| task | usual reason | what to do |
|---|---|---|
| `fetch_history` | `exceeds the allowed time range`: a later `from_date`, or a pro key. Rate limits, outages, a body that is no history: CoinGecko's own message is in the error, its answer under `rejected/coins_history/` | clear the task: it goes on where it stopped. For a wrong range, trigger a new run |
| `bronze_to_silver` | one or more days cannot be published: they are named, the first with its reason. Silver of the other days is written, gold of none | look at the day's report (docs/operations.md) and mend it; or trigger the ranges before and after it, which costs no call for days that have bronze |
| `silver_to_gold` | no silver for any day | clear `bronze_to_silver` with everything downstream |
| `crawl_silver`, `crawl_gold` | the crawler's own message is in the error; or it succeeded, but days are missing: they are named | if the log of `silver_to_gold` says that they have no silver, clear `bronze_to_silver` with everything downstream; else clear the task: the data are in S3 already, only the catalog lacks them |
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param

from include.crypto_lake import layout
from include.orchestration import assets, market_tasks, metrics
from include.orchestration.alerts import run_failed
from include.orchestration.defaults import DEFAULT_ARGS, Tag
from include.orchestration.runbooks import runbook
from include.orchestration.templates import MACROS
from lake_provider.coingecko.ingest_history import CoinGeckoHistoryToS3Operator

FROM_DATE, TO_DATE = "{{ day('from_date') }}", "{{ day('to_date') }}"
BUCKET = "{{ lake('bucket') }}"
DAYS = {"--from_date": FROM_DATE, "--to_date": TO_DATE}
PARTITIONS = "{{ ti.xcom_pull(task_ids='fetch_history')['partitions'] | tojson }}"

with DAG(
    dag_id="crypto_market_backfill",
    description="Past days from CoinGecko's histories: bronze, silver, gold",
    doc_md=runbook(__doc__, "crypto_market_backfill"),
    schedule=None,
    start_date=layout.START,
    catchup=False,
    max_active_runs=1,  # they would share CoinGecko's limit
    dagrun_timeout=timedelta(hours=14),
    on_failure_callback=run_failed,
    default_args=DEFAULT_ARGS,
    tags={Tag.CRYPTO_LAKE, Tag.HISTORY},
    user_defined_macros=MACROS,
    render_template_as_native_obj=False,
    params={
        "from_date": Param(
            type="string",
            format="date",
            title="From",
            description="The first UTC day, like 2025-02-01. Without a paid plan: at most 364 days before today.",
        ),
        "to_date": Param(
            type="string",
            format="date",
            title="To",
            description="The last UTC day, like 2026-01-31: before today.",
        ),
        "replace": Param(
            False,
            type="boolean",
            title="Replace",
            description="Off: days that have bronze are left alone. On: they get a history ingestion beside what they "
            "have; silver takes the newer source, and quarantines the other's rows as superseded_source.",
        ),
    },
) as dag:
    fetch_history = CoinGeckoHistoryToS3Operator(
        task_id="fetch_history",
        from_date=FROM_DATE,
        to_date=TO_DATE,
        bucket=BUCKET,
        coins="{{ lake('coins') }}",
        currency="{{ lake('currency') }}",
        prefix=layout.BRONZE_COINS_MARKET,
        history_prefix=layout.BRONZE_COINS_HISTORY,
        rejected_prefix=layout.REJECTED_COINS_HISTORY,
        source_suffix=layout.HISTORY_SUFFIX,
        replace="{{ params.replace }}",
        retries=5,  # each goes on where the one before has ended
        execution_timeout=timedelta(hours=10),  # as many coins as fit into memory for a year, without a key
        outlets=[assets.BRONZE_COINS_MARKET],
        on_success_callback=metrics.ingestion,
        doc_md="Ask CoinGecko for each coin's history, keep the answers, and make of them the days that bronze lacks.",
    )
    bronze_to_silver = market_tasks.bronze_to_silver(
        DAYS,
        made_from="{{ ti.xcom_pull(task_ids='fetch_history')['ingested_at'] }}",
        doc_md="Type, check and deduplicate the bronze of all days; refused rows go to quarantine with their reasons.",
    )
    silver_to_gold = market_tasks.silver_to_gold(
        DAYS,
        doc_md="Rank each day's coins and sum up its market.",
    )
    crawl_silver = market_tasks.crawl_silver(
        PARTITIONS, doc_md="Add the days to **silver_coins_market** in the Data Catalog."
    )
    crawl_gold = market_tasks.crawl_gold(
        PARTITIONS, doc_md="Add the days to gold's two tables in the Data Catalog."
    )

    fetch_history >> bronze_to_silver >> [crawl_silver, silver_to_gold]
    silver_to_gold >> crawl_gold
