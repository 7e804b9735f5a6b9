"""GlueJobRunOperator, against Glue job runs that really run."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
import pytest
import structlog
from airflow.sdk.exceptions import AirflowException, TaskDeferred
from botocore.exceptions import ClientError

from lake_provider.operators.glue import GlueJobRunOperator

SCRIPT = b"""
import sys, time
what = sys.argv[sys.argv.index("--what") + 1]
if what == "fail":
    raise ValueError("silver/dt=2026-01-31/ is empty: run bronze_to_silver for that date first")
print("balance of dt=2026-01-31", *sys.argv[1:])
time.sleep(0 if what == "succeed" else 600)
"""
GROUP = "/glue-operator-test/logs"


@pytest.fixture(scope="module", autouse=True)
def job(local_aws: str, aws_environment: dict[str, str]) -> Iterator[None]:
    """A Glue job whose run succeeds, fails or sleeps, as its argument says."""
    with patch.dict(os.environ, aws_environment):
        boto3.client("s3").create_bucket(Bucket="glue-operator-test")
        boto3.client("s3").put_object(Bucket="glue-operator-test", Key="what.py", Body=SCRIPT)
        boto3.client("glue").create_job(
            Name="what",
            Role="arn:aws:iam::123456789012:role/glue",
            GlueVersion="6.0",
            Command={
                "Name": "glueetl",
                "ScriptLocation": "s3://glue-operator-test/what.py",
                "PythonVersion": "3",
            },
            DefaultArguments={"--custom-logGroup-prefix": GROUP},
            ExecutionProperty={"MaxConcurrentRuns": 3},
        )
        yield


def run_state(run_id: str) -> str:
    return boto3.client("glue").get_job_run(JobName="what", RunId=run_id)["JobRun"]["JobRunState"]


def wait_for(run_id: str, *states: str) -> None:
    deadline = time.monotonic() + 240
    while run_state(run_id) not in states:
        assert time.monotonic() < deadline, f"{run_id} is {run_state(run_id)}, not {states}"
        time.sleep(0.1)


class Attempt:
    """One task instance, whose XComs outlive its tries as they do in a retry."""

    def __init__(self, what: str) -> None:
        self.operator = GlueJobRunOperator(task_id=what, job_name="what", script_args={"--what": what})
        xcoms: dict[str, Any] = {}
        ti = SimpleNamespace(
            dag_id="dag",
            task_id=what,
            run_id="run",
            map_index=-1,
            xcom_push=lambda key, value, **_: xcoms.__setitem__(key, value),
            xcom_pull=lambda key, **_: xcoms.get(key),
        )
        self.context: Any = {"ti": ti, "task": self.operator}

    def defers(self) -> str:
        """Execute until the task is deferred; returns the id of the job run it waits for."""
        with pytest.raises(TaskDeferred) as deferred:
            self.operator.execute(self.context)
        return str(deferred.value.trigger.run_id)

    def resumes(self, run_id: str, status: str) -> str:
        """What follows the trigger's event."""
        return self.operator.execute_complete(self.context, {"status": status, "run_id": run_id})


def test_a_run_that_succeeded_is_done() -> None:
    attempt = Attempt("succeed")
    run_id = attempt.defers()
    wait_for(run_id, "SUCCEEDED")
    assert attempt.resumes(run_id, "success") == run_id


def test_a_failed_run_tells_the_scripts_own_error() -> None:
    attempt = Attempt("fail")
    run_id = attempt.defers()
    wait_for(run_id, "FAILED")
    with pytest.raises(AirflowException, match=r"is FAILED: .*run bronze_to_silver for that date first"):
        attempt.resumes(run_id, "error")


def test_a_retry_reattaches_to_the_run_that_is_still_going_and_a_stopped_run_is_a_failure() -> None:
    attempt = Attempt("sleep")
    run_id = attempt.defers()
    wait_for(run_id, "RUNNING")
    again = Attempt("sleep")  # a cleared task: a new worker process, its XComs gone
    assert again.defers() == run_id
    boto3.client("glue").batch_stop_job_run(JobName="what", JobRunIds=[run_id])
    wait_for(run_id, "STOPPED")
    stopped = {"status": "error", "run_id": run_id, "message": "AWS Glue job failed.: Waiter ..."}
    with pytest.raises(AirflowException, match=rf"run {run_id}, is STOPPED: Glue gives no error message"):
        attempt.operator.execute_complete(attempt.context, stopped)


def test_a_trigger_that_broke_is_no_reason_the_run_is() -> None:
    broken = ("__fail__", {"error": "Trigger failure", "traceback": ["ClientError: ThrottlingException"]})
    attempt = Attempt("fail")
    run_id = attempt.defers()
    wait_for(run_id, "FAILED")
    with pytest.raises(AirflowException, match=r"is FAILED: .*run bronze_to_silver for that date first"):
        attempt.operator.resume_execution(*broken, attempt.context)
    attempt = Attempt("succeed")
    run_id = attempt.defers()
    wait_for(run_id, "SUCCEEDED")
    assert attempt.operator.resume_execution(*broken, attempt.context) == run_id
    attempt = Attempt("sleep")
    run_id = attempt.defers()
    wait_for(run_id, "RUNNING")
    with pytest.raises(AirflowException, match=rf"run {run_id}, is RUNNING: Trigger failure, see the log"):
        attempt.operator.resume_execution(*broken, attempt.context)
    boto3.client("glue").batch_stop_job_run(JobName="what", JobRunIds=[run_id])


def shown(attempt: Attempt, run_id: str) -> str:
    """What the task's log says when the run has ended."""
    with structlog.testing.capture_logs() as logs:
        attempt.operator.execute_complete(attempt.context, {"status": "success", "run_id": run_id})
    return "\n".join(lines_of(logs))


def lines_of(logs: Any) -> list[str]:
    """Captured lines as they are read."""
    return [line["event"] % line.get("positional_args", ()) for line in logs]


def test_what_the_script_printed_is_in_the_tasks_log() -> None:
    attempt = Attempt("succeed")
    run_id = attempt.defers()
    wait_for(run_id, "SUCCEEDED")
    log = shown(attempt, run_id)
    assert f"Glue run {run_id} printed ({GROUP}/output):\n" in log
    assert re.search("^balance of dt=2026-01-31", log, re.MULTILINE), "an entry of its own"
    assert log.count("balance of dt=2026-01-31") == 1
    assert f"--JOB_RUN_ID {run_id}" in log, "it is another run's"
    assert "custom-logGroup-prefix" not in log, "on Glue a script does not see it"


@pytest.mark.parametrize(
    ("group", "stream"),
    [
        pytest.param(GROUP, "{run_id}-driver", id="another name for the driver's stream"),
        pytest.param("/aws-glue/jobs", "{run_id}", id="the account's log group, which the run names"),
    ],
)
@pytest.mark.clock
def test_the_log_is_found_wherever_glue_has_put_it(group: str, stream: str) -> None:
    attempt = Attempt("succeed")
    run_id = "jr_elsewhere"
    logs = boto3.client("logs")
    where = {"logGroupName": f"{group}/output", "logStreamName": stream.format(run_id=run_id)}
    with suppress(logs.exceptions.ResourceAlreadyExistsException):  # another test's job has it, too
        logs.create_log_group(logGroupName=where["logGroupName"])
    logs.create_log_stream(**where)
    logs.put_log_events(**where, logEvents=[{"timestamp": int(time.time() * 1000), "message": "said\n"}])
    with structlog.testing.capture_logs() as lines:
        attempt.operator._show_log(run_id, group)
    logs.delete_log_stream(**where)
    assert lines_of(lines)[-2:] == [f"Glue run {run_id} printed ({group}/output):", "said"]


def test_a_log_that_is_not_there_or_may_not_be_read_fails_nothing() -> None:
    attempt = Attempt("succeed")
    run_id = attempt.defers()
    wait_for(run_id, "SUCCEEDED")
    with patch.object(attempt.operator, "_show_log_group", return_value=False):
        assert f"Glue has no log of run {run_id} in {GROUP}/output (yet)" in shown(attempt, run_id)
    denied = ClientError({"Error": {"Code": "AccessDeniedException"}}, "FilterLogEvents")
    with patch.object(attempt.operator, "_show_log_group", side_effect=denied):
        assert f"The log of Glue run {run_id} cannot be read: " in shown(attempt, run_id)
