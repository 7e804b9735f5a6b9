"""The tasks that make silver and gold of days of bronze, and tell the Data Catalog: for one day or many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Asset

from include.crypto_lake import layout
from include.crypto_lake.glue_script_files import script_arguments
from include.orchestration import assets
from include.orchestration.defaults import POLL_SECONDS
from lake_provider.operators.glue import GlueJobRunOperator
from lake_provider.operators.glue_crawler import GlueCatalogCrawlerOperator


def bronze_to_silver(days: Mapping[str, str], *, made_from: str, doc_md: str) -> GlueJobRunOperator:
    """The task that makes silver of days of bronze, in one run of the Glue job.

    Args:
        days: The script's arguments that name the days, as templates.
        made_from: A template that changes when the days' bronze has changed.
        doc_md: The task's line in the UI.
    """
    arguments = {**days, "--currency": "{{ currency() }}"}
    made_from = f"{{{{ currency() }}}}:{made_from}"
    return _glue_job_task("bronze_to_silver", arguments, made_from, [assets.SILVER_COINS_MARKET], doc_md)


def silver_to_gold(days: Mapping[str, str], *, doc_md: str) -> GlueJobRunOperator:
    """The task that makes gold of what `bronze_to_silver` of the same run has made."""
    made_from = "{{ ti.xcom_pull(task_ids='bronze_to_silver') }}"
    outlets = [assets.GOLD_COINS_MARKET, assets.GOLD_MARKET_SUMMARY]
    return _glue_job_task("silver_to_gold", days, made_from, outlets, doc_md)


def crawl_silver(partitions: Any, *, doc_md: str) -> GlueCatalogCrawlerOperator:
    """The task that adds days to silver's table, unless it has them; `partitions` may be a template."""
    return _crawler_task("crawl_silver", layout.SILVER_CRAWLER, partitions, doc_md)


def crawl_gold(partitions: Any, *, doc_md: str) -> GlueCatalogCrawlerOperator:
    """The task that adds days to gold's two tables, unless they have them."""
    return _crawler_task("crawl_gold", layout.GOLD_CRAWLER, partitions, doc_md)


def _glue_job_task(
    name: str, days: Mapping[str, str], made_from: str, outlets: list[Asset], doc_md: str
) -> GlueJobRunOperator:
    """A task that runs the Glue job of its name.

    A cleared task re-attaches to a run that is still going only if that was started for the same input.
    """
    return GlueJobRunOperator(
        task_id=name,
        job_name=name,
        script_args={
            **script_arguments(name, "{{ lake('bucket') }}"),
            **days,
            "--bucket": "{{ lake('bucket') }}",
            "--airflow_task_uuid": f"{{{{ run_id }}}}:{name}:{made_from}",
        },
        poll_interval=POLL_SECONDS,
        minutes=20,  # longer than the jobs' own timeout
        outlets=outlets,
        doc_md=doc_md,
    )


def _crawler_task(
    task_id: str, crawler: layout.Crawler, partitions: Any, doc_md: str
) -> GlueCatalogCrawlerOperator:
    return GlueCatalogCrawlerOperator(
        task_id=task_id,
        crawler_name=crawler.name,
        database=layout.DATABASE,
        tables=crawler.table_names,
        partitions=partitions,
        poll_interval=POLL_SECONDS,
        doc_md=doc_md,
    )
