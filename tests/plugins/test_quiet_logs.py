"""The levels that the option sets, of loggers that Airflow leaves alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from laptop.runner.environment import NAMESPACE_LEVELS

pytestmark = pytest.mark.product

REPOSITORY = Path(__file__).parents[2]


def levels(option: str) -> list[str]:
    code = (
        "import logging, quiet_logs\n"
        "for name in ('botocore.credentials', 'py.warnings', 'root'):\n"
        "    print(logging.getLevelName(logging.getLogger(name).getEffectiveLevel()))"
    )
    environment = {"PYTHONPATH": str(REPOSITORY / "plugins"), "AIRFLOW__LOGGING__NAMESPACE_LEVELS": option}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()[-3:]


def test_the_option_holds_for_every_logger() -> None:
    quiet, loud = levels(NAMESPACE_LEVELS), levels("nobody=INFO")
    assert quiet == ["WARNING", "ERROR", loud[2]]
    assert loud[0] == loud[2]


def test_docker_compose_and_mwaa_are_as_quiet_as_a_laptop() -> None:
    compose = yaml.safe_load((REPOSITORY / "docker-compose.yaml").read_text("utf-8"))
    environment = compose["x-airflow"]["environment"]
    assert environment["AIRFLOW__LOGGING__NAMESPACE_LEVELS"].split() == NAMESPACE_LEVELS.split()
    infra = (REPOSITORY / "infra" / "airflow.tf").read_text("utf-8")
    [declared] = re.findall(r'"logging.namespace_levels" = join\(" ", \[(.*?)\]\)', infra, re.DOTALL)
    assert re.findall(r'"(.+)"', declared) == NAMESPACE_LEVELS.split()
