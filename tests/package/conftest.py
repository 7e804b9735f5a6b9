"""An MWAA as far as it can be had here: its packages, the package deployed to buckets, all of Airflow on it.

Airflow runs from an environment of its own, with exactly what MWAA's image has and what pip makes of the
package's requirements.txt. It sees the package alone: DAGs and plugins come from the dags bucket, Glue
scripts and website from theirs, and this repository is not on its path.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import boto3
import pytest

from laptop.coingecko.stand_in import running_stand_in
from laptop.lake import deployment as resources
from laptop.lake.deployment import LAKE_BUCKET, WEBSITE_BUCKET
from laptop.runner import environment as laptop
from laptop.runner import servers
from release.__main__ import main as release
from tests.e2e.conftest import Airflow, Api, Lake
from tests.release.conftest import make_outputs

REPOSITORY = Path(__file__).parents[2]
LOCK = Path(__file__).with_name("mwaa.txt")
DAGS_BUCKET = "crypto-lake-dags"


def python_312() -> str:
    """The Python that MWAA has.

    Raises:
        RuntimeError: there is none.
    """
    if sys.version_info[:2] == (3, 12):
        return sys.executable
    uv = Path(sys.executable).with_name("uv")
    found = subprocess.run([uv, "python", "find", "3.12"], capture_output=True, text=True, check=False)
    if found.returncode:
        raise RuntimeError("MWAA 3.2.1 has Python 3.12, and none was found: install it to run these tests")
    return found.stdout.strip()


@pytest.fixture(scope="session")
def image() -> Path:
    """The site-packages of an environment with what MWAA's image has; made once for every lock file."""
    name = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    made = REPOSITORY / ".local" / "mwaa" / name
    if not (made / "complete").exists():
        shutil.rmtree(made, ignore_errors=True)
        subprocess.run([python_312(), "-m", "venv", made], check=True)
        uv = Path(sys.executable).with_name("uv")
        install = [uv, "pip", "install", "--quiet", "--python", made, "--require-hashes", "-r", LOCK]
        subprocess.run(install, check=True)
        (made / "complete").touch()
    return site_packages(made)


def site_packages(environment: Path) -> Path:
    [found] = environment.glob("lib/python3.*/site-packages")
    return found


def distributions(folder: Path) -> dict[str, str]:
    """The installed distributions and their versions."""
    found = (path.name.removesuffix(".dist-info").rsplit("-", 1) for path in folder.glob("*.dist-info"))
    return {name.lower().replace("_", "-").replace(".", "-"): version for name, version in found}


@dataclass(frozen=True)
class Installed:
    """What came of pip, with the image's packages below: what it installed is in a folder of its own."""

    environment: Path
    pip: subprocess.CompletedProcess[str]
    seconds: float

    @property
    def python(self) -> str:
        return str(self.environment / "bin" / "python")


@dataclass(frozen=True)
class Mwaa:
    """What MWAA has fetched from the dags bucket."""

    dags: Path
    plugins: Path
    requirements: Path


@pytest.fixture(scope="session")
def lake(
    local_aws: str,
    website_url: str,
    aws_environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Lake]:
    """The infrastructure without content, and the package deployed to it."""
    state = tmp_path_factory.mktemp("package")
    with patch.dict(os.environ, aws_environment):
        resources.deploy(local_aws)
        s3 = boto3.client("s3")
        for bucket in (LAKE_BUCKET, WEBSITE_BUCKET):  # all content is to come from the package
            for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]:
                s3.delete_object(Bucket=bucket, Key=entry["Key"])
        s3.create_bucket(Bucket=DAGS_BUCKET)
        s3.put_bucket_versioning(Bucket=DAGS_BUCKET, VersioningConfiguration={"Status": "Enabled"})

        outputs = make_outputs(
            lake_bucket=LAKE_BUCKET, website_bucket=WEBSITE_BUCKET, dags_bucket=DAGS_BUCKET
        )
        described = state / "outputs.json"
        described.write_text(json.dumps({name: {"value": value} for name, value in outputs.items()}))
        assert release(["package", "--output", str(state / "dist")]) == 0
        deploy = ["deploy", "--outputs", str(described), "--package", str(state / "dist")]
        assert release(deploy) == 0
        yield Lake(local_aws, website_url, state)


@pytest.fixture(scope="session")
def mwaa(lake: Lake) -> Mwaa:
    """The dags bucket's content, laid out as MWAA does."""
    home = lake.state / "usr-local-airflow"
    s3 = boto3.client("s3")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=DAGS_BUCKET):
        for entry in page["Contents"]:
            if not entry["Key"].startswith("releases/"):
                path = home / entry["Key"]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(s3.get_object(Bucket=DAGS_BUCKET, Key=entry["Key"])["Body"].read())
    with zipfile.ZipFile(home / "plugins.zip") as archive:
        archive.extractall(home / "plugins")
    return Mwaa(home / "dags", home / "plugins", home / "requirements.txt")


@pytest.fixture(scope="session")
def installed(image: Path, mwaa: Mwaa, lake: Lake) -> Installed:
    """An environment over the image's, in which pip has installed requirements.txt as MWAA's start does."""
    made = lake.state / "environment"
    subprocess.run([python_312(), "-m", "venv", made], check=True)
    (site_packages(made) / "image.pth").write_text(f"{image}\n")
    constraints = lake.state / "constraints.txt"
    constraints.write_text("".join(f"{line}\n" for line in pins()))
    began = time.monotonic()
    pip = subprocess.run(
        [made / "bin" / "python", "-m", "pip", "install", "-r", mwaa.requirements, "-c", constraints],
        capture_output=True,
        text=True,
        check=False,
    )
    return Installed(made, pip, time.monotonic() - began)


def pins() -> list[str]:
    """Airflow 3.2.1's constraints, as far as they are locked here: the image's, then the laptop's."""
    found: dict[str, str] = {}
    for lock in (LOCK, REPOSITORY / "requirements-dev.txt"):
        lines = [line.removesuffix(" \\") for line in lock.read_text().splitlines() if "==" in line[:80]]
        mine = [(line.split("==")[0], line) for line in lines if line[0].isalnum()]
        taken = set(found.values())
        found |= {line: name for name, line in mine if name not in taken}
    return list(found)


@pytest.fixture(scope="session")
def airflow_environment(mwaa: Mwaa, installed: Installed, lake: Lake) -> Iterator[dict[str, str]]:
    """The environment variables of an Airflow that has what MWAA has, on made-up market data."""
    with running_stand_in("demo") as stand_in:
        variables = laptop.airflow_environment(
            lake.state / "home",
            endpoint_url=lake.endpoint_url,
            coingecko_url=stand_in.url,
            time_travel=True,
            api_port=servers.free_port(),
            dashboard_url=lake.website_url,
        )
        variables |= {
            "PATH": f"{installed.environment / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "AIRFLOW__CORE__DAGS_FOLDER": str(mwaa.dags),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(mwaa.plugins),
            "AIRFLOW__CORE__EXECUTE_TASKS_NEW_PYTHON_INTERPRETER": "True",
        }
        del variables["PYTHONPATH"]
        yield variables


@pytest.fixture(scope="session")
def airflow(airflow_environment: dict[str, str], installed: Installed, lake: Lake) -> Iterator[Airflow]:
    """API server, scheduler, DAG processor and triggerer, from MWAA's packages, away from the repository."""
    home = Path(airflow_environment["AIRFLOW_HOME"])
    home.mkdir()
    run_airflow(installed, airflow_environment, "db", "migrate")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(home)
        logs = lake.state / "logs"
        with servers.running(airflow_environment, logs, python=installed.python, timeout=240) as processes:
            yield Airflow(
                Api(airflow_environment["AIRFLOW__API__BASE_URL"]), airflow_environment, processes, logs
            )


def run_airflow(installed: Installed, variables: dict[str, str], *arguments: str) -> str:
    """Run an airflow command; gives its standard output."""
    done = subprocess.run(
        [installed.python, "-m", "airflow", *arguments],
        cwd=variables["AIRFLOW_HOME"],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout
