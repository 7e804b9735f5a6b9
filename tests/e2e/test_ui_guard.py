"""Airflow's UI asks for no log-in here: no page of another site may use it, and no name of one."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browser.foreign import NAME, foreign_page
from tests.e2e.conftest import Airflow

ASSET = "api/v2/assets"


@pytest.fixture
def address(all_of_airflow: Airflow) -> str:
    return all_of_airflow.environment["AIRFLOW__API__BASE_URL"]


def ask(address: str, method: str, path: str, host: str | None = None, **headers: str) -> tuple[int, str]:
    url = urlsplit(address)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=30)
    connection.putrequest(method, path, skip_host=True)
    given = {"Host": host or url.netloc, "Content-Length": "0", "Content-Type": "application/json"}
    for name, value in {
        **given,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def runs(airflow: Airflow) -> list[str]:
    """All runs but the scheduler's own, which may make one at any moment."""
    made = airflow.api("GET", "dags/~/dagRuns?limit=100")["dag_runs"]
    return sorted(run["dag_run_id"] for run in made if run["run_type"] != "scheduled")


def materialize(airflow: Airflow) -> str:
    """The path that starts the DAG of an asset: an empty POST is enough."""
    assets: list[dict[str, Any]] = airflow.api("GET", "assets?limit=100")["assets"]
    made = next(asset for asset in assets if asset["producing_tasks"])
    return f"/{ASSET}/{made['id']}/materialize"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
    ids=str,
)
def test_another_site_changes_nothing(all_of_airflow: Airflow, address: str, headers: dict[str, str]) -> None:
    before = runs(all_of_airflow)
    path = materialize(all_of_airflow)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        status, text = ask(address, method, path, **headers)
        assert (status, "a page of another site" in text) == (403, True), text
    assert runs(all_of_airflow) == before


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example:{port}"])
def test_another_name_is_not_answered(all_of_airflow: Airflow, address: str, host: str) -> None:
    given = host.format(port=urlsplit(address).port)
    for method, path in (
        ("GET", "/api/v2/dags"),
        ("POST", materialize(all_of_airflow)),
        ("GET", "/auth/token"),
    ):
        status, text = ask(address, method, path, host=given)
        assert (status, text) == (400, "Invalid host header")


def test_its_own_pages_work(all_of_airflow: Airflow, address: str) -> None:
    own = {"Origin": address, "Sec_Fetch_Site": "same-origin"}
    status, text = ask(address, "GET", "/auth/token", **own)
    assert status == 201
    bearer = f"Bearer {json.loads(text)['access_token']}"
    assert ask(address, "GET", "/api/v2/dags", Authorization=bearer, **own)[0] == 200
    status, text = ask(address, "PATCH", "/api/v2/dags/no-such-dag", Authorization=bearer, **own)
    assert status in (404, 422), text  # Airflow's own answer


def test_in_a_browser(all_of_airflow: Airflow, address: str) -> None:
    before = runs(all_of_airflow)
    path = materialize(all_of_airflow)
    with foreign_page() as attacker:
        text = attacker.submit(f"{address}{path}", {"a": "b"}, "text/plain")
        assert "a page of another site" in text
        attacker.answers.clear()
        assert attacker.fetch(f"{address}{path}", method="POST", mode="no-cors") == "opaque 0 "
        assert attacker.answers == [(f"POST {address}{path}", 403)]
        attacker.page.set_content(f"<iframe src='{address}/'></iframe>")
        attacker.page.wait_for_load_state("networkidle")
        assert "a page of another site" in attacker.page.frames[1].content()
    with foreign_page(urlsplit(address).port) as attacker:
        for where in ("/auth/token", "/api/v2/dags"):
            assert attacker.fetch(where) == "basic 400 Invalid host header"
        assert NAME in attacker.page.url
    assert runs(all_of_airflow) == before
