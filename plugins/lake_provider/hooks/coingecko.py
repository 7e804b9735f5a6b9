"""CoinGecko over HTTP: pages of /coins/markets, exactly as received and checked before anyone uses them.

The connection is an ordinary Airflow HTTP connection:

* host, schema, port: default ``https://api.coingecko.com`` (``https://pro-api.coingecko.com`` for a pro key);
* password: the API key, if there is one. It travels in a request header and nowhere else, and is taken out of
  an answer that repeats it;
* extra ``{"plan": "pro"}``: the key is a pro key (assumed for the pro host, a demo key otherwise);
* extra ``{"time_travel": true}``: the server knows past days (``as_of=YYYY-MM-DD``). CoinGecko does not,
  a server of recorded responses does.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

import requests
import tenacity
from airflow.providers.http.hooks.http import HttpHook
from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowNotFoundException

ENDPOINT = "/api/v3/coins/markets"
MAX_PER_PAGE = 250
"""CoinGecko's limit; it cuts a larger ``per_page`` down to this without a word."""

_HOSTS = {"demo": "https://api.coingecko.com", "pro": "https://pro-api.coingecko.com"}
_KEY_HEADERS = {"demo": "x-cg-demo-api-key", "pro": "x-cg-pro-api-key"}
_CONNECT_TIMEOUT, _READ_TIMEOUT = 10.0, 30.0  # seconds
_BACKOFF = tenacity.wait_exponential_jitter(initial=5, max=60, jitter=5)
"""Four waits come to 75 s at least: more than the minute over which CoinGecko counts calls."""
_RETRY_AFTER_CAP = 120.0  # seconds; CoinGecko was seen to ask for up to 119
_LONGEST_REASON = 500  # characters; it ends in logs, alerts and metadata
_SHORTEST_KEY = 8  # characters; what is shorter is no key, and would be found in any text
_NETWORK_ERRORS = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,  # the connection broke inside the body
    requests.exceptions.ContentDecodingError,
)


@dataclass(frozen=True)
class MarketsPage:
    """One accepted response of /coins/markets.

    Attributes:
        number: page number, from 1.
        url: the request's address; it never holds the API key.
        body: the response body, byte for byte (after HTTP's own content decoding).
        content_type: the Content-Type header.
        http_date: the Date header as received, or None.
        etag: the ETag header as received, or None.
        source: who made the data: the X-Data-Source header, else ``coingecko``.
        clock: when the source says it answered (UTC, from ``http_date``), else our clock at arrival.
        coin_ids: the ids in the body's order; as many as there are rows.
    """

    number: int
    url: str
    body: bytes
    content_type: str
    http_date: str | None
    etag: str | None
    source: str
    clock: datetime
    coin_ids: tuple[str, ...]


class CoinGeckoRefusal(AirflowException):
    """A response that is not market data. It keeps what was received, for the audit.

    Attributes:
        reason: the API's own message, or what is wrong with the body.
        status: the HTTP status, or the one that an error body inside a 200 names.
        response: the response itself.
        page: number of the page that was asked for.
        permanent: True if asking again cannot help (a wrong parameter or key, …).
        busy: True for rate limits and server errors: asking again later is right.
    """

    def __init__(self, reason: str, *, status: int, response: requests.Response, page: int) -> None:
        # The text is the API's: it may be of any length, and JSON can escape half a character.
        self.reason = reason.encode(errors="backslashreplace").decode()[:_LONGEST_REASON]
        super().__init__(f"CoinGecko refused page {page} of {response.url} (status {status}): {self.reason}")
        self.status = status
        self.response = response
        self.page = page
        self.busy = status in (408, 429) or 500 <= status < 600
        self.permanent = not self.busy and status != 200

    @property
    def retry_after(self) -> float | None:
        """Seconds that the Retry-After header (seconds or an HTTP date) asks us to wait, or None."""
        value = self.response.headers.get("Retry-After", "").strip()
        if value.isdecimal():
            return float(value)
        until = _parse_http_date(value)
        if until is None:
            return None
        now = _parse_http_date(self.response.headers.get("Date")) or datetime.now(UTC)
        return max(0.0, (until - now).total_seconds())


class CoinGeckoHook(HttpHook):
    """Reads /coins/markets: paged, validated, patient with rate limits, silent about the API key.

    Args:
        coingecko_conn_id: Airflow connection, see the module's docstring.
        attempts: calls per page before giving up on rate limits, server and network errors.
    """

    conn_name_attr = "coingecko_conn_id"
    default_conn_name = "coingecko_default"
    hook_name = "CoinGecko"

    sleep: Callable[[float], None] = staticmethod(time.sleep)

    def __init__(self, coingecko_conn_id: str = default_conn_name, *, attempts: int = 5) -> None:
        super().__init__(method="GET", http_conn_id=coingecko_conn_id)
        self.attempts = attempts
        self.calls = 0
        """HTTP calls made so far, failed ones included: CoinGecko counts those too."""

    @property
    def time_travel(self) -> bool:
        """Whether the connection's server knows past days.

        Raises:
            AirflowFailException: no such connection, or the extra holds something else than true or false.
        """
        value = self._connection().extra_dejson.get("time_travel", False)
        if not isinstance(value, bool):
            raise AirflowFailException(
                f"Airflow connection {self.http_conn_id!r}: extra time_travel is {value!r}: "
                "set it to true or false (JSON, no quotes)"
            )
        return value

    def markets(self, *, coins: int, currency: str, as_of: date | None = None) -> list[MarketsPage]:
        """Fetch the largest coins by market capitalisation.

        ``coins`` is spread evenly over the fewest pages that hold it, so up to pages - 1 more may come:
        250 is one page of 250, 300 is two of 150. Ends early at a short or an empty page.

        Args:
            coins: how many, at least 1.
            currency: CoinGecko's ``vs_currency``, e.g. ``usd``.
            as_of: the day to serve (UTC); only servers with ``time_travel`` know it.

        Returns:
            At least one page; ids may repeat between pages, since the ranking moves between two calls.

        Raises:
            CoinGeckoRefusal: an answer that is not market data, after all attempts if it was a busy one.
            AirflowFailException: the connection is missing or unusable.
            AirflowException: the server could not be reached.
        """
        page_count = -(-coins // MAX_PER_PAGE)
        per_page = -(-coins // page_count)
        pages: list[MarketsPage] = []
        for number in range(1, page_count + 1):
            page = self._page(number, per_page=per_page, currency=currency, as_of=as_of)
            if page.coin_ids:
                pages.append(page)
            if len(page.coin_ids) < per_page:
                break
        return pages

    def get_conn(
        self, headers: dict[Any, Any] | None = None, extra_options: dict[str, Any] | None = None
    ) -> requests.Session:
        """Return a session with the API key in its header.

        Raises:
            AirflowFailException: the connection is missing or unusable.
        """
        connection = self._connection()
        self._check_connection(connection)
        session: requests.Session = super().get_conn(headers, extra_options)
        for name in ("time_travel", "plan"):  # HttpHook sends every extra that it does not know as a header
            session.headers.pop(name, None)
        session.auth = None  # a login next to the key would send the key as a Basic password, too
        plan, key = self._plan(connection), _key(connection)
        if key:
            session.headers[_KEY_HEADERS[plan]] = key
            for scheme in ("http://", "https://"):
                session.mount(scheme, _DiscreetAdapter(key))
        if not connection.host:
            self.base_url = _HOSTS[plan]
        elif not connection.schema and connection.host.endswith("coingecko.com"):
            self.base_url = self.base_url.replace("http://", "https://", 1)  # HttpHook's default is http
        self.base_url = self.base_url.rstrip("/").removesuffix("/api/v3")  # as CoinGecko writes its root
        return session

    def _connection(self) -> Connection:
        try:
            return self.get_connection(self.http_conn_id)
        except AirflowNotFoundException as error:
            variable = f"AIRFLOW_CONN_{self.http_conn_id.upper()}"
            raise AirflowFailException(
                f"Airflow connection {self.http_conn_id!r} is missing or unreadable: create it (type HTTP, "
                "host api.coingecko.com, schema https, the API key, if you have one, in the password) "
                f"or set {variable}"
            ) from error

    def _plan(self, connection: Connection) -> str:
        by_host = "pro" if "pro-api." in (connection.host or "") else "demo"
        return str(connection.extra_dejson.get("plan", by_host))

    def _check_connection(self, connection: Connection) -> None:
        plan = self._plan(connection)
        if plan not in _KEY_HEADERS:
            raise AirflowFailException(
                f"Airflow connection {self.http_conn_id!r}: extra plan is {plan!r}: set it to demo or pro"
            )
        # requests would quote a key that is no valid header value in its exception.
        if not re.fullmatch(r"[!-~]*", _key(connection)):
            raise AirflowFailException(
                f"Airflow connection {self.http_conn_id!r}: the API key in the password has blanks or "
                "characters that no HTTP header may hold: paste it again"
            )

    def _page(self, number: int, *, per_page: int, currency: str, as_of: date | None) -> MarketsPage:
        params: dict[str, str | int] = {
            "vs_currency": currency,
            "order": "market_cap_desc",
            "per_page": per_page,
            "page": number,
        }
        if as_of is not None:
            params["as_of"] = as_of.isoformat()
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_may_pass),
            wait=_wait,
            stop=tenacity.stop_after_attempt(self.attempts),
            before_sleep=self._log_wait,
            sleep=self.sleep,
            reraise=True,
        )
        try:
            return retrying(self._attempt, number, params)
        except _NETWORK_ERRORS as error:
            self._raise_unreachable(error)

    def _attempt(self, number: int, params: dict[str, str | int]) -> MarketsPage:
        self.calls += 1
        started = time.monotonic()
        try:
            response: requests.Response = self.run(
                ENDPOINT,
                data=params,
                extra_options={
                    "timeout": (_CONNECT_TIMEOUT, _READ_TIMEOUT),
                    "check_response": False,  # the body tells more than the status
                    "allow_redirects": False,  # the key's header would follow to the other host
                },
            )
        except _NETWORK_ERRORS as error:
            self.log.warning(
                "CoinGecko call %d: page %d failed after %.2f s: %s",
                self.calls,
                number,
                time.monotonic() - started,
                error,
            )
            raise
        repeats_key = _take_out_key(response, _key(self._connection()))
        self.log.info(
            "CoinGecko call %d: GET %s -> %d, %d bytes in %.2f s",
            self.calls,
            response.url,
            response.status_code,
            len(response.content),
            time.monotonic() - started,
        )
        page = _accept(response, number)
        if repeats_key:  # bronze is exact, or it is not bronze
            raise CoinGeckoRefusal(
                "its body repeats our API key, which was replaced by ***",
                status=response.status_code,
                response=response,
                page=number,
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


def _key(connection: Connection) -> str:
    return (connection.password or "").strip()


def _without_key(text: str, key: str) -> str:
    """Text with *** for the API key: as it is, escaped as in JSON or a URL, in UTF-16, in Base64."""
    if len(key) < _SHORTEST_KEY:
        return text
    characters = (rf"(?:\\?{re.escape(c)}|\\u00{ord(c):02x}|%{ord(c):02x})" for c in key)
    encoded = base64.b64encode(key.encode()).decode().rstrip("=")
    return re.sub("\x00?".join(characters) + "|" + re.escape(encoded), "***", text, flags=re.IGNORECASE)


class _DiscreetAdapter(requests.adapters.HTTPAdapter):
    """Takes the API key out of network errors: they quote what the server sent, and HttpHook logs them."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self._key = key

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        try:
            response = super().send(*args, **kwargs)
            _ = response.content  # read it here, where its errors are looked at
        except requests.RequestException as error:
            if (told := _without_key(str(error), self._key)) == str(error):
                raise
            raise requests.ConnectionError(told) from None
        return response


def _take_out_key(response: requests.Response, key: str) -> bool:
    """Take the API key out of an answer that repeats it, before anything of it is logged or stored.

    Returns:
        Whether it was in the body.
    """
    response.url = _without_key(str(response.url), key)
    response.reason = _without_key(str(response.reason), key)
    for name, value in list(response.headers.items()):
        del response.headers[name]
        response.headers[_without_key(name, key)] = _without_key(value, key)
    received = response.content
    response._content = _without_key(received.decode("latin-1"), key).encode("latin-1")
    return bool(response._content != received)


def _may_pass(error: BaseException) -> bool:
    return error.busy if isinstance(error, CoinGeckoRefusal) else isinstance(error, _NETWORK_ERRORS)


def _wait(state: tenacity.RetryCallState) -> float:
    """Seconds to wait: what the server asks for, within reason, else backoff."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, CoinGeckoRefusal) else None
    if asked is None:
        return _BACKOFF(state)
    return min(max(asked, 1.0), _RETRY_AFTER_CAP)


def _accept(response: requests.Response, number: int) -> MarketsPage:
    """Check a response of /coins/markets.

    Raises:
        CoinGeckoRefusal: any other status than 200, or a body that is not an array of objects with an id;
            an empty array is fine after page 1 (past the end).
    """

    def refuse(reason: str, status: int = response.status_code) -> NoReturn:
        raise CoinGeckoRefusal(reason, status=status, response=response, page=number)

    try:
        payload = json.loads(response.content.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        kind = response.headers.get("Content-Type", "no content type")
        start = " ".join(response.content[:100].decode(errors="replace").split())
        refuse(f"the body ({kind}, {len(response.content)} bytes) is not JSON: {error}; it begins {start!r}")
    if isinstance(payload, dict):
        code, message = _api_error(payload)
        # A rate limit or a ban can arrive inside a 200: then the error's code says more than the status.
        refuse(message, code if code is not None and response.status_code == 200 else response.status_code)
    if response.status_code != 200:
        refuse(f"unexpected HTTP status {response.status_code} {response.reason}")
    if not isinstance(payload, list):
        refuse(f"the body is a JSON {type(payload).__name__}, not an array of coins")
    if not payload and number == 1:
        refuse("the body is an empty array: no coin at all")
    coin_ids = []
    for index, coin in enumerate(payload):
        coin_id = coin.get("id") if isinstance(coin, dict) else None
        if not isinstance(coin_id, str) or not coin_id:
            refuse(f"element {index} of the array is not a coin with an id: {json.dumps(coin)[:100]}")
        coin_ids.append(coin_id)
    source = response.headers.get("X-Data-Source", "coingecko")
    if not re.fullmatch(r"[a-z0-9_-]+", source):  # it becomes part of an object's key
        refuse(f"the header X-Data-Source is {source!r}: lower-case letters, digits, _ and - are allowed")
    http_date = response.headers.get("Date")
    return MarketsPage(
        number=number,
        url=str(response.url),
        body=response.content,
        content_type=response.headers.get("Content-Type", "application/json"),
        http_date=http_date,
        etag=response.headers.get("ETag"),
        source=source,
        clock=_parse_http_date(http_date) or datetime.now(UTC).replace(microsecond=0),
        coin_ids=tuple(coin_ids),
    )


def _api_error(payload: dict[str, Any]) -> tuple[int | None, str]:
    """Return (error code or None, message) of one of CoinGecko's three shapes of error objects.

    They are ``{"status": {"error_code", "error_message"}}``, ``{"error": {"status": {…}}}`` and
    ``{"error": "message"}``.
    """
    error = payload.get("error")
    if isinstance(error, str):
        return None, error
    status = (error if isinstance(error, dict) else payload).get("status")
    if isinstance(status, dict) and status.get("error_message"):
        code = status.get("error_code")
        is_status = type(code) is int and 100 <= code < 100_000  # CoinGecko has own ones, such as 10012
        return (code if is_status else None), str(status["error_message"])
    return None, f"a JSON object instead of an array of coins: {json.dumps(payload)[:200]}"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _parse_http_date(value: str | None) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(value or "")
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
