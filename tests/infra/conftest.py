"""An environment that Terraform has made on a fresh local AWS: state bucket, backend and all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import pytest

from laptop.aws import process
from laptop.lake.deployment import ACCOUNT_ID, REGION
from laptop.runner import environment
from tests.clients import client_of

REPOSITORY = Path(__file__).parents[2]

# What a server on this machine needs and AWS does not: buckets in the path instead of the host name. The rest
# of the provider's settings are the product's own, the check of the account included.
PROVIDER = """
provider "aws" {
  s3_use_path_style = true
}
"""
SETTINGS = f"""
environment        = "test"
account_id         = "{ACCOUNT_ID}"
region             = "{REGION}"
deletable          = true
mwaa               = null # the local AWS has no MWAA and no EC2
alert_email        = "somebody@example.org"
monthly_budget_usd = 300
"""


@dataclass(frozen=True)
class Terraform:
    """A copy of the repository's Terraform, with an environment `test` on the local AWS."""

    root: Path
    variables: dict[str, str]

    def __call__(self, *arguments: str, environment: str = "test") -> subprocess.CompletedProcess[str]:
        """Run `scripts/terraform`; the caller looks at its exit status."""
        return self.run([self.root / "scripts" / "terraform", environment, *arguments])

    def done(self, *arguments: str) -> str:
        """Run `scripts/terraform test …`, which has to succeed; returns its standard output."""
        ran = self(*arguments)
        assert ran.returncode == 0, (
            f"terraform {' '.join(arguments)}:\n{ran.stdout[-3000:]}\n{ran.stderr[-6000:]}"
        )
        return ran.stdout

    def run(self, command: list[Any]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.root,
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    @cached_property
    def outputs(self) -> dict[str, Any]:
        return {name: output["value"] for name, output in json.loads(self.done("output", "-json")).items()}


def copied(to: Path, variables: dict[str, str]) -> Terraform:
    """The repository's Terraform in a folder of its own."""
    shutil.copytree(
        REPOSITORY / "infra", to / "infra", ignore=shutil.ignore_patterns(".terraform", "*.tfstate*")
    )
    shutil.copytree(REPOSITORY / "include", to / "include")
    (to / "scripts").mkdir()
    shutil.copy(REPOSITORY / "scripts" / "terraform", to / "scripts")
    return Terraform(to, variables)


@pytest.fixture(scope="session", autouse=True)
def _terraform_is_there() -> None:
    if shutil.which("terraform") is None:
        pytest.fail(
            "No Terraform found: install 1.11 or newer, https://developer.hashicorp.com/terraform/install"
        )


@pytest.fixture(scope="package")
def endpoint_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A local AWS for Terraform alone: nothing is deployed but what it makes."""
    with process.running(tmp_path_factory.mktemp("terraformed-aws")) as url:
        yield url


@pytest.fixture(scope="package")
def terraform(endpoint_url: str, tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Terraform with its state in a bucket that `infra/bootstrap` has made."""
    return bootstrapped(endpoint_url, tmp_path_factory.mktemp("terraform"))


def bootstrapped(endpoint_url: str, folder: Path) -> Terraform:
    """Terraform in a folder, for a local AWS, with its state in a bucket that `infra/bootstrap` makes."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    plugins = {name: os.environ[name] for name in ("TF_PLUGIN_DIR",) if name in os.environ}
    made = copied(
        folder,
        inherited | plugins | environment.aws_environment(endpoint_url) | {"TF_IN_AUTOMATION": "1"},
    )
    infra = made.root / "infra"
    (infra / "local_aws_override.tf").write_text(PROVIDER)
    (infra / "bootstrap" / "local_aws_override.tf").write_text(PROVIDER)
    (infra / "environments" / "test.tfvars").write_text(SETTINGS)

    bootstrap = ["terraform", f"-chdir={infra / 'bootstrap'}"]
    where = [f"-plugin-dir={plugins['TF_PLUGIN_DIR']}"] if plugins else []
    values = {"environment": "test", "account_id": ACCOUNT_ID, "region": REGION}
    options = [f"-var={name}={value}" for name, value in values.items()]
    for command in (
        [*bootstrap, "init", "-input=false", *where],
        [*bootstrap, "apply", "-auto-approve", "-state=test.tfstate", *options],
        [*bootstrap, "output", "-state=test.tfstate", "-raw", "backend"],
    ):
        ran = made.run(command)
        assert ran.returncode == 0, f"{command}:\n{ran.stdout[-3000:]}\n{ran.stderr[-6000:]}"
    (infra / "environments" / "test.s3.tfbackend").write_text(f"{ran.stdout}use_path_style = true\n")
    return made


@pytest.fixture(scope="package")
def environment_made(terraform: Terraform) -> Terraform:
    """The environment, applied."""
    terraform.done("apply", "-auto-approve")
    return terraform


@pytest.fixture(scope="package")
def client(endpoint_url: str) -> Any:
    """Makes clients of any service, as the account's administrator."""

    def of(service: str, **credentials: str) -> Any:
        if not credentials:
            return client_of(endpoint_url, service)
        return boto3.client(service, endpoint_url=endpoint_url, region_name=REGION, **credentials)

    return of
