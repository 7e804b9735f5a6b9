"""What pandas' `to_json` writes."""

from __future__ import annotations

import json

from tests.include.crypto_lake.on_arrival.reading.read_bytes import rows, shape_of

ROWS = [{"id": "bitcoin", "price": "64123.5"}, {"id": "solana", "price": None}]


def test_split_names_its_columns_once() -> None:
    document = {"columns": ["id", "price"], "index": [0, 1], "data": [["bitcoin", 64123.5], ["solana", None]]}
    for names in (list(document), list(reversed(document))):
        body = json.dumps({name: document[name] for name in names}).encode()
        assert shape_of(body) == "Split"
        assert rows(body) == ROWS


def test_a_member_a_column_is_read_by_its_labels() -> None:
    body = json.dumps({"id": {"0": "bitcoin", "1": "solana"}, "price": {"0": 64123.5, "1": None}}).encode()
    assert shape_of(body) == "ByColumn"
    assert rows(body) == ROWS


def test_columns_with_other_labels_are_no_frame() -> None:
    body = json.dumps({"id": {"0": "bitcoin"}, "price": {"1": 64123.5}}).encode()
    assert shape_of(body) != "ByColumn"
