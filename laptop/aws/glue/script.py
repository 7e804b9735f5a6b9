"""Run one script as a Glue job, with its output in the terminal: what `make glue` does.

It goes through the Glue API like every other run, on the same warm JVMs. The job lasts as long as its run.
"""

from __future__ import annotations

import re
import shlex
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import boto3

from laptop.aws.glue import spark

BUCKET = "aws-glue-assets"
_GOING = {"STARTING", "RUNNING", "STOPPING", "WAITING"}
_LOOK_SECONDS = 0.1


class ScriptError(Exception):
    """Why a script cannot be run: what is wrong with the command, and what to write."""


def run(script: Path, arguments: str) -> int:
    """Run a script to its end.

    A deployed job whose script has the same file name lends its role and default arguments. The clients take
    the endpoint from the environment.

    Args:
        script: A Python file.
        arguments: The job's arguments as in a shell, such as `--day 2026-01-31 --conf spark.a=b`. The files
            of `--extra-py-files` may be local ones.

    Returns:
        The exit status: 0 if the run succeeded, 130 if it was interrupted, else 1.

    Raises:
        ScriptError: There is no such script, or an argument has no name or no value.
    """
    if not script.is_file():
        raise ScriptError(f"SCRIPT={script} is not a file: give the path of a Glue script")
    given = _pairs(arguments)
    glue = boto3.client("glue")
    with _uploaded(script, given) as location:
        lent = next((job for job in _jobs(glue) if _file_name(job) == script.name), {})
        name = f"{script.stem}-{uuid.uuid4().hex[:8]}"
        glue.create_job(
            Name=name,
            Role=lent.get("Role", "glue"),
            Command={"Name": "glueetl", "ScriptLocation": location},
            GlueVersion=lent.get("GlueVersion") or spark.installed_glue_version(),
            DefaultArguments=lent.get("DefaultArguments", {}),
        )
        try:
            return _follow(glue, name, given)
        finally:
            glue.delete_job(JobName=name)


def _pairs(arguments: str) -> dict[str, str]:
    try:
        words = shlex.split(arguments)
    except ValueError as error:
        raise ScriptError(f"ARGS={arguments}: {error}. Write it as in a shell") from None
    pairs: dict[str, str] = {}
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=")
        if not re.fullmatch(r"--[^\s-]\S*", name):
            raise ScriptError(f"ARGS: {word!r} has no name. Glue's arguments are --name value, in pairs")
        if not equals:
            if not words:
                raise ScriptError(f"ARGS: {name} has no value. Glue's arguments are --name value, in pairs")
            value = words.pop(0)
        # As Glue has it: one argument --conf with all settings.
        pairs[name] = f"{pairs[name]} --conf {value}" if name == "--conf" and name in pairs else value
    return pairs


@contextmanager
def _uploaded(script: Path, given: dict[str, str]) -> Iterator[str]:
    """Upload the script and the local files of --extra-py-files, and name the latter by their addresses."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    folder, keys = uuid.uuid4().hex, []

    def upload(path: Path) -> str:
        keys.append(f"{folder}/{path.name}")
        s3.upload_file(str(path), BUCKET, keys[-1])
        return f"s3://{BUCKET}/{keys[-1]}"

    try:
        if extra := given.get("--extra-py-files"):
            addresses = []
            for item in map(str.strip, extra.split(",")):
                if not item.startswith("s3://") and not Path(item).is_file():
                    raise ScriptError(f"--extra-py-files {item} is not a file: give its path, or s3://…")
                addresses.append(item if item.startswith("s3://") else upload(Path(item)))
            given["--extra-py-files"] = ",".join(addresses)
        yield upload(script)
    finally:
        for key in keys:
            s3.delete_object(Bucket=BUCKET, Key=key)


def _jobs(glue: Any) -> Iterator[dict[str, Any]]:
    for page in glue.get_paginator("get_jobs").paginate():
        yield from page["Jobs"]


def _file_name(job: dict[str, Any]) -> str:
    return str(job["Command"]["ScriptLocation"]).rpartition("/")[2]


def _follow(glue: Any, name: str, given: dict[str, str]) -> int:
    run_id = glue.start_job_run(JobName=name, Arguments=given)["JobRunId"]
    logs = boto3.client("logs")
    prefix = glue.get_job_run(JobName=name, RunId=run_id)["JobRun"]["LogGroupName"]
    streams = [
        _Stream(logs, f"{prefix}/output", run_id, sys.stdout),
        _Stream(logs, f"{prefix}/error", run_id, sys.stderr),
    ]
    interrupted = False
    while True:
        try:
            found = glue.get_job_run(JobName=name, RunId=run_id)["JobRun"]
            for stream in streams:
                stream.show()
            if found["JobRunState"] not in _GOING:
                break
            time.sleep(_LOOK_SECONDS)
        except KeyboardInterrupt:
            interrupted = True
            glue.batch_stop_job_run(JobName=name, JobRunIds=[run_id])
    seconds = (found["CompletedOn"] - found["StartedOn"]).total_seconds()
    reason = f": {found['ErrorMessage']}" if found.get("ErrorMessage") else ""
    print(f"{found['JobRunState']} after {seconds:.1f} s{reason}", file=sys.stderr, flush=True)
    return 130 if interrupted else int(found["JobRunState"] != "SUCCEEDED")


class _Stream:
    """A log stream of a run, shown as it grows."""

    def __init__(self, logs: Any, group: str, run_id: str, out: IO[str]) -> None:
        self._logs, self._out = logs, out
        self._asked = {"logGroupName": group, "logStreamName": run_id}

    def show(self) -> None:
        """Show what is new."""
        while True:
            try:
                page = self._logs.get_log_events(**self._asked, startFromHead=True)
            except self._logs.exceptions.ResourceNotFoundException:  # the run has not begun
                return
            for event in page["events"]:
                print(event["message"], file=self._out, flush=True)
            if not page["events"]:
                return
            self._asked["nextToken"] = page["nextForwardToken"]
