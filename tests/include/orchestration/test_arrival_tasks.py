"""A run's tasks on a real S3: one failing object among others, the sum, the alert."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import boto3
import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from include.crypto_lake.on_arrival import processing
from include.crypto_lake.on_arrival.partitions import Partition
from include.orchestration import arrival_tasks

pytestmark = pytest.mark.clock

RUN = "manual__1"


def put(bucket: str, day: str, body: bytes | None = None) -> str:
    rows = [{"id": "bitcoin", "price": 1}, {"id": "no-price"}]
    key = f"raw/prices_{day}.json"
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=body or json.dumps(rows).encode())
    return key


def processed(bucket: str, count: int) -> list[list[dict[str, Any]]]:
    return [arrival_tasks.process(number, RUN, bucket, "", "usd") for number in range(count)]


def test_a_run_sums_up_and_one_alert_names_all_that_was_refused(bucket: str, inbox: Any) -> None:
    put(bucket, "2026-02-25")
    poison = put(bucket, "2026-02-26", b"\x00\x01")
    found = arrival_tasks.find(RUN, bucket, "")
    assert [one["number"] for one in found] == [0, 1]
    assert arrival_tasks.report(processed(bucket, 2), RUN, bucket) == {
        "files": {"processed": 1, "rejected": 1, "gone": 0},
        "rows": {"read": 2, "kept": 1, "rejected": 1, "superseded": 0, "differing": 0, "moved": 0},
        "values": {"read": 1, "emptied": 0},
        "emptied": {},
    }
    [message] = inbox()
    assert message["Subject"] == "1 files and 1 rows refused below raw/"
    for part in (
        RUN,
        poison,
        "file-note.json",
        "raw/prices_2026-02-25.json",
        "1 rows no_price",
        "rows-note.json",
        f"/dags/crypto_prices_on_arrival/runs/{RUN}",
        'docs/operations.md, section "process_arrivals"',
    ):
        assert part in message["Message"]


def test_nothing_refused_is_no_alert(bucket: str, inbox: Any) -> None:
    put(bucket, "2026-02-25", b'[{"id": "bitcoin", "price": 1}]')
    arrival_tasks.find(RUN, bucket, "")
    arrival_tasks.report(processed(bucket, 1), RUN, bucket)
    assert inbox() == []


def test_an_object_that_fails_does_not_hold_up_its_batch_and_fails_the_run(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrival_tasks.arrivals, "MAX_BATCHES", 1)
    for day in ("2026-02-25", "2026-02-26", "2026-02-27"):
        put(bucket, day)
    [batch] = arrival_tasks.find(RUN, bucket, "")
    assert batch["label"] == "raw/prices_2026-02-25.json and 2 more"
    read = Partition.read

    def breaks(self: Partition) -> Any:
        if self.day.day == 26:
            raise OSError("no route to S3")
        return read(self)

    with monkeypatch.context() as patch:
        patch.setattr(Partition, "read", breaks)
        with pytest.raises(AirflowException, match=r"1 of 3 .*2026-02-26.json: OSError: no route to S3"):
            processed(bucket, 1)
    keys = boto3.client("s3").list_objects_v2(Bucket=bucket, Prefix="processed/")["Contents"]
    assert ["day=26" in entry["Key"] for entry in keys] == [False, False]
    with pytest.raises(AirflowFailException, match=r"3 of 3 objects were not dealt with"):
        arrival_tasks.report([], RUN, bucket)
    outcomes = processed(bucket, 1)
    assert arrival_tasks.report(outcomes, RUN, bucket)["files"]["processed"] == 3


def test_a_day_that_others_keep_writing_is_given_up_with_the_remedy(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(bucket, "2026-02-25")
    arrival_tasks.find(RUN, bucket, "")
    monkeypatch.setattr(Partition, "write", lambda *_, **__: None)
    monkeypatch.setattr(processing, "_LONGEST_PAUSE", 0)
    with pytest.raises(AirflowException, match=r"day=25/data.parquet was written by others .* clear this"):
        processed(bucket, 1)


def test_a_cleared_run_keeps_to_its_list(bucket: str) -> None:
    put(bucket, "2026-02-25")
    first = arrival_tasks.find(RUN, bucket, "")
    processed(bucket, 1)
    put(bucket, "2026-02-26")
    assert arrival_tasks.find(RUN, bucket, "") == first
    assert [one["label"] for one in arrival_tasks.find("another", bucket, "")] == [
        "raw/prices_2026-02-26.json"
    ]
    assert arrival_tasks.find("replay", bucket, "raw/")[0]["label"] == "raw/prices_2026-02-25.json"


def test_a_missing_bucket_is_named_with_the_remedy(bucket: str) -> None:
    with pytest.raises(AirflowFailException, match=r"'no-such-bucket' does not exist.*'crypto_lake'"):
        arrival_tasks.find(RUN, "no-such-bucket", "")


def test_an_alert_stays_short_however_many_files_are_refused(bucket: str, inbox: Any) -> None:
    outcomes = [
        {"key": f"raw/{n}", "status": "rejected", "message": "x", "note": "s3://note", "rejected": {}}
        | {"rows": 0, "kept": 0, "superseded": 0}
        for n in range(1000)
    ]
    with pytest.raises(AirflowFailException, match=r"is missing: clear find_arrivals"):
        arrival_tasks.report([outcomes], RUN, bucket)
    [message] = inbox()
    assert "and 980 more" in message["Message"]
    assert len(message["Message"]) < 5_000
    assert message["Message"].endswith('What to do: docs/operations.md, section "process_arrivals".')


def test_a_label_fits_airflows_column_and_is_printable(bucket: str) -> None:
    put(bucket, "2026-02-25")
    [arrival] = arrival_tasks.arrivals.find(boto3.client("s3"), bucket)
    long = dataclasses.replace(arrival, key="raw/" + "x" * 900 + "\x00\n/prices_2026-02-25.json")
    label = arrival_tasks._batch_label([long] * 50)
    assert len(label) <= 250
    assert label.isprintable()
    assert label.endswith("/prices_2026-02-25.json and 49 more")


def test_the_catalog_is_told_of_every_day_even_of_a_task_that_died(bucket: str) -> None:
    put(bucket, "2026-02-25")
    put(bucket, "2026-02-26")
    arrival_tasks.find(RUN, bucket, "")
    outcomes = processed(bucket, 2)
    assert json.loads(arrival_tasks.output_partitions(bucket)) == [["2026", "02", "25"], ["2026", "02", "26"]]
    assert {"coin_id", "current_price"} <= set(json.loads(arrival_tasks.output_columns(outcomes[:1])))


def test_a_file_that_fails_three_times_is_refused_and_the_others_go_on(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison = put(bucket, "2026-02-25")
    put(bucket, "2026-02-26")
    clean = processing.clean

    def breaks(body: Any, source: Any, **options: Any) -> Any:
        if source.key == poison:
            raise ZeroDivisionError("never seen before")
        return clean(body, source, **options)

    monkeypatch.setattr(processing, "clean", breaks)
    for attempt in (1, 2, 3):
        run = f"scheduled__{attempt}"
        found = arrival_tasks.find(run, bucket, "")
        assert found[0]["label"] == poison
        with pytest.raises(AirflowException, match=r"1 of 1 objects failed.*ZeroDivisionError"):
            arrival_tasks.process(0, run, bucket, "", "usd")
        for other in found[1:]:
            assert arrival_tasks.process(other["number"], run, bucket, "", "usd")[0]["status"] == "processed"
    assert [one["label"] for one in arrival_tasks.find("fourth", bucket, "")] == [poison]
    [outcome] = arrival_tasks.process(0, "fourth", bucket, "", "usd")
    assert (outcome["status"], outcome["note"] is not None) == ("rejected", True)
    assert "failed 3 times" in outcome["message"]
    assert arrival_tasks.find("fifth", bucket, "") == []
    # The remedy: a new release, and a replay.
    monkeypatch.setattr(processing, "clean", clean)
    arrival_tasks.find("replay", bucket, poison)
    assert arrival_tasks.process(0, "replay", bucket, poison, "usd")[0]["status"] == "processed"
    listed = boto3.client("s3").list_objects_v2(Bucket=bucket, Prefix="rejected/")["Contents"]
    assert not [entry["Key"] for entry in listed if "failure" in entry["Key"] or "file-note" in entry["Key"]]


def test_a_process_that_is_killed_counts_as_a_failure(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put(bucket, "2026-02-25")
    arrival_tasks.find(RUN, bucket, "")

    def killed(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt  # nothing after it runs

    with monkeypatch.context() as patch:
        patch.setattr(processing, "clean", killed)
        for attempt in (2, 3, 4):
            with pytest.raises(KeyboardInterrupt):
                arrival_tasks.process(0, RUN, bucket, "", "usd", attempt)
    [outcome] = arrival_tasks.process(0, RUN, bucket, "", "usd", 5)
    assert outcome["status"] == "rejected"


def test_a_column_that_is_lost_and_a_day_that_is_not_the_names_are_told(bucket: str, inbox: Any) -> None:
    rows = [{"id": "bitcoin", "price": 1, "market_cap": "lots", "last_updated": "2026-02-20"}]
    put(bucket, "2026-02-25", json.dumps(rows).encode())
    arrival_tasks.find(RUN, bucket, "")
    arrival_tasks.report(processed(bucket, 1), RUN, bucket)
    [message] = inbox()
    assert "1 values of market_cap not_a_number" in message["Message"]
    assert "1 rows are of another day than the one in the file's name" in message["Message"]


def test_a_refused_file_has_a_label_with_its_key_once_and_the_reason(bucket: str) -> None:
    key = f"raw/{'x' * 300}\x00/poison_2026-02-25.json"
    outcome = {"key": key, "status": "rejected", "message": f"{key}: it is an image" + "!" * 300}
    label = arrival_tasks.refusal([outcome, outcome])
    assert label is not None
    assert label.startswith("refused: …")
    assert "/poison_2026-02-25.json and 1 more: it is an image!" in label
    assert len(label) <= 250
    assert label.isprintable()
    assert arrival_tasks.refusal([outcome, outcome | {"status": "processed"}]) is None
    assert arrival_tasks.refusal([]) is None
