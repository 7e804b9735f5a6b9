"""A stand-in for CoinGecko's API on this machine, its errors included.

    python -m laptop.coingecko --port 5056 --feed demo
    python -m laptop.coingecko --port 5056 --feed FOLDER     # recorded bodies, YYYY-MM-DD.json

It has `/ping`, `/coins/markets` and `/coins/{id}/market_chart/range`.
What CoinGecko does not have: `as_of=YYYY-MM-DD` serves a past day, with a `Date` of that day;
`X-Data-Source` says `synthetic` for the demo feed; `POST /_misbehave` with a JSON list of faults
(`[{"kind": "busy", "headers": {"Retry-After": "7"}}, …]`, see `Fault`) spoils the next requests, one each.
A parameter that is not implemented is answered with 501, never ignored.

Unlike CoinGecko's, a coin's history has no points between those that the feed has (the demo feed's days at
00:00 UTC, a recording's own moment) and reaches back as far as the feed does, with or without a key.
"""

from __future__ import annotations

import argparse
import errno
import hashlib
import json
import re
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from email.utils import format_datetime
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args
from urllib.parse import parse_qsl, unquote, urlsplit

from laptop.coingecko.feeds import Feed, NoSnapshotError, open_feed, simulated_now

MAX_PER_PAGE = 250
_PARAMETERS = {"vs_currency", "order", "per_page", "page", "sparkline", "locale", "as_of"}
_ONLY_VALUE = {"order": "market_cap_desc", "sparkline": "false", "locale": "en"}
"""Parameters of CoinGecko of which the stand-in knows just the default."""
_HISTORY = re.compile("/api/v3/coins/([^/]+)/market_chart/range")
_HISTORY_PARAMETERS = {"vs_currency", "from", "to"}
_LATEST = 253_402_300_799  # the end of the year 9999
_COINGECKO_CURRENCIES = {
    "usd",
    "eur",
    "gbp",
    "jpy",
    "chf",
    "cny",
    "inr",
    "krw",
    "cad",
    "aud",
    "brl",
    "btc",
    "eth",
}
"""Some that are valid at CoinGecko; a feed has prices in few of them."""

FaultKind = Literal[
    "none",  # the right answer (with other headers, if given)
    "busy",  # 429
    "busy_in_200",  # CoinGecko's 429 body with status 200
    "error",  # `status` (500) with CoinGecko's error object, `message` in it
    "error_in_200",  # the same object, its code being `status` (500), inside a 200
    "html",  # an HTML page, with `status` (200)
    "body",  # `message` as the whole JSON body, with `status` (200)
    "truncated_json",  # half of the right body, well formed as HTTP
    "cut_off",  # half of the body that Content-Length announces, then the connection ends
    "drop",  # the connection ends without an answer
    "slow",  # `seconds` of silence, then the right answer
    "repeat",  # page 1, whichever page was asked for
]


@dataclass(frozen=True)
class Fault:
    """How one request for coins goes wrong; `headers` come on top of, or instead of, the usual."""

    kind: FaultKind
    status: int | None = None
    message: str = "Something went wrong."
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in get_args(FaultKind):
            raise ValueError(f"no fault of kind {self.kind!r}: there are {', '.join(get_args(FaultKind))}")


@dataclass(frozen=True)
class Received:
    """A request as it arrived; ``target`` is path and query, header names are in lower case."""

    target: str
    headers: dict[str, str]


@dataclass
class StandIn:
    """A running stand-in."""

    url: str
    feed: Feed
    now: Callable[[], datetime]
    received: deque[Received] = field(default_factory=lambda: deque(maxlen=1000))
    """The last requests, oldest first."""
    faults: deque[Fault] = field(default_factory=deque)

    def misbehave(self, *faults: Fault) -> None:
        """Spoil the next requests for coins, one fault each, in this order."""
        self.faults.extend(faults)


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes
    moment: datetime
    content_type: str = "application/json; charset=utf-8"


class _ApiError(Exception):
    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    stand_in: StandIn

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client that gave up is no news
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        stand_in = self.server.stand_in
        headers = {name.lower(): value for name, value in self.headers.items()}
        stand_in.received.append(Received(self.path, headers))
        url = urlsplit(self.path)
        if url.path == "/api/v3/ping":
            self._send(_Answer(HTTPStatus.OK, b'{"gecko_says":"(V3) To the Moon!"}', stand_in.now()))
        elif url.path == "/api/v3/coins/markets":
            self._send_coins(_answer_markets, url.query)
        elif history := _HISTORY.fullmatch(url.path):
            self._send_coins(partial(_answer_history, unquote(history[1])), url.query)
        else:
            self._send(_error_answer(HTTPStatus.NOT_FOUND, f"no such path here: {url.path}", stand_in.now()))

    def do_POST(self) -> None:
        stand_in = self.server.stand_in
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path != "/_misbehave":
            self._send(_error_answer(HTTPStatus.NOT_FOUND, f"no such path here: {self.path}", stand_in.now()))
            return
        if "Origin" in self.headers or "Sec-Fetch-Site" in self.headers:
            self._send(_error_answer(HTTPStatus.FORBIDDEN, "a web page gives no orders here", stand_in.now()))
            return
        try:
            stand_in.misbehave(*(Fault(**fault) for fault in json.loads(body)))
        except (TypeError, ValueError) as error:
            self._send(
                _error_answer(HTTPStatus.BAD_REQUEST, f"not a list of faults: {error}", stand_in.now())
            )
            return
        self._send(_Answer(HTTPStatus.OK, b'{"queued":%d}' % len(stand_in.faults), stand_in.now()))

    def _send_coins(self, respond: Callable[[Feed, dict[str, str], datetime], _Answer], text: str) -> None:
        """Answer as the feed does, unless a fault comes between."""
        stand_in = self.server.stand_in
        fault = stand_in.faults.popleft() if stand_in.faults else Fault("none")
        now = stand_in.now()
        query = dict(parse_qsl(text, keep_blank_values=True))

        def right_answer() -> _Answer:
            try:
                return respond(stand_in.feed, query, now)
            except _ApiError as error:
                return _error_answer(error.status, str(error), now)

        if fault.kind == "drop":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if fault.kind == "slow":
            # An event that never comes rather than time.sleep: tests may patch sleeping.
            threading.Event().wait(fault.seconds)
        match fault.kind:
            case "busy":
                answer = _Answer(429, _error_object(429, "You've exceeded the Rate Limit."), now)
            case "busy_in_200":
                answer = _Answer(200, _error_object(429, "You've exceeded the Rate Limit."), now)
            case "error":
                answer = _Answer(fault.status or 500, _error_object(fault.status or 500, fault.message), now)
            case "error_in_200":
                answer = _Answer(200, _error_object(fault.status or 500, fault.message), now)
            case "html":
                page = b"<!DOCTYPE html>\n<html><head><title>Just a moment...</title></head></html>"
                answer = _Answer(fault.status or 200, page, now, "text/html; charset=UTF-8")
            case "body":
                answer = _Answer(fault.status or 200, fault.message.encode(), now)
            case "truncated_json":
                whole = right_answer()
                answer = replace(whole, body=whole.body[: len(whole.body) // 2])
            case "repeat":
                query["page"] = "1"
                answer = right_answer()
            case _:
                answer = right_answer()
        self._send(answer, fault.headers, cut_off=fault.kind == "cut_off")

    def _send(
        self, answer: _Answer, headers: Mapping[str, str] = MappingProxyType({}), *, cut_off: bool = False
    ) -> None:
        usual = {
            "Date": format_datetime(answer.moment, usegmt=True),
            "Content-Type": answer.content_type,
            "Content-Length": str(len(answer.body)),
            "X-Data-Source": self.server.stand_in.feed.source,
        }
        if answer.status == HTTPStatus.OK:
            usual["Cache-Control"] = "public, max-age=60"
            usual["ETag"] = f'W/"{hashlib.sha256(answer.body).hexdigest()[:32]}"'
        self.send_response_only(answer.status)
        for name, value in {**usual, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body[: len(answer.body) // 2] if cut_off else answer.body)
        self.close_connection = self.close_connection or cut_off

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Stay silent: a request is not worth a line in the terminal."""


def _answer_markets(feed: Feed, query: dict[str, str], now: datetime) -> _Answer:
    """Answer /coins/markets.

    Raises:
        _ApiError: what CoinGecko, or the stand-in for lack of something, refuses.
    """
    currency = _check_parameters(query, _PARAMETERS, feed)
    for name, value in _ONLY_VALUE.items():
        if query.get(name, value) != value:
            raise _ApiError(HTTPStatus.NOT_IMPLEMENTED, f"the stand-in implements {name} only as {value}")
    per_page, number = _parse_positive(query, "per_page", 100), _parse_positive(query, "page", 1)
    try:
        as_of = date.fromisoformat(query["as_of"]) if "as_of" in query else None
        snapshot = feed.snapshot(as_of or now.date(), currency, exact=as_of is not None)
    except NoSnapshotError as error:
        raise _ApiError(HTTPStatus.NOT_FOUND, str(error)) from error
    except ValueError as error:
        raise _ApiError(HTTPStatus.BAD_REQUEST, f"invalid as_of: {error}") from error
    moment = simulated_now(as_of, snapshot.newest) if as_of else now
    return _Answer(snapshot.status, snapshot.page(number, min(per_page, MAX_PER_PAGE)), moment)


def _answer_history(coin_id: str, feed: Feed, query: dict[str, str], now: datetime) -> _Answer:
    """Answer /coins/{id}/market_chart/range; nobody knows a price of the future.

    Raises:
        _ApiError: what CoinGecko, or the stand-in for lack of something, refuses.
    """
    currency = _check_parameters(query, _HISTORY_PARAMETERS, feed)
    first, last = _parse_moment(query, "from"), _parse_moment(query, "to")
    try:
        moments = feed.history(coin_id, currency, first, min(last, now))
    except KeyError:
        raise _ApiError(HTTPStatus.NOT_FOUND, "coin not found") from None
    series = {
        "prices": [f"[{at.milliseconds},{at.price}]" for at in moments],
        "market_caps": [f"[{at.milliseconds},{at.market_cap}]" for at in moments],
        "total_volumes": [f"[{at.milliseconds},{at.total_volume}]" for at in moments],
    }
    body = "{" + ",".join(f'"{name}":[{",".join(points)}]' for name, points in series.items()) + "}"
    return _Answer(HTTPStatus.OK, body.encode(), now)


def _check_parameters(query: dict[str, str], known: set[str], feed: Feed) -> str:
    """Refuse what is not implemented; return the currency."""
    for name in sorted(query.keys() - known):
        raise _ApiError(HTTPStatus.NOT_IMPLEMENTED, f"the stand-in does not implement the parameter {name}")
    currency = query.get("vs_currency", "")
    if not currency:
        raise _ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, "Missing parameter vs_currency")
    if currency not in _COINGECKO_CURRENCIES:
        raise _ApiError(HTTPStatus.BAD_REQUEST, "invalid vs_currency")
    if currency not in feed.currencies:
        available = " and ".join(feed.currencies)
        raise _ApiError(
            HTTPStatus.NOT_IMPLEMENTED, f"the stand-in has prices in {available} only, not in {currency}"
        )
    return currency


def _parse_moment(query: dict[str, str], name: str) -> datetime:
    text = query.get(name, "")
    if not text:
        raise _ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, f"Missing parameter {name}")
    if not text.isdecimal() or len(text) > 12 or int(text) > _LATEST:
        raise _ApiError(HTTPStatus.BAD_REQUEST, f"invalid {name}: give seconds since 1970")
    return datetime.fromtimestamp(int(text), UTC)


def _parse_positive(query: dict[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise _ApiError(HTTPStatus.BAD_REQUEST, f"invalid {name}")
    return int(text)


def _error_object(code: int, message: str) -> bytes:
    return json.dumps({"status": {"error_code": code, "error_message": message}}, ensure_ascii=False).encode()


def _error_answer(status: HTTPStatus, message: str, now: datetime) -> _Answer:
    return _Answer(status, json.dumps({"error": message}, ensure_ascii=False).encode(), now)


@contextmanager
def running_stand_in(
    feed: str | Path,
    *,
    port: int = 0,
    host: str = "127.0.0.1",
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[StandIn]:
    """Serve a feed from a thread of this process for as long as the context lasts.

    Args:
        feed: ``demo``, or a folder of recorded bodies.
        port: 0 takes a free one.
        host: address to listen on.
        now: the clock (UTC) for requests without ``as_of``.

    Yields:
        The stand-in: its address, what it received, and how to make it misbehave.

    Raises:
        ValueError: the folder does not exist or has no recording.
        OSError: the port is taken.
    """
    opened = open_feed(str(feed))
    server = _Server((host, port), _Handler)
    server.stand_in = StandIn(f"http://{host}:{server.server_address[1]}", opened, now)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.stand_in
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def main(arguments: list[str] | None = None) -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m laptop.coingecko", description="A stand-in for CoinGecko's API."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5056)
    parser.add_argument(
        "--feed", default="demo", help="demo, or a folder of recorded bodies (YYYY-MM-DD.json)"
    )
    options = parser.parse_args(arguments)
    try:
        with running_stand_in(options.feed, port=options.port, host=options.host) as stand_in:
            print(f"CoinGecko stand-in at {stand_in.url}: {stand_in.feed}. Ctrl-C stops it.", flush=True)
            threading.Event().wait()
    except KeyboardInterrupt:
        pass
    except ValueError as error:
        sys.exit(f"--feed: {error}")
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        sys.exit(
            f"Port {options.port} on {options.host} is taken, perhaps by a stand-in that still runs: "
            "stop it, or name another port with --port"
        )
