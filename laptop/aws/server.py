"""The server in the foreground: `serve` binds the ports, puts the local AWS's classes into moto and answers.

Beside the endpoint of the APIs there is one for the website, in CloudFront's place.
"""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, NoReturn

os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "1"  # moto looks when it is imported

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from laptop.aws import records, sqs
from laptop.aws.access import SERVICE, guarded
from laptop.aws.athena import backend as athena
from laptop.aws.athena import engine as athena_engine
from laptop.aws.cloudfront import Website, distribution
from laptop.aws.glue import backend as glue
from laptop.aws.iam import authorization
from laptop.aws.keys import FILE as KEY_FILE
from laptop.aws.keys import make_key
from laptop.aws.process import RECORD, code_version, remember_key
from laptop.aws.s3 import backend as s3
from laptop.aws.services import refusing

_LOCK_SECONDS = 0.5
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - a container's ports are published by whoever runs it


class ServeError(Exception):
    """Why the server cannot start: the thing, and what to do."""


def serve(
    state: Path,
    host: str,
    port: int,
    *,
    key_file: Path | None = None,
    hosts: Collection[str] = (),
    website: Website | None = None,
    website_port: int | None = None,
    deploy: Callable[[str], None] | None = None,
    beside: Mapping[str, str] = MappingProxyType({}),
) -> NoReturn:
    """Serve AWS from a state directory until SIGTERM or Ctrl-C; prints the endpoint URL once it is ready.

    Args:
        state: Where everything is kept; made if need be, and closed to other users.
        host: The address to listen on; 0.0.0.0 for all of this machine's.
        port: The port to listen on; 0 picks a free one.
        key_file: Where the key is with which requests have to be signed; made if need be. None is in `state`.
        hosts: Names by which clients reach this machine, beside the loopback ones.
        website: A website to serve on a port of its own.
        website_port: That port; None takes the next one, or a free one.
        deploy: Called with the endpoint URL once it answers, before the website does: queues and topics do
            not survive a restart, and this can create them again.
        beside: Addresses of what else this process serves, by name; `laptop.aws.process.served` tells them.

    Raises:
        ServeError: A port or the state directory is taken.
    """
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):  # moto would look for it, and has no use for it
        os.environ.pop(name, None)
    try:
        engine = athena_engine.chosen(os.environ.get("ATHENA_ENGINE", ""))
    except ValueError as error:
        raise ServeError(str(error)) from None
    state = state.resolve()
    state.mkdir(parents=True, exist_ok=True)
    state.chmod(0o700)
    record = _claim(state)
    key_file = (key_file or state / KEY_FILE).resolve()
    key = make_key(key_file)
    version = code_version()
    listener = _bind(host, port)
    pages = None
    if website:
        pages = _bind_next(host, port) if website_port is None else _bind(host, website_port)
    reachable = "127.0.0.1" if host == _EVERYWHERE else host
    endpoint_url = f"http://{reachable}:{listener.getsockname()[1]}"

    s3.install(state)
    glue.install(state, endpoint_url)
    athena.install(engine)
    sqs.install()
    records.install()
    authorization.install(key)
    application = _Dispatcher(create_backend_app)
    s3.storage().replay_settings(application)

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server(
        host,
        listener.getsockname()[1],
        guarded(refusing(application), key, hosts),
        threaded=True,
        request_handler=MotoRequestHandler,
        fd=listener.fileno(),
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    served = {
        "pid": os.getpid(),
        "endpoint_url": endpoint_url,
        "key_file": str(key_file),
        "version": version,
        **beside,
    }
    remember_key(endpoint_url, key_file)
    if deploy:
        deploy(endpoint_url)
    if website and pages:
        site = make_server(
            host,
            pages.getsockname()[1],
            distribution(s3.origin(website.bucket), website),
            threaded=True,
            fd=pages.fileno(),
        )
        threading.Thread(target=site.serve_forever, daemon=True).start()
        served["website_url"] = f"http://{reachable}:{pages.getsockname()[1]}"
    json.dump(served, record)
    record.flush()
    print(endpoint_url, flush=True)
    try:
        while True:
            time.sleep(1)  # a signal that another thread gets does not wake this one
    finally:
        # Spark jobs end with this process (see `leash`); threads in the middle of a query must not delay it.
        os._exit(0)


class _Dispatcher(DomainDispatcherApplication):
    """moto's choice of the service that answers: by the signature, which was checked, and nothing else."""

    def infer_service_region_host(self, environ: dict[str, Any], path: str) -> str | None:
        if environ.get(SERVICE, "s3") in (None, "s3"):
            return None  # moto's default is S3
        return super().infer_service_region_host(environ, path)


def _claim(state: Path) -> IO[str]:
    record = (state / RECORD).open("a+", encoding="utf-8")
    # Whoever asks whether the directory is served holds a shared lock for an instant.
    deadline = time.monotonic() + _LOCK_SECONDS
    while not (locked := _lock(record)) and time.monotonic() < deadline:
        time.sleep(0.01)
    if not locked:
        record.seek(0)
        raise ServeError(
            f"{state} is being served already ({record.read().strip()}): use that server, end it,"
            " or choose another directory with --state"
        )
    record.truncate(0)
    return record


def _lock(record: IO[str]) -> bool:
    try:
        fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _bind(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=128)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise ServeError(f"cannot listen on {host}:{port}: {error.strerror}") from None
        raise ServeError(
            f"port {port} is in use: end what listens there, or choose others with --port and --website-port"
        ) from None


def _bind_next(host: str, port: int) -> socket.socket:
    try:
        return _bind(host, port + 1 if 0 < port < 65535 else 0)
    except ServeError:
        return _bind(host, 0)
