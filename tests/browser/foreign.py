"""A page of somebody else, open in the browser of whom it attacks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.sync_api import Page

from tests.browser.serving import chromium

NAME = "evil.example"
"""A name that leads to this machine, as its owner can make any name do."""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<!doctype html><title>Kittens</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """A request is not worth a line."""


@dataclass
class Attacker:
    """The page, and what the browser got for what it sent: `METHOD address` and status."""

    page: Page
    answers: list[tuple[str, int]] = field(default_factory=list)

    def submit(self, address: str, fields: dict[str, str], encoding: str = "multipart/form-data") -> str:
        """Send a form, which needs no leave; gives the text of the page that the browser then shows."""
        with self.page.expect_navigation():
            self.page.evaluate(
                """([action, fields, enctype]) => {
                    const form = document.createElement('form');
                    Object.assign(form, {action, enctype, method: 'POST'});
                    for (const [name, value] of Object.entries(fields)) {
                        const area = document.createElement('textarea');
                        Object.assign(area, {name, value});
                        form.append(area);
                    }
                    document.body.append(form);
                    form.submit();
                }""",
                [address, fields, encoding],
            )
        text = self.page.inner_text("body")
        self.page.go_back()
        return text

    def fetch(self, address: str, **options: object) -> str:
        """What a script of the page gets to read: status and text, or that it may not."""
        return str(
            self.page.evaluate(
                """async ([address, options]) => {
                    try {
                        const answer = await fetch(address, options);
                        return `${answer.type} ${answer.status} ${await answer.text()}`;
                    } catch (error) {
                        return `${error}`;
                    }
                }""",
                [address, options],
            )
        )


@contextmanager
def foreign_page(port: int | None = None) -> Iterator[Attacker]:
    """The page at a name of its own; with a port, as the server there takes it for one of its own.

    That is rebinding: the name led to the attacker's machine when the page was loaded, and leads here since.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with chromium(f"--host-resolver-rules=MAP {NAME} 127.0.0.1") as browser:
            page = browser.new_page()
            attacker = Attacker(page)
            page.on(
                "response",
                lambda got: attacker.answers.append((f"{got.request.method} {got.url}", got.status)),
            )
            if port is None:
                page.goto(f"http://{NAME}:{server.server_address[1]}/")
            else:
                loaded = f"http://{NAME}:{port}/kittens"
                page.route(loaded, lambda route: route.fulfill(content_type="text/html", body="<p>"))
                page.goto(loaded)
            attacker.answers.clear()
            yield attacker
    finally:
        server.shutdown()
        server.server_close()
