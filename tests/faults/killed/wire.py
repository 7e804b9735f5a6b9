"""What stands between Airflow and the local AWS, so that a test can act at the moment of a certain request.

A test that kills "while the query runs" by the clock kills at another moment on another machine. Here the
request itself is the clock: it is held while the test acts, and whoever sent it is known by its port.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

import psutil

from laptop.aws.process import key_file, remember_key

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "expect"}


@dataclass(frozen=True)
class Request:
    """One request of Airflow to AWS."""

    method: str
    path: str  # of S3's objects: /<bucket>/<key>
    operation: str  # of the JSON services, such as StartJobRun
    body: str
    port: int  # the sender's

    def is_put(self, path: str) -> bool:
        """Whether it writes an object below a path."""
        return self.method == "PUT" and self.path.startswith(path)

    def sender(self, ancestor: psutil.Process) -> psutil.Process:
        """The process that sent it: one below `ancestor`."""
        for process in ancestor.children(recursive=True):
            with suppress(psutil.Error):
                if any(c.laddr and c.laddr.port == self.port for c in process.net_connections("tcp")):
                    return process
        raise LookupError(f"nobody below {ancestor} sent {self}")


@dataclass
class Trap:
    """What happens at the first request that matches: before it is passed on, or instead of its answer."""

    matches: Callable[[Request], bool]
    act: Callable[[Request], Any]
    answered: bool  # AWS has done what was asked; the answer is what is lost
    sprung: threading.Event = field(default_factory=threading.Event)
    problem: BaseException | None = None

    def wait(self, seconds: float = 240) -> None:
        """Wait until it has happened."""
        assert self.sprung.wait(seconds), "the request did not come"
        if self.problem:
            raise self.problem


def as_it_is(_: Request, answer: bytes) -> bytes:
    """AWS's answer."""
    return answer


class Wire:
    """A proxy in front of an endpoint."""

    def __init__(self, endpoint_url: str) -> None:
        self.endpoint = urlsplit(endpoint_url)
        self.requests: list[Request] = []
        self.traps: list[Trap] = []
        self.disguise: Callable[[Request, bytes], bytes] = as_it_is
        self.lock = threading.Lock()
        self.url = ""

    def at(
        self, matches: Callable[[Request], bool], act: Callable[[Request], Any], *, answered: bool = False
    ) -> Trap:
        """Act at the first request that matches, before AWS gets it, or once AWS has `answered`."""
        trap = Trap(matches, act, answered)
        with self.lock:
            self.traps.append(trap)
        return trap

    def operations(self, name: str, containing: str = "") -> list[Request]:
        """The requests so far for an operation."""
        return [r for r in list(self.requests) if r.operation == name and containing in r.body]

    def pass_on(
        self, request: Request, target: str, headers: dict[str, str], body: bytes
    ) -> http.client.HTTPResponse:
        """AWS's answer, read."""
        self.requests.append(request)
        with self.lock:
            trap = next((trap for trap in self.traps if trap.matches(request)), None)
            if trap:
                self.traps.remove(trap)
        if trap and not trap.answered:
            self._spring(trap, request)
        upstream = http.client.HTTPConnection(self.endpoint.hostname or "", self.endpoint.port, timeout=300)
        try:
            upstream.request(request.method, target, body=body, headers=headers)
            answer = upstream.getresponse()
            answer.content = self.disguise(request, answer.read())  # type: ignore[attr-defined]
        finally:
            upstream.close()
        if trap and trap.answered:
            self._spring(trap, request)
        return answer

    @staticmethod
    def _spring(trap: Trap, request: Request) -> None:
        try:
            trap.act(request)
        except BaseException as error:  # the test shows it
            trap.problem = error
        finally:
            trap.sprung.set()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(
            self.command,
            unquote(self.path),
            (self.headers.get("X-Amz-Target") or "").rpartition(".")[2],
            body.decode(errors="replace"),
            self.client_address[1],
        )
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP_BY_HOP}
        answer = self.server.wire.pass_on(request, self.path, headers, body)
        content = answer.content  # type: ignore[attr-defined]
        self.send_response_only(answer.status)
        length = answer.getheader("Content-Length", "0") if self.command == "HEAD" else str(len(content))
        for name, value in answer.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _handle  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: the test keeps the requests."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    wire: Wire

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The sender is gone: that is what these tests are about."""


@contextmanager
def tapped(endpoint_url: str) -> Iterator[Wire]:
    """A proxy in front of an endpoint, for as long as the context lasts."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.wire = Wire(endpoint_url)
    server.wire.url = f"http://127.0.0.1:{server.server_address[1]}"
    remember_key(server.wire.url, key_file(endpoint_url))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.wire
    finally:
        server.shutdown()
        server.server_close()
