"""One object that is a row."""

from __future__ import annotations

import json

from tests.include.crypto_lake.on_arrival.reading.read_bytes import refusal, rows, shape_of


def test_a_single_object_is_one_row() -> None:
    body = json.dumps({"id": "bitcoin", "current_price": 64123.5, "note": None}, indent=2).encode()
    assert shape_of(body) == "Single"
    assert rows(body) == [{"id": "bitcoin", "current_price": "64123.5", "note": None}]


def test_objects_in_an_object_stay_values_if_texts_are_beside_them() -> None:
    body = b'{"id": "bitcoin", "market_data": {"current_price": {"usd": 5}}}'
    assert shape_of(body) == "Single"
    assert rows(body) == [{"id": "bitcoin", "market_data": '{"current_price": {"usd": 5}}'}]


def test_an_object_that_breaks_off_is_refused() -> None:
    assert "the file ends before its last bracket" in str(refusal(b'{"id": "bitcoin", "price": 1'))
