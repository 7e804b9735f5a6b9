"""One page of a bucket's listing, as both versions of ListObjects give it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import NamedTuple

from moto.s3.exceptions import InvalidContinuationToken

MOST = 1000
"""How many keys and common prefixes a page has at most."""


class Page(NamedTuple):
    """Keys and common prefixes, each in order; `last` is where the next page goes on, None at the end."""

    keys: list[str]
    prefixes: list[str]
    last: str | None


def page(
    names: Iterable[str], prefix: str, delimiter: str, after: str, size: int, *, past_prefix: bool
) -> Page:
    """A page of the keys with a prefix.

    Args:
        names: All keys.
        prefix: What they begin with.
        delimiter: What ends a common prefix; empty for none.
        after: The page has what comes after this.
        size: How many keys and common prefixes it has at most.
        past_prefix: Whether `after`, where it is a common prefix, stands for all keys that it rolls up.
    """
    keys: list[str] = []
    prefixes: list[str] = []
    last: str | None = None
    rolled_up = past_prefix and delimiter and after.startswith(prefix) and after.endswith(delimiter)
    skipped = after if rolled_up and after != prefix else None
    for name in sorted(name for name in names if name > after and name.startswith(prefix)):
        if skipped and name.startswith(skipped):
            continue
        head, found, _ = name[len(prefix) :].partition(delimiter) if delimiter else (name, "", "")
        common = f"{prefix}{head}{delimiter}" if found else None
        if common and prefixes and prefixes[-1] == common:
            continue
        if len(keys) + len(prefixes) >= size:
            return Page(keys, prefixes, last)
        last = common or name
        (prefixes if common else keys).append(last)
    return Page(keys, prefixes, None)


def token(last: str) -> str:
    """The continuation token of a page that ends with this; it holds through a restart."""
    return base64.urlsafe_b64encode(last.encode()).decode()


def position(continuation_token: str) -> str:
    """Where a continuation token goes on; raises `InvalidContinuationToken`."""
    try:
        return base64.b64decode(continuation_token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise InvalidContinuationToken from None
