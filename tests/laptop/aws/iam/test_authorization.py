"""IAM that decides: on each request, and on what is done on somebody's behalf."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from laptop.aws import process
from laptop.aws.iam.authorization import switch_on
from tests.clients import client_of, signed
from tests.laptop.conftest import PARQUET, parquet, until

pytestmark = pytest.mark.product

ACCOUNT = "123456789012"
GLUE = f"arn:aws:glue:us-east-1:{ACCOUNT}"
BUCKET = "lake"
TABLE = [f"{GLUE}:catalog", f"{GLUE}:database/d", f"{GLUE}:table/d/gold"]
BY_ACCOUNT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
BY_GLUE = {"Service": "glue.amazonaws.com"}
SCRIPT = f"""
import sys
from pyspark.sql import SparkSession
source, target = sys.argv[sys.argv.index("--from") + 1], sys.argv[sys.argv.index("--to") + 1]
spark = SparkSession.builder.getOrCreate()
spark.read.parquet(f"s3://{BUCKET}/{{source}}/").write.mode("overwrite").parquet(f"s3://{BUCKET}/{{target}}/")
"""


def allow(actions: str | list[str], resources: str | list[str], **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def trusting(principal: Any, **more: Any) -> str:
    return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more})


@dataclass(frozen=True)
class Account:
    """A server with authorization on, and an administrator's key to it."""

    url: str
    key: dict[str, str]

    def client(self, service: str, key: dict[str, str] | None = None) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            config=Config(retries={"max_attempts": 0}),
            **(key or self.key),
        )

    def role(self, *statements: dict[str, Any], trust: str = trusting(BY_ACCOUNT)) -> str:
        """A new role; gives its ARN."""
        name = f"role-{uuid.uuid4().hex[:8]}"
        made = self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]
        if statements:
            policy = document(*statements)
            self.client("iam").put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
        return made["Arn"]

    def assumed(self, *statements: dict[str, Any]) -> dict[str, str]:
        """The key of somebody who may do just this."""
        return self.assume(self.role(*statements))

    def assume(self, role: str, key: dict[str, str] | None = None, **options: Any) -> dict[str, str]:
        sts = self.client("sts", key)
        found = sts.assume_role(RoleArn=role, RoleSessionName="tester", **options)["Credentials"]
        return {
            "aws_access_key_id": found["AccessKeyId"],
            "aws_secret_access_key": found["SecretAccessKey"],
            "aws_session_token": found["SessionToken"],
        }

    def call(self, call: Callable[..., Any], service: str, *statements: dict[str, Any]) -> Any:
        """Make a call as somebody who may do just this."""
        return call(self.client(service, self.assumed(*statements)))


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with process.running(tmp_path_factory.mktemp("authorized")) as url:
        s3, glue, iam = (client_of(url, service) for service in ("s3", "glue", "iam"))
        s3.create_bucket(Bucket=BUCKET)
        for folder in ("gold", "closed"):
            s3.put_object(Bucket=BUCKET, Key=f"{folder}/dt=1/a.parquet", Body=parquet({"price": [1.5, 2.5]}))
        s3.put_object(Bucket=BUCKET, Key="src/job.py", Body=SCRIPT.encode())
        glue.create_database(DatabaseInput={"Name": "d"})
        table = {"Name": "gold", "PartitionKeys": [{"Name": "dt", "Type": "string"}]}
        columns = [{"Name": "price", "Type": "double"}]
        table["StorageDescriptor"] = {"Columns": columns, "Location": f"s3://{BUCKET}/gold/", **PARQUET}
        glue.create_table(DatabaseName="d", TableInput=table)
        partition = {
            "Values": ["1"],
            "StorageDescriptor": {**table["StorageDescriptor"], "Location": f"s3://{BUCKET}/gold/dt=1/"},
        }
        glue.create_partition(DatabaseName="d", TableName="gold", PartitionInput=partition)
        result = {"OutputLocation": f"s3://{BUCKET}/results/"}
        client_of(url, "athena").create_work_group(
            Name="w", Configuration={"EnforceWorkGroupConfiguration": True, "ResultConfiguration": result}
        )
        client_of(url, "sqs").create_queue(QueueName="q")
        client_of(url, "sns").create_topic(Name="t")
        client_of(url, "logs").create_log_group(logGroupName="/g")
        client_of(url, "logs").create_log_stream(logGroupName="/g", logStreamName="s")
        client_of(url, "secretsmanager").create_secret(Name="c/v", SecretString="x")
        targets = {"S3Targets": [{"Path": f"s3://{BUCKET}/gold/"}]}
        glue.create_crawler(Name="c", Role="nobody", DatabaseName="d", Targets=targets)
        command = {"Name": "glueetl", "ScriptLocation": f"s3://{BUCKET}/src/job.py"}
        glue.create_job(Name="j", Role="nobody", Command=command, GlueVersion="6.0", Timeout=5)
        iam.create_user(UserName="admin")
        iam.put_user_policy(UserName="admin", PolicyName="p", PolicyDocument=document(allow("*", "*")))
        key = iam.create_access_key(UserName="admin")["AccessKey"]
        switch_on(url)
        yield Account(
            url,
            {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]},
        )


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:us-east-1:{ACCOUNT}:{resource}"


QUEUE = f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/q"
CASES: list[tuple[str, str, str | list[str], Callable[[Any], Any]]] = [
    (
        "s3",
        "GetObject",
        f"arn:aws:s3:::{BUCKET}/src/*",
        lambda c: c.get_object(Bucket=BUCKET, Key="src/job.py"),
    ),
    (
        "s3",
        "GetObject",
        f"arn:aws:s3:::{BUCKET}/src/*",
        lambda c: c.head_object(Bucket=BUCKET, Key="src/job.py"),
    ),
    (
        "s3",
        "PutObject",
        f"arn:aws:s3:::{BUCKET}/new/*",
        lambda c: c.put_object(Bucket=BUCKET, Key="new/a", Body=b"1"),
    ),
    (
        "s3",
        "DeleteObject",
        f"arn:aws:s3:::{BUCKET}/no/*",
        lambda c: c.delete_object(Bucket=BUCKET, Key="no/a"),
    ),
    ("s3", "ListBucket", f"arn:aws:s3:::{BUCKET}", lambda c: c.list_objects_v2(Bucket=BUCKET)),
    ("s3", "ListBucket", f"arn:aws:s3:::{BUCKET}", lambda c: c.head_bucket(Bucket=BUCKET)),
    ("s3", "GetBucketLocation", f"arn:aws:s3:::{BUCKET}", lambda c: c.get_bucket_location(Bucket=BUCKET)),
    (
        "s3",
        "PutEncryptionConfiguration",
        f"arn:aws:s3:::{BUCKET}",
        lambda c: c.put_bucket_encryption(
            Bucket=BUCKET,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
        ),
    ),
    ("glue", "GetDatabase", TABLE[:2], lambda c: c.get_database(Name="d")),
    ("glue", "GetTable", TABLE, lambda c: c.get_table(DatabaseName="d", Name="gold")),
    ("glue", "GetTables", [*TABLE[:2], f"{GLUE}:table/d/*"], lambda c: c.get_tables(DatabaseName="d")),
    ("glue", "GetPartitions", TABLE, lambda c: c.get_partitions(DatabaseName="d", TableName="gold")),
    (
        "glue",
        "BatchGetPartition",
        TABLE,
        lambda c: c.batch_get_partition(
            DatabaseName="d", TableName="gold", PartitionsToGet=[{"Values": ["1"]}]
        ),
    ),
    ("glue", "GetCrawler", f"{GLUE}:crawler/c", lambda c: c.get_crawler(Name="c")),
    ("glue", "GetJob", f"{GLUE}:job/j", lambda c: c.get_job(JobName="j")),
    ("glue", "GetJobRuns", f"{GLUE}:job/j", lambda c: c.get_job_runs(JobName="j")),
    ("glue", "ListJobs", "*", lambda c: c.list_jobs()),
    ("athena", "GetWorkGroup", arn("athena", "workgroup/w"), lambda c: c.get_work_group(WorkGroup="w")),
    ("sqs", "GetQueueUrl", arn("sqs", "q"), lambda c: c.get_queue_url(QueueName="q")),
    (
        "sqs",
        "ReceiveMessage",
        arn("sqs", "q"),
        lambda c: c.receive_message(QueueUrl=QUEUE, WaitTimeSeconds=0),
    ),
    ("sns", "Publish", arn("sns", "t"), lambda c: c.publish(TopicArn=arn("sns", "t"), Message="m")),
    (
        "logs",
        "GetLogEvents",
        arn("logs", "log-group:/g:log-stream:s"),
        lambda c: c.get_log_events(logGroupName="/g", logStreamName="s"),
    ),
    (
        "logs",
        "FilterLogEvents",
        arn("logs", "log-group:/g:*"),
        lambda c: c.filter_log_events(logGroupName="/g"),
    ),
    (
        "secretsmanager",
        "GetSecretValue",
        arn("secretsmanager", "secret:c/v-??????"),
        lambda c: c.get_secret_value(SecretId="c/v"),
    ),
    (
        "cloudwatch",
        "PutMetricData",
        "*",
        lambda c: c.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 1}]),
    ),
    ("iam", "GetUser", f"arn:aws:iam::{ACCOUNT}:user/admin", lambda c: c.get_user(UserName="admin")),
]


@pytest.mark.parametrize(
    ("service", "action", "resources", "call"),
    CASES,
    ids=[f"{case[0]}-{case[1]}-{n}" for n, case in enumerate(CASES)],
)
def test_a_call_needs_its_action_on_each_of_its_resources(
    account: Account, service: str, action: str, resources: str | list[str], call: Callable[[Any], Any]
) -> None:
    needed = [resources] if isinstance(resources, str) else resources
    account.call(call, service, allow(f"{service}:{action}", needed))

    for missing in needed:
        others = [resource for resource in needed if resource != missing]
        elsewhere = "arn:aws:s3:::another" if missing == "*" else f"{missing.rstrip('*')}-another"
        with pytest.raises(ClientError) as refused:
            account.call(call, service, allow(f"{service}:{action}", [*others, elsewhere]))
        error, status = (
            refused.value.response["Error"],
            refused.value.response["ResponseMetadata"]["HTTPStatusCode"],
        )
        if call.__code__.co_names[0].startswith("head_"):  # an answer without a body
            assert status == 403
            continue
        assert error["Code"] in ("AccessDenied", "AccessDeniedException")
        assert status in (400, 403)
        assert "assumed-role/role-" in error["Message"]
        assert f"not authorized to perform: {service}:{action} on resource: " in error["Message"]


def test_a_denial_outweighs_and_a_condition_decides(account: Account) -> None:
    objects = f"arn:aws:s3:::{BUCKET}/*"
    deny = {"Effect": "Deny", "Action": "s3:Get*", "Resource": f"arn:aws:s3:::{BUCKET}/closed/*"}
    s3 = account.client("s3", account.assumed(allow("s3:GetObject", objects), deny))
    s3.get_object(Bucket=BUCKET, Key="src/job.py")
    with pytest.raises(ClientError, match="with an explicit deny in an identity-based policy"):
        s3.get_object(Bucket=BUCKET, Key="closed/dt=1/a.parquet")

    only_gold = {"StringLike": {"s3:prefix": ["gold/*"]}}
    listing = allow("s3:ListBucket", f"arn:aws:s3:::{BUCKET}", Condition=only_gold)
    s3 = account.client("s3", account.assumed(listing))
    s3.list_objects_v2(Bucket=BUCKET, Prefix="gold/dt=1/")
    for options in ({"Prefix": "closed/"}, {}):
        with pytest.raises(ClientError, match="s3:ListBucket"):
            s3.list_objects_v2(Bucket=BUCKET, **options)


def test_writing_may_be_allowed_only_where_nothing_is(account: Account) -> None:
    once = {"Null": {"s3:if-none-match": "false"}}
    s3 = account.client(
        "s3", account.assumed(allow("s3:PutObject", f"arn:aws:s3:::{BUCKET}/once/*", Condition=once))
    )
    s3.put_object(Bucket=BUCKET, Key="once/a", Body=b"", IfNoneMatch="*")
    with pytest.raises(ClientError, match="s3:PutObject on resource: arn:aws:s3:::lake/once/a"):
        s3.put_object(Bucket=BUCKET, Key="once/a", Body=b"")


def test_what_cannot_be_evaluated_is_not_passed_over(account: Account) -> None:
    for condition, named in (
        ({"NumericEquals": {"s3:prefix": "1"}}, "operator NumericEquals"),
        ({"Bool": {"aws:Odd": "true"}}, "key aws:Odd"),
    ):
        statement = allow("sqs:GetQueueUrl", "*", Condition=condition)
        with pytest.raises(ClientError, match=named) as refused:
            account.call(lambda c: c.get_queue_url(QueueName="q"), "sqs", statement)
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_only_who_may_list_learns_that_an_object_is_missing(account: Account) -> None:
    get, bucket = allow("s3:GetObject", f"arn:aws:s3:::{BUCKET}/*"), f"arn:aws:s3:::{BUCKET}"
    for statements, code in (([get], "AccessDenied"), ([get, allow("s3:ListBucket", bucket)], "NoSuchKey")):
        with pytest.raises(ClientError) as missing:
            account.call(lambda c: c.get_object(Bucket=BUCKET, Key="no/such"), "s3", *statements)
        assert missing.value.response["Error"]["Code"] == code


def test_copying_takes_reading(account: Account) -> None:
    put = allow("s3:PutObject", f"arn:aws:s3:::{BUCKET}/new/*")
    source = {"Bucket": BUCKET, "Key": "closed/dt=1/a.parquet"}
    with pytest.raises(
        ClientError, match=r"s3:GetObject on resource: arn:aws:s3:::lake/closed/dt=1/a\.parquet"
    ):
        account.call(lambda c: c.copy_object(Bucket=BUCKET, Key="new/b", CopySource=source), "s3", put)


def test_several_objects_are_deleted_only_by_who_may_delete_each(account: Account) -> None:
    admin = account.client("s3")
    for key in ("own/a", "own/b"):
        admin.put_object(Bucket=BUCKET, Key=key, Body=b"")
    s3 = account.client("s3", account.assumed(allow("s3:DeleteObject", f"arn:aws:s3:::{BUCKET}/own/*")))

    def delete(*keys: str) -> Any:
        return s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in keys]})

    assert [error["Code"] for error in delete("closed/dt=1/a.parquet")["Errors"]] == ["AccessDenied"]
    assert len(delete("own/a", "own/b")["Deleted"]) == 2
    admin.head_object(Bucket=BUCKET, Key="closed/dt=1/a.parquet")


def test_a_buckets_policy_allows_and_denies(account: Account) -> None:
    admin = account.client("s3")
    admin.create_bucket(Bucket="shared")
    for key in ("a", "secret/a"):
        admin.put_object(Bucket="shared", Key=key, Body=b"1")
    role = account.role(allow("sqs:ListQueues", "*"))
    get = {
        "Effect": "Allow",
        "Principal": {"AWS": role},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::shared/*",
    }
    deny = {**get, "Effect": "Deny", "Principal": "*", "Resource": "arn:aws:s3:::shared/secret/*"}
    not_this_account = {**deny, "Condition": {"StringNotEquals": {"aws:PrincipalAccount": "000000000000"}}}
    admin.put_bucket_policy(Bucket="shared", Policy=document(get, not_this_account))

    s3 = account.client("s3", account.assume(role))
    assert s3.get_object(Bucket="shared", Key="a")["Body"].read() == b"1"
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.get_object(Bucket="shared", Key="secret/a")
    with pytest.raises(ClientError, match="AccessDenied"):
        account.call(lambda c: c.get_object(Bucket="shared", Key="a"), "s3")


def test_an_unknown_key_and_a_wrong_signature_are_nobodys(account: Account) -> None:
    wrong = {**account.key, "aws_secret_access_key": "wrong"}
    with pytest.raises(ClientError, match=r"security token"):
        account.client("glue", {"aws_access_key_id": "local", "aws_secret_access_key": "local"}).list_jobs()
    with pytest.raises(ClientError, match="request signature"):
        account.client("sqs", wrong).list_queues()
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{account.url}/{BUCKET}/src/job.py")


def test_a_role_is_assumed_by_whom_it_trusts(account: Account) -> None:
    somebody = account.role()
    external = {"Condition": {"StringEquals": {"sts:ExternalId": "42"}}}
    trusted = account.role(trust=trusting({"AWS": somebody}))
    with_id = account.role(trust=trusting({"AWS": somebody}, **external))
    for_glue = account.role(trust=trusting(BY_GLUE))
    key = account.assume(somebody)

    account.assume(trusted, key)
    account.assume(with_id, key, ExternalId="42")
    for role, options in (
        (with_id, {}),
        (with_id, {"ExternalId": "43"}),
        (for_glue, {}),
        (account.role(), {}),  # trusts the account, but his own policies do not allow it
    ):
        with pytest.raises(
            ClientError, match=r"not authorized to perform: sts:AssumeRole on resource: .*role-"
        ):
            account.assume(role, key, **options)
    with pytest.raises(ClientError, match="sts:AssumeRole"):
        account.assume(for_glue)  # an administrator neither


def test_a_session_policy_is_refused_when_it_would_count(account: Account) -> None:
    role = account.role(allow("sqs:GetQueueUrl", "*"))
    sqs = account.client("sqs", account.assume(role, Policy=document(allow("s3:GetObject", "*"))))
    with pytest.raises(ClientError, match="the local AWS does not evaluate the session policy"):
        sqs.get_queue_url(QueueName="q")


def test_giving_a_role_away_takes_passing_it(account: Account) -> None:
    role = account.role(trust=trusting(BY_GLUE))
    update = allow("glue:UpdateCrawler", f"{GLUE}:crawler/c")
    to_glue = {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}}
    passing = allow("iam:PassRole", role, Condition=to_glue)

    account.call(lambda c: c.update_crawler(Name="c", Role=role), "glue", update, passing)
    with pytest.raises(ClientError, match=f"iam:PassRole on resource: {role}"):
        account.call(lambda c: c.update_crawler(Name="c", Role=role), "glue", update)
    account.call(lambda c: c.update_crawler(Name="c", Description="no role in it"), "glue", update)


# On somebody's behalf

RUN = allow(["athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults"], "*")
CATALOG = allow(["glue:GetDatabase", "glue:GetTable", "glue:GetPartitions"], TABLE)
LIST = allow(["s3:ListBucket", "s3:GetBucketLocation"], f"arn:aws:s3:::{BUCKET}")
READ = allow("s3:GetObject", f"arn:aws:s3:::{BUCKET}/gold/*")
RESULT = allow(["s3:PutObject", "s3:GetObject"], f"arn:aws:s3:::{BUCKET}/results/*")


def query(account: Account, *statements: dict[str, Any]) -> list[str]:
    """The prices that somebody sees who may do just this; fails with the reason that he gets."""
    athena = account.client("athena", account.assumed(*statements))
    started = athena.start_query_execution(
        QueryString="SELECT price FROM d.gold WHERE dt = '1' ORDER BY 1", WorkGroup="w"
    )["QueryExecutionId"]

    def ended() -> Any:
        status = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]
        return None if status["State"] in ("QUEUED", "RUNNING") else status

    status = until(ended, 30)
    assert status["State"] == "SUCCEEDED", status["StateChangeReason"]
    rows = athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
    return [row["Data"][0]["VarCharValue"] for row in rows[1:]]


def test_a_query_reads_and_writes_as_its_caller(account: Account) -> None:
    assert query(account, RUN, CATALOG, LIST, READ, RESULT) == ["1.5", "2.5"]
    for missing, refusal in (
        (CATALOG, f"PERMISSION_DENIED: .*glue:GetDatabase on resource: {TABLE[0]}"),
        (READ, r"PERMISSION_DENIED: .*s3:GetObject on resource: arn:aws:s3:::lake/gold/dt=1/a\.parquet"),
    ):
        with pytest.raises(AssertionError, match=refusal):
            query(account, *(s for s in (RUN, CATALOG, LIST, READ, RESULT) if s is not missing))
    for missing, refusal in (
        (RUN, "athena:StartQueryExecution on resource: .*workgroup/w"),
        (LIST, "Unable to verify/create output bucket lake: .*s3:GetBucketLocation"),
        (RESULT, "Access denied when writing output to url: s3://lake/results/"),
    ):
        with pytest.raises(ClientError, match=refusal):
            query(account, *(s for s in (RUN, CATALOG, LIST, READ, RESULT) if s is not missing))
    writing_only = allow("s3:PutObject", RESULT["Resource"])
    with pytest.raises(ClientError, match="Access denied when reading s3://lake/results/"):
        query(account, RUN, CATALOG, LIST, READ, writing_only)


def crawl(account: Account, role: str) -> dict[str, Any]:
    """The end of a crawl of gold/ by a role that makes the table crawled_gold."""
    glue = account.client("glue")
    glue.update_crawler(Name="c", Role=role, TablePrefix="crawled_")
    glue.start_crawler(Name="c")
    until(lambda: glue.get_crawler(Name="c")["Crawler"]["State"] == "READY", 30)
    return glue.get_crawler(Name="c")["Crawler"]["LastCrawl"]


def test_a_crawler_looks_and_writes_as_its_role(account: Account) -> None:
    tables = [*TABLE[:2], f"{GLUE}:table/d/crawled_*"]
    look = allow(["glue:GetDatabase", "glue:GetTable", "glue:GetPartitions"], tables)
    write = allow(["glue:CreateTable", "glue:UpdateTable", "glue:BatchCreatePartition"], tables)
    by_glue = trusting(BY_GLUE)
    for statements, trust, refusal in (
        ([LIST, READ, look], by_glue, "glue:CreateTable"),
        ([LIST, look, write], by_glue, "s3:GetObject on resource: arn:aws:s3:::lake/gold/dt=1/a.parquet"),
        ([READ, look, write], by_glue, "s3:ListBucket"),
        ([LIST, READ, look, write], trusting(BY_ACCOUNT), "glue.amazonaws.com is unable to assume the role"),
    ):
        outcome = crawl(account, account.role(*statements, trust=trust))
        assert (outcome["Status"], refusal in outcome["ErrorMessage"]) == ("FAILED", True), outcome
    assert crawl(account, account.role(LIST, READ, look, write, trust=by_glue))["Status"] == "SUCCEEDED"
    account.client("glue").get_table(DatabaseName="d", Name="crawled_gold")


def test_a_job_reads_and_writes_as_its_role(account: Account) -> None:
    glue, s3 = account.client("glue"), account.client("s3")
    changing = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    own = [
        LIST,
        READ,
        allow("s3:GetObject", f"arn:aws:s3:::{BUCKET}/src/*"),
        allow(changing, f"arn:aws:s3:::{BUCKET}/made/*"),
    ]
    by_glue = account.role(*own, trust=trusting(BY_GLUE))
    roles = {
        "own": by_glue,
        "listless": account.role(*own[1:], trust=trusting(BY_GLUE)),
        "scriptless": account.role(LIST, READ, trust=trusting(BY_GLUE)),
        "untrusting": account.role(*own),
    }

    def start(role: str, source: str, target: str) -> tuple[str, str]:
        name = f"job-{uuid.uuid4().hex[:6]}"
        command = {"Name": "glueetl", "ScriptLocation": f"s3://{BUCKET}/src/job.py"}
        glue.create_job(Name=name, Role=roles[role], Command=command, GlueVersion="6.0", Timeout=5)
        run = glue.start_job_run(JobName=name, Arguments={"--from": source, "--to": target})
        return name, run["JobRunId"]

    def end(job: str, run_id: str) -> tuple[str, str]:
        def run() -> Any:
            found = glue.get_job_run(JobName=job, RunId=run_id)["JobRun"]
            return None if found["JobRunState"] in ("STARTING", "RUNNING") else found

        found = until(run)
        return found["JobRunState"], found.get("ErrorMessage", "")

    good = start("own", "gold", "made/copy")
    forbidden_source = start("own", "closed", "made/stolen")
    assert end(*good) == ("SUCCEEDED", "")
    unlisted_source = start("listless", "gold", "made/unseen")
    forbidden_target = start("own", "gold", "gold/copy")
    state, message = end(*forbidden_source)
    assert (state, "AccessDenied" in message) == ("FAILED", True), message
    assert "s3:GetObject on resource: arn:aws:s3:::lake/closed/" in message
    state, message = end(*unlisted_source)
    assert (state, "s3:ListBucket on resource: arn:aws:s3:::lake " in message) == ("FAILED", True), message
    state, message = end(*forbidden_target)
    assert (state, "AccessDenied" in message) == ("FAILED", True), message
    assert "s3:PutObject on resource: arn:aws:s3:::lake/gold/copy/" in message
    for role, refusal in (("scriptless", "lake/src/job.py"), ("untrusting", "unable to assume the role")):
        state, message = end(*start(role, "gold", "made/never"))
        assert (state, refusal in message) == ("FAILED", True), message

    keys = {entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert any(key.startswith("made/copy/dt=1/part-") or key.startswith("made/copy/part-") for key in keys)
    assert not any(key.startswith(("made/stolen", "made/unseen", "made/never", "gold/copy")) for key in keys)
    assert "closed/dt=1/a.parquet" in keys


# What AWS denies: each call needs more, or something else, than what a policy could be thought to give

KEY = "kept/a"
OBJECT = f"arn:aws:s3:::{BUCKET}/{KEY}"


@pytest.fixture(scope="module")
def versions(account: Account) -> Iterator[str]:
    """A versioned object; gives the id of its first version."""
    s3 = account.client("s3")
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"1")["VersionId"]
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"2")
    yield first
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})


S3_CALLS: dict[str, tuple[list[str], Callable[[Any, str], Any]]] = {
    "a version deleted among several": (
        ["DeleteObjectVersion"],
        lambda c, v: c.delete_objects(
            Bucket=BUCKET, Delete={"Objects": [{"Key": KEY, "VersionId": "no" + v[2:]}]}
        ),
    ),
    "a version deleted": (
        ["DeleteObjectVersion"],
        lambda c, v: c.delete_object(Bucket=BUCKET, Key=KEY, VersionId="no" + v[2:]),
    ),
    "a version": (["GetObjectVersion"], lambda c, v: c.get_object(Bucket=BUCKET, Key=KEY, VersionId=v)),
    "a version's head": (
        ["GetObjectVersion"],
        lambda c, v: c.head_object(Bucket=BUCKET, Key=KEY, VersionId=v),
    ),
    "attributes": (
        ["GetObject", "GetObjectAttributes"],
        lambda c, _: c.get_object_attributes(Bucket=BUCKET, Key=KEY, ObjectAttributes=["ObjectSize"]),
    ),
    "a version's attributes": (
        ["GetObjectVersion", "GetObjectVersionAttributes"],
        lambda c, v: c.get_object_attributes(
            Bucket=BUCKET, Key=KEY, VersionId=v, ObjectAttributes=["ObjectSize"]
        ),
    ),
    "a version's tags": (
        ["GetObjectVersionTagging"],
        lambda c, v: c.get_object_tagging(Bucket=BUCKET, Key=KEY, VersionId=v),
    ),
    "tags with an object": (
        ["PutObject", "PutObjectTagging"],
        lambda c, _: c.put_object(Bucket=BUCKET, Key=KEY, Body=b"2", Tagging="a=b"),
    ),
    "tags with an upload": (
        ["PutObject", "PutObjectTagging"],
        lambda c, _: c.create_multipart_upload(Bucket=BUCKET, Key=KEY, Tagging="a=b"),
    ),
    "an ACL with an object": (
        ["PutObject", "PutObjectAcl"],
        lambda c, _: c.put_object(Bucket=BUCKET, Key=KEY, Body=b"2", ACL="private"),
    ),
    "grants with an object": (
        ["PutObject", "PutObjectAcl"],
        lambda c, _: c.put_object(Bucket=BUCKET, Key=KEY, Body=b"2", GrantRead='id="x"'),
    ),
    "tags taken off": (
        ["DeleteObjectTagging"],
        lambda c, _: c.delete_object_tagging(Bucket=BUCKET, Key=KEY),
    ),
    "a version's tags taken off": (
        ["DeleteObjectVersionTagging"],
        lambda c, v: c.delete_object_tagging(Bucket=BUCKET, Key=KEY, VersionId=v),
    ),
    "an ACL": (["GetObjectAcl"], lambda c, _: c.get_object_acl(Bucket=BUCKET, Key=KEY)),
    "a copy of a version": (
        ["GetObjectVersion", "PutObject"],
        lambda c, v: c.copy_object(
            Bucket=BUCKET, Key=KEY, CopySource={"Bucket": BUCKET, "Key": KEY, "VersionId": v}
        ),
    ),
}


@pytest.mark.parametrize("name", S3_CALLS)
def test_a_call_of_s3_needs_each_of_its_actions(account: Account, versions: str, name: str) -> None:
    actions, call = S3_CALLS[name]
    needed = [f"s3:{action}" for action in actions]

    def made(*allowed: str) -> Any:
        statements = [allow(list(allowed), OBJECT)] if allowed else []
        return call(
            account.client("s3", account.assumed(allow("sqs:ListQueues", "*"), *statements)), versions
        )

    assert "Errors" not in made(*needed)
    others = {
        *(action for _, (actions, _) in S3_CALLS.items() for action in actions),
        "DeleteObject",
        "PutObjectLegalHold",
    }
    for missing in needed:
        everything_else = [f"s3:{action}" for action in sorted(others) if f"s3:{action}" != missing]
        try:
            answer = made(*everything_else)
        except ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403  # noqa: PT017
        else:
            assert [error["Code"] for error in answer["Errors"]] == ["AccessDenied"], missing
    assert account.client("s3").get_object(Bucket=BUCKET, Key=KEY)["Body"].read() in (b"1", b"2")


LOCK = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
INVENTORY = {
    "Destination": {"S3BucketDestination": {"Bucket": f"arn:aws:s3:::{BUCKET}", "Format": "CSV"}},
    "IsEnabled": True,
    "Id": "i",
    "IncludedObjectVersions": "All",
    "Schedule": {"Frequency": "Daily"},
}


@pytest.mark.parametrize(
    ("action", "call"),
    [
        (
            "PutBucketObjectLockConfiguration",
            lambda c, b: c.put_object_lock_configuration(Bucket=b, ObjectLockConfiguration=LOCK),
        ),
        ("GetBucketObjectLockConfiguration", lambda c, b: c.get_object_lock_configuration(Bucket=b)),
        (
            "PutInventoryConfiguration",
            lambda c, b: c.put_bucket_inventory_configuration(
                Bucket=b, Id="i", InventoryConfiguration=INVENTORY
            ),
        ),
        ("GetInventoryConfiguration", lambda c, b: c.list_bucket_inventory_configurations(Bucket=b)),
        ("PutLifecycleConfiguration", lambda c, b: c.delete_bucket_lifecycle(Bucket=b)),
        ("PutBucketPublicAccessBlock", lambda c, b: c.delete_public_access_block(Bucket=b)),
        ("GetBucketPolicyStatus", lambda c, b: c.get_bucket_policy_status(Bucket=b)),
        ("ListBucketMultipartUploads", lambda c, b: c.list_multipart_uploads(Bucket=b)),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_a_buckets_settings_have_rights_of_their_own(
    account: Account, action: str, call: Callable[[Any, str], Any]
) -> None:
    bucket = f"set-{uuid.uuid4().hex[:8]}"
    admin = account.client("s3")
    admin.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    admin.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    resource = f"arn:aws:s3:::{bucket}"
    general = ["s3:CreateBucket", "s3:ListBucket", "s3:DeleteBucket", "s3:*Object", "s3:GetBucketPolicy"]
    with pytest.raises(ClientError, match=f"s3:{action} on resource: {resource}"):
        account.call(lambda c: call(c, bucket), "s3", allow(general, resource))
    try:
        account.call(lambda c: call(c, bucket), "s3", allow(f"s3:{action}", resource))
    except ClientError as error:  # there may be nothing to read
        assert error.response["Error"]["Code"] != "AccessDenied"  # noqa: PT017


def raw(account: Account, key: dict[str, str], *request: Any, **more: str) -> tuple[int, str]:
    """What a request gets that no client of boto3 would make."""
    sent = signed(account.url, *request, key=key, **more)
    try:
        with urllib.request.urlopen(sent, timeout=30) as got:
            return got.status, got.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.parametrize(
    ("method", "query"),
    [
        ("GET", "?acl&tagging"),
        ("GET", "?attributes&acl"),
        ("PUT", "?tagging&acl"),
        ("PUT", "?uploadId=x&acl"),
        ("DELETE", "?tagging&uploadId=x"),
        ("DELETE", "?uploadId="),
        ("GET", "?uploadId="),
        ("DELETE", "?versionId="),
        ("GET", "?versionId=a&versionId=b"),
        ("GET", "?retention"),  # moto would give the object
        ("GET", "?torrent"),
        ("DELETE", "?acl"),  # moto would delete the object
        ("DELETE", "?legal-hold"),
        ("PUT", "?renameObject"),
        ("PUT", "?encryption"),
    ],
)
def test_a_request_for_two_things_or_an_unknown_one_is_not_guessed_at(
    account: Account, versions: str, method: str, query: str
) -> None:
    everything = account.assumed(allow("s3:*", "*"))
    status, text = raw(account, everything, method, f"/{BUCKET}/{KEY}{query}")
    assert (status, "NotImplemented" in text) == (501, True), text
    assert account.client("s3").get_object(Bucket=BUCKET, Key=KEY)["Body"].read() in (b"1", b"2")


@pytest.mark.parametrize(
    "query", ["?policy&tagging", "?acl&policy", "?analytics&id=x", "?inventory&id=x", "?metrics"]
)
@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_a_bucket_is_not_deleted_or_listed_for_another_right(
    account: Account, method: str, query: str
) -> None:
    status, text = raw(account, account.assumed(allow("s3:*", "*")), method, f"/{BUCKET}{query}", b"x")
    if (method, query) == ("PUT", "?inventory&id=x"):  # it can be set, by a body that says how
        assert (status, "MalformedXML" in text) == (400, True), text
    else:
        assert (status, "NotImplemented" in text) == (501, True), text
    account.client("s3").head_bucket(Bucket=BUCKET)


def test_a_form_puts_no_object_by_a_right_on_the_bucket(account: Account) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="key"\r\n\r\nform\r\n--x--\r\n'
    key = account.assumed(allow("s3:PutObject", f"arn:aws:s3:::{BUCKET}"))
    status, _ = raw(account, key, "POST", f"/{BUCKET}", body, Content_Type="multipart/form-data; boundary=x")
    assert status == 501


def test_the_source_of_a_copy_is_the_one_that_is_read(account: Account) -> None:
    admin = account.client("s3")
    admin.put_object(Bucket=BUCKET, Key="secret/a", Body=b"secret")
    own = allow(["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"], f"arn:aws:s3:::{BUCKET}/own/*")
    key = account.assumed(own, allow("s3:ListBucket", f"arn:aws:s3:::{BUCKET}"))
    for source in (
        f"{BUCKET}/secret/a",
        f"//{BUCKET}/secret/a",
        f"{BUCKET}/secret/a#/own/x",
        f"{BUCKET}/secret/a?versionId=null#/own/x",
        f"{BUCKET}/secret%2Fa",
        f"/{BUCKET}/secret/a?x=/own/",
    ):
        status, text = raw(account, key, "PUT", f"/{BUCKET}/own/stolen", X_Amz_Copy_Source=source)
        assert (status, "secret/a" in text) == (403, True), (source, text)


def test_several_keys_are_those_that_are_deleted(account: Account) -> None:
    """A space is part of a key: a right on `own/*` is none on ` own/a`."""
    admin = account.client("s3")
    admin.put_object(Bucket=BUCKET, Key=" own/a", Body=b"")
    s3 = account.client("s3", account.assumed(allow("s3:DeleteObject", f"arn:aws:s3:::{BUCKET}/own/*")))
    errors = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": " own/a"}]})["Errors"]
    assert [error["Code"] for error in errors] == ["AccessDenied"]
    admin.head_object(Bucket=BUCKET, Key=" own/a")
    admin.delete_object(Bucket=BUCKET, Key=" own/a")


def test_a_role_is_the_whole_of_its_arn(account: Account) -> None:
    iam = account.client("iam")
    name = f"boss-{uuid.uuid4().hex[:8]}"
    real = iam.create_role(RoleName=name, Path="/admin/", AssumeRolePolicyDocument=trusting(BY_ACCOUNT))
    real_arn = real["Role"]["Arn"]
    assert real_arn.endswith(f":role/admin/{name}")
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(allow("*", "*")))
    pretended = f"arn:aws:iam::{ACCOUNT}:role/dev/{name}"
    dev = [f"arn:aws:iam::{ACCOUNT}:role/dev/*", f"arn:aws:iam::{ACCOUNT}:role/{name}"]

    key = account.assumed(allow("sts:AssumeRole", dev))
    for arn_given in (pretended, f"arn:aws:iam::{ACCOUNT}:role/{name}", real_arn):
        with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole"):
            account.assume(arn_given, key)
    account.assume(real_arn, account.assumed(allow("sts:AssumeRole", real_arn)))

    update = allow("glue:UpdateCrawler", f"{GLUE}:crawler/c")
    for role in (name, real_arn):  # by its name, too, it is what it is
        with pytest.raises(ClientError, match=f"iam:PassRole on resource: {real_arn}"):
            account.call(
                lambda c, role=role: c.update_crawler(Name="c", Role=role),
                "glue",
                update,
                allow("iam:PassRole", dev),
            )
    with pytest.raises(ClientError, match=f"iam:GetRole on resource: {real_arn}"):
        account.call(lambda c: c.get_role(RoleName=name), "iam", allow("iam:GetRole", dev))
    account.call(lambda c: c.get_role(RoleName=name), "iam", allow("iam:GetRole", real_arn))


def test_a_service_does_not_take_a_role_of_another_path(account: Account) -> None:
    iam = account.client("iam")
    name = f"glue-{uuid.uuid4().hex[:8]}"
    iam.create_role(RoleName=name, Path="/admin/", AssumeRolePolicyDocument=trusting(BY_GLUE))
    outcome = crawl(account, f"arn:aws:iam::{ACCOUNT}:role/dev/{name}")
    assert (outcome["Status"], "unable to assume the role" in outcome["ErrorMessage"]) == ("FAILED", True)


@pytest.mark.parametrize(
    ("body", "kind"),
    [("versionId={}", "application/x-www-form-urlencoded"), ('{{"versionId": "{}"}}', "application/json")],
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_body_does_not_choose_the_version(
    account: Account, versions: str, method: str, body: str, kind: str
) -> None:
    key = account.assumed(allow(["s3:GetObject", "s3:DeleteObject"], OBJECT))
    text = body.format(versions).encode()
    status, _ = raw(account, key, method, f"/{BUCKET}/{KEY}", text, Content_Type=kind)
    assert status == 501
    s3 = account.client("s3")
    assert s3.get_object(Bucket=BUCKET, Key=KEY, VersionId=versions)["Body"].read() == b"1"


JSON = {"Content_Type": "application/x-amz-json-1.1"}


@pytest.mark.parametrize(
    ("action", "own", "body", "query", "headers"),
    [
        ("GetTable", TABLE[:2], {"TableName": "mine", "Name": "gold", "DatabaseName": "d"}, "", {}),
        (
            "GetTable",
            TABLE[:2],
            {"TableInput": {"Name": "mine"}, "Name": "gold", "DatabaseName": "d"},
            "",
            {},
        ),
        ("GetTable", TABLE[:2], {"Name": "gold", "DatabaseName": "d"}, "?Name=mine", {}),
        ("GetTable", TABLE[:2], {"Name": "gold", "DatabaseName": "d"}, "", {"Name": "mine"}),
        ("GetTable", TABLE[:2], {"Name": "gold", "DatabaseName": "d"}, "?Action=GetTables", {}),
        ("GetJob", [f"{GLUE}:job/mine"], {"JobName": "j"}, "?JobName=mine", {}),
        ("GetCrawler", [f"{GLUE}:crawler/mine"], {"Name": "c"}, "", {"Name": "mine"}),
        ("get_crawler", [f"{GLUE}:crawler/mine", "*"], {"Name": "c"}, "", {}),
        ("getCrawler", [f"{GLUE}:crawler/mine", "*"], {"Name": "c"}, "", {}),
    ],
)
def test_what_an_operation_does_not_take_redirects_no_check(
    account: Account, action: str, own: list[str], body: dict[str, Any], query: str, headers: dict[str, str]
) -> None:
    right = "glue:*" if "*" in own else f"glue:{action}"
    mine = [*(resource for resource in own if resource != "*"), f"{GLUE}:table/d/mine"]
    key = account.assumed(allow(right, [*TABLE[:2], *mine]))
    status, text = raw(
        account,
        key,
        "POST",
        f"/{query}",
        json.dumps(body).encode(),
        service="glue",
        X_Amz_Target=f"AWSGlue.{action}",
        **JSON,
        **headers,
    )
    assert status in (400, 501), text
    assert "AccessDenied" in text or "NotImplemented" in text, text


def test_a_queue_is_the_one_that_the_operation_takes(account: Account) -> None:
    key = account.assumed(allow("sqs:*", arn("sqs", "mine")))
    for body, path in (
        ({"QueueName": "mine", "QueueUrl": QUEUE}, "/"),
        ({"QueueName": "mine"}, f"/{ACCOUNT}/q"),
        ({}, f"/{ACCOUNT}/q"),
    ):
        status, text = raw(
            account,
            key,
            "POST",
            path,
            json.dumps(body).encode(),
            service="sqs",
            X_Amz_Target="AmazonSQS.ReceiveMessage",
            Content_Type="application/x-amz-json-1.0",
        )
        assert (status, "AccessDenied" in text) == (403, True), text


def test_a_form_says_a_thing_once(account: Account) -> None:
    key = account.assumed(allow("iam:*", f"arn:aws:iam::{ACCOUNT}:user/mine"))
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    body = b"Action=GetUser&Version=2010-05-08&UserName=admin"
    for path, text in (("/?UserName=mine", body), ("/", body + b"&UserName=mine")):
        status, said = raw(account, key, "POST", path, text, service="iam", **form)
        assert (status, "NotImplemented" in said) == (501, True), said


def test_a_message_goes_where_it_may(account: Account) -> None:
    account.client("sns").create_topic(Name="mine")
    key = account.assumed(allow("sns:Publish", arn("sns", "mine")))
    sns = account.client("sns", key)
    sns.publish(TopicArn=arn("sns", "mine"), Message="m")
    for options in (
        {"TopicArn": arn("sns", "mine"), "TargetArn": arn("sns", "t")},
        {"TopicArn": arn("sns", "t"), "TargetArn": arn("sns", "mine")},
        {"TopicArn": arn("sns", "mine"), "PhoneNumber": "+15555550100"},
    ):
        with pytest.raises(ClientError, match="not authorized to perform: sns:Publish"):
            sns.publish(Message="m", **options)


def test_a_named_query_is_its_workgroups(account: Account) -> None:
    admin = account.client("athena")
    query = admin.create_named_query(Name="n", Database="d", QueryString="SELECT 1", WorkGroup="w")
    primary = allow("athena:GetNamedQuery", arn("athena", "workgroup/primary"))

    def get(client: Any) -> Any:
        return client.get_named_query(NamedQueryId=query["NamedQueryId"])

    with pytest.raises(ClientError, match=r"on resource: .*workgroup/w"):
        account.call(get, "athena", primary)
    account.call(get, "athena", allow("athena:GetNamedQuery", arn("athena", "workgroup/w")))


def test_a_region_is_the_signatures_and_no_headers(account: Account) -> None:
    elsewhere = f"arn:aws:sqs:eu-central-1:{ACCOUNT}:q"
    boto3.client("sqs", endpoint_url=account.url, region_name="eu-central-1", **account.key).create_queue(
        QueueName="q"
    )
    key = account.assumed(allow("sqs:*", arn("sqs", "q")))
    status, text = raw(
        account,
        key,
        "POST",
        "/",
        json.dumps({"QueueName": "q"}).encode(),
        service="sqs",
        X_Amz_Target="AmazonSQS.GetQueueUrl",
        Content_Type="application/x-amz-json-1.0",
        User_Agent="x region/eu-central-1",
    )
    assert status == 200 or f"on resource: {elsewhere}" in text, text
    assert "eu-central-1" not in text or status == 403


def test_an_identity_that_nobody_can_check_gives_no_role(account: Account) -> None:
    role = account.role(allow("*", "*"), trust=trusting({"Federated": "cognito-identity.amazonaws.com"}))
    key = account.assumed(allow("sts:*", "*"))
    body = (
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=s&WebIdentityToken=token"
        f"&RoleArn={role}"
    )
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    status, text = raw(account, key, "POST", "/", body.encode(), service="sts", **form)
    assert (status, "AccessKeyId" in text) == (501, False), text


def test_a_presigned_url_is_its_signers(account: Account) -> None:
    parameters = {"Bucket": BUCKET, "Key": "src/job.py"}

    def opened(*statements: dict[str, Any]) -> tuple[int, bytes]:
        s3 = boto3.client(
            "s3",
            endpoint_url=account.url,
            region_name="us-east-1",
            config=Config(signature_version="s3v4"),
            **account.assumed(*statements),
        )
        try:
            with urllib.request.urlopen(s3.generate_presigned_url("get_object", parameters)) as got:
                return got.status, got.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    assert opened(allow("s3:GetObject", f"arn:aws:s3:::{BUCKET}/src/*")) == (200, SCRIPT.encode())
    status, text = opened(allow("s3:GetObject", f"arn:aws:s3:::{BUCKET}/own/*"))
    assert (status, b"not authorized" in text) == (403, True)


def test_the_own_key_is_the_root_users(account: Account) -> None:
    root = client_of(account.url, "sts")
    assert client_of(account.url, "s3").list_buckets()["Buckets"]
    with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole"):
        root.assume_role(RoleArn=account.role(), RoleSessionName="tester")
