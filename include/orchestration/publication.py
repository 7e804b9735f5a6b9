"""Writing a data file of the website: from a query that has succeeded to the object in S3."""

from __future__ import annotations

import json
import logging
from datetime import date
from typing import TYPE_CHECKING, Any, cast

from include.crypto_lake.website import Export, encode, may_replace
from include.crypto_lake.website_files import cache_control

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)


def publish(
    export: Export, query_execution_id: str, *, as_of: str, bucket: str, currency: str
) -> dict[str, Any]:
    """Write one data file of the website from an Athena query's result, unless a newer one is there.

    The write is conditional on what was read before it, so that two runs at once cannot put the older file
    last.

    Args:
        export: Which file.
        query_execution_id: The succeeded query.
        as_of: The run date, `YYYY-MM-DD`.
        bucket: The website's bucket.
        currency: Of every amount.

    Returns:
        The file's address, day, source and number of rows.

    Raises:
        AirflowSkipException: a newer file is published; it stays.
        AirflowFailException: the bucket does not exist.
        WebsiteDataError: the rows break the file's schema; nothing is written.
    """
    from airflow.providers.amazon.aws.hooks.athena import AthenaHook
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

    from lake_provider.hooks.athena import fetch_rows

    athena = AthenaHook()
    status = athena.get_query_info(query_execution_id)["QueryExecution"]["Status"]
    document = export.document(
        fetch_rows(athena, query_execution_id),
        as_of=date.fromisoformat(as_of),
        generated_at=status["CompletionDateTime"],
        currency=currency,
    )
    s3 = cast("S3Client", S3Hook().get_conn())
    address = f"s3://{bucket}/{export.key}"
    try:
        current = s3.get_object(Bucket=bucket, Key=export.key)
    except s3.exceptions.NoSuchBucket:
        raise AirflowFailException(
            f"S3 bucket {bucket!r} does not exist: create it, or mend 'website_bucket' in the Airflow "
            "Variable 'crypto_lake'"
        ) from None
    except s3.exceptions.NoSuchKey:
        published, condition = None, {"IfNoneMatch": "*"}
    else:
        published, condition = _readable(current["Body"].read(), address), {"IfMatch": current["ETag"]}
    if published is not None and not may_replace(document, published):
        raise AirflowSkipException(
            f"{address} is of {published['as_of']}, made {published['generated_at']}: newer than {as_of}, "
            f"made {document['generated_at']}. It is left as it is"
        )
    s3.put_object(
        Bucket=bucket,
        Key=export.key,
        Body=encode(document),
        ContentType="application/json; charset=utf-8",
        CacheControl=cache_control(export.key),
        **condition,  # type: ignore[arg-type]
    )
    rows = len(document[export.rows_key])
    log.info("Published %s: %s, %d rows, source %s", address, as_of, rows, document["source"])
    return {"address": address, "as_of": as_of, "source": document["source"], "rows": rows}


def _readable(body: bytes, address: str) -> dict[str, Any] | None:
    """The published document, or None when it is broken: then it is best replaced."""
    try:
        document = json.loads(body)
        date.fromisoformat(document["as_of"])
        return {key: document[key] for key in ("as_of", "generated_at", "source")}
    except (ValueError, KeyError, TypeError) as error:
        log.warning("%s cannot be read (%r) and will be replaced", address, error)
        return None
