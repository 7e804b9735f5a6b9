"""A Glue job run that counts as done only when it succeeded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

from airflow.providers.amazon.aws.hooks.logs import AwsLogsHook
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.amazon.aws.triggers.glue import GlueJobCompleteTrigger
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskDeferralError
from botocore.exceptions import ClientError

from lake_provider.operators.console_links import GlueJobRunLink

if TYPE_CHECKING:
    from airflow.sdk import Context

_PAUSE = 30  # seconds until a run that was refused is asked for again
_LIVE = ("STARTING", "RUNNING", "WAITING")
"""States of a run that a task takes up again."""
_LINES = 1000
"""How many lines of a run's log a task's log shows."""


class GlueJobRunOperator(GlueJobOperator):
    """The provider's `GlueJobOperator`, deferred, that tells why a run failed and refuses a stopped one.

    The provider calls a run in state STOPPED a success, and reports a failed one without its error message.
    Both matter here: a stopped run has not written its partition, and the reason belongs into the alert.

    A retried or cleared task re-attaches to its run while that is still going (`resume_glue_job_on_retry`)
    instead of starting a second one beside it. While the job has `MaxConcurrentRuns` going, the task waits,
    as long as it would for a run.

    When a run has ended, the task copies what the script printed into its own log. (The provider's `verbose`
    reads the log at every look, only from the stream that is named like the run, and fails the task when it
    is throttled.)

    Args:
        job_name: The Glue job, which exists already (`include/resources/glue_jobs.yaml`).
        poll_interval: Seconds between two looks at the run.
        minutes: How long the task waits for the run; longer than the job's own timeout.
        **kwargs: As `GlueJobOperator`.
    """

    operator_extra_links = (GlueJobRunLink(),)

    def __init__(self, *, job_name: str, poll_interval: int = 10, minutes: int = 20, **kwargs: Any) -> None:
        super().__init__(
            job_name=job_name,
            deferrable=True,
            verbose=False,
            resume_glue_job_on_retry=True,
            waiter_delay=poll_interval,
            waiter_max_attempts=minutes * 60 // poll_interval,
            **kwargs,
        )

    def execute(self, context: Context, event: Any = None, refusals: int = 0) -> NoReturn:  # noqa: ARG002
        """Start the job's run, or re-attach to the one that is going, and defer.

        Args:
            context: Airflow's.
            event: Of the pause after a refusal.
            refusals: How many times Glue has refused the run because others are going.

        Raises:
            AirflowFailException: there is no such job. (The provider would try to create one.)
            AirflowException: others were going all the time.
        """
        if not self.hook.has_job(self.job_name):
            raise AirflowFailException(
                f"Glue job {self.job_name!r} does not exist: create it from include/resources/glue_jobs.yaml"
            )
        script_args, uuid = self._prepare_script_args_with_task_uuid(
            context, base_args=dict(self.script_args)
        )
        try:
            self._job_run_id = self._find_live_run(uuid) or self._start_run(script_args)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConcurrentRunsExceededException":
                raise
            self._wait_for_others(refusals)
        context["ti"].xcom_push(key="glue_job_run_id", value=self._job_run_id)
        GlueJobRunLink.persist(
            context=context,
            operator=self,
            region_name=self.hook.conn_region_name,
            aws_partition=self.hook.conn_partition,
            job_name=quote(self.job_name, safe=""),
            job_run_id=self._job_run_id,
        )
        self.defer(
            trigger=GlueJobCompleteTrigger(
                job_name=self.job_name,
                run_id=self._job_run_id,
                verbose=False,
                aws_conn_id=self.aws_conn_id,
                waiter_delay=self.waiter_delay,
                waiter_max_attempts=self.waiter_max_attempts,
                region_name=self.region_name,
            ),
            method_name="execute_complete",
        )

    def _find_live_run(self, uuid: str) -> str | None:
        """The run of this task that is still going, if there is one."""
        run_id, state = self._find_job_run_id_by_task_uuid(uuid) or ("", "")
        if state not in _LIVE:
            return None
        self.log.info("Glue run %s of job %s is %s: waiting for it", run_id, self.job_name, state)
        return run_id

    def _start_run(self, script_args: dict[str, Any]) -> str:
        glue: Any = self.hook.conn
        run = glue.start_job_run(JobName=self.job_name, Arguments=script_args, **self.run_job_kwargs)
        self.log.info("Glue run %s of job %s has been started", run["JobRunId"], self.job_name)
        return str(run["JobRunId"])

    def _wait_for_others(self, refusals: int) -> NoReturn:
        full = f"Glue job {self.job_name} has as many runs going as its MaxConcurrentRuns allows"
        if refusals * _PAUSE >= self.waiter_delay * self.waiter_max_attempts:
            raise AirflowException(
                f"{full}, for {refusals * _PAUSE // 60} minutes now: see which they are (aws glue "
                f"get-job-runs --job-name {self.job_name}), stop those that hang, then clear this task"
            )
        self.log.warning("%s: asking again in %d s", full, _PAUSE)
        self.defer(
            trigger=TimeDeltaTrigger(timedelta(seconds=_PAUSE)),
            method_name="execute",
            kwargs={"refusals": refusals + 1},
        )

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """As the base class; but when the trigger itself broke, look at the run instead.

        Airflow would say "Trigger failure", and nothing of the run, which may have ended or still be going.
        """
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except TaskDeferralError as error:
            ti = context["ti"]
            run_id = ti.xcom_pull(key="glue_job_run_id", task_ids=ti.task_id)
            if run_id is None:  # none has been started yet: it was refused
                raise
            return self.execute_complete(context, {"run_id": run_id, "message": f"{error}, see the log"})

    def execute_complete(
        self,
        context: Context,  # noqa: ARG002
        event: Mapping[str, Any] | None = None,
    ) -> str:
        """Look at the run once more when the trigger says it has ended.

        Returns:
            The job run's id.

        Raises:
            AirflowException: the run did not succeed, with its state and Glue's error message.
        """
        run_id = str((event or {})["run_id"])
        glue: Any = self.hook.conn
        run = glue.get_job_run(JobName=self.job_name, RunId=run_id)["JobRun"]
        self._show_log(run_id, run.get("LogGroupName"))
        if run["JobRunState"] == "SUCCEEDED":
            return run_id
        waiting = None if "CompletedOn" in run else (event or {}).get("message")
        reason = run.get("ErrorMessage") or waiting or "Glue gives no error message"
        raise AirflowException(f"Glue job {self.job_name}, run {run_id}, is {run['JobRunState']}: {reason}")

    def _show_log(self, run_id: str, prefix_of_run: str | None) -> None:
        """Copy what the run's script printed into the task's log; a log that cannot be read fails nothing.

        The job's own argument gives the prefix of its log groups. If Glue reports another one with the run,
        that is looked at, too.
        """
        glue: Any = self.hook.conn
        try:
            arguments = glue.get_job(JobName=self.job_name)["Job"].get("DefaultArguments", {})
            prefixes = [arguments.get("--custom-logGroup-prefix"), prefix_of_run]
            groups = [f"{prefix}/output" for prefix in dict.fromkeys(prefixes) if prefix]
            shown = [group for group in groups if self._show_log_group(group, run_id)]
            if not shown:
                self.log.info("Glue has no log of run %s in %s (yet)", run_id, " or ".join(groups))
        except ClientError as error:
            self.log.warning("The log of Glue run %s cannot be read: %s", run_id, error)

    def _show_log_group(self, group: str, run_id: str) -> bool:
        """Copy the run's lines of a log group; False if it has no stream of the run's id."""
        logs: Any = AwsLogsHook(aws_conn_id=self.aws_conn_id, region_name=self.region_name).conn
        try:
            found = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=run_id)
        except logs.exceptions.ResourceNotFoundException:
            return False
        streams = [stream["logStreamName"] for stream in found["logStreams"]]
        if not streams:
            return False
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, logStreamNames=streams, PaginationConfig={"MaxItems": _LINES}
        )
        lines = [event["message"].rstrip() for page in pages for event in page["events"]]
        self.log.info("Glue run %s printed (%s):", run_id, group)
        for line in lines:  # each an entry of the log, so that the balance is not the middle of another
            self.log.info("%s", line)
        return True
