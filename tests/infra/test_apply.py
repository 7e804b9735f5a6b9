"""What Terraform makes on the local AWS: it is what `include/resources` says, and it goes again."""

from __future__ import annotations

import json
from importlib import import_module
from operator import itemgetter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from include.crypto_lake.resources import load_resources
from laptop.lake.deployment import VALUES
from tests.infra.conftest import Terraform

# The provider waits for a minute until it believes a bucket's lifecycle rules, the state's first.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def declared(environment_made: Terraform) -> dict[str, Any]:
    """`include/resources` with the values of the environment."""
    outputs = environment_made.outputs
    values = {
        name: outputs.get(name) or outputs.get(f"{name}_arn") or fallback for name, fallback in VALUES.items()
    }
    return load_resources(values)


def holds(declared: Any, found: Any) -> bool:
    """Whether everything that is declared is found; AWS adds more."""
    if isinstance(declared, dict):
        return all(name in found and holds(value, found[name]) for name, value in declared.items())
    if isinstance(declared, list):
        return len(declared) == len(found) and all(map(holds, declared, found))
    return bool(declared == found)


def test_a_second_plan_is_empty(environment_made: Terraform) -> None:
    plan = environment_made("plan", "-detailed-exitcode", "-no-color")
    assert plan.returncode == 0, plan.stdout[-6000:] + plan.stderr[-3000:]


def test_the_state_lies_in_the_bucket_that_bootstrap_made(environment_made: Terraform, client: Any) -> None:
    assert environment_made.outputs["region"] == VALUES["region"]
    bucket = f"crypto-lake-test-terraform-{VALUES['account_id']}-{VALUES['region']}"
    keys = [entry["Key"] for entry in client("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    assert keys == ["crypto-lake/test.tfstate"]  # and no lock is left


@pytest.mark.parametrize("bucket", ["lake_bucket", "website_bucket", "dags_bucket"])
def test_a_bucket_is_private_encrypted_and_versioned(
    environment_made: Terraform, client: Any, bucket: str
) -> None:
    s3, name = client("s3"), environment_made.outputs[bucket]
    assert set(s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values()) == {True}
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    statements = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])["Statement"]
    assert any(
        s["Effect"] == "Deny" and s["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for s in statements
    )


def test_catalog_jobs_and_crawlers_are_as_declared(declared: dict[str, Any], client: Any) -> None:
    glue = client("glue")
    database = declared["catalog"]["database"]
    assert holds(database, glue.get_database(Name=database["Name"])["Database"])
    for name, table in declared["catalog"]["tables"].items():
        assert holds(table, glue.get_table(DatabaseName=database["Name"], Name=name)["Table"]), name
    for name, job in declared["glue_jobs"].items():
        assert holds(job, glue.get_job(JobName=name)["Job"]), name
    for name, crawler in declared["crawlers"].items():
        found = glue.get_crawler(Name=name)["Crawler"]
        configuration = crawler.pop("Configuration", None)
        assert holds(crawler, found), name
        assert configuration is None or json.loads(found["Configuration"]) == json.loads(configuration)


def test_the_workgroup_is_as_declared(declared: dict[str, Any], client: Any) -> None:
    workgroup = declared["athena"]["workgroup"]
    assert holds(workgroup, client("athena").get_work_group(WorkGroup=workgroup["Name"])["WorkGroup"])


def test_an_arrival_is_told_to_the_queue(
    environment_made: Terraform, declared: dict[str, Any], client: Any
) -> None:
    sqs, s3, bucket = client("sqs"), client("s3"), environment_made.outputs["lake_bucket"]
    for queue in declared["queues"].values():
        url = sqs.get_queue_url(QueueName=queue["QueueName"])["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        for name, value in queue["Attributes"].items():
            assert found[name] == value or json.loads(found[name]) == value, name
    s3.put_object(Bucket=bucket, Key="raw/prices.json", Body=b"[]")
    url = sqs.get_queue_url(QueueName=declared["queues"]["arrivals"]["QueueName"])["QueueUrl"]
    bodies = []
    while messages := sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0).get("Messages"):
        bodies += [json.loads(message["Body"]) for message in messages]
    keys = [record["s3"]["object"]["key"] for body in bodies for record in body.get("Records", [])]
    assert keys == ["raw%2Fprices.json"]
    s3.delete_object(Bucket=bucket, Key="raw/prices.json")


def test_the_website_goes_out_with_the_declared_headers(
    environment_made: Terraform, declared: dict[str, Any], client: Any
) -> None:
    cloudfront = client("cloudfront")
    (distribution,) = cloudfront.list_distributions()["DistributionList"]["Items"]
    assert environment_made.outputs["dashboard_url"] == f"https://{distribution['DomainName']}"
    policy = distribution["DefaultCacheBehavior"]["ResponseHeadersPolicyId"]
    found = cloudfront.get_response_headers_policy(Id=policy)["ResponseHeadersPolicy"]
    wanted = declared["website"]["ResponseHeadersPolicy"]
    found = found["ResponseHeadersPolicyConfig"]
    assert holds(wanted["SecurityHeadersConfig"], found["SecurityHeadersConfig"])
    custom = sorted(wanted["CustomHeadersConfig"]["Items"], key=itemgetter("Header"))
    assert custom == sorted(found["CustomHeadersConfig"]["Items"], key=itemgetter("Header"))


def test_airflows_settings_are_in_secrets_manager(environment_made: Terraform, client: Any) -> None:
    from include.crypto_lake.settings import LakeSettings

    secrets, outputs = client("secretsmanager"), environment_made.outputs
    text = secrets.get_secret_value(SecretId="crypto-lake/variables/crypto_lake")["SecretString"]
    settings = LakeSettings.from_variable(json.loads(text))
    assert (settings.bucket, settings.website_bucket) == (outputs["lake_bucket"], outputs["website_bucket"])
    assert settings.alert_topic_arn == outputs["alert_topic_arn"]


def test_a_key_for_coingecko_survives_the_next_apply(environment_made: Terraform, client: Any) -> None:
    secrets, name = client("secretsmanager"), "crypto-lake/connections/coingecko_default"
    connection = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])
    secrets.put_secret_value(SecretId=name, SecretString=json.dumps(connection | {"password": "the key"}))

    environment_made.done("apply", "-auto-approve")

    kept = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])
    assert kept == {
        "conn_type": "http",
        "schema": "https",
        "host": "api.coingecko.com",
        "password": "the key",
    }


def test_airflow_finds_its_settings_by_the_configuration_options(
    environment_made: Terraform, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = environment_made.outputs["airflow_configuration_options"]
    for name, value in environment_made.variables.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    module, _, name = options["secrets.backend"].rpartition(".")
    backend = getattr(import_module(module), name)(**json.loads(options["secrets.backend_kwargs"]))
    assert (
        json.loads(backend.get_variable("crypto_lake"))["bucket"] == environment_made.outputs["lake_bucket"]
    )
    assert json.loads(backend.get_conn_value("coingecko_default"))["host"] == "api.coingecko.com"
    assert backend.get_conn_value("aws_default") is None
    assert backend.get_config("sql_alchemy_conn") is None


def test_each_alarm_tells_the_topic_and_names_what_to_do(environment_made: Terraform, client: Any) -> None:
    topic = environment_made.outputs["alert_topic_arn"]
    alarms = client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert {alarm["AlarmName"] for alarm in alarms} == {
        "crypto-lake-arrivals-wait",
        "crypto-lake-dead-letters",
    }
    assert all(
        alarm["AlarmActions"] == [topic] and "docs/operations.md" in alarm["AlarmDescription"]
        for alarm in alarms
    )


def test_a_failure_is_told_whatever_glue_says_of_it(environment_made: Terraform, client: Any) -> None:
    """EventBridge puts an event's values into the template as they are; what comes out has to be JSON."""
    message = 'AnalysisException: "dt"\nat line 1: C:\\path, {"a": [1, <what>]}'
    detail = {
        "jobName": "bronze_to_silver",
        "jobRunId": "jr_0123456789abcdef",
        "crawlerName": "gold-coins-market",
        "state": "FAILED",
        "message": message,
        "errorMessage": message,
    }
    events = client("events")
    rules = [rule["Name"] for rule in events.list_rules()["Rules"]]
    assert len(rules) == 2
    for rule in rules:
        (target,) = events.list_targets_by_rule(Rule=rule)["Targets"]
        assert target["Arn"] == environment_made.outputs["alert_topic_arn"]
        text = target["InputTransformer"]["InputTemplate"]
        for name, path in target["InputTransformer"]["InputPathsMap"].items():
            assert path.startswith("$.detail.")
            text = text.replace(f"<{name}>", detail[path.removeprefix("$.detail.")])
        said = json.loads(text)
        assert "failed" in said.lower()
        assert "docs/operations.md" in said


def test_what_is_not_filled_in_is_named(terraform: Terraform) -> None:
    ran = terraform("plan", environment="dev")
    assert ran.returncode == 1
    assert "infra/environments/dev.tfvars, line 3, is not filled in: account_id" in ran.stderr


def test_another_account_is_refused(terraform: Terraform) -> None:
    ran = terraform("plan", "-var=account_id=999999999999", "-no-color")
    assert ran.returncode == 1
    assert "AWS account ID not allowed" in ran.stderr


def test_destroy_leaves_nothing(environment_made: Terraform, client: Any) -> None:
    """The last one: it takes down what the others look at."""
    environment_made.done("destroy", "-auto-approve")

    buckets = [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]]
    assert buckets == [f"crypto-lake-test-terraform-{VALUES['account_id']}-{VALUES['region']}"]  # bootstrap's
    glue = client("glue")
    assert glue.get_databases()["DatabaseList"] == []
    assert glue.list_jobs()["JobNames"] == []
    assert glue.list_crawlers()["CrawlerNames"] == []
    assert client("sqs").list_queues().get("QueueUrls", []) == []
    assert client("sns").list_topics()["Topics"] == []
    assert client("iam").list_roles()["Roles"] == []
    assert client("secretsmanager").list_secrets()["SecretList"] == []
    assert client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    assert client("events").list_rules()["Rules"] == []
    assert client("cloudfront").list_distributions()["DistributionList"]["Quantity"] == 0
    with pytest.raises(ClientError, match="crypto-lake"):
        client("athena").get_work_group(WorkGroup="crypto-lake")
