"""S3 over HTTP: moto's, with bodies that stream and with what moto would pass over either done or refused.

A request that changes something runs under the backend's lock and is on disk before it is answered. The body
of an upload is in a file before the lock is taken, and a download goes on after it was given back, from the
file as it was then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, cast
from urllib.parse import parse_qs, quote, unquote, urlparse
from xml.parsers.expat import ExpatError

import xmltodict
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import ActionResult
from moto.core.utils import iso_8601_datetime_without_milliseconds_s3
from moto.s3.exceptions import (
    InvalidArgumentError,
    InvalidContinuationToken,
    InvalidObjectState,
    InvalidPartOrder,
    InvalidRange,
    MalformedXML,
    MissingKey,
    MissingVersion,
    PreconditionFailed,
    S3ClientError,
)
from moto.s3.models import FakeDeleteMarker, s3_backends
from moto.s3.responses import ALLOWED_HEADER_OVERRIDES, S3Response
from moto.s3.utils import ARCHIVE_STORAGE_CLASSES
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.http import parse_date

from laptop.aws.s3 import listing
from laptop.aws.s3.bodies import Upload, pieces_of, receive, verify
from laptop.aws.s3.multipart import NamedPart, StoredMultipart

# `backend` imports this module, so its classes have no types here.
StoredKey = Any
StoredS3Backend = Any

_OWNER = {"ID": "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a", "DisplayName": "local"}
# Sub-resources of an object that moto would take for the object itself.
_NOT_IMPLEMENTED = {
    "GET": {"annotation", "retention", "torrent"},
    "PUT": {"annotation", "encryption", "renameObject"},
    "DELETE": {"annotation"},
}
_SETTINGS_OF_AN_OBJECT = {"acl", "legal-hold", "retention", "tagging"}


class StoredS3Response(S3Response):
    """moto's S3 over HTTP."""

    _upload: Upload | None = None
    _refusal: S3ClientError | None = None

    @property
    def backend(self) -> StoredS3Backend:
        """The S3 of this server."""
        return s3_backends[DEFAULT_ACCOUNT_ID]["aws"]

    def setup_class(self, request: Any, *args: Any, **options: Any) -> None:
        """Take the request in; an upload's body is there already."""
        super().setup_class(request, *args, **options)
        if self._upload:
            self.body = self._upload

    def _handle_encoded_body(self, body: Any) -> Any:
        return body  # `receive` has taken the chunks apart

    def _handle_v4_chunk_signatures(self, body: Any, content_length: int) -> Any:  # noqa: ARG002
        return body

    def key_response(self, request: Any, full_url: str, headers: Any) -> Any:
        """Answer a request about an object."""
        self._take_in(request, uploads=_is_upload(request))
        if refused := _NOT_IMPLEMENTED.get(request.method, set()) & set(request.args):
            raise NotImplementedError(f"{request.method} ?{min(refused)} of an object")
        backend = self.backend
        with backend.lock:
            try:
                return super().key_response(request, full_url, headers)
            finally:
                backend.settle()
                if self._upload:
                    self._upload.discard()

    def bucket_response(self, request: Any, full_url: str, headers: Any) -> Any:
        """Answer a request about a bucket, and keep its settings."""
        self._take_in(request, uploads=False)
        if request.method == "POST" and "delete" not in request.args:
            raise NotImplementedError("uploads by an HTML form: PUT the object instead")
        backend = self.backend
        with backend.lock:
            try:
                response = super().bucket_response(request, full_url, headers)
            finally:
                backend.settle()
            if (
                response[0] < 300
                and request.method in ("PUT", "DELETE")
                and (setting := self._setting(request))
            ):
                backend.remember_setting(
                    self.bucket_name, setting, self.body if request.method == "PUT" else None
                )
            return response

    def _take_in(self, request: Any, *, uploads: bool) -> None:
        """Read the body before anybody has to wait for the lock; what is wrong with it is answered later."""
        # To S3 no body is a form, whatever its content type: curl calls each one that.
        request.__dict__.update(form=ImmutableMultiDict(), files=ImmutableMultiDict())
        try:
            if uploads:
                self._upload = receive(request.stream, request.headers, StoredMultipart.uploads)
            elif not (request.headers.get("x-amz-content-sha256") or "").startswith("STREAMING-"):
                verify(request.data, request.headers)
        except S3ClientError as error:
            self._refusal = error

    def _bucket_response(self, request: Any, full_url: str) -> Any:
        if self._refusal:
            raise self._refusal
        try:
            return super()._bucket_response(request, full_url)
        except ExpatError:
            raise MalformedXML from None

    def _key_response(self, request: Any, full_url: str) -> Any:
        if self._refusal:
            raise self._refusal
        return super()._key_response(request, full_url)

    # Reading

    def get_object(self) -> Any:
        """GetObject: all of it, a range or a part."""
        return self._read(with_body=True)

    def head_object(self, bucket_name: str, query: Any, key_name: str, headers: Any) -> Any:
        """HeadObject: as GetObject, without the content."""
        self._set_action("KEY", "HEAD", query)
        self._authenticate_and_authorize_s3_action(bucket_name=bucket_name, key_name=key_name)
        version = self.querystring.get("versionId", [None])[0]
        found = self.backend.get_object(bucket_name, key_name, version, return_delete_marker=True)
        if isinstance(found, FakeDeleteMarker):
            return super().head_object(bucket_name, query, key_name, headers)
        try:
            return self._read(with_body=False)
        except S3ClientError as error:
            return self.serialized(ActionResult(error))[0], {}, ""

    def _read(self, *, with_body: bool) -> Any:
        key, not_modified = self._get_key()
        answer = self._get_cors_headers_other() | key.response_dict
        if key.version_id != "null":
            answer["x-amz-version-id"] = key.version_id
        if not_modified:
            return 304, {name: value for name, value in answer.items() if name != "content-length"}, ""
        start, length, status = 0, key.size, 200
        if part := self._number("partNumber"):
            sizes = key.part_sizes or [key.size]
            if part > len(sizes):
                raise InvalidRange(actual_size=str(key.size), range_requested=f"part {part}")
            start, length, status = sum(sizes[: part - 1]), sizes[part - 1], 206
            if key.part_sizes:
                answer["x-amz-mp-parts-count"] = str(len(sizes))
        elif asked := self._range(key):
            start, length, status = *asked, 206
        if status == 206:
            answer["content-range"] = f"bytes {start}-{start + length - 1}/{key.size}"
        if length == key.size and self.headers.get("x-amz-checksum-mode") == "ENABLED":
            answer |= _checksum_headers(key)
        answer |= dict(key.metadata) | {"Accept-Ranges": "bytes", "content-length": str(length)}
        for parameter, header in ALLOWED_HEADER_OVERRIDES.items():
            if parameter in self.querystring:
                answer = {name: value for name, value in answer.items() if name.lower() != header.lower()}
                answer[header] = self.querystring[parameter][0]
        if not with_body:
            return status, answer, ""
        try:
            return status, answer, pieces_of(key.file, start, length)
        except FileNotFoundError:  # a running job has just deleted it
            raise MissingKey(key=key.name) from None

    def _get_key(self, validate_storage_class: bool = True) -> Any:
        """The object, and whether it is as the client has it already."""
        name, version = self.parse_key_name(), self.querystring.get("versionId", [None])[0]
        found = self.backend.get_object(self.bucket_name, name, version_id=version)
        if found is None:
            raise MissingVersion() if version else MissingKey(key=name)
        key = found
        is_archived = validate_storage_class and key.storage_class in ARCHIVE_STORAGE_CLASSES
        if is_archived and 'ongoing-request="false"' not in key.response_dict.get("x-amz-restore", ""):
            raise InvalidObjectState(storage_class=key.storage_class)
        failed = _failed_condition(key, self.headers)
        if failed in ("If-Match", "If-Unmodified-Since"):
            raise PreconditionFailed(failed)
        return key, failed is not None

    def _range(self, key: StoredKey) -> tuple[int, int] | None:
        """The first byte and the length that are asked for; None for all, as S3 takes what it cannot read."""
        given = self.headers.get("range") or ""
        found = re.fullmatch(r"bytes=(\d*)-(\d*)", given.strip())
        is_current = self.headers.get("if-range") in (None, key.etag, key.last_modified_RFC1123)
        if not found or not any(found.groups()) or not is_current:
            return None
        first, last = (int(number) if number else None for number in found.groups())
        if first is not None and last is not None and first > last:
            return None
        start = max(key.size - cast(int, last), 0) if first is None else first
        end = key.size - 1 if first is None or last is None else min(last, key.size - 1)
        if start > end:
            raise InvalidRange(actual_size=str(key.size), range_requested=given)
        return start, end - start + 1

    def _handle_range_header(self, request: Any, response_headers: Any, response_content: Any) -> Any:  # noqa: ARG002
        return 200, response_headers, response_content  # `_read` has seen to it

    # Writing

    def _key_response_put(self, query: Any, key_name: str) -> Any:
        if not _SETTINGS_OF_AN_OBJECT & set(query) and not query.get("uploadId"):
            self._require_write_conditions(key_name)
        return super()._key_response_put(query, key_name)

    def _key_response_post(self, request: Any, body: Any, bucket_name: str, query: Any, key_name: str) -> Any:
        if "uploadId" in query:
            self._require_write_conditions(key_name)
        return super()._key_response_post(request, body, bucket_name, query, key_name)

    def _require_write_conditions(self, key_name: str) -> None:
        """Raise unless If-Match and If-None-Match hold for what a write would replace."""
        match, none_match = self.headers.get("If-Match"), self.headers.get("If-None-Match")
        if match is None and none_match is None:
            return
        if none_match not in (None, "*"):
            raise NotImplementedError(f"a write with If-None-Match: {none_match}; S3 has * only")
        existing = self.backend.get_object(self.bucket_name, key_name)
        if none_match and existing is not None:
            raise PreconditionFailed("If-None-Match")
        if match and existing is None:
            raise MissingKey(key=key_name)
        if match and existing and not _names_etag(match, existing.etag):
            raise PreconditionFailed("If-Match")

    def _get_checksum(self, response_headers: dict[str, Any]) -> tuple[str, str | None]:
        if self._upload is None:
            return "", None
        name = f"x-amz-checksum-{self._upload.algorithm.lower()}"
        response_headers |= {name: self._upload.checksum, "x-amz-checksum-type": "FULL_OBJECT"}
        return self._upload.algorithm, self._upload.checksum

    def copy_object(self) -> Any:
        """CopyObject: refused unless the conditions on the source hold."""
        self._copy_source()
        # moto would compute it with the whole content in memory; the backend does it piece by piece.
        algorithm = self.request.environ.pop("HTTP_X_AMZ_CHECKSUM_ALGORITHM", None)
        with self.backend.copying_with(algorithm):
            return super().copy_object()

    def upload_part(self) -> Any:
        """UploadPart."""
        self._upload_asked_for()
        return super().upload_part()

    def upload_part_copy(self) -> Any:
        """UploadPartCopy: a part that is another object, or a range of one."""
        upload, source = self._upload_asked_for(), self._copy_source()
        start, length = 0, source.size
        if asked := self.headers.get("x-amz-copy-source-range"):
            found = re.fullmatch(r"bytes=(\d+)-(\d+)", asked)
            if not found or not int(found[1]) <= int(found[2]) < source.size:
                raise InvalidArgumentError(
                    f"The range is not within the source, which has {source.size} bytes.",
                    name="x-amz-copy-source-range",
                    value=asked,
                )
            start, length = int(found[1]), int(found[2]) - int(found[1]) + 1
        part = self.backend.copy_part(upload, self._number("partNumber") or 0, source, start, length)
        result: dict[str, Any] = {"ETag": part.etag, "LastModified": part.last_modified_ISO8601}
        if part.checksum_algorithm:
            result[f"Checksum{part.checksum_algorithm}"] = part.checksum_value
        self.data["Action"] = "UploadPartCopy"
        return self.serialized(ActionResult({"CopyPartResult": result}))

    def _copy_source(self) -> StoredKey:
        """The object that x-amz-copy-source names."""
        header = str(self.headers["x-amz-copy-source"])
        address = urlparse(header)
        bucket, _, name = unquote(address.path).lstrip("/").partition("/")
        if not name:
            raise InvalidArgumentError(
                "Copy source must be a bucket and a key, as bucket/key.", "x-amz-copy-source", header
            )
        version = parse_qs(address.query).get("versionId", [None])[0]
        found = self.backend.get_object(bucket, name, version_id=version)
        if found is None:
            raise MissingVersion() if version else MissingKey(key=name)
        if failed := _failed_condition(found, self.headers, "x-amz-copy-source-"):
            raise PreconditionFailed(f"x-amz-copy-source-{failed}")
        return found

    def _upload_asked_for(self) -> StoredMultipart:
        upload = self.backend.multipart_upload(
            self.bucket_name, self._get_param("uploadId"), self.parse_key_name()
        )
        return cast(StoredMultipart, upload)

    def _complete_multipart_body(self, body: bytes) -> Iterator[NamedPart]:  # type: ignore[override]
        upload = self._upload_asked_for()
        parsed = xmltodict.parse(body, force_list=("Part",))  # type: ignore[no-untyped-call]
        last = 0
        size = self.headers.get("x-amz-mp-object-size")
        if size is not None and int(size) != sum(part.size for part in upload.parts.values()):
            raise S3ClientError("InvalidRequest", f"The object would not have {size} bytes. Send all parts.")
        for part in (parsed.get("CompleteMultipartUpload") or {}).get("Part") or []:
            number = int(part["PartNumber"])
            if number <= last:
                raise InvalidPartOrder()
            last = number
            given = {name.removeprefix("Checksum"): value for name, value in part.items() if value}
            yield NamedPart(number, part["ETag"], given)

    def list_parts(self) -> Any:
        """ListParts."""
        self._upload_asked_for()
        return super().list_parts()

    def abort_multipart_upload(self) -> Any:
        """AbortMultipartUpload."""
        self._upload_asked_for()
        return super().abort_multipart_upload()

    def _bucket_response_delete_keys(self, bucket_name: str, authenticated: bool = True) -> Any:
        try:
            asked = xmltodict.parse(self.body, force_list=("Object",))["Delete"]  # type: ignore[no-untyped-call]
        except Exception:
            raise MalformedXML from None
        objects = asked.get("Object") or []
        if len(objects) > listing.MOST:
            raise MalformedXML
        if any(set(entry) - {"Key", "VersionId"} for entry in objects):
            raise NotImplementedError("DeleteObjects with a condition on an object")
        status, headers, body = super()._bucket_response_delete_keys(bucket_name, authenticated)
        if asked.get("Quiet") == "true":  # only what failed is named
            body = re.sub(r"<Deleted>.*?</Deleted>", "", cast(str, body), flags=re.DOTALL)
        return status, headers, body

    # Listing

    def list_objects(self) -> Any:
        """ListObjects."""
        result, last = self._listed("marker", self._argument("marker"), past_prefix=True)
        result["Marker"] = self._encoded(self._argument("marker"))
        if last is not None and "Delimiter" in result:
            result["NextMarker"] = self._encoded(last)
        self.data["Action"] = "ListObjects"
        return self.serialized(ActionResult(result))

    def list_objects_v2(self) -> Any:
        """ListObjectsV2."""
        given = self.request.args.get("continuation-token")
        if given == "":
            raise InvalidContinuationToken()
        after = self._argument("start-after") if given is None else listing.position(given)
        result, last = self._listed("start-after", after, past_prefix=given is not None)
        result["KeyCount"] = len(result["Contents"]) + len(result.get("CommonPrefixes", []))
        if given is not None:
            result["ContinuationToken"] = given
        elif after:
            result["StartAfter"] = self._encoded(after)
        if last is not None:
            result["NextContinuationToken"] = listing.token(last)
        self.data["Action"] = "ListObjectsV2"
        return self.serialized(ActionResult(result))

    def _listed(self, position: str, after: str, *, past_prefix: bool) -> tuple[dict[str, Any], str | None]:
        """What both versions say of a page, and where the next one goes on."""
        bucket = self.backend.get_bucket(self.bucket_name)
        prefix, delimiter = self._argument("prefix"), self._argument("delimiter")
        size = self._number("max-keys", listing.MOST)
        objects = {key.name: key for key in bucket.keys.values() if not isinstance(key, FakeDeleteMarker)}
        page = listing.page(
            objects, prefix, delimiter, after, min(cast(int, size), listing.MOST), past_prefix=past_prefix
        )
        owned = position == "marker" or self._argument("fetch-owner") == "true"
        contents = []
        for name in page.keys:
            key = objects[name]
            shown = {
                "Key": self._encoded(name),
                "LastModified": key.last_modified_ISO8601,
                "ETag": key.etag,
                "Size": key.size,
                "StorageClass": key.storage_class,
            }
            if owned:
                shown["Owner"] = _OWNER
            if key.checksum_algorithm:
                shown |= {"ChecksumAlgorithm": [key.checksum_algorithm], "ChecksumType": key.checksum_type}
            contents.append(shown)
        result = {
            "Name": bucket.name,
            "Prefix": self._encoded(prefix),
            "MaxKeys": size,
            "IsTruncated": page.last is not None,
            "Contents": contents,
        }
        if delimiter:
            result["Delimiter"] = self._encoded(delimiter)
            result["CommonPrefixes"] = [{"Prefix": self._encoded(name)} for name in page.prefixes]
        if encoding := self._argument("encoding-type"):
            result["EncodingType"] = encoding
        return result, page.last

    def list_multipart_uploads(self) -> Any:
        """ListMultipartUploads: those that are going, on one page."""
        if refused := {"delimiter", "key-marker", "upload-id-marker"} & set(self.request.args):
            raise NotImplementedError(f"ListMultipartUploads with {min(refused)}")
        prefix = self._argument("prefix")
        uploads = cast(
            "list[StoredMultipart]",
            [
                upload
                for upload in self.backend.list_multipart_uploads(self.bucket_name).values()
                if upload.key_name.startswith(prefix)
            ],
        )
        shown = [
            {
                "Key": self._encoded(upload.key_name),
                "UploadId": upload.id,
                "Initiator": _OWNER,
                "Owner": _OWNER,
                "StorageClass": upload.storage,
                "Initiated": iso_8601_datetime_without_milliseconds_s3(upload.initiated),
                "ChecksumAlgorithm": upload.algorithm,
                "ChecksumType": upload.checksum_type,
            }
            for upload in sorted(uploads, key=lambda upload: (upload.key_name, upload.initiated))
        ]
        result = {"Bucket": self.bucket_name, "Prefix": prefix, "MaxUploads": max(len(shown), listing.MOST)}
        result |= {"IsTruncated": False, "Uploads": shown}
        if encoding := self._argument("encoding-type"):
            result["EncodingType"] = encoding
        self.data["Action"] = "ListMultipartUploads"
        return self.serialized(ActionResult(result))

    def _argument(self, name: str) -> str:
        return str(self.request.args.get(name, ""))

    def _number(self, name: str, default: int | None = None) -> int | None:
        given = self.request.args.get(name)
        if not given:
            return default
        if not given.isdecimal():
            raise InvalidArgumentError(f"Provided {name} not an integer or within integer range", name, given)
        return int(given)

    def _encoded(self, text: str) -> str:
        return quote(text) if self._argument("encoding-type") == "url" else text

    @staticmethod
    def _setting(request: Any) -> str:
        """What a bucket request sets, as a query string: `notification`, `inventory&id=daily`, or nothing."""
        return "&".join(f"{k}={v}" if v else k for k, v in request.args.items() if k != "x-id")


def _is_upload(request: Any) -> bool:
    """Whether a request's body is the content of an object or a part."""
    return (
        request.method == "PUT"
        and "x-amz-copy-source" not in request.headers
        and not _SETTINGS_OF_AN_OBJECT & set(request.args)
    )


def _checksum_headers(key: StoredKey) -> dict[str, str]:
    if not key.checksum_algorithm or not key.checksum_value:
        return {}
    parts = f"-{key.checksum_parts}" if key.checksum_type == "COMPOSITE" else ""
    return {
        f"x-amz-checksum-{key.checksum_algorithm.lower()}": f"{key.checksum_value}{parts}",
        "x-amz-checksum-type": key.checksum_type or "FULL_OBJECT",
    }


def _names_etag(header: str, etag: str) -> bool:
    """Whether a header like If-Match names an ETag, quoted or not."""
    named = [one.strip().removeprefix("W/").strip('"') for one in header.split(",")]
    return "*" in named or etag.strip('"') in named


def _failed_condition(key: Any, headers: Mapping[str, str], prefix: str = "") -> str | None:
    """The condition of a read that does not hold, by the name of its header; None if all do.

    An ETag outweighs a time: where If-Match is given, If-Unmodified-Since is not looked at.
    """
    modified = key.last_modified.replace(microsecond=0)
    if match := headers.get(f"{prefix}If-Match"):
        if not _names_etag(match, key.etag):
            return "If-Match"
    elif (moment := _moment(headers.get(f"{prefix}If-Unmodified-Since"))) and modified > moment:
        return "If-Unmodified-Since"
    if none_match := headers.get(f"{prefix}If-None-Match"):
        if _names_etag(none_match, key.etag):
            return "If-None-Match"
    elif (moment := _moment(headers.get(f"{prefix}If-Modified-Since"))) and modified <= moment:
        return "If-Modified-Since"
    return None


def _moment(header: str | None) -> datetime | None:
    moment = parse_date(header)
    return moment.replace(tzinfo=None) if moment else None
