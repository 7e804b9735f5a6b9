"""Keeping the API key out of everything that is logged or stored."""

from __future__ import annotations

import base64
import re
from typing import Any

import requests

from lake_provider.coingecko import bounded_body

_SHORTEST_KEY = 8  # characters; what is shorter is no key, and would be found in any text


def masked(text: str, key: str) -> str:
    """Text with *** for the API key: as it is, escaped as in JSON or a URL, in UTF-16, in Base64."""
    if len(key) < _SHORTEST_KEY:
        return text
    characters = (rf"(?:\\?{re.escape(c)}|\\u00{ord(c):02x}|%{ord(c):02x})" for c in key)
    encoded = base64.b64encode(key.encode()).decode().rstrip("=")
    return re.sub("\x00?".join(characters) + "|" + re.escape(encoded), "***", text, flags=re.IGNORECASE)


def mask_key_in(response: requests.Response, key: str) -> bool:
    """Mask the API key in an answer that repeats it, before anything of it is logged or stored.

    Returns:
        Whether it was in the body.
    """
    response.url = masked(str(response.url), key)
    response.reason = masked(str(response.reason), key)
    for name, value in list(response.headers.items()):
        del response.headers[name]
        response.headers[masked(name, key)] = masked(value, key)
    received = response.content
    response._content = masked(received.decode("latin-1"), key).encode("latin-1")
    return bool(response._content != received)


class KeyMaskingAdapter(requests.adapters.HTTPAdapter):
    """Masks the API key in network errors: they quote what the server sent, and HttpHook logs them."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self._key = key

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Send as `requests` does, and read the body.

        Raises:
            requests.ConnectionError: in place of an error that quotes the key.
        """
        try:
            response = super().send(*args, **kwargs)
            bounded_body.read(response)  # here, where its errors are looked at
        except requests.RequestException as error:
            if (message := masked(str(error), self._key)) == str(error):
                raise
            raise requests.ConnectionError(message) from None
        return response
