"""Is a deployed environment sound? Looks at all of it, runs the daily DAG once, and reads the result back.

Only the run changes anything, and what it makes is what every night makes: the day's partitions and the
website's data.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from release import history
from release.checks import checks, fetch
from release.deployment import Target
from release.errors import ReleaseError

DAG = "crypto_market_daily"
_RUN_SECONDS = 45 * 60
_SYNC = timedelta(minutes=2)
_SYNC_SECONDS = 10 * 60
_CACHED_SECONDS = 6 * 60  # CloudFront keeps the data for five minutes
_LOG_SECONDS = 3 * 60  # CloudWatch shows a line that was written with some delay
_LAYERS = ("silver/coins_market/", "gold/coins_market/", "gold/market_summary/")
_UNFINISHED = (".spark-staging", "__magic")  # as the Glue scripts know it


class Rest(Protocol):
    """Airflow's REST API, below `/api/v2/`: gives the decoded answer."""

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        """Make a request."""


def smoke(target: Target) -> None:
    """Check an environment, one line each, then run the daily DAG.

    Raises:
        ReleaseError: something does not hold; the lines said what.
    """
    failed = 0
    for check in checks(target):
        try:
            check.look()
        except (ReleaseError, ClientError, BotoCoreError) as error:
            failed += 1
            target.say(f"✗ {check.what}: {error}\n    → {check.remedy}")
        else:
            target.say(f"✓ {check.what}")
    if failed or target.mwaa is None:
        raise ReleaseError(f"{failed} of the checks failed. {DAG} was not run")
    rest = mwaa_rest(boto3.client("mwaa", region_name=target.outputs.region), target.mwaa.name)
    live = history.load(target.s3, target.outputs.dags_bucket).live
    if live is not None and live.ended:
        wait_for_dags(rest, datetime.fromisoformat(live.ended), target.say)
    began = run_daily(rest, target.outputs.dashboard_url, target.say)
    logs = boto3.client("logs", region_name=target.outputs.region)
    find_balance(logs, f"airflow-{target.mwaa.name}-Task", began, target.say)
    look_at_layers(target.s3, target.outputs.lake_bucket, began, target.say)


def wait_for_dags(
    rest: Rest, deployed: datetime, say: Callable[[str], None], poll_interval: float = 10
) -> None:
    """Wait until Airflow has parsed the deployed DAG files: see `release.mwaa` for how long that takes.

    Raises:
        ReleaseError: it has not.
    """
    deadline = time.monotonic() + _SYNC_SECONDS
    while True:
        try:
            parsed = rest("GET", f"dags/{DAG}")["last_parsed_time"]
            problem = f"it was parsed last at {parsed}"
        except ReleaseError as error:  # not found, where nothing was deployed before
            parsed, problem = None, str(error)
        if parsed and datetime.fromisoformat(parsed) >= deployed + _SYNC:
            return
        if time.monotonic() > deadline:
            raise ReleaseError(
                f"✗ {DAG}, deployed at {deployed.isoformat()}: {problem}\n    → does MWAA read dags/ of this"
                " bucket? Its log group …-DAGProcessing tells"
            )
        say("… until MWAA has the deployed DAG files")
        time.sleep(poll_interval)


def run_daily(
    rest: Rest, dashboard_url: str, say: Callable[[str], None], poll_interval: float = 10
) -> datetime:
    """Run the daily DAG for today, and find its result on the dashboard.

    Returns:
        When the run began (UTC).

    Raises:
        ReleaseError: it could not be run, failed, or its result is not to be seen.
    """
    if errors := rest("GET", "importErrors")["import_errors"]:
        raise ReleaseError(
            "✗ DAG files that cannot be imported: "
            + "; ".join(f"{error['filename']}: {error['stack_trace'].strip()}" for error in errors)
        )
    say("✓ every DAG file can be imported")
    if rest("GET", f"dags/{DAG}")["is_paused"]:
        raise ReleaseError(
            f"✗ {DAG} is paused, so that it never runs\n    → unpause it in Airflow's UI, then again"
        )
    began = datetime.now(UTC)
    # Of ten digits: MWAA takes paths of 64 characters at most.
    run = f"smoke_{began.timestamp():.0f}"
    rest("POST", f"dags/{DAG}/dagRuns", {"dag_run_id": run, "logical_date": None})
    say(f"… {DAG}, run {run}")
    state = _ended(rest, run, poll_interval)
    if state != "success":
        tasks = rest("GET", f"dags/{DAG}/dagRuns/{run}/taskInstances")["task_instances"]
        failed = [task["task_id"] for task in tasks if task["state"] == "failed"]
        raise ReleaseError(
            f"✗ {DAG}, run {run}: {state}; failed: {', '.join(failed) or 'no task'}"
            "\n    → read the task's log in Airflow's UI, and what the DAG's documentation there says of it"
        )
    say(f"✓ {DAG}, run {run}: success")
    published = _published(dashboard_url, began, poll_interval)
    say(f"✓ {dashboard_url}/data/top10_cryptos.json is of {published['as_of']}, source {published['source']}")
    return began


def find_balance(
    logs: Any, group: str, began: datetime, say: Callable[[str], None], poll_interval: float = 10
) -> None:
    """Find what `bronze_to_silver` printed in the logs of Airflow's tasks.

    Args:
        logs: A boto3 client of `logs`.
        group: MWAA's log group of tasks.
        began: When the run began; earlier lines do not count.
        say: Tells people how it goes.
        poll_interval: Seconds between two looks.

    Raises:
        ReleaseError: it is not there.
    """
    search = {"logGroupName": group, "startTime": int(began.timestamp() * 1000)}
    deadline = time.monotonic() + _LOG_SECONDS
    while True:
        pages = logs.get_paginator("filter_log_events").paginate(**search, filterPattern='"rows in bronze"')
        if any(page["events"] for page in pages):
            break
        if time.monotonic() > deadline:
            raise ReleaseError(
                f"✗ log group {group}: no task shows the balance that bronze_to_silver printed\n"
                "    → switch task logs on, level INFO. If they are, read in the task's log why it could "
                "not show the run's, and compare the execution role with infra/policies/airflow_tasks.json"
            )
        time.sleep(poll_interval)
    say(f"✓ {group} shows the balance that bronze_to_silver printed")


def look_at_layers(s3: Any, bucket: str, began: datetime, say: Callable[[str], None]) -> None:
    """Look whether the run has replaced its day's files, and left nothing unfinished beside them.

    Args:
        s3: A boto3 client of `s3`.
        bucket: The lake's.
        began: When the run began (UTC); it was for that day.
        say: Tells people how it goes.

    Raises:
        ReleaseError: old files lie beside new ones, or something unfinished is left.
    """
    since = began.replace(microsecond=0)
    for layer in _LAYERS:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=layer)
        objects = [entry for page in pages for entry in page.get("Contents", [])]
        today = f"{layer}dt={began.date()}/"
        day = [entry for entry in objects if entry["Key"].startswith(today) and entry["Size"]]
        old = [entry["Key"] for entry in day if entry["LastModified"] < since]
        if old or not day:
            problem = f"these are of an earlier run: {', '.join(old)}" if old else "there is no file"
            raise ReleaseError(
                f"✗ s3://{bucket}/{today}: {problem}\n"
                "    → Glue does not replace a partition as Spark does: see Known limitations in docs/mwaa.md"
            )
        left = [
            entry["Key"]
            for entry in objects
            if entry["Key"].removeprefix(layer).startswith(_UNFINISHED) and not entry["Key"].endswith("/")
        ]
        uploads = s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=layer)
        left += [
            f"upload of {entry['Key']}"
            for page in uploads
            for entry in page.get("Uploads", [])
            if entry["Initiated"] >= since
        ]
        if left:
            raise ReleaseError(
                f"✗ s3://{bucket}/{layer}: unfinished files are left: {', '.join(left[:10])}\n"
                "    → wait until no run is going, then run the DAG again: it removes what a killed run left"
            )
    say(f"✓ silver and gold of {began.date()} are of this run, and nothing unfinished is left")


def mwaa_rest(client: Any, environment: str) -> Rest:
    """Airflow's REST API through MWAA's InvokeRestApi, which signs with AWS credentials."""

    def call(method: str, path: str, body: Any = None) -> Any:
        request = {"Name": environment, "Method": method, "Path": f"/{path}"}
        if body is not None:
            request["Body"] = body
        try:
            return client.invoke_rest_api(**request)["RestApiResponse"]
        except (client.exceptions.RestApiClientException, client.exceptions.RestApiServerException) as error:
            answer = error.response
            raise ReleaseError(
                f"✗ Airflow answered {method} /{path} with {answer.get('RestApiStatusCode')}: "
                f"{answer.get('RestApiResponse')}"
            ) from None

    return call


def _ended(rest: Rest, run: str, poll_interval: float) -> str:
    deadline = time.monotonic() + _RUN_SECONDS
    while time.monotonic() < deadline:
        state = str(rest("GET", f"dags/{DAG}/dagRuns/{run}")["state"])
        if state in ("success", "failed"):
            return state
        time.sleep(poll_interval)
    raise ReleaseError(
        f"✗ {DAG}, run {run}: still {state} after {_RUN_SECONDS // 60} minutes"
        "\n    → look at it in Airflow's UI: is another run going, are workers and triggerer up?"
    )


def _published(dashboard_url: str, began: datetime, poll_interval: float) -> dict[str, Any]:
    """The top ten, as soon as those that were made after `began` are served."""
    address = f"{dashboard_url}/data/top10_cryptos.json"
    deadline = time.monotonic() + _CACHED_SECONDS
    while True:
        body, _ = fetch(address)
        document: dict[str, Any] = json.loads(body)
        days = {began.date().isoformat(), datetime.now(UTC).date().isoformat()}
        made = datetime.fromisoformat(document["generated_at"])
        if made >= began.replace(microsecond=0) and document["as_of"] in days:
            return document
        if time.monotonic() > deadline:
            raise ReleaseError(
                f"✗ {address} is of {document['as_of']}, made {document['generated_at']}: not of the run "
                "that has just succeeded\n    → is the website's bucket that of the distribution?"
            )
        time.sleep(poll_interval)
