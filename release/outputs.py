"""What Terraform says about an environment: `terraform output -json`, checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields

from release.errors import ReleaseError
from release.manifest import Bucket


@dataclass(frozen=True)
class Outputs:
    """An environment: one AWS account and region with one lake.

    Attributes:
        region: AWS region.
        lake_bucket: The lake.
        website_bucket: What the dashboard is served from.
        dags_bucket: What MWAA reads.
        mwaa_environment_name: The MWAA environment; None when there is none yet.
        dashboard_url: Where people find the dashboard.
        alert_topic_arn: The SNS topic that gets the alerts.
        airflow_configuration_options: What the MWAA environment's Airflow must be configured with.
        mwaa_execution_role_arn: The role of Airflow.
        bronze_to_silver_role_arn: The role of that Glue job.
        silver_to_gold_role_arn: The role of that Glue job.
        glue_crawler_role_arn: The role of the crawlers.
    """

    region: str
    lake_bucket: str
    website_bucket: str
    dags_bucket: str
    mwaa_environment_name: str | None
    dashboard_url: str
    alert_topic_arn: str
    airflow_configuration_options: Mapping[str, str]
    mwaa_execution_role_arn: str
    bronze_to_silver_role_arn: str
    silver_to_gold_role_arn: str
    glue_crawler_role_arn: str

    def bucket(self, which: Bucket) -> str:
        """The name of one of its buckets."""
        return {"dags": self.dags_bucket, "lake": self.lake_bucket, "website": self.website_bucket}[which]

    @classmethod
    def parse(cls, text: str) -> Outputs:
        """Read what `terraform output -json` printed.

        Raises:
            ReleaseError: it is something else, or outputs are missing.
        """
        if not text.strip():
            raise ReleaseError("Terraform gave no outputs: what it said stands above")
        remedy = "give it what `scripts/terraform <environment> output -json` prints, after an apply"
        try:
            outputs = {name: output["value"] for name, output in json.loads(text).items()}
        except (ValueError, AttributeError, KeyError, TypeError):
            raise ReleaseError(f"These are no Terraform outputs: {text[:100]!r}. {remedy}") from None
        outputs.setdefault("mwaa_environment_name", None)  # Terraform leaves out what is null
        names = [field.name for field in fields(cls)]
        if missing := [name for name in names if name not in outputs]:
            raise ReleaseError(f"The Terraform outputs lack {', '.join(missing)}: {remedy}")
        return cls(**{name: outputs[name] for name in names})
