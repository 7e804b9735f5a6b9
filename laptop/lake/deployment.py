"""Put the lake on the local AWS: what `include/resources` declares, the Glue scripts and the website.

Terraform does the same for a real account, from the same files. Deploying again brings things up to date
and touches no data.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from include.crypto_lake import layout
from include.crypto_lake.glue_script_files import script_keys
from include.crypto_lake.resources import growing_tables, load_resources
from include.crypto_lake.website_files import website_files
from include.crypto_lake.website_headers import response_headers
from laptop.aws import process
from laptop.aws.cloudfront import Website

if TYPE_CHECKING:
    from mypy_boto3_athena.client import AthenaClient
    from mypy_boto3_glue.client import GlueClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_sns.client import SNSClient
    from mypy_boto3_sqs.client import SQSClient

REGION = "us-east-1"
ACCOUNT_ID = "123456789012"  # moto's
LAKE_BUCKET = "crypto-lake"
WEBSITE_BUCKET = "crypto-lake-website"
ALERT_TOPIC_ARN = f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:{layout.ALERT_TOPIC}"
VALUES = {  # for the placeholders of include/resources
    "region": REGION,
    "account_id": ACCOUNT_ID,
    "lake_bucket": LAKE_BUCKET,
    "website_bucket": WEBSITE_BUCKET,
    "bronze_to_silver_role": f"arn:aws:iam::{ACCOUNT_ID}:role/crypto-lake-bronze-to-silver",
    "silver_to_gold_role": f"arn:aws:iam::{ACCOUNT_ID}:role/crypto-lake-silver-to-gold",
    "glue_crawler_role": f"arn:aws:iam::{ACCOUNT_ID}:role/crypto-lake-glue-crawler",
}


def website() -> Website:
    """The website as `include/resources/website.yaml` declares it."""
    declared = load_resources(VALUES)["website"]
    headers = response_headers(declared["ResponseHeadersPolicy"])
    return Website(WEBSITE_BUCKET, declared["DefaultRootObject"], headers)


def deploy(endpoint_url: str) -> None:
    """Create or update everything at an endpoint, in the region that the resources' ARNs name.

    Raises:
        LocalAwsFailed: This process has not started or found the endpoint's server, whose key it needs.
    """
    resources = load_resources(VALUES)
    key = process.key(endpoint_url)
    session = boto3.Session(key.access_key_id, key.secret_access_key, region_name=REGION)
    s3 = session.client("s3", endpoint_url=endpoint_url)
    glue = session.client("glue", endpoint_url=endpoint_url)
    sqs = session.client("sqs", endpoint_url=endpoint_url)
    sns = session.client("sns", endpoint_url=endpoint_url)
    for queue in resources["queues"].values():
        _deploy_queue(sqs, queue)
    for topic in resources["topics"].values():
        _deploy_topic(sns, topic)
    for bucket in resources["buckets"].values():
        _deploy_bucket(s3, bucket)
    _deploy_catalog(glue, resources["catalog"], growing_tables(resources["crawlers"]))
    for address, script in script_keys().items():  # before the jobs that name them
        body = script.read_bytes()
        s3.put_object(Bucket=LAKE_BUCKET, Key=address, Body=body, ContentType="text/x-python")
    for name, definition in resources["glue_jobs"].items():
        _deploy_job(glue, name, definition)
    for name, definition in resources["crawlers"].items():
        _deploy_crawler(glue, name, definition)
    _deploy_workgroup(session.client("athena", endpoint_url=endpoint_url), resources["athena"]["workgroup"])
    _deploy_website(s3)


def _deploy_queue(sqs: SQSClient, definition: dict[str, Any]) -> None:
    attributes: Any = {name: _as_sqs_text(value) for name, value in definition["Attributes"].items()}
    try:
        sqs.create_queue(QueueName=definition["QueueName"], Attributes=attributes)
    except sqs.exceptions.QueueNameExists:  # with other attributes
        url = sqs.get_queue_url(QueueName=definition["QueueName"])["QueueUrl"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)


def _as_sqs_text(attribute: object) -> str:
    """An attribute as SQS takes it."""
    return attribute if isinstance(attribute, str) else json.dumps(attribute)


def _deploy_topic(sns: SNSClient, definition: dict[str, Any]) -> None:
    arn = sns.create_topic(Name=definition["Name"])["TopicArn"]
    for name, value in definition["Attributes"].items():
        sns.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=value)


def _deploy_bucket(s3: S3Client, definition: dict[str, Any]) -> None:
    name = definition["Bucket"]
    try:
        s3.head_bucket(Bucket=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "404":
            raise
        s3.create_bucket(Bucket=name)
    wanted = definition.get("NotificationConfiguration", {})
    there: Any = s3.get_bucket_notification_configuration(Bucket=name)
    there.pop("ResponseMetadata")
    if there != wanted:  # each time it is put, the queue gets a test message
        s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=wanted)


def _deploy_catalog(glue: GlueClient, catalog: dict[str, Any], growing: Collection[str]) -> None:
    database = catalog["database"]
    try:
        glue.create_database(DatabaseInput=database)
    except glue.exceptions.AlreadyExistsException:
        glue.update_database(Name=database["Name"], DatabaseInput=database)
    for name, definition in catalog["tables"].items():
        table: Any = {"Name": name, **definition}
        try:
            glue.create_table(DatabaseName=database["Name"], TableInput=table)
        except glue.exceptions.AlreadyExistsException:
            there: Any = glue.get_table(DatabaseName=database["Name"], Name=name)["Table"]
            if name in growing:
                table = _with_columns_of(table, there)
            if any(there.get(field) != value for field, value in table.items()):  # each update adds a version
                glue.update_table(DatabaseName=database["Name"], TableInput=table)


def _with_columns_of(table: dict[str, Any], there: dict[str, Any]) -> dict[str, Any]:
    """A declared table, and behind its columns those that it has got since."""
    declared = table["StorageDescriptor"]["Columns"]
    names = {column["Name"] for column in declared}
    added = [column for column in there["StorageDescriptor"]["Columns"] if column["Name"] not in names]
    return table | {"StorageDescriptor": table["StorageDescriptor"] | {"Columns": declared + added}}


def _deploy_job(glue: GlueClient, name: str, definition: dict[str, Any]) -> None:
    try:
        glue.create_job(Name=name, **definition)
    except glue.exceptions.AlreadyExistsException:
        glue.update_job(JobName=name, JobUpdate=definition)  # type: ignore[arg-type]


def _deploy_crawler(glue: GlueClient, name: str, definition: dict[str, Any]) -> None:
    try:
        glue.create_crawler(Name=name, **definition)
    except glue.exceptions.AlreadyExistsException:
        there: Any = glue.get_crawler(Name=name)["Crawler"]
        if any(there.get(field) != value for field, value in definition.items()):  # refused while it runs
            glue.update_crawler(Name=name, **definition)


def _deploy_workgroup(athena: AthenaClient, definition: dict[str, Any]) -> None:
    name, description = definition["Name"], definition["Description"]
    if name not in {group["Name"] for group in athena.list_work_groups()["WorkGroups"]}:
        athena.create_work_group(**definition)
        return
    updates: Any = dict(definition["Configuration"])
    updates["ResultConfigurationUpdates"] = updates.pop("ResultConfiguration")
    athena.update_work_group(WorkGroup=name, Description=description, ConfigurationUpdates=updates)


def _deploy_website(s3: S3Client) -> None:
    for file in website_files():  # the page last: it refers to the assets; data/ is the pipeline's
        s3.put_object(
            Bucket=WEBSITE_BUCKET,
            Key=file.key,
            Body=file.body,
            ContentType=file.content_type,
            CacheControl=file.cache_control,
        )
