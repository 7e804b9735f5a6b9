"""One day of bronze in S3: what is there, and appending one more ingestion to it.

Objects: ``<prefix>/dt=2026-01-31/ingested_at=20260131T020003Z/source=coingecko/page-0001.json``. A key is
never reused, and within a day the order of ``ingested_at`` is the order of arrival.

Page 1 is written last: an ingestion is whole if it has pages 1 to n. One that was cut off lacks page 1, and
whoever reads bronze sees that from the keys alone.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException
from botocore.exceptions import ClientError

from lake_provider.hooks.coingecko import MarketsPage

STAMP = "%Y%m%dT%H%M%SZ"
"""How a moment (UTC) is written in keys."""

_COLLISIONS = 60
"""Seconds that an ingestion moves on at most because others took its key."""


@dataclass(frozen=True)
class Ingestion:
    """What bronze has of one ingestion.

    Attributes:
        ingested_at: as in the keys.
        source: who made the data.
        keys: of the pages that are there, in order.
        rows: in those pages.
        whole: whether all pages that the ingestion was meant to have are there.
    """

    ingested_at: str
    source: str
    keys: list[str]
    rows: int
    whole: bool


class BronzeDay:
    """One day's partition of bronze: what is there, and appending to it."""

    def __init__(self, s3: Any, bucket: str, prefix: str, day: date) -> None:
        self.s3 = s3
        self.bucket = bucket
        self.day = day
        self.root = f"{prefix.strip('/')}/dt={day}/"

    def check_bucket(self) -> None:
        """Fail before any API call is spent if there is nowhere to write.

        Raises:
            AirflowFailException: no bucket is named, or there is none of that name.
        """
        remedy = "check the Airflow Variable that names the lake's bucket, or create the bucket"
        if not self.bucket or self.bucket == "None":
            raise AirflowFailException(f"bucket is {self.bucket!r}: {remedy}")
        try:
            self.s3.list_objects_v2(Bucket=self.bucket, Prefix=self.root, MaxKeys=1)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchBucket":
                raise AirflowFailException(f"S3 bucket {self.bucket!r} does not exist: {remedy}") from error
            raise

    def ingestions(self) -> Iterator[Ingestion]:
        """Read the day's ingestions, the newest first; each is read when it is asked for."""
        keys: dict[tuple[str, str], list[str]] = {}
        for listing in self._listings(self.root):
            for entry in listing.get("Contents", []):
                if match := re.search(r"/ingested_at=([^/]+)/source=([^/]+)/page-\d+\.json$", entry["Key"]):
                    keys.setdefault((match[1], match[2]), []).append(entry["Key"])
        for ingested_at, source in sorted(keys, reverse=True):
            pages = keys[ingested_at, source]
            rows, meant = 0, len(pages)
            for key in pages:
                stored = self.s3.get_object(Bucket=self.bucket, Key=key)
                rows += len(json.loads(stored["Body"].read()))
                meant = int(stored["Metadata"].get("pages", meant))
            names = [f"page-{number:04d}.json" for number in range(1, meant + 1)]
            whole = [key.rpartition("/")[2] for key in pages] == names
            yield Ingestion(ingested_at, source, pages, rows, whole)

    def append(self, pages: list[MarketsPage]) -> tuple[str, list[str]]:
        """Store pages as the day's newest ingestion, under keys that nobody has or will use again.

        Returns:
            (ingested_at, keys).

        Raises:
            AirflowException: other ingestions of the same day took every key that was tried.
        """
        stamps = self._stamps()
        moment = pages[0].clock
        if stamps:
            newest = datetime.strptime(max(stamps), STAMP).replace(tzinfo=UTC)
            moment = max(moment, newest + timedelta(seconds=1))
        for _ in range(_COLLISIONS):
            # Whoever writes the last page owns the second; a parallel ingestion moves on to the next one.
            stamp = moment.strftime(STAMP)
            folder = f"{self.root}ingested_at={stamp}/source={pages[0].source}"
            keys = [f"{folder}/page-{page.number:04d}.json" for page in pages]
            if self._put_new(keys[-1], pages[-1], stamp, len(pages)):
                break
            moment += timedelta(seconds=1)
        else:
            raise AirflowException(
                f"s3://{self.bucket}/{self.root}: other ingestions took {_COLLISIONS} keys in a row, up to "
                f"ingested_at={stamp}: run fewer side by side"
            )
        for key, page in reversed(list(zip(keys[:-1], pages[:-1], strict=True))):
            if not self._put_new(key, page, stamp, len(pages)):
                raise AirflowException(
                    f"s3://{self.bucket}/{key} exists although page {len(pages)} of that ingestion is ours: "
                    "S3 stored the page and did not say so, or somebody else writes there. Clear this task: "
                    "a new ingestion gets keys of its own"
                )
        return stamp, keys

    def _stamps(self) -> list[str]:
        prefixes = [
            entry["Prefix"].removeprefix(self.root)
            for listing in self._listings(self.root, Delimiter="/")
            for entry in listing.get("CommonPrefixes", [])
        ]
        return [
            match[1] for text in prefixes if (match := re.fullmatch(r"ingested_at=(\d{8}T\d{6}Z)/", text))
        ]

    def _listings(self, prefix: str, **options: str) -> Any:
        return self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix, **options)

    def _put_new(self, key: str, page: MarketsPage, ingested_at: str, pages: int) -> bool:
        """Store a page unless its key is taken (False)."""
        try:
            self.s3.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=page.body,
                ContentType=ascii_line(page.content_type),
                IfNoneMatch="*",
                Metadata={
                    "source-url": ascii_line(page.url),
                    "http-date": ascii_line(page.http_date or ""),
                    "etag": ascii_line(page.etag or ""),
                    "sha256": hashlib.sha256(page.body).hexdigest(),
                    "ingested-at": ingested_at,
                    "rows": str(len(page.coin_ids)),
                    "page": str(page.number),
                    "pages": str(pages),
                },
            )
        except ClientError as error:
            # 409: somebody is writing that very key at this moment.
            if error.response["Error"]["Code"] in ("PreconditionFailed", "ConditionalRequestConflict"):
                return False
            raise
        return True


def ascii_line(text: str) -> str:
    """Make text fit for S3's metadata: one line of ASCII, short of the 2 KB that all of it may take."""
    return " ".join(text.encode("ascii", "backslashreplace").decode().split())[:500]
