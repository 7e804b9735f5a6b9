"""Who may do what: IAM's decision on each request, and on what is done on somebody's behalf.

Off until `switch_on`; then every request has to be signed by a user or an
assumed role whose policies allow its action on its resources (`resource_arns`); `policies` decides. Athena
reads and writes as the caller of its queries, a crawler and a Glue job as their roles. Get credentials of a
role that only a service may assume before switching it on: nobody looks at trust until then.

Evaluated are identity policies, buckets' policies and roles' trust. Permissions boundaries and session
policies are refused. The policies of queues, topics and secrets are not looked at. The endpoint's own key is
the account's root user, and a request without a signature is nobody's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.request import Request, urlopen

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto import settings
from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.exceptions import ServiceException
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import ActionResult, BaseResponse
from moto.iam.access_control import (
    AssumedRoleAccessKey,
    IAMPolicy,
    IAMRequestBase,
    IAMUserAccessKey,
    create_access_key,
)
from moto.iam.exceptions import NotFoundException
from moto.iam.models import Role, iam_backends
from moto.s3.exceptions import BucketAccessDeniedError, S3ClientError
from moto.s3.models import FakeDeleteMarker, s3_backends
from moto.sts.models import sts_backends
from werkzeug.exceptions import HTTPException

from laptop.aws import process
from laptop.aws.iam.policies import HTTPS, Context, UnknownPolicyError, Verdict, could_allow_below, verdict
from laptop.aws.iam.resource_arns import glue_arns, needs
from laptop.aws.keys import Key

_PARTITION = "aws"


class NotAuthorizedError(Exception):
    """Somebody may not do something: who, what, on what, and why not."""


@dataclass(frozen=True)
class Principal:
    """Who acts.

    `arn` is who he is, `names` are those by which policies may name him, `policies` are his own, and
    `credentials` the environment variables with which a program is him.
    """

    arn: str
    names: Sequence[str] = ()
    policies: Sequence[Mapping[str, Any]] = ()
    credentials: dict[str, str] = field(default_factory=dict)

    def may(self, action: str, resource: str, context: Context | None = None) -> bool:
        """Whether he may do this."""
        return self._refusal(action, resource, context or {}) is None

    def require(self, action: str, resource: str, context: Context | None = None) -> None:
        """Raise `NotAuthorizedError` if he may not do this."""
        if reason := self._refusal(action, resource, context or {}):
            raise NotAuthorizedError(
                f"User: {self.arn} is not authorized to perform: {action} on resource: {resource} {reason}"
            )

    def might_below(self, action: str, bucket: str, folder: str) -> bool:
        """Whether there could be a key below a folder for which he may do this; no is certain."""
        policies = [*self.policies, *_bucket_policy(bucket)]
        return could_allow_below(policies, action, f"arn:aws:s3:::{bucket}/{folder}/")

    def require_in_catalog(self, action: str, region: str, database: str, table: str | None = None) -> None:
        """Raise `NotAuthorizedError` if he may not do this to a database or table of the Glue catalog."""
        for resource in glue_arns(f"arn:aws:glue:{region}:{DEFAULT_ACCOUNT_ID}:", database, table):
            self.require(action, resource)

    def require_listing(self, bucket: str, prefix: str) -> None:
        """Raise `NotAuthorizedError` if he may not list what is below a prefix of a bucket."""
        self.require("s3:ListBucket", f"arn:aws:s3:::{bucket}", {"s3:prefix": prefix})

    def require_object(self, action: str, bucket: str, key: str) -> None:
        """Raise `NotAuthorizedError` if he may not do this to an object."""
        self.require(action, f"arn:aws:s3:::{bucket}/{key}")

    def _refusal(self, action: str, resource: str, context: Context) -> str | None:
        known = {
            **HTTPS,
            "aws:principalaccount": DEFAULT_ACCOUNT_ID,
            "aws:resourceaccount": DEFAULT_ACCOUNT_ID,
            **({"aws:principalarn": self.names[-1]} if self.names else {}),
            **{key.lower(): value for key, value in context.items()},
        }
        own = verdict(self.policies, action, resource, known)
        if own is Verdict.DENIED:
            return "with an explicit deny in an identity-based policy"
        bucket = resource.removeprefix("arn:aws:s3:::").partition("/")[0] if action.startswith("s3:") else ""
        named = verdict(_bucket_policy(bucket), action, resource, known, {"AWS": [*self.names, "*"]})
        if named is Verdict.DENIED:
            return "with an explicit deny in a resource-based policy"
        if Verdict.ALLOWED in (own, named):
            return None
        return f"because no identity-based policy allows the {action} action"


class Anybody(Principal):
    """Who acts while nobody is asked: he may do everything."""

    def _refusal(self, action: str, resource: str, context: Context) -> str | None:  # noqa: ARG002
        return None


ANYBODY = Anybody("anybody")
"""While authorization is off; `install` gives it the endpoint's own key."""
ANONYMOUS = Principal("anonymous")
_ACCOUNT = [f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:root", DEFAULT_ACCOUNT_ID]
_EVERYTHING = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
ROOT = Principal(_ACCOUNT[0], _ACCOUNT, [_EVERYTHING])
"""Who signs with the endpoint's own key: the account's root user."""
caller: ContextVar[Principal] = ContextVar("caller", default=ANYBODY)
"""Who made the request that is being answered."""


def install(key: Key) -> None:
    """Have moto ask here; what nobody is asked for is done with the endpoint's own key."""
    ANYBODY.credentials.update(key.environment())
    ActionAuthenticatorMixin._authenticate_and_authorize_action = _authorize  # type: ignore[method-assign,assignment]


def switch_on(endpoint_url: str) -> None:
    """Switch authorization on at a running server, for as long as it runs. It takes the server's own key."""
    own, url = process.key(endpoint_url), f"{endpoint_url}/moto-api/reset-auth"
    request = AWSRequest("POST", url, {"Content-Type": "text/plain"}, data=b"0")
    SigV4Auth(Credentials(own.access_key_id, own.secret_access_key), "iam", "us-east-1").add_auth(request)
    urlopen(Request(url, data=b"0", headers=dict(request.headers))).close()  # noqa: S310 - ours


def on() -> bool:
    """Whether authorization is switched on."""
    return ActionAuthenticatorMixin.request_count >= settings.INITIAL_NO_AUTH_ACTION_COUNT


def role_of_service(role: str, service: str) -> Principal:
    """A role that a service acts as.

    Args:
        role: Its ARN, or its name.
        service: Like `glue.amazonaws.com`.

    Raises:
        NotAuthorizedError: There is no such role, or it does not trust the service.
    """
    if not on():
        return ANYBODY
    found = _role_of_arn(role) if role.startswith("arn:") else _role(role)
    trusted = found and verdict(
        [json.loads(found.assume_role_policy_document)],
        "sts:AssumeRole",
        found.arn,
        {**HTTPS, "aws:sourceaccount": DEFAULT_ACCOUNT_ID},
        {"Service": [service]},
    )
    if found is None or trusted is not Verdict.ALLOWED:
        raise NotAuthorizedError(
            f"{service} is unable to assume the role {role}: verify that it exists and that its trust policy"
            f" names {service}"
        )
    session = sts_backends[DEFAULT_ACCOUNT_ID][_PARTITION].assume_role(
        region_name="us-east-1",
        role_session_name=service.partition(".")[0],
        role_arn=found.arn,
        policy="",
        duration=3600,
        external_id="",
    )
    credentials = {
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
    }
    headers = {"X-Amz-Security-Token": session.session_token}
    key = AssumedRoleAccessKey(DEFAULT_ACCOUNT_ID, _PARTITION, session.access_key_id, headers)
    return replace(_principal(key), credentials=credentials)


def _authorize(self: BaseResponse, _: type[IAMRequestBase], resource: str = "*") -> None:
    """Decide on a request, in the place of moto's method of that name."""
    if not on():
        ActionAuthenticatorMixin.request_count += 1
        caller.set(ANYBODY)
        return
    principal = _signer(self)
    caller.set(principal)
    scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", self.headers.get("Authorization", ""))
    service = scope[1] if scope else "s3"
    try:
        for need in needs(self, service, resource):
            if need.action == "sts:AssumeRole":
                _require_trust(self, principal, need.resource)
            elif need.action != "sts:GetCallerIdentity":  # nobody can be denied that
                principal.require(*need)
            if need.action == "s3:GetObject":
                _require_listing_if_missing(principal, need.resource)
    except NotAuthorizedError as error:
        raise _refusal(self, service, str(error)) from None


def _signer(response: BaseResponse) -> Principal:
    """Who signed a request; that the signature is right, `access` has seen."""
    found = re.search(r"Credential=([^/]+)/", response.headers.get("Authorization", ""))
    if not found:
        return ANONYMOUS
    if found[1] == ANYBODY.credentials["AWS_ACCESS_KEY_ID"]:
        return ROOT
    return _principal(create_access_key(response.current_account, _PARTITION, found[1], response.headers))


def _principal(key: IAMUserAccessKey | AssumedRoleAccessKey) -> Principal:
    names = [key.arn]
    if isinstance(key, AssumedRoleAccessKey):
        owner: Any = _role(key._owner_role_name)
        if owner is None:
            return Principal(key.arn)
        names.append(owner.arn)
        session = sts_backends[DEFAULT_ACCOUNT_ID][_PARTITION].get_assumed_role_from_access_key(
            key._access_key_id
        )
        if session and session.policy:
            raise UnknownPolicyError(
                f"the local AWS does not evaluate the session policy of {key.arn}: assume it without one"
            )
    else:
        owner = iam_backends[DEFAULT_ACCOUNT_ID][_PARTITION].get_user(key._owner_user_name)
    if getattr(owner, "permissions_boundary_arn", None):
        raise UnknownPolicyError(f"the local AWS does not evaluate the permissions boundary of {owner.arn}")
    return Principal(key.arn, names, [IAMPolicy(policy)._policy_json for policy in key.collect_policies()])


def _role(name: str) -> Role | None:
    try:
        return iam_backends[DEFAULT_ACCOUNT_ID][_PARTITION].get_role(name)
    except NotFoundException:
        return None


def _role_of_arn(arn: str) -> Role | None:
    """By the whole of it: the path is part of what policies name."""
    role = _role(arn.rpartition("/")[2])
    return role if role is not None and role.arn == arn else None


def _bucket_policy(name: str) -> list[Mapping[str, Any]]:
    bucket = s3_backends[DEFAULT_ACCOUNT_ID][_PARTITION].buckets.get(name)
    return [json.loads(bucket.policy)] if bucket and bucket.policy else []


def _require_trust(request: BaseResponse, principal: Principal, role_arn: str) -> None:
    """A role that trusts him by name asks no more; one that trusts the account leaves it to his policies."""
    role = _role_of_arn(role_arn)
    if role is not None and principal is not ROOT:  # AWS lets no root user assume a role
        external_id = request._get_param("ExternalId")
        context = {**HTTPS, **({"sts:externalid": external_id} if external_id else {})}
        by_name, by_account = (
            verdict(
                [json.loads(role.assume_role_policy_document)],
                "sts:AssumeRole",
                role.arn,
                context,
                {"AWS": names},
            )
            for names in (principal.names, _ACCOUNT)
        )
        if by_name is Verdict.ALLOWED and by_account is not Verdict.DENIED:
            return
        if by_account is Verdict.ALLOWED and by_name is not Verdict.DENIED:
            principal.require("sts:AssumeRole", role_arn)
            return
    raise NotAuthorizedError(
        f"User: {principal.arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
    )


def _require_listing_if_missing(principal: Principal, resource: str) -> None:
    """S3 tells only those who may list a bucket that an object is not there."""
    bucket_arn, _, key = resource.partition("/")
    bucket = s3_backends[DEFAULT_ACCOUNT_ID][_PARTITION].buckets.get(bucket_arn.rpartition(":")[2])
    if bucket is not None and isinstance(bucket.keys.get(key), FakeDeleteMarker | None):
        principal.require("s3:ListBucket", bucket_arn)


class _DeniedError(ServiceException):
    """What moto's serializers write; theirs has to be a class of a service."""


class _RefusedError(HTTPException):
    """A refusal, written as the service answers."""

    def __init__(self, code: int, body: Any):
        super().__init__(body)
        self.code = code


def _refusal(response: BaseResponse, service: str, message: str) -> Exception:
    if service == "s3":
        if response._get_action() == "DeleteObject" and "BucketName" in response.data:
            return BucketAccessDeniedError(response.data["BucketName"])  # moto refuses each of several keys
        return S3ClientError("AccessDenied", message)
    by_target = "X-Amz-Target" in response.headers and service != "sqs"
    error = _DeniedError("AccessDeniedException" if by_target else "AccessDenied", message)
    return _RefusedError(400 if by_target else 403, response.serialized(ActionResult(error))[2])
