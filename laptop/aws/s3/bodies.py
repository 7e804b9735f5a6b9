"""Bodies of requests: an upload goes into a file piece by piece, checked against what the client says of it.

A client says how long the body is, and may give its MD5, its SHA-256 and one of S3's checksums, in a header
or behind the body (`aws-chunked`). A body that differs is refused, and nothing of it is stored. The
signatures of single chunks are not verified.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from awscrt import checksums
from moto.s3.exceptions import S3ClientError

PIECE = 1 << 20
"""How many bytes are read and written at once: what a body takes of the server's memory."""

_CRCS: dict[str, tuple[Callable[[bytes, int], int], int]] = {  # with their sizes in bytes
    "CRC32": (zlib.crc32, 4),
    "CRC32C": (checksums.crc32c, 4),
    "CRC64NVME": (checksums.crc64nvme, 8),
}
_HASHES = {"SHA1": hashlib.sha1, "SHA256": hashlib.sha256}
DEFAULT_CHECKSUM = "CRC64NVME"
"""What S3 computes of an object for which the client names no algorithm."""

_HEADER = "x-amz-checksum-"
_NOT_A_VALUE = {f"{_HEADER}{name}" for name in ("algorithm", "type", "mode")}
_LONGEST_LINE = 8192


class Checksum:
    """One of S3's checksums, computed piece by piece."""

    def __init__(self, algorithm: str):
        self.algorithm = algorithm
        self._crc = 0
        self._hash = _HASHES[algorithm](usedforsecurity=False) if algorithm in _HASHES else None
        if self._hash is None and algorithm not in _CRCS:
            known = ", ".join([*_CRCS, *_HASHES])
            raise S3ClientError(
                "InvalidRequest",
                f"The local AWS does not compute the checksum {algorithm}. Use one of {known}.",
            )

    def update(self, piece: bytes) -> None:
        """Add a piece."""
        if self._hash is not None:
            self._hash.update(piece)
        else:
            self._crc = _CRCS[self.algorithm][0](piece, self._crc)

    @property
    def text(self) -> str:
        """The checksum of all pieces, in Base64."""
        digest = (
            self._hash.digest()
            if self._hash is not None
            else self._crc.to_bytes(_CRCS[self.algorithm][1], "big")
        )
        return base64.b64encode(digest).decode()


class Announced(NamedTuple):
    """The checksum that a request names: its algorithm and, unless it follows the body, its value."""

    algorithm: str
    value: str | None


@dataclass
class Upload:
    """A received body: its file, its size in bytes, its MD5 in hexadecimal, and its checksum in Base64."""

    file: Path
    size: int
    md5: str
    algorithm: str
    checksum: str
    is_taken: bool = False

    def take(self) -> Path:
        """The file, which belongs to the caller from now on."""
        self.is_taken = True
        return self.file

    def discard(self) -> None:
        """Delete the file unless it was taken."""
        if not self.is_taken:
            self.file.unlink(missing_ok=True)


def announced_checksum(headers: Mapping[str, str]) -> Announced | None:
    """The checksum that the headers of a request name.

    Raises:
        S3ClientError: They name more than one, or one that is not S3's.
    """
    given = {name.lower(): value for name, value in headers.items() if name.lower().startswith(_HEADER)}
    values = {name: value for name, value in given.items() if name not in _NOT_A_VALUE}
    trailers = [name.strip().lower() for name in (headers.get("x-amz-trailer") or "").split(",")]
    names = [*values, *(name for name in trailers if name.startswith(_HEADER))]
    if len(names) > 1:
        raise S3ClientError(
            "InvalidRequest", f"Expecting a single {_HEADER} header, not {', '.join(names)}. Send one."
        )
    if names:
        return Announced(names[0].removeprefix(_HEADER).upper(), values.get(names[0]))
    named = headers.get("x-amz-sdk-checksum-algorithm")
    return Announced(named.upper(), None) if named else None


def receive(stream: IO[bytes], headers: Mapping[str, str], directory: Path) -> Upload:
    """Read the body of an upload into a new file.

    Args:
        stream: The body as it comes over the wire.
        headers: The request's headers.
        directory: Where the file goes.

    Raises:
        S3ClientError: The body is not what the headers say; there is no file then.
    """
    trailers: dict[str, str] = {}
    reader = io.BufferedReader(cast(io.RawIOBase, stream), PIECE)
    file = directory / uuid.uuid4().hex
    try:
        announced = announced_checksum(headers)
        checksum = Checksum(announced.algorithm if announced else DEFAULT_CHECKSUM)
        chunked = (headers.get("x-amz-content-sha256") or "").startswith("STREAMING-")
        pieces = _chunked(reader, trailers) if chunked else iter(lambda: reader.read(PIECE), b"")
        check = _Check(headers)
        with file.open("wb") as content:
            for piece in pieces:
                content.write(piece)
                check.update(piece)
                checksum.update(piece)
        check.verify()
        name = f"{_HEADER}{checksum.algorithm.lower()}"
        expected = trailers.get(name) or (announced.value if announced else None)
        if expected is None and name in (headers.get("x-amz-trailer") or "").lower():
            raise S3ClientError(
                "MalformedTrailerError", f"The trailer {name} does not follow the body. Send it."
            )
        _require_same(expected, checksum.text, f"{name} of the body", "BadDigest")
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    finally:
        with suppress(Exception):  # the next request on this connection starts behind the body
            while reader.read(PIECE):
                pass
        reader.detach()
    return Upload(file, check.size, check.md5, checksum.algorithm, checksum.text)


def verify(body: bytes, headers: Mapping[str, str]) -> None:
    """Check a body that is in memory, as that of a batch delete.

    Raises:
        S3ClientError: It is not what the headers say.
    """
    check = _Check(headers)
    check.update(body)
    check.verify()
    announced = announced_checksum(headers)
    if announced and announced.value:
        checksum = Checksum(announced.algorithm)
        checksum.update(body)
        name = f"{_HEADER}{announced.algorithm.lower()} of the body"
        _require_same(announced.value, checksum.text, name, "BadDigest")


def pieces_of(file: Path, start: int, length: int) -> Iterator[bytes]:
    """A part of a file, piece by piece; the file is open from the call on, whatever takes its path."""
    content = file.open("rb")
    content.seek(start)

    def pieces() -> Iterator[bytes]:
        left = length
        with content:
            while left and (piece := content.read(min(PIECE, left))):
                left -= len(piece)
                yield piece

    return pieces()


def copied(pieces: Iterator[bytes], directory: Path, algorithm: str) -> Upload:
    """A new file of these pieces, as if it had been uploaded."""
    file, size = directory / uuid.uuid4().hex, 0
    md5, checksum = hashlib.md5(usedforsecurity=False), Checksum(algorithm)
    try:
        with file.open("wb") as content:
            for piece in pieces:
                content.write(piece)
                md5.update(piece)
                checksum.update(piece)
                size += len(piece)
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    return Upload(file, size, md5.hexdigest(), algorithm, checksum.text)


class _Check:
    """What the headers say of a body beside its checksum, and what is so."""

    def __init__(self, headers: Mapping[str, str]):
        self.size = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._length = headers.get("x-amz-decoded-content-length")
        self._expected_md5 = headers.get("content-md5")
        signed = headers.get("x-amz-content-sha256") or ""
        self._expected_sha256 = signed if re.fullmatch("[0-9a-f]{64}", signed) else None
        self._sha256 = hashlib.sha256() if self._expected_sha256 else None

    @property
    def md5(self) -> str:
        return self._md5.hexdigest()

    def update(self, piece: bytes) -> None:
        self.size += len(piece)
        self._md5.update(piece)
        if self._sha256:
            self._sha256.update(piece)

    def verify(self) -> None:
        _require_same(self._length, str(self.size), "x-amz-decoded-content-length", "IncompleteBody")
        if self._sha256:
            _require_same(
                self._expected_sha256,
                self._sha256.hexdigest(),
                "x-amz-content-sha256 of the body",
                "XAmzContentSHA256Mismatch",
            )
        md5 = base64.b64encode(self._md5.digest()).decode()
        _require_same(self._expected_md5, md5, "Content-MD5 of the body", "BadDigest")


def _require_same(expected: str | None, found: str, what: str, code: str) -> None:
    if expected is not None and expected.strip() != found:
        raise S3ClientError(
            code, f"The {what} is {found}, but the request says {expected.strip()}. Send it again."
        )


def _chunked(reader: Any, trailers: dict[str, str]) -> Iterator[bytes]:
    """The pieces of an `aws-chunked` body; what follows the last one goes into `trailers`."""
    while size := _chunk_size(reader.readline(_LONGEST_LINE)):
        while size:
            piece = reader.read(min(PIECE, size))
            if not piece:
                raise _incomplete()
            size -= len(piece)
            yield piece
        if reader.read(2) != b"\r\n":
            raise _incomplete()
    while line := reader.readline(_LONGEST_LINE):
        name, _, value = line.decode("latin-1").strip().partition(":")
        trailers[name.lower()] = value.strip()


def _chunk_size(line: bytes) -> int:
    size = line.partition(b";")[0].strip()
    if not re.fullmatch(rb"[0-9a-fA-F]{1,16}", size):
        raise _incomplete()
    return int(size, 16)


def _incomplete() -> S3ClientError:
    return S3ClientError(
        "IncompleteBody", "The aws-chunked body ends or breaks off within a chunk. Send it again."
    )
