"""A Glue job run that counts as done only when it succeeded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskDeferralError

if TYPE_CHECKING:
    from airflow.sdk import Context


class GlueJobRunOperator(GlueJobOperator):
    """The provider's `GlueJobOperator`, deferred, that tells why a run failed and refuses a stopped one.

    The provider calls a run in state STOPPED a success, and reports a failed one without its error message.
    Both matter here: a stopped run has not written its partition, and the reason belongs into the alert.

    A retried or cleared task re-attaches to its run while that is still going (`resume_glue_job_on_retry`)
    instead of starting a second one beside it.

    Args:
        job_name: The Glue job, which exists already (`include/resources/glue_jobs.yaml`).
        poll_interval: Seconds between two looks at the run.
        poll_attempts: How many looks before the task fails; together they must outlast the job's own timeout.
        **kwargs: As `GlueJobOperator`.
    """

    def __init__(
        self, *, job_name: str, poll_interval: int = 5, poll_attempts: int = 240, **kwargs: Any
    ) -> None:
        super().__init__(
            job_name=job_name,
            deferrable=True,
            verbose=True,  # the script's own log lines, in the task's log
            resume_glue_job_on_retry=True,
            waiter_delay=poll_interval,
            waiter_max_attempts=poll_attempts,
            **kwargs,
        )

    def execute(self, context: Context) -> str:
        """Start the job's run, or re-attach to the one that is going, and defer.

        Raises:
            AirflowFailException: there is no such job. (The provider would try to create one.)
        """
        if not self.hook.has_job(self.job_name):
            raise AirflowFailException(
                f"Glue job {self.job_name!r} does not exist: create it from include/resources/glue_jobs.yaml"
            )
        return str(super().execute(context))

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """As the base class; but when the trigger itself broke, look at the run instead.

        Airflow would say "Trigger failure", and nothing of the run, which may have ended or still be going.
        """
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except TaskDeferralError as error:
            ti = context["ti"]
            run_id = ti.xcom_pull(key="glue_job_run_id", task_ids=ti.task_id)
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
        if run["JobRunState"] == "SUCCEEDED":
            return run_id
        reason = run.get("ErrorMessage") or (event or {}).get("message") or "Glue gives no error message"
        raise AirflowException(f"Glue job {self.job_name}, run {run_id}, is {run['JobRunState']}: {reason}")
