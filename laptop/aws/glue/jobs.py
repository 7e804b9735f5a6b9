"""Glue jobs that run: a job run is the job's script on a warm JVM, with its states, logs and limits."""

from __future__ import annotations

import re
import shutil
import signal
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, cast

from moto.core.utils import utcnow
from moto.glue.exceptions import InvalidInputException
from moto.glue.models import FakeJob, FakeJobRun

from laptop.aws.glue import spark
from laptop.aws.glue.job_view import JobView
from laptop.aws.glue.program import Program, argument_problem
from laptop.aws.glue.warm_spark import Jvm, JvmError, Pool
from laptop.aws.iam import authorization
from laptop.aws.iam.authorization import NotAuthorizedError, role_of_service
from laptop.aws.leash import Leashed
from laptop.aws.logs import log_stream
from laptop.aws.s3.backend import storage

_DEFAULT_TIMEOUT = 480  # minutes, as Glue 5.0 and later
# Without these a script would do something else than on Glue.
_NOT_IMPLEMENTED = {
    "--class",
    "--datalake-formats",
    "--extra-files",
    "--extra-jars",
    "--user-jars-first",
}
_LOOK_SECONDS = 0.2
_LOST_SECONDS = 5.0
_JAVA_FRAME = r"\s+(at |\.\.\. )"
# What a JVM writes to standard error when nothing is wrong.
_CHATTER = re.compile(
    r"(\d\d/){2}\d\d [\d:]+ (DEBUG|INFO|WARN) |WARNING: |Setting default log |To adjust |Picked up |Using "
)


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
        if problem := argument_problem(arguments):
            return problem
        return spark.version_problem(self.glue_version)


class JobRun(FakeJobRun):
    """One run of a Glue job."""

    logs: ClassVar[Path]  # of every run, for people
    endpoint_url: ClassVar[str]
    pool: ClassVar[Pool]
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
        # As on Glue, without the wait for resources.
        ended = self.completed_on if done else utcnow()
        seconds = (ended - self._running_since).total_seconds() if self._running_since else 0
        return shown | {
            "ExecutionTime": int(seconds),
            "GlueVersion": self.glue_version,
            "LastModifiedOn": self.modified_on,
            "LogGroupName": self._log_group,
        }

    @property
    def _log_group(self) -> str:
        """What the names of its log groups begin with."""
        return str((self.arguments or {}).get("--custom-logGroup-prefix", "/aws-glue/jobs"))

    def start(self, job: Job) -> None:
        """Run in a thread."""
        self.glue_version = job.glue_version
        self._stopped = threading.Event()
        self._running_since: datetime | None = None
        self._process: Leashed | None = None
        self._jvm: Jvm | None = None
        threading.Thread(
            target=self._run, args=(job,), name=f"{job.name} {self.job_run_id}", daemon=True
        ).start()

    def stop(self) -> None:
        """Have the run end as STOPPED, soon."""
        self.status, self.modified_on = "STOPPING", utcnow()
        self._stopped.set()
        self._end()

    def _run(self, job: Job) -> None:
        try:
            status, message = self._outcome(job)
        except NotAuthorizedError as error:
            status, message = "FAILED", f"AccessDeniedException: {error}"
        except JvmError as error:
            status, message = "FAILED", str(error)
        except Exception as error:  # a run must not stay RUNNING because this thread died
            status, message = "FAILED", f"{type(error).__name__}: {error}"
        storage().reconcile()
        if self._stopped.is_set():
            status, message = "STOPPED", None
        self.error_message = message
        self.completed_on = self.modified_on = utcnow()
        self.status = status

    def _outcome(self, job: Job) -> tuple[str, str | None]:
        region = job.backend.region_name
        principal = role_of_service(job.role, "glue.amazonaws.com")
        environment = {**spark.environment(self.endpoint_url, region), **principal.credentials}
        scratch = Path(tempfile.mkdtemp(prefix="glue-"))
        self.logs.mkdir(parents=True, exist_ok=True)
        last_lines: deque[str] = deque(maxlen=500)
        last_errors: deque[str] = deque(maxlen=100)
        output = log_stream(region, f"{self._log_group}/output", self.job_run_id)
        error = log_stream(region, f"{self._log_group}/error", self.job_run_id)
        try:
            # By S3A the endpoint itself decides on each request.
            is_viewed = authorization.on() and spark.S3A not in (self.arguments or {}).get("--conf", "")
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
                    last_errors.append(line)
                    error(line)
                    err_file.write(line + "\n")

                command: Any = job.command
                program = Program.fetch(
                    (self.arguments or {}).get("--scriptLocation", command["ScriptLocation"]),
                    {"--JOB_NAME": job.name, "--JOB_RUN_ID": self.job_run_id},
                    self.arguments or {},
                    scratch,
                    principal,
                )
                settings = self._settings(program, environment, scratch, view)
                if own := spark.of_the_jvm(settings):
                    jvm: Jvm | None = self.pool.start(environment, own)
                else:
                    jvm = self.pool.take(self._stopped)
                if jvm is None:
                    return "STOPPED", None
                self._jvm = jvm
                clean = False
                try:
                    attach = jvm.open(settings, scratch, on_output, on_error)
                    self._process = Leashed(
                        program.command,
                        {**environment, **program.environment, **attach},
                        scratch,
                        on_output,  # the traceback, too, goes where the script prints, as on Glue
                    )
                    exit_status = self._wait(jvm)
                    # What the run left working must not go on while its files are looked at.
                    clean = exit_status is not None and jvm.settle()
                    outcome: tuple[str, str | None]
                    if exit_status is None:
                        outcome = (
                            "TIMEOUT",
                            f"The run took longer than its Timeout of {self._minutes} minutes",
                        )
                    elif jvm.exit_status is not None:
                        outcome = "FAILED", jvm.reason()
                    elif exit_status:
                        outcome = "FAILED", failure(exit_status, last_lines, last_errors)
                    else:
                        outcome = "SUCCEEDED", None
                finally:
                    self._jvm = None
                    self.pool.give_back(jvm, clean=clean and not own and not self._stopped.is_set())
            if view and outcome[0] in ("SUCCEEDED", "FAILED"):
                if outcome[0] == "FAILED":
                    view.require_what_is_named("\n".join(last_lines))
                view.take_over()
            return outcome
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _wait(self, jvm: Jvm) -> int | None:
        """The script's exit status, once it, or its JVM, or the run has ended; None if its time is over."""
        process = cast(Leashed, self._process)
        if self._stopped.is_set():
            self._end()
        else:
            self.status, self._running_since = "RUNNING", utcnow()
        deadline = time.monotonic() + self._minutes * 60
        while True:
            try:
                return process.wait(_LOOK_SECONDS)
            except TimeoutError:
                if jvm.exit_status is not None:
                    # The script notices with its next call, and its traceback may tell more.
                    with suppress(TimeoutError):
                        return process.wait(_LOST_SECONDS)
                    process.end()
                elif time.monotonic() > deadline:
                    self._end()
                    process.end()
                    process.wait(_LOST_SECONDS)
                    return None

    @property
    def _minutes(self) -> int:
        return self.timeout or _DEFAULT_TIMEOUT

    def _end(self) -> None:
        """End the script and its JVM, soon."""
        for running in (self._jvm, self._process):
            if running:
                threading.Thread(target=running.end, daemon=True).start()

    def _settings(
        self, program: Program, environment: Mapping[str, str], scratch: Path, view: JobView | None
    ) -> dict[str, str]:
        root = storage().files.root
        buckets = view.buckets() if view else {name: root / name for name in storage().buckets}
        # Python functions run in processes that the JVM starts, whose environment is not this run's.
        workers = {
            f"spark.executorEnv.{name}": value
            for name, value in environment.items()
            if name.startswith("AWS_")
        }
        given = {**workers, **program.settings, **(view.settings() if view else {})}
        if spark.uses_s3a(given):
            endpoint_url, region = environment["AWS_ENDPOINT_URL"], environment["AWS_DEFAULT_REGION"]
            given = spark.s3a_settings(endpoint_url, region, scratch) | given
        return spark.settings(program.name, buckets=buckets, scratch=scratch, given=given)


def failure(exit_status: int, last_lines: Iterable[str], last_errors: Iterable[str] = ()) -> str:
    """A failed script's error as Glue words it: `ValueError: …`, or the exit status without one.

    Of an error in Java the cause at the bottom is told too: `Py4JJavaError: … No space left on device`.

    Args:
        exit_status: The script's; 128 and a signal's number if that ended it.
        last_lines: What it printed.
        last_errors: What its JVM wrote to standard error.
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
    errors = [line for line in last_errors if not re.match(_JAVA_FRAME, line) and not _CHATTER.match(line)]
    last = next((line.strip() for line in (*errors, *lines)[::-1] if line.strip()), None)
    return f"Command failed with exit code {exit_status}: {last or _meaning(exit_status)}"


def _meaning(exit_status: int) -> str:
    """What an exit status says of a command that printed nothing."""
    if exit_status in (126, 127):
        return "the command was not found or cannot be executed"
    if exit_status == 128 + signal.SIGKILL:
        return "SIGKILL ended it; the system does that when memory runs out"
    if exit_status > 128 and exit_status - 128 in {number.value for number in signal.Signals}:
        return f"{signal.Signals(exit_status - 128).name} ended it"
    return "the script chose to end with it, and printed no reason"
