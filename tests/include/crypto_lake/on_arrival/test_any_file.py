"""Whatever is dropped: rows that were put in, or a refusal with its reason, and every row accounted for."""

from __future__ import annotations

import gzip
import io
import json
import math
import zlib
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from include.crypto_lake.on_arrival.cleaning import (
    CleanedFile,
    RejectedRow,
    SourceObject,
    UnusableFileError,
    clean,
)
from include.crypto_lake.on_arrival.columns import SCHEMA
from include.crypto_lake.on_arrival.refusals import FILE_REASONS, REASONS, SAMPLE_BYTES
from tests.damage import damaged_files

ARRIVED = datetime(2026, 2, 26, 3, 30, tzinfo=UTC)
KEYS = ["raw/prices.json", "raw/crypto_prices_2026-02-25.json", "raw/2026-02-20.json"]

# The same examples every time, and no folder of them: a test that fails today failed yesterday.
several = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)

texts = st.text(st.characters(codec=None), max_size=8)  # half surrogate pairs and NUL too
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    texts,
    st.sampled_from(
        [10**30, 10**4000, "N/A", "1,234.56", "$5", "1e-11", "1234,56", "2026-02-25", 1772020800]
    ),
)
junk = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
prices = st.floats(1e-12, 1e12) | st.integers(1, 10**25)
moments = st.one_of(
    st.datetimes(datetime(2026, 2, 23), datetime(2026, 2, 26)).map(datetime.isoformat),  # noqa: DTZ001
    st.integers(1771900000, 1772060000),
    scalars,
)
coins = st.fixed_dictionaries(
    {"id": st.sampled_from(["bitcoin", "ethereum", "Aave "]) | scalars, "current_price": prices | scalars},
    optional={
        "market_cap": prices | scalars,
        "market_cap_rank": st.integers() | scalars,
        "last_updated": moments,
        "ath_date": moments,
        "currency": st.sampled_from(["usd", "EUR"]) | scalars,
        "price": prices,
        "roi": junk,
        "name": texts,
        "Özel Alan": junk,
    },
)
good_coins = st.fixed_dictionaries(
    {"id": st.sampled_from(["bitcoin", "ethereum", "aave"]), "current_price": prices},
    optional={"last_updated": moments, "market_cap": prices, "note": texts, "roi": junk},
)
currencies = st.fixed_dictionaries({"usd": prices | junk}, optional={"eur": prices, "x": junk}) | junk
messy_rows = st.lists(
    good_coins | coins | junk | st.dictionaries(texts, junk, max_size=3), min_size=1, max_size=8
)


def cleaned(body: bytes, key: str) -> CleanedFile | UnusableFileError:
    """Clean, and check what holds for any file."""
    refused: list[RejectedRow] = []
    source = SourceObject(key, "etag", ARRIVED)
    try:
        file = clean(io.BytesIO(body), source, currency="usd", on_reject=refused.append)
    except UnusableFileError as error:
        outcome: CleanedFile | UnusableFileError = error
    else:
        outcome = file
    assert outcome.rejected == Counter(row.reason for row in refused)
    assert set(outcome.rejected) <= set(REASONS)
    if isinstance(outcome, UnusableFileError):
        assert outcome.reason in FILE_REASONS
        assert len(outcome.sample.encode()) <= SAMPLE_BYTES
        assert str(outcome).encode()
        return outcome
    numbers = [row.number for row in refused]
    assert numbers == sorted(set(numbers))
    assert file.kept > 0
    assert file.rows == file.kept + len(refused) + file.superseded
    json.dumps([row.raw for row in refused], ensure_ascii=False).encode()
    for day, table in file.days.items():
        stored = io.BytesIO()
        pq.write_table(table, stored)
        again = pq.read_table(stored)
        assert again.equals(table)
        assert again.select(SCHEMA.names).schema.equals(SCHEMA)
        assert {field.type for field in again.schema if field.name not in SCHEMA.names} <= {pa.string()}
        assert set(table.column("price_date").to_pylist()) == {day}
        ids = table.column("coin_id").to_pylist()
        assert sorted(set(ids)) == sorted(ids)
        assert not set(table.column("source_row").to_pylist()) & set(numbers)
        for price in table.column("current_price").to_pylist():
            assert 0 < price < math.inf
    return file


def put_in(rows: list[Any]) -> dict[int, tuple[str, set[float]]]:
    """The id and the prices that each row could have in the lake, by its number."""
    found = {}
    for number, row in enumerate(rows, 1):
        if isinstance(row, dict):
            given = [row.get(name) for name in ("current_price", "price", "usd", "close", "last")]
            coin_id = row.get("id", row.get("coin_id", row.get("coin", row.get("slug"))))
            found[number] = (str(coin_id), {price for price in map(as_price, given) if price})
    return found


def as_price(given: Any) -> float | None:
    if isinstance(given, int | float) and not isinstance(given, bool):
        try:
            return float(given)
        except OverflowError:
            return None
    known = {"1,234.56": 1234.56, "1234,56": 1234.56, "$5": 5.0}
    try:
        return known.get(given) or float(given)
    except (TypeError, ValueError):
        return None


@several
@example(
    rows=[
        {"id": "bitcoin", "current_price": 1e-12},
        {"id": "bitcoin", "current_price": "1234,56", "last_updated": "2026-02-23T00:00:00"},
    ],
    key="raw/prices.json",
    indent=None,
    ascii_only=False,
)
@given(
    rows=messy_rows, key=st.sampled_from(KEYS), indent=st.sampled_from([None, 1]), ascii_only=st.booleans()
)
def test_any_rows_are_kept_as_they_were_put_in_or_accounted_for(
    rows: list[Any], key: str, indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(rows, indent=indent, ensure_ascii=ascii_only)
    outcome = cleaned(text.encode(errors="replace"), key)
    if isinstance(outcome, CleanedFile):
        assert outcome.rows == len(rows)
        given = put_in(rows)
        for table in outcome.days.values():
            for row in table.select(["source_row", "coin_id", "current_price"]).to_pylist():
                coin_id, prices = given[row["source_row"]]
                expected = (
                    coin_id.encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip().lower()
                )
                if ascii_only:
                    assert row["coin_id"] == expected
                assert row["current_price"] in prices


@settings(several, max_examples=25)  # each makes four files
@given(rows=st.lists(good_coins, min_size=1, max_size=8), key=st.sampled_from(KEYS))
def test_the_same_rows_give_the_same_table_in_every_shape(rows: list[Any], key: str) -> None:
    array = json.dumps(rows).encode()
    bodies = {
        "array": array,
        "gzip": gzip.compress(array),
        "envelope": b'{"data": ' + array + b"}",
        "lines": b"".join(json.dumps(row).encode() + b"\n" for row in rows),
    }
    outcomes = {shape: cleaned(body, key) for shape, body in bodies.items()}
    first = outcomes["array"]
    for other in outcomes.values():
        if isinstance(first, UnusableFileError):
            assert isinstance(other, UnusableFileError)
            assert (other.reason, other.rejected) == (first.reason, first.rejected)
        else:
            assert isinstance(other, CleanedFile)
            assert list(other.days) == list(first.days)
            assert all(other.days[day].equals(table) for day, table in first.days.items())
            assert (other.rejected, other.superseded, other.emptied) == (
                first.rejected,
                first.superseded,
                first.emptied,
            )


@several
@given(coins=st.dictionaries(texts, currencies, max_size=6))
def test_any_simple_price_answer_is_accounted_for(coins: dict[str, Any]) -> None:
    outcome = cleaned(json.dumps(coins).encode(), KEYS[1])
    if isinstance(outcome, CleanedFile):
        assert outcome.rows == len(coins)


@several
@given(
    records=st.lists(
        st.lists(st.sampled_from(["bitcoin", "64123.5", '"', "\n", "x,y", ""]) | texts, max_size=4)
    ),
    delimiter=st.sampled_from(",;\t|"),
)
def test_any_csv_is_accounted_for(records: list[list[str]], delimiter: str) -> None:
    lines = [["id", "price", "note"], ["ethereum", "1", ""], *records]
    text = "\r\n".join(delimiter.join(record) for record in lines)
    cleaned(text.encode(errors="replace"), KEYS[1])


@several
@given(
    head=st.sampled_from([b"", b"[", b"{", b"id,price\n", b"\x1f\x8b", b"\xff\xfe"]),
    body=st.binary(max_size=200),
)
def test_any_bytes_are_refused_or_accounted_for(head: bytes, body: bytes) -> None:
    cleaned(head + body, KEYS[1])
    cleaned(gzip.compress(head + body), KEYS[0])


VALID = [
    json.dumps([{"id": f"coin-{n}", "current_price": n + 0.5, "roi": {"times": 1}} for n in range(9)]),
    json.dumps({"source": "x", "data": [{"id": "a", "price": 1}], "ingestion_timestamp": "2026-02-25"}),
    '{"id": "a", "price": 1}\n{"id": "b", "price": 2}\n{"id": "c", "price": "1e-11"}\n',
    'id,price,note\na,1,"x, y"\nb,2,"two\nlines"\nc,3,\n',
    json.dumps({"bitcoin": {"usd": 1, "last_updated_at": 1772020800}, "b": {"usd": 2}}),
]
FILES = [body for text in VALID for body in (text.encode(), gzip.compress(text.encode(), mtime=0))]


@settings(several, max_examples=150)
@given(data=st.data(), body=st.sampled_from(FILES))
def test_a_damaged_file_is_refused_or_accounted_for(data: st.DataObject, body: bytes) -> None:
    damaged = bytearray(body[: data.draw(st.integers(0, len(body)))])
    for place in data.draw(st.lists(st.integers(0, max(0, len(damaged) - 1)), max_size=3)):
        if damaged:
            damaged[place] = data.draw(st.integers(0, 255))
    cleaned(bytes(damaged), KEYS[1])


def rows_of(body: bytes) -> int | None:
    """How many rows a JSON array has, plain or gzipped, by Python's own readers; None for any other file."""
    try:
        text = gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
        found = json.loads(text.decode("utf-8-sig"), parse_int=float)
    except (ValueError, RecursionError, EOFError, OSError, zlib.error):
        return None
    return len(found) if isinstance(found, list) else None


@pytest.mark.thorough
def test_a_thousand_damaged_files_are_refused_or_accounted_for(seed: int) -> None:
    outcomes: Counter[str] = Counter()
    for number, body in enumerate(damaged_files(1_000, seed)):
        outcome, expected = cleaned(body, KEYS[number % 2]), rows_of(body)
        if isinstance(outcome, CleanedFile):
            outcomes["kept"] += 1
            assert expected is None or outcome.rows == expected, body
        else:
            outcomes[outcome.reason] += 1
            assert not expected or outcome.reason not in ("unreadable", "empty"), body
    assert min(outcomes[outcome] for outcome in ("kept", "unreadable", "no_usable_row")) > 20, outcomes


def test_a_json_document_cut_anywhere_is_never_taken_for_whole() -> None:
    for text in (VALID[0], VALID[1], VALID[4]):
        for end in range(1, len(text)):
            outcome = cleaned(text[:end].encode(), KEYS[1])
            assert isinstance(outcome, UnusableFileError)
            assert outcome.reason == "unreadable"
