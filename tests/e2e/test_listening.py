"""Nothing here asks for a password, so nothing here may be reached from another machine."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil

if TYPE_CHECKING:
    from laptop.coingecko.stand_in import StandIn
    from tests.e2e.conftest import Airflow, Lake


def test_whatever_runs_listens_on_127_0_0_1_alone(
    all_of_airflow: Airflow, coingecko: StandIn, lake: Lake
) -> None:
    """This process has the stand-in; the others are its children."""
    this = psutil.Process()
    listening: dict[tuple[str, int], list[str]] = {}
    for process in [this, *this.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            for connection in process.net_connections("tcp"):
                if connection.status == psutil.CONN_LISTEN:
                    listening[connection.laddr.ip, connection.laddr.port] = process.cmdline()
    for url in (all_of_airflow.api.url, coingecko.url, lake.endpoint_url, lake.website_url):
        assert ("127.0.0.1", urlsplit(url).port) in listening, f"the server of {url} was not looked at"
    assert {place: command for place, command in listening.items() if place[0] != "127.0.0.1"} == {}
