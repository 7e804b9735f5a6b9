"""CoinGecko over HTTP: the market and coins' histories, exactly as received, checked before anyone uses them.

The connection is an ordinary Airflow HTTP connection:

* host, schema, port: default ``https://api.coingecko.com`` (``https://pro-api.coingecko.com`` for a pro key);
* password: the API key, if there is one. It travels in a request header and nowhere else, and is taken out of
  an answer that repeats it;
* extra ``{"plan": "pro"}``: the key is a pro key (assumed for the pro host, a demo key otherwise);
* extra ``{"time_travel": true}``: the server knows past days (``as_of=YYYY-MM-DD``). CoinGecko does not,
  a server of recorded responses does;
* extra ``{"calls_per_minute": 30}``: how many histories are asked for in a minute at most. Default: 5 without
  a key, 30 with a demo key, 250 with a pro key.
"""

from __future__ import annotations

import base64
import json
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from datetime import time as time_of_day
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote

import requests
import tenacity
from airflow.providers.http.hooks.http import HttpHook
from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowNotFoundException

from lake_provider.hooks import market_chart

MARKETS = "/api/v3/coins/markets"
HISTORY = "/api/v3/coins/{}/market_chart/range"
MAX_PER_PAGE = 250
"""CoinGecko's limit; it cuts a larger ``per_page`` down to this without a word."""

_HOSTS = {"demo": "https://api.coingecko.com", "pro": "https://pro-api.coingecko.com"}
_EXTRAS = ("plan", "time_travel", "calls_per_minute")
_KEY_HEADERS = {"demo": "x-cg-demo-api-key", "pro": "x-cg-pro-api-key"}
_CALLS_PER_MINUTE = {"keyless": 5, "demo": 30, "pro": 250}
"""CoinGecko's own documents disagree about the first (5 to 30); the others are what its plans promise."""
_TOO_LONG_AGO = 10012
"""CoinGecko's code for a range that begins before what the plan allows."""
_NO_SUCH_COIN = re.compile("coin not found|could not find coin", re.IGNORECASE)
_CONNECT_TIMEOUT, _READ_TIMEOUT = 10.0, 30.0  # seconds
_BACKOFF = tenacity.wait_exponential_jitter(initial=5, max=60, jitter=5)
"""Four waits come to 75 s at least: more than the minute over which CoinGecko counts calls."""
_RETRY_AFTER_CAP = 120.0  # seconds; CoinGecko was seen to ask for up to 119
LARGEST_BODY = 50_000_000
"""In bytes; a page of 250 coins has some 250,000."""
_LONGEST_REASON = 500  # characters; it ends in logs, alerts and metadata
_SHORTEST_KEY = 8  # characters; what is shorter is no key, and would be found in any text
_NETWORK_ERRORS = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,  # the connection broke inside the body
    requests.exceptions.ContentDecodingError,
)


@dataclass(frozen=True)
class Page:
    """What bronze keeps in one object: an accepted response, or what was made of several.

    Attributes:
        url: the request's address; it never holds the API key.
        body: the response body, byte for byte (after HTTP's own content decoding).
        content_type: the Content-Type header.
        http_date: the Date header as received, or None.
        etag: the ETag header as received, or None.
        source: who made the data: the X-Data-Source header, else ``coingecko``.
        clock: when the source says it answered (UTC, from ``http_date``), else our clock at arrival.
        rows: how many coins, or days of one coin, are in it.
    """

    url: str
    body: bytes
    content_type: str
    http_date: str | None
    etag: str | None
    source: str
    clock: datetime
    rows: int


@dataclass(frozen=True)
class MarketsPage(Page):
    """One accepted response of /coins/markets.

    Attributes:
        number: page number, from 1.
        coin_ids: the ids in the body's order; as many as there are rows.
    """

    number: int
    coin_ids: tuple[str, ...]


_Accepted = TypeVar("_Accepted", bound=Page)


class CoinGeckoRefusal(AirflowException):
    """A response that is not what was asked for. It keeps what was received, for the audit.

    Attributes:
        wanted: what was asked for: ``page 1`` of /coins/markets, or ``coin bitcoin``.
        reason: the API's own message, or what is wrong with the body.
        status: the HTTP status, or the one that an error body inside a 200 names.
        response: the response itself.
        permanent: True if asking again cannot help (a wrong parameter or key, …).
        busy: True for rate limits and server errors: asking again later is right.
        unknown: True if there is no such coin.
        too_long_ago: True if the plan does not reach back that far.
    """

    def __init__(
        self,
        reason: str,
        *,
        wanted: str,
        status: int,
        response: requests.Response,
        code: int | None = None,
    ) -> None:
        # The text is the API's: it may be of any length, and JSON can escape half a character.
        self.reason = reason.encode(errors="backslashreplace").decode()[:_LONGEST_REASON]
        super().__init__(f"CoinGecko refused {wanted} of {response.url} (status {status}): {self.reason}")
        self.wanted = wanted
        self.status = status
        self.response = response
        self.busy = status in (408, 429) or 500 <= status < 600
        self.permanent = not self.busy and status != 200
        self.unknown = status in (200, 404) and bool(_NO_SUCH_COIN.search(self.reason))
        self.too_long_ago = code == _TOO_LONG_AGO

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
    """Reads the market and coins' histories: validated, patient with rate limits, silent about the API key.

    Args:
        coingecko_conn_id: Airflow connection, see the module's docstring.
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

    @property
    def calls_per_minute(self) -> float:
        """How many histories may be asked for in a minute.

        Raises:
            AirflowFailException: no such connection, or the extra holds something else than a number above 0.
        """
        connection = self._connection()
        plan = self._plan(connection) if _key(connection) else "keyless"
        value = connection.extra_dejson.get("calls_per_minute", _CALLS_PER_MINUTE.get(plan))
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            raise AirflowFailException(
                f"Airflow connection {self.http_conn_id!r}: extra calls_per_minute is {value!r}: "
                "set it to a number above 0 (JSON, no quotes), or leave it out"
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
            params: dict[str, str | int] = {
                "vs_currency": currency,
                "order": "market_cap_desc",
                "per_page": per_page,
                "page": number,
            }
            if as_of is not None:
                params["as_of"] = as_of.isoformat()
            page = self._get(MARKETS, params, partial(_accept, number=number), wanted=f"page {number}")
            if page.coin_ids:
                pages.append(page)
            if len(page.coin_ids) < per_page:
                break
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
            The response, for ``lake_provider.hooks.market_chart``. It may have no point of the range.

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
        name = in_path(coin_id)
        return self._get(
            HISTORY.format(name),
            params,
            partial(_accept_history, name=name),
            wanted=f"coin {name}",
            apart=60 / self.calls_per_minute,
        )

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
        for name in _EXTRAS:  # HttpHook sends every extra that it does not know as a header
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

    def _get(
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
            return self._attempt(endpoint, params, accept, wanted)

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_may_pass),
            wait=_wait,
            stop=tenacity.stop_after_attempt(self.attempts),
            before_sleep=self._log_wait,
            sleep=self.sleep,
            reraise=True,
        )
        try:
            return retrying(attempt)
        except _NETWORK_ERRORS as error:
            self._raise_unreachable(error)

    def _attempt(
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
                    "stream": True,  # `_read_bounded` reads it
                    "allow_redirects": False,  # the key's header would follow to the other host
                },
            )
            _read_bounded(response)
        except _NETWORK_ERRORS as error:
            self.log.warning(
                "CoinGecko call %d: %s failed after %.2f s: %s",
                self.calls,
                wanted,
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
        if len(response.content) > LARGEST_BODY:
            raise CoinGeckoRefusal(
                f"its body is larger than {LARGEST_BODY:,} bytes",
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


def in_path(coin_id: str) -> str:
    """A coin's id, which is any text, as one part of a path or of an object's key."""
    return quote(coin_id, safe="", errors="backslashreplace")


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
            _read_bounded(response)  # here, where its errors are looked at
        except requests.RequestException as error:
            if (told := _without_key(str(error), self._key)) == str(error):
                raise
            raise requests.ConnectionError(told) from None
        return response


def _read_bounded(response: requests.Response) -> None:
    """Read a body piece by piece, unpacked; of one that is too large no more than shows that it is."""
    if isinstance(response._content, bytes):  # the adapter has
        return
    body = bytearray()
    for piece in response.iter_content(64 * 1024):
        body += piece
        if len(body) > LARGEST_BODY:
            response.close()
            break
    response._content = bytes(body[: LARGEST_BODY + 1])


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
    refuse = _refuser(response, f"page {number}")
    payload = _payload(response, refuse)
    if isinstance(payload, dict):
        refuse(f"a JSON object instead of an array of coins: {json.dumps(payload)[:200]}")
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
    page = _page(response, refuse, rows=len(coin_ids))
    return MarketsPage(**vars(page), number=number, coin_ids=tuple(coin_ids))


def _accept_history(response: requests.Response, name: str) -> Page:
    """Check a response of /coins/{id}/market_chart/range.

    Raises:
        CoinGeckoRefusal: any other status than 200, or a body that is not three arrays of points.
    """
    refuse = _refuser(response, f"coin {name}")
    _payload(response, refuse)
    try:
        days = market_chart.days_of(response.content)
    except ValueError as error:
        refuse(str(error))
    return _page(response, refuse, rows=len(days))


def _refuser(response: requests.Response, wanted: str) -> Callable[..., NoReturn]:
    def refuse(reason: str, *, code: int | None = None) -> NoReturn:
        # A rate limit or a ban can arrive inside a 200: then the error's code says more than the status.
        status = code if code is not None and response.status_code == 200 else response.status_code
        raise CoinGeckoRefusal(reason, wanted=wanted, status=status, response=response, code=code)

    return refuse


def _payload(response: requests.Response, refuse: Callable[..., NoReturn]) -> Any:
    """The body's JSON; refuses what is none, one of CoinGecko's errors, and any other status than 200."""
    try:
        payload = json.loads(response.content.decode(), parse_constant=market_chart.refuse_constant)
    except (ValueError, RecursionError) as error:
        kind = response.headers.get("Content-Type", "no content type")
        start = " ".join(response.content[:100].decode(errors="replace").split())
        refuse(f"the body ({kind}, {len(response.content)} bytes) is not JSON: {error}; it begins {start!r}")
    if isinstance(payload, dict) and (told := _api_error(payload)):
        code, message = told
        refuse(message, code=code)
    if response.status_code != 200:
        refuse(f"unexpected HTTP status {response.status_code} {response.reason}")
    return payload


def _page(response: requests.Response, refuse: Callable[..., NoReturn], *, rows: int) -> Page:
    source = response.headers.get("X-Data-Source", "coingecko")
    if not re.fullmatch(r"[a-z0-9_-]+", source):  # it becomes part of an object's key
        refuse(f"the header X-Data-Source is {source!r}: lower-case letters, digits, _ and - are allowed")
    http_date = response.headers.get("Date")
    return Page(
        url=str(response.url),
        body=response.content,
        content_type=response.headers.get("Content-Type", "application/json"),
        http_date=http_date,
        etag=response.headers.get("ETag"),
        source=source,
        clock=_parse_http_date(http_date) or datetime.now(UTC).replace(microsecond=0),
        rows=rows,
    )


def _api_error(payload: dict[str, Any]) -> tuple[int | None, str] | None:
    """Return (error code or None, message) of one of CoinGecko's three shapes of error objects, else None.

    They are ``{"status": {"error_code", "error_message"}}``, ``{"error": {"status": {…}}}`` and
    ``{"error": "message"}``.
    """
    error = payload.get("error")
    if isinstance(error, str):
        return None, error
    status = (error if isinstance(error, dict) else payload).get("status")
    if not isinstance(status, dict) or not status.get("error_message"):
        return None
    code = status.get("error_code")
    is_status = type(code) is int and 100 <= code < 100_000  # CoinGecko has own ones, such as 10012
    return (code if is_status else None), str(status["error_message"])


def _parse_http_date(value: str | None) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(value or "")
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
