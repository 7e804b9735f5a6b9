"""CSV as spreadsheets, databases and programs write it."""

from __future__ import annotations

import pytest

from tests.include.crypto_lake.on_arrival.reading.read_bytes import chunks, malformed, rows, shape_of


def test_a_record_with_the_wrong_number_of_fields_is_malformed() -> None:
    body = b"id,price\na,1\nb,2,3\nc\nd,4,\ne,5\n"
    assert rows(body) == [
        {"id": "a", "price": "1"},
        {"id": "c", "price": ""},  # spreadsheets leave out empty fields at the end
        {"id": "d", "price": "4"},  # or write too many
        {"id": "e", "price": "5"},
    ]
    assert malformed(body) == [(2, "3 fields, but the header has 2", "b,2,3")]


def test_a_file_that_is_cut_within_a_record_does_not_give_half_a_price() -> None:
    body = b"id,price,market_cap\nbitcoin,64123.5,1\nethereum,34"
    assert [row["id"] for row in rows(body)] == ["bitcoin"]
    [(number, detail, _)] = malformed(body)
    assert number == 2
    assert "cut off" in detail
    assert len(rows(body + b"56,\n")) == 2


def test_a_quoted_field_may_hold_line_ends_quotes_and_delimiters() -> None:
    assert rows(b'id,note,price\na,"one\r\ntwo, ""three""",1\nb,,2\n') == [
        {"id": "a", "note": 'one\r\ntwo, "three"', "price": "1"},
        {"id": "b", "note": "", "price": "2"},
    ]


def test_a_quote_that_is_never_closed_costs_one_row() -> None:
    body = b'id,note,price\na,"open,1\nb,x,2\nc,5" disk,3\nd,"e""",4\n'
    assert [row["id"] for row in rows(body)] == ["b", "c", "d"]
    assert malformed(body) == [(1, "a quote is opened and never closed", 'a,"open,1')]


def test_a_quote_left_open_long_before_another_costs_two_rows() -> None:
    plain = [f"c{number},x,1" for number in range(100)]
    body = "\n".join(["id,note,price", 'a,"open,1', *plain, 'b,open",1', "d,x,1"]).encode()
    assert [row["id"] for row in rows(body)] == [*(f"c{number}" for number in range(100)), "b", "d"]
    assert [number for number, *_ in malformed(body)] == [1]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("sep=;\nid;price\n", ["id", "price"]),
        ("My export\n2026-09-10;;\n\nid;price\n", ["id", "price"]),
        ('"Coin","Price\n(USD)"\n', ["Coin", "Price\n(USD)"]),
        ("Coin,Price,\nid,USD,\n", ["Coin id", "Price USD", ""]),
        ("Market,,Supply\nid,price,total\n", ["id", "price", "total"]),
        ("Coin,Price,,Volume\nid,USD,EUR,USD\n", ["Coin id", "Price USD", "Price EUR", "Volume USD"]),
        ("id,price,price,\n", ["id", "price", "price", ""]),
    ],
)
def test_the_header_is_found(text: str, names: list[str]) -> None:
    delimiter = ";" if ";" in text else ","
    body = (text + delimiter.join(["x"] + ["1"] * (len(names) - 1)) + "\n").encode()
    assert shape_of(body) == "Delimited"
    [chunk] = chunks(body)
    assert [name for name, _ in chunk.columns] == names
    assert [cells.to_pylist() for _, cells in chunk.columns] == [["x"], *[["1"]] * (len(names) - 1)]


def test_a_number_that_an_unquoted_comma_has_split_is_no_price() -> None:
    body = b"id,price,market_cap,,\nbitcoin,64,123.50,1270,\nsolana,145.6,70,,note\n"
    assert [row["id"] for row in rows(body)] == ["solana"]
    assert malformed(body) == [(1, "5 fields, but the header has 3 names", "bitcoin,64,123.50,1270,")]
