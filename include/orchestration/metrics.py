"""What CloudWatch is told of each run: rows of each layer, refused and flagged, bytes scanned, age of data.

All of it is in the namespace `CryptoLake`. The functions are `on_success_callback`s, which Airflow calls when
a task's work is done: a metric that cannot be sent is logged, and fails nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from include.orchestration.alerts import alert
from include.orchestration.templates import run_date

log = logging.getLogger(__name__)

NAMESPACE = "CryptoLake"

Context = Mapping[str, Any]
# A metric is its name, or its name and pairs of a dimension and its value.
Figures = Mapping[Any, float | None]


def _sends_metrics(figures: Callable[[Context], Figures]) -> Callable[[Context], None]:
    """Make a callback that sends what a function reads off a finished task; None is not sent."""

    @wraps(figures)
    def callback(context: Context) -> None:
        task = context["ti"].task_id
        try:
            data = [
                {
                    "MetricName": name,
                    "Value": value,
                    "Unit": "Bytes" if name == "bytes_scanned" else "Count",
                    "Dimensions": [{"Name": each, "Value": said} for each, said in dimensions],
                }
                for (name, *dimensions), value in (
                    ((key,) if isinstance(key, str) else key, value)
                    for key, value in figures(context).items()
                )
                if value is not None
            ]
            log.info("Metrics: %s", data)
            if data:
                _cloudwatch_client().put_metric_data(Namespace=NAMESPACE, MetricData=data)
        except Exception:
            log.exception(
                "The metrics of %s could not be sent: check the right to cloudwatch:PutMetricData in the "
                "namespace %s",
                task,
                NAMESPACE,
            )

    return callback


@_sends_metrics
def ingestion(context: Context) -> Figures:
    """Of `fetch_markets` and `fetch_history`: the rows that bronze got, and how many API calls they took."""
    made = _task_result(context)
    return {"bronze_rows": made["rows"], "api_calls": made["api_calls"]}


@_sends_metrics
def query(context: Context) -> Figures:
    """Of an Athena task: the bytes that its query has read."""
    statistics = _athena_hook().get_query_info(_task_result(context))["QueryExecution"]["Statistics"]
    # By task, because several tasks have it.
    return {("bytes_scanned", ("task", context["ti"].task_id)): statistics["DataScannedInBytes"]}


@_sends_metrics
def day(context: Context) -> Figures:
    """Of `measure_day`: each column of its query's row."""
    return _day_figures(context)


def alert_on_drop(context: Context) -> None:
    """Of `measure_day`: an alert if the day has far fewer ranked coins than the day before.

    It is not a check of the gate: a lower `coins` in the settings is a reason for it, too.
    """
    figures = _day_figures(context)
    if figures["ranked_rows_dropped"]:
        alert(
            "crypto_market_daily: fewer coins than the day before",
            f"{figures['ranked_rows']:.0f} ranked coins on {run_date(context)}, "
            f"{figures['ranked_rows_day_before']:.0f} the day before. "
            "The website shows the day all the same, if it has passed the gate.",
            section="Fewer coins than the day before",
        )


@_sends_metrics
def publication(context: Context) -> Figures:
    """Of `publish_website`: how many files it has written. The alarm "Website out of date" misses these."""
    return {"published_files": len(_task_result(context))}


@_sends_metrics
def arrivals(context: Context) -> Figures:
    """Of `report`: dropped files by what became of them, their rows, and their values."""
    made = _task_result(context)
    return (
        {f"{name}_files": count for name, count in made["files"].items()}
        | {f"processed_rows_{name}": count for name, count in made["rows"].items()}
        | {f"processed_values_{name}": count for name, count in made["values"].items()}
        | {
            ("emptied_values", ("column", column), ("reason", reason)): count
            for column, reasons in made["emptied"].items()
            for reason, count in reasons.items()
        }
    )


def _day_figures(context: Context) -> Figures:
    from lake_provider.athena_rows import fetch_rows

    figures: Figures = fetch_rows(_athena_hook(), _task_result(context))[0]
    return figures


def _task_result(context: Context) -> Any:
    return context["ti"].xcom_pull(task_ids=context["ti"].task_id)


def _athena_hook() -> Any:
    from airflow.providers.amazon.aws.hooks.athena import AthenaHook

    return AthenaHook(aws_conn_id=None)


def _cloudwatch_client() -> Any:
    from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

    return AwsBaseHook(aws_conn_id=None, client_type="cloudwatch").get_conn()
