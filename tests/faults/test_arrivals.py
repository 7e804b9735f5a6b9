"""S3 fails while a dropped file is processed: the run fails by name, its rerun ends as a quiet one."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow.parquet as pq
import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from include.orchestration import arrival_tasks
from tests.faults.conftest import MisbehavingAws, slow_down
from tests.plugins.conftest import Bucket

pytestmark = pytest.mark.clock

KEY = "raw/crypto_prices_2026-02-25.json"
OUTPUT = "processed/crypto/year=2026/month=02/day=25/data.parquet"
ROWS = [{"id": name, "price": price} for price, name in enumerate(("bitcoin", "ethereum"), 1)]


@pytest.fixture
def lake(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A bucket with one dropped file, of which one row cannot be used."""
    settings = {"bucket": bucket.name, "website_bucket": "website"}
    monkeypatch.setenv("AIRFLOW_VAR_CRYPTO_LAKE", json.dumps(settings))
    bucket.put(KEY, json.dumps([*ROWS, {"id": "no-price"}]).encode())
    return bucket


def run(lake: Bucket, run_id: str) -> dict[str, Any]:
    batches = arrival_tasks.find(run_id, lake.name, "")
    results = [arrival_tasks.process(batch["number"], run_id, lake.name, "", "usd") for batch in batches]
    return arrival_tasks.report(results, run_id, lake.name)


def processed(lake: Bucket) -> list[tuple[Any, ...]]:
    rows = pq.read_table(io.BytesIO(lake.body(OUTPUT))).to_pylist()
    return [(row["coin_id"], row["current_price"], row["source_file"]) for row in rows]


QUIET = [("bitcoin", 1.0, KEY), ("ethereum", 2.0, KEY)]
COUNTS = {
    "files": {"processed": 1, "rejected": 0, "gone": 0},
    "rows": {"read": 3, "kept": 2, "rejected": 1, "superseded": 0, "differing": 0, "moved": 0},
    "values": {"read": 2, "emptied": 0},
    "emptied": {},
}


@pytest.mark.parametrize("part", ["manifests/on_arrival/", "rejected/raw/", "processed/crypto/"])
def test_a_slow_s3_is_waited_for(part: str, lake: Bucket, misbehaving: MisbehavingAws) -> None:
    misbehaving.on_put(part, *[slow_down()] * 4)
    assert run(lake, "a") == COUNTS
    assert processed(lake) == QUIET
    assert not misbehaving.faults


@pytest.mark.parametrize("part", ["rejected/raw/", "processed/crypto/"])
def test_an_s3_that_stays_slow_fails_the_task_by_name_and_clearing_it_heals(
    part: str, lake: Bucket, misbehaving: MisbehavingAws
) -> None:
    misbehaving.on_put(part, *[slow_down()] * 5)
    with pytest.raises(AirflowException, match=rf"1 of 1 objects failed: {KEY}: .*SlowDown"):
        run(lake, "a")
    assert lake.listing("processed/") == []
    with pytest.raises(AirflowFailException, match="1 of 1 objects were not dealt with"):
        arrival_tasks.report([], "a", lake.name)
    assert run(lake, "a") == COUNTS
    assert processed(lake) == QUIET
    assert arrival_tasks.find("b", lake.name, "") == []


@pytest.mark.parametrize("part", ["manifests/on_arrival/", "processed/crypto/"])
def test_a_file_that_s3_stored_without_saying_so_is_taken_for_what_it_is(
    part: str, lake: Bucket, misbehaving: MisbehavingAws
) -> None:
    misbehaving.on_put(part, slow_down(served=True))
    assert run(lake, "a") == COUNTS
    assert processed(lake) == QUIET
    assert arrival_tasks.find("b", lake.name, "") == []
