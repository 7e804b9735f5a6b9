"""The lake as `include/resources` declares it, put on a server."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from local_aws.deployment import LAKE_BUCKET, VALUES, WEBSITE_BUCKET, deploy, load_resources

WEBSITE = Path(__file__).parents[2] / "include" / "website"


@pytest.fixture(scope="module")
def deployed(local_aws: str, s3: Any) -> str:
    deploy(local_aws)
    s3.put_object(Bucket=WEBSITE_BUCKET, Key="data/top10_cryptos.json", Body=b"published")
    deploy(local_aws)
    return local_aws


def test_everything_declared_is_there_once(deployed: str, glue: Any, s3: Any) -> None:
    resources = load_resources()
    assert set(resources["glue_jobs"]) <= set(glue.list_jobs()["JobNames"])
    assert set(resources["crawlers"]) <= set(glue.list_crawlers()["CrawlerNames"])
    database = resources["catalog"]["database"]["Name"]
    for name, declared in resources["catalog"]["tables"].items():
        table = glue.get_table(DatabaseName=database, Name=name)["Table"]
        assert table["StorageDescriptor"] == declared["StorageDescriptor"]
        assert table["PartitionKeys"] == declared["PartitionKeys"]
        assert table["VersionId"] == "1"  # deploying again changed nothing
    scripts = s3.list_objects_v2(Bucket=LAKE_BUCKET, Prefix="src/glue_scripts/")["Contents"]
    locations = {f"s3://{LAKE_BUCKET}/{entry['Key']}" for entry in scripts}
    assert {job["Command"]["ScriptLocation"] for job in resources["glue_jobs"].values()} <= locations


def test_the_website_is_served_and_its_data_left_alone(deployed: str, website_url: str) -> None:
    with urllib.request.urlopen(website_url) as page:
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert page.headers["Cache-Control"] == "public, max-age=60, must-revalidate"
        script = re.search(r'src="(assets/dashboard\.\w+\.js)"', page.read().decode())
    assert script
    with urllib.request.urlopen(f"{website_url}/{script[1]}") as asset:
        assert "immutable" in asset.headers["Cache-Control"]
        assert asset.read() == (WEBSITE / "dashboard.js").read_bytes()
    with urllib.request.urlopen(f"{website_url}/data/top10_cryptos.json") as data:
        assert data.read() == b"published"


def test_only_the_distribution_reads_the_websites_bucket(deployed: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{deployed}/{WEBSITE_BUCKET}/index.html")


def test_a_placeholder_without_a_value_is_named() -> None:
    incomplete = {name: value for name, value in VALUES.items() if name != "glue_crawler_role"}
    with pytest.raises(KeyError, match=r"crawlers.yaml: give glue_crawler_role a value"):
        load_resources(incomplete)
