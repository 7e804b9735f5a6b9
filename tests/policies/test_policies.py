"""The IAM policies of `infra/policies`: they name actions and places exactly, and fit what the code does.

(That AWS's own rules are kept with them is tested in `tests/infra`, where the DAGs run under these roles.)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from include.crypto_lake import layout
from include.crypto_lake.on_arrival import arrivals
from include.crypto_lake.resources import load_resources
from include.crypto_lake.website import EXPORTS
from include.crypto_lake.website_files import website_files
from laptop.lake.deployment import VALUES as LAPTOP

POLICIES = Path(__file__).parents[2] / "infra" / "policies"
ROLES = [
    "airflow_environment",
    "airflow_tasks",
    "bronze_to_silver",
    "silver_to_gold",
    "glue_crawler",
    "deploy",
]
VALUES = {
    "account_id": "111122223333",
    "region": "ap-southeast-1",
    "environment": "e" * 12,  # the longest there may be
}
NAME = f"crypto-lake-{VALUES['environment']}"
VALUES |= {
    name: f"{NAME}-{what}-{VALUES['account_id']}-{VALUES['region']}"
    for name, what in (
        ("lake_bucket", "lake"),
        ("website_bucket", "website"),
        ("dags_bucket", "airflow"),
        ("state_bucket", "terraform"),
    )
}
VALUES |= {"mwaa_name": NAME, "mwaa_role_name": f"{NAME}-airflow", "topic_arn": "arn:aws:sns:::alerts"}
GOLD = [layout.GOLD_COINS_MARKET.prefix, layout.GOLD_MARKET_SUMMARY.prefix]
DOCUMENTED = "AsAwsDocuments"
LAKE, WEBSITE = (f"arn:aws:s3:::{VALUES[bucket]}" for bucket in ("lake_bucket", "website_bucket"))


@cache
def policy(name: str) -> dict[str, Any]:
    """A document as Terraform hands it to AWS."""
    text = (POLICIES / f"{name}.json").read_text(encoding="utf-8")
    return json.loads(re.sub(r"\$\{(\w+)\}", lambda found: VALUES[found[1]], text))


def statements(name: str) -> list[dict[str, Any]]:
    return policy(name)["Statement"]


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value


def may(name: str, action: str, resource: str) -> bool:
    """Whether a statement allows it, whatever its conditions."""
    return any(
        any(fnmatchcase(action, pattern) for pattern in listed(statement["Action"]))
        and any(fnmatchcase(resource, pattern) for pattern in listed(statement.get("Resource", [])))
        for statement in statements(name)
    )


def below(prefix: str) -> str:
    """A key of the lake below a prefix, or what the prefix names if it is a whole key."""
    return f"{LAKE}/{prefix}" if prefix.endswith(".json") else f"{LAKE}/{prefix.rstrip('/')}/x.json"


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{VALUES['region']}:{VALUES['account_id']}:{rest}"


def all_documents() -> Iterator[str]:
    for path in sorted(POLICIES.rglob("*.json")):
        yield str(path.relative_to(POLICIES).with_suffix(""))


def test_every_role_has_its_document() -> None:
    resource_policies = {"alert_topic", "website_bucket"}
    assert {name for name in all_documents() if "/" not in name} == {*ROLES, *resource_policies}


def test_the_topic_and_the_queues_refuse_whoever_comes_without_tls() -> None:
    queues = load_resources(LAPTOP)["queues"].values()
    guarded = {queue["QueueName"]: queue["Attributes"]["Policy"]["Statement"] for queue in queues}
    topic = json.loads((POLICIES / "alert_topic.json").read_text(encoding="utf-8"))
    guarded["alert_topic"] = topic["Statement"]
    assert guarded.keys() == {"crypto-lake-arrivals", "crypto-lake-arrivals-dead-letters", "alert_topic"}
    for name, found in guarded.items():
        [refusal] = [statement for statement in found if statement["Effect"] == "Deny"]
        assert refusal["Principal"] == "*", name
        assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}, name
        assert refusal["Action"] == ("sns:Publish" if name == "alert_topic" else "sqs:*"), name
        assert refusal["Resource"].endswith("topic_arn}" if name == "alert_topic" else f":{name}"), name


@pytest.mark.parametrize("role", ROLES)
def test_actions_are_named_one_by_one(role: str) -> None:
    """But for reading what is named, where AWS documents a wildcard and checks for it."""
    for statement in statements(role):
        assert statement["Effect"] == "Allow"
        assert "NotAction" not in statement
        wild = (
            r"|[a-z0-9]+:(Get|List|BatchGet)[A-Za-z0-9]*\*" if statement["Sid"].endswith(DOCUMENTED) else ""
        )
        for action in listed(statement["Action"]):
            assert re.fullmatch(rf"[a-z0-9]+:[A-Za-z0-9]+{wild}", action), f"{role}: {action}"


@pytest.mark.parametrize("role", ROLES)
def test_a_wildcard_resource_says_why(role: str) -> None:
    for statement in statements(role):
        wild = "NotResource" in statement or any(
            resource == "*" or "*" in resource.split(":")[:5] for resource in listed(statement["Resource"])
        )
        explained = statement["Sid"].startswith("NoResourceLevel") or statement["Sid"].endswith(
            "AccountOfAws"
        )
        assert wild == explained, f"{role}: {statement['Sid']}"


@pytest.mark.parametrize("name", all_documents())
def test_each_statement_has_a_name_of_its_own(name: str) -> None:
    text = (POLICIES / f"{name}.json").read_text(encoding="utf-8")
    document = json.loads(text)
    sids = [statement["Sid"] for statement in document["Statement"]]
    assert document["Version"] == "2012-10-17"
    assert len(set(sids)) == len(sids)
    assert all(sid.isalnum() for sid in sids)  # IAM takes nothing else


def test_the_policies_of_a_role_fit_into_it() -> None:
    """IAM takes 10,240 characters of inline policies a role, white space not counted."""
    for role in (
        ["airflow_environment", "airflow_tasks"],
        ["bronze_to_silver"],
        ["silver_to_gold"],
        ["deploy"],
    ):
        size = sum(len(re.sub(r"\s", "", json.dumps(policy(name)))) for name in role)
        assert size <= 10_240, f"{role}: {size}"


def test_airflow_reads_and_writes_where_the_code_does() -> None:
    reads = [
        layout.BRONZE_COINS_MARKET,
        layout.BRONZE_COINS_HISTORY,
        layout.SILVER_COINS_MARKET.prefix,  # Athena, on its behalf
        layout.GOLD_COINS_MARKET.prefix,
        layout.GOLD_MARKET_SUMMARY.prefix,
        layout.RAW,
        arrivals.MANIFESTS,
        arrivals._INDEX,
        layout.PROCESSED_CRYPTO.prefix,
    ]
    writes = [
        layout.BRONZE_COINS_MARKET,
        layout.REJECTED_COINS_MARKET,
        layout.BRONZE_COINS_HISTORY,
        layout.REJECTED_COINS_HISTORY,
        arrivals.MANIFESTS,
        arrivals._INDEX,
        layout.PROCESSED_CRYPTO.prefix,
        layout.REJECTED_RAW,
    ]
    for prefix in reads:
        assert may("airflow_tasks", "s3:GetObject", below(prefix))
    for prefix in writes:
        assert may("airflow_tasks", "s3:PutObject", below(prefix))
    for export in EXPORTS:
        for action in ("s3:GetObject", "s3:PutObject"):
            assert may("airflow_tasks", action, f"{WEBSITE}/{export.key}")
    assert may("airflow_tasks", "s3:DeleteObject", f"{LAKE}/{layout.REJECTED_RAW}/x")
    results = load_resources(LAPTOP)["athena"]["workgroup"]["Configuration"]["ResultConfiguration"][
        "OutputLocation"
    ]
    assert may("airflow_tasks", "s3:PutObject", f"{LAKE}/{results.split('/', 3)[3]}x.csv")


def test_airflow_leaves_the_layers_of_the_glue_jobs_alone() -> None:
    for prefix in (
        layout.SILVER_COINS_MARKET.prefix,
        layout.QUARANTINE_COINS_MARKET.prefix,
        layout.GOLD_COINS_MARKET.prefix,
        layout.GOLD_MARKET_SUMMARY.prefix,
        layout.GLUE_SCRIPTS,
        layout.RAW,
    ):
        for action in ("s3:PutObject", "s3:DeleteObject"):
            assert not may("airflow_tasks", action, f"{LAKE}/{prefix}/x")


def test_airflow_puts_no_code_where_the_glue_jobs_read() -> None:
    """A job imports Python, archives and libraries that lie where its role may read; JSON is none of them."""
    for job in ("bronze_to_silver", "silver_to_gold"):
        for suffix in ("py", "zip", "egg", "whl", "jar", "so", "json.py"):
            for prefix in (
                layout.BRONZE_COINS_MARKET,
                layout.SILVER_COINS_MARKET.prefix,
                layout.QUARANTINE_COINS_MARKET.prefix,
                *GOLD,
                layout.GLUE_SCRIPTS,
            ):
                key = f"{LAKE}/{prefix}/dt=2026-01-31/module.{suffix}"
                reads, writes = may(job, "s3:GetObject", key), may("airflow_tasks", "s3:PutObject", key)
                assert not (reads and writes), f"{job} reads {key}, and Airflow may write it"


def test_eventbridge_may_publish_without_a_condition() -> None:
    """AWS allows none in a topic's policy for EventBridge, which sends no key that it could ask for."""
    allowed = [
        statement
        for statement in statements("alert_topic")
        if statement["Effect"] == "Allow" and "events.amazonaws.com" in json.dumps(statement["Principal"])
    ]
    assert [sorted(statement) for statement in allowed] == [
        ["Action", "Effect", "Principal", "Resource", "Sid"]
    ]


def test_mwaa_may_do_what_its_own_check_tries() -> None:
    bucket, mwaa = f"arn:aws:s3:::{VALUES['dags_bucket']}", f"airflow-{VALUES['mwaa_name']}"
    for action in ("s3:GetBucketPublicAccessBlock", "s3:GetBucketVersioning", "s3:ListBucketVersions"):
        assert may("airflow_environment", action, bucket)
    for action in ("s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectAttributes"):
        assert may("airflow_environment", action, f"{bucket}/dags/x.py")
    # The triggerer writes a deferred task's log into a stream of its own, which the UI has to find.
    for action in ("logs:DescribeLogStreams", "logs:GetLogEvents"):
        assert may("airflow_environment", action, arn("logs", f"log-group:{mwaa}-Task:log-stream:x"))


@pytest.mark.parametrize("job", ["bronze_to_silver", "silver_to_gold"])
def test_a_jobs_log_is_written_and_read_where_it_is_declared(job: str) -> None:
    prefix = load_resources(LAPTOP)["glue_jobs"][job]["DefaultArguments"]["--custom-logGroup-prefix"]
    for stream in ("output", "error"):
        group = arn("logs", f"log-group:{prefix}/{stream}")
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            assert may(job, action, f"{group}:log-stream:jr_1")
    for action in ("logs:DescribeLogStreams", "logs:FilterLogEvents"):
        for group in (prefix, "/aws-glue/jobs"):
            for written in ("", ":*"):  # both ways in which AWS's pages name a log group
                assert may("airflow_tasks", action, arn("logs", f"log-group:{group}/output{written}"))


def test_the_crawlers_read_the_catalog_as_aws_documents() -> None:
    table = arn("glue", "table/crypto_datalake/any")
    for action in (
        "glue:GetTables",
        "glue:GetTableVersions",
        "glue:GetPartitionIndexes",
        "glue:BatchGetPartition",
    ):
        for resource in (arn("glue", "catalog"), arn("glue", "database/crypto_datalake"), table):
            assert may("glue_crawler", action, resource)
    for action in ("glue:UpdateTable", "glue:CreatePartition", "glue:DeleteTable", "glue:GetTables"):
        assert not may("glue_crawler", action, arn("glue", "table/another/any"))
    assert not may("glue_crawler", "glue:UpdateTable", table)


def test_the_jobs_settings_are_those_of_glues_own_file_system() -> None:
    """Glue 6.0 reads S3 by S3A alone."""
    for job in load_resources({**LAPTOP, "region": "eu-central-1"})["glue_jobs"].values():
        arguments = job["DefaultArguments"]
        settings = dict(setting.strip().split("=") for setting in arguments["--conf"].split("--conf"))
        assert settings == {
            "spark.log.level": "WARN",
            "spark.hadoop.fs.s3a.endpoint.region": "eu-central-1",
            "spark.hadoop.fs.s3a.committer.abort.pending.uploads": "false",
        }
        assert (
            "--enable-metrics" not in arguments
        )  # each run would publish metrics of its own, which are paid


def test_bronze_only_grows() -> None:
    for role in ROLES:
        assert not may(role, "s3:DeleteObject", f"{LAKE}/{layout.BRONZE_COINS_MARKET}/x")
        for statement in statements(role):
            if "s3:PutObject" in listed(statement["Action"]) and "bronze" in json.dumps(
                statement["Resource"]
            ):
                # Present, that is: S3 refuses a put over an object that is there.
                assert statement["Condition"] == {"Null": {"s3:if-none-match": "false"}}


@pytest.mark.parametrize(
    ("job", "reads", "writes", "others"),
    [
        (
            "bronze_to_silver",
            [layout.BRONZE_COINS_MARKET],
            [layout.SILVER_COINS_MARKET.prefix, layout.QUARANTINE_COINS_MARKET.prefix],
            [layout.BRONZE_COINS_MARKET, *GOLD, layout.PROCESSED_CRYPTO.prefix],
        ),
        (
            "silver_to_gold",
            [layout.SILVER_COINS_MARKET.prefix, layout.QUARANTINE_COINS_MARKET.prefix],
            GOLD,
            [
                layout.BRONZE_COINS_MARKET,
                layout.SILVER_COINS_MARKET.prefix,
                layout.QUARANTINE_COINS_MARKET.prefix,
                layout.PROCESSED_CRYPTO.prefix,
            ],
        ),
    ],
)
def test_a_glue_job_writes_its_own_layer_alone(
    job: str, reads: list[str], writes: list[str], others: list[str]
) -> None:
    definition = load_resources(LAPTOP)["glue_jobs"][job]
    for address in (
        definition["Command"]["ScriptLocation"],
        *definition["DefaultArguments"]["--extra-py-files"].split(","),
    ):
        assert may(job, "s3:GetObject", f"{LAKE}/{address.split('/', 3)[3]}")
    other = {"bronze_to_silver": "silver_to_gold", "silver_to_gold": "bronze_to_silver"}[job]
    assert not may(job, "s3:GetObject", f"{LAKE}/{layout.GLUE_SCRIPTS}/0123456789ab/{other}.py")
    for prefix in [*reads, *writes]:
        assert may(job, "s3:GetObject", f"{LAKE}/{prefix}/dt=2026-01-31/x")
    for action in ("s3:PutObject", "s3:DeleteObject"):
        for prefix in writes:
            assert may(job, action, f"{LAKE}/{prefix}/dt=2026-01-31/x")
        for prefix in [*others, layout.GLUE_SCRIPTS]:
            assert not may(job, action, f"{LAKE}/{prefix}/x")
    assert not may(job, "s3:GetObject", f"{LAKE}/{layout.RAW}/x")


def test_the_crawler_reads_its_targets_and_writes_nothing_to_s3() -> None:
    resources = load_resources(LAPTOP)
    for crawler in resources["crawlers"].values():
        for target in crawler["Targets"].get("S3Targets", []):
            assert may("glue_crawler", "s3:GetObject", f"{LAKE}/{target['Path'].split('/', 3)[3]}x")
        for target in crawler["Targets"].get("CatalogTargets", []):
            for name in target["Tables"]:
                location = resources["catalog"]["tables"][name]["StorageDescriptor"]["Location"]
                assert may("glue_crawler", "s3:GetObject", f"{LAKE}/{location.split('/', 3)[3]}x")
                table = arn("glue", f"table/{target['DatabaseName']}/{name}")
                assert may("glue_crawler", "glue:BatchCreatePartition", table)
    writing = re.compile(r"s3:(Put|Delete|Abort|Restore)")
    assert not [a for s in statements("glue_crawler") for a in listed(s["Action"]) if writing.match(a)]


def test_airflow_may_use_everything_that_is_declared() -> None:
    resources = load_resources(LAPTOP)
    database = resources["catalog"]["database"]["Name"]
    for job in resources["glue_jobs"]:
        assert may("airflow_tasks", "glue:StartJobRun", arn("glue", f"job/{job}"))
    for name, crawler in resources["crawlers"].items():
        assert may("airflow_tasks", "glue:StartCrawler", arn("glue", f"crawler/{name}"))
        for target in crawler["Targets"].get(
            "S3Targets", []
        ):  # the table's name is the prefix and the folder
            table = crawler["TablePrefix"] + target["Path"].rstrip("/").rsplit("/", 1)[1]
            for role, action in (
                ("airflow_tasks", "glue:GetPartitions"),
                ("glue_crawler", "glue:CreateTable"),
            ):
                assert may(role, action, arn("glue", f"table/{database}/{table}"))
    for table in resources["catalog"]["tables"]:
        # What was refused is for people, who ask with rights of their own.
        asks = table != layout.QUARANTINE_COINS_MARKET.name
        assert may("airflow_tasks", "glue:GetTable", arn("glue", f"table/{database}/{table}")) == asks
    assert may(
        "airflow_tasks", "sqs:ReceiveMessage", arn("sqs", resources["queues"]["arrivals"]["QueueName"])
    )
    assert may("airflow_tasks", "sns:Publish", arn("sns", resources["topics"]["alerts"]["Name"]))
    workgroup = resources["athena"]["workgroup"]["Name"]
    assert may("airflow_tasks", "athena:StartQueryExecution", arn("athena", f"workgroup/{workgroup}"))


def test_a_deployment_puts_the_website_and_leaves_its_data_alone() -> None:
    for file in website_files():
        assert may("deploy", "s3:PutObject", f"{WEBSITE}/{file.key}")
    for export in EXPORTS:
        assert not may("deploy", "s3:PutObject", f"{WEBSITE}/{export.key}")
    for prefix in ("bronze", "silver", "gold", "raw", "processed"):
        assert not may("deploy", "s3:GetObject", f"{LAKE}/{prefix}/x")
