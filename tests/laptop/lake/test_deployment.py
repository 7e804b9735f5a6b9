"""The lake as `include/resources` declares it, put on a server."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from include.crypto_lake import layout
from include.crypto_lake.resources import load_resources
from include.crypto_lake.website_files import website_files
from laptop.aws.process import running, website
from laptop.lake.deployment import ALERT_TOPIC_ARN, LAKE_BUCKET, VALUES, WEBSITE_BUCKET, deploy
from tests.laptop.conftest import client_of

pytestmark = pytest.mark.product


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lake")


@pytest.fixture(scope="module")
def deployed(state: Path) -> Iterator[str]:
    """A server of its own: what other tests made of the shared one's tables is not what is declared."""
    with running(state, module="laptop.lake") as endpoint_url:
        deploy(endpoint_url)
        client_of(endpoint_url, "s3").put_object(
            Bucket=WEBSITE_BUCKET, Key="data/top10_cryptos.json", Body=b"published"
        )
        deploy(endpoint_url)
        yield endpoint_url


@pytest.fixture(scope="module")
def s3(deployed: str) -> Any:
    return client_of(deployed, "s3")


@pytest.fixture(scope="module")
def glue(deployed: str) -> Any:
    return client_of(deployed, "glue")


@pytest.fixture(scope="module")
def website_url(deployed: str, state: Path) -> str:
    served = website(state)
    assert served
    return served


def test_a_deployment_keeps_the_columns_that_dropped_files_brought(tmp_path: Path) -> None:
    with running(tmp_path, module="laptop.lake") as endpoint_url:
        deploy(endpoint_url)
        glue = client_of(endpoint_url, "glue")
        database, name = layout.DATABASE, layout.PROCESSED_CRYPTO.name
        table = glue.get_table(DatabaseName=database, Name=name)["Table"]
        declared = table["StorageDescriptor"]["Columns"]
        further = {"Name": "tvl", "Type": "string"}
        older = table["StorageDescriptor"] | {"Columns": [*declared[1:], further]}
        updated = {"Name": name, "PartitionKeys": table["PartitionKeys"], "StorageDescriptor": older}
        glue.update_table(DatabaseName=database, TableInput=updated)
        for _ in range(2):
            deploy(endpoint_url)
            table = glue.get_table(DatabaseName=database, Name=name)["Table"]
            assert table["StorageDescriptor"]["Columns"] == [*declared, further]
            assert table["VersionId"] == "3"


def test_everything_declared_is_there_once(deployed: str, glue: Any, s3: Any) -> None:
    resources = load_resources(VALUES)
    assert set(resources["glue_jobs"]) <= set(glue.list_jobs()["JobNames"])
    for name in resources["crawlers"]:
        assert glue.get_crawler(Name=name)["Crawler"]["Version"] == 1  # an update would fail while it runs
    database = resources["catalog"]["database"]["Name"]
    for name, declared in resources["catalog"]["tables"].items():
        table = glue.get_table(DatabaseName=database, Name=name)["Table"]
        assert table["StorageDescriptor"] == declared["StorageDescriptor"]
        assert table["PartitionKeys"] == declared["PartitionKeys"]
        assert table["VersionId"] == "1"  # deploying again changed nothing
    scripts = s3.list_objects_v2(Bucket=LAKE_BUCKET, Prefix="src/glue_scripts/")["Contents"]
    locations = {f"s3://{LAKE_BUCKET}/{entry['Key']}" for entry in scripts}
    for job in resources["glue_jobs"].values():
        modules = job["DefaultArguments"]["--extra-py-files"].split(",")
        assert {job["Command"]["ScriptLocation"], *modules} <= locations


def test_the_website_is_served_and_its_data_left_alone(deployed: str, website_url: str) -> None:
    with urllib.request.urlopen(website_url) as page:
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert page.headers["Cache-Control"] == "public, max-age=60, must-revalidate"
        script = re.search(r'src="(assets/dashboard\.\w+\.js)"', page.read().decode())
    assert script
    with urllib.request.urlopen(f"{website_url}/{script[1]}") as asset:
        assert "immutable" in asset.headers["Cache-Control"]
        assert asset.read() == {file.key: file.body for file in website_files()}[script[1]]
    with urllib.request.urlopen(f"{website_url}/data/top10_cryptos.json") as data:
        assert data.read() == b"published"


def test_only_the_distribution_reads_the_websites_bucket(deployed: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{deployed}/{WEBSITE_BUCKET}/index.html")


ARRIVALS = "crypto-lake-arrivals"


def queue(endpoint_url: str, name: str = ARRIVALS) -> dict[str, Any]:
    """A queue's attributes."""
    sqs = client_of(endpoint_url, "sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def receive(endpoint_url: str) -> list[dict[str, Any]]:
    """The messages that are in the arrival queue, which is empty afterwards."""
    sqs = client_of(endpoint_url, "sqs")
    url = sqs.get_queue_url(QueueName=ARRIVALS)["QueueUrl"]
    messages: list[dict[str, Any]] = []
    while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0).get(
        "Messages"
    ):
        messages += found
    return [json.loads(message["Body"]) for message in messages]


def test_arrivals_and_alerts_have_somewhere_to_go(deployed: str) -> None:
    declared = load_resources(VALUES)["queues"]
    for definition in declared.values():
        found = queue(deployed, definition["QueueName"])
        wanted = definition["Attributes"]
        assert json.loads(found["Policy"]) == wanted["Policy"]
        assert found["MessageRetentionPeriod"] == str(wanted["MessageRetentionPeriod"])
        assert found["SqsManagedSseEnabled"] == "true"
    arrivals = declared["arrivals"]["Attributes"]
    dead_letters = queue(deployed, declared["arrivals_dead_letters"]["QueueName"])
    assert json.loads(queue(deployed)["RedrivePolicy"]) == arrivals["RedrivePolicy"]
    assert arrivals["RedrivePolicy"]["deadLetterTargetArn"] == dead_letters["QueueArn"]
    topic = client_of(deployed, "sns").get_topic_attributes(TopicArn=ALERT_TOPIC_ARN)["Attributes"]
    assert topic["DisplayName"] == load_resources(VALUES)["topics"]["alerts"]["Attributes"]["DisplayName"]


def test_the_workgroup_is_as_declared_whatever_was_done_to_it(deployed: str) -> None:
    athena = client_of(deployed, "athena")
    declared = load_resources(VALUES)["athena"]["workgroup"]
    updates = {"EnforceWorkGroupConfiguration": False, "RemoveBytesScannedCutoffPerQuery": True}
    athena.update_work_group(WorkGroup=declared["Name"], ConfigurationUpdates=updates)

    deploy(deployed)

    found = athena.get_work_group(WorkGroup=declared["Name"])["WorkGroup"]["Configuration"]
    assert found.items() >= declared["Configuration"].items()


def test_a_restart_loses_the_queues_and_the_next_deployment_brings_them_back(tmp_path: Path) -> None:
    with running(tmp_path) as url:
        deploy(url)
        first = queue(url)
        deploy(url)
        assert queue(url) == first
        assert [message["Event"] for message in receive(url)] == ["s3:TestEvent"]  # one, not two
    with running(tmp_path) as url:
        s3 = client_of(url, "s3", read_timeout=10, retries={"max_attempts": 0})
        s3.put_object(Bucket=LAKE_BUCKET, Key="raw/too early.json", Body=b"[]")

        deploy(url)

        assert receive(url) == []
        s3.put_object(Bucket=LAKE_BUCKET, Key="elsewhere.json", Body=b"[]")
        s3.put_object(Bucket=LAKE_BUCKET, Key="raw/in_time.json", Body=b"[]")
        (message,) = receive(url)
        assert message["Records"][0]["s3"]["object"]["key"] == "raw%2Fin_time.json"


def test_a_queue_that_somebody_changed_is_put_right(deployed: str) -> None:
    sqs = client_of(deployed, "sqs")
    url = sqs.get_queue_url(QueueName=ARRIVALS)["QueueUrl"]
    declared = queue(deployed)
    sqs.set_queue_attributes(
        QueueUrl=url, Attributes={"VisibilityTimeout": "1"}
    )  # moto drops the Policy, too

    deploy(deployed)

    assert {**queue(deployed), "LastModifiedTimestamp": ""} == {**declared, "LastModifiedTimestamp": ""}
