"""What differs between a package and what lies in an environment's buckets."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from release.errors import ReleaseError
from release.history import Address, History
from release.manifest import Bucket, File, Manifest
from release.outputs import Outputs

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_AT_ONCE = 10  # requests; botocore keeps as many connections


@dataclass(frozen=True)
class Stored:
    """What an object is; `sha256`, in hexadecimal, is of its content."""

    sha256: str
    content_type: str
    cache_control: str | None
    version: str | None


@dataclass(frozen=True)
class Plan:
    """What a deployment is going to do, in this order.

    Attributes:
        put: The files to write, each with whether its object is there, with another content or headers.
        remove: Objects of earlier releases to delete.
        owned: What is the releases' in the buckets afterwards.
    """

    put: tuple[tuple[File, bool], ...]
    remove: tuple[Address, ...]
    owned: frozenset[Address]

    def lines(self, outputs: Outputs) -> Iterator[str]:
        """The plan for people: `+` new, `~` changed, `-` removed, by bucket."""
        changes: list[tuple[Bucket, str, str]] = [
            (file.bucket, "~" if there else "+", file.key) for file, there in self.put
        ]
        changes += [(which, "-", key) for which, key in self.remove]
        for which in ("lake", "website", "dags"):
            here = sorted((key, sign) for bucket, sign, key in changes if bucket == which)
            name = f"s3://{outputs.bucket(which)}"
            yield name if here else f"{name}: nothing to change"
            yield from (f"  {sign} {key}" for key, sign in here)


def stored(s3: S3Client, bucket: str, key: str) -> Stored | None:
    """What an object is; None when there is none.

    Raises:
        ReleaseError: the bucket does not exist, or may not be read.
    """
    try:
        head = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    except ClientError as error:
        match error.response["Error"]["Code"]:
            case "404":
                return None
            case "403":
                raise ReleaseError(
                    f"s3://{bucket}/{key} may not be looked at: these credentials need s3:ListBucket and "
                    "s3:GetObject there"
                ) from None
        raise
    if checksum := head.get("ChecksumSHA256"):
        sha256 = base64.b64decode(checksum).hex()
    else:  # no release has written it
        sha256 = hashlib.sha256(s3.get_object(Bucket=bucket, Key=key)["Body"].read()).hexdigest()
    return Stored(
        sha256,
        head.get("ContentType", ""),
        head.get("CacheControl"),
        head.get("VersionId"),
    )


def look(s3: S3Client, outputs: Outputs, files: Iterable[File]) -> dict[Address, Stored | None]:
    """What lies where files belong, by which bucket and key."""
    files = list(files)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(lambda file: stored(s3, outputs.bucket(file.bucket), file.key), files)
        return {(file.bucket, file.key): there for file, there in zip(files, found, strict=True)}


def same(file: File, there: Stored | None) -> bool:
    """Whether an object is a file: content and headers."""
    return there is not None and (there.sha256, there.content_type, there.cache_control) == (
        file.sha256,
        file.content_type,
        file.cache_control,
    )


def make(
    manifest: Manifest, outputs: Outputs, s3: S3Client, history: History, replaced: Manifest | None
) -> Plan:
    """Compare a package with an environment.

    Args:
        manifest: The package's.
        outputs: The environment.
        s3: For its buckets.
        history: Its deployments.
        replaced: Of the release that was live before this one. Its website assets and its Glue scripts are
            kept one release longer: a page that a browser or CloudFront still holds, or a run of a job that
            has just been started, refers to them.

    Raises:
        ReleaseError: an object that no release has put there is in the way.
    """
    there = look(s3, outputs, manifest.files)
    put = [
        (file, there[file.bucket, file.key] is not None)
        for file in sorted(manifest.files, key=order)
        if not same(file, there[file.bucket, file.key])
    ]
    foreign = [
        f"s3://{outputs.bucket(file.bucket)}/{file.key}"
        for file, exists in put
        if exists and (file.bucket, file.key) not in history.owned
    ]
    if foreign:
        raise ReleaseError(
            f"{', '.join(foreign)}: no release has put that there, and it would be overwritten. Move it "
            "away, or delete it, then deploy again"
        )
    kept = [
        *manifest.files,
        *(file for file in (replaced.files if replaced else ()) if _is_asset(file) or file.bucket == "lake"),
    ]
    owned: frozenset[Address] = frozenset((file.bucket, file.key) for file in kept)
    # Against the order of writing: first what imports, then what is imported.
    old = sorted(history.owned - owned, key=lambda address: (_removed_last(*address), address))
    remove = (address for address in old if stored(s3, outputs.bucket(address[0]), address[1]))
    return Plan(tuple(put), tuple(remove), owned)


def order(file: File) -> tuple[int, str]:
    """Where a file comes in a deployment: nothing before what it refers to.

    MWAA's own files are first (see `deployment`), then Glue scripts, the website's assets, what DAG files
    import, DAG files, and the page.
    """
    if file.bucket == "lake":
        return 1, file.key
    if file.bucket == "website":
        return (2 if _is_asset(file) else 5), file.key
    if for_mwaa(file):
        return 0, file.key
    return (4 if file.key.count("/") == 1 and file.key.endswith(".py") else 3), file.key


def for_mwaa(file: File) -> bool:
    """Whether MWAA takes a file only when its environment is updated."""
    return file.bucket == "dags" and not file.key.startswith("dags/")


def _is_asset(file: File) -> bool:
    return file.bucket == "website" and file.key.startswith("assets/")


def _removed_last(which: str, key: str) -> bool:
    return which != "dags" or key.count("/") > 1
