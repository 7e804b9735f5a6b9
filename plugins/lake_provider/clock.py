"""Our own clock."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The current moment, in UTC."""
    return datetime.now(UTC)
