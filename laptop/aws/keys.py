"""The key of an endpoint: random, made at its first start, in a file that only its owner reads."""

from __future__ import annotations

import base64
import configparser
import io
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

FILE = "credentials"
"""In the state directory, in the format of AWS's shared credentials file."""


@dataclass(frozen=True)
class Key:
    """An access key of AWS: its id, which requests show, and its secret, which signs them."""

    access_key_id: str
    secret_access_key: str

    def environment(self) -> dict[str, str]:
        """The environment variables from which AWS clients take it."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
        }


def read_key(file: Path) -> Key:
    """The key in a file.

    Raises:
        FileNotFoundError: There is no such file.
    """
    parser = configparser.RawConfigParser()
    parser.read_string(file.read_text(encoding="ascii"))
    profile = parser["default"]
    return Key(profile["aws_access_key_id"], profile["aws_secret_access_key"])


def make_key(file: Path) -> Key:
    """The key in a file, which gets a random one if it is not there. Only its owner may read it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        parser = configparser.RawConfigParser()
        parser["default"] = {
            # 20 characters, as AWS's have.
            "aws_access_key_id": f"LAKE{base64.b32encode(secrets.token_bytes(10)).decode()}",
            "aws_secret_access_key": secrets.token_urlsafe(30),
        }
        content = io.StringIO()
        parser.write(content)
        new = file.with_name(f".{file.name}.{os.getpid()}")
        new.touch(mode=0o600)
        new.write_text(content.getvalue(), encoding="ascii")
        new.replace(file)  # whole or not at all
    file.chmod(0o600)
    return read_key(file)
