"""S3 on disk: moto's S3 with files for objects, kept through a restart and shared with Spark jobs.

Each request runs under one lock and, before it answers, its changes are on disk (`settle`): so a conditional
PUT is atomic, and a message about an object never arrives before the object. What a Spark job does to the
directories is taken over by `reconcile`, notifications included.

Of a versioned bucket the current versions are kept through a restart; older ones last as long as the process.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, Self, cast

import moto.s3.urls
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.access_control import PermissionResult
from moto.s3 import notifications
from moto.s3.exceptions import InvalidBucketName, NoSuchUpload
from moto.s3.models import FakeBucket, FakeKey, FakeMultipart, S3Backend, s3_backends
from werkzeug.test import Client

from laptop.aws import seams
from laptop.aws.cloudfront import OriginObject
from laptop.aws.iam import authorization
from laptop.aws.iam.policies import HTTPS, Verdict, verdict
from laptop.aws.json_files import write_json
from laptop.aws.s3.bodies import DEFAULT_CHECKSUM, Upload, copied, pieces_of
from laptop.aws.s3.multipart import StoredMultipart
from laptop.aws.s3.object_files import ObjectFiles, Signature
from laptop.aws.s3.responses import StoredS3Response

_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_CREATED = notifications.S3NotificationEvent.OBJECT_CREATED_PUT_EVENT
_DELETED = notifications.S3NotificationEvent.OBJECT_REMOVED_DELETE_EVENT


def install(state: Path) -> None:
    """Make moto keep S3 below `state`."""
    uploads = state / "s3-uploads"
    shutil.rmtree(uploads, ignore_errors=True)
    uploads.mkdir(parents=True)
    StoredKey.uploads = StoredMultipart.uploads = uploads
    models: dict[str, type] = {
        "FakeKey": StoredKey,
        "FakeBucket": StoredBucket,
        "FakeMultipart": StoredMultipart,
    }
    seams.install("s3", partial(StoredS3Backend, state=state), models)


def storage() -> StoredS3Backend:
    """The S3 of this server."""
    return cast(StoredS3Backend, s3_backends[DEFAULT_ACCOUNT_ID]["aws"])


def origin(bucket_name: str) -> Callable[[str], OriginObject | None]:
    """A bucket as CloudFront's origin access control lets it read: without the bucket being public."""

    def read(key_name: str) -> OriginObject | None:
        backend = storage()
        with backend.lock:
            key = backend.get_object(bucket_name, key_name) if bucket_name in backend.buckets else None
            if key is None:
                return None
            headers = key.metadata
            return OriginObject(
                body=key.value,
                content_type=headers.get("Content-Type", "binary/octet-stream"),
                etag=key.etag,
                cache_control=headers.get("Cache-Control"),
            )

    return read


class StoredKey(FakeKey):
    """An object whose bytes are a file: new ones in `uploads`, settled ones at the key's path."""

    uploads: ClassVar[Path]
    file: Path
    signature: Signature | None = None
    part_sizes: list[int] | None = None  # in bytes, of a multipart upload
    _lent: Upload | None = None

    def __new__(cls, *_: Any, **__: Any) -> Self:  # noqa: D102
        # moto's models remember every instance for as long as the process lives.
        return object.__new__(cls)

    @property
    def value(self) -> Any:
        """The content."""
        return self._lent or self.file.read_bytes()

    @value.setter
    def value(self, content: bytes | str | Upload | None) -> None:
        if content is None:  # `of_file` knows better
            return
        if isinstance(content, Upload):
            self.file, self.contentsize = content.take(), content.size
            self._etag = self._etag or content.md5
            return
        data = content.encode() if isinstance(content, str) else content
        self.file = self.uploads / uuid.uuid4().hex
        self.file.write_bytes(data)
        self.contentsize = len(data)
        if self._etag is None:
            self._etag = hashlib.md5(data, usedforsecurity=False).hexdigest()

    @property
    def etag(self) -> str:
        """The ETag, in quotes."""
        return f'"{self._etag}"'

    @classmethod
    def of_file(
        cls, backend: S3Backend, bucket: str, name: str, file: Path, signature: Signature
    ) -> StoredKey:
        """The object that a file is which came about without S3: by Spark, or before a restart."""
        key = cls(
            name,
            cast(bytes, None),
            backend.account_id,
            backend.region_name,
            bucket_name=bucket,
            version_id="null",
        )
        key.file, key.signature, key.contentsize = file, signature, signature.size
        key.last_modified = datetime.fromtimestamp(signature.mtime_ns / 1e9, UTC).replace(tzinfo=None)
        return key

    def with_content(self, content: Upload) -> Self:
        """The object as the source of a copy, whose content is this file instead of bytes in memory."""
        source = copy.deepcopy(self)
        source._lent, source.checksum_value = content, None
        return source

    def set_metadata(self, metadata: Any, replace: bool = False) -> None:
        """Keep what describes the object; moto would also keep what describes the request."""
        kept = {
            name: value for name, value in metadata.items() if not name.lower().startswith(_OF_THE_REQUEST)
        }
        super().set_metadata(kept, replace)

    def hash_content(self) -> None:
        """Make the ETag that a plain PUT of the content would have."""
        with self.file.open("rb") as content:
            self._etag = hashlib.file_digest(content, "md5").hexdigest()

    def set_aside(self) -> None:
        """Move the content away from the key's path: a newer version takes its place."""
        self.file = self.file.replace(self.uploads / uuid.uuid4().hex)

    def dispose(self, garbage: bool = False) -> None:  # noqa: ARG002
        """Delete the content unless it is at the key's path, which is the backend's to look after."""
        file = getattr(self, "file", None)
        if file is not None and file.parent == self.uploads:
            file.unlink(missing_ok=True)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """The object without its content: moto copies all versions to list them."""
        listed = object.__new__(type(self))
        listed.__dict__.update(self.__dict__)
        listed.__dict__.pop("file", None)  # it may be gone, and is not the copy's to delete
        return listed

    def facts(self, backend: S3Backend) -> dict[str, Any]:
        """What the index keeps of the object, as JSON."""
        tags = backend.tagger.get_tag_dict_for_resource(self.arn)
        attributes = {
            name: getattr(self, name) for name in _PLAIN_ATTRIBUTES if getattr(self, name) is not None
        }
        return {
            "last_modified": self.last_modified.isoformat(),
            "metadata": dict(self.metadata.items()),
            "tags": tags,
            **attributes,
        }

    def take_on(self, facts: dict[str, Any], backend: S3Backend) -> None:
        """Be what the index kept."""
        self.last_modified = datetime.fromisoformat(facts["last_modified"])
        self.set_metadata(facts["metadata"])
        for name in _PLAIN_ATTRIBUTES:
            if name in facts:
                setattr(self, name, facts[name])
        if facts["tags"]:
            backend.tagger.tag_resource(self.arn, backend.tagger.convert_dict_to_tags_input(facts["tags"]))


class StoredBucket(FakeBucket):
    """A bucket whose policy is evaluated as IAM does."""

    @property
    def is_versioned(self) -> bool:
        """Also when versioning was suspended: what there was before keeps its versions."""
        return self.versioning_status is not None

    def get_permission(self, action: str, resource: str) -> PermissionResult:
        """What the bucket's policy says of everybody; moto asks before it looks at who it is."""
        if authorization.on():  # it decides, with the policy in mind, when that is known
            return PermissionResult.PERMITTED
        if self.policy is None:
            return PermissionResult.NEUTRAL
        return _RESULTS[verdict([json.loads(self.policy)], action, resource, HTTPS, principal={"AWS": ["*"]})]


_RESULTS = {
    Verdict.ALLOWED: PermissionResult.PERMITTED,
    Verdict.DENIED: PermissionResult.DENIED,
    Verdict.SILENT: PermissionResult.NEUTRAL,
}
_PLAIN_ATTRIBUTES = (
    "_etag",
    "_is_versioned",
    "_storage_class",
    "_version_id",
    "checksum_algorithm",
    "checksum_value",
    "checksum_type",
    "checksum_parts",
    "encryption",
    "kms_key_id",
    "part_sizes",
    "website_redirect_location",
)
_OF_THE_REQUEST = ("content-md5", "x-amz-checksum-", "x-amz-content-")


class StoredS3Backend(S3Backend):
    """moto's S3 with its objects in `ObjectFiles` and its buckets' settings in JSON files."""

    def __init__(self, region_name: str, account_id: str, *, state: Path):
        if (region_name, account_id) != ("aws", DEFAULT_ACCOUNT_ID):
            raise NotImplementedError(
                f"the local AWS keeps one account's S3, not {account_id}'s in {region_name}"
            )
        super().__init__(region_name, account_id)
        self.lock = threading.RLock()
        self.files = ObjectFiles(state)
        self._settings = state / "buckets"
        self._unsettled: set[tuple[str, str]] = set()
        self._copies_checksum: str | None = None
        self.files.tidy()
        for directory in sorted(self.files.root.iterdir()):
            self._load_bucket(directory.name)

    @property
    def _url_module(self) -> Any:
        module = seams.routes(moto.s3.urls, StoredS3Response)
        # A key may have line ends, which a regular expression's dot leaves out.
        module.url_paths = {
            path.replace("(?P<key_name>.+)", r"(?P<key_name>[\s\S]+)"): handler
            for path, handler in module.url_paths.items()
        }
        return module

    # Buckets

    def create_bucket(self, bucket_name: str, *args: Any, **options: Any) -> FakeBucket:
        """Create a bucket and its directory; the name has to follow S3's rules."""
        if not _BUCKET_NAME.fullmatch(bucket_name):
            raise InvalidBucketName()
        bucket = super().create_bucket(bucket_name, *args, **options)
        self.files.add_bucket(bucket_name)
        self._write_settings(bucket_name, {})
        return bucket

    def delete_bucket(self, bucket_name: str) -> FakeBucket | None:
        """Delete a bucket that holds no object."""
        bucket = super().delete_bucket(bucket_name)
        if bucket is not None:
            self.files.remove_bucket(bucket_name)
            self._settings_file(bucket_name).unlink(missing_ok=True)
        return bucket

    def remember_setting(self, bucket_name: str, setting: str, body: bytes | None) -> None:
        """Keep the body of a bucket request such as `PUT ?notification`, or forget it if there is none."""
        settings = self._read_settings(bucket_name)
        settings.pop(setting, None)
        if body:
            settings[setting] = body.decode()
        self._write_settings(bucket_name, settings)

    def replay_settings(self, app: Any) -> None:
        """Repeat the requests that `remember_setting` kept, after a restart."""
        client = Client(app)
        for bucket in self.buckets.values():
            scope = f"AWS4-HMAC-SHA256 Credential=local/20260101/{bucket.region_name}/s3/aws4_request"
            for setting, body in self._read_settings(bucket.name).items():
                answer = client.put(
                    f"/{bucket.name}?{setting}", data=body.encode(), headers={"Authorization": scope}
                )
                if answer.status_code >= 300:
                    raise ValueError(
                        f"{self._settings_file(bucket.name)}: {setting} was refused: {answer.text}"
                    )

    def _settings_file(self, bucket_name: str) -> Path:
        return self._settings / f"{bucket_name}.json"

    def _read_settings(self, bucket_name: str) -> dict[str, str]:
        path = self._settings_file(bucket_name)
        return (
            cast(dict[str, str], json.loads(path.read_text(encoding="utf-8"))["settings"])
            if path.exists()
            else {}
        )

    def _write_settings(self, bucket_name: str, settings: dict[str, str]) -> None:
        bucket = self.buckets[bucket_name]
        content = {"region": bucket.region_name, "created": bucket.creation_date, "settings": settings}
        write_json(self._settings_file(bucket_name), content)

    def _load_bucket(self, name: str) -> None:
        bucket = StoredBucket(name, self.account_id, "us-east-1")  # type: ignore[abstract]
        if self._settings_file(name).exists():
            kept = json.loads(self._settings_file(name).read_text(encoding="utf-8"))
            bucket.region_name, bucket.creation_date = kept["region"], datetime.fromisoformat(kept["created"])
        self.buckets[name] = bucket
        recorded = self.files.facts(name)
        for key_name, signature in chain(self.files.scan(name), self.files.put_in_sparks_own(name)):
            key = StoredKey.of_file(self, name, key_name, self.files.path(name, key_name), signature)
            if facts := recorded.get((key_name, signature)):
                key.take_on(facts, self)
            else:
                key.hash_content()
                self.files.record(name, key_name, signature, key.facts(self))
            bucket.keys[key_name] = key

    # Objects

    def put_object(
        self, bucket_name: str, key_name: str, value: bytes, *args: Any, **options: Any
    ) -> FakeKey:
        """Put an object; `settle` moves it in once its metadata are known."""
        self.get_bucket(bucket_name)
        self.files.make_room(bucket_name, key_name)
        if options.get("multipart"):  # moto would announce an upload twice: as a Put and as what it is
            options["disable_notification"] = True
        key = super().put_object(bucket_name, key_name, value, *args, **options)
        if isinstance(value, Upload):
            key.checksum_algorithm, key.checksum_value = value.algorithm, value.checksum
            key.checksum_type = "FULL_OBJECT"
        self._unsettled.add((bucket_name, key_name))
        return key

    @contextmanager
    def copying_with(self, algorithm: str | None) -> Iterator[None]:
        """Give the copies that are made meanwhile this checksum; None leaves them the source's algorithm."""
        self._copies_checksum = algorithm
        try:
            yield
        finally:
            self._copies_checksum = None

    def copy_object(
        self, src_key: FakeKey, dest_bucket_name: str, dest_key_name: str, *args: Any, **options: Any
    ) -> None:
        """Copy an object."""
        source = cast(StoredKey, src_key)
        algorithm = self._copies_checksum or source.checksum_algorithm or DEFAULT_CHECKSUM
        content = copied(pieces_of(source.file, 0, source.size), StoredKey.uploads, algorithm.upper())
        try:
            super().copy_object(
                source.with_content(content), dest_bucket_name, dest_key_name, *args, **options
            )
        finally:
            content.discard()

    def create_multipart_upload(self, bucket_name: str, key_name: str, *args: Any) -> FakeMultipart:
        """Begin an upload in parts; refused if the object could not be stored."""
        self.files.path(bucket_name, key_name)
        return super().create_multipart_upload(bucket_name, key_name, *args)

    def multipart_upload(self, bucket_name: str, upload_id: str, key_name: str) -> StoredMultipart:
        """An upload that is going; raises `NoSuchUpload` if there is none of this id for the key."""
        upload = self.get_bucket(bucket_name).multiparts.get(upload_id)
        if upload is None or upload.key_name != key_name:
            raise NoSuchUpload(upload_id=upload_id)
        return cast(StoredMultipart, upload)

    def copy_part(
        self, upload: StoredMultipart, number: int, source: StoredKey, start: int, length: int
    ) -> FakeKey:
        """Make a range of an object, in bytes, a part of an upload."""
        content = copied(pieces_of(source.file, start, length), StoredKey.uploads, upload.algorithm)
        try:
            return upload.set_part(number, content)
        finally:
            content.discard()

    def is_truncated(self, bucket_name: str, multipart_id: str, next_part_number_marker: int) -> bool:
        """Whether an upload has parts behind a number."""
        parts = self.get_bucket(bucket_name).multiparts[multipart_id].parts
        return any(number > next_part_number_marker for number in parts)

    def complete_multipart_upload(
        self, bucket_name: str, multipart_id: str, body: Iterator[tuple[int, str]]
    ) -> FakeKey | None:
        """Make the parts an object."""
        named = list(body)  # checks that there is such an upload
        upload = cast(StoredMultipart, self.get_bucket(bucket_name).multiparts[multipart_id])
        self.files.make_room(bucket_name, upload.key_name)  # else the parts would be gone with the refusal
        key = cast(StoredKey, super().complete_multipart_upload(bucket_name, multipart_id, iter(named)))
        key.checksum_algorithm, key.part_sizes = upload.algorithm, upload.part_sizes
        return key

    def put_object_tagging(self, key: FakeKey, tags: dict[str, str] | None) -> FakeKey:
        """Tag an object."""
        self._unsettled.add((cast(str, key.bucket_name), key.name))
        return super().put_object_tagging(key, tags)

    def delete_object_tagging(self, bucket_name: str, key_name: str, version_id: str | None = None) -> None:
        """Take the tags off an object."""
        super().delete_object_tagging(bucket_name, key_name, version_id)
        self._unsettled.add((bucket_name, key_name))

    def get_object(self, bucket_name: str, key_name: str, *args: Any, **options: Any) -> FakeKey | None:
        """The object as it is on disk now: a running job may have changed or deleted it."""
        bucket = self.get_bucket(bucket_name)
        current = bucket.keys.get(key_name)
        if isinstance(current, StoredKey) and current.signature is not None:
            self._take_over(bucket, key_name, self._signature_now(current))
        return super().get_object(bucket_name, key_name, *args, **options)

    def delete_object(
        self, bucket_name: str, key_name: str, *args: Any, **options: Any
    ) -> tuple[bool, dict[str, Any]]:
        """Delete an object, or one version of it."""
        if key_name in self.get_bucket(bucket_name).keys:
            self._unsettled.add((bucket_name, key_name))
        return super().delete_object(bucket_name, key_name, *args, **options)

    def settle(self) -> None:
        """Make the files what the objects are after a request, before the lock is given back."""
        while self._unsettled:
            bucket_name, name = self._unsettled.pop()
            versions = self.get_bucket(bucket_name).keys.getlist(name, [])
            for version in versions[:-1]:
                if isinstance(version, StoredKey) and version.file.parent != StoredKey.uploads:
                    version.set_aside()
            current = versions[-1] if versions else None
            if isinstance(current, StoredKey):
                facts = current.facts(self)
                current.file, current.signature = self.files.move_in(bucket_name, name, current.file, facts)
            else:  # deleted, or hidden by a delete marker
                self.files.remove(bucket_name, name)

    @staticmethod
    def new_file() -> Path:
        """Where to write the content of an object that is too large for memory, for `write`."""
        return StoredKey.uploads / uuid.uuid4().hex

    def write(self, bucket_name: str, key_name: str, content: bytes | Path, content_type: str) -> None:
        """Put an object from within the server; a file's content is copied piece by piece."""
        if isinstance(content, Path):
            pieces = pieces_of(content, 0, content.stat().st_size)
            content = cast(bytes, copied(pieces, StoredKey.uploads, DEFAULT_CHECKSUM))
        with self.lock:
            try:
                key = self.put_object(bucket_name, key_name, content)
                key.set_metadata({"Content-Type": content_type})
            finally:
                self.settle()

    def objects(self, bucket_name: str, folder: str) -> list[tuple[str, Path, int]]:
        """The objects below a folder (`gold/coins/`; empty: all): key, file and size in bytes, by key."""
        with self.lock:
            keys = self.get_bucket(bucket_name).keys
            found = [keys.get(name) for name, _ in sorted(self.files.scan(bucket_name, folder))]
            return [(key.name, key.file, key.size) for key in found if isinstance(key, StoredKey)]

    # What others did to the directories

    def reconcile(self) -> None:
        """Take over what a Spark job wrote, replaced or deleted, and announce it as S3 does."""
        with self.lock:
            for bucket in self.buckets.values():
                found = dict(self.files.scan(bucket.name))
                for name in set(bucket.keys) | set(found):
                    current = bucket.keys.get(name)
                    now = found.get(name)
                    if now is None and isinstance(current, StoredKey):  # gone, or where `scan` does not look
                        now = self._signature_now(current)
                    self._take_over(bucket, name, now)

    def _take_over(self, bucket: FakeBucket, name: str, now: Signature | None) -> None:
        current = bucket.keys.get(name)
        known = current.signature if isinstance(current, StoredKey) else None
        if now == known:
            return
        if now is None:
            bucket.keys.pop(name)
            self.files.forget(bucket.name, name)
            notifications.send_event(self.account_id, _DELETED, bucket, current)
            return
        key = StoredKey.of_file(self, bucket.name, name, self.files.path(bucket.name, name), now)
        key.hash_content()
        bucket.keys.setlist(name, [key])
        self.files.move_in(bucket.name, name, key.file, key.facts(self))
        notifications.send_event(self.account_id, _CREATED, bucket, key)

    @staticmethod
    def _signature_now(key: StoredKey) -> Signature | None:
        try:
            return Signature.of(key.file)
        except (FileNotFoundError, NotADirectoryError):
            return None
