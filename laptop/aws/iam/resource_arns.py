"""What each request needs: the actions and the ARNs that an IAM policy has to allow for it.

As the Service Authorization Reference has them, for the calls that the lake's roles make. A call that is not
here needs its action on `*`, which no statement that names an ARN allows: rather refused than let through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

import xmltodict
from moto.athena.models import athena_backends
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import BaseResponse
from moto.secretsmanager.models import secretsmanager_backends


class Need(NamedTuple):
    """An action on a resource that has to be allowed, with what conditions may be about."""

    action: str
    resource: str
    context: Mapping[str, str] = {}


Parameter = Callable[[str], Any]
"""Gives a parameter of the request, None if it has none of the name."""


def needs(response: BaseResponse, service: str, region: str, resource: str) -> list[Need]:
    """What a request needs.

    Args:
        response: moto's answer to it, before it is made.
        service: The service by its signature.
        region: The region.
        resource: The bucket or object that moto found in it; of other services it knows none.
    """
    action = str(response._get_action())
    if service == "s3":
        return _s3(response, action, resource)
    prefix = {"monitoring": "cloudwatch"}.get(service, service)
    find = _FINDERS.get(service)
    if find is None:
        return [Need(f"{prefix}:{action}", "*")]
    found = list(find(action, response._get_param, f"arn:aws:{prefix}:{region}:{DEFAULT_ACCOUNT_ID}:"))
    return [need if isinstance(need, Need) else Need(f"{prefix}:{action}", need) for need in found or ["*"]]


# S3

_SUBRESOURCES = {  # that moto takes for something else
    "encryption": "EncryptionConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "publicAccessBlock": "BucketPublicAccessBlock",
}


def _s3(response: Any, action: str, resource: str) -> list[Need]:
    arguments = response.request.args
    in_bucket = "/" not in resource
    if in_bucket and action != "ListAllMyBuckets":
        for name, thing in _SUBRESOURCES.items():
            if name in arguments:
                verb = "Get" if response.method in ("GET", "HEAD") else "Put"
                return [Need(f"s3:{verb}{thing}", resource)]
    if action == "ListAllMyBuckets":
        return [Need("s3:ListAllMyBuckets", "*")]
    if action == "HeadBucket":
        return [Need("s3:ListBucket", resource)]
    if action in ("ListBucket", "ListBucketVersions"):
        keys = {f"s3:{name}": arguments[name] for name in ("prefix", "delimiter") if name in arguments}
        return [Need(f"s3:{action}", resource, keys)]
    if action == "DeleteObject" and in_bucket:
        objects = xmltodict.parse(response.body)["Delete"].get("Object", [])  # type: ignore[no-untyped-call]
        listed = objects if isinstance(objects, list) else [objects]
        return [Need("s3:DeleteObject", f"{resource}/{entry['Key']}") for entry in listed]
    conditions = {
        f"s3:{name}": response.headers[name]
        for name in ("if-match", "if-none-match")
        if action == "PutObject" and name in response.headers
    }
    found = [Need(f"s3:{action}", resource, conditions)]
    if source := response.headers.get("x-amz-copy-source"):
        address, _, version = unquote(source).removeprefix("/").partition("?versionId=")
        reading = "s3:GetObjectVersion" if version else "s3:GetObject"
        found.append(Need(reading, f"arn:aws:s3:::{address}"))
    return found


# Glue


def _glue(action: str, get: Parameter, arn: str) -> Iterable[str | Need]:
    thing = re.sub(r"^(?:BatchGet|BatchCreate|BatchUpdate|BatchDelete|BatchStop|[A-Z][a-z]+)", "", action)
    if action in ("GetTags", "TagResource", "UntagResource"):
        return [get("ResourceArn")]
    if thing in ("Database", "Databases"):
        name = get("Name") or (get("DatabaseInput") or {}).get("Name") or "*"
        return [
            *glue_arns(arn, name),
            *(
                [f"{arn}table/{name}/*", f"{arn}userDefinedFunction/{name}/*"]
                if action == "DeleteDatabase"
                else []
            ),
        ]
    if thing.startswith("ColumnStatisticsFor"):  # needs the right to the thing itself
        needed = f"glue:{action.removesuffix(thing)}{thing.removeprefix('ColumnStatisticsFor')}"
        return [Need(needed, one) for one in glue_arns(arn, get("DatabaseName"), get("TableName"))]
    if thing.startswith(("Table", "Partition")):
        table = get("TableName") or (get("TableInput") or {}).get("Name") or get("Name")
        names = get("TablesToDelete") or [table or "*"]
        return dict.fromkeys(one for name in names for one in glue_arns(arn, get("DatabaseName"), name))
    if thing == "Crawler" and action != "CreateCrawler":
        return [f"{arn}crawler/{get('Name')}", *_passed(get("Role"))]
    if thing.startswith("Job") and (get("JobName")):
        role = (get("JobUpdate") or {}).get("Role")
        return [f"{arn}job/{get('JobName')}", *_passed(role)]
    if action in ("CreateCrawler", "CreateJob"):
        return [Need(f"glue:{action}", "*"), *_passed(get("Role"))]
    return []


def glue_arns(arn: str, database: str, table: str | None = None) -> list[str]:
    """A table of the catalog, or a database, with all that stands above it, as Glue asks for them.

    Args:
        arn: What Glue's ARNs begin with in the region.
        database: A database's name.
        table: A table's name.
    """
    above = [f"{arn}catalog", f"{arn}database/{database.lower()}"]
    return above if table is None else [*above, f"{arn}table/{database.lower()}/{table.lower()}"]


def _passed(role: str | None) -> list[Need]:
    """What it needs to give a role to Glue."""
    if not role:
        return []
    arn = role if role.startswith("arn:") else f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/{role}"
    return [Need("iam:PassRole", arn, {"iam:passedtoservice": "glue.amazonaws.com"})]


# The others


def _athena(action: str, get: Parameter, arn: str) -> Iterable[str]:
    if action == "ListWorkGroups":
        return []
    if tagged := get("ResourceARN"):
        return [tagged]
    group = get("WorkGroup") or get("Name") if action.endswith("WorkGroup") else get("WorkGroup")
    if query := get("QueryExecutionId"):
        execution = athena_backends[DEFAULT_ACCOUNT_ID][arn.split(":")[3]].executions.get(query)
        group = execution.workgroup.name if execution and execution.workgroup else "*"
    return [f"{arn}workgroup/{group or 'primary'}"]


def _sqs(_: str, get: Parameter, arn: str) -> Iterable[str]:
    name = (get("QueueUrl") or get("QueueName") or "").rpartition("/")[2]
    return [arn + name] if name else []


def _sns(action: str, get: Parameter, arn: str) -> Iterable[str]:
    if action == "CreateTopic":
        return [arn + get("Name")]
    named = get("TopicArn") or get("TargetArn") or get("ResourceArn") or get("SubscriptionArn")
    return [":".join(named.split(":")[:6])] if named else []


def _logs(action: str, get: Parameter, arn: str) -> Iterable[str]:
    group = get("logGroupName") or (get("logGroupIdentifier") or "").rpartition("log-group:")[2]
    if not group:
        return [f"{arn}log-group:*"] if action == "DescribeLogGroups" else []
    if action in ("GetLogEvents", "PutLogEvents", "DeleteLogStream"):
        return [f"{arn}log-group:{group}:log-stream:{get('logStreamName')}"]
    return [f"{arn}log-group:{group}:*"]  # how policies name a log group


def _secretsmanager(_: str, get: Parameter, arn: str) -> Iterable[str]:
    wanted = get("SecretId") or get("Name")
    if not wanted:
        return []
    backend = secretsmanager_backends[DEFAULT_ACCOUNT_ID][arn.split(":")[3]]
    secret = backend.secrets.get(wanted)
    if secret is not None:
        return [secret.arn]
    return [wanted if wanted.startswith("arn:") else f"{arn}secret:{wanted}"]


def _cloudwatch(action: str, get: Parameter, arn: str) -> Iterable[str | Need]:
    if action == "PutMetricData":
        return [Need("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": get("Namespace")})]
    if name := get("AlarmName"):
        return [f"{arn}alarm:{name}"]
    return [f"{arn}alarm:*"] if action == "DescribeAlarms" else []


def _iam(_: str, get: Parameter, __: str) -> Iterable[str]:
    arn = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:"
    for name, kind in {"RoleName": "role", "UserName": "user", "GroupName": "group"}.items():
        if found := get(name):
            return [f"{arn}{kind}/{found}"]
    named = get("PolicyArn") or get("OpenIDConnectProviderArn")
    return [named] if named else []


def _sts(_: str, get: Parameter, __: str) -> Iterable[str]:
    role = get("RoleArn")
    return [role] if role else []


_FINDERS: dict[str, Callable[[str, Parameter, str], Iterable[str | Need]]] = {
    "athena": _athena,
    "glue": _glue,
    "iam": _iam,
    "logs": _logs,
    "monitoring": _cloudwatch,
    "secretsmanager": _secretsmanager,
    "sns": _sns,
    "sqs": _sqs,
    "sts": _sts,
}
