"""Damaged documents by the thousand, the same ones for the same seed.

The seed is hypothesis' own option: `make test PYTEST_ARGS=--hypothesis-seed=7` tries others.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

# What a value may be replaced by, as text: JSON or nearly so.
VALUES = (
    *("null", "true", "0", "-0", "-1", "007", "+1", ".5", "1.", "1e5", "1E-11", "1e999", "-1e999", "1e-400"),
    *("NaN", "Infinity", "-Infinity", "0x10", "1_000", "9" * 30, "9" * 1001, "9" * 5000, "0." + "3" * 1200),
    *('""', '" "', '"64123.5"', '"1,234.5"', '"NaN"', '"1e999"', '"12:30"', '"2026-02-30T00:00:00Z"'),
    *('"9999999-01-01"', '"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', '"\\x41"', "'a'", '"a\tb"', '"a\nb"'),
    *("[]", "{}", "[1]", '{"a": 1}', '{"": null}', "undefined", "/* no */ 1", '"\\u005d]"', '"]], [["'),
    *('"\u202e\u0130\u00df\U0001f4a5"', '"\u0660"', '"{{ 1 }}"', '"' + "long " * 4000 + '"'),
    *("[" * depth + "]" * depth for depth in (5, 70, 499, 998, 1000, 1100, 3000)),
    *('{"a":' * depth + "1" + "}" * depth for depth in (5, 70, 499, 998, 1000, 1100, 3000)),
)
# What may come in anywhere, as bytes.
PIECES = (
    *(b"]", b"[", b"]]", b"[[", b"], [", b"]] , [[", b"{", b"}", b"}, {", b",", b",,", b":", b'"', b"\\"),
    *(b"//", b"/*", b"#", b"'", b"\x00", b"\x0b", b"\x1a", b"\xef\xbb\xbf", b"\xff", b"\xc0\x80"),
    *(b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x80\xa8", b"\xc2\xa0", b"\n", b"\r", b"\r\n", b"\t", b" "),
    *(b";", b"|", b'""', b'","', b'\n"', b"0", b"e", b"-", b"<html>", b"\x1f\x8b", b"PK\x03\x04"),
)
# Members that repeat a coin's own or look like one of its own.
MEMBERS = (
    *(b'"id": "twin", ', b'"\\u0069d": "escaped", ', b'"id": null, ', b'"id": 5, ', b'"ID": "upper", '),
    *(b'"current_price": -1, ', b'"current_price": "7", ', b'"\\u0063urrent_price": 2, ', b'"": 0, '),
    *(b'"roi": {"times": 1, "times": 2}, ', b'"a.b": 1, ', b'"\\ud800": 1, ', b'"$": {"$": "$"}, '),
)
_VALUE = re.compile(rb'(?<=[:\[,])\s*("(?:[^"\\]|\\.)*"|[-+0-9.eE]+|null|true|false)(?=\s*[,\]}])')


def coins(random: Random, day: str = "2026-01-31") -> list[dict[str, Any]]:
    """A few plausible coins of /coins/markets."""
    return [
        {
            "id": random.choice(("bitcoin", "ethereum", "aave", "tiny", "özel", f"coin-{random.random()}")),
            "symbol": "x",
            "current_price": random.choice((84055, 101.5, 1.2e-11)),
            "market_cap": random.choice((None, 2_030_000, 41240442863936872644608)),
            "roi": random.choice((None, {"times": 71.5, "currency": "btc"})),
            "last_updated": f"{day}T01:59:26.545Z",
        }
        for _ in range(random.randint(1, 4))
    ]


def page(random: Random) -> bytes:
    """A good page of /coins/markets."""
    return json.dumps(
        coins(random), indent=random.choice((None, None, 1)), ensure_ascii=random.random() < 0.5
    ).encode()


def dropped_file(random: Random) -> bytes:
    """A good price file in any of the shapes that may be dropped, not yet compressed."""
    rows = coins(random, "2026-02-25")
    shape = random.randrange(5)
    if shape == 0:
        return json.dumps(rows).encode()
    if shape == 1:
        return json.dumps({"source": "x", "ingestion_timestamp": "2026-02-25", "data": rows}).encode()
    if shape == 2:
        return b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    if shape == 3:
        return json.dumps({row["id"]: {"usd": row["current_price"]} for row in rows}).encode()
    text = io.StringIO()
    writer = csv.writer(text, delimiter=random.choice(",;\t|"), lineterminator=random.choice(("\n", "\r\n")))
    writer.writerow(["id", "price", "note"])
    for row in rows:
        writer.writerow([row["id"], row["current_price"], random.choice(("", "x, y", "two\nlines", '5"'))])
    return text.getvalue().encode()


def _flip(body: bytes, random: Random) -> bytes:
    damaged = bytearray(body)
    for _ in range(random.randint(1, 3)):
        damaged[random.randrange(len(damaged))] ^= 1 << random.randrange(8)
    return bytes(damaged)


def _cut(body: bytes, random: Random) -> bytes:
    return body[: random.randrange(len(body))]


def _lose(body: bytes, random: Random) -> bytes:
    start = random.randrange(len(body))
    return body[:start] + body[start + random.choice((1, 1, 2, 5, 40)) :]


def _repeat(body: bytes, random: Random) -> bytes:
    start, end = sorted((random.randrange(len(body)), random.randrange(len(body))))
    return body[:end] + body[start:]


def _insert(body: bytes, random: Random) -> bytes:
    at = random.choice((0, len(body), random.randrange(len(body)), random.randrange(len(body))))
    return body[:at] + random.choice(PIECES) * random.choice((1, 1, 1, 2)) + body[at:]


def _replace(body: bytes, random: Random) -> bytes:
    """Another value in the place of one."""
    if not (places := list(_VALUE.finditer(body))):
        return _insert(body, random)
    place = random.choice(places)
    return body[: place.start(1)] + random.choice(VALUES).encode() + body[place.end(1) :]


def _add_member(body: bytes, random: Random) -> bytes:
    if not (places := [place.end() for place in re.finditer(rb"[{,]\s*(?=\")", body)]):
        return _insert(body, random)
    at = random.choice(places)
    return body[:at] + random.choice(MEMBERS) + body[at:]


def _join(body: bytes, random: Random) -> bytes:
    """A second document behind, around or inside the first."""
    between = random.choice((b"", b" ", b",", b", ", b"]", b"],[", b"]] , [", b"\n", b"\x00", b";"))
    other = random.choice((body, b"[]", b"{}", b"1", b'[{"id": "lost", "current_price": 1}]'))
    return random.choice(
        (
            body + between + other,
            other + between + body,
            body[:-1] + between + other,
            b"[" + body + b"]",
            b'{"data": ' + body + b"}",
            json.dumps(body.decode(errors="replace")).encode(),
        )
    )


def _encode(body: bytes, random: Random) -> bytes:
    text = body.decode(errors="replace") + random.choice(("", "é", "\U0001f4a5"))
    return text.encode(
        random.choice(("utf-16", "utf-16-le", "utf-32", "latin-1", "utf-8-sig", "cp1252")), errors="replace"
    )


def _blank(body: bytes, random: Random) -> bytes:
    return random.choice(
        (b"", b" ", b"\n\n", b"\xef\xbb\xbf", b"null", b'""', b"0", b"[", b"]", b"[]", b"{}")
    )


DAMAGES: tuple[Callable[[bytes, Random], bytes], ...] = (
    *(_flip, _cut, _lose, _repeat, _insert, _insert, _replace, _replace, _replace),
    *(_add_member, _add_member, _join, _join, _encode),
)


def damaged(make: Callable[[Random], bytes], random: Random) -> bytes:
    """A document that `make` makes, damaged once to three times."""
    body = make(random)
    if random.random() < 0.02:
        return _blank(body, random)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        if body:
            body = random.choice(DAMAGES)(body, random)
    return body


def damaged_pages(count: int, seed: int) -> Iterator[bytes]:
    """Damaged bodies of /coins/markets."""
    random = Random(seed)
    for _ in range(count):
        yield damaged(page, random)


def damaged_files(count: int, seed: int) -> Iterator[bytes]:
    """Damaged price files, some compressed, and some damaged once more after that."""
    random = Random(seed)
    for _ in range(count):
        body = damaged(dropped_file, random)
        if random.random() < 0.25:
            body = gzip.compress(body, mtime=0)
            if random.random() < 0.5:
                body = random.choice((_flip, _cut, _lose, _repeat))(body, random)
        yield body
