"""The tasks of the on-arrival DAG: what Airflow adds to `include.crypto_lake.on_arrival`.

Clients come from the provider's hooks, a run's list is handed to mapped tasks by number, and what the
operator has to know ends as an error or an alert.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

from include.crypto_lake.on_arrival import arrivals
from include.crypto_lake.on_arrival.attempts import LIMIT, Attempts
from lake_provider.triggers.sqs import printable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)

_MAX_NAMED_FILES = 20  # refused files in an alert
_LABEL_LENGTH = 200  # characters; Airflow's column for it takes 250


def find(run_id: str, bucket: str, reprocess: str) -> list[dict[str, Any]]:
    """List what a run has to deal with, and keep the list for a rerun.

    Returns:
        One dict a mapped task: `number` of the batch, and a `label` for people.

    Raises:
        AirflowFailException: the bucket does not exist.
    """
    s3 = _s3_client(bucket)
    batches = arrivals.kept(s3, bucket, run_id)
    if batches is None:
        batches = arrivals.freeze(s3, bucket, run_id, arrivals.find(s3, bucket, reprocess=reprocess))
    count = sum(map(len, batches))
    log.info("%d new or changed objects below s3://%s/%s", count, bucket, arrivals.RAW)
    return [{"number": number, "label": _batch_label(batch)} for number, batch in enumerate(batches)]


def process(
    batch: int, run_id: str, bucket: str, reprocess: str, currency: str, attempt: int = 1
) -> list[dict[str, Any]]:
    """Process one batch of a run's list: an object whatever becomes of the one before it.

    Args:
        batch: The batch's number.
        run_id: The run's.
        bucket: The lake's.
        reprocess: Not empty: make the objects' days again, even if they have them.
        currency: The lake's.
        attempt: The task's, from 1. The ones before may have been killed by an object.

    Returns:
        What became of each object (`processing.Outcome` as JSON).

    Raises:
        AirflowException: some objects could not be processed; the others were.
    """
    from airflow.sdk.exceptions import AirflowException

    s3 = _s3_client(bucket)
    batches = arrivals.kept(s3, bucket, run_id)
    if batches is None:
        raise AirflowException(
            f"the run's list s3://{bucket}/{arrivals.MANIFESTS}{run_id}.json is gone: clear find_arrivals"
        )
    outcomes, failures = [], {}
    for arrival in batches[batch]:
        try:
            outcome = _process_recorded(s3, bucket, arrival, run_id, reprocess, currency, attempt)
        except Exception as error:  # the rest of the batch must not wait for this one
            log.exception("%s could not be processed", arrival.key)
            failures[arrival.key] = error
            continue
        log.log(logging.WARNING if outcome.status == "rejected" else logging.INFO, "%s", outcome)
        outcomes.append(outcome.as_dict())
    if failures:
        reasons = "; ".join(f"{key}: {type(error).__name__}: {error}" for key, error in failures.items())
        raise AirflowException(f"{len(failures)} of {len(batches[batch])} objects failed: {reasons}")
    return outcomes


def _process_recorded(
    s3: S3Client,
    bucket: str,
    arrival: arrivals.Arrival,
    run_id: str,
    reprocess: str,
    currency: str,
    attempt: int,
) -> Any:
    """Process one object; refuse it if that has failed too often.

    A failure is put on record when it happens. If the attempt before ended without one, its process may have
    been killed: then this attempt is on record before it begins.
    """
    from include.crypto_lake.on_arrival.processing import process, refuse
    from include.crypto_lake.on_arrival.refusals import UnusableFileError

    record = Attempts(s3, bucket, arrival.key, arrival.etag)
    before = len(record.failures()) if arrival.failures or attempt > 1 else 0
    if before >= LIMIT and not reprocess:
        error = UnusableFileError(
            "failed",
            f"{arrival.key}: it has failed {before} times: read the log of process_arrivals, then drop "
            f"a corrected "
            "file, or after a new release trigger the DAG with reprocess = the file's key",
        )
        return refuse(s3, bucket, arrival, error, run_id=run_id)
    is_suspect = attempt > 1 or arrival.failures > 0
    if is_suspect:
        record.note(before + 1, "The process ended without a word: killed, or out of memory.", run_id)
    try:
        outcome = process(s3, bucket, arrival, currency=currency, run_id=run_id, again=bool(reprocess))
    except Exception as error:
        record.note(before + 1, f"{type(error).__name__}: {error}"[:2_000], run_id)
        raise
    if is_suspect:
        record.forget()
    return outcome


def refusal(outcomes: Sequence[dict[str, Any]]) -> str | None:
    """What the UI calls a mapped task whose files were all refused: the first one's key and reason.

    Returns:
        None if a file was not refused.
    """
    if not outcomes or any(outcome["status"] != "rejected" for outcome in outcomes):
        return None
    more = f" and {len(outcomes) - 1} more" if len(outcomes) > 1 else ""
    first = outcomes[0]
    label = f"refused: {_short_key(first['key'], _LABEL_LENGTH // 2)}{more}: {printable(_reason(first))}"
    return label if len(label) <= _LABEL_LENGTH else f"{label[: _LABEL_LENGTH - 1]}…"


def output_partitions(bucket: str) -> str:
    """The partitions that the catalog must have: every day with an output, as JSON.

    All of them, not only this run's: a task that died after it had written a day told nobody.
    """
    return json.dumps(arrivals.output_partitions(_s3_client(bucket), bucket))


def output_columns(results: Iterable[Sequence[dict[str, Any]]]) -> str:
    """The columns that the catalog must have: those of the outputs that a run has written, as JSON.

    Args:
        results: What the mapped tasks returned.
    """
    return json.dumps(
        sorted({name for result in results for outcome in result for name in outcome["columns"]})
    )


def report(results: Iterable[Sequence[dict[str, Any]]], run_id: str, bucket: str) -> dict[str, Any]:
    """Sum a run up, and send an alert when files or rows were refused.

    Returns:
        Counts of files by status, of rows, and of values that became null by column and reason.

    Raises:
        AirflowFailException: there is no list of the run, or not every object of it was dealt with.
    """
    from airflow.sdk.exceptions import AirflowFailException

    from include.orchestration.alerts import alert, run_url

    outcomes = [outcome for result in results for outcome in result]
    files = {
        status: sum(outcome["status"] == status for outcome in outcomes)
        for status in ("processed", "rejected", "gone")
    }
    rows = {
        "read": sum(outcome["rows"] for outcome in outcomes),
        "kept": sum(outcome["kept"] for outcome in outcomes),
        "rejected": sum(sum(o["rejected"].values()) for o in outcomes if o["status"] == "processed"),
        "superseded": sum(outcome["superseded"] for outcome in outcomes),
        "differing": sum(outcome.get("differing", 0) for outcome in outcomes),
        "moved": sum(outcome.get("moved", 0) for outcome in outcomes),
    }
    emptied: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        for column, reasons in outcome.get("emptied", {}).items():
            emptied.setdefault(column, Counter()).update(reasons)
    values = {
        "read": sum(o.get("values", {}).get("read", 0) for o in outcomes),
        "emptied": sum(counts.total() for counts in emptied.values()),
    }
    log.info("Files: %s. Rows of the processed files: %s. Values: %s, %s", files, rows, values, emptied)
    if refused := [outcome for outcome in outcomes if _needs_attention(outcome)]:
        lines = [f"{o['key']}: {_reason(o)}\n  {o['note'] or ''}".rstrip() for o in refused]
        more = [f"and {len(lines) - _MAX_NAMED_FILES} more"] if len(lines) > _MAX_NAMED_FILES else []
        alert(
            f"{files['rejected']} files and {rows['rejected']} rows refused below {arrivals.RAW}",
            "\n".join(
                [
                    f"Run {run_id} of crypto_prices_on_arrival refused what it could not use, or was told "
                    "something else than it could use. Drop the file again, corrected: it is taken up "
                    "by itself.",
                    run_url("crypto_prices_on_arrival", run_id),
                    "",
                    *lines[:_MAX_NAMED_FILES],
                    *more,
                ]
            ),
            section="process_arrivals",
        )
    batches = arrivals.kept(_s3_client(bucket), bucket, run_id)
    if batches is None:
        raise AirflowFailException(
            f"the run's list s3://{bucket}/{arrivals.MANIFESTS}{run_id}.json is missing: "
            "clear find_arrivals with everything downstream"
        )
    listed = sum(map(len, batches))
    if len(outcomes) < listed:
        raise AirflowFailException(
            f"{listed - len(outcomes)} of {listed} objects were not dealt with: read the failed "
            "process_arrivals tasks, then clear them with everything downstream"
        )
    by_reason = {column: dict(counts) for column, counts in emptied.items()}
    return {"files": files, "rows": rows, "values": values, "emptied": by_reason}


def _needs_attention(outcome: dict[str, Any]) -> bool:
    """Whether a file lost rows or much of a column, or has no row of the day in its name."""
    all_moved = outcome.get("moved") and outcome["moved"] == outcome["kept"]
    return bool(
        (outcome["message"] and outcome["note"]) or outcome["rejected"] or outcome.get("lost") or all_moved
    )


def _reason(outcome: dict[str, Any]) -> str:
    """Why a file, or some of it, was refused; without the key, with which most messages begin."""
    return (outcome["message"] or "").removeprefix(f"{outcome['key']}: ") or _list_reasons(outcome)


def _list_reasons(outcome: dict[str, Any]) -> str:
    found = [f"{count} rows {reason}" for reason, count in sorted(outcome["rejected"].items())]
    found += [
        f"{count} values of {column} {problem}"
        for column in outcome.get("lost", ())
        for problem, count in sorted(outcome["emptied"][column].items())
    ]
    if outcome.get("moved"):
        found.append(f"{outcome['moved']} rows are of another day than the one in the file's name")
    return ", ".join(found)


def _batch_label(batch: Sequence[arrivals.Arrival]) -> str:
    """What the UI calls a mapped task: the end of a long key tells most."""
    more = f" and {len(batch) - 1} more" if len(batch) > 1 else ""
    return f"{_short_key(batch[0].key, _LABEL_LENGTH)}{more}"


def _short_key(key: str, length: int) -> str:
    key = printable(key)
    return key if len(key) <= length else f"…{key[1 - length :]}"


def _s3_client(bucket: str) -> S3Client:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from airflow.sdk.exceptions import AirflowFailException

    hook = S3Hook(aws_conn_id=None)
    if not hook.check_for_bucket(bucket):
        raise AirflowFailException(
            f"S3 bucket {bucket!r} does not exist, or may not be listed: create it, or mend 'bucket' in the "
            "Airflow Variable 'crypto_lake'"
        )
    return cast("S3Client", hook.get_conn())
