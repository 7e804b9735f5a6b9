"""One browser for all tests, and the website as the local AWS serves it, with the data a test gives it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, expect

from tests.browser.documents import NOW, Documents, documents
from tests.browser.serving import Site, chromium, serving

expect.set_options(timeout=60_000)

PIXEL = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xcf\xc0"
    b"\xf0\x1f\0\x05\0\x01\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82"
)


@pytest.fixture(scope="package")
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


# Of the package, not of the session: while it lives, an event loop runs, and other tests start their own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def now() -> datetime:
    """What the pages take for now."""
    return NOW


@pytest.fixture(scope="session")
def fresh(now: datetime) -> Documents:
    """The files as of now, with 91 days of history. Not to be changed: `with_coins` and the like copy."""
    return documents(at=now)


@pytest.fixture
def window(browser: Browser, now: datetime) -> Iterator[Callable[..., Page]]:
    """Opens an empty window that notes what the security policy refuses; takes a context's options.

    Its pages take `now` for the time, and their timers run all the same.
    """
    contexts: list[BrowserContext] = []

    def open_window(**options: Any) -> Page:
        contexts.append(browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options)))
        page = contexts[-1].new_page()
        page.set_default_timeout(60_000)
        page.clock.set_fixed_time(now)
        page.add_init_script(
            "window.violations = []; addEventListener('securitypolicyviolation', (event) => "
            "violations.push(`${event.violatedDirective} ${event.blockedURI}`));"
        )
        return page

    yield open_window
    for context in contexts:
        context.close()


@pytest.fixture
def visit(window: Callable[..., Page], site: Site, fresh: Documents) -> Iterator[Callable[..., Page]]:
    """Publishes files, opens the page in a new window and waits until it shows them.

    After the test, the page must have said nothing in the console, thrown nothing, asked nobody but the site
    and the hosts of the logos, and tried nothing that the security policy refuses.
    """
    pages: list[Page] = []
    troubles: list[str] = []

    def open_page(files: Documents | None = None, *, path: str = "/", **options: Any) -> Page:
        site.publish(fresh if files is None else files)
        missing = [name for name in fresh if f"data/{name}.json" not in site.data]
        page = window(**options)

        def said(message: ConsoleMessage) -> None:
            # A file that is missing on purpose is reported by the browser itself.
            if not any(name in message.location.get("url", "") for name in missing):
                troubles.append(f"{message.type}: {message.text}")

        def elsewhere(route: Route) -> None:
            if route.request.resource_type == "image" and "coingecko.com" in route.request.url:
                route.fulfill(body=PIXEL, content_type="image/png")
            else:
                troubles.append(f"asked for {route.request.url}")
                route.abort()

        page.on("console", said)
        page.on("pageerror", lambda error: troubles.append(f"thrown: {error}"))
        page.route(lambda url: not url.startswith(site.url), elsewhere)
        pages.append(page)
        page.goto(site.url + path)
        page.wait_for_selector("body[data-state=ready]")
        return page

    yield open_page
    for page in pages:
        troubles += page.evaluate("violations")
    assert troubles == []


@pytest.fixture(scope="session")
def with_coins(fresh: Documents) -> Callable[..., Documents]:
    """The fresh files with other values in the coins: by rank, or in all of them."""

    def change(by_rank: dict[int, dict[str, Any]] | None = None, **everywhere: Any) -> Documents:
        top = fresh["top10_cryptos"]
        coins = [coin | everywhere | (by_rank or {}).get(coin["rank"], {}) for coin in top["coins"]]
        return fresh | {"top10_cryptos": top | {"coins": coins}}

    return change
