"""Files in every convention: the right rows, or a refusal; most that show what they mean are read.

`make test-files` makes 5,000 instead of 300.
"""

from __future__ import annotations

import io
import logging
import os
from collections import Counter
from random import Random

import pytest

from include.crypto_lake.on_arrival.cleaning import SourceObject, UnusableFileError, clean
from tests.include.crypto_lake.on_arrival.conventions import ARRIVED, Made, make

log = logging.getLogger(__name__)

FILES = int(os.environ.get("CONVENTION_FILES", "300"))


def outcome_of(made: Made) -> str:
    """What became of a file; fails if anything that came out is not what went in."""
    source = SourceObject(made.key, "etag", ARRIVED)
    try:
        cleaned = clean(io.BytesIO(made.body), source, currency="usd", on_reject=lambda row: None)
    except UnusableFileError as error:
        return error.reason
    told = f"{made.how}\n{made.body[:500]!r}"
    found = {}
    for day, table in cleaned.days.items():
        for row in table.select(["coin_id", "current_price", "market_cap"]).to_pylist():
            at = day, row["coin_id"]
            assert at in made.prices, (at, told)
            assert row["current_price"] == made.prices[at], (at, row, told)
            assert row["market_cap"] in (None, made.caps[at]), (at, row, told)
            found[at] = row["market_cap"]
    whole = found.keys() == made.prices.keys() and None not in found.values()
    return "read" if whole else "read in part"


@pytest.mark.thorough
def test_a_file_is_read_rightly_or_refused_whatever_its_conventions(seed: int) -> None:
    random = Random(seed)
    shown, others = Counter[str](), Counter[str]()
    missed: list[dict[str, str]] = []
    for _ in range(FILES):
        made = make(random)
        outcome = outcome_of(made)
        (shown if made.is_shown else others)[outcome] += 1
        if made.is_shown and outcome != "read":
            missed.append(made.how | {"outcome": outcome})
    log.info("Shown: %s; others: %s; not read: %s", dict(shown), dict(others), missed[:20])
    assert shown["read"] >= 0.85 * shown.total(), (shown, missed[:5])
    assert others.total() > FILES // 10, "some files must not show what they mean"
    assert others.total() - others["read"] > others.total() // 2
