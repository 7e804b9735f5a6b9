"""What has to hold in a deployed environment: one check a thing, each only reading.

What is declared in `include/resources` must be there as declared; what AWS adds is its own affair.
"""

from __future__ import annotations

import hashlib
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3

from include.crypto_lake.resources import growing_tables, load_resources
from include.crypto_lake.settings import VARIABLE, LakeSettings, SettingsError
from include.crypto_lake.website_headers import response_headers
from release import history, plan
from release.errors import ReleaseError

if TYPE_CHECKING:
    from release.deployment import Target
    from release.outputs import Outputs

_TERRAFORM = "apply Terraform again (scripts/terraform <environment> apply)"
_DEPLOY = "make deploy"
_VARIABLE_SECRET = f"crypto-lake/variables/{VARIABLE}"
_FAILURES = ("crypto-lake-glue-job-failed", "crypto-lake-glue-crawler-failed")
"""The rules on Glue's events, as infra/alarms.tf names them."""
_CONNECTION_SECRET = "crypto-lake/connections/coingecko_default"  # noqa: S105 - its name


@dataclass(frozen=True)
class Check:
    """One thing that has to hold: `look` raises what AWS says, or `ReleaseError`, if it does not."""

    what: str
    remedy: str
    look: Callable[[], object]


def checks(target: Target) -> Iterator[Check]:
    """Every check of an environment, what others stand on first."""
    outputs = target.outputs
    resources = load_resources(
        {
            "region": outputs.region,
            "account_id": outputs.mwaa_execution_role_arn.split(":")[4],
            "lake_bucket": outputs.lake_bucket,
            "website_bucket": outputs.website_bucket,
            "bronze_to_silver_role": outputs.bronze_to_silver_role_arn,
            "silver_to_gold_role": outputs.silver_to_gold_role_arn,
            "glue_crawler_role": outputs.glue_crawler_role_arn,
        }
    )

    def client(service: str) -> Any:
        return boto3.client(service, region_name=outputs.region)  # type: ignore[call-overload]

    for name in (outputs.lake_bucket, outputs.website_bucket, outputs.dags_bucket):
        yield Check(f"bucket {name}", _TERRAFORM, partial(target.s3.head_bucket, Bucket=name))
    yield Check("the deployed release is whole", _DEPLOY, lambda: _release_is_whole(target))
    yield from _glue(client("glue"), resources)
    yield from _arrivals(client("sqs"), target, resources)
    yield from _athena(client("athena"), resources["athena"])
    yield Check(
        f"topic {outputs.alert_topic_arn}",
        _TERRAFORM,
        partial(client("sns").get_topic_attributes, TopicArn=outputs.alert_topic_arn),
    )
    for rule in _FAILURES:
        yield Check(
            f"alerts of {rule}",
            f'{_TERRAFORM}. If alerts were lost: docs/operations.md, section "Glue job failed"',
            partial(alerts_arrive, client("events"), client("cloudwatch"), rule, outputs.alert_topic_arn),
        )
    secrets = client("secretsmanager")
    yield Check(
        f"secret {_VARIABLE_SECRET}",
        _TERRAFORM,
        lambda: _variable(_secret(secrets, _VARIABLE_SECRET), outputs),
    )
    yield Check(
        f"secret {_CONNECTION_SECRET}",
        _TERRAFORM,
        lambda: secrets.describe_secret(SecretId=_CONNECTION_SECRET),  # not its value: a key
    )
    yield Check(
        f"MWAA environment {outputs.mwaa_environment_name or ''}".rstrip(),
        "see docs/operations.md; for plugins and requirements make deploy, for the rest apply Terraform",
        lambda: _mwaa(target),
    )
    yield Check(
        f"dashboard {outputs.dashboard_url}",
        f"{_TERRAFORM}, then {_DEPLOY}",
        lambda: _dashboard(target, resources["website"]["ResponseHeadersPolicy"]),
    )


def differences(declared: Any, there: Any, where: str = "") -> Iterator[str]:
    """How what is there falls short of what is declared; more than that may be there.

    AWS gives some values back as text: JSON in it is compared by what it says, a role by its name.
    """
    if isinstance(there, str) and (not isinstance(declared, str) or declared.startswith("{")):
        there = _decoded(there)
        declared = _decoded(declared) if isinstance(declared, str) else declared
    if isinstance(declared, Mapping) and isinstance(there, Mapping):
        for key, value in declared.items():
            yield from differences(value, there.get(key), f"{where}.{key}".lstrip("."))
    elif _is_list(declared) and _is_list(there) and len(declared) == len(there):
        for index, (one, other) in enumerate(zip(declared, there, strict=True)):
            yield from differences(one, other, f"{where}[{index}]")
    elif where.endswith("Role") and str(there) == str(declared).partition(":role/")[2]:
        return
    elif declared != there:
        yield f"{where} is {there!r}, declared is {declared!r}"


def _glue(glue: Any, resources: Mapping[str, Any]) -> Iterator[Check]:
    catalog = resources["catalog"]
    database = catalog["database"]["Name"]
    yield Check(f"Glue database {database}", _TERRAFORM, partial(glue.get_database, Name=database))
    growing = growing_tables(resources["crawlers"])

    def table(name: str) -> Any:
        there: Any = glue.get_table(DatabaseName=database, Name=name)["Table"]
        if name in growing:  # columns that files brought are behind the declared ones
            declared = catalog["tables"][name]["StorageDescriptor"]["Columns"]
            columns = there["StorageDescriptor"]["Columns"][: len(declared)]
            there = {**there, "StorageDescriptor": {**there["StorageDescriptor"], "Columns": columns}}
        return there

    kinds: list[tuple[str, Mapping[str, Any], Callable[[str], Any]]] = [
        ("table", catalog["tables"], table),
        ("job", resources["glue_jobs"], lambda name: glue.get_job(JobName=name)["Job"]),
        ("crawler", resources["crawlers"], lambda name: glue.get_crawler(Name=name)["Crawler"]),
    ]
    for kind, declared, get in kinds:
        for name, definition in declared.items():
            yield Check(f"Glue {kind} {name}", _TERRAFORM, partial(_is_declared, definition, get, name))


def _arrivals(sqs: Any, target: Target, resources: Mapping[str, Any]) -> Iterator[Check]:
    def queue(name: str) -> Any:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]

    for definition in resources["queues"].values():
        name = definition["QueueName"]
        check = partial(_is_declared, definition["Attributes"], queue, name)
        yield Check(f"queue {name}", _TERRAFORM, check)

    def notification() -> None:
        there = target.s3.get_bucket_notification_configuration(Bucket=target.outputs.lake_bucket)
        declared = resources["buckets"]["lake"]["NotificationConfiguration"]
        if missing := _notified(declared) - _notified(there):
            raise ReleaseError(f"it does not tell {', '.join(' of '.join(wanted) for wanted in missing)}")

    yield Check(f"notification of s3://{target.outputs.lake_bucket}/raw/", _TERRAFORM, notification)


def _notified(configuration: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    """Queue, event and prefix of each notification; S3 gives the rules' names in capitals, or not."""
    return {
        (entry["QueueArn"], event, rule["Value"])
        for entry in configuration.get("QueueConfigurations", ())
        for event in entry["Events"]
        for rule in entry.get("Filter", {}).get("Key", {}).get("FilterRules", ())
        if rule["Name"].lower() == "prefix"
    }


def _athena(athena: Any, resources: Mapping[str, Any]) -> Iterator[Check]:
    def workgroup(name: str) -> Any:
        return athena.get_work_group(WorkGroup=name)["WorkGroup"]

    for definition in resources.values():
        name = definition["Name"]
        yield Check(
            f"Athena workgroup {name}", _TERRAFORM, partial(_is_declared, definition, workgroup, name)
        )


def alerts_arrive(events: Any, cloudwatch: Any, rule: str, topic: str) -> None:
    """Look whether a rule sends to a topic, and whether it could: EventBridge tells it in its metric alone.

    Args:
        events: A boto3 client of `events`.
        cloudwatch: A boto3 client of `cloudwatch`.
        rule: The rule's name.
        topic: The topic's ARN.

    Raises:
        ReleaseError: it sends elsewhere, or could not deliver in the last 24 hours.
    """
    targets = [target["Arn"] for target in events.list_targets_by_rule(Rule=rule)["Targets"]]
    if targets != [topic]:
        raise ReleaseError(f"it sends to {targets}, not to {topic}")
    now = datetime.now(UTC)
    points = cloudwatch.get_metric_statistics(
        Namespace="AWS/Events",
        MetricName="FailedInvocations",
        Dimensions=[{"Name": "RuleName", "Value": rule}],
        StartTime=now - timedelta(days=1),
        EndTime=now,
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]
    if lost := sum(point["Sum"] for point in points):
        raise ReleaseError(f"{lost:.0f} alerts of the last 24 hours could not be delivered")


def _release_is_whole(target: Target) -> None:
    outputs = target.outputs
    live = history.load(target.s3, outputs.dags_bucket).live
    if live is None:
        raise ReleaseError("nothing was deployed yet")
    files = history.open_kept(target.s3, outputs.dags_bucket, live.id).manifest.files
    there = plan.look(target.s3, outputs, files)
    changed = [file.key for file in files if not plan.same(file, there[file.bucket, file.key])]
    if changed:
        raise ReleaseError(f"of release {live.id} these are missing or changed: {', '.join(changed)}")


def _secret(client: Any, name: str) -> Any:
    return _decoded(client.get_secret_value(SecretId=name)["SecretString"])


def _variable(value: Any, outputs: Outputs) -> None:
    try:
        settings = LakeSettings.from_variable(value)
    except SettingsError as error:
        raise ReleaseError(str(error)) from None
    wanted = (outputs.lake_bucket, outputs.website_bucket, outputs.alert_topic_arn)
    named = (settings.bucket, settings.website_bucket, settings.alert_topic_arn)
    if named != wanted:
        raise ReleaseError(f"it names {named}, the environment has {wanted}")


def _mwaa(target: Target) -> None:
    outputs = target.outputs
    if target.mwaa is None:
        raise ReleaseError("there is none yet")
    found = target.mwaa.describe()
    declared = {
        "Status": "AVAILABLE",
        "ExecutionRoleArn": outputs.mwaa_execution_role_arn,
        "AirflowConfigurationOptions": outputs.airflow_configuration_options,
    }
    _as_declared(declared, found)
    files = ("plugins.zip", "requirements.txt")
    stored = {key: plan.stored(target.s3, outputs.dags_bucket, key) for key in files}
    if target.mwaa.needs({key: there.version if there else None for key, there in stored.items()}):
        raise ReleaseError("it runs with other plugins or requirements than were deployed")


def _dashboard(target: Target, policy: Mapping[str, Any]) -> None:
    outputs = target.outputs
    body, headers = fetch(outputs.dashboard_url)
    declared = {name.lower(): value for name, value in response_headers(policy).items()}
    _as_declared(declared, headers)
    stored = plan.stored(target.s3, outputs.website_bucket, "index.html")
    if stored and stored.sha256 != hashlib.sha256(body).hexdigest():
        raise ReleaseError("it shows another page than was deployed (CloudFront may keep one for a minute)")


def fetch(url: str) -> tuple[bytes, dict[str, str]]:
    """A page's content, and its headers by their names in lower case.

    Raises:
        ReleaseError: it could not be had.
    """
    if not url.startswith(("https://", "http://")):
        raise ReleaseError(f"{url!r} is no address of the web")
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310
            return answer.read(), {name.lower(): value for name, value in answer.headers.items()}
    except (urllib.error.URLError, OSError) as error:
        raise ReleaseError(f"{url} could not be fetched: {error}") from None


def _is_declared(declared: Any, get: Callable[[str], Any], name: str) -> None:
    _as_declared(declared, get(name))


def _as_declared(declared: Any, there: Any) -> None:
    if found := list(differences(declared, there)):
        raise ReleaseError("; ".join(found))


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
