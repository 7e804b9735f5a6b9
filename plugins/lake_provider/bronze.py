"""Bronze in S3: what is there of a day in a currency, and appending one more ingestion to it.

Objects:
``<prefix>/dt=2026-01-31/currency=usd/ingested_at=20260131T020003Z/source=coingecko/page-0001.json``. A key is
never reused, and an ingestion in one currency is never read as one in another. ``ingested_at`` is the
source's clock. A snapshot's is in its own day, after the snapshots that are there. A history's is when the
history was fetched, after everything that is there.

Page 1 is written last: an ingestion is whole if it has pages 1 to n. One that was cut off lacks page 1, and
whoever reads bronze sees that from the keys alone.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException
from botocore.exceptions import ClientError

STAMP = "%Y%m%dT%H%M%SZ"
"""How a moment (UTC) is written in keys."""

_MAX_COLLISIONS = 60
"""Seconds that an ingestion moves on at most because others took its key."""


@dataclass(frozen=True)
class Page:
    """What bronze keeps in one object: an accepted response, or what was made of several.

    Attributes:
        url: the request's address; it never holds a key.
        body: the response body, byte for byte (after HTTP's own content decoding).
        content_type: the Content-Type header.
        http_date: the Date header as received, or None.
        etag: the ETag header as received, or None.
        source: who made the data, as in the keys, e.g. ``coingecko``.
        clock: when the source says it answered (UTC, from ``http_date``), else our clock at arrival.
        rows: how many rows are in it.
    """

    url: str
    body: bytes
    content_type: str
    http_date: str | None
    etag: str | None
    source: str
    clock: datetime
    rows: int


@dataclass(frozen=True)
class Ingestion:
    """What bronze has of one ingestion.

    Attributes:
        ingested_at: as in the keys.
        source: who made the data.
        keys: of the pages that are there, in order.
        rows: in those pages.
        requested: how many coins were requested; the rows, if the ingestion does not say.
        whole: whether all pages that the ingestion was meant to have are there.
    """

    ingested_at: str
    source: str
    keys: list[str]
    rows: int
    requested: int
    whole: bool


class BronzeDay:
    """One day of bronze in one currency: what is there, and appending to it."""

    def __init__(self, s3: Any, bucket: str, prefix: str, day: date, currency: str) -> None:
        self.s3 = s3
        self.bucket = bucket
        self.day = day
        self.currency = currency
        self._without_currency = f"{prefix.strip('/')}/dt={day}/ingested_at="
        self.root = f"{prefix.strip('/')}/dt={day}/currency={currency}/"

    def check_bucket(self) -> None:
        """Fail before any API call is spent if there is nowhere to write, or the day is an earlier release's.

        Raises:
            AirflowFailException: no bucket is named, there is none of that name, or the day's bronze has no
                currency in its keys.
        """
        remedy = "check the Airflow Variable that names the lake's bucket, or create the bucket"
        if not self.bucket or self.bucket == "None":
            raise AirflowFailException(f"bucket is {self.bucket!r}: {remedy}")
        try:
            listing = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=self._without_currency, MaxKeys=1)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchBucket":
                raise AirflowFailException(f"S3 bucket {self.bucket!r} does not exist: {remedy}") from error
            raise
        for entry in listing.get("Contents", []):
            raise _refuse_without_currency(self.bucket, entry["Key"])

    def ingestions(self) -> Iterator[Ingestion]:
        """Read the day's ingestions, the newest first; each is read when it is asked for."""
        keys: dict[tuple[str, str], list[str]] = {}
        for listing in self._list_objects(self.root):
            for entry in listing.get("Contents", []):
                if match := re.search(r"/ingested_at=([^/]+)/source=([^/]+)/page-\d+\.json$", entry["Key"]):
                    keys.setdefault((match[1], match[2]), []).append(entry["Key"])
        for ingested_at, source in sorted(keys, reverse=True):
            pages = keys[ingested_at, source]
            rows, meant, requested = 0, len(pages), None
            for key in pages:
                stored = self.s3.get_object(Bucket=self.bucket, Key=key)
                rows += len(json.loads(stored["Body"].read()))
                meant = int(stored["Metadata"].get("pages", meant))
                requested = stored["Metadata"].get("coins-requested", requested)
            names = [f"page-{number:04d}.json" for number in range(1, meant + 1)]
            whole = [key.rpartition("/")[2] for key in pages] == names
            yield Ingestion(ingested_at, source, pages, rows, int(requested or rows), whole)

    def append(self, pages: Sequence[Page], *, requested: int) -> tuple[str, list[str]]:
        """Store pages as one more ingestion of the day, under keys that nobody has or will use again.

        Args:
            pages: in order.
            requested: how many coins were requested.

        Returns:
            (ingested_at, keys).

        Raises:
            AirflowException: other ingestions of the same day took every key that was tried.
        """
        stamps = self._list_stamps()
        moment = pages[0].clock
        if moment.date() == self.day:
            # A snapshot's prices are judged by its age at ingestion. Pushed behind a history, which is
            # fetched when the day is over, they would look as old as the history is late.
            stamps = [stamp for stamp in stamps if stamp.startswith(f"{moment:%Y%m%d}T")]
        if stamps:
            newest = datetime.strptime(max(stamps), STAMP).replace(tzinfo=UTC)
            moment = max(moment, newest + timedelta(seconds=1))
        for _ in range(_MAX_COLLISIONS):
            # Whoever writes the last page owns the second; a parallel ingestion moves on to the next one.
            stamp = moment.strftime(STAMP)
            folder = f"{self.root}ingested_at={stamp}/source={pages[0].source}"
            keys = [f"{folder}/page-{number:04d}.json" for number in range(1, len(pages) + 1)]
            if self._put_page(keys, len(pages), pages[-1], stamp, requested):
                break
            moment += timedelta(seconds=1)
        else:
            raise AirflowException(
                f"s3://{self.bucket}/{self.root}: other ingestions took {_MAX_COLLISIONS} keys in a row, "
                f"up to ingested_at={stamp}: run fewer side by side"
            )
        for number in range(len(pages) - 1, 0, -1):
            if not self._put_page(keys, number, pages[number - 1], stamp, requested):
                raise AirflowException(
                    f"s3://{self.bucket}/{keys[number - 1]} exists although page {len(pages)} of that "
                    "ingestion is ours: S3 stored the page and did not say so, or somebody else writes "
                    "there. Clear this task: a new ingestion gets keys of its own"
                )
        return stamp, keys

    def _list_stamps(self) -> list[str]:
        prefixes = [
            entry["Prefix"].removeprefix(self.root)
            for listing in self._list_objects(self.root, Delimiter="/")
            for entry in listing.get("CommonPrefixes", [])
        ]
        return [
            match[1] for text in prefixes if (match := re.fullmatch(r"ingested_at=(\d{8}T\d{6}Z)/", text))
        ]

    def _list_objects(self, prefix: str, **options: str) -> Any:
        return self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix, **options)

    def _put_page(self, keys: list[str], number: int, page: Page, ingested_at: str, requested: int) -> bool:
        return put_new(
            self.s3,
            self.bucket,
            keys[number - 1],
            page,
            {
                "ingested-at": ingested_at,
                "currency": self.currency,
                "page": str(number),
                "pages": str(len(keys)),
                "coins-requested": str(requested),
            },
        )


def whole_ingestions(
    s3: Any, bucket: str, prefix: str, first: date, last: date, currency: str
) -> dict[date, list[tuple[str, str]]]:
    """What bronze has of a range of days in a currency, from the keys alone: one listing.

    Returns:
        Each day with a whole ingestion: (ingested_at, key of page 1) of all of them, the newest last.

    Raises:
        AirflowFailException: a day's bronze has no currency in its keys.
    """
    prefix = prefix.strip("/")
    day_of = re.escape(prefix) + r"/dt=(\d{4}-\d\d-\d\d)/"
    without_currency = re.compile(day_of + "ingested_at=.*")
    key_of_page_1 = re.compile(
        f"{day_of}currency={currency}" + r"/ingested_at=(\d{8}T\d{6}Z)/source=[^/]+/page-0001\.json"
    )
    found: dict[date, list[tuple[str, str]]] = {}
    listings = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=f"{prefix}/dt=", StartAfter=f"{prefix}/dt={first}"
    )
    for entry in (entry for listing in listings for entry in listing.get("Contents", [])):
        if entry["Key"] > f"{prefix}/dt={last}/~":
            break
        if without_currency.fullmatch(entry["Key"]):
            raise _refuse_without_currency(bucket, entry["Key"])
        if match := key_of_page_1.fullmatch(entry["Key"]):
            found.setdefault(date.fromisoformat(match[1]), []).append((match[2], entry["Key"]))
    return found


def _refuse_without_currency(bucket: str, key: str) -> AirflowFailException:
    return AirflowFailException(
        f"s3://{bucket}/{key} does not say in which currency it is, because an earlier release stored it: "
        'follow "Upgrade a lake without currencies" in docs/operations.md, then clear this task'
    )


def put_new(s3: Any, bucket: str, key: str, page: Page, metadata: Mapping[str, str]) -> bool:
    """Store a page, with where it is from, unless its key is taken (False)."""
    try:
        s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=page.body,
            ContentType=ascii_line(page.content_type),
            IfNoneMatch="*",
            Metadata={
                "source-url": ascii_line(page.url),
                "http-date": ascii_line(page.http_date or ""),
                "etag": ascii_line(page.etag or ""),
                "sha256": hashlib.sha256(page.body).hexdigest(),
                "rows": str(page.rows),
                **metadata,
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
