"""What stands in front of Airflow's UI where there is no log-in."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

import ui_guard

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


@pytest.fixture
def client() -> TestClient:
    """An application that allows everything, with what Airflow gets put before it, in its order."""

    def allow(_: Request) -> PlainTextResponse:
        return PlainTextResponse("done")

    application = Starlette(routes=[Route("/{path:path}", allow, methods=METHODS)])
    for entry in ui_guard.middlewares("127.0.0.1, localhost,api-server"):
        application.add_middleware(entry["middleware"], **entry.get("kwargs", {}))
    return TestClient(application, base_url="http://127.0.0.1:8080")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),  # a program
        ({"Origin": "http://127.0.0.1:8080"}, 200),
        ({"Origin": "http://127.0.0.1:8080", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "http://localhost:8080", "Host": "localhost:8080"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "http://127.0.0.1:3000"}, 403),
        ({"Origin": "http://localhost:8080"}, 403),
        ({"Origin": "http://127.0.0.1:8080@evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://127.0.0.1:8080", "Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_other_sites_change_nothing(
    client: TestClient, method: str, headers: dict[str, str], status: int
) -> None:
    assert client.request(method, "/api/v2/assets/1/materialize", headers=headers).status_code == status


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "0.0.0.0", ""]
)
def test_other_names_are_not_answered(client: TestClient, method: str, host: str) -> None:
    assert client.request(method, "/", headers={"Host": host}).status_code == 400


def test_a_link_from_elsewhere_opens_and_a_frame_does_not(client: TestClient) -> None:
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert client.get("/", headers={**elsewhere, "Sec-Fetch-Dest": "document"}).status_code == 200
    assert client.get("/", headers={**elsewhere, "Sec-Fetch-Dest": "iframe"}).status_code == 403


def test_without_hosts_nothing_is_active() -> None:
    """As on MWAA."""
    assert ui_guard.middlewares("") == ui_guard.middlewares(" , ") == []
    assert ui_guard.UiGuard.fastapi_root_middlewares == []
