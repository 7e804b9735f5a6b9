"""What a run of a Glue job executes: its script, its extra Python files, its command line and settings."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from laptop.aws.iam.authorization import Principal
from laptop.aws.s3.backend import storage

# Glue's own parameters, https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html.
# These change nothing here, and like on Glue the script does not see them.
_GLUES_OWN = {
    "--continuous-log-logGroup",
    "--continuous-log-logStreamPrefix",
    "--custom-logGroup-prefix",
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
# These are done here, and the script does not see them either.
_DONE_HERE = {"--additional-python-modules", "--conf", "--extra-py-files", "--scriptLocation"}
_PACKAGES = {".zip", ".egg"}
_ADDRESS = re.compile(r"s3://([^/]+)/(.+)")


@dataclass(frozen=True)
class Program:
    """A run's script, ready to start.

    Attributes:
        name: The script's file name.
        command: The command line.
        environment: Variables that it needs in addition.
        settings: Its Spark settings.
    """

    name: str
    command: list[str]
    environment: dict[str, str]
    settings: dict[str, str]

    @classmethod
    def fetch(
        cls,
        location: str,
        own: Mapping[str, str],
        given: Mapping[str, str],
        scratch: Path,
        principal: Principal,
    ) -> Program:
        """Fetch what a run needs into its scratch directory, as its role.

        Args:
            location: The script's s3:// address.
            own: Arguments that Glue itself gives.
            given: The run's arguments.
            scratch: The run's working directory.
            principal: The role.

        Raises:
            FileNotFoundError, NotAuthorizedError: The script or an extra file cannot be had.
        """
        script = scratch / Path(location).name
        script.write_bytes(_read("ScriptLocation", location, principal))
        command = [sys.executable, str(script)]
        for name, value in {**own, **given}.items():
            if name not in _GLUES_OWN | _DONE_HERE:
                command += [name, value]
        files, environment = [], {}
        if listed := _list(given.get("--extra-py-files")):
            folder = scratch / "extra-py-files"
            folder.mkdir()
            for address in listed:
                file = folder / Path(address).name
                file.write_bytes(_read("--extra-py-files", address, principal))
                files.append(file)
            places = [folder, *(file for file in files if file.suffix in _PACKAGES)]
            environment["PYTHONPATH"] = os.pathsep.join(map(str, places))
        settings = _settings(given.get("--conf", ""))
        if files:  # PySpark has them on the path of its workers, too
            settings["spark.submit.pyFiles"] = settings["spark.files"] = ",".join(map(str, files))
        return cls(script.name, command, environment, settings)


def argument_problem(given: Mapping[str, str]) -> str | None:
    """Why a run with these arguments cannot be done, with the remedy; None if it can."""
    try:
        _settings(given.get("--conf", ""))
    except ValueError as error:
        return str(error)
    for address in _list(given.get("--extra-py-files")):
        if not _ADDRESS.fullmatch(address) or Path(address).suffix not in {".py", *_PACKAGES}:
            return (
                f"--extra-py-files {address} is not the s3:// address of a .py, .zip or .egg file:"
                " give such addresses, separated by commas"
            )
    for module in _list(given.get("--additional-python-modules")):
        if problem := _module_problem(module):
            return problem
    return None


def _module_problem(module: str) -> str | None:
    try:
        wanted = Requirement(module)
    except InvalidRequirement:
        return (
            f"--additional-python-modules {module} is not a package such as requests==2.33.1: the local AWS"
            " installs nothing, it only takes what its Python environment has"
        )
    remedy = f"install it into the local AWS's Python environment ({sys.prefix}), or change the argument"
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        return f"--additional-python-modules {module}: {wanted.name} is not installed: {remedy}"
    if not wanted.specifier.contains(found, prereleases=True):
        return f"--additional-python-modules {module}: {wanted.name} {found} is installed: {remedy}"
    return None


def _settings(conf: str) -> dict[str, str]:
    """The Spark settings in a --conf: one or more, such as `spark.a=1 --conf spark.b=2`.

    Raises:
        ValueError: It is not of that form.
    """
    settings = {}
    for item in filter(None, map(str.strip, conf.split("--conf"))):
        name, equals, value = item.partition("=")
        if not equals or not re.fullmatch(r"\S+", name):
            raise ValueError(
                f"--conf {item!r} is not a Spark setting: give name=value, and more with"
                " spark.a=1 --conf spark.b=2"
            )
        settings[name] = value.strip()
    return settings


def _list(text: str | None) -> list[str]:
    return [item for item in map(str.strip, (text or "").split(",")) if item]


def _read(what: str, location: str, principal: Principal) -> bytes:
    found = _ADDRESS.fullmatch(location)
    if not found:
        raise ValueError(f"{what} {location} is not an s3:// address of a file")
    principal.require_object("s3:GetObject", found[1], found[2])
    with storage().lock:
        key = storage().get_object(found[1], found[2])
        if key is None:
            raise FileNotFoundError(f"{what} {location} does not exist: upload it first")
        return key.value
