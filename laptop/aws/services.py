"""What the local AWS answers: an allow-list. Everything else is refused with HTTP 501 and its name.

moto would answer far more, but only pretend. To allow a service, add a line; an operation of Glue or Athena
goes into its set once it does what it says. `KEPT` is what Terraform makes and nothing acts on: it is kept as
written, without effect.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response

_ANY = None


def _operations(names: str) -> frozenset[str]:
    return frozenset(names.split())


_GLUE = _operations("""
    CreateDatabase GetDatabase GetDatabases UpdateDatabase DeleteDatabase
    CreateTable GetTable GetTables UpdateTable DeleteTable BatchDeleteTable
    GetTableVersion GetTableVersions DeleteTableVersion GetPartitionIndexes
    CreatePartition GetPartition GetPartitions UpdatePartition DeletePartition
    BatchCreatePartition BatchGetPartition BatchUpdatePartition BatchDeletePartition
    GetColumnStatisticsForTable UpdateColumnStatisticsForTable DeleteColumnStatisticsForTable
    GetColumnStatisticsForPartition UpdateColumnStatisticsForPartition DeleteColumnStatisticsForPartition
    GetUserDefinedFunctions
    CreateCrawler GetCrawler GetCrawlers ListCrawlers BatchGetCrawlers UpdateCrawler DeleteCrawler
    StartCrawler StopCrawler ListCrawls GetCrawlerMetrics
    CreateJob GetJob GetJobs ListJobs BatchGetJobs UpdateJob DeleteJob
    StartJobRun GetJobRun GetJobRuns BatchStopJobRun
    GetTags TagResource UntagResource
""")
_ATHENA = _operations("""
    StartQueryExecution GetQueryExecution GetQueryResults StopQueryExecution ListQueryExecutions
    CreateWorkGroup GetWorkGroup ListWorkGroups UpdateWorkGroup DeleteWorkGroup
    CreateNamedQuery GetNamedQuery ListNamedQueries
    TagResource UntagResource ListTagsForResource
""")
# By the name in a request's signature: CloudWatch signs as monitoring.
ALLOWED: dict[str, frozenset[str] | None] = {
    "s3": _ANY,
    "glue": _GLUE,
    "athena": _ATHENA,
    "sqs": _ANY,
    "sns": _ANY,
    "logs": _ANY,
    "iam": _ANY,
    "sts": _ANY,
    "monitoring": _ANY,  # metrics are real, alarms are kept as written
    "secretsmanager": _ANY,
}
# No distribution serves, no rule fires, no alarm rings, nobody is told of a budget.
KEPT: dict[str, frozenset[str] | None] = {
    "cloudfront": _operations(
        "distribution origin-access-control cache-policy response-headers-policy tagging"  # paths
    ),
    "events": _operations("""
        PutRule DescribeRule ListRules DeleteRule EnableRule DisableRule
        PutTargets ListTargetsByRule RemoveTargets TagResource UntagResource ListTagsForResource
    """),
    "budgets": _operations("""
        CreateBudget DescribeBudget DescribeBudgets UpdateBudget DeleteBudget
        CreateNotification DescribeNotificationsForBudget DeleteNotification
        DescribeSubscribersForNotification TagResource UntagResource ListTagsForResource
    """),
}
_XML = {"cloudfront", "route53", "s3"}  # services that answer in XML without being asked in a form
ADMINISTRATORS = ("/moto-api/reset-auth",)  # turns the checking of IAM policies on and off
_MOTOS_OWN = ("/moto-api", "/latest/meta-data/", "/latest/api/", "/favicon.ico")
_SCOPE = re.compile(r"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/aws4_request")

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def refusing(application: Application) -> Application:
    """The application for what is allowed, 501 for the rest."""

    def gate(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        service, operation = asked_for(environ)
        path = environ["PATH_INFO"]
        if path.startswith(_MOTOS_OWN) and path not in ADMINISTRATORS:
            return _refusal(environ, f"the local AWS does not have {path}")(environ, start_response)
        answered = ALLOWED | KEPT
        if service not in answered:
            return _refusal(environ, f"the local AWS does not have the service {service}")(
                environ, start_response
            )
        operations = answered[service]
        if operations is not None and operation not in operations:
            message = f"the local AWS does not implement {operation} of {service}"
            return _refusal(environ, message)(environ, start_response)
        try:
            return application(environ, start_response)
        except NotImplementedError as error:  # what moto says where it lacks an operation
            return _refusal(environ, f"the local AWS does not implement this of {service}: {error}")(
                environ, start_response
            )

    return gate


def asked_for(environ: dict[str, Any]) -> tuple[str, str]:
    """What a request is for.

    Returns:
        The service by its signature (an unsigned request is S3's), and the operation if a header names it; of
        CloudFront, which names none, the kind of thing that the path names.
    """
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    signature = environ.get("HTTP_AUTHORIZATION", "")
    if not signature and (query := parse_qs(environ.get("QUERY_STRING", ""))).get("X-Amz-Credential"):
        signature = f"Credential={query['X-Amz-Credential'][0]}"
    found = _SCOPE.search(signature)
    service = found[1] if found else "s3"
    if service == "cloudfront":
        return service, [*environ["PATH_INFO"].split("/"), "", ""][2]
    return service, target.rpartition(".")[2]


def _refusal(environ: dict[str, Any], message: str) -> Response:
    remedy = f"{message}: it would only be pretended (laptop/aws/services.py lists what there is)"
    return refusal(environ, 501, "NotImplemented", remedy)


# What the services that answer in JSON call it, where it is not S3's word with `Exception` behind it.
_JSON_CODES = {
    "InvalidAccessKeyId": "UnrecognizedClientException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
}


def refusal(environ: dict[str, Any], status: int, code: str, message: str) -> Response:
    """An error as the service that was asked answers it.

    Args:
        environ: The request.
        status: The HTTP status.
        code: S3's word for it.
        message: What a person needs to read.
    """
    form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    service = asked_for(environ)[0]
    if form or service in _XML:
        error = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        if service != "s3":
            error = f"<ErrorResponse>{error}</ErrorResponse>"
        return Response(error, status, content_type="application/xml")
    name = _JSON_CODES.get(code, f"{code}Exception")
    body = json.dumps({"__type": name, "message": message})
    return Response(body, status, {"x-amzn-ErrorType": name}, content_type="application/json")
