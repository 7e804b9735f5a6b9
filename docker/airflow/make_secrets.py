"""The secrets of this installation, made at its first start: files in a volume that the services read."""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import Path

FOLDER = Path("/opt/airflow/secrets")


def main() -> None:
    """Make what is not there yet."""
    password = kept("postgres_password", secrets.token_urlsafe(32))
    kept("sql_alchemy_conn", f"postgresql+psycopg2://airflow:{password}@postgres/airflow")
    kept("fernet_key", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    kept("jwt_secret", secrets.token_urlsafe(64))
    kept("api_secret_key", secrets.token_urlsafe(64))
    # Airflow opens it for writing.
    kept("ui_passwords.json", json.dumps({"admin": secrets.token_urlsafe(32)}), mode=0o640)


def kept(name: str, value: str, mode: int = 0o440) -> str:
    """The content of a file, which is `value` if the file is new; only its owner and group 0 may read it."""
    file = FOLDER / name
    if not file.exists():
        new = FOLDER / f".{name}"
        new.touch(mode=0o600)
        new.write_text(value, encoding="ascii")
        new.chmod(mode)
        new.replace(file)  # whole or not at all
    return file.read_text(encoding="ascii")


if __name__ == "__main__":
    main()
