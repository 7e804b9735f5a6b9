"""Arrays: of objects, and of arrays below their names."""

from __future__ import annotations

from tests.include.crypto_lake.on_arrival.reading.read_bytes import malformed, rows, shape_of


def test_an_array_has_a_row_an_element() -> None:
    body = b'[{"id": "bitcoin", "price": 64123.5}, {"id": "solana"}]'
    assert shape_of(body) == "Array"
    assert rows(body) == [{"id": "bitcoin", "price": "64123.5"}, {"id": "solana", "price": None}]


def test_an_array_of_arrays_has_its_names_first() -> None:
    body = b'[["id", "price"], ["bitcoin", 64123.5], ["solana"], ["x", 1, 2], ["y", [1]], {"id": "z"}]'
    assert shape_of(body) == "ArrayWithHeader"
    assert rows(body) == [{"id": "bitcoin", "price": "64123.5"}, {"id": "solana", "price": None}]
    assert [(number, detail) for number, detail, _ in malformed(body)] == [
        (3, "3 values, but there are 2 columns"),
        (4, "a value is nested"),
        (5, "not a JSON array, as the others are"),
    ]


def test_candles_without_names_have_no_row() -> None:
    body = b"[[1789034400000, 1, 2, 3, 4]]"
    assert shape_of(body) == "Array"
    assert rows(body) == []


def test_what_is_no_object_is_a_malformed_row() -> None:
    body = b'[{"id": "a"}, 12.5, null, [1], "x", {"id": "b"}]'
    assert [row["id"] for row in rows(body)] == ["a", "b"]
    assert malformed(body) == [
        (2, "not a JSON object", "12.5"),
        (3, "not a JSON object", "null"),
        (4, "an array: write an object with names, or an array of the names before the first row", "[1]"),
        (5, "not a JSON object", '"x"'),
    ]
