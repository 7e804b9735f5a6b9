"""Who is let in: programs of the lake's owner, who have a key, and nobody's web pages.

A browser that has a page of somebody else open sends that page's requests to this machine as well. It says so
in headers which no AWS client sends (`Origin`, `Sec-Fetch-Site`), and a name that somebody made point to this
machine is in `Host`. Other users of the machine reach the port too, and have no key.
"""

from __future__ import annotations

import hmac
import io
import re
from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import urlsplit

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from laptop.aws.keys import Key
from laptop.aws.services import ADMINISTRATORS, Application, refusal
from laptop.aws.signatures import Secret, SignatureRefusedError, signature_of, verify

SERVICE = "laptop.aws.service"
"""In a WSGI environment: the service by the request's signature, None for an unsigned one."""

_LOOPBACK = re.compile(r"localhost|127(?:\.\d{1,3}){3}|\[::1\]")
_OBJECT = re.compile(r"/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+", re.DOTALL)


def guarded(application: Application, key: Key, hosts: Collection[str] = ()) -> Application:
    """The application for those who may use it; 403, in the words of the service, for everybody else.

    Args:
        application: Gets requests whose signature is right, and unsigned ones that read an object of S3.
        key: The endpoint's own key, which alone may do what is not AWS's.
        hosts: Names of this machine beside the loopback ones, without a port.
    """

    def gate(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        refused = _page_problem(environ, hosts) or _key_problem(environ, key)
        answering = refusal(environ, 403, *refused) if refused else application
        return answering(environ, start_response)

    return gate


def _page_problem(environ: dict[str, Any], hosts: Collection[str]) -> tuple[str, str] | None:
    """Why a request may be a web page's."""
    host = environ.get("HTTP_HOST", "")
    if not is_own_host(host, hosts):
        return "AccessDenied", (
            f"Host {host!r} is not a name of this endpoint."
            " Use 127.0.0.1, or start the server with --allow-host NAME."
        )
    if is_from_a_page(environ.get("HTTP_ORIGIN"), environ.get("HTTP_SEC_FETCH_SITE")):
        return "AccessDenied", "The request comes from a web page. Use an AWS client, which sends no Origin."
    return None


def is_own_host(host: str, more: Collection[str] = ()) -> bool:
    """Whether a Host header names this machine, or a bucket at it: `lake.localhost:5055`."""
    try:
        name = urlsplit(f"//{host}").netloc.lower()
    except ValueError:
        return False
    name = re.sub(r":\d*$", "", name)
    if _LOOPBACK.fullmatch(name) or name in more:
        return True
    parents = [name[at + 1 :] for at, letter in enumerate(name) if letter == "."]
    return any(parent in ("localhost", *more) for parent in parents)


def is_from_a_page(origin: str | None, fetch_site: str | None) -> bool:
    """Whether a browser says that a page sent this; what the user typed or opened is `none`."""
    return origin is not None or fetch_site not in (None, "none")


def _key_problem(environ: dict[str, Any], key: Key) -> tuple[str, str] | None:
    """Why a request has no right to be here: S3's code and a message."""
    try:
        signature = signature_of(environ)
        if signature is None:
            environ[SERVICE] = None
            return _unsigned_problem(environ)
        verify(environ, signature, lambda key_id: _secret(key_id, key))
    except SignatureRefusedError as error:
        return error.code, str(error)
    own = hmac.compare_digest(signature.access_key_id.encode(), key.access_key_id.encode())
    if environ["PATH_INFO"] in ADMINISTRATORS and not own:
        return "AccessDenied", f"{environ['PATH_INFO']} takes the endpoint's own key"
    if signature.expires is not None:
        if signature.service != "s3":
            return "AccessDenied", "The local AWS takes presigned URLs of S3 only"
        # From here on it is a request like any other.
        environ["HTTP_AUTHORIZATION"] = signature.authorization()
        if signature.token:
            environ["HTTP_X_AMZ_SECURITY_TOKEN"] = signature.token
    environ[SERVICE] = signature.service
    return None


def _unsigned_problem(environ: dict[str, Any]) -> tuple[str, str] | None:
    """An unsigned request may read an object, if the bucket's policy lets everybody; S3 looks at that."""
    reads = environ["REQUEST_METHOD"] in ("GET", "HEAD") and not environ["QUERY_STRING"]
    if not reads or "HTTP_X_AMZ_TARGET" in environ or not _OBJECT.fullmatch(environ["PATH_INFO"]):
        return "MissingAuthenticationToken", (
            'The request is not signed. Sign it with the endpoint\'s key (make run: eval "$(make -s env)").'
        )
    # What is asked for is in the path alone.
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(), "0"
    environ.pop("CONTENT_TYPE", None)
    return None


def _secret(access_key_id: str, key: Key) -> Secret | None:
    """What belongs to a key: the endpoint's own, or one that its IAM or STS has given."""
    if access_key_id == key.access_key_id:
        return Secret(key.secret_access_key)
    for user in iam_backends[DEFAULT_ACCOUNT_ID]["aws"].list_users("/", None, None):
        for given in user.access_keys:
            if given.access_key_id == access_key_id and given.status == "Active":
                return Secret(given.secret_access_key)
    session = sts_backends[DEFAULT_ACCOUNT_ID]["aws"].get_assumed_role_from_access_key(access_key_id)
    return Secret(session.secret_access_key, session.session_token) if session else None
