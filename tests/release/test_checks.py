"""What `make smoke` looks at, on a lake that is deployed on the local AWS: sound first, then broken."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from botocore.exceptions import ClientError

from include.crypto_lake import layout
from laptop.lake import deployment as resources
from laptop.lake.deployment import ALERT_TOPIC_ARN, LAKE_BUCKET, VALUES, WEBSITE_BUCKET
from release import packaging
from release.checks import alerts_arrive, checks, differences
from release.errors import ReleaseError
from release.manifest import open_folder
from release.outputs import Outputs
from tests.release.conftest import Deployed, make_outputs

pytestmark = pytest.mark.clock

SECRETS = {
    "crypto-lake/variables/crypto_lake": {
        "bucket": LAKE_BUCKET,
        "website_bucket": WEBSITE_BUCKET,
        "alert_topic_arn": ALERT_TOPIC_ARN,
    },
    "crypto-lake/connections/coingecko_default": {"conn_type": "http", "host": "api.coingecko.com"},
}
RULES = ("crypto-lake-glue-job-failed", "crypto-lake-glue-crawler-failed")
ELSEWHERE = {"MWAA environment"}  # the local AWS has none


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package") / "dist"
    packaging.build(folder)
    return folder


@pytest.fixture(scope="module")
def lake(local_aws: str, website_url: str, aws_environment: dict[str, str], dist: Path) -> Iterator[Deployed]:
    """The lake as declared, and the real package deployed to it."""
    outputs = Outputs(
        **make_outputs(
            lake_bucket=LAKE_BUCKET,
            website_bucket=WEBSITE_BUCKET,
            dashboard_url=website_url,
            alert_topic_arn=ALERT_TOPIC_ARN,
            **{f"{role}_arn": VALUES[role] for role in VALUES if role.endswith("_role")},
        )
    )
    with patch.dict(os.environ, aws_environment):
        resources.deploy(local_aws)
        boto3.client("s3").create_bucket(Bucket=outputs.dags_bucket)
        secrets = boto3.client("secretsmanager")
        for name, value in SECRETS.items():
            secrets.create_secret(Name=name, SecretString=json.dumps(value))
        for rule in RULES:
            put_rule(rule)
        deployed = Deployed(outputs)
        deployed.deploy(open_folder(dist))
        yield deployed


def put_rule(rule: str) -> None:
    """A rule as infra/alarms.tf makes it."""
    events = boto3.client("events")
    events.put_rule(Name=rule, EventPattern='{"source": ["aws.glue"]}')
    events.put_targets(Rule=rule, Targets=[{"Id": "alerts", "Arn": ALERT_TOPIC_ARN}])


def failures(lake: Deployed) -> dict[str, str]:
    """What each failing check says."""
    found = {}
    for check in checks(lake.target):
        try:
            check.look()
        except (ReleaseError, ClientError) as error:
            found[check.what] = str(error)
    return {what: message for what, message in found.items() if what not in ELSEWHERE}


def test_columns_that_dropped_files_brought_are_no_fault(lake: Deployed) -> None:
    glue = boto3.client("glue")
    database, name = layout.DATABASE, layout.PROCESSED_CRYPTO.name
    table = glue.get_table(DatabaseName=database, Name=name)["Table"]
    columns = [*table["StorageDescriptor"]["Columns"], {"Name": "brought", "Type": "string"}]
    kept = ("Name", "Description", "TableType", "Parameters", "PartitionKeys")
    changed = {"StorageDescriptor": table["StorageDescriptor"] | {"Columns": columns}}
    glue.update_table(DatabaseName=database, TableInput={field: table[field] for field in kept} | changed)
    assert failures(lake) == {}


def test_a_sound_lake_passes_and_everything_declared_was_looked_at(lake: Deployed) -> None:
    assert failures(lake) == {}
    looked_at = {check.what for check in checks(lake.target)}
    declared = resources.load_resources(VALUES)
    for kind, names in {
        "Glue job": declared["glue_jobs"],
        "Glue crawler": declared["crawlers"],
        "Glue table": declared["catalog"]["tables"],
        "queue": [queue["QueueName"] for queue in declared["queues"].values()],
        "Athena workgroup": [group["Name"] for group in declared["athena"].values()],
    }.items():
        assert names
        assert {f"{kind} {name}" for name in names} <= looked_at


def test_every_broken_thing_is_named(lake: Deployed, local_aws: str, dist: Path) -> None:
    glue, s3, sqs = boto3.client("glue"), boto3.client("s3"), boto3.client("sqs")
    job = resources.load_resources(VALUES)["glue_jobs"]["silver_to_gold"]
    glue.update_job(JobName="silver_to_gold", JobUpdate=job | {"Timeout": 1})
    glue.delete_crawler(Name="processed-crypto")
    glue.delete_table(DatabaseName="crypto_datalake", Name="gold_market_summary")
    url = sqs.get_queue_url(QueueName="crypto-lake-arrivals")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    s3.put_bucket_notification_configuration(Bucket=LAKE_BUCKET, NotificationConfiguration={})
    lake.put("dags", "dags/crypto_market_daily.py", b"mended by hand")
    lake.put("website", "index.html", b"another page")
    athena = boto3.client("athena")
    limit = {"BytesScannedCutoffPerQuery": 10_000_000}
    athena.update_work_group(WorkGroup="crypto-lake", ConfigurationUpdates=limit)
    try:
        found = failures(lake)
    finally:
        resources.deploy(local_aws)
        lake.deploy(open_folder(dist))
    assert set(found) == {
        "Glue job silver_to_gold",
        "Glue crawler processed-crypto",
        "Glue table gold_market_summary",
        "queue crypto-lake-arrivals",
        f"notification of s3://{LAKE_BUCKET}/raw/",
        "the deployed release is whole",
        "Athena workgroup crypto-lake",
    }
    assert "Timeout is 1, declared is 15" in found["Glue job silver_to_gold"]
    assert "VisibilityTimeout is 1, declared is 30" in found["queue crypto-lake-arrivals"]
    release = found["the deployed release is whole"]
    assert release.endswith("missing or changed: dags/crypto_market_daily.py, index.html")


def test_a_missing_bucket_and_an_undeployed_environment_are_named(lake: Deployed) -> None:
    nowhere = Deployed(Outputs(**vars(lake.outputs) | {"dags_bucket": "not-there", "dashboard_url": "gone"}))
    found = failures(nowhere)
    assert "404" in found["bucket not-there"]
    assert "s3://not-there does not exist" in found["the deployed release is whole"]
    assert "'gone' is no address" in found["dashboard gone"]


def test_settings_have_to_be_what_airflow_takes(lake: Deployed) -> None:
    secrets = boto3.client("secretsmanager")
    variable, _ = SECRETS
    for value, message in (
        (SECRETS[variable] | {"bucket": "another-lake"}, "it names ('another-lake'"),
        (SECRETS[variable] | {"coins": 1}, "'coins' in Airflow Variable 'crypto_lake' must be"),
    ):
        secrets.put_secret_value(SecretId=variable, SecretString=json.dumps(value))
        found = failures(lake)
        secrets.put_secret_value(SecretId=variable, SecretString=json.dumps(SECRETS[variable]))
        assert list(found) == [f"secret {variable}"]
        assert message in found[f"secret {variable}"]


def test_alerts_that_eventbridge_could_not_deliver_are_counted(aws: None) -> None:
    rule, events, cloudwatch = "some-rule", boto3.client("events"), boto3.client("cloudwatch")
    events.put_rule(Name=rule, EventPattern='{"source": ["aws.glue"]}')

    def look() -> None:
        alerts_arrive(events, cloudwatch, rule, ALERT_TOPIC_ARN)

    events.put_targets(Rule=rule, Targets=[{"Id": "alerts", "Arn": f"{ALERT_TOPIC_ARN}-of-others"}])
    with pytest.raises(ReleaseError, match=rf"sends to .*-of-others'\], not to {ALERT_TOPIC_ARN}$"):
        look()
    events.put_targets(Rule=rule, Targets=[{"Id": "alerts", "Arn": ALERT_TOPIC_ARN}])
    look()
    for name, hours in ((rule, 1), (rule, 20), (rule, 30), ("another-rule", 1)):
        lost = {
            "MetricName": "FailedInvocations",
            "Dimensions": [{"Name": "RuleName", "Value": name}],
            "Timestamp": datetime.now(UTC) - timedelta(hours=hours),
            "Value": 1,
        }
        cloudwatch.put_metric_data(Namespace="AWS/Events", MetricData=[lost])
    with pytest.raises(ReleaseError, match=r"^2 alerts of the last 24 hours could not be delivered"):
        look()


def test_a_rule_that_is_not_there_is_named(lake: Deployed) -> None:
    events = boto3.client("events")
    events.remove_targets(Rule=RULES[1], Ids=["alerts"])
    events.delete_rule(Name=RULES[1])
    found = failures(lake)
    put_rule(RULES[1])
    assert list(found) == [f"alerts of {RULES[1]}"]


def test_silver_with_a_day_that_is_no_date_is_named(lake: Deployed, local_aws: str) -> None:
    glue, table = boto3.client("glue"), {"DatabaseName": "crypto_datalake", "Name": "silver_coins_market"}
    declared = resources.load_resources(VALUES)["catalog"]["tables"]["silver_coins_market"]
    guessed = declared | {"Name": table["Name"], "PartitionKeys": [{"Name": "dt", "Type": "string"}]}
    glue.delete_table(**table)
    glue.create_table(DatabaseName=table["DatabaseName"], TableInput=guessed)
    try:
        found = failures(lake)
    finally:
        glue.delete_table(**table)
        resources.deploy(local_aws)
    message = found["Glue table silver_coins_market"]
    assert "PartitionKeys[0].Type is 'string', declared is 'date'" in message


def test_a_missing_connection_is_named(lake: Deployed) -> None:
    secrets = boto3.client("secretsmanager")
    _, connection = SECRETS
    secrets.delete_secret(SecretId=connection, ForceDeleteWithoutRecovery=True)
    try:
        found = failures(lake)
    finally:
        secrets.create_secret(Name=connection, SecretString=json.dumps(SECRETS[connection]))
    assert list(found) == [f"secret {connection}"]


@pytest.mark.parametrize(
    ("declared", "there", "expected"),
    [
        ({"A": 1}, {"A": 1, "B": 2}, []),
        ({"A": {"B": [1, 2]}}, {"A": {"B": [1, 3]}}, ["A.B[1] is 3, declared is 2"]),
        ({"A": [1]}, {"A": []}, ["A is [], declared is [1]"]),
        ({"A": 1}, {}, ["A is None, declared is 1"]),
        ({"A": True, "B": 30}, {"A": "true", "B": "30"}, []),
        ({"P": {"S": ["x"]}}, {"P": json.dumps({"S": ["x"]}, indent=2)}, []),
        ({"C": '{"a": 1, "b": 2}'}, {"C": '{"b":2,"a":1}'}, []),
        ({"C": '{"a": 1}'}, {"C": '{"a":2}'}, ["C.a is 2, declared is 1"]),
        ({"V": "3"}, {"V": "3"}, []),
        ({"Role": "arn:aws:iam::1:role/glue"}, {"Role": "glue"}, []),
        (
            {"Role": "arn:aws:iam::1:role/glue"},
            {"Role": "x"},
            ["Role is 'x', declared is 'arn:aws:iam::1:role/glue'"],
        ),
    ],
)
def test_what_is_there_may_be_more_than_declared_but_not_less(
    declared: Any, there: Any, expected: list[str]
) -> None:
    assert list(differences(declared, there)) == expected
