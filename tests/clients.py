"""Clients of the local AWS with its own key: the one place where tests take it from."""

from __future__ import annotations

import urllib.request
from typing import Any

import boto3
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from laptop.aws import process


def client_of(endpoint_url: str, service: str, **options: Any) -> Any:
    """A client of a server that this process has started or found; takes the options of `Config`."""
    key = process.key(endpoint_url)
    return boto3.client(
        service,
        config=Config(**options),
        endpoint_url=endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
    )


def signed(
    endpoint_url: str,
    method: str,
    path: str,
    body: bytes = b"",
    *,
    service: str = "s3",
    key: dict[str, str] | None = None,
    payload: str | None = None,
    **headers: str,
) -> urllib.request.Request:
    """A request that no client of boto3 would make, signed.

    Args:
        endpoint_url: Of a server that this process has started or found.
        method: The HTTP method.
        path: The path, with the query.
        body: The body.
        service: By which the signature names itself.
        key: In boto3's names; the server's own if None.
        payload: What x-amz-content-sha256 says of the body; its hash if None.
        headers: By names with `_` for `-`.
    """
    own = process.key(endpoint_url)
    key = key or {
        "aws_access_key_id": own.access_key_id,
        "aws_secret_access_key": own.secret_access_key,
    }
    credentials = Credentials(
        key["aws_access_key_id"], key["aws_secret_access_key"], key.get("aws_session_token")
    )
    sent = {"Content-Type": "text/plain"} | {name.replace("_", "-"): value for name, value in headers.items()}
    request = AWSRequest(method, endpoint_url + path, sent, data=body)
    auth: Any = (S3SigV4Auth if service == "s3" else SigV4Auth)(credentials, service, "us-east-1")
    if payload is not None:
        auth.payload = lambda _: payload
    auth.add_auth(request)
    return urllib.request.Request(
        endpoint_url + path, data=body or None, headers=dict(request.headers.items()), method=method
    )
