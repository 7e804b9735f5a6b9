"""What every state has to hold to: accessibility, security policy, weight, stillness, every screen."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from include.crypto_lake.website_files import website_files
from tests.browser.documents import NOW, Documents, documents

Visit = Callable[..., Page]
SCREENS = {
    "phone": {"viewport": {"width": 360, "height": 740}},
    "tablet": {"viewport": {"width": 768, "height": 1024}},
    "wide": {"viewport": {"width": 1600, "height": 1000}},
}
LOGO = "https://coin-images.coingecko.com/coins/images/1/large/bitcoin.png"
COMPRESSED_BUDGET = 50_000  # bytes
# An answer's headers: CloudFront speaks HTTP/2 (infra/website.tf), which sends those that repeat by number.
FIRST_HEADERS, REPEATED_HEADERS = 1_000, 60
LAYOUT_SHIFT_BUDGET = 0.01


STATES: dict[str, Callable[[Documents], Documents]] = {
    "fresh": lambda fresh: fresh,
    "a coin open": lambda fresh: fresh,
    "with logos": lambda fresh: (
        fresh
        | {
            "top10_cryptos": fresh["top10_cryptos"]
            | {"coins": [coin | {"image": LOGO} for coin in fresh["top10_cryptos"]["coins"]]}
        }
    ),
    "stale demo": lambda _: documents(at=NOW - timedelta(days=9), days=2, source="synthetic"),
    "nothing": dict.fromkeys,
}


@pytest.mark.parametrize(
    ("state", "screen", "scheme"),
    [
        ("fresh", "phone", "light"),
        ("with logos", "wide", "dark"),
        ("a coin open", "phone", "dark"),
        ("a coin open", "wide", "light"),
        ("stale demo", "tablet", "light"),
        ("stale demo", "tablet", "dark"),
        ("nothing", "wide", "light"),
    ],
)
def test_axe_finds_nothing_serious(
    visit: Visit, fresh: Documents, state: str, screen: str, scheme: str
) -> None:
    page = visit(
        STATES[state](fresh),
        path="/#ethereum" if state == "a coin open" else "/",
        color_scheme=scheme,
        reduced_motion="reduce",
        bypass_csp=True,  # axe comes into the page as a script; the policy has tests of its own
        **SCREENS[screen],
    )
    found = Axe().run(page).response
    assert found["passes"], "axe checked nothing"
    serious = [
        f"{violation['id']}: {node['target']} {node.get('failureSummary')}"
        for violation in found["violations"]
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]
    assert serious == []


def test_the_policy_stops_what_the_page_does_not_do(site: Any, window: Callable[..., Page]) -> None:
    page = window()
    page.goto(site.url)
    page.wait_for_selector("body[data-state=ready]")
    attempts = {
        "require-trusted-types-for": "document.body.innerHTML = '<b>x</b>'",
        "style-src": "document.body.setAttribute('style', 'color: red')",
        "img-src": "document.body.append(Object.assign(new Image(), {src: 'https://example.org/x.png'}))",
    }
    for directive, attempt in attempts.items():
        page.evaluate(f"try {{ {attempt} }} catch {{ /* that it throws is one way to refuse */ }}")
        page.wait_for_function("word => violations.some((said) => said.includes(word))", arg=directive)


def test_the_first_view_is_light(site: Any, fresh: Documents, window: Callable[..., Page]) -> None:
    # A year, whose other days are as unlike each other as the real ones are.
    chance, market = random.Random(1), fresh["market_history"]
    days = [
        {
            key: round(value * chance.uniform(0.5, 1), 3)
            if isinstance(value, float)
            else round(value * chance.uniform(0.5, 1))
            if isinstance(value, int)
            else str(date(2025, 1, 1) + timedelta(days=number))
            for key, value in market["days"][0].items()
        }
        for number in range(365 - len(market["days"]))
    ]
    site.publish(fresh | {"market_history": market | {"days": days + market["days"]}})
    page = window()
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    sizes: dict[str, float] = {}
    addresses: dict[str, str] = {}
    network.on("Network.requestWillBeSent", lambda e: addresses.update({e["requestId"]: e["request"]["url"]}))
    network.on(
        "Network.dataReceived",
        lambda e: sizes.update({e["requestId"]: sizes.get(e["requestId"], 0) + e["encodedDataLength"]}),
    )
    page.goto(site.url)
    page.wait_for_selector("body[data-state=ready]")
    page.wait_for_load_state("networkidle")
    transferred = {addresses[request].removeprefix(site.url): size for request, size in sizes.items()}
    assets = {f"/{file.key}" for file in website_files()} - {"/index.html"}
    data = {f"/data/{name}.json" for name in fresh}
    assert transferred.keys() == {"/"} | assets | data, "the page, its assets and its data, each once"
    assert sum(transferred.values()) + FIRST_HEADERS + REPEATED_HEADERS * len(transferred) < COMPRESSED_BUDGET
    assert transferred["/data/market_history.json"] > 8_000, "a year of days weighs more than that"


@pytest.mark.parametrize(
    ("state", "screen"),
    [("fresh", "phone"), ("fresh", "wide"), ("stale demo", "phone"), ("nothing", "tablet")],
)
def test_nothing_jumps_while_the_page_fills(visit: Visit, fresh: Documents, state: str, screen: str) -> None:
    page = visit(STATES[state](fresh), **SCREENS[screen])
    shift = page.evaluate(
        """() => new Promise((resolve) => {
            let total = 0;
            new PerformanceObserver((list) => list.getEntries().forEach((entry) => (total += entry.value)))
                .observe({ type: "layout-shift", buffered: true });
            setTimeout(() => resolve(total), 150);
        })"""
    )
    assert shift <= LAYOUT_SHIFT_BUDGET
    assert page.evaluate("PerformanceObserver.supportedEntryTypes.includes('layout-shift')")


def test_no_screen_has_to_be_scrolled_sideways(visit: Visit) -> None:
    page = visit()
    for width in (320, 360, 480, 767, 768, 991, 992, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        page.locator("#rows tr").first.click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        assert dialog.evaluate("element => element.scrollWidth <= element.clientWidth"), width
        page.keyboard.press("Escape")


def test_light_and_dark_follow_the_visitor(visit: Visit) -> None:
    page = visit(color_scheme="light")
    brightness = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]"
    assert page.evaluate(brightness) > 200
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(brightness) < 60


def test_nothing_moves_for_who_does_not_want_it(visit: Visit) -> None:
    for motion, animation in {"reduce": "none", "no-preference": "slide"}.items():
        page = visit(reduced_motion=motion)
        page.locator("#rows tr").first.click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        assert dialog.evaluate("dialog => getComputedStyle(dialog).animationName") == animation


def test_paper_gets_the_figures_and_not_the_controls(visit: Visit) -> None:
    page = visit(color_scheme="dark")
    page.emulate_media(media="print")
    expect(page.locator("#rows tr").nth(9)).to_be_visible()
    expect(page.locator("#filter")).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("#attribution").is_visible()


def test_a_visitor_without_scripts_is_told_why_the_page_is_empty(
    site: Any, window: Callable[..., Page]
) -> None:
    page = window(java_script_enabled=False)
    page.goto(site.url)
    expect(page.locator("noscript .notice")).to_be_visible()
