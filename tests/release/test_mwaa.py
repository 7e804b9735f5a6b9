"""Bringing an MWAA environment to new plugins, against botocore's stub, which checks the shapes alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from release import deployment
from release.errors import ReleaseError
from release.mwaa import Environment
from tests.release.conftest import Deployed, contents, package

pytestmark = pytest.mark.clock

VERSIONS = {"plugins.zip": "plugins-2", "requirements.txt": "requirements-1"}
BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
AFTER = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def mwaa() -> Iterator[Stubber]:
    client = boto3.client(
        "mwaa", region_name="us-east-1", aws_access_key_id="local", aws_secret_access_key="local"
    )
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


def of(mwaa: Stubber) -> Environment:
    return Environment(mwaa.client, "crypto-lake-dev", lambda _: None, poll_interval=0)


def answers(mwaa: Stubber, status: str, plugins: str | None = None, **update: Any) -> None:
    """One answer of GetEnvironment."""
    described = {"Name": "crypto-lake-dev", "Status": status}
    if plugins:
        described |= {
            "PluginsS3Path": "plugins.zip",
            "PluginsS3ObjectVersion": plugins,
            "RequirementsS3Path": "requirements.txt",
            "RequirementsS3ObjectVersion": VERSIONS["requirements.txt"],
        }
    if update:
        described["LastUpdate"] = update
    mwaa.add_response("get_environment", {"Environment": described}, {"Name": "crypto-lake-dev"})


def expects_update(mwaa: Stubber, versions: dict[str, str]) -> None:
    mwaa.add_response(
        "update_environment",
        {"Arn": "arn:aws:airflow:us-east-1:123456789012:environment/crypto-lake-dev"},
        {
            "Name": "crypto-lake-dev",
            "PluginsS3Path": "plugins.zip",
            "PluginsS3ObjectVersion": versions["plugins.zip"],
            "RequirementsS3Path": "requirements.txt",
            "RequirementsS3ObjectVersion": versions["requirements.txt"],
            "WorkerReplacementStrategy": "FORCED",
        },
    )


def test_an_environment_that_has_the_plugins_already_is_left_alone(mwaa: Stubber) -> None:
    answers(mwaa, "AVAILABLE", "plugins-2")
    of(mwaa).bring_to(VERSIONS, lambda: None)


def test_new_plugins_are_taken_and_the_end_is_waited_for(mwaa: Stubber) -> None:
    answers(mwaa, "AVAILABLE", "plugins-1", Status="SUCCESS", CreatedAt=BEFORE)
    expects_update(mwaa, VERSIONS)
    answers(mwaa, "AVAILABLE", "plugins-1", Status="SUCCESS", CreatedAt=BEFORE)  # not begun yet
    answers(mwaa, "UPDATING", "plugins-1", Status="PENDING", CreatedAt=AFTER)
    answers(mwaa, "AVAILABLE", "plugins-2", Status="SUCCESS", CreatedAt=AFTER)
    looked: list[int] = []
    of(mwaa).bring_to(VERSIONS, lambda: looked.append(1))
    assert len(looked) == 2


def test_an_environment_that_terraform_has_just_made_gets_its_first_plugins(mwaa: Stubber) -> None:
    answers(mwaa, "CREATING")
    answers(mwaa, "AVAILABLE")
    expects_update(mwaa, VERSIONS)
    answers(mwaa, "AVAILABLE", "plugins-2", Status="SUCCESS", CreatedAt=AFTER)
    of(mwaa).bring_to(VERSIONS, lambda: None)


@pytest.mark.parametrize(
    "early",
    [
        pytest.param({}, id="no update is shown yet"),
        pytest.param({"Status": "SUCCESS", "CreatedAt": BEFORE}, id="the update before is shown"),
        pytest.param({"Status": "PENDING", "CreatedAt": AFTER}, id="the update is pending"),
    ],
)
def test_new_versions_alone_are_not_the_end_of_an_update(mwaa: Stubber, early: dict[str, Any]) -> None:
    answers(mwaa, "AVAILABLE", "plugins-1", Status="SUCCESS", CreatedAt=BEFORE)
    expects_update(mwaa, VERSIONS)
    answers(mwaa, "AVAILABLE", "plugins-2", **early)  # not UPDATING yet
    answers(mwaa, "UPDATING", "plugins-2", Status="PENDING", CreatedAt=AFTER)
    answers(mwaa, "AVAILABLE", "plugins-2", Status="SUCCESS", CreatedAt=AFTER)
    of(mwaa).bring_to(VERSIONS, lambda: None)


def test_the_failure_of_an_earlier_update_is_not_taken_for_this_one(mwaa: Stubber) -> None:
    failed = {"Status": "FAILED", "Error": {"ErrorCode": "INCORRECT_CONFIGURATION", "ErrorMessage": "pip"}}
    answers(mwaa, "UPDATE_FAILED", "plugins-1", **failed, CreatedAt=BEFORE)
    expects_update(mwaa, VERSIONS)
    answers(mwaa, "UPDATE_FAILED", "plugins-1", **failed, CreatedAt=BEFORE)  # not begun yet
    answers(mwaa, "AVAILABLE", "plugins-2", Status="SUCCESS", CreatedAt=AFTER)
    of(mwaa).bring_to(VERSIONS, lambda: None)


def test_an_update_that_mwaa_gives_up_fails_with_its_reason(mwaa: Stubber) -> None:
    failed = {"Status": "FAILED", "Error": {"ErrorCode": "INCORRECT_CONFIGURATION", "ErrorMessage": "pip"}}
    answers(mwaa, "AVAILABLE", "plugins-1", **failed, CreatedAt=BEFORE)  # an earlier one
    expects_update(mwaa, VERSIONS)
    answers(mwaa, "ROLLING_BACK", "plugins-1", Status="PENDING", CreatedAt=AFTER)
    answers(mwaa, "AVAILABLE", "plugins-1", **failed, CreatedAt=AFTER)
    with pytest.raises(ReleaseError, match="its last update ended FAILED: INCORRECT_CONFIGURATION: pip"):
        of(mwaa).bring_to(VERSIONS, lambda: None)


def test_an_environment_that_does_not_exist_is_named(mwaa: Stubber) -> None:
    mwaa.add_client_error("get_environment", "ResourceNotFoundException")
    with pytest.raises(ReleaseError, match="crypto-lake-dev does not exist"):
        of(mwaa).needs(VERSIONS)


def test_a_bucket_without_versions_is_refused(mwaa: Stubber) -> None:
    with pytest.raises(ReleaseError, match=r"plugins\.zip has no S3 version: switch versioning on"):
        of(mwaa).bring_to(VERSIONS | {"plugins.zip": None}, lambda: None)


def test_an_environment_with_plugins_of_somebody_else_is_not_touched(mwaa: Stubber) -> None:
    theirs = {"Name": "crypto-lake-dev", "Status": "AVAILABLE", "PluginsS3Path": "theirs/plugins.zip"}
    mwaa.add_response("get_environment", {"Environment": theirs}, {"Name": "crypto-lake-dev"})
    with pytest.raises(
        ReleaseError, match=r"runs with theirs/plugins\.zip, which a deployment would replace"
    ):
        of(mwaa).needs(VERSIONS)


@pytest.mark.usefixtures("aws")
def test_where_mwaa_refuses_the_plugins_no_dag_and_no_page_changes(
    environment: Deployed, mwaa: Stubber
) -> None:
    environment.deploy(package())
    target = replace(environment.target, mwaa=of(mwaa))
    answers(mwaa, "AVAILABLE", "plugins-1")
    answers(mwaa, "UNAVAILABLE")
    new = package(dag="2", page="2", glue="2", plugins="2")
    with pytest.raises(ReleaseError, match="crypto-lake-dev is UNAVAILABLE"):
        deployment.deploy(new, target)
    waiting = {"plugins.zip": contents(new)["plugins.zip"]}
    assert environment.objects() == contents(package()) | waiting
