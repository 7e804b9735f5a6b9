"""An object around an array of rows."""

from __future__ import annotations

import io

import pytest

from include.crypto_lake.on_arrival.reading import read
from tests.include.crypto_lake.on_arrival.reading.read_bytes import malformed, rows, shape_of


def test_an_envelope_says_what_holds_for_all_rows() -> None:
    body = b'{"source": "desk", "data": [{"id": "a"}], "as_of": 1772042400, "meta": {"pages": 1}}'
    envelope = read(io.BytesIO(body)).envelope
    assert envelope == [("source", "desk"), ("as_of", "1772042400"), ("meta.pages", "1")]


@pytest.mark.parametrize("name", ["data", "coins", "rows", "items", "results", "records", "assets"])
def test_the_rows_may_have_many_names(name: str) -> None:
    body = f'{{"page": 1, "{name}": [{{"id": "bitcoin"}}, 5]}}'.encode()
    assert shape_of(body) == "Envelope"
    assert rows(body) == [{"id": "bitcoin"}]
    assert [number for number, *_ in malformed(body)] == [2]


def test_of_two_arrays_none_is_chosen() -> None:
    assert shape_of(b'{"coins": [{"id": "a"}], "rows": [{"id": "b"}]}') == "Single"
