"""Files dropped into the lake with nothing but an S3 client: queue, triggerer and scheduler do the rest."""

from __future__ import annotations

import gzip
import json
import time
import urllib.parse
from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from laptop.lake.deployment import LAKE_BUCKET
from laptop.runner import servers

if TYPE_CHECKING:
    from tests.e2e.conftest import Airflow, Lake

DAG = "crypto_prices_on_arrival"
POISON = "raw/{{ 7 * 7 }}'; $(id) %41\npoison_2026-03-01.json"
"""A file's name is text, wherever it comes: never a template, SQL, a shell's or a URL's."""
TASKS = {"find_arrivals", "process_arrivals", "crawl_processed", "report"}


def rows(day: date, **prices: float) -> list[dict[str, Any]]:
    return [
        {"id": coin, "symbol": coin[:3], "current_price": price, "last_updated": f"{day}T10:00:00.000Z"}
        for coin, price in prices.items()
    ]


def put(key: str, content: Any) -> None:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    boto3.client("s3").put_object(Bucket=LAKE_BUCKET, Key=key, Body=body)


def queue_url() -> str:
    return boto3.client("sqs").get_queue_url(QueueName="crypto-lake-arrivals")["QueueUrl"]


def received(count: int) -> list[dict[str, Any]]:
    answer = boto3.client("sqs").receive_message(
        QueueUrl=queue_url(), MaxNumberOfMessages=count, WaitTimeSeconds=1
    )
    return answer.get("Messages", [])


def until(condition: Callable[[], Any], what: str, seconds: float = 240) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.25)
    raise AssertionError(f"{what}: not within {seconds:.0f} seconds")


class Dropzone:
    """What happens to dropped files, seen from outside."""

    def __init__(self, airflow: Airflow, lake: Lake) -> None:
        self.airflow = airflow
        self.lake = lake

    def prices(self, *days: date) -> dict[str, float]:
        """Through Athena: coin -> price; none while the catalog does not have the days."""
        if not self.in_catalog(*days):
            return {}
        condition = " OR ".join(
            f"(year = '{day:%Y}' AND month = '{day:%m}' AND day = '{day:%d}')" for day in days
        )
        found = self.lake.query(f"SELECT coin_id, current_price FROM processed_crypto WHERE {condition}")
        return {row["coin_id"]: row["current_price"] for row in found}

    def in_catalog(self, *days: date) -> bool:
        glue = boto3.client("glue")
        try:
            there = glue.batch_get_partition(
                DatabaseName="crypto_datalake",
                TableName="processed_crypto",
                PartitionsToGet=[{"Values": day.isoformat().split("-")} for day in days],
            )["Partitions"]
        except glue.exceptions.EntityNotFoundException:
            return False
        return len(there) == len(set(days))

    def runs(self) -> list[dict[str, Any]]:
        """Every run, the newest first."""
        return self.airflow.api("GET", f"dags/{DAG}/dagRuns?order_by=-id&limit=100")["dag_runs"]

    def idle(self) -> list[dict[str, Any]]:
        """Wait until no run is going and the queue is empty; returns all runs."""
        quiet = 0

        def nothing_going_on() -> list[dict[str, Any]]:
            nonlocal quiet
            waiting = boto3.client("sqs").get_queue_attributes(QueueUrl=queue_url(), AttributeNames=["All"])[
                "Attributes"
            ]
            runs = self.runs()
            busy = int(waiting["ApproximateNumberOfMessages"]) or any(
                run["state"] in {"queued", "running"} for run in runs
            )
            quiet = 0 if busy else quiet + 1
            return runs if quiet >= 8 else []

        return until(nothing_going_on, "runs and queue come to rest")

    def notes(self, kind: str = "file-note.json") -> dict[str, dict[str, Any]]:
        """Key of a refused file -> its note."""
        notes = [
            json.loads(self.lake.body(key)) for key in self.lake.keys("rejected/raw/") if key.endswith(kind)
        ]
        return {note["key"]: note for note in notes}


@pytest.fixture(scope="module")
def dropzone(all_of_airflow: Airflow, lake: Lake) -> Dropzone:
    zone = Dropzone(all_of_airflow, lake)
    until(lambda: zone.runs(), "the timer's first sweep")
    zone.idle()
    return zone


pytestmark = pytest.mark.timeout(900)


def test_a_file_is_queryable_with_nobody_starting_anything(dropzone: Dropzone) -> None:
    before = {run["dag_run_id"] for run in dropzone.runs()}
    put("raw/crypto_prices_2026-02-25.json", rows(date(2026, 2, 25), bitcoin=60000, ethereum=3000))
    prices = until(lambda: dropzone.prices(date(2026, 2, 25)), "the day is queryable")
    assert prices == {"bitcoin": 60000, "ethereum": 3000}
    runs = [run for run in dropzone.idle() if run["dag_run_id"] not in before]
    assert {run["state"] for run in runs} == {"success"}
    kinds = [run["run_type"] for run in runs]
    assert kinds.count("asset_triggered") == 1
    assert len(kinds) <= 2, "beside it there may be the timer's, no other"
    tasks = [task for run in runs for task in dropzone.airflow.api.tasks(DAG, run["dag_run_id"])]
    [processed] = [
        task for task in tasks if task["rendered_map_index"] == "raw/crypto_prices_2026-02-25.json"
    ]
    states = {t["task_id"]: t["state"] for t in tasks if t["dag_run_id"] == processed["dag_run_id"]}
    assert states == dict.fromkeys(TASKS, "success")


def test_the_same_file_again_ends_green_and_at_once(dropzone: Dropzone) -> None:
    before = {run["dag_run_id"] for run in dropzone.runs()}
    put("raw/crypto_prices_2026-02-25.json", rows(date(2026, 2, 25), bitcoin=60000, ethereum=3000))
    until(lambda: {run["dag_run_id"] for run in dropzone.runs()} - before, "the message wakes a run")
    run = dropzone.idle()[0]
    assert run["state"] == "success"
    states = {t["task_id"]: t["state"] for t in dropzone.airflow.api.tasks(DAG, run["dag_run_id"])}
    assert states == dict.fromkeys(TASKS, "skipped") | {"find_arrivals": "success"}


def test_a_refused_file_is_a_skipped_task_that_says_why(
    dropzone: Dropzone, alerts: Callable[[], list[str]]
) -> None:
    alerts()
    key = "raw/alone_2026-02-26.json"
    before = {run["dag_run_id"] for run in dropzone.runs()}
    put(key, b"\x89PNG\r\n\x1a\n poison")
    until(lambda: key in dropzone.notes(), "the file is refused")
    runs = [run for run in dropzone.idle() if run["dag_run_id"] not in before]
    assert {run["state"] for run in runs} == {"success"}
    tasks = [task for run in runs for task in dropzone.airflow.api.tasks(DAG, run["dag_run_id"])]
    [refused] = [task for task in tasks if key in (task["rendered_map_index"] or "")]
    assert refused["state"] == "skipped"
    assert refused["rendered_map_index"].startswith(f"refused: {key}: ")
    assert len(refused["rendered_map_index"]) > len(f"refused: {key}: "), "and the reason"
    states = {t["task_id"]: t["state"] for t in tasks if t["dag_run_id"] == refused["dag_run_id"]}
    assert states == dict.fromkeys(TASKS, "success") | {"process_arrivals": "skipped"}
    messages: list[str] = []
    until(lambda: messages.extend(alerts()) or key in "".join(messages), "the alert")
    [line] = [line for line in "\n".join(messages).splitlines() if line.startswith(key)]
    assert line.count(key) == 1


@pytest.mark.thorough
def test_fifty_files_at_once_a_poison_file_among_them(
    dropzone: Dropzone, alerts: Callable[[], list[str]]
) -> None:
    first = date(2026, 3, 1)
    days = [first + timedelta(days=number % 5) for number in range(50)]
    keys = [f"raw/a folder/Preise №{number} {day}.json" for number, day in enumerate(days)]
    for number, (key, day) in enumerate(zip(keys, days, strict=True)):
        content = json.dumps(rows(day, **{f"coin-{number}": number + 1}, common=number + 1)).encode()
        put(key, gzip.compress(content) if number % 2 else content)
    put(POISON, b"\x89PNG\r\n\x1a\n poison")
    put("raw/with bad rows 2026-03-01.csv", b"id,price,tvl\nfrom-csv,12.5,77\n,1,\nno-price,,\n")

    expected = {f"coin-{number}": number + 1.0 for number in range(50)} | {"from-csv": 12.5}

    def all_there() -> bool:
        prices = dropzone.prices(*set(days))
        return prices.keys() >= expected.keys() and {k: prices[k] for k in expected} == expected

    until(all_there, "fifty files are queryable")
    assert {run["state"] for run in dropzone.idle()} == {"success"}

    [note] = [note for key, note in dropzone.notes().items() if key == POISON]
    assert note["reason"] == "unreadable"
    bad_rows = dropzone.notes("rows-note.json")["raw/with bad rows 2026-03-01.csv"]
    assert bad_rows["rejected_rows"] == {"no_coin_id": 1, "no_price": 1}
    # Ten files had a row of `common` for each day, of the same time: the one whose key sorts last wins.
    winners = {day: max(key for key, of in zip(keys, days, strict=True) if of == day) for day in days}
    common = dropzone.lake.query(
        "SELECT price_date, source_file FROM processed_crypto WHERE coin_id = 'common'"
    )
    assert {row["price_date"]: row["source_file"] for row in common} == winners
    tvl = dropzone.lake.query("SELECT coin_id, tvl FROM processed_crypto WHERE tvl IS NOT NULL")
    assert tvl == [{"coin_id": "from-csv", "tvl": "77"}], "a column that is new is in the table"

    messages: list[str] = []
    until(lambda: messages.extend(alerts()) or "poison" in "".join(messages), "the alert")
    alert = next(message for message in messages if "poison" in message)
    assert POISON in alert
    assert "file-note.json" in alert
    assert "with bad rows" in "".join(messages)


@pytest.mark.thorough
def test_a_corrected_file_heals_it(dropzone: Dropzone) -> None:
    put("raw/poison_2026-03-01.json", rows(date(2026, 3, 1), healed=42))
    until(lambda: dropzone.prices(date(2026, 3, 1)).get("healed") == 42, "the corrected file is queryable")
    dropzone.idle()


@pytest.mark.thorough
def test_what_is_no_event_in_the_queue_does_no_harm(dropzone: Dropzone) -> None:
    for body in (
        json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": LAKE_BUCKET}),
        "no JSON",
        json.dumps({"Records": [{"s3": {"object": {"key": urllib.parse.quote_plus("raw/is not there ü")}}}]}),
    ):
        boto3.client("sqs").send_message(QueueUrl=queue_url(), MessageBody=body)
    runs = dropzone.idle()
    assert {run["state"] for run in runs} == {"success"}
    put("raw/after-that_2026-04-01.json", rows(date(2026, 4, 1), bitcoin=1))
    until(lambda: dropzone.prices(date(2026, 4, 1)), "the queue is still watched")
    dropzone.idle()


@pytest.mark.thorough
def test_a_killed_triggerer_and_a_lost_message_lose_nothing(dropzone: Dropzone) -> None:
    airflow = dropzone.airflow
    days = [date(2026, 5, 1) + timedelta(days=number) for number in range(6)]
    for number, day in enumerate(days):
        if number == 2:
            airflow.processes["triggerer"].kill()
            servers.end(airflow.processes["triggerer"])
        put(f"raw/kill/{day}.json", rows(day, bitcoin=number + 1))
    lost = until(lambda: received(1), "a message is in the queue")
    boto3.client("sqs").delete_message(QueueUrl=queue_url(), ReceiptHandle=lost[0]["ReceiptHandle"])
    airflow.processes["triggerer"] = servers.start("triggerer", airflow.environment, airflow.logs)

    expected = [{"price": float(number + 1)} for number in range(6)]

    def all_there() -> bool:
        if not dropzone.in_catalog(*days):
            return False
        found = dropzone.lake.query(
            "SELECT current_price AS price FROM processed_crypto"
            " WHERE year = '2026' AND month = '05' ORDER BY price"
        )
        return found == expected

    until(all_there, "what was put while the triggerer was dead")
    assert {run["state"] for run in dropzone.idle()} == {"success"}


@pytest.mark.thorough
def test_a_run_that_is_cleared_and_a_replay_change_nothing(dropzone: Dropzone) -> None:
    def everything() -> list[dict[str, Any]]:
        return dropzone.lake.query("SELECT * FROM processed_crypto ORDER BY year, month, day, coin_id")

    def mapped(run_id: str) -> list[str]:
        tasks = dropzone.airflow.api.tasks(DAG, run_id)
        return [task["state"] for task in tasks if task["task_id"] == "process_arrivals"]

    before = everything()
    assert len(before) > 50
    api = dropzone.airflow.api
    replay = api("POST", f"dags/{DAG}/dagRuns", {"logical_date": None, "conf": {"reprocess": "raw/kill/"}})
    run_id = replay["dag_run_id"]
    assert api.finished(DAG, run_id) == dict.fromkeys(TASKS, "success")
    assert mapped(run_id) == ["success"] * 6
    assert everything() == before

    cleared = {"dag_run_id": run_id, "dry_run": False, "only_failed": False}
    api("POST", f"dags/{DAG}/clearTaskInstances", cleared)
    assert api.finished(DAG, run_id) == dict.fromkeys(TASKS, "success")
    assert mapped(run_id) == ["success"] * 6, "the same objects are mapped again"
    assert everything() == before
