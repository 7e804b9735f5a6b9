"""The GitHub workflows run commands that exist, with pinned actions and few rights."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.product

REPOSITORY = Path(__file__).parents[2]
WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))
ACTIONS = sorted((REPOSITORY / ".github" / "actions").glob("*/action.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def steps(file: Path) -> list[dict[str, Any]]:
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    found = [content["runs"]] if "runs" in content else content["jobs"].values()
    return [step for job in found for step in job["steps"]]


@pytest.mark.parametrize("file", [*WORKFLOWS, *ACTIONS], ids=lambda file: f"{file.parent.name}/{file.name}")
def test_every_action_is_pinned_by_its_content(file: Path) -> None:
    used = [step["uses"] for step in steps(file) if "uses" in step]
    assert used
    for action in used:
        if action.startswith("./"):
            assert (REPOSITORY / action / "action.yml").exists(), action
        else:
            assert re.search(r"@([0-9a-f]{40}|sha256:[0-9a-f]{64})$", action), action


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_every_command_is_a_target_of_the_makefile(file: Path) -> None:
    used = {name for step in steps(file) for name in re.findall(r"\bmake ([a-z-]+)", step.get("run", ""))}
    assert used
    assert used - TARGETS == set()


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_no_workflow_may_write_or_run_for_ever(file: Path) -> None:
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert {name: right for name, right in content["permissions"].items() if right == "write"} in (
        {},
        {"id-token": "write"},
    )
    assert "concurrency" in content
    for name, job in content["jobs"].items():
        assert "permissions" not in job, f"{name} gives itself more"
        assert job.get("timeout-minutes"), f"{name} has no timeout"


def test_no_key_of_aws_is_stored() -> None:
    for file in WORKFLOWS:
        assert "secrets." not in file.read_text(encoding="utf-8"), file


def test_a_job_with_aws_credentials_installs_only_what_a_deployment_takes() -> None:
    needed = {"checkout", "setup-python", "setup-terraform", "configure-aws-credentials"}
    jobs = [
        job["steps"]
        for file in WORKFLOWS
        for job in yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"].values()
        if any("configure-aws-credentials" in step.get("uses", "") for step in job["steps"])
    ]
    assert len(jobs) == 2
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    for job in jobs:
        assert {step["uses"].split("@")[0].split("/")[-1] for step in job if "uses" in step} <= needed
        commands = " ".join(step.get("run", "") for step in job)
        for target in re.findall(r"\bmake ([a-z-]+)", commands):
            prerequisites = re.findall(rf"^{target}: (.*?) ##", makefile, re.MULTILINE)
            assert prerequisites in (["package"], ["$(RELEASE)/.ready"]), f"make {target} installs more"


def test_a_deployment_imports_only_what_it_installs() -> None:
    """Each package that `release` imports is in its own list, in the tests' version."""
    code = (
        "import importlib, json, pkgutil, sys, boto3, release\n"
        "from importlib.metadata import packages_distributions\n"
        "names = [module.name for module in pkgutil.iter_modules(release.__path__, 'release.')]\n"
        "for name in names: importlib.import_module(name)\n"
        "boto3.client('s3', region_name='us-east-1')\n"
        "of = packages_distributions()\n"
        "print(json.dumps([d for name in {m.split('.')[0] for m in sys.modules} for d in of.get(name, [])]))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {name.lower() for name in json.loads(done.stdout)}
    # This environment's start imports the first; botocore can do without the others.
    imported -= {"setuptools", "certifi", "awscrt"}
    assert {"boto3", "pyyaml"} <= imported
    versions = {}
    for name in ("release/requirements.txt", "requirements-dev.txt"):
        lines = (REPOSITORY / name).read_text(encoding="utf-8")
        versions[name] = dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", lines, re.MULTILINE))
    own, development = versions.values()
    assert imported <= set(own)
    assert own.items() <= development.items()
