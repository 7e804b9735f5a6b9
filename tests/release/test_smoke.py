"""The run of `make smoke` where it does not go well, and its way through MWAA's API.

How it goes well is tested with a real Airflow in tests/package.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from release.__main__ import main
from release.errors import ReleaseError
from release.smoke import find_balance, look_at_layers, mwaa_rest, run_daily, wait_for_dags
from tests.release.conftest import Deployed, package

pytestmark = pytest.mark.clock


@pytest.fixture
def mwaa() -> Iterator[Stubber]:
    client = boto3.client(
        "mwaa", region_name="us-east-1", aws_access_key_id="local", aws_secret_access_key="local"
    )
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


def airflow(run: str = "success", paused: bool = False, errors: tuple[dict[str, str], ...] = ()) -> Any:
    """An Airflow whose run of the daily DAG ends like this."""

    def answer(method: str, path: str, body: Any = None) -> Any:
        assert len(f"/{path}") <= 64, f"MWAA takes no path as long as {path}"
        match path.split("/"):
            case ["importErrors"]:
                return {"import_errors": list(errors)}
            case ["dags", "crypto_market_daily"]:
                return {"is_paused": paused}
            case [*_, "taskInstances"]:
                states = {"fetch_markets": "success", "bronze_to_silver": "failed"}
                return {"task_instances": [{"task_id": k, "state": v} for k, v in states.items()]}
            case ["dags", "crypto_market_daily", "dagRuns", _]:
                return {"state": run}
        return {}

    return answer


def test_a_dag_file_that_cannot_be_imported_is_named() -> None:
    error = {"filename": "dags/crypto_market_daily.py", "stack_trace": "No module named 'lake_provider'\n"}
    with pytest.raises(ReleaseError, match=r"dags/crypto_market_daily\.py: No module named 'lake_provider'"):
        run_daily(airflow(errors=(error,)), "http://127.0.0.1:9", print)


def test_a_failed_run_names_its_failed_tasks() -> None:
    with pytest.raises(ReleaseError, match=r"run smoke_\d+: failed; failed: bronze_to_silver"):
        run_daily(airflow(run="failed"), "http://127.0.0.1:9", print)


def test_a_dashboard_that_does_not_answer_is_named() -> None:
    with pytest.raises(
        ReleaseError, match=r"http://127.0.0.1:9/data/top10_cryptos.json could not be fetched"
    ):
        run_daily(airflow(), "http://127.0.0.1:9", print)


def test_requests_go_through_mwaa(mwaa: Stubber) -> None:
    mwaa.add_response(
        "invoke_rest_api",
        {"RestApiStatusCode": 200, "RestApiResponse": {"is_paused": False}},
        {"Name": "crypto-lake-dev", "Method": "GET", "Path": "/dags/crypto_market_daily"},
    )
    rest = mwaa_rest(mwaa.client, "crypto-lake-dev")
    assert rest("GET", "dags/crypto_market_daily") == {"is_paused": False}


def test_what_airflow_refuses_is_told(mwaa: Stubber) -> None:
    refusal = {"RestApiStatusCode": 404, "RestApiResponse": {"detail": "The DAG was not found"}}
    mwaa.add_client_error("invoke_rest_api", "RestApiClientException", modeled_fields=refusal)
    with pytest.raises(ReleaseError, match=r"answered GET /dags/x with 404: .*The DAG was not found"):
        mwaa_rest(mwaa.client, "crypto-lake-dev")("GET", "dags/x")


def test_the_command_tells_line_by_line_and_by_its_status(
    environment: Deployed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An environment with buckets and a release, and nothing else."""
    environment.deploy(package())
    outputs = tmp_path / "outputs.json"
    described = {name: {"value": value} for name, value in vars(environment.outputs).items()}
    outputs.write_text(json.dumps(described))
    assert main(["smoke", "--outputs", str(outputs)]) == 1
    printed = capsys.readouterr()
    assert f"✓ bucket {environment.outputs.dags_bucket}\n" in printed.out
    assert "✓ the deployed release is whole\n" in printed.out
    assert "✗ MWAA environment: there is none yet\n    → " in printed.out
    assert "of the checks failed. crypto_market_daily was not run" in printed.err


def test_outputs_that_are_none_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outputs = tmp_path / "outputs.json"
    outputs.write_text("")
    assert main(["plan", "--outputs", str(outputs)]) == 1
    assert "Terraform gave no outputs" in capsys.readouterr().err
    outputs.write_text('{"region": {"value": "us-east-1"}}')
    assert main(["plan", "--outputs", str(outputs)]) == 1
    assert "lack lake_bucket, website_bucket, dags_bucket" in capsys.readouterr().err


def test_the_dag_is_not_run_before_airflow_has_parsed_what_was_deployed() -> None:
    deployed = datetime(2026, 1, 31, 2, tzinfo=UTC)
    parsed = iter([None, "2026-01-31T01:59:50Z", "2026-01-31T02:00:30Z", "2026-01-31T02:02:10Z"])

    def airflow(method: str, path: str, body: Any = None) -> Any:
        if (time := next(parsed)) is None:
            raise ReleaseError("404: the Dag was not found")
        return {"last_parsed_time": time}

    wait_for_dags(airflow, deployed, print, poll_interval=0)
    assert list(parsed) == []


def test_files_that_mwaa_never_takes_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("release.smoke._SYNC_SECONDS", 0)
    deployed = datetime(2026, 1, 31, 2, tzinfo=UTC)
    with pytest.raises(ReleaseError, match="parsed last at 2026-01-31T01:59:50Z"):
        wait_for_dags(lambda *_: {"last_parsed_time": "2026-01-31T01:59:50Z"}, deployed, print)


GROUP = "airflow-crypto-lake-dev-Task"


@pytest.fixture
def task_log(aws: None) -> Iterator[Any]:
    """A function that adds a line to MWAA's log of tasks."""
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    stream = {"logGroupName": GROUP, "logStreamName": "dag_id=crypto_market_daily/attempt=1.log"}
    logs.create_log_stream(**stream)

    def write(message: str, at: datetime) -> None:
        event = {"timestamp": int(at.timestamp() * 1000), "message": message}
        logs.put_log_events(**stream, logEvents=[event])

    yield write
    logs.delete_log_group(logGroupName=GROUP)


def test_the_balance_is_found_in_the_tasks_logs(task_log: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("release.smoke._LOG_SECONDS", 0)
    began, said = datetime.now(UTC), list[str]()
    task_log("balance of dt=2026-01-30: 250 rows in bronze = 250 in silver", began - timedelta(hours=1))
    task_log("Status of AWS Glue job is: RUNNING", began)
    with pytest.raises(ReleaseError, match="no task shows the balance that bronze_to_silver printed"):
        find_balance(boto3.client("logs"), GROUP, began, said.append, poll_interval=0)
    task_log("balance of dt=2026-01-31: 250 rows in bronze = 250 in silver", began + timedelta(seconds=1))
    find_balance(boto3.client("logs"), GROUP, began, said.append)
    assert said == [f"✓ {GROUP} shows the balance that bronze_to_silver printed"]


def test_a_run_has_replaced_its_days_files_and_left_nothing(environment: Deployed) -> None:
    began, lake = datetime.now(UTC), environment.outputs.lake_bucket
    s3, said = boto3.client("s3"), list[str]()

    def look(began: datetime = began) -> None:
        look_at_layers(s3, lake, began, said.append)

    with pytest.raises(ReleaseError, match=rf"silver/coins_market/dt={began.date()}/: there is no file"):
        look()
    for layer in ("silver/coins_market", "gold/coins_market", "gold/market_summary"):
        environment.put("lake", f"{layer}/dt={began.date()}/part-00000.parquet", b"x")
        environment.put("lake", f"{layer}/_SUCCESS", b"{}")
    look()
    assert said == [f"✓ silver and gold of {began.date()} are of this run, and nothing unfinished is left"]

    later = began + timedelta(hours=1)  # of another day, perhaps
    environment.put("lake", f"silver/coins_market/dt={later.date()}/part-00000.parquet", b"x")
    with pytest.raises(ReleaseError, match=r"these are of an earlier run: silver/coins_market/dt="):
        look(later)

    environment.put("lake", "gold/coins_market/__magic_job-1/dt=2026-01-31/part-0.parquet", b"")
    with pytest.raises(ReleaseError, match=r"unfinished files .*: gold/coins_market/__magic_job-1/dt=2026"):
        look()
    s3.delete_object(Bucket=lake, Key="gold/coins_market/__magic_job-1/dt=2026-01-31/part-0.parquet")
    s3.create_multipart_upload(Bucket=lake, Key="silver/coins_market/dt=2026-01-31/part-0.parquet")

    def begun_long_ago(parsed: dict[str, Any], **_: Any) -> None:
        for upload in parsed.get("Uploads", []):
            upload["Initiated"] = datetime(2010, 11, 10, tzinfo=UTC)

    s3.meta.events.register("after-call.s3.ListMultipartUploads", begun_long_ago)
    look()  # an earlier run's is left to S3's own rule
    s3.meta.events.unregister("after-call.s3.ListMultipartUploads", begun_long_ago)
    with pytest.raises(ReleaseError, match=r"upload of silver/coins_market/dt=2026-01-31/part-0\.parquet"):
        look()
