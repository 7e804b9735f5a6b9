"""Where an S3 object lives on disk: its bytes in a plain file, everything else about it in SQLite.

The bytes of a key are the file `<state>/s3/<bucket>/<key>`, so that Spark, DuckDB and PyArrow read them in
place. The bytes of a key that ends in `/`, as S3A, Trino and the AWS console create for a folder, are a
hidden file in that directory. A key that does not spell such a path is refused; so is one that a file system
would take for another key because it ignores case, as macOS's usually does.

The index, `<state>/s3-index.sqlite`, knows a file by its size and modification time. That makes a write
exact whenever the process dies: the new row is committed before the file is moved into place, the old one
deleted after it, and whichever row matches the file that is there is the truth.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from moto.s3.exceptions import S3ClientError

# What Spark leaves here without S3 belongs to a job that is still writing, or that died: never an object.
_SPARKS_OWN = ("_temporary", ".spark-staging")
# The content of the key that is its directory's own address. Hidden from Spark by the leading dot.
_FOLDER_KEY = ".s3-folder-key"


class UnstorableKeyError(S3ClientError):
    """A key that cannot be a file below the bucket's directory."""

    def __init__(self, key: str, reason: str):
        super().__init__(
            "InvalidArgument", f"The key {key!r} cannot be stored as a file: {reason}. Use another key."
        )


class Signature(NamedTuple):
    """What tells one content of a file from the next: size in bytes, modification time in ns."""

    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> Signature:
        """The signature of a file; raises `FileNotFoundError` if there is none."""
        status = path.stat()
        return cls(status.st_size, status.st_mtime_ns)


class ObjectFiles:
    """The files and the index below one state directory."""

    def __init__(self, state: Path):
        self.root = state / "s3"
        self.root.mkdir(parents=True, exist_ok=True)
        self._index = sqlite3.connect(
            state / "s3-index.sqlite", check_same_thread=False, isolation_level=None
        )
        self._index.execute("PRAGMA journal_mode=WAL")
        self._index.execute("PRAGMA synchronous=NORMAL")
        self._index.execute(
            "CREATE TABLE IF NOT EXISTS objects"
            " (bucket TEXT, key TEXT, size INTEGER, mtime_ns INTEGER, facts TEXT,"
            " PRIMARY KEY (bucket, key, size, mtime_ns))"
        )

        self._ignores_case = _ignores_case(state)

    def path(self, bucket: str, key: str) -> Path:
        """The file of a key; raises `UnstorableKeyError` if the key does not spell one."""
        for component in key.removesuffix("/").split("/"):
            if component == "":
                raise UnstorableKeyError(key, "a component between two slashes, or the first one, is empty")
            if component in (".", "..", _FOLDER_KEY) or "\0" in component:
                raise UnstorableKeyError(key, f"the component {component!r} is not a file name here")
            if len(component.encode()) > 255:
                raise UnstorableKeyError(key, f"the component {component[:20]!r}… is longer than 255 bytes")
        return file_of(self.root / bucket, key)

    def make_room(self, bucket: str, key: str) -> None:
        """Make the directories of a key; raises `UnstorableKeyError` if other keys stand in the way."""
        path = self.path(bucket, key)
        if self._ignores_case and (other := _spelled_otherwise(self.root / bucket, path)):
            raise UnstorableKeyError(
                key, f"the file system ignores case, and has {other!r} in its place already"
            )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise UnstorableKeyError(
                key, "a part of it is an object already, and cannot be a directory too"
            ) from None
        if path.is_dir():
            try:
                path.rmdir()
            except OSError:
                raise UnstorableKeyError(key, "other keys continue it, so that it is a directory") from None

    def move_in(self, bucket: str, key: str, file: Path, facts: dict[str, Any]) -> tuple[Path, Signature]:
        """Make `file` the content of a key and record its facts (JSON); returns the key's path."""
        path, signature = self.path(bucket, key), Signature.of(file)
        self.record(bucket, key, signature, facts)
        if file != path:
            file.replace(path)
        self._index.execute(
            "DELETE FROM objects WHERE bucket = ? AND key = ? AND NOT (size = ? AND mtime_ns = ?)",
            (bucket, key, *signature),
        )
        return path, signature

    def record(self, bucket: str, key: str, signature: Signature, facts: dict[str, Any]) -> None:
        """Record the facts of a file that is in its place already."""
        self._index.execute(
            "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)",
            (bucket, key, *signature, json.dumps(facts)),
        )

    def remove(self, bucket: str, key: str) -> None:
        """Delete a key's file, its facts and the directories that this leaves empty."""
        path = self.path(bucket, key)
        path.unlink(missing_ok=True)
        self.forget(bucket, key)
        for directory in path.parents:
            if directory == self.root / bucket:
                break
            try:
                directory.rmdir()
            except OSError:
                break

    def forget(self, bucket: str, key: str) -> None:
        """Delete a key's facts: its file is gone."""
        self._index.execute("DELETE FROM objects WHERE bucket = ? AND key = ?", (bucket, key))

    def facts(self, bucket: str) -> dict[tuple[str, Signature], dict[str, Any]]:
        """What is recorded of a bucket's objects."""
        rows = self._index.execute(
            "SELECT key, size, mtime_ns, facts FROM objects WHERE bucket = ?", (bucket,)
        )
        return {(key, Signature(size, mtime_ns)): json.loads(facts) for key, size, mtime_ns, facts in rows}

    def scan(self, bucket: str, folder: str = "") -> Iterator[tuple[str, Signature]]:
        """The keys of the files that are there now: all, or those below a folder (`gold/coins/dt=1/`).

        What Spark keeps in directories of its own is not among them.
        """
        return files_below(self.root / bucket, folder)

    def put_in_sparks_own(self, bucket: str) -> Iterator[tuple[str, Signature]]:
        """The keys in Spark's own directories that were put there through S3, as by S3A, and are there."""
        like = " OR ".join(f"key LIKE '%{name}%'" for name in _SPARKS_OWN)
        rows = self._index.execute(
            f"SELECT key, size, mtime_ns FROM objects WHERE bucket = ? AND ({like})",  # noqa: S608 - ours
            (bucket,),
        )
        for key, *known in rows.fetchall():
            with suppress(FileNotFoundError, NotADirectoryError):
                signature = Signature.of(self.path(bucket, key))
                if _is_sparks_own(key) and signature == tuple(known):
                    yield key, signature

    def add_bucket(self, bucket: str) -> None:
        """Make a bucket's directory."""
        (self.root / bucket).mkdir(exist_ok=True)

    def remove_bucket(self, bucket: str) -> None:
        """Delete a bucket's directory with all that is in it."""
        shutil.rmtree(self.root / bucket, ignore_errors=True)
        self._index.execute("DELETE FROM objects WHERE bucket = ?", (bucket,))

    def tidy(self) -> None:
        """Delete what died jobs left and empty directories; only while no job runs."""
        kept = {
            self.path(bucket.name, key)
            for bucket in self.root.iterdir()
            for key, _ in self.put_in_sparks_own(bucket.name)
        }
        for directory, _, names in os.walk(self.root, topdown=False):
            path = Path(directory)
            if path == self.root:
                continue
            if _is_sparks_own(f"{path.relative_to(self.root).as_posix()}/"):
                for name in names:
                    if path / name not in kept:
                        (path / name).unlink()
            if path.parent != self.root and not any(path.iterdir()):
                path.rmdir()


def holds_rows(path: str, size: int) -> bool:
    """Whether an object below a table's location is part of the table, as Hive's readers see it.

    Names that begin with `_` or `.` are hidden, at any level, and so is what stands for a folder: `a/` or
    `a_$folder$`.

    Args:
        path: The key from the location on.
        size: In bytes.
    """
    parts = path.split("/")
    return size > 0 and not any(
        part == "" or part.startswith(("_", ".")) or part.endswith("_$folder$") for part in parts
    )


def file_of(bucket: Path, key: str) -> Path:
    """Where the bytes of a key are below a bucket's directory."""
    return bucket / key / _FOLDER_KEY if key.endswith("/") else bucket / key


def _is_sparks_own(key: str) -> bool:
    return any(folder.startswith(_SPARKS_OWN) for folder in key.split("/")[:-1])


def _ignores_case(directory: Path) -> bool:
    """Whether names that differ only in case are one file there."""
    with tempfile.NamedTemporaryFile(dir=directory, prefix="case-") as probe:
        path = Path(probe.name)
        return path.with_name(path.name.swapcase()).exists()


def _spelled_otherwise(bucket: Path, path: Path) -> str | None:
    """A name on disk that differs only in case from a part of a path; None if there is none."""
    directory = bucket
    for name in path.relative_to(bucket).parts:
        names = os.listdir(directory) if directory.is_dir() else []  # noqa: PTH208 - names, not paths
        if name not in names:
            return next((other for other in names if _folded(other) == _folded(name)), None)
        directory /= name
    return None


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def files_below(root: Path, folder: str = "") -> Iterator[tuple[str, Signature]]:
    """The files below a folder of a bucket's directory, by key, without what Spark has not finished."""
    # Text all along: a lake may have a hundred thousand files, and with paths this takes ten times as long.
    start = len(str(root)) + 1
    for directory, subdirectories, names in os.walk(root / folder):
        subdirectories[:] = [name for name in subdirectories if not name.startswith(_SPARKS_OWN)]
        prefix = f"{directory.rstrip('/')}/"
        for name in names:
            try:
                status = os.stat(prefix + name)  # noqa: PTH116
            except FileNotFoundError:  # a running job has just moved or deleted it
                continue
            key = prefix[start:] + (name if name != _FOLDER_KEY else "")
            yield key, Signature(status.st_size, status.st_mtime_ns)
