"""An environment of one's own on the local AWS, and packages to deploy to it."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest

from release import deployment
from release.manifest import File, Manifest, Package
from release.outputs import Outputs

ACCOUNT = "123456789012"


def make_outputs(**values: Any) -> dict[str, Any]:
    """The values of an environment's Terraform outputs."""
    name = uuid.uuid4().hex[:12]
    roles = ("mwaa_execution_role", "bronze_to_silver_role", "silver_to_gold_role", "glue_crawler_role")
    return {
        "region": "us-east-1",
        "lake_bucket": f"lake-{name}",
        "website_bucket": f"website-{name}",
        "dags_bucket": f"dags-{name}",
        "mwaa_environment_name": None,
        "dashboard_url": "https://dashboard.example",
        "alert_topic_arn": f"arn:aws:sns:us-east-1:{ACCOUNT}:crypto-lake-alerts",
        "airflow_configuration_options": {},
        **{f"{role}_arn": f"arn:aws:iam::{ACCOUNT}:role/{role}" for role in roles},
    } | values


@dataclass
class Deployed:
    """An environment, read back."""

    outputs: Outputs
    said: list[str] = field(default_factory=list)

    @property
    def target(self) -> deployment.Target:
        return deployment.Target.of(self.outputs, self.said.append)

    def deploy(self, package: Package) -> list[str]:
        """Deploy; gives what was said."""
        self.said.clear()
        deployment.deploy(package, self.target)
        return list(self.said)

    def roll_back(self) -> None:
        deployment.roll_back(self.target)

    def objects(self, bucket: Any = None) -> dict[str, bytes]:
        """Everything in a bucket, in all three without one, by key; without what the releases keep."""
        if bucket is None:
            return {
                key: body
                for which in ("dags", "lake", "website")
                for key, body in self.objects(which).items()
            }
        name, s3 = self.outputs.bucket(bucket), boto3.client("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=name)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        return {
            key: s3.get_object(Bucket=name, Key=key)["Body"].read()
            for key in keys
            if not key.startswith("releases/")
        }

    def put(self, bucket: Any, key: str, body: bytes) -> None:
        boto3.client("s3").put_object(Bucket=self.outputs.bucket(bucket), Key=key, Body=body)


@pytest.fixture
def environment(aws: None) -> Deployed:
    """Three empty buckets, as Terraform makes them."""
    outputs = Outputs(**make_outputs())
    s3 = boto3.client("s3")
    for name in (outputs.lake_bucket, outputs.website_bucket, outputs.dags_bucket):
        s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=outputs.dags_bucket, VersioningConfiguration={"Status": "Enabled"})
    return Deployed(outputs)


def package(**versions: str | None) -> Package:
    """A DAG that imports a module, a page that refers to an asset, a Glue script, and what MWAA takes.

    Args:
        versions: Of the parts `dag`, `include`, `page`, `glue`, `plugins` (1 if left out), and of `extra`, a
            module that is there only if it is given.
    """
    version = {"dag": "1", "include": "1", "page": "1", "glue": "1", "plugins": "1", "extra": None} | versions
    asset = f"assets/page.{version['page']}.js"
    contents: dict[tuple[Any, str], str] = {
        ("dags", "dags/.airflowignore"): "include/",
        ("dags", "dags/daily.py"): f"import include {version['include']} in {version['dag']}",
        ("dags", "dags/include/module.py"): f"module {version['include']}",
        ("dags", "plugins.zip"): f"plugins {version['plugins']}",
        ("dags", "requirements.txt"): "pandas",
        ("lake", f"src/glue_scripts/{version['glue']}/job.py"): f"job {version['glue']}",
        ("website", asset): f"asset {version['page']}",
        ("website", "index.html"): f"page with {asset}",
    }
    if version["extra"]:
        contents["dags", "dags/include/extra.py"] = f"extra {version['extra']}"
    files = {
        f"{bucket}/{key}": File(
            path=f"{bucket}/{key}",
            bucket=bucket,
            key=key,
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            size=len(text),
            content_type="text/plain",
            cache_control="max-age=60" if bucket == "website" else None,
        )
        for (bucket, key), text in contents.items()
    }
    bodies = {f"{bucket}/{key}": text.encode() for (bucket, key), text in contents.items()}
    return Package(Manifest("1.0", tuple(files[path] for path in sorted(files))), bodies.__getitem__, "test")


def contents(of: Package) -> dict[str, bytes]:
    """What a package puts into the buckets, by key."""
    return {file.key: of.read(file) for file in of.manifest.files}


class InterruptedDeploymentError(Exception):
    """The deployment was stopped from outside."""


def dying_after(writes: int, target: deployment.Target) -> deployment.Target:
    """A target whose deployment is interrupted after so many objects were written or deleted."""
    left = writes

    def count(**_: Any) -> None:
        nonlocal left
        left -= 1
        if left == -1:
            raise InterruptedDeploymentError

    for operation in ("PutObject", "DeleteObject"):
        target.s3.meta.events.register(f"before-call.s3.{operation}", count)
    return target
