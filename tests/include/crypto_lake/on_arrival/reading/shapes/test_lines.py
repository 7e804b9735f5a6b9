"""JSON Lines."""

from __future__ import annotations

import pytest

from include.crypto_lake.on_arrival.reading import json_values
from tests.include.crypto_lake.on_arrival.reading.read_bytes import malformed, rows, shape_of


def test_an_object_a_line_is_a_row_a_line() -> None:
    body = b'{"id": "a", "price": 1.50}\r\n\r\n{"id": "b"}\r\n'
    assert shape_of(body) == "Lines"
    assert rows(body) == [{"id": "a", "price": "1.50"}, {"id": "b", "price": None}]


def test_a_broken_line_costs_one_row() -> None:
    lines = ['{"id": "a"}', '{"id": "b"', '{"id": "c"} 2', "oops", '{"id": "d"}']
    body = "\n".join(lines).encode()
    assert [row["id"] for row in rows(body)] == ["a", "d"]
    assert [(number, raw) for number, _, raw in malformed(body)] == [
        (2, lines[1]),
        (3, lines[2]),
        (4, lines[3]),
    ]


def test_a_broken_first_line_costs_one_row() -> None:
    body = b'{"id": "a\n{"id": "b"}\n{"id": "c"}\n'
    assert [row["id"] for row in rows(body)] == ["b", "c"]
    assert [number for number, *_ in malformed(body)] == [1]


@pytest.mark.parametrize("depth", [json_values.MAX_DEPTH + 1, 500, 100_000])
def test_a_row_that_is_nested_too_deeply_is_malformed(depth: int) -> None:
    deep = '{"id": "deep", "x": ' + "[" * depth + "]" * depth + "}"
    body = f'{{"id": "a"}}\n{deep}\n{{"id": "b"}}'.encode()
    assert [row["id"] for row in rows(body)] == ["a", "b"]
    assert [(number, raw) for number, _, raw in malformed(body)] == [(2, deep)]
