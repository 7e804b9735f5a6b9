"""CoinGecko over HTTP: the market and coins' histories, exactly as received."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from datetime import time as time_of_day
from functools import cached_property, partial
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote

import requests
import tenacity
from airflow.providers.http.hooks.http import HttpHook
from airflow.sdk.exceptions import AirflowException

from lake_provider.bronze import Page
from lake_provider.coingecko import bounded_body
from lake_provider.coingecko.api_key import mask_key_in
from lake_provider.coingecko.connection import CoinGeckoConnection
from lake_provider.coingecko.responses import (
    CoinGeckoRefusal,
    MarketsPage,
    accept_history,
    accept_markets,
)

MARKETS = "/api/v3/coins/markets"
HISTORY = "/api/v3/coins/{}/market_chart/range"
MAX_PER_PAGE = 250
"""CoinGecko's limit; it cuts a larger ``per_page`` down to this without a word."""

_CONNECT_TIMEOUT, _READ_TIMEOUT = 10.0, 30.0  # seconds
_BACKOFF = tenacity.wait_exponential_jitter(initial=5, max=60, jitter=5)
"""Four waits come to 75 s at least: more than the minute over which CoinGecko counts calls."""
_RETRY_AFTER_CAP = 120.0  # seconds; CoinGecko was seen to ask for up to 119
_NETWORK_ERRORS = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,  # the connection broke inside the body
    requests.exceptions.ContentDecodingError,
)


_Accepted = TypeVar("_Accepted", bound=Page)


class CoinGeckoHook(HttpHook):
    """Reads the market and coins' histories: validated, patient with rate limits, silent about the API key.

    Args:
        coingecko_conn_id: Airflow connection, see ``lake_provider.coingecko.connection``.
        attempts: calls per page or coin before giving up on rate limits, server and network errors.
    """

    conn_name_attr = "coingecko_conn_id"
    default_conn_name = "coingecko_default"
    hook_name = "CoinGecko"

    sleep: Callable[[float], None] = staticmethod(time.sleep)
    clock: Callable[[], float] = staticmethod(time.monotonic)

    def __init__(self, coingecko_conn_id: str = default_conn_name, *, attempts: int = 5) -> None:
        super().__init__(method="GET", http_conn_id=coingecko_conn_id)
        self.attempts = attempts
        self.calls = 0
        """HTTP calls made so far, failed ones included: CoinGecko counts those too."""
        self._called_at = -math.inf

    @cached_property
    def connection(self) -> CoinGeckoConnection:
        """What the Airflow connection says.

        Raises:
            AirflowFailException: there is no such connection.
        """
        return CoinGeckoConnection(self.http_conn_id)

    def markets(self, *, coins: int, currency: str, run_date: date | None = None) -> list[MarketsPage]:
        """Fetch the largest coins by market capitalisation.

        ``coins`` is spread evenly over the fewest pages that hold it, so up to pages - 1 more may come:
        250 is one page of 250, 300 is two of 150. A page with fewer coins than requested is requested again
        until CoinGecko's cache of a minute is over.

        Args:
            coins: how many, at least 1.
            currency: CoinGecko's ``vs_currency``, e.g. ``usd``.
            run_date: a past day to serve (UTC); only servers with ``time_travel`` know it.

        Returns:
            At least one page; ids may repeat between pages, since the ranking moves between two calls.

        Raises:
            CoinGeckoRefusal: an answer that is not market data, or fewer coins than requested; after all
                attempts if it was a busy or a short one.
            AirflowFailException: the connection is missing or unusable.
            AirflowException: the server could not be reached.
        """
        page_count = -(-coins // MAX_PER_PAGE)
        per_page = -(-coins // page_count)
        pages: list[MarketsPage] = []
        for number in range(1, page_count + 1):
            params: dict[str, str | int] = {
                "vs_currency": currency,
                "order": "market_cap_desc",
                "per_page": per_page,
                "page": number,
            }
            if run_date is not None:
                params["as_of"] = run_date.isoformat()
            accept = partial(
                accept_markets,
                number=number,
                before=sum(page.rows for page in pages),
                coins=coins,
                per_page=per_page,
            )
            pages.append(self._get_accepted(MARKETS, params, accept, wanted=f"page {number}"))
        return pages

    def history(self, coin_id: str, *, currency: str, first: date, last: date) -> Page:
        """Fetch a coin's prices, market caps and volumes of a range of days: one call, whatever its length.

        Calls begin at least 60 s / ``calls_per_minute`` apart, retries included.

        Args:
            coin_id: CoinGecko's id, e.g. ``bitcoin``.
            currency: CoinGecko's ``vs_currency``, e.g. ``usd``.
            first: the range's first day (UTC).
            last: its last day.

        Returns:
            The response, for ``lake_provider.coingecko.market_chart``. It may have no point of the range.

        Raises:
            CoinGeckoRefusal: as ``markets``; also when CoinGecko does not know the coin.
            AirflowFailException: the connection is missing or unusable.
            AirflowException: the server could not be reached.
        """
        begin, end = (datetime.combine(day, time_of_day(tzinfo=UTC)) for day in (first, last))
        params: dict[str, str | int] = {
            "vs_currency": currency,
            "from": int(begin.timestamp()),
            "to": int(end.timestamp()) + 86_399,
        }
        name = path_segment(coin_id)
        return self._get_accepted(
            HISTORY.format(name),
            params,
            partial(accept_history, name=name),
            wanted=f"coin {name}",
            apart=60 / self.connection.calls_per_minute,
        )

    def get_conn(
        self, headers: dict[Any, Any] | None = None, extra_options: dict[str, Any] | None = None
    ) -> requests.Session:
        """Return a session with the API key in its header.

        Raises:
            AirflowFailException: the connection is missing or unusable.
        """
        self.connection.check()
        session: requests.Session = super().get_conn(headers, extra_options)
        self.connection.prepare(session)
        self.base_url = self.connection.root_url(self.base_url)
        return session

    def _get_accepted(
        self,
        endpoint: str,
        params: dict[str, str | int],
        accept: Callable[[requests.Response], _Accepted],
        *,
        wanted: str,
        apart: float = 0.0,
    ) -> _Accepted:
        """Ask until an answer is accepted or refused for good, each time ``apart`` s after the last call."""

        def attempt() -> _Accepted:
            if (wait := self._called_at + apart - self.clock()) > 0:
                self.sleep(wait)
            self._called_at = self.clock()
            return self._call_once(endpoint, params, accept, wanted)

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_is_temporary),
            wait=_seconds_to_wait,
            stop=tenacity.stop_after_attempt(self.attempts),
            before_sleep=self._log_wait,
            sleep=self.sleep,
            reraise=True,
        )
        try:
            return retrying(attempt)
        except _NETWORK_ERRORS as error:
            self._raise_unreachable(error)

    def _call_once(
        self,
        endpoint: str,
        params: dict[str, str | int],
        accept: Callable[[requests.Response], _Accepted],
        wanted: str,
    ) -> _Accepted:
        self.calls += 1
        started = time.monotonic()
        try:
            response: requests.Response = self.run(
                endpoint,
                data=params,
                extra_options={
                    "timeout": (_CONNECT_TIMEOUT, _READ_TIMEOUT),
                    "check_response": False,  # the body tells more than the status
                    "stream": True,  # `bounded_body` reads it
                    "allow_redirects": False,  # the key's header would follow to the other host
                },
            )
            bounded_body.read(response)
        except _NETWORK_ERRORS as error:
            self.log.warning(
                "CoinGecko call %d: %s failed after %.2f s: %s",
                self.calls,
                wanted,
                time.monotonic() - started,
                error,
            )
            raise
        repeats_key = mask_key_in(response, self.connection.key)
        self.log.info(
            "CoinGecko call %d: GET %s -> %d, %d bytes in %.2f s",
            self.calls,
            response.url,
            response.status_code,
            len(response.content),
            time.monotonic() - started,
        )
        if len(response.content) > bounded_body.LARGEST_BODY:
            raise CoinGeckoRefusal(
                f"its body is larger than {bounded_body.LARGEST_BODY:,} bytes",
                wanted=wanted,
                status=response.status_code,
                response=response,
            )
        page = accept(response)
        if repeats_key:  # bronze is exact, or it is not bronze
            raise CoinGeckoRefusal(
                "its body repeats our API key, which was replaced by ***",
                wanted=wanted,
                status=response.status_code,
                response=response,
            )
        return page

    def _log_wait(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self.log.warning(
            "Waiting %.0f s before attempt %d of %d: %s",
            state.upcoming_sleep,
            state.attempt_number + 1,
            self.attempts,
            error,
        )

    def _raise_unreachable(self, error: requests.RequestException) -> NoReturn:
        raise AirflowException(
            f"{self.base_url} (Airflow connection {self.http_conn_id!r}) gave no answer in "
            f"{self.attempts} attempts, the last one ended in {type(error).__name__}. Check the connection's "
            "host and port, whether that server is up (https://status.coingecko.com), and whether this "
            "machine has a route to it (on MWAA: private subnets need NAT)"
        ) from error


def path_segment(coin_id: str) -> str:
    """A coin's id, which is any text, as one part of a path or of an object's key."""
    return quote(coin_id, safe="", errors="backslashreplace")


def _is_temporary(error: BaseException) -> bool:
    if isinstance(error, CoinGeckoRefusal):
        return error.busy or error.short
    return isinstance(error, _NETWORK_ERRORS)


def _seconds_to_wait(state: tenacity.RetryCallState) -> float:
    """Seconds to wait: what the server asks for, within reason, else backoff."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, CoinGeckoRefusal) and error.short and "as_of=" in error.response.url:
        return 1.0  # a server of recorded responses caches nothing
    asked = error.retry_after if isinstance(error, CoinGeckoRefusal) else None
    if asked is None:
        return _BACKOFF(state)
    return min(max(asked, 1.0), _RETRY_AFTER_CAP)
