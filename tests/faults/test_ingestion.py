"""What can go wrong between CoinGecko and bronze: after it, a rerun leaves what a quiet night leaves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import structlog
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from botocore.exceptions import ClientError

from lake_provider.coingecko import ingest_markets
from lake_provider.coingecko.ingest_markets import CoinGeckoMarketsToS3Operator
from laptop.coingecko.stand_in import Fault, StandIn, running_stand_in
from tests.faults.conftest import MisbehavingAws, slow_down
from tests.plugins.conftest import Bucket

pytestmark = pytest.mark.clock

DAY = "2026-01-31"
BRONZE = f"bronze/coins_market/dt={DAY}/currency=usd"


def ingest(bucket: Bucket, run_date: str = DAY, *, fetch_again: bool = False) -> dict[str, Any]:
    """Two pages of one day."""
    task = CoinGeckoMarketsToS3Operator(
        task_id="fetch_markets",
        run_date=run_date,
        bucket=bucket.name,
        coins="260",
        currency="usd",
        fetch_again=fetch_again,
        prefix="bronze/coins_market",
        rejected_prefix="rejected/coins_market",
    )
    return task.execute({})


def bodies(bucket: Bucket, result: dict[str, Any]) -> list[bytes]:
    return [bucket.body(key) for key in result["keys"]]


@pytest.fixture
def quiet_night(stand_in: StandIn, bucket: Bucket) -> list[bytes]:
    """The pages of a night without faults, in another bucket."""
    name = f"{bucket.name}-quiet"
    bucket.s3.create_bucket(Bucket=name)
    quiet = Bucket(name, bucket.s3)
    return bodies(quiet, ingest(quiet))


HEALS_WITHIN_THE_TASK = {
    "rate limit, short Retry-After": [Fault("busy", headers={"Retry-After": "7"})],
    "rate limit, long Retry-After": [Fault("busy", headers={"Retry-After": "3600"})],
    "rate limit inside a 200": [Fault("busy_in_200")],
    "500, then fine": [Fault("error", status=500)],
    "HTML of a proxy": [Fault("html", status=502)],
    "no answer": [Fault("drop")],
    "half an answer": [Fault("cut_off")],
    "page 2 is down": [Fault("none"), Fault("error", status=503)],
}


@pytest.mark.parametrize("fault", HEALS_WITHIN_THE_TASK)
def test_what_passes_is_waited_for_and_leaves_no_trace(
    fault: str, stand_in: StandIn, bucket: Bucket, quiet_night: list[bytes], waits: list[float]
) -> None:
    stand_in.misbehave(*HEALS_WITHIN_THE_TASK[fault])
    with structlog.testing.capture_logs() as logs:
        result = ingest(bucket)
    assert bodies(bucket, result) == quiet_night
    assert bucket.listing() == result["keys"]
    [waited] = waits
    asked = HEALS_WITHIN_THE_TASK[fault][0].headers.get("Retry-After")
    assert waited == min(int(asked), 120) if asked else 5 <= waited <= 10
    assert f"Waiting {waited:.0f} s before attempt 2 of 5" in "".join(
        line["event"] % line.get("positional_args", ()) for line in logs
    )


FAILS_THE_TASK = {
    "down for longer than the task waits": ([Fault("error", status=503)] * 5, "(status 503): Something went"),
    "an error object with status 200": (
        [Fault("body", message='{"error": "not now"}')],
        "(status 200): not now",
    ),
    "HTML with status 200": ([Fault("html")], "is not JSON"),
    "JSON that ends in the middle": ([Fault("truncated_json")], "is not JSON"),
    "an empty list": ([Fault("body", message="[]")], "the body is an empty array: no coin at all"),
    "page 2 is no page": ([Fault("none"), Fault("html")], "refused page 2"),
}


@pytest.mark.parametrize("fault", FAILS_THE_TASK)
def test_what_does_not_pass_writes_nothing_and_airflows_retry_heals_it(
    fault: str, stand_in: StandIn, bucket: Bucket, quiet_night: list[bytes]
) -> None:
    faults, message = FAILS_THE_TASK[fault]
    stand_in.misbehave(*faults)
    with pytest.raises(AirflowException) as failure:
        ingest(bucket)
    assert not isinstance(failure.value, AirflowFailException)  # Airflow tries again
    assert message in str(failure.value)
    [kept] = bucket.listing()  # the answer, for the audit
    assert str(failure.value).endswith(f"The response is kept in s3://{bucket.name}/{kept}")
    assert kept.startswith("rejected/coins_market/")

    result = ingest(bucket)
    assert bodies(bucket, result) == quiet_night
    assert bucket.listing("bronze/") == result["keys"]


def test_an_api_that_is_not_there_is_named_with_what_to_check(
    connect: Any, waits: list[float], bucket: Bucket, misbehaving: MisbehavingAws
) -> None:
    connect("http://127.0.0.1:9", extra={"time_travel": True})
    with pytest.raises(AirflowException, match=r"gave no answer in 5 attempts, .*whether that server is up"):
        ingest(bucket)
    assert len(waits) == 4
    assert bucket.listing() == []


# S3


def test_a_slow_s3_is_waited_for(
    stand_in: StandIn, bucket: Bucket, quiet_night: list[bytes], misbehaving: MisbehavingAws
) -> None:
    misbehaving.on_put("page-0002", *[slow_down()] * 3)
    misbehaving.on_put("page-0001", slow_down())
    result = ingest(bucket)
    assert bodies(bucket, result) == quiet_night
    assert bucket.listing() == result["keys"]
    assert len(misbehaving.waits) == 4


def test_an_s3_that_stays_slow_between_two_pages_leaves_half_an_ingestion_that_nobody_takes_for_a_day(
    stand_in: StandIn, connect: Any, bucket: Bucket, quiet_night: list[bytes], misbehaving: MisbehavingAws
) -> None:
    misbehaving.on_put("page-0001", *[slow_down()] * 5)
    with pytest.raises(ClientError, match=r"\(SlowDown\) .*: Please reduce your request rate"):
        ingest(bucket)
    [half] = bucket.listing()
    assert half == f"{BRONZE}/ingested_at=20260131T020000Z/source=synthetic/page-0002.json"

    connect(stand_in.url)  # the day is past, and cannot be fetched again
    with pytest.raises(AirflowFailException, match=r"has no whole ingestion .*only page-0002.json is there"):
        ingest(bucket)

    connect(stand_in.url, extra={"time_travel": True})  # what Airflow's retry does within the day
    result = ingest(bucket)
    assert result["ingested_at"] == "20260131T020001Z"
    assert bodies(bucket, result) == quiet_night
    connect(stand_in.url)
    assert ingest(bucket) == result | {"api_calls": 0, "reused": True}


@pytest.mark.parametrize("page", ["page-0002", "page-0001"])
def test_a_page_that_s3_stored_without_saying_so_is_never_overwritten(
    page: str, stand_in: StandIn, bucket: Bucket, quiet_night: list[bytes], misbehaving: MisbehavingAws
) -> None:
    misbehaving.on_put(page, slow_down(served=True))
    if page == "page-0001":
        with pytest.raises(AirflowException, match="S3 stored the page and did not say so, or somebody"):
            ingest(bucket)
    result = ingest(bucket, fetch_again=True)
    assert bodies(bucket, result) == quiet_night
    assert result["ingested_at"] == "20260131T020001Z"  # beside the first, whose keys are taken
    assert [bucket.body(key) for key in bucket.listing("bronze/")] in (
        [quiet_night[1], *quiet_night],  # half an ingestion, and the whole one
        [*quiet_night, *quiet_night],
    )


# Midnight


def around_midnight(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    monkeypatch.setattr(ingest_markets, "utc_now", lambda: moment)


def test_a_second_before_midnight_is_still_that_day(
    connect: Any, waits: list[float], bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    around_midnight(monkeypatch, f"{DAY}T23:59:59")
    with running_stand_in("demo", now=lambda: ingest_markets.utc_now()) as running:
        connect(running.url)
        assert ingest(bucket)["ingested_at"] == "20260131T235959Z"
        # A second ingestion in the day's last second has no second of that day left: it follows all the same.
        assert ingest(bucket)["ingested_at"] == "20260201T000000Z"
    assert {key.split("/")[2] for key in bucket.listing()} == {f"dt={DAY}"}


def test_midnight_between_the_two_pages_and_the_retry_after_it(
    connect: Any, waits: list[float], bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    around_midnight(monkeypatch, f"{DAY}T02:00:00")
    with running_stand_in("demo", now=lambda: ingest_markets.utc_now()) as running:
        connect(running.url)
        morning = ingest(bucket)
        around_midnight(monkeypatch, f"{DAY}T23:59:58")
        after = {"Date": "Sun, 01 Feb 2026 00:00:01 GMT"}
        running.misbehave(Fault("none"), Fault("none", headers=after))
        with pytest.raises(
            AirflowException, match=r"page=2 answered at 2026-02-01 00:00:01 UTC, which is not"
        ):
            ingest(bucket)
        assert bucket.listing() == morning["keys"]

        around_midnight(monkeypatch, "2026-02-01T00:00:31")  # Airflow's retry: the day is over
        assert ingest(bucket) == morning | {"api_calls": 0, "reused": True}
        with pytest.raises(
            AirflowFailException, match="is empty, and the market snapshot of 2026-01-30 cannot"
        ):
            ingest(bucket, run_date="2026-01-30")
        assert ingest(bucket, run_date="2026-02-01")["ingested_at"] == "20260201T000031Z"
