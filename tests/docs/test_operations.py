"""docs/operations.md has a section for everything that can ring: each alarm, and each task of every DAG."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SECTIONS = set(
    re.findall(r"^### (.+)$", (REPOSITORY / "docs" / "operations.md").read_text("utf-8"), re.MULTILINE)
)
# The keys of the maps in alarms.tf are the alarms' names, which the alerts give as the section's.
ALARMS = re.findall(
    r'^ {4,6}"([A-Z][a-zA-Z ]+)" = \{$', (REPOSITORY / "infra" / "alarms.tf").read_text("utf-8"), re.MULTILINE
)
TASKS = re.findall(r"^#### (\w+)$", (REPOSITORY / "docs" / "dags.md").read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("alarm", [*ALARMS, "Budget"])
def test_every_alarm_has_its_section(alarm: str) -> None:
    assert alarm in SECTIONS


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_its_section(task: str) -> None:
    assert task in SECTIONS


def test_alarms_and_tasks_were_found() -> None:
    assert {"Arrivals wait", "Tasks wait", "Glue job failed"} <= set(ALARMS)
    assert {"fetch_markets", "publish_website", "process_arrivals"} <= set(TASKS)
