"""What is kept as written, without effect: CloudFront's policies and who is told of a budget.

moto keeps distributions, origin access controls, event rules, alarms and budgets as records; here are the
records that it lacks, so that Terraform can make, read, change and delete them. Nothing acts on any of them:
the website is served from `include/resources/website.yaml` (`cloudfront`).
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any, cast

import moto.budgets.urls
import moto.cloudfront.urls
from moto.budgets.exceptions import NotFoundException
from moto.budgets.models import Budget, BudgetsBackend, budgets_backends
from moto.budgets.responses import BudgetsResponse
from moto.cloudfront.exceptions import CloudFrontException, InvalidIfMatchVersion
from moto.cloudfront.models import (
    CloudFrontBackend,
    ForwardedValues,
    Origin,
    ViewerCertificate,
    cloudfront_backends,
)
from moto.cloudfront.responses import CloudFrontResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.utilities.tagging_service import TaggingService

from laptop.aws import seams

_CACHE = "CachePolicy"
_HEADERS = "ResponseHeadersPolicy"


def install() -> None:
    """Make moto keep these records too."""
    models: dict[str, type] = {
        "ForwardedValues": OptionalForwardedValues,
        "Origin": ControlledOrigin,
        "ViewerCertificate": PlainViewerCertificate,
    }
    seams.install("cloudfront", RecordingCloudFrontBackend, models)
    seams.install("budgets", RecordingBudgetsBackend, {})


class OptionalForwardedValues(ForwardedValues):
    """What a cache behaviour without a cache policy forwards; with one there is nothing of it."""

    def __new__(cls, config: dict[str, Any]) -> Any:  # noqa: D102
        return super().__new__(cls) if config else None


class ControlledOrigin(Origin):
    """An origin that remembers its access control."""

    def __init__(self, origin: dict[str, Any]):
        super().__init__(origin)
        self.origin_access_control_id = origin.get("OriginAccessControlId", "")


class PlainViewerCertificate(ViewerCertificate):
    """A certificate that says how it is served only where that was said."""

    def __init__(self, config: dict[str, Any]):
        super().__init__(config)
        self.ssl_support_method = config.get("SSLSupportMethod")


class RecordingCloudFrontBackend(CloudFrontBackend):
    """moto's CloudFront with cache policies and response headers policies."""

    def __init__(self, region_name: str, account_id: str):
        super().__init__(region_name, account_id)
        self.policies: dict[tuple[str, str], tuple[dict[str, Any], str]] = {}
        """Each policy's description and its ETag, by kind and id."""

    @property
    def _url_module(self) -> Any:
        routed = seams.routes(moto.cloudfront.urls, RecordingCloudFrontResponse)
        dispatch = RecordingCloudFrontResponse.dispatch
        for path in ("cache-policy", "response-headers-policy"):
            for rest in ("$", "/(?P<policy_id>[^/]+)$", "/(?P<policy_id>[^/]+)/config$"):
                routed.url_paths[f"{{0}}/2020-05-31/{path}{rest}"] = dispatch
        return routed

    def put_policy(self, kind: str, policy_id: str, config: dict[str, Any]) -> None:
        """Make or replace a policy."""
        described = {"Id": policy_id, "LastModifiedTime": datetime.now(UTC), f"{kind}Config": config}
        self.policies[kind, policy_id] = described, uuid.uuid4().hex[:13].upper()

    def policy(self, kind: str, policy_id: str, if_match: str | None = None) -> tuple[dict[str, Any], str]:
        """A policy and its ETag, which has to be `if_match` where one is given."""
        if (kind, policy_id) not in self.policies:
            raise CloudFrontException(f"NoSuch{kind}", f"The {kind} {policy_id} does not exist.")
        found = self.policies[kind, policy_id]
        if if_match is not None and if_match != found[1]:
            raise InvalidIfMatchVersion
        return found


class RecordingCloudFrontResponse(CloudFrontResponse):
    """moto's CloudFront over HTTP, with the two kinds of policies."""

    @property
    def backend(self) -> RecordingCloudFrontBackend:
        """The account's CloudFront."""
        return cast(RecordingCloudFrontBackend, cloudfront_backends[self.current_account][self.partition])

    def create_cache_policy(self) -> ActionResult:
        """CreateCachePolicy."""
        return self._create_policy(_CACHE)

    def get_cache_policy(self) -> ActionResult:
        """GetCachePolicy."""
        return self._get_policy(_CACHE)

    def update_cache_policy(self) -> ActionResult:
        """UpdateCachePolicy."""
        return self._update_policy(_CACHE)

    def delete_cache_policy(self) -> ActionResult:
        """DeleteCachePolicy."""
        return self._delete_policy(_CACHE)

    def create_response_headers_policy(self) -> ActionResult:
        """CreateResponseHeadersPolicy."""
        return self._create_policy(_HEADERS)

    def get_response_headers_policy(self) -> ActionResult:
        """GetResponseHeadersPolicy."""
        return self._get_policy(_HEADERS)

    def update_response_headers_policy(self) -> ActionResult:
        """UpdateResponseHeadersPolicy."""
        return self._update_policy(_HEADERS)

    def delete_response_headers_policy(self) -> ActionResult:
        """DeleteResponseHeadersPolicy."""
        return self._delete_policy(_HEADERS)

    def _create_policy(self, kind: str) -> ActionResult:
        config = self._get_param(f"{kind}Config")
        for (known, _), (described, _) in self.backend.policies.items():
            if known == kind and described[f"{kind}Config"]["Name"] == config["Name"]:
                raise CloudFrontException(
                    f"{kind}AlreadyExists", f"A {kind} {config['Name']} exists already."
                )
        policy_id = str(uuid.uuid4())
        self.backend.put_policy(kind, policy_id, config)
        return self._describe_policy(kind, policy_id)

    def _get_policy(self, kind: str) -> ActionResult:
        return self._describe_policy(kind, self._get_param("Id"))

    def _update_policy(self, kind: str) -> ActionResult:
        policy_id = self._get_param("Id")
        self.backend.policy(kind, policy_id, self._get_param("IfMatch"))
        self.backend.put_policy(kind, policy_id, self._get_param(f"{kind}Config"))
        return self._describe_policy(kind, policy_id)

    def _delete_policy(self, kind: str) -> ActionResult:
        policy_id = self._get_param("Id")
        self.backend.policy(kind, policy_id, self._get_param("IfMatch"))
        del self.backend.policies[kind, policy_id]
        return EmptyResult()

    def _describe_policy(self, kind: str, policy_id: str) -> ActionResult:
        described, etag = self.backend.policy(kind, policy_id)
        return ActionResult({kind: described, "ETag": etag})


class RecordingBudgetsBackend(BudgetsBackend):
    """moto's budgets, which can be tagged and changed."""

    def __init__(self, region_name: str, account_id: str):
        super().__init__(region_name, account_id)
        self.tagger = TaggingService(tag_name="ResourceTags")

    @property
    def _url_module(self) -> Any:
        return seams.routes(moto.budgets.urls, RecordingBudgetsResponse)

    def budget(self, account_id: str, name: str) -> Budget:
        """A budget; raises `NotFoundException` if there is none of this name."""
        self.describe_budget(account_id, name)
        return self.budgets[account_id][name]


class RecordingBudgetsResponse(BudgetsResponse):
    """moto's budgets over HTTP."""

    @property
    def backend(self) -> RecordingBudgetsBackend:
        """The account's budgets."""
        return cast(RecordingBudgetsBackend, budgets_backends[self.current_account][self.partition])

    def create_budget(self) -> str:
        """CreateBudget."""
        answer = super().create_budget()
        account_id, name = self._get_param("AccountId"), self._get_param("Budget")["BudgetName"]
        arn = f"arn:{self.partition}:budgets::{account_id}:budget/{name}"
        self.backend.tagger.tag_resource(arn, self._get_param("ResourceTags"))
        return answer

    def update_budget(self) -> ActionResult:
        """UpdateBudget: the new definition replaces the old one, its notifications stay."""
        account_id, definition = self._get_param("AccountId"), self._get_param("NewBudget")
        changed = Budget(definition, [])
        changed.notifications = self.backend.budget(account_id, definition["BudgetName"]).notifications
        self.backend.budgets[account_id][definition["BudgetName"]] = changed
        return EmptyResult()

    def describe_subscribers_for_notification(self) -> ActionResult:
        """DescribeSubscribersForNotification."""
        budget = self.backend.budget(self._get_param("AccountId"), self._get_param("BudgetName"))
        wanted = self._get_param("Notification")
        for notification in budget.notifications:
            if notification.details.items() >= wanted.items():
                return ActionResult({"Subscribers": notification.subscribers})
        raise NotFoundException(f"Budget {self._get_param('BudgetName')} has no notification {wanted}")

    def list_tags_for_resource(self) -> ActionResult:
        """ListTagsForResource."""
        return ActionResult(self.backend.tagger.list_tags_for_resource(self._get_param("ResourceARN")))

    def tag_resource(self) -> ActionResult:
        """TagResource."""
        self.backend.tagger.tag_resource(self._get_param("ResourceARN"), self._get_param("ResourceTags"))
        return EmptyResult()

    def untag_resource(self) -> ActionResult:
        """UntagResource."""
        keys = self._get_param("ResourceTagKeys")
        self.backend.tagger.untag_resource_using_names(self._get_param("ResourceARN"), keys)
        return EmptyResult()
