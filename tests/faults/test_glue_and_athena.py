"""Glue and Athena refuse, or somebody stops what they do: the task says so, and its retry heals it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from unittest.mock import patch

import boto3
import pyarrow.parquet as pq
import pytest
import structlog
from airflow.providers.amazon.aws.operators.athena import AthenaOperator
from airflow.sdk.exceptions import AirflowException, TaskDeferralError, TaskDeferred
from botocore.exceptions import ClientError

from include.crypto_lake.glue_script_files import script_arguments
from lake_provider.operators.athena_check import AthenaCheckOperator
from lake_provider.operators.glue import GlueJobRunOperator
from laptop.lake.deployment import LAKE_BUCKET, deploy
from tests import athena
from tests.faults.conftest import Answer, MisbehavingAws, json_error

BUCKET = "faults-glue-and-athena"
JOB = "one-at-a-time"


@pytest.fixture(scope="module", autouse=True)
def job(local_aws: str, aws_environment: dict[str, str]) -> Iterator[None]:
    """A Glue job that may run once at a time, and takes long."""
    with patch.dict(os.environ, aws_environment):
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        boto3.client("s3").put_object(Bucket=BUCKET, Key="job.py", Body=b"import time; time.sleep(600)")
        boto3.client("glue").create_job(
            Name=JOB,
            Role="r",
            GlueVersion="6.0",
            Command={"Name": "glueetl", "ScriptLocation": f"s3://{BUCKET}/job.py"},
            ExecutionProperty={"MaxConcurrentRuns": 1},
        )
        yield


def stop(run_id: str) -> None:
    glue = boto3.client("glue")
    glue.batch_stop_job_run(JobName=JOB, JobRunIds=[run_id])
    while glue.get_job_run(JobName=JOB, RunId=run_id)["JobRun"]["JobRunState"] != "STOPPED":
        pass


def glue_task(job: str = JOB, **options: Any) -> tuple[GlueJobRunOperator, Any]:
    task = GlueJobRunOperator(task_id="t", job_name=job, poll_interval=2, **options)

    class TaskInstance:
        dag_id, task_id, run_id, map_index = "dag", "t", "run", -1

        def xcom_push(self, **_: Any) -> None: ...
        def xcom_pull(self, **_: Any) -> None: ...

    return task, {"ti": TaskInstance(), "task": task}


def test_two_live_runs_of_one_day_take_turns(local_aws: str, aws: None) -> None:
    """The declared job and its own script: the second run waits, and the day is as one run leaves it."""
    deploy(local_aws)
    s3, glue, name = boto3.client("s3"), boto3.client("glue"), "bronze_to_silver"
    day = "2016-02-29"  # no other test's
    prefix = f"coins_market/dt={day}/"
    page = f"bronze/{prefix}currency=usd/ingested_at=20160229T020003Z/source=synthetic/page-0001.json"
    coins = [{"id": "bitcoin", "current_price": 1.5}, {"id": "refused"}]
    s3.put_object(Bucket=LAKE_BUCKET, Key=page, Body=json.dumps(coins).encode())
    arguments = {
        **script_arguments(name, LAKE_BUCKET),
        "--run_date": day,
        "--bucket": LAKE_BUCKET,
    }
    task, context = glue_task(name, script_args={**arguments, "--airflow_task_uuid": "daily"})
    with pytest.raises(TaskDeferred):
        task.execute(context)
    second, _ = glue_task(name, script_args={**arguments, "--airflow_task_uuid": "backfill"})
    with pytest.raises(TaskDeferred) as pause:
        second.execute({**context, "task": second})
    assert pause.value.kwargs == {"refusals": 1}
    while not (run := glue.get_job_runs(JobName=name)["JobRuns"][0]).get("CompletedOn"):
        time.sleep(0.2)
    assert run["JobRunState"] == "SUCCEEDED", run.get("ErrorMessage")

    with pytest.raises(TaskDeferred) as going:
        second.execute({**context, "task": second}, refusals=1)
    assert going.value.method_name == "execute_complete"
    while not (run := glue.get_job_runs(JobName=name)["JobRuns"][0]).get("CompletedOn"):
        time.sleep(0.2)
    assert run["JobRunState"] == "SUCCEEDED", run.get("ErrorMessage")
    for layer, ids in (("silver", ["bitcoin"]), ("quarantine", ["refused"])):
        [file] = s3.list_objects_v2(Bucket=LAKE_BUCKET, Prefix=f"{layer}/{prefix}")["Contents"]
        body = s3.get_object(Bucket=LAKE_BUCKET, Key=file["Key"])["Body"].read()
        assert pq.read_table(BytesIO(body))["coin_id"].to_pylist() == ids
        others = s3.list_objects_v2(Bucket=LAKE_BUCKET, Prefix=f"{layer}/coins_market/")["Contents"]
        assert [key for other in others if "/_" in (key := other["Key"]) or "/." in key] == []


def test_a_job_with_as_many_runs_as_it_may_have_is_waited_for(aws: None) -> None:
    others = boto3.client("glue").start_job_run(JobName=JOB)["JobRunId"]
    try:
        task, context = glue_task()
        with structlog.testing.capture_logs() as logs, pytest.raises(TaskDeferred) as pause:
            task.execute(context)
        assert "has as many runs going as its MaxConcurrentRuns allows" in str(logs)
        assert (pause.value.method_name, pause.value.kwargs) == ("execute", {"refusals": 1})
        assert type(pause.value.trigger).__name__ in ("DateTimeTrigger", "TimeDeltaTrigger")

        with pytest.raises(TaskDeferred) as again:  # still no place
            task.execute(context, event=None, **pause.value.kwargs)
        assert again.value.kwargs == {"refusals": 2}
        with pytest.raises(TaskDeferralError, match="Trigger failure"):  # there is no run to ask
            task.resume_execution("__fail__", {"error": "Trigger failure"}, context)
        with pytest.raises(
            AirflowException, match=r"allows, for 20 minutes now: .*--job-name one-at-a-time\)"
        ):
            task.execute(context, refusals=40)
    finally:
        stop(others)

    with pytest.raises(TaskDeferred) as started:
        task.execute(context, event=None, **again.value.kwargs)
    assert started.value.method_name == "execute_complete"
    run_id = started.value.trigger.run_id  # type: ignore[attr-defined]
    assert run_id != others
    stop(run_id)


def test_a_throttled_glue_is_asked_again(misbehaving: MisbehavingAws) -> None:
    misbehaving.on("StartJobRun", *[json_error("ThrottlingException", "Rate exceeded")] * 4)
    task, context = glue_task()
    with pytest.raises(TaskDeferred) as started:
        task.execute(context)
    assert len(misbehaving.waits) == 4
    runs = boto3.client("glue").get_job_runs(JobName=JOB)["JobRuns"]
    going = [run["Id"] for run in runs if run["JobRunState"] in ("STARTING", "RUNNING")]
    assert going == [started.value.trigger.run_id]  # type: ignore[attr-defined]
    stop(going[0])


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        ({"JobRunState": "TIMEOUT", "ErrorMessage": "Job timed out"}, "is TIMEOUT: Job timed out"),
        ({"JobRunState": "STOPPED"}, "is STOPPED: Glue gives no error message"),
        ({"JobRunState": "EXPIRED"}, "is EXPIRED: Glue gives no error message"),
        ({"JobRunState": "RUNNING"}, "is RUNNING: Glue gives no error message"),
    ],
)
def test_a_run_that_did_not_succeed_is_a_failure_whatever_its_state(
    run: dict[str, str], reason: str, misbehaving: MisbehavingAws
) -> None:
    misbehaving.on("GetJobRun", Answer(200, json.dumps({"JobRun": run}).encode()))
    task, context = glue_task()
    with pytest.raises(AirflowException, match=f"Glue job {JOB}, run jr_1, {reason}"):
        task.execute_complete(context, {"status": "success", "run_id": "jr_1"})


# Athena

CHECKS = "SELECT 'fresh' AS check_name, true AS passed, '9 minutes' AS observed, '720' AS expected"


def query(sql: str, kind: type[AthenaOperator] = AthenaOperator) -> str:
    """What a task of the daily DAG does."""
    task = kind(
        task_id="query",
        query=sql,
        database="default",
        output_location=f"s3://{BUCKET}/results/",
        sleep_time=0,
        deferrable=False,
        do_xcom_push=False,
    )
    context: Any = {}
    return str(task.execute(context))


def rows(query_id: str) -> list[dict[str, Any]]:
    return athena.rows({"QueryExecutionId": query_id})


@pytest.mark.parametrize("code", ["ThrottlingException", "TooManyRequestsException"])
def test_a_throttled_athena_is_asked_again_by_the_client_or_by_airflow(
    code: str, misbehaving: MisbehavingAws
) -> None:
    misbehaving.on("StartQueryExecution", json_error(code, "Rate exceeded"))
    if code == "TooManyRequestsException":  # which botocore does not repeat
        with pytest.raises(
            ClientError, match=r"\(TooManyRequestsException\) .*StartQueryExecution .*Rate exceeded"
        ):
            query("SELECT 1 AS n")
    assert rows(query("SELECT 1 AS n")) == [{"n": 1}]
    assert not misbehaving.faults


def test_an_athena_that_is_throttled_while_its_query_runs_does_no_harm(misbehaving: MisbehavingAws) -> None:
    misbehaving.on("GetQueryExecution", *[json_error("TooManyRequestsException", "Rate exceeded")] * 2)
    with pytest.raises(
        ClientError, match=r"\(TooManyRequestsException\) .*GetQueryExecution .*Rate exceeded"
    ):
        query("SELECT 1 AS n")
    assert rows(query("SELECT 1 AS n")) == [{"n": 1}]


def ended(state: str, reason: str) -> Answer:
    status = {"State": state, "StateChangeReason": reason}
    return Answer(200, json.dumps({"QueryExecution": {"Status": status}}).encode())


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("FAILED", "Query exhausted resources at this scale factor"),
        ("FAILED", "INTERNAL_ERROR_QUERY_ENGINE"),
    ],
)
def test_a_query_that_did_not_end_well_is_a_failure_with_athenas_reason(
    state: str, reason: str, misbehaving: MisbehavingAws
) -> None:
    for kind in (AthenaOperator, AthenaCheckOperator):
        misbehaving.on("GetQueryExecution", *[ended(state, reason)] * 3)
        with pytest.raises(
            AirflowException, match=f"Final state of Athena job is {state}, .*Error: {reason}"
        ):
            query(CHECKS, kind)
    assert rows(query(CHECKS, AthenaCheckOperator))[0]["check_name"] == "fresh"


def test_a_query_that_somebody_cancels_is_a_failure(misbehaving: MisbehavingAws) -> None:
    def cancel() -> None:
        [going] = [q for q in queries() if q not in before]
        boto3.client("athena").stop_query_execution(QueryExecutionId=going)

    def queries() -> list[str]:
        return boto3.client("athena").list_query_executions()["QueryExecutionIds"]

    before = queries()
    misbehaving.on("GetQueryExecution", cancel)
    endless = "UNNEST(sequence(1, 10000))"
    joins = f"{endless} AS a(x) CROSS JOIN {endless} AS b(y) CROSS JOIN {endless} AS c(z)"
    with pytest.raises(AirflowException, match=r"is CANCELLED, .*Error: Query cancelled by user"):
        query(f"SELECT count(*) FROM {joins} WHERE x * y % 7 = z")
    assert rows(query("SELECT 1 AS n")) == [{"n": 1}]
