"""Airflow's UI without a log-in, for its own pages alone: what a laptop's Airflow needs in its place.

The option `ui_hosts` in the section `crypto_lake` names the hosts by which the UI is reached, separated by
commas. Without it, as on MWAA, which has a log-in, nothing here is active.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin
from starlette.datastructures import Headers
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_READING = {"GET", "HEAD", "OPTIONS"}
_FRAMES = {"iframe", "frame", "embed", "object"}


class OwnPagesOnly:
    """Refuses what a page of another site sends to change something, and to be shown inside that page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        answering = self.app
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            harmless = scope["method"] in _READING and headers.get("sec-fetch-dest") not in _FRAMES
            if not harmless and is_from_another_site(headers):
                answering = PlainTextResponse(
                    "The request comes from a page of another site. Use Airflow's own pages.\n", 403
                )
        await answering(scope, receive, send)


def is_from_another_site(headers: Mapping[str, str]) -> bool:
    """Whether a browser says so; what is not a browser says nothing. Header names are in lower case."""
    if headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")


def middlewares(hosts: str) -> list[dict[str, Any]]:
    """What Airflow puts before all that its API server answers; nothing without hosts."""
    names = [host.strip() for host in hosts.split(",") if host.strip()]
    if not names:
        return []
    trusted = {"allowed_hosts": names, "www_redirect": False}
    return [
        {"name": "own pages only", "middleware": OwnPagesOnly},
        {"name": "own hosts only", "middleware": TrustedHostMiddleware, "kwargs": trusted},
    ]


class UiGuard(AirflowPlugin):
    """Airflow finds it by its base class."""

    name = "ui_guard"
    fastapi_root_middlewares = middlewares(conf.get("crypto_lake", "ui_hosts", fallback=""))
