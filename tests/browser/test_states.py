"""What the page says and shows for every state of its data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.documents import Documents, documents

Visit = Callable[..., Page]


def notices(page: Page) -> list[str]:
    return page.locator(".notice").all_inner_texts()


def names(page: Page) -> list[str]:
    return page.locator("#rows .coin-name").all_inner_texts()


def cell(page: Page, coin: str, column: str) -> str:
    row = page.locator("#rows tr", has=page.locator(".coin-name", has_text=coin)).first
    return row.locator(f".column-{column}").inner_text().replace("\n", " ")


def test_a_fresh_day_is_told_at_a_glance(visit: Visit, fresh: Documents) -> None:
    page = visit()
    days, coins = fresh["market_history"]["days"], fresh["top10_cryptos"]["coins"]
    today, before = days[-1], days[-2]
    moved = 100 * (today["total_market_cap"] / before["total_market_cap"] - 1)
    headline = page.locator("h1").inner_text()
    assert f"{today['total_market_cap'] / 1e12:.2f} trillion" in headline
    assert ("rose" if moved > 0 else "fell") in headline or abs(moved) < 0.25
    assert f"{today['gainers']} of {today['ranked']} coins gained and {today['losers']} lost" in page.locator(
        "#summary"
    ).inner_text().replace("\n", " ")
    assert names(page) == [coin["name"] for coin in coins]
    expect(page.locator("#freshness")).to_have_attribute("data-state", "fresh")
    assert notices(page) == []
    credit = page.get_by_role("link", name="Data provided by CoinGecko")
    assert credit.get_attribute("href") == "https://www.coingecko.com/"
    metrics = page.locator("#metrics").inner_text()
    assert f"{today['btc_dominance_pct']:.1f}%" in metrics
    assert f"{today['eth_dominance_pct']:.1f}%" in metrics
    assert f"{moved:+.2f}%".replace("-", "−") in metrics


def test_a_coins_row_holds_its_changes_and_its_line(visit: Visit, fresh: Documents, now: datetime) -> None:
    page = visit()
    coin = fresh["top10_cryptos"]["coins"][4]
    prices = {
        row["dt"]: row["current_price"]
        for row in fresh["coin_history"]["prices"]
        if row["coin_id"] == coin["coin_id"]
    }
    week_ago = str((now - timedelta(days=7)).date())
    today = fresh["top10_cryptos"]["as_of"]

    def shown(value: float) -> str:
        return f"{value:+.2f}%".replace("-", "−")

    assert cell(page, coin["name"], "day") == shown(coin["price_change_percentage_24h"])
    assert cell(page, coin["name"], "week") == shown(100 * (prices[today] / prices[week_ago] - 1))
    month_ago = str((now - timedelta(days=30)).date())
    assert cell(page, coin["name"], "trend") == shown(100 * (prices[today] / prices[month_ago] - 1))
    assert f"{coin['market_share_pct']:.1f}% of all" in cell(page, coin["name"], "cap")
    line = page.locator("#rows tr").nth(4).locator(".spark path").get_attribute("d")
    assert line is not None
    assert line.count("L") == 30, "31 days are one line of 30 pieces"


def test_a_coin_that_climbed_says_so(visit: Visit, fresh: Documents, now: datetime) -> None:
    history = fresh["coin_history"]
    yesterday = str((now - timedelta(days=1)).date())
    first, second = (coin["coin_id"] for coin in fresh["top10_cryptos"]["coins"][:2])
    swapped = {(first, yesterday): 3, (second, yesterday): 1}
    prices = [
        row | {"rank": swapped.get((row["coin_id"], row["dt"]), row["rank"])} for row in history["prices"]
    ]
    page = visit(fresh | {"coin_history": history | {"prices": prices}})
    rows = page.locator("#rows tr")
    assert rows.nth(0).locator(".climbed").get_attribute("title") == "up 2 since the day before"
    assert rows.nth(1).locator(".climbed").get_attribute("title") == "down 1 since the day before"


def test_stale_data_say_so_before_anything_else(visit: Visit, now: datetime) -> None:
    page = visit(documents(at=now - timedelta(days=12), days=3))
    expect(page.locator("#freshness")).to_have_text("Out of date: updated 12 days ago")
    [notice] = notices(page)
    assert "out of date" in notice
    assert (now - timedelta(days=12)).strftime("%B") in notice
    assert len(names(page)) == 10, "old figures are better than none"


@pytest.mark.parametrize(("hours", "stale"), [(26, False), (33, True)])
def test_a_day_is_not_stale_until_the_next_is_late(
    visit: Visit, now: datetime, hours: int, stale: bool
) -> None:
    page = visit(documents(at=now - timedelta(hours=hours), days=2))
    expect(page.locator("#freshness")).to_have_attribute("data-state", "stale" if stale else "fresh")
    assert f"{hours} hours ago" in page.locator("#freshness").inner_text()


def test_a_page_left_open_turns_stale_by_itself_and_fresh_again(
    window: Callable[..., Page], site: Any, now: datetime
) -> None:
    site.publish(documents(at=now - timedelta(hours=20), days=2))
    page = window()
    page.clock.install(time=now)
    page.goto(site.url)
    expect(page.locator("#freshness")).to_have_text("Updated 20 hours ago")
    page.clock.fast_forward("13:00:00")
    expect(page.locator("#freshness")).to_have_text("Out of date: updated 33 hours ago")
    assert len(notices(page)) == 1
    site.publish(documents(at=now, days=2))
    page.clock.fast_forward("01:00")
    expect(page.locator("#freshness")).to_have_text("Updated 13 hours ago")
    assert notices(page) == []


def test_made_up_data_cannot_be_mistaken_for_real(visit: Visit) -> None:
    page = visit(documents(days=2, source="synthetic"))
    assert any("Demo data" in notice and "made up" in notice for notice in notices(page))
    assert page.title().startswith("Demo data")
    assert "Made-up demo data" in page.locator("#attribution").inner_text()
    assert page.get_by_text("Data provided by CoinGecko").count() == 0


@pytest.mark.parametrize(
    ("missing", "what", "still_there"),
    [
        ("top10_cryptos", "The ten coins are missing", "#market"),
        ("market_history", "The market’s totals are missing", "#coins"),
        ("coin_history", "The price histories are missing", "#coins"),
    ],
)
def test_a_missing_file_is_named_and_the_rest_is_shown(
    visit: Visit, fresh: Documents, missing: str, what: str, still_there: str
) -> None:
    page = visit(fresh | {missing: None})
    [notice] = notices(page)
    assert what in notice
    assert f"data/{missing}.json" in notice
    expect(page.locator(still_there)).to_be_visible()
    expect(page.locator("#freshness")).to_have_attribute("data-state", "fresh")


def test_an_empty_website_says_that_there_is_nothing_yet(visit: Visit, fresh: Documents) -> None:
    page = visit(dict.fromkeys(fresh))
    expect(page.locator("h1")).to_have_text("There is nothing to show yet.")
    assert len(notices(page)) == 3
    expect(page.locator("#market")).to_be_hidden()
    expect(page.locator("#coins")).to_be_hidden()


@pytest.mark.parametrize(
    ("name", "rows", "what", "still_there"),
    [
        ("top10_cryptos", "coins", "ten coins", "#market"),
        ("market_history", "days", "market’s totals", "#coins"),
        ("coin_history", "prices", "price histories", "#coins"),
    ],
)
def test_a_broken_file_is_named_and_the_rest_is_shown(
    visit: Visit, site: Any, fresh: Documents, name: str, rows: str, what: str, still_there: str
) -> None:
    page = visit(fresh)
    for broken in (
        b'{"as_of": "2026-',
        b"null",
        fresh[name] | {rows: []},
        fresh[name] | {rows: [None, 1, "row", {}, {"date": "2026-01-31", "id": "bitcoin", "price": 1}]},
        fresh[name] | {rows: [dict.fromkeys(row) for row in fresh[name][rows]]},
    ):
        site.publish(fresh | {name: broken})
        page.reload()
        page.wait_for_selector("body[data-state=ready]")
        assert notices(page) == [f"The {what} cannot be read: data/{name}.json is broken."]
        expect(page.locator(still_there)).to_be_visible()
        expect(page.locator("#freshness")).to_have_attribute("data-state", "fresh")
        expect(page.get_by_role("link", name="Data provided by CoinGecko")).to_be_visible()


def test_what_can_be_read_of_a_half_broken_file_is_shown(visit: Visit, fresh: Documents) -> None:
    market = fresh["market_history"]
    days = [day if number % 2 else {"odd": number} for number, day in enumerate(market["days"])]
    page = visit(fresh | {"market_history": market | {"days": days}})
    assert len(names(page)) == 10
    line = page.locator("#market-chart .line").get_attribute("d")
    assert line is not None
    assert line.count("M") == sum("odd" not in day for day in days)


def test_prices_in_another_currency_are_not_compared(visit: Visit, fresh: Documents) -> None:
    """While a run is being published after the currency was changed, the files are of two."""
    page = visit(fresh | {"coin_history": fresh["coin_history"] | {"currency": "eur"}})
    assert names(page) == [coin["name"] for coin in fresh["top10_cryptos"]["coins"]]
    alone = [cell(page, name, column) for name in names(page) for column in ("week", "trend")]
    assert not any("%" in text for text in alone)
    expect(page.locator("#rows .spark")).to_have_count(0)


def test_each_file_is_shown_in_its_own_currency(visit: Visit, fresh: Documents) -> None:
    page = visit(fresh | {"market_history": fresh["market_history"] | {"currency": "eur"}})
    assert "€" in page.locator("#metrics").inner_text()
    coin = fresh["top10_cryptos"]["coins"][0]["name"]
    assert "$" in cell(page, coin, "price")
    assert "€" not in cell(page, coin, "price")


def test_figures_of_an_older_day_name_their_day(visit: Visit, fresh: Documents, now: datetime) -> None:
    ago = now - timedelta(days=4)
    page = visit(fresh | {"market_history": documents(at=ago, days=3)["market_history"]})
    day = f"{ago:%B} {ago.day}"
    assert page.locator("h1").inner_text().startswith(f"On {day} the crypto market")
    assert page.locator("#summary").inner_text().startswith("On that day")
    assert notices(page) == [f"The market’s totals are of {day}, {ago.year}: their last update failed."]
    expect(page.locator("#freshness")).to_have_text("Out of date: updated 4 days ago")


def test_figures_are_of_the_day_they_bear_and_not_of_the_files(
    visit: Visit, fresh: Documents, now: datetime
) -> None:
    files = {
        name: fresh[name] | {rows: [row for row in fresh[name][rows] if row["dt"] != fresh[name]["as_of"]]}
        for name, rows in (("market_history", "days"), ("coin_history", "prices"))
    }
    page = visit(fresh | files)
    yesterday = now - timedelta(days=1)
    assert page.locator("h1").inner_text().startswith(f"On {yesterday:%B} {yesterday.day} ")
    assert cell(page, "Bitcoin", "week") == "–", "yesterday's price says nothing about today's week"
    assert page.locator(".climbed").count() == 0


def test_a_rerun_does_not_make_old_figures_fresh(visit: Visit, now: datetime) -> None:
    old = documents(at=now - timedelta(days=9), days=3)
    rerun = {name: file | {"generated_at": now.isoformat()} for name, file in old.items()}
    page = visit(rerun | {"top10_cryptos": None})
    expect(page.locator("#freshness")).to_have_attribute("data-state", "stale")


def test_one_made_up_file_is_named_among_real_ones(visit: Visit, fresh: Documents, now: datetime) -> None:
    synthetic = documents(at=now, days=3, source="synthetic")
    page = visit(fresh | {"coin_history": synthetic["coin_history"]})
    assert notices(page) == ["Demo data. The price histories are made up."]
    credit = page.locator("#attribution").inner_text()
    assert "Data provided by CoinGecko" in credit
    assert "Made-up demo data" in credit


def test_a_page_left_open_takes_what_was_published_since(
    visit: Visit, site: Any, fresh: Documents, now: datetime
) -> None:
    page = visit(documents(at=now - timedelta(hours=40), days=2))
    expect(page.locator("#freshness")).to_have_attribute("data-state", "stale")
    site.publish(fresh)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#freshness")).to_have_attribute("data-state", "fresh")
    page.wait_for_selector("body[data-state=ready]")
    assert notices(page) == []


def test_a_file_that_hangs_is_given_up_and_the_rest_is_shown(
    site: Any, fresh: Documents, window: Callable[..., Page]
) -> None:
    site.publish(fresh)
    page = window()
    page.route("**/coin_history.json", lambda _: None)  # never answered
    page.goto(site.url, wait_until="commit")
    page.wait_for_selector("body[data-state=ready]")
    assert notices(page) == [
        "The price histories could not be fetched: data/coin_history.json did not answer."
    ]
    assert len(names(page)) == 10


def test_a_script_that_does_not_come_leaves_words_and_the_source(
    site: Any, fresh: Documents, window: Callable[..., Page]
) -> None:
    site.publish(fresh)
    page = window()
    page.route("**/dashboard*.js", lambda route: route.abort())
    page.goto(site.url)
    assert page.locator("#notices").evaluate("region => getComputedStyle(region).visibility") == "visible", (
        "what is said in a region that is hidden while it is filled is not announced"
    )
    expect(page.locator("#summary")).to_be_visible()
    expect(page.locator("#summary")).to_contain_text("could not start")
    expect(page.get_by_role("link", name="Data provided by CoinGecko")).to_be_visible()


def test_a_scale_and_its_read_out_tell_close_values_apart(visit: Visit, fresh: Documents) -> None:
    history = fresh["coin_history"]
    prices = [
        row | {"current_price": 0.9996 + 0.0001 * (number % 9)} if row["coin_id"] == "tether" else row
        for number, row in enumerate(history["prices"])
    ]
    market = fresh["market_history"]
    days = [
        day | {"btc_dominance_pct": 14.7 + 0.01 * (number % 9)} for number, day in enumerate(market["days"])
    ]
    files = {
        "coin_history": history | {"prices": prices},
        "market_history": market | {"days": days},
    }
    page = visit(fresh | files, path="/#tether")
    for chart in ("#detail-chart", "#market-chart"):
        if chart == "#market-chart":
            page.keyboard.press("Escape")
            page.get_by_role("radio", name="Bitcoin dominance").check(force=True)
        labels = page.locator(f"{chart} svg g text").all_text_contents()
        assert len(labels) >= 3
        assert len(set(labels)) == len(labels), labels
        decimals = max(len(label.strip("%").partition(".")[2]) for label in labels)
        said = page.locator(f"{chart} .readout strong").inner_text()
        assert len(said.strip("%").partition(".")[2]) == decimals + 1, (said, labels)


def test_one_coin_and_one_day_are_a_page_too(visit: Visit) -> None:
    files = documents(days=1)
    top, history = files["top10_cryptos"], files["coin_history"]
    coin = top["coins"][0]
    page = visit(
        files
        | {
            "top10_cryptos": top | {"coins": [coin]},
            "coin_history": history
            | {"prices": [row for row in history["prices"] if row["coin_id"] == coin["coin_id"]]},
        }
    )
    assert names(page) == [coin["name"]]
    assert cell(page, coin["name"], "week") == "–"
    assert "is worth" in page.locator("h1").inner_text()
    expect(page.locator("#market-chart")).to_contain_text("One day so far")
    page.locator("#rows tr").click()
    expect(page.locator("#detail-chart")).to_contain_text("One day so far")


@pytest.mark.parametrize("days", [2, 4])
def test_a_few_days_are_dated_once_each(visit: Visit, days: int) -> None:
    page = visit(documents(days=days))
    labels = page.locator("#market-chart svg > text").all_text_contents()
    assert labels == list(dict.fromkeys(labels))
    assert len(labels) == days


def test_what_is_not_known_is_a_dash_and_not_a_zero(
    visit: Visit, with_coins: Callable[..., Documents]
) -> None:
    kept = {"rank", "coin_id", "current_price", "market_cap"}
    files = with_coins()
    nulls = {key: None for key in files["top10_cryptos"]["coins"][0] if key not in kept}
    files = with_coins(**nulls)
    page = visit(files)
    first = files["top10_cryptos"]["coins"][0]["coin_id"]
    assert names(page)[0] == first, "a coin without a name goes by its id"
    for column in ("day", "volume"):
        assert cell(page, first, column) == "–"
    page.locator("#rows tr").first.click()
    for term in ("Circulating supply", "All-time high", "Reached on", "Since then", "Price from"):
        fact = page.locator("#detail-facts div", has_text=term)
        expect(fact.locator("dd")).to_have_text("–")
    expect(page.locator("#detail-day")).to_be_hidden()
    text = page.locator("body").inner_text()
    assert not any(word in text for word in ("NaN", "null", "undefined", "Infinity", "Invalid"))


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    '" onmouseover="alert(1)" x=\'',
    "{{constructor.constructor('alert(1)')()}}",
    "A coin whose name is forty characters...",
    "Кофе ☕ 硬币 مرحبا",
    "\u202edesrever\u202c",
    "javascript:alert(1)",
    "ﷺ" * 8,
    "👩‍👩‍👧‍👦 Family",
]


def test_names_of_any_kind_are_text(visit: Visit, with_coins: Callable[..., Documents]) -> None:
    def dialogs(dialog: Any) -> None:
        raise AssertionError(f"a name ran as code: {dialog.message}")

    by_rank = {rank: {"name": name, "symbol": name} for rank, name in enumerate(HOSTILE, start=1)}
    page = visit(with_coins(by_rank), viewport={"width": 390, "height": 844})
    page.on("dialog", dialogs)
    shown = page.locator("#rows .coin-name bdi").all_text_contents()
    assert shown == HOSTILE
    assert page.locator("#rows :is(img, script)").count() == 0
    for rank in (1, 5):
        page.locator("#rows tr").nth(rank - 1).click()
        expect(page.locator("#detail-name")).to_have_text(HOSTILE[rank - 1])
        page.keyboard.press("Escape")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "a long name widens the page"


LOGOS = {
    "https://coin-images.coingecko.com/coins/images/1/large/bitcoin.png": True,
    "https://assets.coingecko.com/coins/images/1/large/bitcoin.png?1696501400": True,
    "http://assets.coingecko.com/coins/images/1/large/bitcoin.png": False,
    "https://assets.coingecko.com.example.org/bitcoin.png": False,
    "https://example.org/assets.coingecko.com/bitcoin.png": False,
    "https://assets.coingecko.com@example.org/bitcoin.png": False,
    "https://assets.coingecko.com:8443/bitcoin.png": False,
    "javascript:alert(1)": False,
    "data:image/svg+xml,<svg onload='alert(1)'/>": False,
    "missing_large.png": False,
}


def test_logos_come_from_coingecko_alone(visit: Visit, with_coins: Callable[..., Documents]) -> None:
    page = visit(with_coins({rank: {"image": image} for rank, image in enumerate(LOGOS, start=1)}))
    kinds = page.locator("#rows .logo").evaluate_all("logos => logos.map((logo) => logo.tagName)")
    assert kinds == ["IMG" if shown else "SPAN" for shown in LOGOS.values()]
    assert page.locator("#rows img.logo").first.get_attribute("src") == (
        "https://coin-images.coingecko.com/coins/images/1/small/bitcoin.png"
    ), "the large ones outweigh the page"


def test_a_logo_that_does_not_load_becomes_a_letter(
    visit: Visit, with_coins: Callable[..., Documents]
) -> None:
    page = visit(with_coins(image="https://assets.coingecko.com/gone.png"))
    page.locator("#rows img.logo").first.dispatch_event("error")
    expect(page.locator("#rows .logo").first).to_have_text("B")


def test_a_price_has_the_digits_that_it_needs(visit: Visit, with_coins: Callable[..., Documents]) -> None:
    prices = {
        0.00000812: "$0.00000812",
        1.234567e-11: "$0.00000000001235",
        0.5: "$0.500",
        0.99995: "$1.00",
        2: "$2.00",
        78123.4: "$78,123.40",
        1234567.8: "$1,234,568",
    }
    page = visit(with_coins({rank: {"current_price": price} for rank, price in enumerate(prices, start=1)}))
    shown = page.locator("#rows .column-price").evaluate_all("cells => cells.map((c) => c.firstChild.data)")
    assert shown[: len(prices)] == list(prices.values())


@pytest.mark.parametrize(("currency", "shown"), [("eur", "€2.00"), ("sats", "2.00 SATS")])
def test_amounts_are_in_the_lakes_currency(
    visit: Visit, with_coins: Callable[..., Documents], currency: str, shown: str
) -> None:
    files = {name: file | {"currency": currency} for name, file in with_coins(current_price=2).items()}
    page = visit(files)
    assert cell(page, "Bitcoin", "price") == shown


def test_files_of_different_days_are_not_passed_off_as_one(
    visit: Visit, fresh: Documents, now: datetime
) -> None:
    yesterday = documents(at=now - timedelta(days=1), days=3)
    page = visit(fresh | {"market_history": yesterday["market_history"]})
    [notice] = notices(page)
    assert "update is under way" in notice
    assert f"{now.strftime('%b')} {now.day}" in notice


def test_the_line_breaks_where_days_are_missing(visit: Visit, fresh: Documents) -> None:
    market = fresh["market_history"]
    page = visit(fresh | {"market_history": market | {"days": market["days"][:40] + market["days"][45:]}})
    line = page.locator("#market-chart .line").get_attribute("d")
    assert line is not None
    assert line.count("M") == 2
