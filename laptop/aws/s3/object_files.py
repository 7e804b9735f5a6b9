"""Where an S3 object lives on disk: its bytes in a plain file, everything else about it in SQLite.

The bytes of a key are the file `<state>/s3/<bucket>/<key>`, so that Spark, DuckDB and PyArrow read them in
place. A key that does not spell such a path is refused. (On a file system that ignores case, as macOS's
usually does, keys that differ only in case are one file.)

The index, `<state>/s3-index.sqlite`, knows a file by its size and modification time. That makes a write
exact whenever the process dies: the new row is committed before the file is moved into place, the old one
deleted after it, and whichever row matches the file that is there is the truth.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from moto.s3.exceptions import S3ClientError

# What Spark leaves here belongs to a job that is still writing, or that died: never an object.
_SPARKS_OWN = ("_temporary", ".spark-staging")


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

    def path(self, bucket: str, key: str) -> Path:
        """The file of a key; raises `UnstorableKeyError` if the key does not spell one."""
        for component in key.split("/"):
            if component == "":
                raise UnstorableKeyError(key, "a component between two slashes, or at an end, is empty")
            if component in (".", "..") or "\0" in component:
                raise UnstorableKeyError(key, f"the component {component!r} is not a file name")
            if len(component.encode()) > 255:
                raise UnstorableKeyError(key, f"the component {component[:20]!r}… is longer than 255 bytes")
        return self.root / bucket / key

    def make_room(self, bucket: str, key: str) -> None:
        """Make the directories of a key; raises `UnstorableKeyError` if other keys stand in the way."""
        path = self.path(bucket, key)
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
        """The keys of the files that are there now: all, or those below a folder (`gold/coins/dt=1/`)."""
        return files_below(self.root / bucket, folder)

    def add_bucket(self, bucket: str) -> None:
        """Make a bucket's directory."""
        (self.root / bucket).mkdir(exist_ok=True)

    def remove_bucket(self, bucket: str) -> None:
        """Delete a bucket's directory with all that is in it."""
        shutil.rmtree(self.root / bucket, ignore_errors=True)
        self._index.execute("DELETE FROM objects WHERE bucket = ?", (bucket,))

    def tidy(self) -> None:
        """Delete what died jobs left and empty directories; only while no job runs."""
        for directory, _, names in os.walk(self.root, topdown=False):
            path = Path(directory)
            if names and not path.name.startswith(_SPARKS_OWN):
                continue
            if path.parent in (self.root, self.root.parent):
                continue
            if path.name.startswith(_SPARKS_OWN):
                shutil.rmtree(path, ignore_errors=True)
            elif not any(path.iterdir()):
                path.rmdir()


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
            yield prefix[start:] + name, Signature(status.st_size, status.st_mtime_ns)
