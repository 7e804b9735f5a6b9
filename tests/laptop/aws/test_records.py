"""What Terraform makes and reads again: kept as written, although nothing acts on it."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.laptop.conftest import client_of

ACCOUNT = "123456789012"


@pytest.fixture
def cloudfront(local_aws: str) -> Any:
    return client_of(local_aws, "cloudfront")


def policy_of(kind: str, name: str, comment: str) -> dict[str, Any]:
    if kind == "cache_policy":
        return {"CachePolicyConfig": {"Name": name, "Comment": comment, "MinTTL": 0, "DefaultTTL": 60}}
    frame = {"FrameOptions": {"Override": True, "FrameOption": "DENY"}}
    return {"ResponseHeadersPolicyConfig": {"Name": name, "Comment": comment, "SecurityHeadersConfig": frame}}


@pytest.mark.parametrize(
    ("kind", "field"),
    [("cache_policy", "CachePolicy"), ("response_headers_policy", "ResponseHeadersPolicy")],
)
def test_a_cloudfront_policy_is_made_read_changed_and_deleted(cloudfront: Any, kind: str, field: str) -> None:
    def call(verb: str, **options: Any) -> Any:
        return getattr(cloudfront, f"{verb}_{kind}")(**options)

    name = f"policy-{uuid.uuid4().hex[:6]}"
    made = call("create", **policy_of(kind, name, "first"))
    policy_id = made[field]["Id"]
    with pytest.raises(ClientError, match=f"{field}AlreadyExists"):
        call("create", **policy_of(kind, name, "again"))
    changed = call("update", Id=policy_id, IfMatch=made["ETag"], **policy_of(kind, name, "second"))
    with pytest.raises(ClientError, match="InvalidIfMatchVersion"):
        call("update", Id=policy_id, IfMatch=made["ETag"], **policy_of(kind, name, "third"))

    found = call("get", Id=policy_id)
    assert found["ETag"] == changed["ETag"] != made["ETag"]
    written = policy_of(kind, name, "second")[f"{field}Config"]
    assert found[field][f"{field}Config"].items() >= written.items()

    call("delete", Id=policy_id, IfMatch=found["ETag"])
    with pytest.raises(ClientError, match=f"NoSuch{field}"):
        call("get", Id=policy_id)


def test_a_distribution_keeps_what_it_was_given(cloudfront: Any) -> None:
    config = {
        "CallerReference": uuid.uuid4().hex,
        "Comment": "the website",
        "Enabled": True,
        "Origins": {
            "Quantity": 1,
            "Items": [
                {
                    "Id": "website",
                    "DomainName": "b.s3.us-east-1.amazonaws.com",
                    "OriginAccessControlId": "E1",
                    "S3OriginConfig": {"OriginAccessIdentity": ""},
                }
            ],
        },
        "DefaultCacheBehavior": {
            "TargetOriginId": "website",
            "ViewerProtocolPolicy": "redirect-to-https",
            "CachePolicyId": "a-policy",
        },
        "ViewerCertificate": {"CloudFrontDefaultCertificate": True},
    }
    made = cloudfront.create_distribution(DistributionConfig=config)["Distribution"]
    kept = cloudfront.get_distribution(Id=made["Id"])["Distribution"]["DistributionConfig"]
    assert kept["Origins"]["Items"][0]["OriginAccessControlId"] == "E1"
    assert kept["DefaultCacheBehavior"]["CachePolicyId"] == "a-policy"
    assert "ForwardedValues" not in kept["DefaultCacheBehavior"]
    assert "SSLSupportMethod" not in kept["ViewerCertificate"]


def test_a_budget_says_who_is_told(local_aws: str) -> None:
    budgets = client_of(local_aws, "budgets")
    limit = {"Amount": "400", "Unit": "USD"}
    budget = {"BudgetName": "lake", "TimeUnit": "MONTHLY", "BudgetType": "COST", "BudgetLimit": limit}
    notification = {
        "NotificationType": "FORECASTED",
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": 80.0,
        "ThresholdType": "PERCENTAGE",
    }
    told = [{"SubscriptionType": "SNS", "Address": f"arn:aws:sns:us-east-1:{ACCOUNT}:alerts"}]
    tags = [{"Key": "project", "Value": "crypto-lake"}]
    budgets.create_budget(AccountId=ACCOUNT, Budget=budget, ResourceTags=tags)
    of = {"AccountId": ACCOUNT, "BudgetName": "lake"}
    budgets.create_notification(**of, Notification=notification, Subscribers=told)

    budgets.update_budget(AccountId=ACCOUNT, NewBudget={**budget, "BudgetLimit": {**limit, "Amount": "500"}})

    assert float(budgets.describe_budget(**of)["Budget"]["BudgetLimit"]["Amount"]) == 500
    assert budgets.describe_notifications_for_budget(**of)["Notifications"] == [notification]
    assert (
        budgets.describe_subscribers_for_notification(**of, Notification=notification)["Subscribers"] == told
    )
    arn = f"arn:aws:budgets::{ACCOUNT}:budget/lake"
    assert budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == tags


def test_a_queue_keeps_each_attribute_whatever_else_is_set(sqs: Any) -> None:
    def make(name: str) -> tuple[str, str]:
        url = sqs.create_queue(QueueName=f"{name}-{uuid.uuid4().hex[:6]}")["QueueUrl"]
        return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]

    (queue, arn), (_, dead_letters) = make("arrivals"), make("dead")
    compact = (",", ":")
    sends = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [sends]}, separators=compact)
    redrive = json.dumps({"deadLetterTargetArn": dead_letters, "maxReceiveCount": 5}, separators=compact)
    allow = json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [arn]}, separators=compact)
    for name, value in {"Policy": policy, "RedrivePolicy": redrive, "RedriveAllowPolicy": allow}.items():
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={name: value})

    names = ["Policy", "RedrivePolicy", "RedriveAllowPolicy"]
    found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    assert json.loads(found.pop("Policy")) == json.loads(policy)
    assert found == {"RedrivePolicy": redrive, "RedriveAllowPolicy": allow}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedriveAllowPolicy": ""})
    assert (
        "RedriveAllowPolicy"
        not in sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    )


def test_airflow_reads_its_variable_from_a_secret(local_aws: str, aws: None) -> None:
    from airflow.providers.amazon.aws.secrets.secrets_manager import SecretsManagerBackend

    secret = {"bucket": "a-lake"}
    client_of(local_aws, "secretsmanager").create_secret(
        Name="records-test/variables/crypto_lake", SecretString=json.dumps(secret)
    )
    backend = SecretsManagerBackend(
        variables_prefix="records-test/variables", variables_lookup_pattern="^crypto_lake$"
    )
    assert json.loads(backend.get_variable("crypto_lake") or "") == secret
    assert backend.get_variable("another") is None
