"""Start and stop a server from Python: one server for each state directory."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from laptop.aws.keys import FILE as KEY_FILE
from laptop.aws.keys import Key, read_key

_PACKAGE = Path(__file__).parents[1]
RECORD = "server.json"
"""In the state directory: who serves it. The server keeps the file locked as long as it lives."""

_START_SECONDS = 60.0
_STOP_SECONDS = 10.0
_key_files: dict[str, Path] = {}  # of the servers that this process has started or found, by endpoint URL


class LocalAwsFailed(Exception):  # noqa: N818
    """The server did not start or stop: why, and where to look."""


def code_version() -> str:
    """A digest of the Python code, and of the setting, that a server started now would run with."""
    digest = hashlib.sha256(os.environ.get("ATHENA_ENGINE", "").encode())
    for file in sorted(_PACKAGE.rglob("*.py")):
        digest.update(file.relative_to(_PACKAGE).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


@contextmanager
def running(state: Path, port: int = 0, *, module: str = "laptop.aws") -> Iterator[str]:
    """Serve a state directory for the length of a `with` block; gives the endpoint URL."""
    endpoint_url = start(state, port, module=module)
    try:
        yield endpoint_url
    finally:
        stop(state)


def start(state: Path, port: int = 0, *, module: str = "laptop.aws", options: Sequence[str] = ()) -> str:
    """Start a server that outlives this process, unless one with this code already serves the directory.

    A server that runs other code, as after a `git pull`, is replaced.

    Args:
        state: The state directory; its `logs/server.log` gets the server's output.
        port: The port to listen on; 0 picks a free one. A server that is up keeps its own.
        module: What to run: its command line has `serve --port --state`.
        options: More for that command line.

    Returns:
        The endpoint URL, once requests are answered.

    Raises:
        LocalAwsFailed: It did not come up.
    """
    if found := served(state):
        if found.get("version") == code_version():
            return str(found["endpoint_url"])
        stop(state)
    log = state / "logs" / "server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as output:
        server = subprocess.Popen(
            [
                sys.executable,
                "-m",
                module,
                "serve",
                "--port",
                str(port),
                "--state",
                str(state.resolve()),
                *options,
            ],
            cwd=_PACKAGE.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise LocalAwsFailed(
                f"the local AWS did not start: {log.read_text(encoding='utf-8').strip()[-2000:]}"
            )
        if (found := served(state)) and found["pid"] == server.pid:
            return str(found["endpoint_url"])
        time.sleep(0.05)
    server.kill()
    raise LocalAwsFailed(f"the local AWS was not ready after {_START_SECONDS:.0f} seconds: see {log}")


def endpoint(state: Path) -> str | None:
    """The endpoint URL of the server of a state directory; None if none is up."""
    found = served(state)
    return str(found["endpoint_url"]) if found else None


def key(endpoint_url: str) -> Key:
    """The key of a server that this process has started or found.

    Raises:
        LocalAwsFailed: It has not, or the key is gone.
    """
    file = key_file(endpoint_url)
    try:
        return read_key(file)
    except FileNotFoundError:
        raise LocalAwsFailed(
            f"The key of {endpoint_url} is missing: {file}. Restart the server (make stop, make run)."
        ) from None


def key_file(endpoint_url: str) -> Path:
    """The file with that key; raises as `key` does."""
    if endpoint_url not in _key_files:
        raise LocalAwsFailed(
            f"The key of {endpoint_url} is not known: this process has neither started its server nor found"
            " it by its state directory."
        )
    return _key_files[endpoint_url]


def remember_key(endpoint_url: str, key_file: Path) -> None:
    """Let `key` find the key of a server."""
    _key_files[endpoint_url] = key_file


def website(state: Path) -> str | None:
    """The address of the website that the server of a state directory serves; None if it serves none."""
    found = served(state)
    return found.get("website_url") if found else None


def stop(state: Path) -> None:
    """End the server of a state directory, if there is one, with the Spark jobs it runs.

    A server that does not end in time is killed: what it answered is on disk already.

    Raises:
        LocalAwsFailed: It did not end.
    """
    found = served(state)
    if found is None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(found["pid"], number)
        deadline = time.monotonic() + _STOP_SECONDS
        while time.monotonic() < deadline:
            if served(state) is None:
                return
            time.sleep(0.02)
    raise LocalAwsFailed(
        f"the local AWS (process {found['pid']}) did not end, not even when it was killed: see"
        f" {state / 'logs' / 'server.log'}"
    )


def served(state: Path) -> dict[str, Any] | None:
    """Who serves the directory; None if nobody does, or is not ready yet."""
    record = state / RECORD
    if not record.exists():
        return None
    with record.open(encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = file.read()
            if not text.endswith("}"):
                return None
            found: dict[str, Any] = json.loads(text)
            remember_key(found["endpoint_url"], Path(found.get("key_file", state / KEY_FILE)))
            return found
    return None
