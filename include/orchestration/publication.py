"""Writing the website's data files: from queries that have succeeded to the objects in S3."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, cast

from include.crypto_lake.website import EXPORTS, check_together, encode, may_replace
from include.crypto_lake.website_files import cache_control

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)


def publish(queries: Mapping[str, str], *, run_date: str, bucket: str) -> dict[str, Any]:
    """Write the website's data files from Athena queries' results, each unless a newer one is there.

    Nothing is written before all files are made and checked. Each write is conditional on what was read
    before it, so that two runs at once cannot put the older file last.

    Args:
        queries: Each file's name -> its query, which has succeeded.
        run_date: `YYYY-MM-DD`.
        bucket: The website's bucket.

    Returns:
        For each file that was written, by name: its address, day, source and number of rows.

    Raises:
        AirflowSkipException: newer files are published, and stay: there was nothing to write.
        AirflowFailException: the bucket does not exist.
        WebsiteDataError: the rows break a file's contract; nothing is written.
    """
    from airflow.providers.amazon.aws.hooks.athena import AthenaHook
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from airflow.sdk.exceptions import AirflowSkipException

    from lake_provider.athena_rows import fetch_rows

    athena = AthenaHook(aws_conn_id=None)
    documents = {}
    for export in EXPORTS:
        query = queries[export.name]
        documents[export] = export.document(
            fetch_rows(athena, query),
            run_date=date.fromisoformat(run_date),
            generated_at=athena.get_query_info(query)["QueryExecution"]["Status"]["CompletionDateTime"],
        )
    check_together(documents)

    s3 = cast("S3Client", S3Hook(aws_conn_id=None).get_conn())
    written, kept = {}, []
    for export, document in documents.items():
        address = f"s3://{bucket}/{export.key}"
        published, condition = _read_published(s3, bucket, export.key)
        if published is not None and not may_replace(document, published):
            kept.append(
                f"{address} is of {published['as_of']}, made {published['generated_at']}: newer than "
                f"{run_date}, made {document['generated_at']}. It is left as it is"
            )
            log.info(kept[-1])
            continue
        s3.put_object(
            Bucket=bucket,
            Key=export.key,
            Body=encode(document),
            ContentType="application/json; charset=utf-8",
            CacheControl=cache_control(export.key),
            **condition,
        )
        rows, source = len(document[export.rows_key]), document["source"]
        written[export.name] = {"address": address, "as_of": run_date, "source": source, "rows": rows}
        log.info("Published %s: %s, %d rows, source %s", address, run_date, rows, source)
    if not written:
        raise AirflowSkipException("; ".join(kept))
    return written


def require_published(*, run_date: str, bucket: str) -> dict[str, str]:
    """Require that the website shows a day, or a later one.

    Args:
        run_date: The day, `YYYY-MM-DD`.
        bucket: The website's bucket.

    Returns:
        Each file's name -> the day that it is of.

    Raises:
        AirflowFailException: naming each file that is missing, broken or of an earlier day.
    """
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from airflow.sdk.exceptions import AirflowFailException

    s3 = cast("S3Client", S3Hook(aws_conn_id=None).get_conn())
    shown, late = {}, []
    for export in EXPORTS:
        published, _ = _read_published(s3, bucket, export.key)
        if published is None:
            late.append(f"s3://{bucket}/{export.key} is missing or broken")
            continue
        shown[export.name] = str(published["as_of"])
        if shown[export.name] < run_date:
            late.append(
                f"s3://{bucket}/{export.key} is of {published['as_of']}, made {published['generated_at']}"
            )
    if late:
        raise AirflowFailException(
            f"the data of {run_date} are late: {'; '.join(late)}. Look at the runs of crypto_market_daily"
        )
    return shown


def _read_published(s3: S3Client, bucket: str, key: str) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """The published document, None if there is none to keep, and the condition for taking its place."""
    from airflow.sdk.exceptions import AirflowFailException

    try:
        current = s3.get_object(Bucket=bucket, Key=key)
    except s3.exceptions.NoSuchBucket:
        raise AirflowFailException(
            f"S3 bucket {bucket!r} does not exist: create it, or mend 'website_bucket' in the Airflow "
            "Variable 'crypto_lake'"
        ) from None
    except s3.exceptions.NoSuchKey:
        return None, {"IfNoneMatch": "*"}
    return _parse_published(current["Body"].read(), f"s3://{bucket}/{key}"), {"IfMatch": current["ETag"]}


def _parse_published(body: bytes, address: str) -> dict[str, Any] | None:
    """The published document, or None when it is broken: then it is best replaced."""
    try:
        document = json.loads(body)
        date.fromisoformat(document["as_of"])
        datetime.fromisoformat(document["generated_at"])
        return {key: document[key] for key in ("as_of", "generated_at", "source")}
    except (ValueError, KeyError, TypeError) as error:
        log.warning("%s cannot be read (%r) and will be replaced", address, error)
        return None
