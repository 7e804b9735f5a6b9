"""Glue jobs that run: a job run is a spark-submit of the job's script, with its states, logs and limits."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import threading
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, cast

from moto.core.utils import utcnow
from moto.glue.exceptions import InvalidInputException
from moto.glue.models import FakeJob, FakeJobRun

from laptop.aws.glue import spark
from laptop.aws.glue.job_view import JobView
from laptop.aws.iam import authorization
from laptop.aws.iam.authorization import NotAuthorizedError, Principal, role_of_service
from laptop.aws.leash import Leashed
from laptop.aws.logs import log_stream
from laptop.aws.s3.backend import storage

_DEFAULT_TIMEOUT = 480  # minutes, as Glue 5.0 and later
# Glue's own parameters, https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html.
# These change nothing here, and like on Glue the script does not see them.
_GLUES_OWN = {
    "--continuous-log-logGroup",
    "--continuous-log-logStreamPrefix",
    "--enable-auto-scaling",
    "--enable-continuous-cloudwatch-log",
    "--enable-continuous-log-filter",
    "--enable-glue-datacatalog",
    "--enable-job-insights",
    "--enable-metrics",
    "--enable-observability-metrics",
    "--enable-spark-ui",
    "--job-language",
    "--spark-event-logs-path",
}
# Without these a script would do something else than on Glue.
_NOT_IMPLEMENTED = {
    "--additional-python-modules",
    "--class",
    "--datalake-formats",
    "--extra-files",
    "--extra-jars",
    "--extra-py-files",
    "--user-jars-first",
}
_JAVA_FRAME = r"\s+(at |\.\.\. )"


class Job(FakeJob):
    """A Glue job; moto keeps its definition and counts its concurrent runs."""

    def start_job_run(self, *args: Any, **options: Any) -> str:
        """Start a run in a thread of its own; returns its id.

        Raises:
            InvalidInputException: The job needs something that the local AWS does not do.
            ConcurrentRunsExceededException: `MaxConcurrentRuns` are going.
        """
        arguments = {**self.default_arguments, **(options.get("arguments") or {})}
        if problem := self._problem(arguments):
            raise InvalidInputException("StartJobRun", f"Glue job {self.name}: {problem}")
        run_id = super().start_job_run(*args, **options)
        cast(JobRun, self.job_runs[-1]).start(self)
        return run_id

    def as_dict(self) -> dict[str, Any]:
        """The job as GetJob shows it: AWS has a 0 where moto has nothing."""
        return {**super().as_dict(), "MaxRetries": self.max_retries or 0}

    def get_job_runs(self) -> list[FakeJobRun]:
        """The runs, newest first."""
        return self.job_runs[::-1]

    def _problem(self, arguments: dict[str, str]) -> str | None:
        command: Any = self.command
        if command.get("Name") != "glueetl":
            return f"Command.Name {command.get('Name')!r}: the local AWS runs glueetl only"
        if self.max_retries:
            return f"MaxRetries {self.max_retries}: the local AWS does not retry, set it to 0"
        if missing := sorted(_NOT_IMPLEMENTED & arguments.keys()):
            return f"the local AWS does not implement {', '.join(missing)}"
        return spark.version_problem(self.glue_version)


class JobRun(FakeJobRun):
    """One run of a Glue job."""

    logs: ClassVar[Path]  # of every run, for people
    endpoint_url: ClassVar[str]
    # A plain attribute instead of moto's property, which moves on when it is looked at.
    status: str | None = "STARTING"
    error_message: str | None = None
    glue_version: str

    def as_dict(self) -> dict[str, Any]:
        """The run as GetJobRun shows it."""
        shown = super().as_dict()
        done = self.status in ("SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT")
        if not done:
            del shown["CompletedOn"]
        if self.error_message:
            shown["ErrorMessage"] = self.error_message
        seconds = ((self.completed_on if done else utcnow()) - self.started_on).total_seconds()
        return shown | {
            "ExecutionTime": int(seconds),
            "GlueVersion": self.glue_version,
            "LastModifiedOn": self.modified_on,
            "LogGroupName": "/aws-glue/jobs",
        }

    def start(self, job: Job) -> None:
        """Run in a thread."""
        self.glue_version = job.glue_version
        self._stopped = threading.Event()
        self._process: Leashed | None = None
        threading.Thread(
            target=self._run, args=(job,), name=f"{job.name} {self.job_run_id}", daemon=True
        ).start()

    def stop(self) -> None:
        """Have the run end as STOPPED, soon."""
        self.status, self.modified_on = "STOPPING", utcnow()
        self._stopped.set()
        if self._process:
            threading.Thread(target=self._process.end, daemon=True).start()

    def _run(self, job: Job) -> None:
        try:
            status, message = self._outcome(job)
        except NotAuthorizedError as error:
            status, message = "FAILED", f"AccessDeniedException: {error}"
        except Exception as error:  # a run must not stay RUNNING because this thread died
            status, message = "FAILED", f"{type(error).__name__}: {error}"
        storage().reconcile()
        if self._stopped.is_set():
            status, message = "STOPPED", None
        self.error_message = message
        self.completed_on = self.modified_on = utcnow()
        self.status = status

    def _outcome(self, job: Job) -> tuple[str, str | None]:
        if problem := spark.java_problem(os.environ):
            return "FAILED", problem
        region = job.backend.region_name
        principal = role_of_service(job.role, "glue.amazonaws.com")
        scratch = Path(tempfile.mkdtemp(prefix="glue-"))
        self.logs.mkdir(parents=True, exist_ok=True)
        last_lines: deque[str] = deque(maxlen=500)
        output = log_stream(region, "/aws-glue/jobs/output", self.job_run_id)
        error = log_stream(region, "/aws-glue/jobs/error", self.job_run_id)
        try:
            settings = self._settings()
            # By S3A the endpoint itself decides on each request.
            is_viewed = authorization.on() and not spark.uses_s3a(settings)
            view = JobView(principal, scratch / "lake") if is_viewed else None
            with (
                (self.logs / f"{self.job_run_id}.out").open("w", encoding="utf-8", buffering=1) as out_file,
                (self.logs / f"{self.job_run_id}.err").open("w", encoding="utf-8", buffering=1) as err_file,
            ):

                def on_output(line: str) -> None:
                    if not re.match(_JAVA_FRAME, line):  # hundreds, behind which the error itself is lost
                        last_lines.append(line)
                    output(line)
                    out_file.write(line + "\n")

                def on_error(line: str) -> None:
                    error(line)
                    err_file.write(line + "\n")

                self._process = Leashed(
                    self._command(job, scratch, principal, view, settings),
                    {**spark.environment(self.endpoint_url, region, scratch), **principal.credentials},
                    scratch,
                    on_output,
                    on_error,
                )
                if self._stopped.is_set():
                    self._process.end()
                else:
                    self.status = "RUNNING"
                minutes = self.timeout or _DEFAULT_TIMEOUT
                try:
                    exit_status = self._process.wait(minutes * 60)
                except TimeoutError:
                    self._process.end()
                    self._process.wait(0)
                    return "TIMEOUT", f"The run took longer than its Timeout of {minutes} minutes"
            if view:
                if exit_status:
                    view.require_what_is_named("\n".join(last_lines))
                view.take_over()
            return ("FAILED", failure(exit_status, last_lines)) if exit_status else ("SUCCEEDED", None)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _settings(self) -> dict[str, str]:
        """The Spark settings of `--conf`: one or more, as in "spark.a=1 --conf spark.b=2"."""
        given = (self.arguments or {}).get("--conf")
        return dict(item.strip().split("=", 1) for item in given.split("--conf")) if given else {}

    def _command(
        self, job: Job, scratch: Path, principal: Principal, view: JobView | None, settings: dict[str, str]
    ) -> list[str]:
        command: Any = job.command
        script = scratch / Path(command["ScriptLocation"]).name
        script.write_bytes(_read(command["ScriptLocation"], principal))
        arguments = ["--JOB_NAME", job.name, "--JOB_RUN_ID", self.job_run_id]
        for name, value in (self.arguments or {}).items():
            if name != "--conf" and name not in _GLUES_OWN:
                arguments += [name, value]
        root = storage().files.root
        buckets = {name: root / name for name in storage().buckets}
        if view:
            buckets, settings = view.buckets(), {**settings, **view.settings()}
        if spark.uses_s3a(settings):
            settings = spark.s3a_settings(self.endpoint_url, job.backend.region_name, scratch) | settings
        return spark.command(script, arguments, buckets=buckets, scratch=scratch, settings=settings)


def failure(exit_status: int, last_lines: Iterable[str]) -> str:
    """A failed script's error as Glue words it: `ValueError: …`, or the exit status without one.

    Of an error in Java the cause at the bottom is told too: `Py4JJavaError: … No space left on device`.
    """
    lines = list(last_lines)
    error = None
    traceback = False
    cause = None
    for line in lines:
        if line.startswith("Traceback (most recent call last):"):
            traceback, cause = True, None
        elif traceback and (found := re.match(r"(?:\w+\.)*(\w+(?:: .*)?)$", line)):
            error, traceback = found[1], False
        elif error and (found := re.match(r"(?:Caused by)?: (?:[\w$]+\.)*([\w$]+(?:: .*)?)$", line)):
            cause = found[1]
    if error:
        return f"{error} {cause}" if cause and error.startswith("Py4J") else error
    last = next((line for line in reversed(lines) if line.strip()), "it printed nothing")
    return f"Command failed with exit code {exit_status}: {last.strip()}"


def _read(location: str, principal: Principal) -> bytes:
    found = re.fullmatch(r"s3://([^/]+)/(.+)", location)
    if not found:
        raise ValueError(f"ScriptLocation {location} is not an s3:// address of a file")
    principal.require_object("s3:GetObject", found[1], found[2])
    with storage().lock:
        key = storage().get_object(found[1], found[2])
        if key is None:
            raise FileNotFoundError(f"ScriptLocation {location} does not exist: upload the script first")
        return key.value
