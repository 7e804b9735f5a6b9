"""What the website's visitors get in every answer."""

from __future__ import annotations

from typing import Any

import pytest

from include.crypto_lake.resources import load_resources
from include.crypto_lake.website_headers import response_headers
from laptop.lake.deployment import VALUES


@pytest.fixture(scope="module")
def policy() -> dict[str, Any]:
    return load_resources(VALUES)["website"]["ResponseHeadersPolicy"]


def test_the_declared_headers_lock_the_page_down(policy: dict[str, Any]) -> None:
    headers = response_headers(policy)
    csp = headers["Content-Security-Policy"]
    assert "default-src 'none'" in csp
    assert "unsafe-inline" not in csp
    assert "require-trusted-types-for 'script'" in csp
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Strict-Transport-Security"] == "max-age=63072000"
    assert "camera=()" in headers["Permissions-Policy"]


def test_a_part_of_the_policy_that_is_not_known_is_refused(policy: dict[str, Any]) -> None:
    more = policy["SecurityHeadersConfig"] | {"XSSProtection": {"Protection": True}}
    with pytest.raises(KeyError, match="XSSProtection"):
        response_headers(policy | {"SecurityHeadersConfig": more})
