"""CoinGecko's responses: accepted as a page for bronze, or refused with the reason."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

import requests
from airflow.sdk.exceptions import AirflowException

from lake_provider.bronze import Page
from lake_provider.coingecko import market_chart

_TOO_LONG_AGO = 10012
"""CoinGecko's code for a range that begins before what the plan allows."""
_NO_SUCH_COIN = re.compile("coin not found|could not find coin", re.IGNORECASE)
_LONGEST_REASON = 500  # characters; it ends in logs, alerts and metadata


@dataclass(frozen=True)
class MarketsPage(Page):
    """One accepted response of /coins/markets.

    Attributes:
        number: page number, from 1.
        coin_ids: the ids in the body's order; as many as there are rows.
    """

    number: int
    coin_ids: tuple[str, ...]


class CoinGeckoRefusal(AirflowException):
    """A response that is not what was asked for. It keeps what was received, for the audit.

    Attributes:
        wanted: what was asked for: ``page 1`` of /coins/markets, or ``coin bitcoin``.
        reason: the API's own message, or what is wrong with the body.
        status: the HTTP status, or the one that an error body inside a 200 names.
        response: the response itself.
        permanent: True if asking again cannot help (a wrong parameter or key, …).
        busy: True for rate limits and server errors: asking again later is right.
        short: True if it has fewer coins than requested: it may have more a minute later.
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
        short: bool = False,
    ) -> None:
        # The text is the API's: it may be of any length, and JSON can escape half a character.
        self.reason = reason.encode(errors="backslashreplace").decode()[:_LONGEST_REASON]
        super().__init__(f"CoinGecko refused {wanted} of {response.url} (status {status}): {self.reason}")
        self.wanted = wanted
        self.status = status
        self.response = response
        self.busy = status in (408, 429) or 500 <= status < 600
        self.short = short
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


def accept_markets(
    response: requests.Response, number: int, *, before: int = 0, coins: int = 1, per_page: int = 1
) -> MarketsPage:
    """Check a response of /coins/markets.

    Args:
        response: the response.
        number: page number, from 1.
        before: how many rows the earlier pages have.
        coins: how many coins all pages are to bring.
        per_page: how many of them this page may bring.

    Raises:
        CoinGeckoRefusal: any other status than 200, a body that is not an array of objects with an id, or
            fewer rows than requested.
    """
    refuse = _refuse_as(response, f"page {number}")
    payload = _parse_json(response, refuse)
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
    if len(coin_ids) < min(per_page, coins - before):
        there = before + len(coin_ids)
        refuse(
            f"{there} of the {coins} coins requested. If the source has no more, request {there}: 'coins' in "
            f"the Airflow Variable crypto_lake, or COINS={there} make run",
            short=True,
        )
    page = _build_page(response, refuse, rows=len(coin_ids))
    return MarketsPage(**vars(page), number=number, coin_ids=tuple(coin_ids))


def accept_history(response: requests.Response, name: str) -> Page:
    """Check a response of /coins/{id}/market_chart/range.

    Raises:
        CoinGeckoRefusal: any other status than 200, or a body that is not three arrays of points.
    """
    refuse = _refuse_as(response, f"coin {name}")
    _parse_json(response, refuse)
    try:
        days = market_chart.split_into_days(response.content)
    except ValueError as error:
        refuse(str(error))
    return _build_page(response, refuse, rows=len(days))


def _refuse_as(response: requests.Response, wanted: str) -> Callable[..., NoReturn]:
    def refuse(reason: str, *, code: int | None = None, short: bool = False) -> NoReturn:
        # A rate limit or a ban can arrive inside a 200: then the error's code says more than the status.
        status = code if code is not None and response.status_code == 200 else response.status_code
        raise CoinGeckoRefusal(
            reason, wanted=wanted, status=status, response=response, code=code, short=short
        )

    return refuse


def _parse_json(response: requests.Response, refuse: Callable[..., NoReturn]) -> Any:
    """The body's JSON; refuses what is none, one of CoinGecko's errors, and any other status than 200."""
    try:
        payload = json.loads(response.content.decode(), parse_constant=market_chart.refuse_constant)
    except (ValueError, RecursionError) as error:
        kind = response.headers.get("Content-Type", "no content type")
        start = " ".join(response.content[:100].decode(errors="replace").split())
        refuse(f"the body ({kind}, {len(response.content)} bytes) is not JSON: {error}; it begins {start!r}")
    if isinstance(payload, dict) and (told := _parse_api_error(payload)):
        code, message = told
        refuse(message, code=code)
    if response.status_code != 200:
        refuse(f"unexpected HTTP status {response.status_code} {response.reason}")
    return payload


def _build_page(response: requests.Response, refuse: Callable[..., NoReturn], *, rows: int) -> Page:
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


def _parse_api_error(payload: dict[str, Any]) -> tuple[int | None, str] | None:
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
