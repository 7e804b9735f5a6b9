"""The menu entry: there when it has an address, and never in the way of Airflow's start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import dashboard_link

pytestmark = pytest.mark.product

REPOSITORY = Path(__file__).parents[2]
CODE = """
import json
from airflow import plugins_manager
plugins, errors = plugins_manager._get_plugins()
views = [view for plugin in plugins if plugin.name == "dashboard_link" for view in plugin.external_views]
print(json.dumps({"views": views, "errors": [str(error) for error in errors.values()]}))
"""


def plugins_of_airflow(tmp_path: Path, address: str) -> dict[str, list[object]]:
    """What a new Airflow makes of the plugins folder, with no database to ask."""
    environment = os.environ | {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/missing/airflow.db",
        "AIRFLOW__CRYPTO_LAKE__DASHBOARD_URL": address,
    }
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_airflow_offers_the_configured_address(tmp_path: Path) -> None:
    found = plugins_of_airflow(tmp_path, "https://d111111abcdef8.cloudfront.net")
    assert found["errors"] == []
    addresses = {view["name"]: view["href"] for view in found["views"] if view["destination"] == "nav"}
    assert addresses["Dashboard"] == "https://d111111abcdef8.cloudfront.net"
    assert len(addresses) > 1, "Airflow 3.2.1 gives a lone entry no link"


def test_without_an_address_there_is_no_entry() -> None:
    assert dashboard_link.menu_entries("") == []


def test_a_wrong_address_is_named_and_airflow_goes_on(tmp_path: Path) -> None:
    found = plugins_of_airflow(tmp_path, "javascript:alert(1)")
    assert found["views"] == []
    assert "dashboard_url is 'javascript:alert(1)'" in str(found["errors"])


def test_an_address_is_whole() -> None:
    with pytest.raises(ValueError, match="give the dashboard's whole address"):
        dashboard_link.menu_entries("d123.cloudfront.net")
