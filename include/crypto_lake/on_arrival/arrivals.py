"""What lies in `raw/` and has not been dealt with: the sweep, and the list that a run keeps to.

An object is dealt with when every day it has rows of names it, with its ETag, among its sources
(`partitions`), or when it was refused as a whole (`rejects`). Nothing else remembers: delete a day's
output, and the next sweep makes it again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from include.crypto_lake.on_arrival import attempts, rejects
from include.crypto_lake.on_arrival.partitions import PREFIX, Partition, SourceRecord

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RAW = "raw/"
MANIFESTS = "manifests/on_arrival/"
# What the outputs say of their sources, by the outputs' ETags. Only saves reading them again.
_INDEX = "manifests/on_arrival_index.json"
# One task an object up to here; beyond, a task takes several: to start one takes seconds, a file far less.
MAX_BATCHES = 20


@dataclass(frozen=True)
class Arrival:
    """An object of `raw/` that a run deals with.

    Attributes:
        key: Its key, `raw/…`.
        etag: Its ETag, without quotes.
        last_modified: When it was put, ISO 8601 in UTC.
        recorded_in: Days whose output has rows of an earlier version of it.
        failures: How often a run has tried it in vain.
    """

    key: str
    etag: str
    last_modified: str
    recorded_in: tuple[str, ...] = ()
    failures: int = 0


def find(s3: S3Client, bucket: str, *, reprocess: str = "") -> list[Arrival]:
    """List `raw/` and compare it with what has been made of it.

    Args:
        s3: The client.
        bucket: The lake's.
        reprocess: Objects whose keys start so are found whether or not they were dealt with; empty: none.

    Returns:
        New and changed objects, oldest first.
    """
    recorded = _records(s3, bucket)
    notes = list(_objects(s3, bucket, rejects.PREFIX))
    refused, failures = rejects.refused(notes), attempts.counted(notes)
    found = []
    for entry in _objects(s3, bucket, RAW):
        key, etag = entry["Key"], entry["ETag"].strip('"')
        if _is_marker(key) or (key.endswith("/") and not entry["Size"]):  # what consoles call a folder
            continue
        records = recorded.get(key, {})
        noted_at = refused.get(rejects.folder(key, etag))
        # The same bytes put again later may be usable by then: their date was in the future.
        done = _complete(records, etag) or (noted_at is not None and noted_at >= entry["LastModified"])
        if done and not (reprocess and key.startswith(reprocess)):
            continue
        found.append(
            Arrival(
                key,
                etag,
                entry["LastModified"].astimezone(UTC).isoformat(),
                tuple(sorted(records)),
                failures.get(rejects.folder(key, etag), 0),
            )
        )
    return sorted(found, key=lambda arrival: (arrival.last_modified, arrival.key))


def _is_marker(key: str) -> bool:
    """Whether an object is a program's own: `_SUCCESS`, `_temporary/…`, `.part-0.csv.crc`, `day_$folder$`."""
    names = key.removeprefix(RAW).split("/")
    return any(name.startswith(("_", ".")) for name in names) or key.endswith("_$folder$")


def freeze(s3: S3Client, bucket: str, run_id: str, arrivals: Sequence[Arrival]) -> list[list[Arrival]]:
    """Keep a run's list, in batches; a run that has kept one already gets that.

    A run that is cleared must map the same objects again: Airflow waits for ever for mapped tasks that a
    shorter list has taken away.

    Returns:
        The batches, one a mapped task.
    """
    batches = _batches(arrivals)
    if batches:
        body = json.dumps({"run_id": run_id, "batches": [[asdict(a) for a in batch] for batch in batches]})
        try:
            s3.put_object(
                Bucket=bucket,
                Key=_manifest(run_id),
                Body=body.encode(),
                ContentType="application/json",
                IfNoneMatch="*",
            )
        except s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in ("PreconditionFailed", "ConditionalRequestConflict"):
                raise
            return kept(s3, bucket, run_id) or []
    return batches


def kept(s3: S3Client, bucket: str, run_id: str) -> list[list[Arrival]] | None:
    """The batches that a run has kept, or None."""
    try:
        body = s3.get_object(Bucket=bucket, Key=_manifest(run_id))["Body"].read()
    except s3.exceptions.NoSuchKey:
        return None
    return [
        [Arrival(**(entry | {"recorded_in": tuple(entry["recorded_in"])})) for entry in batch]
        for batch in json.loads(body)["batches"]
    ]


def _manifest(run_id: str) -> str:
    return f"{MANIFESTS}{run_id}.json"


def _batches(arrivals: Sequence[Arrival]) -> list[list[Arrival]]:
    """Neighbours stay together: they are often of one day, and a batch does not contend with itself."""
    size = -(-len(arrivals) // MAX_BATCHES) or 1
    return [list(arrivals[start : start + size]) for start in range(0, len(arrivals), size)]


def _complete(records: dict[str, SourceRecord], etag: str) -> bool:
    """Whether each day that a version of the object belongs to has it, and no day has another version."""
    return bool(records) and all(
        record.etag == etag and set(record.days) == set(records) for record in records.values()
    )


def _records(s3: S3Client, bucket: str) -> dict[str, dict[str, SourceRecord]]:
    """What the outputs say of their sources: key -> day -> record."""
    outputs = _outputs(s3, bucket)
    index = _read_index(s3, bucket)
    stale = [key for key, etag in outputs.items() if index.get(key, {}).get("etag") != etag]
    if stale or set(index) - set(outputs):
        with ThreadPoolExecutor(16) as pool:
            read = pool.map(lambda key: Partition.of_key(s3, bucket, key).read(), stale)
        index = {key: entry for key, entry in index.items() if key in outputs} | {
            key: {"etag": stored.etag, "sources": [asdict(record) for record in stored.sources]}
            for key, stored in zip(stale, read, strict=True)
            if stored
        }
        s3.put_object(
            Bucket=bucket, Key=_INDEX, Body=json.dumps(index).encode(), ContentType="application/json"
        )
    recorded: dict[str, dict[str, SourceRecord]] = {}
    for key, entry in index.items():
        for source in entry["sources"]:
            record = SourceRecord.of(source)
            recorded.setdefault(record.key, {})[Partition.day_of(key).isoformat()] = record
    return recorded


def _read_index(s3: S3Client, bucket: str) -> dict[str, Any]:
    try:
        index = json.loads(s3.get_object(Bucket=bucket, Key=_INDEX)["Body"].read())
    except (s3.exceptions.NoSuchKey, ValueError):
        return {}
    return index if isinstance(index, dict) else {}


def _objects(s3: S3Client, bucket: str, prefix: str) -> Iterator[Any]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", [])


def output_partitions(s3: S3Client, bucket: str) -> list[list[str]]:
    """The catalog's values of every partition that has an output: `[["2026", "02", "25"], …]`."""
    return [Partition.of_key(s3, bucket, key).values for key in sorted(_outputs(s3, bucket))]


def _outputs(s3: S3Client, bucket: str) -> dict[str, str]:
    """Every day's output: key -> ETag."""
    listing = _objects(s3, bucket, PREFIX)
    return {entry["Key"]: entry["ETag"] for entry in listing if Partition.is_one(entry["Key"])}
