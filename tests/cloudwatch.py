"""Metrics in CloudWatch, with the AWS variables that are set when they are asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import boto3

from include.orchestration.metrics import NAMESPACE


def values(metric: str, statistic: str, **dimensions: str) -> list[float]:
    """A statistic (Sum, Maximum, …) of a metric for each minute of the last twelve hours that has values."""
    now = datetime.now(UTC)
    points = boto3.client("cloudwatch").get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - timedelta(hours=12),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=[statistic],
    )["Datapoints"]
    return [point[statistic] for point in points]
