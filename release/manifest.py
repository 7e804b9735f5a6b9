"""What a package consists of: each file, where it goes, and the id that stands for all of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from release.errors import ReleaseError

NAME = "manifest.json"

Bucket = Literal["dags", "lake", "website"]


@dataclass(frozen=True)
class File:
    """One file of a package.

    Attributes:
        path: Where it lies in the package, like `glue_scripts/bronze_to_silver.py`.
        bucket: Which of an environment's buckets it goes to.
        key: Under which key.
        sha256: Of its content, in hexadecimal.
        size: Of its content, in bytes.
        content_type: The object's Content-Type.
        cache_control: The object's Cache-Control, if any.
    """

    path: str
    bucket: Bucket
    key: str
    sha256: str
    size: int
    content_type: str
    cache_control: str | None


@dataclass(frozen=True)
class Manifest:
    """A package's files, sorted by path, and the project's version."""

    version: str
    files: tuple[File, ...]

    @cached_property
    def id(self) -> str:
        """16 hexadecimal digits that are the same for the same files, and for no others."""
        return hashlib.sha256(self._text({}).encode()).hexdigest()[:16]

    def text(self) -> str:
        """The manifest as JSON."""
        return self._text({"id": self.id})

    def _text(self, head: dict[str, str]) -> str:
        files = [asdict(file) for file in self.files]
        return json.dumps(head | {"version": self.version, "files": files}, indent=1) + "\n"

    @classmethod
    def parse(cls, text: str | bytes, address: str) -> Manifest:
        """Read a manifest.

        Args:
            text: What `text` made.
            address: Where it is from, for the error.

        Raises:
            ReleaseError: it is none, or does not match its own id.
        """
        try:
            content = json.loads(text)
            manifest = cls(content["version"], tuple(File(**file) for file in content["files"]))
            if content["id"] != manifest.id:
                raise ValueError(f"its id is {content['id']}, that of its content {manifest.id}")
        except (ValueError, KeyError, TypeError) as error:
            raise ReleaseError(
                f"{address} is no manifest of this version of `release` ({error}): make package again"
            ) from None
        return manifest


@dataclass(frozen=True)
class Package:
    """A manifest and the means to read its files.

    Attributes:
        manifest: What it consists of.
        content: Gives the bytes of a path.
        address: Where it lies, for messages.
    """

    manifest: Manifest
    content: Callable[[str], bytes]
    address: str

    def read(self, file: File) -> bytes:
        """A file's content.

        Raises:
            ReleaseError: it is not what the manifest says.
        """
        content = self.content(file.path)
        if hashlib.sha256(content).hexdigest() != file.sha256:
            raise ReleaseError(
                f"{self.address}/{file.path} is not what {NAME} says: it was changed after it was packaged. "
                "Deploy an untouched package: make package"
            )
        return content


def open_folder(folder: Path) -> Package:
    """A package on disk.

    Raises:
        ReleaseError: there is none, or a file was changed, added or deleted since.
    """
    try:
        manifest = Manifest.parse((folder / NAME).read_bytes(), str(folder / NAME))
    except FileNotFoundError:
        raise ReleaseError(f"{folder} holds no package (no {NAME}): make package first") from None
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    listed = {file.path for file in manifest.files} | {NAME}
    if there != listed:
        raise ReleaseError(
            f"{folder} and its {NAME} differ in {', '.join(sorted(there ^ listed))}: make package again"
        )
    package = Package(manifest, lambda path: (folder / path).read_bytes(), str(folder))
    for file in manifest.files:
        package.read(file)
    return package
