"""Dropped files on S3: what ends in `processed/`, what in `rejected/`, and what a second look finds."""

from __future__ import annotations

import gzip
import io
import itertools
import json
import random
import re
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest

from include.crypto_lake.on_arrival import arrivals, further, partitions, processing
from include.crypto_lake.on_arrival.columns import SCHEMA
from include.crypto_lake.on_arrival.partitions import Partition, PartitionError
from include.crypto_lake.on_arrival.processing import Outcome, process

DAY = date(2026, 2, 25)


def coin(
    coin_id: str, price: float, at: str | int | None = "2026-02-25T10:00:00Z", **more: Any
) -> dict[str, Any]:
    return {"id": coin_id, "current_price": price, "last_updated": at} | more


class Lake:
    """A bucket with a pipeline that is run by hand."""

    def __init__(self, s3: Any) -> None:
        self.s3 = s3
        self.bucket = f"arrivals-{uuid.uuid4().hex[:10]}"
        self.runs = itertools.count(1)
        s3.create_bucket(Bucket=self.bucket)

    def put(self, key: str, content: Any) -> str:
        """Put rows (as JSON) or bytes; returns the ETag."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)["ETag"].strip('"')

    def find(self, reprocess: str = "") -> list[arrivals.Arrival]:
        return arrivals.find(self.s3, self.bucket, reprocess=reprocess)

    def process(self, *found: arrivals.Arrival, again: bool = False) -> list[Outcome]:
        run_id = f"run-{next(self.runs)}"
        return [
            process(self.s3, self.bucket, one, currency="usd", run_id=run_id, again=again) for one in found
        ]

    def sweep(self, reprocess: str = "") -> dict[str, Outcome]:
        """One run: what became of each object that it found."""
        outcomes = self.process(*self.find(reprocess), again=bool(reprocess))
        return {outcome.key: outcome for outcome in outcomes}

    def rows(self, day: date = DAY) -> dict[str, dict[str, Any]]:
        """The day's rows by coin, without the lineage of their run."""
        body = self.body(Partition(self.s3, self.bucket, day).key)
        return {row["coin_id"]: row for row in pq.read_table(io.BytesIO(body)).to_pylist()}

    def prices(self, day: date = DAY) -> dict[str, float]:
        return {coin_id: row["current_price"] for coin_id, row in self.rows(day).items()}

    def sources(self, day: date = DAY) -> dict[str, partitions.SourceRecord]:
        stored = Partition(self.s3, self.bucket, day).read()
        assert stored
        return {record.key: record for record in stored.sources}

    def keys(self, prefix: str) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def body(self, key: str) -> bytes:
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def note(self, outcome: Outcome) -> dict[str, Any]:
        assert outcome.note
        return json.loads(self.body(outcome.note.removeprefix(f"s3://{self.bucket}/")))


@pytest.fixture
def lake(aws: None) -> Lake:
    return Lake(boto3.client("s3"))


def test_a_file_becomes_its_day_with_its_lineage(lake: Lake) -> None:
    etag = lake.put("raw/crypto_prices_2026-02-25.json", [coin("bitcoin", 60000), coin("ethereum", 3000)])
    outcome = lake.sweep()["raw/crypto_prices_2026-02-25.json"]

    assert (outcome.status, outcome.days, outcome.rows, outcome.kept) == ("processed", ["2026-02-25"], 2, 2)
    assert lake.keys("processed/") == ["processed/crypto/year=2026/month=02/day=25/data.parquet"]
    assert lake.prices() == {"bitcoin": 60000, "ethereum": 3000}
    row = lake.rows()["bitcoin"]
    assert (row["source_file"], row["source_row"]) == ("raw/crypto_prices_2026-02-25.json", 1)
    [record] = lake.sources().values()
    assert (record.etag, record.days, record.rows) == (etag, ("2026-02-25",), 2)
    assert "current_price" in outcome.columns


@pytest.mark.clock
def test_what_is_done_is_not_found_again(lake: Lake) -> None:
    rows = [coin("bitcoin", 60000)]
    lake.put("raw/2026-02-25.json", rows)
    lake.put("raw/broken.json", b"<html>")
    assert len(lake.sweep()) == 2
    assert lake.find() == []
    lake.put("raw/2026-02-25.json", rows)
    assert lake.find() == [], "the same bytes under the same key are the same object"


@pytest.mark.clock
def test_what_a_console_calls_a_folder_is_no_file(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC)
    listed = [
        {"Key": "raw/folder/", "ETag": '"d4"', "Size": 0, "LastModified": now},
        {"Key": "raw/empty.json", "ETag": '"d4"', "Size": 0, "LastModified": now},
    ]
    monkeypatch.setattr(arrivals, "_objects", lambda s3, bucket, prefix: listed if prefix == "raw/" else [])
    assert [arrival.key for arrival in lake.find()] == ["raw/empty.json"]


def test_of_several_files_of_a_day_the_latest_row_of_a_coin_wins(lake: Lake) -> None:
    lake.put("raw/b_2026-02-25.json", [coin("bitcoin", 2, "2026-02-25T12:00:00Z")])
    lake.put("raw/a_2026-02-25.json", [coin("bitcoin", 1, "2026-02-25T06:00:00Z"), coin("solana", 9)])
    lake.sweep()
    lake.put(
        "raw/c_2026-02-25.json", [coin("bitcoin", 3, "2026-02-25T18:00:00+09:00"), coin("dogecoin", 0.1)]
    )
    lake.sweep()
    assert lake.prices() == {"bitcoin": 2, "solana": 9, "dogecoin": 0.1}
    assert set(lake.sources()) == {"raw/a_2026-02-25.json", "raw/b_2026-02-25.json", "raw/c_2026-02-25.json"}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_the_order_of_arrival_in_a_run_does_not_matter(lake: Lake, order: tuple[int, ...]) -> None:
    for name, price in (("a", 1), ("b", 2), ("c", 3)):
        lake.put(f"raw/{name}_2026-02-25.json", [coin("bitcoin", price), coin(name, price)])
    found = lake.find()
    lake.process(*(found[number] for number in order))
    assert lake.prices() == {"a": 1, "b": 2, "bitcoin": 3, "c": 3}


def test_a_corrected_file_takes_its_rows_back_and_gives_back_those_it_had_displaced(lake: Lake) -> None:
    lake.put("raw/a_2026-02-25.json", [coin("bitcoin", 1, "2026-02-25T08:00:00Z")])
    lake.put("raw/b_2026-02-25.json", [coin("bitcoin", 999, "2026-02-25T09:00:00Z"), coin("wrong", 5)])
    lake.sweep()
    assert lake.prices() == {"bitcoin": 999, "wrong": 5}
    etag = lake.put("raw/b_2026-02-25.json", [coin("solana", 9)])
    lake.sweep()
    assert lake.prices() == {"bitcoin": 1, "solana": 9}
    assert lake.sources()["raw/b_2026-02-25.json"].etag == etag
    assert lake.find() == []


def test_a_corrected_file_leaves_the_days_that_it_has_no_rows_of_any_more(lake: Lake) -> None:
    other = date(2026, 2, 26)
    lake.put("raw/two-days.json", [coin("bitcoin", 1), coin("bitcoin", 2, "2026-02-26T10:00:00Z")])
    lake.put("raw/2026-02-26.json", [coin("solana", 9, "2026-02-26T10:00:00Z")])
    lake.sweep()
    assert (lake.prices(), lake.prices(other)) == ({"bitcoin": 1}, {"bitcoin": 2, "solana": 9})
    lake.put("raw/two-days.json", [coin("bitcoin", 1)])
    outcome = lake.sweep()["raw/two-days.json"]
    assert outcome.days == ["2026-02-25", "2026-02-26"]
    assert (lake.prices(), lake.prices(other)) == ({"bitcoin": 1}, {"solana": 9})
    lake.put("raw/two-days.json", [coin("bitcoin", 3, "2026-02-27T10:00:00Z")])
    lake.sweep()
    assert lake.prices() == {}, "a day without sources is empty"
    assert lake.find() == []


def test_a_run_that_died_between_two_days_is_taken_up_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.put("raw/days.json", [coin("bitcoin", 1), coin("bitcoin", 2, "2026-02-26T10:00:00Z")])
    write = Partition.write

    def dies(self: Partition, *arguments: Any, **options: Any) -> Any:
        if self.day.day == 26:
            raise KeyboardInterrupt
        return write(self, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Partition, "write", dies)
        with pytest.raises(KeyboardInterrupt):
            lake.sweep()
    assert lake.prices() == {"bitcoin": 1}
    assert set(lake.sweep()) == {"raw/days.json"}, "one of its days is missing"
    assert lake.prices(date(2026, 2, 26)) == {"bitcoin": 2}
    assert lake.find() == []


def test_many_writers_of_one_day_lose_nothing(lake: Lake) -> None:
    for number in range(12):
        lake.put(f"raw/{number}_2026-02-25.json", [coin(f"coin-{number}", number + 1)])
    found = lake.find()
    with ThreadPoolExecutor(6) as pool:  # each object twice: two runs at the same time
        list(pool.map(lambda one: lake.process(one), found + found))
    assert lake.prices() == {f"coin-{number}": number + 1 for number in range(12)}
    assert len(lake.sources()) == 12


@pytest.mark.clock
def test_an_unusable_file_is_copied_with_a_note_and_its_earlier_rows_go(lake: Lake) -> None:
    lake.put("raw/2026-02-25.json", [coin("bitcoin", 1)])
    lake.put("raw/other_2026-02-25.json", [coin("solana", 9), coin("bitcoin", 5, "2026-02-25T08:00:00Z")])
    lake.sweep()
    assert lake.prices() == {"bitcoin": 1, "solana": 9}
    etag = lake.put("raw/2026-02-25.json", b"<html><body>Service unavailable</body></html>")
    outcome = lake.sweep()["raw/2026-02-25.json"]

    assert outcome.status == "rejected"
    note = lake.note(outcome)
    assert (note["key"], note["etag"], note["reason"]) == ("raw/2026-02-25.json", etag, "unreadable")
    assert "Service unavailable" in note["sample"]
    [original] = [key for key in lake.keys("rejected/raw/") if key.endswith("/original")]
    assert lake.body(original) == lake.body("raw/2026-02-25.json")
    assert lake.prices() == {"bitcoin": 5, "solana": 9}, "the day is what raw/ says"
    assert lake.find() == []

    lake.put("raw/2026-02-25.json", [coin("bitcoin", 2)])
    lake.sweep()
    assert lake.prices() == {"bitcoin": 2, "solana": 9}, "a corrected file heals it"


@pytest.mark.clock
def test_bad_rows_are_kept_with_their_reasons_and_the_good_ones_processed(lake: Lake) -> None:
    lake.put("raw/2026-02-25.json", [coin("bitcoin", 1), coin("", 2), coin("solana", -3), 7])
    outcome = lake.sweep()["raw/2026-02-25.json"]
    assert (outcome.rows, outcome.kept, sum(outcome.rejected.values())) == (4, 1, 3)
    assert lake.prices() == {"bitcoin": 1}
    note = lake.note(outcome)
    assert note["rejected_rows"] == outcome.rejected
    [key] = [key for key in lake.keys("rejected/raw/") if key.endswith("rows.jsonl.gz")]
    rows = [json.loads(line) for line in gzip.decompress(lake.body(key)).splitlines()]
    assert [row["number"] for row in rows] == [2, 3, 4]
    assert note["first_rows"] == rows
    assert {row["reason"] for row in rows} == set(outcome.rejected)
    assert lake.find() == []


@pytest.mark.clock
def test_everything_can_be_made_anew_from_raw(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        lake.put(f"raw/{number}_2026-02-25.json", [coin("bitcoin", number + 1), coin(f"coin-{number}", 1)])
    lake.put("raw/broken.json", b"no price file")
    lake.sweep()
    before = lake.rows()
    key = Partition(lake.s3, lake.bucket, DAY).key
    assert set(lake.sweep(reprocess="raw/0")) == {"raw/0_2026-02-25.json"}
    assert len(lake.sweep(reprocess="raw/")) == 5
    assert lake.rows() == before
    assert {record.run_id for record in lake.sources().values()} == {"run-3"}, "all were cleaned by that run"
    # And without being told, when an output is gone:
    lake.s3.delete_object(Bucket=lake.bucket, Key=key)
    assert len(lake.sweep()) == 4
    assert lake.rows() == before


@pytest.mark.clock
def test_a_file_that_the_cleaning_has_learned_to_read_is_no_longer_refused(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.put("raw/2026-02-25.json", [coin("bitcoin", 1)])
    clean = processing.clean

    def has_not_learned(*_: Any, **__: Any) -> Any:
        return clean(io.BytesIO(b""), *_[1:], **__)

    with monkeypatch.context() as patch:
        patch.setattr(processing, "clean", has_not_learned)
        assert lake.sweep()["raw/2026-02-25.json"].status == "rejected"
    assert lake.keys("rejected/")
    assert lake.sweep(reprocess="raw/")["raw/2026-02-25.json"].status == "processed"
    assert lake.keys("rejected/") == []
    assert lake.prices() == {"bitcoin": 1}


@pytest.mark.clock
def test_a_day_is_made_of_what_lies_in_raw_in_whatever_order_things_happened(lake: Lake) -> None:
    """Puts, corrections and unusable versions at random; then everything once more from nothing."""
    chance = random.Random(7)
    keys = ["raw/a_2026-02-25.json", "raw/b.json", "raw/c.json"]
    days = [date(2026, 2, day) for day in (24, 25, 26)]
    for _ in range(12):
        rows = [
            coin(
                chance.choice("xyz"),
                chance.randint(1, 9),
                f"{chance.choice(days)}T{chance.randint(10, 12)}:00:00Z",
            )
            for _ in range(4)
        ]
        lake.put(chance.choice(keys), chance.choice([rows, rows, rows, b"<html>"]))
        if chance.random() < 0.7:
            lake.sweep()
    lake.sweep()
    assert lake.find() == [], "nothing is found for ever"

    def state() -> dict[str, Any]:
        made = {key: lake.body(key) for key in lake.keys("processed/")}
        tables = {key: pq.read_table(io.BytesIO(body)).to_pylist() for key, body in made.items()}
        return {
            key: [{k: v for k, v in row.items() if k != "ingested_at"} for row in rows]
            for key, rows in tables.items()
            if rows
        }

    grown = state()
    assert grown
    for key in [*lake.keys("processed/"), *lake.keys("rejected/")]:
        lake.s3.delete_object(Bucket=lake.bucket, Key=key)
    lake.sweep()
    assert state() == grown


def test_a_file_deleted_from_raw_keeps_its_rows_until_the_day_is_deleted_too(lake: Lake) -> None:
    lake.put("raw/a_2026-02-25.json", [coin("bitcoin", 1)])
    lake.put("raw/b_2026-02-25.json", [coin("solana", 2)])
    lake.sweep()
    lake.s3.delete_object(Bucket=lake.bucket, Key="raw/a_2026-02-25.json")
    lake.put("raw/b_2026-02-25.json", [coin("solana", 3)])
    lake.sweep()
    assert lake.prices() == {"bitcoin": 1, "solana": 3}
    lake.s3.delete_object(Bucket=lake.bucket, Key=Partition(lake.s3, lake.bucket, DAY).key)
    lake.sweep()
    assert lake.prices() == {"solana": 3}


def test_a_release_that_reads_fewer_days_from_a_file_comes_to_rest(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.put("raw/two.json", [coin("bitcoin", 1), coin("bitcoin", 2, "2026-02-26T10:00:00Z")])
    lake.put("raw/2026-02-26.json", [coin("solana", 9, "2026-02-26T10:00:00Z")])
    lake.sweep()
    clean = processing.clean

    def only_the_first_day(*arguments: Any, **options: Any) -> Any:
        cleaned = clean(*arguments, **options)
        if len(cleaned.days) > 1:
            del cleaned.days[date(2026, 2, 26)]
        return cleaned

    monkeypatch.setattr(processing, "clean", only_the_first_day)
    lake.put("raw/2026-02-26.json", [coin("solana", 8, "2026-02-26T10:00:00Z")])
    lake.sweep()
    lake.sweep()
    assert lake.find() == []
    assert (lake.prices(), lake.prices(date(2026, 2, 26))) == ({"bitcoin": 1}, {"solana": 8})


def test_a_day_whose_columns_had_another_type_is_made_anew(lake: Lake) -> None:
    lake.put("raw/a_2026-02-25.json", [coin("bitcoin", 1, total_supply=21e6)])
    lake.sweep()
    partition = Partition(lake.s3, lake.bucket, DAY)
    stored = partition.read()
    assert stored
    position = stored.table.column_names.index("total_supply")
    older = stored.table.set_column(position, "total_supply", stored.table["total_supply"].cast("string"))
    body = io.BytesIO()
    pq.write_table(older, body)
    lake.put(partition.key, body.getvalue())
    lake.put("raw/b_2026-02-25.json", [coin("solana", 2)])
    lake.sweep()
    assert {coin_id: row["total_supply"] for coin_id, row in lake.rows().items()} == {
        "bitcoin": 21e6,
        "solana": None,
    }


@pytest.mark.clock
def test_the_same_bytes_are_looked_at_again_when_they_are_put_later(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.put("raw/2026-02-25.json", b"<html>")
    lake.sweep()
    assert lake.find() == []
    time.sleep(1.1)  # S3 tells the times of objects in whole seconds
    lake.put("raw/2026-02-25.json", b"<html>")
    assert len(lake.find()) == 1, "its date may have been in the future, or another release is running"


def test_a_slow_run_does_not_put_an_older_version_back(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.put("raw/2026-02-25.json", [coin("bitcoin", 1)])
    [older] = lake.find()
    clean = processing.clean

    def overtaken(*arguments: Any, **options: Any) -> Any:
        cleaned = clean(*arguments, **options)
        with monkeypatch.context() as patch:
            patch.setattr(processing, "clean", clean)
            time.sleep(1)  # S3 tells the times of objects in whole seconds
            lake.put("raw/2026-02-25.json", [coin("bitcoin", 2)])
            lake.sweep()
        return cleaned

    with monkeypatch.context() as patch:
        patch.setattr(processing, "clean", overtaken)
        lake.process(older)
    assert lake.prices() == {"bitcoin": 2}
    assert lake.find() == []


def test_an_object_that_changed_since_it_was_listed_is_left_to_the_next_run(lake: Lake) -> None:
    lake.put("raw/2026-02-25.json", [coin("bitcoin", 1)])
    lake.put("raw/deleted_2026-02-25.json", [coin("bitcoin", 5)])
    found = lake.find()
    lake.put("raw/2026-02-25.json", [coin("bitcoin", 2)])
    lake.s3.delete_object(Bucket=lake.bucket, Key="raw/deleted_2026-02-25.json")
    assert {outcome.status for outcome in lake.process(*found)} == {"gone"}
    assert lake.keys("processed/") == []
    lake.sweep()
    assert lake.prices() == {"bitcoin": 2}


def test_a_new_column_appears_beside_the_old_ones(lake: Lake) -> None:
    lake.put("raw/a_2026-02-25.json", [coin("bitcoin", 1)])
    lake.sweep()
    lake.put("raw/b_2026-02-25.json", [coin("aave", 1, tvl=12.5)])
    outcome = lake.sweep()["raw/b_2026-02-25.json"]
    assert {coin_id: row["tvl"] for coin_id, row in lake.rows().items()} == {"aave": "12.5", "bitcoin": None}
    assert "tvl" in outcome.columns


@pytest.mark.parametrize(
    "key",
    [
        *("raw/a b_2026-02-25.json", "raw/Preise für 2026-02-25 – 最新.json"),
        *('raw/it\'s 100%/"x"+&=/2026-02-25', "raw/'; DROP TABLE processed_crypto; -- 2026-02-25"),
        *("raw/{{ 7 * 7 }}{% raw %} 2026-02-25", "raw/$(touch x)`id`|&\\ 2026-02-25.csv"),
        *(
            "raw/a\nERROR forged\r\n\t2026-02-25",
            "raw/\x01\x1b[31m\x7f 2026-02-25",
            "raw/…/%2e%2e%2f 2026-02-25",
        ),
        "raw/2026-02-25/" + "/".join(["long" * 60] * 4),
    ],
    ids=range(10),
)
@pytest.mark.clock
def test_a_key_is_a_name_and_nothing_else(lake: Lake, key: str) -> None:
    lake.put(key, [coin("bitcoin", 1), coin("bad", 0)])
    lake.put(key + ".bad", b"\x00")
    assert {outcome.status for outcome in lake.sweep().values()} == {"processed", "rejected"}
    assert set(lake.sources()) == {key}
    assert lake.rows()["bitcoin"]["source_file"] == key
    assert lake.find() == []
    assert [outcome.status for outcome in lake.sweep(reprocess=key).values()] == ["processed", "rejected"]
    for refusal in lake.keys("rejected/"):
        assert re.fullmatch(r"rejected/raw/[\w.-]+/[0-9a-f]{32}/[a-z.-]+", refusal, re.ASCII)
    made = {k.split("/")[0] for k in lake.keys("")}
    assert made == {"raw", "processed", "rejected", "manifests"}


def test_somebody_elses_file_in_processed_is_named_with_the_remedy(lake: Lake) -> None:
    lake.put(Partition(lake.s3, lake.bucket, DAY).key, b"not Parquet")
    with pytest.raises(PartitionError, match=r"day=25/data\.parquet was not written by this pipeline"):
        lake.find()


def test_a_runs_list_is_kept_for_its_rerun(lake: Lake) -> None:
    lake.put("raw/2026-02-25.json", [coin("bitcoin", 1)])
    kept = arrivals.freeze(lake.s3, lake.bucket, "manual__1+2:3", lake.find())
    lake.sweep()
    lake.put("raw/2026-02-26.json", [coin("bitcoin", 1)])
    assert arrivals.kept(lake.s3, lake.bucket, "manual__1+2:3") == kept
    assert arrivals.freeze(lake.s3, lake.bucket, "manual__1+2:3", lake.find()) == kept
    assert arrivals.kept(lake.s3, lake.bucket, "another") is None


def test_an_object_is_a_task_until_there_are_too_many_of_them(lake: Lake) -> None:
    def batches(count: int) -> list[int]:
        found = [
            arrivals.Arrival(f"raw/{number}", "e", "2026-02-25T00:00:00+00:00") for number in range(count)
        ]
        frozen = arrivals.freeze(lake.s3, lake.bucket, f"run-of-{count}", found)
        assert list(itertools.chain(*frozen)) == found
        return list(map(len, frozen))

    assert batches(0) == []
    assert batches(3) == [1, 1, 1]
    assert batches(20) == [1] * 20
    assert batches(5_000) == [250] * 20
    assert max(batches(50)) == 3
    assert len(batches(50)) <= arrivals.MAX_BATCHES


def test_the_index_only_saves_reading(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in range(1, 6):
        lake.put(f"raw/2026-02-0{day}.json", [coin("bitcoin", day, f"2026-02-0{day}T10:00:00Z")])
    lake.sweep()
    read = Partition.read
    reads: list[date] = []

    def counted(self: Partition) -> Any:
        reads.append(self.day)
        return read(self)

    monkeypatch.setattr(Partition, "read", counted)
    assert lake.find() == []
    assert len(reads) == 5
    reads.clear()
    assert lake.find() == []
    assert reads == [], "what has not changed is not read again"
    lake.put("manifests/on_arrival_index.json", b"[1, 2")
    assert lake.find() == [], "a broken index is made anew"
    assert len(reads) == 5


def test_the_lake_keeps_what_it_does_not_need_in_memory_on_disk(lake: Lake, tmp_path: Path) -> None:
    rows: Iterator[str] = (
        json.dumps(coin(f"coin-{n % 50}", n + 1, 1771977600 + n // 50 * 60)) for n in range(20_000)
    )
    lake.put("raw/many_2026-02-25.jsonl.gz", gzip.compress("\n".join(rows).encode()))
    outcome = lake.sweep()["raw/many_2026-02-25.jsonl.gz"]
    assert (outcome.rows, outcome.kept, outcome.superseded) == (20_000, 50, 19_950)


def test_markers_and_hidden_files_are_passed_over(lake: Lake) -> None:
    own = ["_SUCCESS", ".part-0.csv.crc", ".DS_Store", "_temporary/0/part-0.csv", "sub/_committed_1"]
    for name in own:
        lake.put(f"raw/export_2026-02-25/{name}", b"x")
    lake.put("raw/export_2026-02-25_$folder$", b"")
    lake.put("raw/export_2026-02-25/part-0.csv", b"id,price\nbitcoin,1\n")
    assert set(lake.sweep()) == {"raw/export_2026-02-25/part-0.csv"}
    assert set(lake.sweep(reprocess="raw/")) == {"raw/export_2026-02-25/part-0.csv"}
    assert lake.prices() == {"bitcoin": 1}
    assert lake.keys("rejected/") == []


def test_a_full_table_gets_no_more_columns(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(further, "MAX_TABLE_COLUMNS", 40)
    for number in range(4):
        more = {f"file{number}_{column}": f"{number}.{column}" for column in range(6)}
        lake.put(f"raw/{number}_2026-02-25.json", [coin(f"coin-{number}", number + 1, **more)])
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lake.process, lake.find()))
    rows = lake.rows()
    columns = next(iter(rows.values())).keys()
    assert len(columns) + 3 <= 40
    for number in range(4):
        row = rows[f"coin-{number}"]
        rest = json.loads(row["further_columns"] or "{}")
        found = {**{name: row.get(name) for name in columns}, **rest}
        assert all(found[f"file{number}_{c}"] == f"{number}.{c}" for c in range(6)), "nothing is lost"
    again = set(columns)
    lake.sweep(reprocess="raw/")
    assert set(lake.rows()["coin-1"]) == again, "the same columns after a replay"


def test_the_list_of_columns_begins_with_what_an_older_lake_has(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.put("raw/old_2026-02-24.json", [coin("bitcoin", 1, "2026-02-24T10:00:00Z", old_1="a", old_2="b")])
    lake.sweep()
    lake.s3.delete_object(Bucket=lake.bucket, Key="manifests/on_arrival_columns.json")
    # Room for the two that are there, and one more.
    monkeypatch.setattr(further, "MAX_TABLE_COLUMNS", len(SCHEMA) + 3 + 1 + 3)
    lake.put("raw/new_2026-02-25.json", [coin("solana", 2, new_1="c", new_2="d", old_1="e")])
    lake.sweep()
    row = lake.rows()["solana"]
    assert (row["old_1"], row["new_1"], row["further_columns"]) == ("e", "c", '{"new_2": "d"}')
    listed = json.loads(lake.body("manifests/on_arrival_columns.json"))
    assert listed == ["old_1", "old_2", "new_1"]


@pytest.mark.clock
def test_values_that_were_not_understood_are_in_the_note(lake: Lake) -> None:
    lake.put("raw/2026-02-25.json", [coin("bitcoin", 1, market_cap="lots"), coin("solana", 2, ath_date="?")])
    outcome = lake.sweep()["raw/2026-02-25.json"]
    assert outcome.rejected == {}
    note = lake.note(outcome)
    assert note["emptied_values"] == {
        "market_cap": {"not_a_number": 1},
        "ath_date": {"not_a_time": 1},
    }
    assert note["values"]["read"] == sum(
        note["values"].get(part, 0) for part in ("kept", "emptied", "rejected", "superseded")
    )
    assert outcome.lost == ["ath_date", "market_cap"]
    assert lake.find() == []
