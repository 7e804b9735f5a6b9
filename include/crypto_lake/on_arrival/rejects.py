"""What was refused: whole files with a note, and single rows with their reasons, below `rejected/raw/`.

    rejected/raw/<file name>.<hash of its key>/<ETag>/
        file-note.json   the whole file was refused: why, and what to do
        original         its bytes
        rows-note.json   some of its rows were refused, or values not understood: how many, and why
        rows.jsonl.gz    those rows

`raw/` keeps the original too, for ever. A corrected file has another ETag, and is looked at anew.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

    from include.crypto_lake.on_arrival.cleaning import SourceObject
    from include.crypto_lake.on_arrival.refusals import RejectedRow, UnusableFileError

PREFIX = "rejected/raw/"
_FILE_NOTE = "file-note.json"
_ROWS_NOTE = "rows-note.json"
_ROWS = "rows.jsonl.gz"
_ORIGINAL = "original"
_EXAMPLES = 20
_EXAMPLE_LENGTH = 500  # characters of a row


def folder(key: str, etag: str) -> str:
    """Where the refusals of one version of an object lie: short and safe, whatever its key is."""
    name = re.sub(r"[^\w.-]+", "_", key.rsplit("/", 1)[1], flags=re.ASCII)[:80]
    return f"{PREFIX}{name}.{hashlib.sha256(key.encode()).hexdigest()[:12]}/{etag}/"


def refused(listing: Iterable[ObjectTypeDef]) -> dict[str, datetime]:
    """The folders of the files that were refused as a whole, and when that was, from what lies here."""
    return {
        entry["Key"].removesuffix(_FILE_NOTE): entry["LastModified"]
        for entry in listing
        if entry["Key"].endswith(f"/{_FILE_NOTE}")
    }


def refuse_file(
    s3: S3Client,
    bucket: str,
    source: SourceObject,
    body: IO[bytes],
    error: UnusableFileError,
    *,
    run_id: str,
) -> str:
    """Copy a file that cannot be used to `rejected/`, and say why.

    Returns:
        The note's address.
    """
    where = folder(source.key, source.etag)
    body.seek(0)
    s3.upload_fileobj(body, bucket, where + _ORIGINAL)
    # Last: the note is what says that the file has been dealt with.
    return _put_note(
        s3,
        bucket,
        where + _FILE_NOTE,
        source,
        run_id,
        {
            "reason": error.reason,
            "message": str(error),
            "sample": error.sample,
            "rejected_rows": dict(error.rejected),
        },
    )


def take_back(s3: S3Client, bucket: str, source: SourceObject) -> None:
    """Delete what was refused of the same bytes before: the cleaning has learned something since."""
    where = folder(source.key, source.etag)
    for name in (_FILE_NOTE, _ORIGINAL, _ROWS_NOTE, _ROWS):
        s3.delete_object(Bucket=bucket, Key=where + name)


class RejectedRows:
    """Collects a file's refused rows on disk, and stores them in S3 with a note."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._rows = gzip.GzipFile(fileobj=self._file, mode="wb", mtime=0)
        self._examples: list[dict[str, Any]] = []
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, row: RejectedRow) -> None:
        """Take one row."""
        entry = asdict(row)
        self._rows.write(json.dumps(entry, default=str).encode() + b"\n")
        self._count += 1
        if len(self._examples) < _EXAMPLES:
            self._examples.append(entry | {"raw": row.raw[:_EXAMPLE_LENGTH]})

    def store(
        self,
        s3: S3Client,
        bucket: str,
        source: SourceObject,
        *,
        rows: int,
        reasons: Mapping[str, int],
        emptied: Mapping[str, Mapping[str, int]],
        values: Mapping[str, int],
        run_id: str,
    ) -> str | None:
        """Store the rows and a note.

        Returns:
            The note's address, or None when no row was refused and every value was understood.
        """
        if not self._count and not emptied:
            return None
        where = folder(source.key, source.etag)
        if self._count:
            self._rows.close()
            self._file.seek(0)
            s3.upload_fileobj(
                self._file, bucket, where + _ROWS, ExtraArgs={"ContentType": "application/gzip"}
            )
        return _put_note(
            s3,
            bucket,
            where + _ROWS_NOTE,
            source,
            run_id,
            {
                "rows": rows,
                "rejected_rows": dict(reasons),
                "emptied_values": {column: dict(problems) for column, problems in emptied.items()},
                "values": dict(values),
                "first_rows": self._examples,
            },
        )


def _put_note(
    s3: S3Client, bucket: str, key: str, source: SourceObject, run_id: str, content: dict[str, Any]
) -> str:
    note = {
        "key": source.key,
        "etag": source.etag,
        "put_at": source.last_modified.isoformat(),
        "rejected_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "run_id": run_id,
        **content,
    }
    s3.put_object(
        Bucket=bucket,
        Key=key,
        Body=json.dumps(note, indent=2, default=str).encode(),
        ContentType="application/json",
    )
    return f"s3://{bucket}/{key}"
