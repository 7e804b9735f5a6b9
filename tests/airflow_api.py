"""Airflow's REST API as the UI uses it, for the tests that run all of Airflow."""

from __future__ import annotations

import json
import logging
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import suppress
from typing import Any

TIMEOUT = 90  # seconds: longer than Airflow waits for its SQLite while the scheduler writes


class Api:
    """A client of an Airflow that asks for no password."""

    def __init__(self, url: str) -> None:
        self.url = url
        with urllib.request.urlopen(f"{url}/auth/token", timeout=TIMEOUT) as answer:
            self.token = json.load(answer)["access_token"]

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        """One call; after a 5xx once more, if that does no harm: API and scheduler share one SQLite."""
        request = urllib.request.Request(
            f"{self.url}/api/v2/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        again = 0 if method == "POST" else 3
        while True:
            try:
                with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code < 500 or not again:
                    raise
                logging.warning("%s %s: %s %s", method, path, error, error.read().decode(errors="replace"))
                again -= 1
                time.sleep(1)

    def unpause(self, dag: str) -> None:
        """Unpause a DAG, as soon as it has been loaded."""
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            with suppress(urllib.error.HTTPError):
                self("PATCH", f"dags/{dag}", {"is_paused": False})
                return
            time.sleep(0.5)
        raise AssertionError(f"{dag} was not loaded within five minutes")

    def finished(self, dag: str, run_id: str, *, timeout: float = 300) -> dict[str, str]:
        """Wait for the run's end; returns its tasks' states, of a mapped task the last one's.

        Logs those of tasks that failed: pytest shows them with a test that does.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self("GET", f"dags/{dag}/dagRuns/{run_id}")["state"] in {"success", "failed"}:
                break
            time.sleep(0.5)
        tasks = self.tasks(dag, run_id)
        for task in tasks:
            if task["state"] == "failed":
                logging.error(
                    "%s, try %s:\n  %s", task["task_id"], task["try_number"], "\n  ".join(self.log(task))
                )
        return {task["task_id"]: task["state"] for task in tasks}

    def log(self, task: dict[str, Any]) -> list[str]:
        """The last lines of a task instance's last try, with what was raised."""
        where = f"dags/{task['dag_id']}/dagRuns/{urllib.parse.quote(task['dag_run_id'])}/taskInstances"
        answer = self(
            "GET", f"{where}/{task['task_id']}/logs/{task['try_number']}?map_index={task['map_index']}"
        )
        return [
            f"{event.get('level', '')} {event['event']} {event.get('error_detail', '')}"
            for event in answer["content"][-30:]
        ]

    def tasks(self, dag: str, run_id: str) -> list[dict[str, Any]]:
        """The run's task instances."""
        return self("GET", f"dags/{dag}/dagRuns/{run_id}/taskInstances?limit=200")["task_instances"]
