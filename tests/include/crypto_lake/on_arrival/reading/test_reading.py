"""What is read out of a dropped file: its rows, as text, and what is no row."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tracemalloc
from contextlib import suppress
from typing import Any

import pytest

from include.crypto_lake.on_arrival.reading import chunks as chunks_module
from include.crypto_lake.on_arrival.reading import read
from include.crypto_lake.on_arrival.reading import text as text_module
from include.crypto_lake.on_arrival.refusals import UnusableFileError
from tests.include.crypto_lake.on_arrival.reading.read_bytes import chunks, malformed, refusal, rows

ROWS: list[dict[str, Any]] = [
    {"id": "bitcoin", "price": 64123.5, "name": "Bitcoin, the first"},
    {"id": "ethereum", "price": 3456, "name": 'the "second"'},
    {"id": "pépé", "price": 1e-11, "name": "лягушка 🐸"},
]
CELLS = [
    {"id": "bitcoin", "price": "64123.5", "name": "Bitcoin, the first"},
    {"id": "ethereum", "price": "3456", "name": 'the "second"'},
    {"id": "pépé", "price": "1e-11", "name": "лягушка 🐸"},
]


def as_csv(delimiter: str = ",", line_end: str = "\n") -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(ROWS[0]), delimiter=delimiter, lineterminator=line_end)
    writer.writeheader()
    writer.writerows(ROWS)
    return text.getvalue()


SHAPES = {
    "array": json.dumps(ROWS),
    "array, indented": json.dumps(ROWS, indent=2, ensure_ascii=False),
    "envelope": json.dumps({"source": "x", "ingestion_timestamp": "2026-02-25T00:00:00Z", "data": ROWS}),
    "envelope, data first": json.dumps({"data": ROWS, "source": "x"}, indent=1, ensure_ascii=False),
    "envelope, a row a line": '{"data": [\n' + ",\n".join(json.dumps(row) for row in ROWS) + "\n]}",
    "JSON Lines": "\n".join(json.dumps(row) for row in ROWS),
    "JSON Lines, CRLF, gaps": "\r\n\r\n".join(json.dumps(row) for row in ROWS) + "\r\n",
    "CSV": as_csv(),
    "CSV, CRLF": as_csv(line_end="\r\n"),
    "CSV, semicolons": as_csv(";"),
    "CSV, tabs": as_csv("\t"),
    "CSV, bars": as_csv("|"),
    "CSV without the last line end": as_csv().rstrip("\n"),
}


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_the_same_rows_come_out_of_every_shape(text: str, encoding: str, packed: bool) -> None:
    body = text.encode(encoding)
    assert rows(gzip.compress(body) if packed else body) == CELLS


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
def test_the_same_rows_come_out_wherever_a_block_ends(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for size in (1, 2, 3, 50):  # between \r and \n, too
        monkeypatch.setattr(text_module, "BLOCK", size)
        monkeypatch.setattr(text_module, "LINES_BLOCK", size)
        assert rows(text.encode()) == CELLS


def test_an_over_long_line_is_refused_after_the_rows_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_module, "LINES_BLOCK", 10)
    monkeypatch.setattr(text_module, "MAX_CHARACTERS", 30)
    with pytest.raises(UnusableFileError, match="after 2 rows comes a line of over 30 characters") as caught:
        list(read(io.BytesIO(b"id,price\na,1\nb,2\nc," + b"3" * 100 + b"\nd,4\n")).chunks)
    assert caught.value.sample.startswith("c,333")


def test_values_keep_their_digits_and_nesting() -> None:
    body = b"""[{"cap": 41000000000000000000000.10, "roi": {"times": 50.10, "unit": "1", "no": [NaN, true]},
                 "on": true, "none": null, "nan": NaN, "inf": -Infinity}]"""
    assert rows(body) == [
        {
            "cap": "41000000000000000000000.10",
            "roi": '{"times": 50.10, "unit": "1", "no": [null, true]}',
            "on": "true",
            "none": None,
            "nan": None,
            "inf": "-Infinity",
        }
    ]


def test_a_number_of_ten_thousand_digits_is_text_like_any_other() -> None:
    assert rows(b'[{"id": "a", "price": ' + b"9" * 10_000 + b"}]") == [{"id": "a", "price": "9" * 10_000}]


def test_of_a_key_that_comes_twice_the_last_counts() -> None:
    assert rows(b'[{"id": "a", "id": "b"}]') == [{"id": "b"}]


def test_half_a_surrogate_pair_is_replaced_and_a_whole_one_kept() -> None:
    assert rows(rb'[{"id": "a\ud800b", "name": "\ud83d\udc38", "x": "\u0000"}]') == [
        {"id": "a\ufffdb", "name": "🐸", "x": "\0"}
    ]


def test_a_document_that_is_nested_beyond_reading_is_refused() -> None:
    assert "nested too deeply" in str(refusal(b"[" * 100_000))


def test_rows_come_in_chunks_and_are_numbered_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks_module, "CHUNK_ROWS", 2)
    monkeypatch.setattr(text_module, "BLOCK", 7)  # a value may be cut anywhere
    body = b'[{"id": "a"}, {"id": "b"}, 12.5e-3, {"id": "c"}, {"more": 1.25}]'
    assert [(c.numbers, [m.number for m in c.malformed]) for c in chunks(body)] == [
        ([1, 2], []),
        ([4], [3]),
        ([5], []),
    ]
    assert malformed(body)[0][2] == "12.5e-3"
    assert [row.get("id") or row["more"] for row in rows(body)] == ["a", "b", "c", "1.25"]


def test_a_file_is_never_in_memory_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks_module, "CHUNK_ROWS", 500)
    monkeypatch.setattr(text_module, "BLOCK", 100_000)
    row = json.dumps({"id": "bitcoin", "price": 64123.5, "note": "x" * 1500})
    body = io.BytesIO(f"[{', '.join([row] * 8_000)}]".encode())
    tracemalloc.start()
    try:
        count = sum(len(chunk.numbers) for chunk in read(body).chunks)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 8_000
    assert peak < len(body.getvalue()) / 2


def test_the_file_stays_open() -> None:
    for body in (io.BytesIO(b'[{"id": 1}]'), io.BytesIO(gzip.compress(b"a,b\n1,2\n")), io.BytesIO(b"\xff")):
        with suppress(UnusableFileError):
            list(read(body).chunks)
        body.seek(0)
        assert body.read()


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"PAR1\x15\x04\x15", "Parquet"),
        (b"PK\x03\x04\x14\x00", "zip"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (gzip.compress(gzip.compress(b"[]", mtime=0), mtime=0), "gzip within gzip"),
        (b"<!DOCTYPE html><html><body>502 Bad Gateway", "HTML"),
        (b"\x00\x01\x02\x03", "binary"),
        (b"id,price\n\x81\x00\x8d,1\n", "0x81"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old Excel"),
        (b'[{"id": "a"}, {"id": "b"},, {"id": "c"}]', "beyond 2 rows, at character 27"),
        (b'[{"id": "a"}] [{"id": "b"}]', "more text follows"),
        (b'[{"id": "a"}, {"id": "b"}', "the file ends before its last bracket"),
        (b'{"data": [{"id": "a"}, {"id": "b', "beyond 1 rows"),
        (gzip.compress(b'[{"id": "a"}]' * 9, mtime=0)[:-9], "the gzip file is broken"),
        (gzip.compress(b'[{"id": "a"}]', mtime=0)[:-8] + b"12345678", "the gzip file is broken"),
        (b"\x1f\x8b" + b"x" * 40, "the gzip file is broken"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_it_looks_like(body: bytes, what: str) -> None:
    error = refusal(body)
    assert error.reason == "unreadable"
    assert what in str(error)
    assert error.sample


def test_a_table_is_kept_from_growing_without_end() -> None:
    wide = {f"coin_{number}": number for number in range(300)}
    for body in (
        json.dumps([wide]),
        "\n".join(json.dumps({name: 1}) for name in wide),
        ",".join(wide) + "\n1",
    ):
        error = refusal(body.encode())
        assert error.reason == "wrong_shape"
        assert "200" in str(error)
