"""Signature Version 4: whether a request is signed with a key that is known here.

botocore's own signer computes the signature again from the request as it arrived. As on AWS, the payload is
part of what is signed, unless the client says that it is not (`UNSIGNED-PAYLOAD`) or signs it in chunks
(`STREAMING-…`), and a request is valid for 15 minutes, a presigned URL for as long as it says.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials
from werkzeug.wsgi import get_input_stream

_ALGORITHM = "AWS4-HMAC-SHA256"
_HEADER = re.compile(
    rf"{_ALGORITHM} +Credential=(?P<credential>[^ ,]+), *SignedHeaders=(?P<headers>[^ ,]+),"
    r" *Signature=(?P<signature>[0-9a-f]{64})"
)
_CREDENTIAL = re.compile(r"([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request")
_TIME = "%Y%m%dT%H%M%SZ"
_SKEW = timedelta(minutes=15)
_LONGEST = timedelta(days=7)  # that a presigned URL may be valid


class SignatureRefusedError(Exception):
    """A signature that does not count: `code` is S3's word for why."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Secret:
    """What belongs to an access key id: the secret, and the session token that has to come with it."""

    secret_access_key: str
    session_token: str | None = None


@dataclass(frozen=True)
class Signature:
    """A signature and what it says it covers; its header names are in lower case."""

    access_key_id: str
    date: str
    region: str
    service: str
    headers: tuple[str, ...]
    value: str
    time: str
    token: str | None
    expires: timedelta | None  # of a presigned URL

    def authorization(self) -> str:
        """The Authorization header that says the same."""
        scope = f"{self.access_key_id}/{self.date}/{self.region}/{self.service}/aws4_request"
        names = ";".join(self.headers)
        return f"{_ALGORITHM} Credential={scope}, SignedHeaders={names}, Signature={self.value}"


def signature_of(environ: Mapping[str, Any]) -> Signature | None:
    """The signature that a request bears, in its header or in its URL; None if it bears none.

    Raises:
        SignatureRefusedError: It bears something else, or two.
    """
    query = dict(_query(environ))
    header = environ.get("HTTP_AUTHORIZATION")
    in_url = any(name in query for name in ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature"))
    if header is None and not in_url:
        if "AWSAccessKeyId" in query:
            raise _unsupported()
        return None
    if header is not None and in_url:
        raise SignatureRefusedError("InvalidArgument", "Only one auth mechanism allowed")
    if header is not None:
        found = _HEADER.fullmatch(header.strip())
        if not found:
            raise _unsupported()
        credential, names, value = found["credential"], found["headers"], found["signature"]
        time, token = environ.get("HTTP_X_AMZ_DATE", ""), environ.get("HTTP_X_AMZ_SECURITY_TOKEN")
        expires = None
    else:
        if query.get("X-Amz-Algorithm") != _ALGORITHM:
            raise _unsupported()
        credential, names = query.get("X-Amz-Credential", ""), query.get("X-Amz-SignedHeaders", "")
        value, time = query.get("X-Amz-Signature", ""), query.get("X-Amz-Date", "")
        token = query.get("X-Amz-Security-Token")
        seconds = query.get("X-Amz-Expires", "")
        expires = timedelta(seconds=int(seconds)) if re.fullmatch(r"\d{1,6}", seconds) else timedelta()
    scope = _CREDENTIAL.fullmatch(credential)
    if not scope:
        raise SignatureRefusedError(
            "AuthorizationHeaderMalformed", f"The credential {credential!r} is malformed"
        )
    key_id, date, region, service = scope.groups()
    covered = tuple(names.lower().split(";"))
    return Signature(key_id, date, region, service, covered, value, time, token, expires)


def verify(environ: dict[str, Any], signature: Signature, secret_of: Callable[[str], Secret | None]) -> None:
    """Check a request's signature. Reads the request's body, and puts it back, if it is signed; not S3's.

    Args:
        environ: The request, as WSGI has it.
        signature: From `signature_of`.
        secret_of: Gives what belongs to an access key id, None if it is not known.

    Raises:
        SignatureRefusedError: The key is not known, or the request is not what it signed.
    """
    secret = secret_of(signature.access_key_id)
    if secret is None:
        raise SignatureRefusedError(
            "InvalidAccessKeyId",
            "The security token included in the request is invalid: this endpoint has no access key"
            f' {signature.access_key_id}. Take its own (make run: eval "$(make -s env)").',
        )
    if secret.session_token is not None and not hmac.compare_digest(
        secret.session_token.encode(), (signature.token or "").encode()
    ):
        raise SignatureRefusedError("InvalidToken", "The session token does not belong to the access key")
    _check_time(signature)
    _check_coverage(environ, signature)
    claimed = _claimed_payload(environ, signature)
    payload = claimed if claimed is not None else _hashed_body(environ)
    expected = _computed(environ, signature, secret, payload)
    if not hmac.compare_digest(expected.encode(), signature.value.encode()):
        raise SignatureRefusedError(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your"
            " secret access key and signing method.",
        )
    # S3 compares while it receives the body, which may not fit into memory (`s3.bodies`).
    is_compared = signature.service != "s3" and claimed is not None
    if is_compared and re.fullmatch("[0-9a-f]{64}", str(claimed)) and _hashed_body(environ) != claimed:
        raise SignatureRefusedError(
            "XAmzContentSHA256Mismatch", "The body is not what the x-amz-content-sha256 header says"
        )


def _unsupported() -> SignatureRefusedError:
    return SignatureRefusedError(
        "InvalidRequest",
        f"The authorization mechanism you have provided is not supported. Please use {_ALGORITHM}"
        " (boto3: Config(signature_version='s3v4')).",
    )


def _check_time(signature: Signature) -> None:
    try:
        signed = datetime.strptime(signature.time, _TIME).replace(tzinfo=UTC)
    except ValueError:
        raise SignatureRefusedError("AccessDenied", f"X-Amz-Date {signature.time!r} is no time") from None
    if not signature.time.startswith(signature.date):
        raise SignatureRefusedError("AccessDenied", "The credential's date is not that of X-Amz-Date")
    now = datetime.now(UTC)
    if signature.expires is None:
        if abs(now - signed) > _SKEW:
            raise SignatureRefusedError(
                "RequestTimeTooSkewed", f"The request was signed at {signed}, and it is {now}"
            )
    elif not signed - _SKEW <= now <= signed + min(signature.expires, _LONGEST):
        raise SignatureRefusedError("AccessDenied", "Request has expired")


def _check_coverage(environ: Mapping[str, Any], signature: Signature) -> None:
    """AWS wants the host signed, and whatever else a request tells it in headers of its own."""
    if "host" not in signature.headers:
        raise SignatureRefusedError("AccessDenied", "The Host header has to be signed")
    signed = {_variable(name) for name in signature.headers} | {_variable("x-amz-content-sha256")}
    if unsigned := sorted(key for key in environ if key.startswith("HTTP_X_AMZ_") and key not in signed):
        raise SignatureRefusedError(
            "AccessDenied", f"There were headers present in the request which were not signed: {unsigned}"
        )


def _claimed_payload(environ: Mapping[str, Any], signature: Signature) -> str | None:
    """What the request says of its payload; None where its hash is part of the signature unsaid."""
    if signature.expires is not None and signature.service == "s3":
        return "UNSIGNED-PAYLOAD"
    claimed = environ.get("HTTP_X_AMZ_CONTENT_SHA256")
    return None if claimed is None else str(claimed)


def _hashed_body(environ: dict[str, Any]) -> str:
    """The hash of the body, which can be read again afterwards."""
    body, digest = tempfile.SpooledTemporaryFile(max_size=2**24), hashlib.sha256()  # noqa: SIM115
    stream = get_input_stream(environ)
    while piece := stream.read(2**16):
        digest.update(piece)
        body.write(piece)
    body.seek(0)
    environ["wsgi.input"] = body
    return digest.hexdigest()


class _Verifier(SigV4Auth):
    """botocore's signer, for the headers and the payload that the client has signed."""

    claimed_payload: str

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        return request.headers

    def payload(self, request: AWSRequest) -> str:  # noqa: ARG002
        return self.claimed_payload


class _S3Verifier(_Verifier, S3SigV4Auth):
    """S3's, which takes the path as it is."""


def _computed(environ: Mapping[str, Any], signature: Signature, secret: Secret, payload: str) -> str:
    path = _target(environ)[0]
    if signature.service == "s3":
        path = quote(unquote(path, encoding="latin-1"), safe="/-_.~", encoding="latin-1")
    # A list, so that a name may come twice.
    query: Any = [(name, value) for name, value in _query(environ) if name != "X-Amz-Signature"]
    request = AWSRequest(environ["REQUEST_METHOD"], f"http://host{path}", params=query)
    for name in signature.headers:
        value = str(environ.get(_variable(name), ""))
        request.headers[name] = value.encode("latin-1").decode("utf-8", "replace")
    request.context["timestamp"] = signature.time
    auth = (_S3Verifier if signature.service == "s3" else _Verifier)(
        Credentials(signature.access_key_id, secret.secret_access_key), signature.service, signature.region
    )
    auth.claimed_payload = payload
    return str(auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request))


def _variable(header: str) -> str:
    """Where WSGI has a header."""
    name = header.upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"


def _target(environ: Mapping[str, Any]) -> tuple[str, str]:
    """Path and query as they arrived."""
    path, _, query = str(environ["RAW_URI"]).partition("?")
    return re.sub("^https?://[^/]*", "", path), query


def _query(environ: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs = (pair.partition("=") for pair in _target(environ)[1].split("&") if pair)
    return [(unquote(name), unquote(value)) for name, _, value in pairs]
