"""AWS that misbehaves: the local AWS, in whose place chosen requests are answered."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.endpoint
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.httpsession import URLLib3Session
from urllib3.response import HTTPResponse

from tests.plugins.conftest import Bucket, connect, stand_in, waits

__all__ = ["connect", "stand_in", "waits"]  # fixtures


@dataclass(frozen=True)
class Answer:
    """What a client gets instead of the service's answer; with `served`, the service does its work first."""

    status: int
    body: bytes
    served: bool = False

    def to(self, request: AWSPreparedRequest) -> AWSResponse:
        raw = HTTPResponse(io.BytesIO(self.body), status=self.status, preload_content=False)
        return AWSResponse(request.url, self.status, {"x-amzn-requestid": "1"}, raw)


def json_error(code: str, message: str, status: int = 400) -> Answer:
    """An error as Glue's and Athena's protocol words it."""
    return Answer(status, json.dumps({"__type": code, "message": message}).encode())


def slow_down(*, served: bool = False) -> Answer:
    """S3's 503. With `served`, the object was written all the same."""
    body = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
    return Answer(503, body, served)


class MisbehavingAws:
    """Spoils the next requests of this process; everything else is served by the local AWS."""

    def __init__(self) -> None:
        self.faults: list[tuple[Callable[[AWSPreparedRequest], bool], Answer | Callable[[], object]]] = []
        self.waits: list[float] = []
        """What the AWS client would have waited between its own attempts, in seconds."""

    def on(self, operation: str, *answers: Answer | Callable[[], object]) -> None:
        """Answer the next calls of an operation of Glue or Athena, or do something before them."""
        self.faults += [(lambda request: _target(request).endswith(f".{operation}"), a) for a in answers]

    def on_put(self, part: str, *answers: Answer | Callable[[], object]) -> None:
        """Answer the next PUTs of objects whose address has this part, or do something before them."""
        self.faults += [(lambda r: r.method == "PUT" and part in r.url, answer) for answer in answers]

    def send(self, session: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
        for number, (spoils, answer) in enumerate(self.faults):
            if spoils(request):
                del self.faults[number]
                if not isinstance(answer, Answer):
                    answer()
                    break
                if answer.served:
                    assert _send(session, request).status_code == 200
                return answer.to(request)
        return _send(session, request)


_send = URLLib3Session.send


def _target(request: AWSPreparedRequest) -> str:
    target = request.headers.get("X-Amz-Target", b"")
    return target.decode() if isinstance(target, bytes) else target


@pytest.fixture
def misbehaving(aws: None, monkeypatch: pytest.MonkeyPatch) -> MisbehavingAws:
    """Faults of AWS; the client's own attempts follow each other at once."""
    faults = MisbehavingAws()
    monkeypatch.setattr(URLLib3Session, "send", lambda session, request: faults.send(session, request))
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=faults.waits.append))
    return faults


@pytest.fixture
def bucket(aws: None) -> Bucket:
    """An empty bucket of the session's local AWS."""
    s3: Any = boto3.client("s3")
    name = f"faults-{uuid.uuid4().hex[:10]}"
    s3.create_bucket(Bucket=name)
    return Bucket(name, s3)
