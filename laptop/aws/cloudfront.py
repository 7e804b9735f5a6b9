"""A website as CloudFront serves it: a bucket, with headers of its own.

Reading only, with gzip and conditional requests. What CloudFront has beyond that (its cache, Brotli, TLS) is
not here: each answer is what the bucket holds now.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request, Response

# CloudFront compresses what is one of its types (these are ours) and between these sizes in bytes.
_COMPRESSED_TYPES = ("text/", "application/json", "application/javascript", "image/svg+xml")
_COMPRESSED_SIZES = range(1_000, 10_000_001)


@dataclass(frozen=True)
class OriginObject:
    """An object of the origin's bucket; `etag` is in quotes."""

    body: bytes
    content_type: str
    etag: str
    cache_control: str | None


@dataclass(frozen=True)
class Website:
    """A website to serve.

    Attributes:
        bucket: Where its objects are.
        root: The key of the page at `/`.
        headers: What every answer carries.
    """

    bucket: str
    root: str
    headers: Mapping[str, str]


def distribution(
    origin: Callable[[str], OriginObject | None], website: Website
) -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
    """A WSGI application that answers for a distribution.

    Args:
        origin: Gives the object of a key, None when there is none.
        website: What is served.
    """

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        response = _respond(request, origin, website.root)
        response.headers.update(website.headers)
        response.headers.pop("Date", None)  # the server says it too
        return response(environ, start_response)

    return application


def _respond(request: Request, origin: Callable[[str], OriginObject | None], root: str) -> Response:
    if request.method not in {"GET", "HEAD"}:
        return Response(f"{request.method} is not allowed: the website is for reading\n", 403)
    key = request.path.removeprefix("/") or root
    found = origin(key)
    if found is None:
        return Response(f"{key} is not in the website's bucket\n", 404)
    body, response = found.body, Response(content_type=found.content_type)
    if found.cache_control:
        response.headers["Cache-Control"] = found.cache_control
    weak = False
    if found.content_type.startswith(_COMPRESSED_TYPES) and len(body) in _COMPRESSED_SIZES:
        response.vary.add("Accept-Encoding")
        if weak := request.accept_encodings.quality("gzip") > 0:
            body = gzip.compress(body, mtime=0)
            response.headers["Content-Encoding"] = "gzip"
    response.data = body
    response.set_etag(found.etag.strip('"'), weak=weak)
    return response.make_conditional(request)
