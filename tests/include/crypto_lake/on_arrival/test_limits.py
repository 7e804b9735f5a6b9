"""Small files that would take a machine over: refused at once, each with what to do."""

from __future__ import annotations

import gzip
import io
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from include.crypto_lake.on_arrival import cleaning, table
from include.crypto_lake.on_arrival.cleaning import SourceObject, UnusableFileError, clean
from include.crypto_lake.on_arrival.reading import chunks, text

SOURCE = SourceObject("raw/prices_2026-02-25.json", "etag", datetime(2026, 2, 26, tzinfo=UTC))


def refusal(body: bytes) -> UnusableFileError:
    with pytest.raises(UnusableFileError) as caught:
        clean(io.BytesIO(body), SOURCE, currency="usd", on_reject=lambda row: None)
    assert len(str(caught.value)) < 1_000
    return caught.value


@pytest.mark.parametrize("shape", ["array", "lines", "csv", "keyed"])
def test_a_name_of_millions_of_characters_is_refused_before_it_is_looked_at(shape: str) -> None:
    long = "Aa" * 1_900_000
    row: dict[str, Any] = {"id": "bitcoin", "price": 1, long: 2}
    body = {
        "array": json.dumps([row]),
        "lines": json.dumps(row) + "\n" + json.dumps(row),
        "keyed": json.dumps({"bitcoin": row}),
        "csv": f"id,price,{long}\nbitcoin,1,2\n",
    }[shape].encode()
    packed = gzip.compress(body)
    assert len(packed) < 50_000
    began = time.process_time()
    error = refusal(packed)
    assert error.reason in ("too_large", "wrong_shape")
    assert time.process_time() - began < 10


def test_what_gzip_unpacks_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "MAX_BYTES", 3_000_000)
    for encoding in ("utf-8", "utf-16"):
        body = ("id,price\n" + "bitcoin,1\n" * 400_000).encode(encoding)
        assert refusal(gzip.compress(body)).reason == "too_large"


def test_rows_and_coins_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    body = ("id,price\n" + "".join(f"coin-{n},1\n" for n in range(300))).encode()
    with monkeypatch.context() as patch:
        patch.setattr(chunks, "CHUNK_ROWS", 50)
        patch.setattr(chunks, "MAX_ROWS", 200)
        assert "200 rows" in str(refusal(body))
    monkeypatch.setattr(table, "MAX_COINS", 100)
    assert "CoinGecko's ids" in str(refusal(body))


def test_time_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "MAX_SECONDS", -1)
    assert refusal(b"id,price\nbitcoin,1\n").reason == "too_slow"
