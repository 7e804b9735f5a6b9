"""What a visitor does with the page: sort, filter, open a coin, read a chart; by mouse and by keys."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from playwright.sync_api import Page, expect

from tests.browser.documents import Documents

Visit = Callable[..., Page]


def names(page: Page) -> list[str]:
    return page.locator("#rows .coin-name").all_inner_texts()


def test_every_heading_sorts_and_sorts_the_other_way(visit: Visit, fresh: Documents) -> None:
    page = visit()
    coins = fresh["top10_cryptos"]["coins"]
    for heading, key in {
        "Price": lambda coin: coin["current_price"],
        "24 h: Change, 24 hours": lambda coin: coin["price_change_percentage_24h"],
        "Market cap": lambda coin: coin["market_cap"],
        "Volume, 24 h": lambda coin: coin["total_volume"],
        "Coin": lambda coin: coin["name"].lower(),
    }.items():
        button = page.get_by_role("button", name=heading, exact=True)
        header = page.get_by_role("columnheader", name=heading, exact=True)
        downwards = [coin["name"] for coin in sorted(coins, key=key, reverse=True)]
        orders = {"descending": downwards, "ascending": downwards[::-1]}
        button.click()
        first = header.get_attribute("aria-sort")
        assert first == ("ascending" if heading == "Coin" else "descending"), heading
        assert names(page) == orders.pop(first), heading
        button.click()
        [(second, other_way)] = orders.items()
        assert header.get_attribute("aria-sort") == second, heading
        assert names(page) == other_way, heading
        assert page.locator("[aria-sort]").count() == 1


def test_what_is_not_known_sorts_last_both_ways(visit: Visit, with_coins: Callable[..., Documents]) -> None:
    page = visit(with_coins({3: {"total_volume": None}}))
    unknown = with_coins()["top10_cryptos"]["coins"][2]["name"]
    for _ in range(2):
        page.get_by_role("button", name="Volume, 24 h", exact=True).click()
        assert names(page)[-1] == unknown


def test_a_phone_sorts_too(visit: Visit, fresh: Documents) -> None:
    page = visit(viewport={"width": 390, "height": 844})
    page.get_by_label("Sort by").select_option(label="Change, 24 hours")
    coins = fresh["top10_cryptos"]["coins"]
    best = max(coins, key=lambda c: c["price_change_percentage_24h"])
    assert names(page)[0] == best["name"]
    row = page.locator("#rows tr").first
    expect(row.locator(".narrow-only .change")).to_be_visible()
    page.get_by_role("button", name="Sorted descending: turn around").click()
    assert names(page)[-1] == best["name"]
    expect(page.get_by_role("button", name="Sorted ascending: turn around")).to_be_visible()


def test_a_tap_on_a_chart_stays_to_be_read(visit: Visit, fresh: Documents) -> None:
    page = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    figure = page.locator("#market-chart")
    newest = figure.locator(".readout").inner_text()
    figure.locator(".plot").scroll_into_view_if_needed()
    box = figure.get_by_role("slider").bounding_box()
    assert box
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    middle = date.fromisoformat(fresh["market_history"]["days"][45]["dt"])
    expect(figure.locator(".readout")).to_contain_text(f"{middle:%B} {middle.day}, {middle.year}")
    page.wait_for_timeout(200)
    assert figure.locator(".readout").inner_text() != newest


def test_a_price_can_be_selected(visit: Visit, fresh: Documents) -> None:
    page = visit()
    box = page.locator("#rows .column-price").nth(2).bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, middle, steps=5)
    page.mouse.up()
    price = fresh["top10_cryptos"]["coins"][2]["current_price"]
    assert f"{price:.3g}"[:3] in page.evaluate("getSelection().toString()")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_the_filter_takes_names_and_symbols_and_says_when_nothing_fits(visit: Visit) -> None:
    page = visit()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    field = page.get_by_label("Filter by name or symbol")
    field.fill("eth")
    assert set(names(page)) == {"Ethereum", "Tether"}
    expect(page.locator("#matches")).to_have_text("2 of 10 coins")
    field.fill("XRP")
    assert names(page) == ["XRP"]
    field.fill("no such coin")
    assert names(page) == []
    expect(page.locator("#matches")).to_have_text("No coin has that in its name or symbol.")
    field.fill("")
    assert len(names(page)) == 10
    assert requests == [], "sorting and filtering load nothing"


def test_a_click_anywhere_in_a_row_opens_the_coin(visit: Visit, fresh: Documents) -> None:
    page = visit()
    coin = fresh["top10_cryptos"]["coins"][1]
    page.locator("#rows tr").nth(1).locator(".column-cap").click()
    dialog = page.get_by_role("dialog", name=coin["name"])
    expect(dialog).to_be_visible()
    expect(page).to_have_url(f"{page.url.partition('#')[0]}#{coin['coin_id']}")
    text = dialog.inner_text()
    for term in ("24 h low", "24 h high", "Circulating supply", "All-time high", "Share of the market"):
        assert term in text
    assert f"{coin['ath']:,.2f}" in text
    assert f"{coin['high_24h']:,.2f}" in text
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    assert "#" not in page.url


def test_an_address_with_a_coin_opens_it_and_an_unknown_one_does_not(visit: Visit) -> None:
    page = visit(path="/#solana")
    expect(page.get_by_role("dialog", name="Solana")).to_be_visible()
    page.evaluate("location.hash = '#bitcoin'")
    expect(page.get_by_role("dialog", name="Bitcoin")).to_be_visible()
    for unknown in ("#nothing", "#%E0%A4%A", "#coins"):
        page.evaluate("hash => { location.hash = hash }", unknown)
        expect(page.get_by_role("dialog")).to_be_hidden()


def test_the_whole_page_can_be_walked_with_keys(visit: Visit, fresh: Documents) -> None:
    page = visit()
    seen: list[str] = []
    for _ in range(24):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                "document.activeElement.getAttribute('aria-label') ?? document.activeElement.name "
                "?? document.activeElement.textContent"
            )
            or page.evaluate("document.activeElement.textContent || document.activeElement.id")
        )
    first = fresh["top10_cryptos"]["coins"][0]["name"]
    expected = [
        "Skip to the ten largest coins",
        "metric",
        "market-period",
        "Market capitalization, day by day",
        "filter",
        "#: Rank",
        "Coin",
        "Price",
        "24 h: Change, 24 hours",
        "7 d: Change, 7 days",
        "Market cap",
        "Volume, 24 h",
        "30 days: Change, 30 days",
        first,
    ]
    order = [name for name in seen if name in expected]
    assert list(dict.fromkeys(order)) == [name for name in expected if name in order]
    assert {"metric", "Market capitalization, day by day", "Price", first} <= set(order)


def test_keys_open_a_coin_keep_the_focus_in_it_and_give_it_back(visit: Visit, fresh: Documents) -> None:
    page = visit()
    coins = fresh["top10_cryptos"]["coins"]
    link = page.get_by_role("link", name=coins[2]["name"])
    link.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name=coins[2]["name"])).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
    page.get_by_role("button", name="Next").press("Enter")
    expect(page.get_by_role("dialog", name=coins[3]["name"])).to_be_visible()
    page.get_by_role("button", name="Previous").press("Enter")
    expect(page.get_by_role("dialog", name=coins[2]["name"])).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(link).to_be_focused()


def test_a_chart_reads_out_the_day_under_the_pointer_and_under_the_keys(
    visit: Visit, fresh: Documents
) -> None:
    page = visit(path="/#bitcoin", reduced_motion="reduce")  # the chart is measured where it will stay
    prices = [
        (row["dt"], row["current_price"])
        for row in fresh["coin_history"]["prices"]
        if row["coin_id"] == "bitcoin"
    ][-31:]

    def said(day: str) -> str:
        return f"{date.fromisoformat(day):%B} {date.fromisoformat(day).day}, {day[:4]}"

    figure = page.locator("#detail-chart")
    slider = figure.get_by_role("slider")
    box = slider.bounding_box()
    assert box
    page.mouse.move(box["x"] + 1, box["y"] + 20)
    expect(figure.locator(".readout")).to_contain_text(said(prices[0][0]))
    expect(figure.locator(".readout")).to_contain_text(f"{prices[0][1]:,.2f}")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    expect(figure.locator(".readout")).to_contain_text(said(prices[15][0]))
    page.mouse.move(1, 1)
    expect(figure.locator(".readout")).to_contain_text(said(prices[-1][0]))
    slider.focus()
    page.keyboard.press("ArrowLeft")
    text = slider.get_attribute("aria-valuetext")
    assert text == f"{said(prices[-2][0])}: ${prices[-2][1]:,.2f}"
    page.keyboard.press("Home")
    expect(figure.locator(".readout")).to_contain_text(said(prices[0][0]))


def test_the_market_chart_shows_the_chosen_figure_and_period(visit: Visit, fresh: Documents) -> None:
    page = visit()
    days = fresh["market_history"]["days"]
    figure = page.locator("#market-chart")
    line = figure.locator(".line")
    before = line.get_attribute("d")
    assert before is not None
    assert before.count("L") == len(days) - 1
    page.get_by_role("radio", name="Bitcoin dominance").check(force=True)
    readout = figure.locator(".readout")
    expect(readout).to_contain_text(re.compile(r"[0-9]%"))
    shown = re.search(r"[0-9]+\.([0-9]+)", readout.text_content() or "")
    assert shown, "the readout has a figure, with as many decimals as the axis calls for"
    assert shown[0] == f"{days[-1]['btc_dominance_pct']:.{len(shown[1])}f}"
    assert line.get_attribute("d") != before
    figure.get_by_role("radio", name="30 days").check(force=True)
    shorter = line.get_attribute("d")
    assert shorter is not None
    assert shorter.count("L") == 30
    expect(figure.get_by_role("slider")).to_have_attribute("aria-label", "Bitcoin dominance, day by day")
