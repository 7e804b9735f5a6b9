"""CoinGecko's market_chart."""

from __future__ import annotations

from tests.include.crypto_lake.on_arrival.reading.read_bytes import malformed, rows, shape_of


def test_a_chart_has_a_row_a_moment() -> None:
    body = b'{"id": "bitcoin", "prices": [[1, 5.10], [2, null]], "market_caps": [[1, 7], [3, 8]], "x": 1}'
    assert shape_of(body) == "Chart"
    assert rows(body) == [
        {"id": "bitcoin", "x": "1", "timestamp": "1", "price": "5.10", "market_cap": "7"},
        {"id": "bitcoin", "x": "1", "timestamp": "2", "price": None, "market_cap": None},
        {"id": "bitcoin", "x": "1", "timestamp": "3", "price": None, "market_cap": "8"},
    ]


def test_what_is_no_pair_is_malformed() -> None:
    body = b'{"id": "bitcoin", "prices": [[1, 5], [2, 6, 7], "x"]}'
    assert [row["timestamp"] for row in rows(body)] == ["1"]
    assert [(number, detail) for number, detail, _ in malformed(body)] == [
        (2, "not a pair of a time and a number"),
        (3, "not a pair of a time and a number"),
    ]


def test_candles_are_no_chart() -> None:
    assert shape_of(b'{"prices": [[1, 2, 3, 4, 5]]}') != "Chart"
