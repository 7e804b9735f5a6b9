"""The GitHub workflows run commands that exist, with pinned actions and few rights."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

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
