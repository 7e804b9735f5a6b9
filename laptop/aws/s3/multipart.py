"""Multipart uploads: parts are files, put together without being held in memory."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from moto.core.utils import utcnow
from moto.s3.exceptions import EntityTooSmall, InvalidPart, MalformedXML, S3ClientError
from moto.s3.models import FakeKey, FakeMultipart
from moto.settings import S3_UPLOAD_PART_MIN_SIZE

from laptop.aws.s3.bodies import DEFAULT_CHECKSUM, Checksum, Upload, copied, pieces_of

_COMPOSITE, _FULL_OBJECT = "COMPOSITE", "FULL_OBJECT"
_ONLY_COMPOSITE = ("SHA1", "SHA256")


class NamedPart(NamedTuple):
    """A part as the client names it to complete an upload; `checksums` are by algorithm, in Base64."""

    number: int
    etag: str
    checksums: dict[str, str]


class StoredMultipart(FakeMultipart):
    """An upload whose parts are files. It ends with the process, as if it had been aborted."""

    uploads: ClassVar[Path]

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self.initiated = utcnow()
        self.part_sizes: list[int] = []
        self.algorithm = str(self.metadata.get("x-amz-checksum-algorithm") or DEFAULT_CHECKSUM).upper()
        default = _FULL_OBJECT if self.algorithm == DEFAULT_CHECKSUM else _COMPOSITE
        self.checksum_type = str(self.metadata.get("x-amz-checksum-type") or default).upper()
        Checksum(self.algorithm)  # refuses what is not known
        wrong = self.algorithm in _ONLY_COMPOSITE if self.checksum_type == _FULL_OBJECT else False
        if wrong or (self.checksum_type == _COMPOSITE and self.algorithm == DEFAULT_CHECKSUM):
            raise S3ClientError(
                "InvalidRequest",
                f"The checksum {self.algorithm} cannot be {self.checksum_type}. Use the other type.",
            )

    def set_part(self, part_id: int, value: bytes | Upload) -> FakeKey:
        """Keep a part."""
        part = super().set_part(part_id, value)  # type: ignore[arg-type]
        if isinstance(value, Upload):
            part.checksum_algorithm, part.checksum_value = value.algorithm, value.checksum
        return part

    def list_parts(self, part_number_marker: int, max_parts: int) -> Iterator[FakeKey]:
        """The parts behind a number, at most so many."""
        numbers = [number for number in self.partlist if number > part_number_marker]
        return (self.parts[number] for number in numbers[:max_parts])

    def complete(  # type: ignore[override]
        self, body: Iterator[NamedPart]
    ) -> tuple[Upload, str, tuple[str, str, int]]:
        """Put the parts together.

        Returns:
            The content, the ETag, and the checksum: its type, its value and the number of parts.
        """
        parts = [self._named(part) for part in body]
        if not parts:
            raise MalformedXML
        if any(part.size < S3_UPLOAD_PART_MIN_SIZE for part in parts[:-1]):
            raise EntityTooSmall
        etags = b"".join(bytes.fromhex(part.etag.strip('"')) for part in parts)
        digest = hashlib.md5(etags, usedforsecurity=False).hexdigest()
        pieces = chain.from_iterable(pieces_of(part.file, 0, part.size) for part in parts)
        content = copied(pieces, self.uploads, self.algorithm)
        value = content.checksum
        if self.checksum_type == _COMPOSITE:
            whole = Checksum(self.algorithm)
            for part in parts:
                whole.update(base64.b64decode(self._checksum(part)))
            value = whole.text
        self.part_sizes = [part.size for part in parts]
        return content, f"{digest}-{len(parts)}", (self.checksum_type, value, len(parts))

    def _named(self, named: NamedPart) -> Any:
        part: Any = self.parts.get(named.number)
        if part is None or part.etag.strip('"') != named.etag.strip('"'):
            raise InvalidPart
        value = named.checksums.get(self.algorithm)
        if value is not None and value != self._checksum(part):
            raise InvalidPart
        return part

    def _checksum(self, part: Any) -> str:
        if part.checksum_algorithm == self.algorithm:
            return str(part.checksum_value)
        checksum = Checksum(self.algorithm)
        for piece in pieces_of(part.file, 0, part.size):
            checksum.update(piece)
        return checksum.text
