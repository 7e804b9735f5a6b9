"""The MWAA environment: brings its plugins and requirements up to what lies in the dags bucket.

MWAA takes plugins.zip and requirements.txt in named S3 versions, and only when the environment is updated:
that replaces its machines and takes 20 to 30 minutes. MWAA copies DAG files by itself. Airflow sees a
changed one within a minute, a new one within two (dag_processor.refresh_interval in infra/airflow.tf).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from release.errors import ReleaseError

_PLUGINS = "plugins.zip"
_REQUIREMENTS = "requirements.txt"
_GOING = {"CREATING", "UPDATING", "ROLLING_BACK", "CREATING_SNAPSHOT", "PENDING", "MAINTENANCE"}
_RESTING = {"AVAILABLE", "UPDATE_FAILED"}  # after a failed update it is as it was before, and runs
_DEADLINE = 75 * 60  # seconds


class Environment:
    """One MWAA environment.

    Args:
        client: A boto3 client of `mwaa`.
        name: The environment's name.
        say: Tells people how it goes.
        poll_interval: Seconds between two looks.
    """

    def __init__(self, client: Any, name: str, say: Callable[[str], None], poll_interval: float = 30) -> None:
        self._client = client
        self.name = name
        self._say = say
        self._poll_interval = poll_interval

    def describe(self) -> dict[str, Any]:
        """What GetEnvironment tells.

        Raises:
            ReleaseError: there is no such environment.
        """
        try:
            found: dict[str, Any] = self._client.get_environment(Name=self.name)["Environment"]
        except self._client.exceptions.ResourceNotFoundException:
            raise ReleaseError(
                f"MWAA environment {self.name} does not exist: apply Terraform, or read its outputs again"
            ) from None
        return found

    def needs(self, versions: Mapping[str, str | None]) -> bool:
        """Whether it runs with other plugins or requirements.

        Args:
            versions: Of each object by its key, its current S3 version.

        Raises:
            ReleaseError: somebody else's are in the way.
        """
        found = self.describe()
        for path in (found.get("PluginsS3Path"), found.get("RequirementsS3Path")):
            if path not in (None, _PLUGINS, _REQUIREMENTS):
                raise ReleaseError(
                    f"MWAA environment {self.name} runs with {path}, which a deployment would replace: merge "
                    f"what is in it into this repository, set the environment to {_PLUGINS} and "
                    f"{_REQUIREMENTS} (or to none), then deploy"
                )
        return _differs(found, versions)

    def bring_to(self, versions: Mapping[str, str | None], still_going: Callable[[], None]) -> None:
        """Update the environment, if it needs it, and wait until it is available again.

        Args:
            versions: As for `needs`.
            still_going: Is called at every look.

        Raises:
            ReleaseError: it failed, with what MWAA says about it, or the bucket keeps no versions.
        """
        for key, version in versions.items():
            if version in (None, "null"):
                raise ReleaseError(
                    f"{key} has no S3 version: switch versioning on for the dags bucket, then deploy again"
                )
        found = self._wait(still_going)
        if not _differs(found, versions):
            return
        before = found.get("LastUpdate", {}).get("CreatedAt")
        self._client.update_environment(
            Name=self.name,
            PluginsS3Path=_PLUGINS,
            PluginsS3ObjectVersion=versions[_PLUGINS],
            RequirementsS3Path=_REQUIREMENTS,
            RequirementsS3ObjectVersion=versions[_REQUIREMENTS],
            # Every task may be ended and run again. GRACEFUL would wait for a backfill, for hours.
            WorkerReplacementStrategy="FORCED",
        )
        self._say(f"MWAA environment {self.name}: update begun, which takes 20 to 30 minutes")
        self._wait(still_going, since=before, versions=versions)

    def _wait(
        self,
        still_going: Callable[[], None],
        since: object = None,
        versions: Mapping[str, str | None] | None = None,
    ) -> dict[str, Any]:
        """Until nothing is going on, and if `versions` are given, until the update to them is through."""
        began, told = time.monotonic(), ""
        while True:
            found = self.describe()
            status, update = found["Status"], found.get("LastUpdate", {})
            minutes = (time.monotonic() - began) / 60
            if status not in _GOING:
                # GetEnvironment may show the new versions before it shows UPDATING.
                is_ours = update.get("CreatedAt") not in (None, since)
                failed = is_ours and update.get("Status") == "FAILED"
                succeeded = is_ours and update.get("Status") == "SUCCESS"
                if versions is None and status in _RESTING:
                    return found
                if versions and status == "AVAILABLE" and succeeded and not _differs(found, versions):
                    self._say(f"MWAA environment {self.name}: AVAILABLE, after {minutes:.0f} minutes")
                    return found
                if failed or status not in _RESTING:  # a failure of before is not this update's
                    error = update.get("Error", {})
                    raise ReleaseError(
                        f"MWAA environment {self.name} is {status}; its last update ended "
                        f"{update.get('Status', 'unknown')}: {error.get('ErrorCode', 'no code')}: "
                        f"{error.get('ErrorMessage', 'no message')}. What pip said is in the log groups "
                        f"airflow-{self.name}-Scheduler and -Worker, in the streams requirements_install. "
                        "Mend the cause and deploy again; until then it runs as before"
                    )
            if time.monotonic() - began > _DEADLINE:
                raise ReleaseError(
                    f"MWAA environment {self.name} is still {status} after {minutes:.0f} minutes: look at it "
                    "in the console, and deploy again when it is AVAILABLE"
                )
            if (line := f"  {status}, {minutes:.0f} min") != told:
                self._say(line)
                told = line
            still_going()
            time.sleep(self._poll_interval)


def _differs(found: Mapping[str, Any], versions: Mapping[str, str | None]) -> bool:
    return {
        found.get("PluginsS3Path"): found.get("PluginsS3ObjectVersion"),
        found.get("RequirementsS3Path"): found.get("RequirementsS3ObjectVersion"),
    } != {_PLUGINS: versions[_PLUGINS], _REQUIREMENTS: versions[_REQUIREMENTS]}
