"""The buckets as a Glue job's role may see and change them, while authorization is on.

Spark works on directories and asks nobody. So a run gets a copy of the objects that its role may list and
read; others are not there. A folder of which the role may neither read nor write anything is mounted on a
file system that does not exist: a script that looks there fails, as it would on S3, instead of finding
nothing.

When the run has ended, what it changed is compared with what its role may change, and taken over if that is
all of it. (On S3 the writes before the first refusal would be there.)
To write an object takes PutObject, GetObject and DeleteObject: Spark writes it under another name, copies it,
and deletes the first.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote

from laptop.aws.iam.authorization import NotAuthorizedError, Principal
from laptop.aws.s3.backend import storage
from laptop.aws.s3.object_files import Signature, file_of, files_below

_CLOSED = re.compile(r"Could not initialize target File System for URI : closed:///([^/\s]+)/(\S+)")
_ADDRESS = re.compile(r"s3://([^/\s]+)/([^\s\"',;:)\]]+)")
_WRITING = ("s3:PutObject", "s3:GetObject", "s3:DeleteObject")


class JobView:
    """One run's view, in a directory of its own.

    Args:
        principal: Whom the run acts as.
        directory: Where the copies go; it has to be empty.
    """

    def __init__(self, principal: Principal, directory: Path):
        self._principal = principal
        self._directory = directory
        self._given: dict[tuple[str, str], Signature] = {}
        self._unread: list[tuple[str, str]] = []
        self._closed: list[tuple[str, str]] = []
        for bucket in storage().buckets:
            (directory / bucket).mkdir(parents=True)
            unread = []
            for key, path, _ in storage().objects(bucket, ""):
                if not self._reads(bucket, key):
                    unread.append(key)
                    continue
                copy = file_of(directory / bucket, key)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, copy)
                self._given[bucket, key] = Signature.of(copy)
            self._unread += [(bucket, key) for key in unread]
            folders = {folder for key in unread if (folder := self._closed_folder(bucket, key))}
            self._closed += [(bucket, folder) for folder in sorted(folders)]

    def buckets(self) -> dict[str, Path]:
        """The directory of each bucket."""
        return {path.name: path for path in self._directory.iterdir()}

    def settings(self) -> dict[str, str]:
        """Spark's settings that close folders."""
        return {
            f"spark.hadoop.fs.viewfs.mounttable.{bucket}.link./{folder}": f"closed:///{bucket}/{quote(folder)}"
            for bucket, folder in self._closed
        }

    def require_what_is_named(self, output: str) -> None:
        """Raise `NotAuthorizedError` if what a failed script put out names an address closed to its role."""
        for bucket, folder in _CLOSED.findall(output):
            self._require_read(bucket, f"{unquote(folder)}/*")
        for bucket, path in _ADDRESS.findall(output):
            folder = f"{path.rstrip('./')}/"
            for other, key in self._unread:
                if other == bucket and f"{key}/".startswith(folder):
                    self._require_read(bucket, key)

    def take_over(self) -> None:
        """Make the lake what the run left, or raise `NotAuthorizedError` and leave it as it is."""
        found = {
            (bucket, key): signature
            for bucket, directory in self.buckets().items()
            for key, signature in files_below(directory)
        }
        written = [name for name, signature in found.items() if self._given.get(name) != signature]
        deleted = [name for name in self._given if name not in found]
        for bucket, key in written:
            for action in _WRITING:
                self._principal.require_object(action, bucket, key)
        for bucket, key in deleted:
            self._principal.require_object("s3:DeleteObject", bucket, key)
        with storage().lock:
            for bucket, key in written:
                storage().files.make_room(bucket, key)
                shutil.copy2(file_of(self._directory / bucket, key), storage().files.path(bucket, key))
            for bucket, key in deleted:
                storage().files.path(bucket, key).unlink(missing_ok=True)
            storage().reconcile()

    def _require_read(self, bucket: str, key: str) -> None:
        folder = key.rpartition("/")[0]
        self._principal.require_listing(bucket, f"{folder}/" if folder else "")
        self._principal.require_object("s3:GetObject", bucket, key)

    def _reads(self, bucket: str, key: str) -> bool:
        try:
            self._require_read(bucket, key)
        except NotAuthorizedError:
            return False
        return True

    def _closed_folder(self, bucket: str, key: str) -> str | None:
        """The topmost folder above an object that is closed; None if even the nearest is open."""
        return next((folder for folder in _folders(key) if self._is_closed(bucket, folder)), None)

    def _is_closed(self, bucket: str, folder: str) -> bool:
        if "=" in folder:  # Spark could not be told
            return False
        if any(given == bucket and key.startswith(f"{folder}/") for given, key in self._given):
            return False
        return not any(
            self._principal.might_below(action, bucket, folder) for action in ("s3:GetObject", "s3:PutObject")
        )


def _folders(key: str) -> Iterator[str]:
    """The folders above a key, the topmost first."""
    for parent in reversed(PurePosixPath(key).parents[:-1]):
        yield parent.as_posix()
