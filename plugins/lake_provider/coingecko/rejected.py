"""Keeping the responses that were refused, for the audit."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from lake_provider.bronze import STAMP, ascii_line
from lake_provider.coingecko.responses import CoinGeckoRefusal


def put_refused(s3: Any, bucket: str, folder: str, refusal: CoinGeckoRefusal, now: datetime) -> str:
    """Store a refused response, for the audit, with why it was refused.

    Returns:
        Its key.
    """
    response = refusal.response
    digest = hashlib.sha256(response.content).hexdigest()
    wanted = refusal.wanted.replace(" ", "-")
    key = f"{folder.strip('/')}/{now:{STAMP}}-{wanted[:200]}-{digest[:12]}.body"
    s3.put_object(
        Bucket=bucket,
        Key=key,
        Body=response.content,
        ContentType=ascii_line(response.headers.get("Content-Type", "application/octet-stream")),
        Metadata={
            "reason": ascii_line(refusal.reason),
            "status": str(refusal.status),
            "http-status": str(response.status_code),
            "source-url": ascii_line(str(response.url)),
            "http-date": ascii_line(response.headers.get("Date", "")),
            "rejected-at": f"{now:{STAMP}}",
            "sha256": digest,
        },
    )
    return key
