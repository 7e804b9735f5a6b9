"""CloudWatch Logs from within the server."""

from __future__ import annotations

import time
from collections.abc import Callable

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.logs.models import logs_backends


def log_stream(region: str, group: str, stream: str) -> Callable[[str], None]:
    """A function that adds one line to a log stream, made with its group if need be."""
    backend = logs_backends[DEFAULT_ACCOUNT_ID][region]
    backend.ensure_log_group(group)
    backend.ensure_log_stream(group, stream)
    target = backend.groups[group].streams[stream]

    def add(line: str) -> None:
        # CloudWatch refuses an empty message
        target.put_log_events([{"timestamp": int(time.time() * 1000), "message": line or " "}])

    return add
