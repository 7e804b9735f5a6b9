"""The dashboard in Airflow's menu: "Plugins", "Dashboard" opens its page in a new tab.

Its address is the configuration option `dashboard_url` in the section `crypto_lake` (on MWAA an Airflow
configuration option, elsewhere the environment variable AIRFLOW__CRYPTO_LAKE__DASHBOARD_URL). Airflow wants
the entry when it loads its plugins, and it loads them where there may be no database yet: that rules the
Airflow Variable out. Without an address there is no entry.
"""

from __future__ import annotations

from typing import Any

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin


def menu_entries(address: str) -> list[dict[str, Any]]:
    """What Airflow calls external views: the dashboard and where its data come from, none without an address.

    There are two because Airflow 3.2.1 draws a menu's only entry as a button without a link; two or more
    are under "Plugins", where links work.

    Raises:
        ValueError: it is no address of the web; Airflow shows that as the plugin's import error and goes on.
    """
    if not address:
        return []
    if not address.startswith(("https://", "http://")):
        raise ValueError(
            f"[crypto_lake] dashboard_url is {address!r}: give the dashboard's whole address, like "
            "https://d111111abcdef8.cloudfront.net"
        )
    entries = {"Dashboard": address, "Data source: CoinGecko": "https://www.coingecko.com"}
    return [{"name": name, "href": href, "destination": "nav"} for name, href in entries.items()]


class DashboardLink(AirflowPlugin):
    """Airflow finds it by its base class."""

    name = "dashboard_link"
    external_views = menu_entries(conf.get("crypto_lake", "dashboard_url", fallback=""))
