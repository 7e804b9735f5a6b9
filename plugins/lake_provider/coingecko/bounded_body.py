"""Reading an answer's body without letting it fill the worker's memory."""

from __future__ import annotations

import requests

LARGEST_BODY = 50_000_000
"""In bytes; a page of 250 coins has some 250,000."""


def read(response: requests.Response) -> None:
    """Read a body piece by piece, unpacked; of one that is too large only as much as shows that it is."""
    if isinstance(response._content, bytes):  # it was read before
        return
    body = bytearray()
    for piece in response.iter_content(64 * 1024):
        body += piece
        if len(body) > LARGEST_BODY:
            response.close()
            break
    response._content = bytes(body[: LARGEST_BODY + 1])
