"""An object with a row for each coin."""

from __future__ import annotations

import io

from include.crypto_lake.on_arrival.reading import KEY, read
from tests.include.crypto_lake.on_arrival.reading.read_bytes import malformed, rows, shape_of


def test_simple_price_is_a_row_a_coin() -> None:
    body = b'{"bitcoin": {"usd": 64123.50, "eur": 1}, "ethereum": {"usd": 3456}, "dead": {}, "gone": null}'
    assert rows(body) == [
        {KEY: "bitcoin", "usd": "64123.50", "eur": "1"},
        {KEY: "ethereum", "usd": "3456", "eur": None},
        {KEY: "dead", "usd": None, "eur": None},
    ]
    assert malformed(body) == [(4, "not a JSON object", '{"gone": null}')]


def test_a_coin_may_be_called_status_or_data() -> None:
    assert rows(b'{"status": {"usd": 0.02}, "data": {"usd": 1}}') == [
        {KEY: "status", "usd": "0.02"},
        {KEY: "data", "usd": "1"},
    ]


def test_a_member_that_tells_of_the_others_is_no_row() -> None:
    body = b'{"meta": {"currency": "eur"}, "bitcoin": {"price": 59000}}'
    assert shape_of(body) == "Keyed"
    assert rows(body) == [{KEY: "bitcoin", "price": "59000"}]
    assert read(io.BytesIO(body)).envelope == [("meta.currency", "eur")]


def test_a_coin_may_be_called_info() -> None:
    assert rows(b'{"info": {"usd": 2}}') == [{KEY: "info", "usd": "2"}]
