"""Which releases an environment had, kept in its dags bucket below `releases/`, and who is deploying now.

    releases/<id>/manifest.json, releases/<id>/…   the package, as it was deployed
    releases/history.json                          what was deployed when, and what of it lies in the buckets

The history is the lock, too. Every write of it is conditional on what was read before: of two deployments
that begin at once, S3 refuses one. A deployment writes its entry before it touches anything, again and again
while it lasts, and for the last time when it ends; a history whose last entry has not ended, and that nobody
has written for five minutes, is of a deployment that died.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal, Self

from botocore.exceptions import BotoCoreError, ClientError

from release.errors import ReleaseError
from release.manifest import NAME, Bucket, Manifest, Package

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

PREFIX = "releases/"
KEY = f"{PREFIX}history.json"
LEASE = timedelta(minutes=5)

Address = tuple[Bucket, str]  # and the key in it


@dataclass(frozen=True)
class Entry:
    """One deployment. It has not ended while `outcome` is None."""

    id: str
    version: str
    action: Literal["deploy", "rollback"]
    by: str
    began: str
    ended: str | None = None
    outcome: Literal["deployed", "failed"] | None = None


@dataclass(frozen=True)
class History:
    """The deployments of an environment, the oldest first.

    Attributes:
        entries: The deployments.
        owned: Every object that a release has put into a bucket and none has removed since.
        etag: Of the object that this was read from; None when there is none yet.
        untouched: How long ago that object was written.
    """

    entries: tuple[Entry, ...] = ()
    owned: frozenset[Address] = frozenset()
    etag: str | None = None
    untouched: timedelta = field(default=timedelta(0), compare=False)

    @property
    def live(self) -> Entry | None:
        """The deployment that succeeded last."""
        return next((entry for entry in reversed(self.entries) if entry.outcome == "deployed"), None)

    def before(self, id_: str) -> str | None:
        """The release that was live last, other than this one."""
        deployed = (entry.id for entry in reversed(self.entries) if entry.outcome == "deployed")
        return next((found for found in deployed if found != id_), None)

    def to_roll_back_to(self) -> str:
        """The release that a rollback deploys.

        Raises:
            ReleaseError: there is none.
        """
        last = self.entries[-1] if self.entries else None
        if last and last.action == "rollback" and last.outcome != "deployed":
            return last.id  # it did not come to its end: once more
        found = self.before(last.id) if last else None
        if found is None:
            raise ReleaseError(
                "There is no earlier release to roll back to: this environment has had "
                f"{'one, ' + last.id if last else 'none'}. Deploy another package instead"
            )
        return found

    def text(self) -> str:
        """The history as JSON."""
        content = {"deployments": [asdict(entry) for entry in self.entries], "owned": sorted(self.owned)}
        return json.dumps(content, indent=1) + "\n"


def load(s3: S3Client, bucket: str) -> History:
    """Read an environment's history; an empty one when nothing was deployed yet.

    Raises:
        ReleaseError: the bucket does not exist, or the history cannot be read.
    """
    try:
        found = s3.get_object(Bucket=bucket, Key=KEY)
    except s3.exceptions.NoSuchKey:
        return History()
    except s3.exceptions.NoSuchBucket:
        raise ReleaseError(
            f"s3://{bucket} does not exist: apply Terraform first (scripts/terraform <environment> apply)"
        ) from None
    try:
        content = json.loads(found["Body"].read())
        entries = tuple(Entry(**entry) for entry in content["deployments"])
        owned = frozenset((which, key) for which, key in content["owned"])
    except (ValueError, KeyError, TypeError) as error:
        raise ReleaseError(
            f"s3://{bucket}/{KEY} cannot be read ({error}): bring back its previous version, or mend it"
        ) from None
    clock = parsedate_to_datetime(found["ResponseMetadata"]["HTTPHeaders"]["date"])  # S3's, as below
    return History(entries, owned, found["ETag"], clock - found["LastModified"])


class Claim:
    """The right to change an environment, while a `with` block lasts: see `begin`."""

    def __init__(self, s3: S3Client, bucket: str, history: History, owned: frozenset[Address]) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._history = history
        self._owned = owned

    def __enter__(self) -> Self:
        """The claim is there since `begin`."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End the deployment, one way or the other."""
        if kind is None:
            self._history = replace(self._history, owned=self._owned)
            self._end("deployed")
        else:
            with suppress(ReleaseError, ClientError, BotoCoreError):  # the first failure is the one to tell
                self._end("failed")

    def renew(self) -> None:
        """Say that the deployment is still going.

        Raises:
            ReleaseError: another has taken over.
        """
        self._write(self._history)

    def _write(self, history: History) -> None:
        condition: dict[str, Any] = {"IfMatch": history.etag} if history.etag else {"IfNoneMatch": "*"}
        try:
            written = self._s3.put_object(
                Bucket=self._bucket,
                Key=KEY,
                Body=history.text().encode(),
                ContentType="application/json",
                **condition,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in ("PreconditionFailed", "ConditionalRequestConflict"):
                raise ReleaseError(
                    f"Another deployment has begun meanwhile (s3://{self._bucket}/{KEY} has changed): wait "
                    "for its end, look at `make plan`, then deploy again"
                ) from None
            raise
        self._history = replace(history, etag=written["ETag"])

    def _end(self, outcome: Literal["deployed", "failed"]) -> None:
        *earlier, last = self._history.entries
        ended = replace(last, ended=now(), outcome=outcome)
        self._write(replace(self._history, entries=(*earlier, ended)))


def begin(s3: S3Client, bucket: str, history: History, entry: Entry, owned: frozenset[Address]) -> Claim:
    """Begin a deployment: nobody else deploys while it lasts.

    Args:
        s3: For the bucket.
        bucket: The environment's dags bucket.
        history: As it was when the deployment was planned.
        entry: What is being deployed.
        owned: What will be the releases' in the buckets when it has succeeded.

    Raises:
        ReleaseError: another deployment is going, or has begun since `history` was read.
    """
    if history.entries and history.entries[-1].outcome is None and history.untouched < LEASE:
        last = history.entries[-1]
        raise ReleaseError(
            f"Another deployment is going: {last.by} began to {last.action} {last.id} at {last.began}, and "
            f"was at it {history.untouched.total_seconds():.0f} seconds ago. Wait for its end; if it has "
            f"died, deploy again in {(LEASE - history.untouched).total_seconds():.0f} seconds"
        )
    earlier = (replace(entry, outcome=entry.outcome or "failed") for entry in history.entries)
    claim = Claim(s3, bucket, history, owned)
    claim._write(replace(history, entries=(*earlier, entry), owned=history.owned | owned))
    return claim


def keep(s3: S3Client, bucket: str, package: Package) -> None:
    """Keep a package for rollbacks; the manifest last, so that where it is, all is."""
    prefix = f"{PREFIX}{package.manifest.id}/"
    if s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}{NAME}").get("KeyCount"):
        return
    for file in package.manifest.files:
        s3.put_object(
            Bucket=bucket, Key=prefix + file.path, Body=package.read(file), ContentType=file.content_type
        )
    s3.put_object(
        Bucket=bucket,
        Key=prefix + NAME,
        Body=package.manifest.text().encode(),
        ContentType="application/json",
    )


def open_kept(s3: S3Client, bucket: str, id_: str) -> Package:
    """A package that was deployed.

    Raises:
        ReleaseError: it is not there any more.
    """
    prefix = f"{PREFIX}{id_}/"

    def content(path: str) -> bytes:
        try:
            return s3.get_object(Bucket=bucket, Key=prefix + path)["Body"].read()
        except s3.exceptions.NoSuchKey:
            raise ReleaseError(
                f"s3://{bucket}/{prefix}{path} is gone: release {id_} cannot be deployed from there. Build "
                "it from its commit (make package) and deploy that"
            ) from None

    address = f"s3://{bucket}/{prefix}"
    return Package(Manifest.parse(content(NAME), address + NAME), content, address.rstrip("/"))


def now() -> str:
    """The time in UTC, to the second, in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")
