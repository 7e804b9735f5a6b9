"""The website served as it will be, and a browser to look at it: for the tests and the README's picture."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from include.crypto_lake.website_files import cache_control, website_files
from laptop.aws.cloudfront import OriginObject, distribution
from laptop.lake.deployment import website
from tests.browser.documents import Documents

# What the browser of a test runner in a container needs; and it shall talk to nobody but the tests.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Site:
    """The deployed website: its address, and the data files that it has at the moment."""

    def __init__(self) -> None:
        self.url = ""
        self.data: dict[str, bytes] = {}
        self._files = {
            file.key: OriginObject(file.body, file.content_type, f'"{file.key}"', file.cache_control)
            for file in website_files()
        }

    def publish(self, files: Documents) -> None:
        """Replace all data files: a document is encoded, bytes are taken as they are, None is no file."""
        self.data = {
            f"data/{name}.json": file if isinstance(file, bytes) else json.dumps(file).encode()
            for name, file in files.items()
            if file is not None
        }

    def read(self, key: str) -> OriginObject | None:
        if (body := self.data.get(key)) is not None:
            return OriginObject(body, "application/json", f'"{hash(body)}"', cache_control(key))
        return self._files.get(key)


class _Quiet(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        """A request is not worth a line."""


@contextmanager
def serving() -> Iterator[Site]:
    """The website behind the stand-in for CloudFront."""
    site = Site()
    application = distribution(site.read, website())
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}"
    yield site
    server.shutdown()
    thread.join()


@contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """Debian's Chromium, driven by Playwright, with more arguments."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    assert executable, "no chromium on the PATH: scripts/check-chromium says how to get it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=[*ARGUMENTS, *more])
        yield browser
        browser.close()
