"""Under the roles that Terraform made, with IAM deciding: deploying and both DAGs succeed, and no more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from laptop.aws import process
from laptop.aws.iam.authorization import switch_on
from laptop.coingecko.stand_in import running_stand_in
from laptop.lake.deployment import REGION
from laptop.runner.environment import airflow_environment, coingecko_connection, prepare_home
from release.__main__ import main as release
from release.checks import checks
from release.deployment import Target
from release.outputs import Outputs
from tests.clients import client_of
from tests.infra.conftest import SETTINGS, Terraform, bootstrapped

pytestmark = pytest.mark.timeout(900)
DAY = "2026-01-31"
JOB = "in-the-wrong-role"
DEPLOYER = 'github_actions = { repository = "somebody/crypto-data-lake" }\n'


@dataclass(frozen=True)
class Account:
    """An AWS account that Terraform has built the lake in, and that asks everybody who he is."""

    endpoint_url: str
    outputs: dict[str, Any]
    actors: dict[str, dict[str, str]]  # name -> the environment variables with which a program is it

    def environment(self, actor: str) -> dict[str, str]:
        """The AWS variables of an actor."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_DEFAULT_REGION": REGION,
            **self.actors[actor],
        }

    def client(self, service: str, actor: str) -> Any:
        key = {name.lower(): value for name, value in self.actors[actor].items()}
        return boto3.client(
            service,
            endpoint_url=self.endpoint_url,
            region_name=REGION,
            config=Config(retries={"max_attempts": 0}),
            **key,
        )

    def keys(self, bucket: str, prefix: str) -> list[str]:
        """As the administrator."""
        found = self.client("s3", "administrator").list_objects_v2(Bucket=bucket, Prefix=prefix)
        return [entry["Key"] for entry in found.get("Contents", [])]


@pytest.fixture(scope="module")
def coingecko() -> Iterator[str]:
    with running_stand_in("demo") as stand_in:
        yield stand_in.url


@pytest.fixture(scope="module")
def account(coingecko: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with process.running(tmp_path_factory.mktemp("guarded-aws")) as url:
        terraform = bootstrapped(url, tmp_path_factory.mktemp("guarded"))
        settings = terraform.root / "infra" / "environments" / "test.tfvars"
        settings.write_text(SETTINGS + DEPLOYER)
        terraform.done("apply", "-auto-approve")
        yield guarded(url, terraform, coingecko)


def guarded(url: str, terraform: Terraform, coingecko: str) -> Account:
    """Get everybody's credentials, then switch IAM on: from there on services alone may assume the roles."""
    made = partial(client_of, url)
    # As a user does on AWS, who has another source of prices.
    made("secretsmanager").put_secret_value(
        SecretId="crypto-lake/connections/coingecko_default",
        SecretString=coingecko_connection(coingecko, time_travel=True),
    )
    iam = made("iam")
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam.create_user(UserName="administrator")
    iam.put_user_policy(
        UserName="administrator",
        PolicyName="everything",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [everything]}),
    )
    key = iam.create_access_key(UserName="administrator")["AccessKey"]
    actors = {"administrator": variables(key)}
    for actor in ("mwaa_execution", "bronze_to_silver", "silver_to_gold", "glue_crawler", "deploy"):
        role = terraform.outputs[f"{actor}_role_arn"]
        assumed = made("sts").assume_role(RoleArn=role, RoleSessionName=actor)
        actors[actor] = variables(assumed["Credentials"])
    switch_on(url)
    return Account(url, terraform.outputs, actors)


def variables(key: dict[str, Any]) -> dict[str, str]:
    """The environment variables of a key that IAM or STS gave."""
    named = {"AWS_ACCESS_KEY_ID": "AccessKeyId", "AWS_SECRET_ACCESS_KEY": "SecretAccessKey"}
    found = {name: key[field] for name, field in named.items()}
    return found | ({"AWS_SESSION_TOKEN": key["SessionToken"]} if "SessionToken" in key else {})


@pytest.fixture(scope="module")
def deployed(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Account:
    """The package deployed as the role that GitHub Actions takes."""
    folder = tmp_path_factory.mktemp("deployed")
    described = folder / "outputs.json"
    described.write_text(json.dumps({name: {"value": value} for name, value in account.outputs.items()}))
    with patch.dict(os.environ, account.environment("deploy")):
        assert release(["package", "--output", str(folder / "dist")]) == 0
        deploy = ["deploy", "--outputs", str(described), "--package", str(folder / "dist")]
        assert release(deploy) == 0
    return account


@pytest.fixture(scope="module")
def airflow(deployed: Account, coingecko: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Airflow with the configuration that Terraform gives MWAA, and the execution role's credentials."""
    made = airflow_environment(
        tmp_path_factory.mktemp("airflow"),
        endpoint_url=deployed.endpoint_url,
        coingecko_url=coingecko,
        time_travel=True,
    )
    del made["AIRFLOW_VAR_CRYPTO_LAKE"], made["AIRFLOW_CONN_COINGECKO_DEFAULT"]
    for option, value in deployed.outputs["airflow_configuration_options"].items():
        section, _, name = option.partition(".")
        made[f"AIRFLOW__{section.upper()}__{name.upper()}"] = value
    made |= deployed.environment("mwaa_execution")
    prepare_home(made)
    return made


def run(airflow: dict[str, str], dag: str, *arguments: str) -> str:
    """Run a DAG to its end, which has to be a success; returns its log."""
    done = subprocess.run(
        [sys.executable, "-m", "airflow", "dags", "test", dag, *arguments],
        env=airflow,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    refused = [
        line for line in done.stdout.splitlines() if "AccessDenied" in line or "not authorized" in line
    ]
    assert done.returncode == 0, "\n".join([*refused, done.stdout[-6000:]])
    assert not refused, "\n".join(refused)
    return done.stdout


def test_the_daily_dag_needs_no_more_than_its_roles_have(deployed: Account, airflow: dict[str, str]) -> None:
    run(airflow, "crypto_market_daily", DAY)

    lake, website = deployed.outputs["lake_bucket"], deployed.outputs["website_bucket"]
    for layer in ("silver/coins_market", "gold/coins_market", "gold/market_summary"):
        assert [key for key in deployed.keys(lake, f"{layer}/dt={DAY}/") if key.endswith(".parquet")], layer
    body = deployed.client("s3", "administrator").get_object(Bucket=website, Key="data/top10_cryptos.json")
    document = json.load(body["Body"])
    assert (document["as_of"], len(document["coins"])) == (DAY, 10)


def test_the_arrival_dag_needs_no_more_than_its_role_has(deployed: Account, airflow: dict[str, str]) -> None:
    lake = deployed.outputs["lake_bucket"]
    rows = [{"id": "bitcoin", "current_price": 1.5, "last_updated": "2026-02-25T10:00:00Z"}]
    for key, body in (("raw/prices_2026-02-25.json", json.dumps(rows)), ("raw/poison.json", "<html>")):
        deployed.client("s3", "administrator").put_object(Bucket=lake, Key=key, Body=body.encode())

    run(airflow, "crypto_prices_on_arrival")

    assert deployed.keys(lake, "processed/") == ["processed/crypto/year=2026/month=02/day=25/data.parquet"]
    assert [key for key in deployed.keys(lake, "rejected/raw/poison") if key.endswith("file-note.json")]
    glue = deployed.client("glue", "administrator")
    found = glue.get_partitions(DatabaseName="crypto_datalake", TableName="processed_crypto")["Partitions"]
    assert [partition["Values"] for partition in found] == [["2026", "02", "25"]]


def test_the_triggerer_hears_of_arrivals_as_the_execution_role(deployed: Account) -> None:
    sqs = deployed.client("sqs", "mwaa_execution")
    url = sqs.get_queue_url(QueueName="crypto-lake-arrivals")["QueueUrl"]
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0)["Messages"]
    for message in received:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    keys = [
        record["s3"]["object"]["key"]
        for message in received
        for record in json.loads(message["Body"]).get("Records", [])
    ]
    assert "raw%2Fpoison.json" in keys


def put(bucket: str, key: str) -> Callable[[Any, Account], Any]:
    return lambda s3, account: s3.put_object(Bucket=account.outputs[bucket], Key=key, Body=b"x")


def get(bucket: str, key: str) -> Callable[[Any, Account], Any]:
    return lambda s3, account: s3.get_object(Bucket=account.outputs[bucket], Key=key)


def delete(bucket: str, key: str) -> Callable[[Any, Account], Any]:
    return lambda s3, account: s3.delete_object(Bucket=account.outputs[bucket], Key=key)


QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/crypto-lake-arrivals"
FORBIDDEN: list[tuple[str, str, str, Callable[[Any, Account], Any]]] = [
    (who, "s3", what, call)
    for who, what, call in [
        ("mwaa_execution", "write silver", put("lake_bucket", f"silver/coins_market/dt={DAY}/x.parquet")),
        ("mwaa_execution", "write gold", put("lake_bucket", f"gold/coins_market/dt={DAY}/x.parquet")),
        ("mwaa_execution", "overwrite bronze", put("lake_bucket", f"bronze/coins_market/dt={DAY}/x.json")),
        ("mwaa_execution", "delete bronze", delete("lake_bucket", f"bronze/coins_market/dt={DAY}/x.json")),
        ("mwaa_execution", "drop files itself", put("lake_bucket", "raw/x.json")),
        (
            "mwaa_execution",
            "change a Glue script",
            put("lake_bucket", "src/glue_scripts/0123456789ab/silver_to_gold.py"),
        ),
        ("mwaa_execution", "change the page", put("website_bucket", "index.html")),
        ("mwaa_execution", "change its own DAGs", put("dags_bucket", "dags/crypto_market_daily.py")),
        ("bronze_to_silver", "write bronze", put("lake_bucket", f"bronze/coins_market/dt={DAY}/x.json")),
        ("bronze_to_silver", "write gold", put("lake_bucket", f"gold/coins_market/dt={DAY}/x.parquet")),
        ("bronze_to_silver", "read dropped files", get("lake_bucket", "raw/prices_2026-02-25.json")),
        (
            "bronze_to_silver",
            "change its script",
            put("lake_bucket", "src/glue_scripts/0123456789ab/bronze_to_silver.py"),
        ),
        ("silver_to_gold", "read bronze", get("lake_bucket", f"bronze/coins_market/dt={DAY}/x.json")),
        ("silver_to_gold", "write silver", put("lake_bucket", f"silver/coins_market/dt={DAY}/x.parquet")),
        ("silver_to_gold", "see the website", get("website_bucket", "data/top10_cryptos.json")),
        ("glue_crawler", "write silver", put("lake_bucket", f"silver/coins_market/dt={DAY}/x.parquet")),
        ("glue_crawler", "read bronze", get("lake_bucket", f"bronze/coins_market/dt={DAY}/x.json")),
        ("deploy", "read the lake", get("lake_bucket", "raw/prices_2026-02-25.json")),
        ("deploy", "publish figures", put("website_bucket", "data/top10_cryptos.json")),
    ]
] + [
    (
        "mwaa_execution",
        "glue",
        "delete a table",
        lambda glue, _: glue.delete_table(DatabaseName="crypto_datalake", Name="gold_coins_market"),
    ),
    (
        "mwaa_execution",
        "glue",
        "change a job",
        lambda glue, _: glue.update_job(JobName="silver_to_gold", JobUpdate={}),
    ),
    (
        "mwaa_execution",
        "athena",
        "ask in another workgroup",
        lambda athena, _: athena.start_query_execution(QueryString="SELECT 1", WorkGroup="primary"),
    ),
    (
        "mwaa_execution",
        "sqs",
        "send messages",
        lambda sqs, _: sqs.send_message(QueueUrl=QUEUE, MessageBody="x"),
    ),
    (
        "mwaa_execution",
        "secretsmanager",
        "change a secret",
        lambda secrets, _: secrets.put_secret_value(
            SecretId="crypto-lake/variables/crypto_lake", SecretString="{}"
        ),
    ),
    (
        "mwaa_execution",
        "sts",
        "become a Glue job",
        lambda sts, account: sts.assume_role(
            RoleArn=account.outputs["silver_to_gold_role_arn"], RoleSessionName="burglar"
        ),
    ),
    ("mwaa_execution", "iam", "look at roles", lambda iam, _: iam.list_roles()),
    ("silver_to_gold", "glue", "start a job", lambda glue, _: glue.start_job_run(JobName="silver_to_gold")),
    ("glue_crawler", "glue", "start a crawler", lambda glue, _: glue.start_crawler(Name="gold-coins-market")),
    ("deploy", "glue", "start a job", lambda glue, _: glue.start_job_run(JobName="silver_to_gold")),
]


@pytest.mark.parametrize(
    ("who", "service", "call"),
    [pytest.param(who, service, call, id=f"{who} may not {what}") for who, service, what, call in FORBIDDEN],
)
def test_nobody_may_more(deployed: Account, who: str, service: str, call: Callable[..., Any]) -> None:
    with pytest.raises(ClientError) as refused:
        call(deployed.client(service, who), deployed)
    assert refused.value.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException"}, refused.value


def test_a_glue_job_that_reaches_beyond_its_role_fails(deployed: Account) -> None:
    """The script of one job under the role of the other: what Spark reads is decided, too."""
    glue = deployed.client("glue", "administrator")
    job = glue.get_job(JobName="bronze_to_silver")["Job"]
    glue.create_job(
        Name=JOB,
        Role=deployed.outputs["silver_to_gold_role_arn"],
        **{name: job[name] for name in ("Command", "GlueVersion", "DefaultArguments", "Timeout")},
    )
    lake = deployed.outputs["lake_bucket"]
    run_id = glue.start_job_run(JobName=JOB, Arguments={"--run_date": DAY, "--bucket": lake})["JobRunId"]
    going = {"STARTING", "RUNNING"}
    while (state := glue.get_job_run(JobName=JOB, RunId=run_id)["JobRun"])["JobRunState"] in going:
        time.sleep(0.5)
    assert state["JobRunState"] == "FAILED"
    assert "is not authorized to perform: s3:" in state["ErrorMessage"]


def test_the_deploy_role_may_look_at_all_that_the_smoke_test_looks_at(
    deployed: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in deployed.environment("deploy").items():
        monkeypatch.setenv(name, value)
    outputs = Outputs.parse(json.dumps({name: {"value": value} for name, value in deployed.outputs.items()}))
    elsewhere = ("MWAA environment", "dashboard")  # the local AWS has neither at the addresses that AWS gives
    looked = [c for c in checks(Target.of(outputs, print)) if not c.what.startswith(elsewhere)]
    for check in looked:
        check.look()
    assert {"the deployed release is whole", "queue crypto-lake-arrivals"} <= {check.what for check in looked}
