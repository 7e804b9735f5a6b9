"""Docker Compose for real: the files that git knows, as a clone has them, brought up with ports of their own.

`make test-compose` runs this; `make test` does not. It needs Docker with the Compose plugin.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from laptop.aws import process
from laptop.runner.servers import free_port
from tests.airflow_api import Api
from tests.clients import client_of

REPOSITORY = Path(__file__).parents[2]
PROJECT = f"crypto-lake-test-{os.getpid()}"


class Stack:
    """A Compose project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {name: free_port() for name in ("UI_PORT", "AWS_PORT", "DASHBOARD_PORT")}
        lines = (f"{name}={port}\n" for name, port in self.ports.items())
        (folder / ".env").write_text("".join(lines), encoding="utf-8")

    def compose(
        self, *arguments: str, seconds: float = 300, variables: Mapping[str, str] = MappingProxyType({})
    ) -> str:
        """What `docker compose` says; an AssertionError with its last words when it fails."""
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "COMPOSE_")) and name not in self.ports
        }
        done = subprocess.run(
            ["docker", "compose", "--project-name", PROJECT, *arguments],
            cwd=self.folder,
            env=environment | variables,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
        said = (done.stdout + done.stderr)[-4000:]
        assert done.returncode == 0, f"docker compose {' '.join(arguments)}:\n{said}"
        return done.stdout

    def up(self) -> None:
        """Bring everything up, healthy."""
        self.compose("up", "--detach", "--wait", seconds=1200)

    def restart(self, service: str) -> None:
        """Restart one service and wait until it is healthy again."""
        self.compose("restart", "--no-deps", service)
        deadline = time.monotonic() + 300
        while self.containers()[service]["State"]["Health"]["Status"] != "healthy":
            assert time.monotonic() < deadline, f"{service} was not healthy 300 seconds after its restart"
            time.sleep(0.5)

    def containers(self) -> dict[str, dict[str, Any]]:
        """What Docker knows of each container, ended ones included, by service."""
        ids = self.compose("ps", "--all", "--quiet").split()
        found = json.loads(
            subprocess.run(["docker", "inspect", *ids], capture_output=True, text=True, check=True).stdout
        )
        return {container["Config"]["Labels"]["com.docker.compose.service"]: container for container in found}

    def logs(self) -> str:
        """What the services said last; all the more of those that are not well."""
        lines = []
        for service, container in self.containers().items():
            state = container["State"]
            well = state.get("Health", {}).get("Status", "") == "healthy" or state["ExitCode"] == 0
            lines.append(f"--- {service}: {state['Status']}, {state.get('Health', {}).get('Status')}")
            lines.append(self.compose("logs", "--no-log-prefix", "--tail", "20" if well else "200", service))
        return "\n".join(lines)

    @property
    def api(self) -> Api:
        """Airflow's REST API through its published port."""
        return Api(f"http://127.0.0.1:{self.ports['UI_PORT']}")

    def aws(self, service: str) -> Any:
        """An AWS client through the published port."""
        url = f"http://127.0.0.1:{self.ports['AWS_PORT']}"
        file = self.folder / "credentials"
        file.write_text(self.compose("exec", "--no-TTY", "local-aws", "cat", "/var/lib/aws-key/credentials"))
        process.remember_key(url, file)
        return client_of(url, service)


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that git knows, as they are now, in a folder where they may be changed."""
    folder = tmp_path_factory.mktemp("clone")
    known = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True).stdout
    for name in known.decode().split("\0"):
        if name and os.path.lexists(REPOSITORY / name):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, folder / name, follow_symlinks=False)
    return folder


@pytest.fixture(scope="session")
def stack(clone: Path) -> Iterator[Stack]:
    """Everything up and healthy; taken down with its volumes in the end."""
    made = Stack(clone)
    try:
        try:
            made.up()
        except (AssertionError, subprocess.TimeoutExpired) as failure:
            raise AssertionError(f"{failure}\n{made.logs()}") from None
        yield made
    finally:
        made.compose("down", "--volumes", "--remove-orphans", "--timeout", "20")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Show with a failed test what the services said."""
    report = yield
    stack = getattr(item, "funcargs", {}).get("stack")
    if report.failed and isinstance(stack, Stack):
        report.sections.append(("docker compose logs", stack.logs()))
    return report
