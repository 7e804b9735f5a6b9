"""The HTTP headers that `include/resources/website.yaml` makes CloudFront add to the website."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def response_headers(policy: Mapping[str, Any]) -> dict[str, str]:
    """The headers that a response headers policy adds to every answer.

    Raises:
        KeyError: the policy has a part that is not known here.
    """
    made = {}
    for name, part in policy["SecurityHeadersConfig"].items():
        header, value = _SECURITY_HEADERS[name]
        made[header] = value(part)
    return made | {item["Header"]: item["Value"] for item in policy["CustomHeadersConfig"]["Items"]}


_SECURITY_HEADERS: dict[str, tuple[str, Callable[[Mapping[str, Any]], str]]] = {
    "ContentSecurityPolicy": ("Content-Security-Policy", lambda part: part["ContentSecurityPolicy"]),
    "ContentTypeOptions": ("X-Content-Type-Options", lambda _: "nosniff"),
    "FrameOptions": ("X-Frame-Options", lambda part: part["FrameOption"]),
    "ReferrerPolicy": ("Referrer-Policy", lambda part: part["ReferrerPolicy"]),
    "StrictTransportSecurity": (
        "Strict-Transport-Security",
        lambda part: (
            f"max-age={part['AccessControlMaxAgeSec']}"
            + ("; includeSubDomains" if part.get("IncludeSubdomains") else "")
            + ("; preload" if part.get("Preload") else "")
        ),
    ),
}
