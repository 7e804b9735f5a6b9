"""All of Airflow, with a proxy between it and the local AWS, and a watch over the website."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from include.crypto_lake.website import EXPORTS, check_together
from laptop.coingecko.stand_in import running_stand_in
from laptop.runner import servers
from laptop.runner.environment import airflow_environment, prepare_home
from tests.airflow_api import Api
from tests.e2e.conftest import Airflow, Lake, lake
from tests.faults.killed.wire import Wire, tapped

__all__ = ["lake"]

# A lost process is missed sooner than by default: this shortens waits, and changes nothing else.
SHORT = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "2",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "15",
}


@pytest.fixture(scope="package")
def wire(lake: Lake) -> Iterator[Wire]:
    """What Airflow takes for AWS."""
    with tapped(lake.endpoint_url) as wire:
        yield wire


@pytest.fixture(scope="package")
def all_of_airflow(lake: Lake, wire: Wire, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    """API server, scheduler, DAG processor and triggerer, on made-up market data."""
    logs = tmp_path_factory.mktemp("logs")
    with running_stand_in("demo") as stand_in:
        environment = SHORT | airflow_environment(
            lake.state / "airflow",
            endpoint_url=wire.url,
            coingecko_url=stand_in.url,
            time_travel=True,
            api_port=servers.free_port(),
            dashboard_url=lake.website_url,
        )
        prepare_home(environment)
        with servers.running(environment, logs, timeout=300) as processes:
            yield Airflow(Api(environment["AIRFLOW__API__BASE_URL"]), environment, processes, logs)


class Watch:
    """What visitors of the website saw: each file's contents, one after the other, all checked."""

    def __init__(self, website_url: str) -> None:
        self.url = website_url
        self.seen: dict[str, list[dict[str, Any]]] = {export.name: [] for export in EXPORTS}
        self.problems: list[str] = []

    def look(self) -> None:
        """Load the data files as the page does."""
        for export in EXPORTS:
            try:
                with urllib.request.urlopen(f"{self.url}/{export.key}", timeout=30) as answer:
                    text = answer.read()
                document = json.loads(text)
                export.check(document)
            except urllib.error.HTTPError as error:
                if error.code not in {403, 404} or self.seen[export.name]:  # nothing was published yet
                    self.problems.append(f"{export.key}: {error}")
                continue
            except Exception as error:
                self.problems.append(f"{export.key}: {error!r}")
                continue
            if document not in self.seen[export.name][-1:]:
                self.seen[export.name].append(document)

    def days(self) -> dict[str, list[str]]:
        """The days that each file was of, in the order in which they were seen."""
        return {name: [document["as_of"] for document in seen] for name, seen in self.seen.items()}

    def require_whole(self, day: str) -> None:
        """Every file was whole whenever it was looked at, and all are of the day now and fit each other."""
        assert self.problems == []
        for days in self.days().values():
            assert days == sorted(days), "the website went back in time"
        last = {export: self.seen[export.name][-1] for export in EXPORTS}
        assert {document["as_of"] for document in last.values()} == {day}
        check_together(last)


@contextmanager
def watched(website_url: str) -> Iterator[Watch]:
    """Somebody who reloads the website again and again, and once more at the end."""
    watch, over = Watch(website_url), threading.Event()

    def visitor() -> None:
        while not over.wait(0.25):
            watch.look()

    thread = threading.Thread(target=visitor)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()
        watch.look()
