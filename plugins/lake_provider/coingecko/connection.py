"""What an Airflow connection to CoinGecko says.

It is an ordinary HTTP connection:

* host, schema, port: default ``https://api.coingecko.com`` (``https://pro-api.coingecko.com`` for a
  pro key);
* password: the API key, if there is one. It travels in a request header and nowhere else, and is
  masked in an answer that repeats it;
* extra ``{"plan": "pro"}``: the key is a pro key (assumed for the pro host, a demo key otherwise);
* extra ``{"time_travel": true}``: the server knows past days (``as_of=YYYY-MM-DD``). CoinGecko does
  not, a server of recorded responses does;
* extra ``{"calls_per_minute": 30}``: how many histories are asked for in a minute at most. Default: 5
  without a key, 30 with a demo key, 250 with a pro key.
"""

from __future__ import annotations

import math
import re

import requests
from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException

from lake_provider.coingecko.api_key import KeyMaskingAdapter

_HOSTS = {"demo": "https://api.coingecko.com", "pro": "https://pro-api.coingecko.com"}
_EXTRAS = ("plan", "time_travel", "calls_per_minute")
_KEY_HEADERS = {"demo": "x-cg-demo-api-key", "pro": "x-cg-pro-api-key"}
_CALLS_PER_MINUTE = {"keyless": 5, "demo": 30, "pro": 250}
"""CoinGecko's own documents disagree about the first (5 to 30); the others are what its plans promise."""


class CoinGeckoConnection:
    """An Airflow connection to CoinGecko, see the module's docstring.

    Attributes:
        key: the API key, or an empty text.
        plan: ``demo`` or ``pro``; `prepare` refuses anything else.

    Raises:
        AirflowFailException: there is no such connection.
    """

    def __init__(self, conn_id: str) -> None:
        try:
            connection = BaseHook.get_connection(conn_id)
        except AirflowNotFoundException as error:
            raise AirflowFailException(
                f"Airflow connection {conn_id!r} is missing or unreadable: create it (type HTTP, "
                "host api.coingecko.com, schema https, the API key, if you have one, in the password) "
                f"or set AIRFLOW_CONN_{conn_id.upper()}"
            ) from error
        self._conn_id = conn_id
        self._host: str = connection.host or ""
        self._schema: str = connection.schema or ""
        self._extra = connection.extra_dejson
        self.key: str = (connection.password or "").strip()
        by_host = "pro" if "pro-api." in self._host else "demo"
        self.plan = str(self._extra.get("plan", by_host))

    @property
    def time_travel(self) -> bool:
        """Whether the server knows past days.

        Raises:
            AirflowFailException: the extra holds something else than true or false.
        """
        value = self._extra.get("time_travel", False)
        if not isinstance(value, bool):
            raise AirflowFailException(
                f"Airflow connection {self._conn_id!r}: extra time_travel is {value!r}: "
                "set it to true or false (JSON, no quotes)"
            )
        return value

    @property
    def calls_per_minute(self) -> float:
        """How many histories may be asked for in a minute.

        Raises:
            AirflowFailException: the extra holds something else than a number above 0.
        """
        plan = self.plan if self.key else "keyless"
        value = self._extra.get("calls_per_minute", _CALLS_PER_MINUTE.get(plan))
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            raise AirflowFailException(
                f"Airflow connection {self._conn_id!r}: extra calls_per_minute is {value!r}: "
                "set it to a number above 0 (JSON, no quotes), or leave it out"
            )
        return value

    def check(self) -> None:
        """Refuse a plan or a key that no call could be made with.

        Raises:
            AirflowFailException: says what to change; never quotes the key.
        """
        if self.plan not in _KEY_HEADERS:
            raise AirflowFailException(
                f"Airflow connection {self._conn_id!r}: extra plan is {self.plan!r}: set it to demo or pro"
            )
        # requests would quote a key that is no valid header value in its exception.
        if not re.fullmatch(r"[!-~]*", self.key):
            raise AirflowFailException(
                f"Airflow connection {self._conn_id!r}: the API key in the password has blanks or "
                "characters that no HTTP header may hold: paste it again"
            )

    def prepare(self, session: requests.Session) -> None:
        """Put the API key, and nothing else of the connection, into a session's headers."""
        for name in _EXTRAS:  # HttpHook sends every extra that it does not know as a header
            session.headers.pop(name, None)
        session.auth = None  # a login next to the key would send the key as a Basic password, too
        if self.key:
            session.headers[_KEY_HEADERS[self.plan]] = self.key
            for scheme in ("http://", "https://"):
                session.mount(scheme, KeyMaskingAdapter(self.key))

    def root_url(self, base_url: str) -> str:
        """Where the API is: HttpHook's base URL, with CoinGecko's defaults."""
        if not self._host:
            base_url = _HOSTS[self.plan]
        elif not self._schema and self._host.endswith("coingecko.com"):
            base_url = base_url.replace("http://", "https://", 1)  # HttpHook's default is http
        return base_url.rstrip("/").removesuffix("/api/v3")  # as CoinGecko writes its root
