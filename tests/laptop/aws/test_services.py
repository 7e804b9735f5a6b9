"""What the local AWS does not do is refused, by name."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.clients import client_of, signed


@pytest.mark.parametrize(
    ("service", "operation", "named"),
    [
        ("lambda", "list_functions", "lambda"),
        ("ec2", "describe_instances", "ec2"),
        ("cloudfront", "list_functions", "function"),
        ("cloudfront", "list_cache_policies", "list_cache_policies"),
        ("events", "list_event_buses", "ListEventBuses"),
        ("dynamodb", "list_tables", "dynamodb"),
        ("glue", "list_triggers", "ListTriggers"),
        ("glue", "list_workflows", "ListWorkflows"),
        ("athena", "list_data_catalogs", "ListDataCatalogs"),
    ],
)
def test_a_service_or_operation_that_is_not_there_is_refused(
    local_aws: str, service: str, operation: str, named: str
) -> None:
    with pytest.raises(ClientError, match=f"the local AWS does not .*{named}") as caught:
        getattr(client_of(local_aws, service), operation)()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


@pytest.mark.parametrize(
    ("service", "operation", "answer"),
    [
        ("sts", "get_caller_identity", "Account"),
        ("iam", "list_roles", "Roles"),
        ("sns", "list_topics", "Topics"),
        ("logs", "describe_log_groups", "logGroups"),
        ("cloudwatch", "list_metrics", "Metrics"),
        ("secretsmanager", "list_secrets", "SecretList"),
    ],
)
def test_the_services_around_the_lake_answer(
    local_aws: str, service: str, operation: str, answer: str
) -> None:
    assert answer in getattr(client_of(local_aws, service), operation)()


def test_moto_cannot_be_reset_under_the_state(local_aws: str, s3: Any, bucket: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="501"):
        urllib.request.urlopen(signed(local_aws, "POST", "/moto-api/reset"))
    s3.head_bucket(Bucket=bucket)
