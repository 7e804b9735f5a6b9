"""What each request needs: the actions and the ARNs that an IAM policy has to allow for it.

As the Service Authorization Reference has them, for the calls that the lake's roles make. A call that is not
here needs its action on `*`, which no statement that names an ARN allows: rather refused than let through.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlparse

import xmltodict
from botocore.model import OperationNotFoundError
from moto.athena.models import athena_backends
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import BaseResponse
from moto.core.utils import get_service_model
from moto.iam.models import iam_backends
from moto.secretsmanager.models import secretsmanager_backends

from laptop.aws.iam.policies import UnknownPolicyError


class Need(NamedTuple):
    """An action on a resource that has to be allowed, with what conditions may be about."""

    action: str
    resource: str
    context: Mapping[str, str] = {}


Parameter = Callable[[str], Any]
"""Gives a parameter of the request, None if it has none of the name."""


def needs(response: BaseResponse, service: str, resource: str) -> list[Need]:
    """What a request needs.

    Args:
        response: moto's answer to it, before it is made.
        service: The service by its signature.
        resource: The bucket or object that moto found in it; of other services it knows none.

    Raises:
        UnknownPolicyError: The request says the same thing twice, or is not one of AWS's: what is checked
            would not be what is done.
    """
    if service == "s3":
        return _s3(response, resource)
    action = str(response._get_action())
    prefix = {"monitoring": "cloudwatch"}.get(service, service)
    get = _parameters(response, service, action)
    find = _FINDERS.get(service)
    if find is None:
        return [Need(f"{prefix}:{action}", "*")]
    found = list(find(action, get, f"arn:aws:{prefix}:{response.region}:{DEFAULT_ACCOUNT_ID}:"))
    return [need if isinstance(need, Need) else Need(f"{prefix}:{action}", need) for need in found or ["*"]]


def _parameters(response: BaseResponse, service: str, action: str) -> Parameter:
    """The request's parameters, of those that botocore's model of the operation has."""
    try:
        shape = get_service_model(response.boto3_service_name).operation_model(action).input_shape
    except OperationNotFoundError:
        raise UnknownPolicyError(f"{service} has no operation {action}") from None
    known = set(shape.members) if shape else set()
    if response.automated_parameter_parsing:
        # As a form: moto takes names from the address and from the body.
        twice = {name for name, values in response.normalized_request.values.lists() if len(values) > 1}
        given: Parameter = response._get_param
    else:
        # As JSON: moto takes names from the address and from headers before those of the body.
        twice = {*response.normalized_request.args, *(name for name in known if name in response.headers)}
        given = (json.loads(response.body) if response.body else {}).get
    if twice:
        raise UnknownPolicyError(f"{service}:{action} is given {', '.join(sorted(twice))} in two places")
    return lambda name: given(name) if name in known else None


# S3

_CONFIGURATIONS = {  # of a bucket, by the sub-resource
    "accelerate": "AccelerateConfiguration",
    "acl": "BucketAcl",
    "cors": "BucketCORS",
    "encryption": "EncryptionConfiguration",
    "inventory": "InventoryConfiguration",
    "lifecycle": "LifecycleConfiguration",
    "location": "BucketLocation",
    "logging": "BucketLogging",
    "notification": "BucketNotification",
    "object-lock": "BucketObjectLockConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "policy": "BucketPolicy",
    "policyStatus": "BucketPolicyStatus",
    "publicAccessBlock": "BucketPublicAccessBlock",
    "replication": "ReplicationConfiguration",
    "tagging": "BucketTagging",
    "versioning": "BucketVersioning",
    "website": "BucketWebsite",
}
# What moto does with a sub-resource, by whether it is an object's, and the method. With another it would do
# what it does without one.
_SUBRESOURCES: dict[tuple[bool, str], set[str]] = {
    (False, "GET"): {*_CONFIGURATIONS, "uploads", "versions"},
    (False, "PUT"): _CONFIGURATIONS.keys() - {"location", "policyStatus"},
    (False, "DELETE"): {
        *("cors", "encryption", "lifecycle", "ownershipControls", "policy", "publicAccessBlock"),
        *("replication", "tagging", "website"),
    },
    (False, "POST"): {"delete"},
    (True, "GET"): {"acl", "attributes", "legal-hold", "tagging", "uploadId"},
    (True, "PUT"): {"acl", "legal-hold", "retention", "tagging", "uploadId"},
    (True, "DELETE"): {"tagging", "uploadId"},
    (True, "POST"): {"restore", "select", "uploadId", "uploads"},
}
_OBJECT_ACTIONS = {  # of what is not named after its sub-resource
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("GET", "uploadId"): "ListMultipartUploadParts",
    ("POST", "restore"): "RestoreObject",
    ("POST", "select"): "GetObject",
    ("POST", "uploadId"): "PutObject",
    ("POST", "uploads"): "PutObject",
    ("PUT", "uploadId"): "PutObject",
}
_OBJECT_PARTS = {"acl": "Acl", "legal-hold": "LegalHold", "retention": "Retention", "tagging": "Tagging"}
_IN_HEADERS = {  # what else a request does that makes an object or a bucket
    True: {
        "x-amz-acl": "PutObjectAcl",
        "x-amz-grant-": "PutObjectAcl",
        "x-amz-object-lock-legal-hold": "PutObjectLegalHold",
        "x-amz-object-lock-mode": "PutObjectRetention",
        "x-amz-object-lock-retain-until-date": "PutObjectRetention",
        "x-amz-tagging": "PutObjectTagging",
    },
    False: {
        "x-amz-acl": "PutBucketAcl",
        "x-amz-bucket-object-lock-enabled": "PutBucketObjectLockConfiguration",
        "x-amz-grant-": "PutBucketAcl",
        "x-amz-object-ownership": "PutBucketOwnershipControls",
    },
}


@cache
def _all_subresources() -> frozenset[str]:
    """Every sub-resource that S3 has, by botocore's model."""
    model = get_service_model("s3")
    uris = (model.operation_model(name).http["requestUri"] for name in model.operation_names)
    names = {part.partition("=")[0] for uri in uris for part in uri.partition("?")[2].split("&")}
    return frozenset((names | {"uploadId"}) - {"", "list-type", "select-type"})


def _subresource(response: Any, *, is_object: bool) -> str | None:
    """The one sub-resource that a request is about."""
    arguments, method = response.request.args, response.method
    if response.request.form or (response.body and method in ("GET", "HEAD", "DELETE")):
        raise UnknownPolicyError("the local AWS takes S3's parameters from the address alone")
    found = sorted(_all_subresources() & set(arguments))
    if len(found) > 1:
        raise UnknownPolicyError(f"the local AWS takes one sub-resource a request, not {', '.join(found)}")
    for name in ("uploadId", "versionId"):
        if name in arguments and arguments.getlist(name) != [arguments[name] or None]:
            raise UnknownPolicyError(f"{name} has to be one, and not empty")
    allowed = _SUBRESOURCES.get((is_object, method), set())
    if (found and found[0] not in allowed) or (method == "POST" and not found):
        what = f"{method} of an object's" if is_object else f"{method} of a bucket's"
        raise UnknownPolicyError(f"the local AWS does not have {what} {found[0] if found else 'form'}")
    return found[0] if found else None


def _s3(response: Any, resource: str) -> list[Need]:
    if resource == "arn:aws:s3:::*":
        return [Need("s3:ListAllMyBuckets", "*")]
    is_object = "/" in resource
    subresource = _subresource(response, is_object=is_object)
    return (_object_needs if is_object else _bucket_needs)(response, subresource, resource)


def _bucket_needs(response: Any, subresource: str | None, resource: str) -> list[Need]:
    method, arguments = response.method, response.request.args
    if subresource == "delete":
        return list(_deletions(response, resource))
    if subresource == "uploads":
        return [Need("s3:ListBucketMultipartUploads", resource)]
    if subresource is not None and subresource != "versions":
        own_right = method == "DELETE" and subresource in ("policy", "website")
        verb = "Get" if method == "GET" else "Delete" if own_right else "Put"
        return [Need(f"s3:{verb}{_CONFIGURATIONS[subresource]}", resource)]
    if method in ("PUT", "DELETE"):
        return [
            Need(f"s3:{'Create' if method == 'PUT' else 'Delete'}Bucket", resource),
            *(_needs_of_headers(response, resource, is_object=False) if method == "PUT" else []),
        ]
    keys = {f"s3:{name}": arguments[name] for name in ("prefix", "delimiter") if name in arguments}
    return [Need("s3:ListBucketVersions" if subresource else "s3:ListBucket", resource, keys)]


def _deletions(response: Any, resource: str) -> Iterable[Need]:
    # As moto reads it: a key may begin or end with a space.
    body: Any = xmltodict.parse(response.body, strip_whitespace=False)  # type: ignore[no-untyped-call]
    listed = body["Delete"].get("Object", [])
    for entry in listed if isinstance(listed, list) else [listed]:
        action = "s3:DeleteObjectVersion" if entry.get("VersionId") else "s3:DeleteObject"
        yield from _deletion(response, action, f"{resource}/{entry['Key']}")


def _deletion(response: Any, action: str, resource: str) -> Iterable[Need]:
    yield Need(action, resource)
    if "x-amz-bypass-governance-retention" in response.headers:
        yield Need("s3:BypassGovernanceRetention", resource)


def _object_needs(response: Any, subresource: str | None, resource: str) -> list[Need]:
    method = "GET" if response.method == "HEAD" else response.method
    version = "Version" if response._get_param("versionId") else ""
    if subresource == "attributes":
        return [
            Need(f"s3:GetObject{version}", resource),
            Need(f"s3:GetObject{version}Attributes", resource),
        ]
    if subresource in _OBJECT_PARTS:
        # Locks have no right of their own for a version.
        version = version if subresource in ("acl", "tagging") else ""
        return [Need(f"s3:{method.title()}Object{version}{_OBJECT_PARTS[subresource]}", resource)]
    if method == "DELETE" and subresource is None:
        return list(_deletion(response, f"s3:DeleteObject{version}", resource))
    action = _OBJECT_ACTIONS.get((method, subresource or ""))
    if action is None:
        action = "PutObject" if method == "PUT" else f"GetObject{version}"
    conditions = {
        f"s3:{name}": response.headers[name]
        for name in ("if-match", "if-none-match")
        if action == "PutObject" and name in response.headers
    }
    found = [Need(f"s3:{action}", resource, conditions)]
    if action == "PutObject":
        found += _needs_of_headers(response, resource, is_object=True)
    if method == "PUT" and (source := response.headers.get("x-amz-copy-source")):
        address = urlparse(source)  # as moto takes it apart
        reading = "GetObjectVersion" if "versionId" in parse_qs(address.query) else "GetObject"
        found.append(Need(f"s3:{reading}", f"arn:aws:s3:::{unquote(address.path).lstrip('/')}"))
    return found


def _needs_of_headers(response: Any, resource: str, *, is_object: bool) -> Iterable[Need]:
    headers = [name.lower() for name, _ in response.headers.items()]
    actions = (
        action
        for begin, action in _IN_HEADERS[is_object].items()
        if any(name == begin or (begin.endswith("-") and name.startswith(begin)) for name in headers)
    )
    return [Need(f"s3:{action}", resource) for action in dict.fromkeys(actions)]


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
        return [f"{arn}crawler/{get('Name')}", *_needs_to_pass(get("Role"))]
    if thing.startswith("Job") and (get("JobName")):
        role = (get("JobUpdate") or {}).get("Role")
        return [f"{arn}job/{get('JobName')}", *_needs_to_pass(role)]
    if action in ("CreateCrawler", "CreateJob"):
        return [Need(f"glue:{action}", "*"), *_needs_to_pass(get("Role"))]
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


def _needs_to_pass(role: str | None) -> list[Need]:
    """What it needs to give a role to Glue."""
    if not role:
        return []
    arn = role
    if not role.startswith("arn:"):
        roles = iam_backends[DEFAULT_ACCOUNT_ID]["aws"].get_roles()
        made = next((found.arn for found in roles if found.name == role), None)
        arn = made or f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/{role}"
    return [Need("iam:PassRole", arn, {"iam:passedtoservice": "glue.amazonaws.com"})]


# The others


def _athena(action: str, get: Parameter, arn: str) -> Iterable[str]:
    if action == "ListWorkGroups":
        return []
    if tagged := get("ResourceARN"):
        return [tagged]
    group = get("WorkGroup") or get("Name") if action.endswith("WorkGroup") else get("WorkGroup")
    backend = athena_backends[DEFAULT_ACCOUNT_ID][arn.split(":")[3]]
    if query := get("QueryExecutionId"):
        execution = backend.executions.get(query)
        group = execution.workgroup.name if execution and execution.workgroup else "*"
    if query := get("NamedQueryId"):
        named = backend.named_queries.get(query)
        group = named.workgroup.name if named else "*"
    return [f"{arn}workgroup/{group or 'primary'}"]


def _sqs(_: str, get: Parameter, arn: str) -> Iterable[str]:
    name = (get("QueueUrl") or get("QueueName") or "").rpartition("/")[2]
    return [arn + name] if name else []


def _sns(action: str, get: Parameter, arn: str) -> Iterable[str]:
    if action == "CreateTopic":
        return [arn + get("Name")]
    names = (get(name) for name in ("TopicArn", "TargetArn", "ResourceArn", "SubscriptionArn"))
    topics = [":".join(name.split(":")[:6]) for name in names if name]
    return [*topics, *(["*"] if get("PhoneNumber") else [])]


def _logs(action: str, get: Parameter, arn: str) -> Iterable[str]:
    named = [get("logGroupName"), *(get("logGroupNames") or [])]
    named += [get("logGroupIdentifier"), *(get("logGroupIdentifiers") or [])]
    groups = [name.rpartition("log-group:")[2].removesuffix(":*") for name in named if name]
    if not groups:
        return [f"{arn}log-group:*"] if action == "DescribeLogGroups" else []
    if action in ("GetLogEvents", "PutLogEvents", "DeleteLogStream"):
        return [f"{arn}log-group:{group}:log-stream:{get('logStreamName')}" for group in groups]
    return [f"{arn}log-group:{group}:*" for group in groups]  # how policies name a log group


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


def _events(_: str, get: Parameter, arn: str) -> Iterable[str]:
    rule = get("Rule") or get("Name")
    return [f"{arn}rule/{rule}"] if rule else []


def _iam(action: str, get: Parameter, _: str) -> Iterable[str]:
    arn, iam = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:", iam_backends[DEFAULT_ACCOUNT_ID]["aws"]
    there: dict[str, tuple[str, Iterable[Any]]] = {
        "InstanceProfileName": ("instance-profile", iam.instance_profiles.values()),
        "GroupName": ("group", iam.groups.values()),
        "RoleName": ("role", iam.get_roles()),
        "UserName": ("user", iam.users.values()),
    }
    for parameter, (kind, owners) in there.items():
        if name := get(parameter):
            path = (get("Path") if action.startswith("Create") else None) or "/"
            made = next((owner.arn for owner in owners if owner.name == name), None)
            return [made or f"{arn}{kind}{path}{name}"]
    if action == "CreatePolicy":
        return [f"{arn}policy{get('Path') or '/'}{get('PolicyName')}"]
    named = get("PolicyArn") or get("OpenIDConnectProviderArn")
    return [named] if named else []


def _sts(action: str, get: Parameter, _: str) -> Iterable[str]:
    if action.startswith("AssumeRoleWith"):
        raise UnknownPolicyError(f"the local AWS cannot tell whether {action} is given a true identity")
    role = get("RoleArn")
    return [role] if role else []


_FINDERS: dict[str, Callable[[str, Parameter, str], Iterable[str | Need]]] = {
    "athena": _athena,
    "events": _events,
    "glue": _glue,
    "iam": _iam,
    "logs": _logs,
    "monitoring": _cloudwatch,
    "secretsmanager": _secretsmanager,
    "sns": _sns,
    "sqs": _sqs,
    "sts": _sts,
}
