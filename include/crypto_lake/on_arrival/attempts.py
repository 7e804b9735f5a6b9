"""Objects that failed for no reason that the cleaning knows: each failure leaves a note.

    rejected/raw/<file name>.<hash of its key>/<ETag>/failure-1.json

A file that has failed three times is refused, or it would come back in every run.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from include.crypto_lake.on_arrival.rejects import folder

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

LIMIT = 3
_NOTE = "failure-"


def counted(listing: Iterable[ObjectTypeDef]) -> dict[str, int]:
    """Folder of an object's refusals -> how often it has failed, from what lies below rejected/raw/."""
    found: dict[str, int] = {}
    for entry in listing:
        where, _, name = entry["Key"].rpartition("/")
        if name.startswith(_NOTE):
            found[f"{where}/"] = found.get(f"{where}/", 0) + 1
    return found


class Attempts:
    """What is on record of one version of an object: its key with its ETag."""

    def __init__(self, s3: S3Client, bucket: str, key: str, etag: str) -> None:
        self.s3 = s3
        self.bucket = bucket
        self.where = folder(key, etag)

    def failures(self) -> list[str]:
        """The keys of the notes, from the first."""
        listing = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=self.where + _NOTE)
        return sorted(entry["Key"] for entry in listing.get("Contents", []))

    def note(self, number: int, reason: str, run_id: str) -> None:
        """Record that the object failed, or that it is about to be tried."""
        self.s3.put_object(
            Bucket=self.bucket,
            Key=f"{self.where}{_NOTE}{number}.json",
            Body=json.dumps({"reason": reason, "run_id": run_id}, indent=2).encode(),
            ContentType="application/json",
        )

    def forget(self) -> None:
        """Delete the notes: the object has been dealt with."""
        for key in self.failures():
            self.s3.delete_object(Bucket=self.bucket, Key=key)
