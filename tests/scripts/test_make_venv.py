"""The set-up takes an interpreter that runs, and certificates from the system's store."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import os
import shutil
import ssl
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

pytestmark = pytest.mark.product

REPOSITORY = Path(__file__).parents[2]
SHIM = "#!/bin/sh\necho 'pyenv: python3.12: command not found' >&2\nexit 127\n"
UV = next(
    line.split()[0]
    for line in (REPOSITORY / "requirements-dev.txt").read_text().splitlines()
    if line.startswith("uv==")
)


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def interpreter(path: Path, version: str) -> Path:
    """What does as a Python of that version does for the set-up, and notes what it was called with."""
    return executable(
        path,
        '#!/bin/sh\ncase "$1 $2" in\n'
        f'  "--version "*) echo "Python {version}" ;;\n'
        '  "-m venv") mkdir -p "$4/bin"; cp "$0" "$4/bin/python" ;;\n'
        "esac\n",
    )


def make_venv(folder: Path, path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script with only these commands, and the shell's own, to be found."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    for tool in ("bash", "sed", "grep", "sh", "mkdir", "cp"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    variables = {"PATH": f"{path}{os.pathsep}{tools}", "HOME": str(folder / "home")}
    return subprocess.run(
        [REPOSITORY / "scripts" / "make-venv", folder / "made"],
        cwd=REPOSITORY,
        env=variables | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_shim_that_does_not_run_is_passed_over_for_the_version_behind_it(tmp_path: Path) -> None:
    executable(tmp_path / "pyenv" / "shims" / "python3.12", SHIM)
    interpreter(tmp_path / "pyenv" / "shims" / "python3.11", "3.11.9")
    interpreter(tmp_path / "pyenv" / "versions" / "3.12.7" / "bin" / "python3.12", "3.12.7")
    done = make_venv(tmp_path, tmp_path / "pyenv" / "shims")
    assert (done.returncode, done.stderr) == (0, "")
    assert "with Python 3.12.7" in done.stdout


def test_the_versions_of_pyenv_are_found_where_it_says_they_are(tmp_path: Path) -> None:
    interpreter(tmp_path / "elsewhere" / "versions" / "3.12.7" / "bin" / "python3.12", "3.12.7")
    done = make_venv(tmp_path, tmp_path / "bin", PYENV_ROOT=str(tmp_path / "elsewhere"))
    assert "with Python 3.12.7" in done.stdout


def test_the_next_best_version_is_taken_where_no_better_one_runs(tmp_path: Path) -> None:
    executable(tmp_path / "bin" / "python3.12", SHIM)
    interpreter(tmp_path / "bin" / "python3.11", "3.11.9")
    done = make_venv(tmp_path, tmp_path / "bin")
    assert "with Python 3.11.9" in done.stdout


def test_where_none_runs_the_message_says_what_to_install(tmp_path: Path) -> None:
    for name in ("python3.12", "python3.11", "python3"):
        executable(tmp_path / "bin" / name, SHIM)
    done = make_venv(tmp_path, tmp_path / "bin")
    assert done.returncode == 1
    assert "No usable Python found: install Python 3.12" in done.stderr
    assert not (tmp_path / "made").exists()


def test_the_interpreter_that_is_named_is_the_only_one(tmp_path: Path) -> None:
    interpreter(tmp_path / "bin" / "python3.12", "3.12.7")
    shim = executable(tmp_path / "named" / "python", SHIM)
    done = make_venv(tmp_path, tmp_path / "bin", BASE_PYTHON=str(shim))
    assert done.returncode == 1
    assert f"No usable Python found at {shim}" in done.stderr


def certificates(folder: Path) -> tuple[Path, Path]:
    """A certificate authority that nobody else knows, and what a server on 127.0.0.1 has from it."""
    now = datetime.now(UTC)

    def signed(name: str, key: ec.EllipticCurvePrivateKey, *, authority: bool) -> x509.Certificate:
        builder = x509.CertificateBuilder(
            issuer_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a company's proxy")]),
            subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=now - timedelta(days=1),
            not_valid_after=now + timedelta(days=1),
        ).add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        if not authority:
            address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
            builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        return builder.sign(authority_key, hashes.SHA256())

    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority, server = folder / "authority.pem", folder / "server.pem"
    pem = serialization.Encoding.PEM
    authority.write_bytes(signed("a company's proxy", authority_key, authority=True).public_bytes(pem))
    server.write_bytes(
        signed("a server", server_key, authority=False).public_bytes(pem)
        + server_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return authority, server


def wheel_of_uv(folder: Path) -> str:
    """A wheel by the name and version that the set-up asks for, with nothing in it; gives its SHA-256."""
    version = UV.removeprefix("uv==")
    info = f"uv-{version}.dist-info"
    files = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: uv\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    records = []
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        records.append(f"{name},sha256={digest},{len(text)}\n")
    path = folder / f"uv-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
        wheel.writestr(f"{info}/RECORD", "".join(records) + f"{info}/RECORD,,\n")
    (folder / "index.html").write_text(f'<a href="uv-{version}-py3-none-any.whl">uv</a>')
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """A request is not worth a line."""


@contextmanager
def serving(folder: Path, certificate: Path) -> Iterator[str]:
    """The folder over HTTPS; gives its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("trusted", "expected"),
    [(True, True), (False, True), (True, False)],
    ids=["in the store", "not in the store", "another wheel than was locked"],
)
@pytest.mark.thorough
@pytest.mark.clock
def test_the_first_packages_come_from_a_server_that_only_the_systems_store_knows(
    tmp_path: Path, trusted: bool, expected: bool
) -> None:
    """SSL_CERT_FILE stands for the store: OpenSSL takes it for its own."""
    (tmp_path / "index" / "uv").mkdir(parents=True)
    digest = wheel_of_uv(tmp_path / "index" / "uv")
    locked = [digest, "0" * 64] if expected else ["0" * 64]
    (tmp_path / "requirements-dev.txt").write_text(
        "urllib3==2.6.3 \\\n    --hash=sha256:"
        + "1" * 64
        + f"\n    # via requests\n{UV} \\\n"
        + " \\\n".join(f"    --hash=sha256:{hash_}" for hash_ in locked)
        + "\n    # via -r requirements-dev.in\nuvicorn==0.45.0 \\\n    --hash=sha256:"
        + "2" * 64
        + "\n"
    )
    authority, server = certificates(tmp_path)
    with serving(tmp_path / "index", server) as index:
        done = subprocess.run(
            [REPOSITORY / "scripts" / "make-venv", tmp_path / "made"],
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "BASE_PYTHON": sys.executable,
                "PIP_CONFIG_FILE": os.devnull,
                "PIP_INDEX_URL": index,
                "PIP_RETRIES": "0",
                "no_proxy": "*",
            }
            | ({"SSL_CERT_FILE": str(authority)} if trusted else {}),
            capture_output=True,
            text=True,
            check=False,
        )
    installed = list((tmp_path / "made").glob("lib/python*/site-packages/uv-*.dist-info"))
    assert (done.returncode == 0) == bool(installed) == (trusted and expected), done.stderr
    assert ("THESE PACKAGES DO NOT MATCH THE HASHES" in done.stderr) == (trusted and not expected)


def test_uv_trusts_the_systems_store_unless_it_is_told_otherwise() -> None:
    def told(**environment: str) -> str:
        command = ["make", "-s", "--eval", "show: ; @echo $$UV_SYSTEM_CERTS", "show"]
        usual = {name: value for name, value in os.environ.items() if name != "UV_SYSTEM_CERTS"}
        return subprocess.run(
            command, cwd=REPOSITORY, env=usual | environment, capture_output=True, text=True, check=True
        ).stdout.strip()

    assert told() == "true"
    assert told(UV_SYSTEM_CERTS="false") == "false"
