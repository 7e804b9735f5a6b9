"""What is refused for what it is."""

from __future__ import annotations

import gzip

import pytest

from tests.include.crypto_lake.on_arrival.reading.read_bytes import refusal, shape_of


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \n\t ",
        b"\xef\xbb\xbf",
        b"[]",
        b"{}",
        b'{"data": [ ]}',
        b"id,price\n",
        gzip.compress(b"[]", mtime=0),
    ],
)
def test_a_file_without_rows_is_empty(body: bytes) -> None:
    assert refusal(body).reason == "empty"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"status": {"error_code": 429, "error_message": "Slow down"}}', "429 Slow down"),
        (b'{"error": {"status": {"error_code": 10012, "error_message": "Too far back"}}}', "10012 Too far"),
        (b'{"error": "coin not found"}', "coin not found"),
        (b'{"status": {"error_code": 500}, "data": []}', "500"),
    ],
)
def test_an_answer_that_is_an_error_is_refused_with_its_message(body: bytes, message: str) -> None:
    error = refusal(body)
    assert error.reason == "wrong_shape"
    assert message in str(error)


def test_markup_is_refused_as_that() -> None:
    body = b"\n<html><body>502 Bad Gateway</body></html>"
    assert shape_of(body) == "Markup"
    assert "HTML or XML" in str(refusal(body))


def test_an_envelope_with_rows_is_no_error() -> None:
    assert (
        shape_of(b'{"status": {"error_code": 0, "error_message": ""}, "data": [{"id": "a"}]}') == "Envelope"
    )
    assert shape_of(b'{"status": {"error_message": "partly"}, "data": [{"id": "a"}]}') == "Envelope"
