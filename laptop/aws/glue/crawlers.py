"""Crawlers that crawl: tables from Parquet footers, partitions from `key=value` folders.

An S3 target makes or updates one table, named after the crawler's prefix and the target's last folder. A
catalog target only updates the tables it names. Partition values are taken as they stand in the path, and
partitions get the table's columns (`InheritFromTable`).
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, reduce
from pathlib import Path
from statistics import median
from typing import Any, cast

import pyarrow.parquet as pq
import pyarrow.types as pt
from moto.core.utils import utcnow
from moto.glue.exceptions import InvalidInputException
from moto.glue.models import FakeCrawl, FakeCrawler, FakeTable
from moto.s3.exceptions import MissingBucket

from laptop.aws.glue.stored_backend import StoredBackend
from laptop.aws.iam.authorization import ANYBODY, NotAuthorizedError, Principal, role_of_service
from laptop.aws.logs import log_stream
from laptop.aws.s3.backend import storage
from laptop.aws.s3.object_files import Signature, holds_rows

_PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
}
_MERGE = "CrawlerOutput.Tables.AddOrUpdateBehavior"
_TABLE_LEVEL = "Grouping.TableLevelConfiguration"
_CONFIGURATION = {
    "Version": 1.0,
    _MERGE: "MergeNewColumns",
    "CrawlerOutput.Partitions.AddOrUpdateBehavior": "InheritFromTable",
    "Grouping.TableGroupingPolicy": "CombineCompatibleSchemas",
}
"""What a crawler's `Configuration` may say."""
Columns = list[dict[str, Any]]


class CrawlError(Exception):
    """Why a crawl fails: the thing, and what to do."""


class CrawlStoppedError(Exception):
    """StopCrawler was called."""


@dataclass(frozen=True)
class DataFile:
    """One object of a table; `partition` is its `(key, value)` folders from the outermost in."""

    address: str
    path: Path
    partition: tuple[tuple[str, str], ...]


class Crawl(FakeCrawl):
    """One run of a crawler."""

    # A plain attribute instead of moto's property, which moves on when it is looked at.
    status: str | None = "RUNNING"

    def __init__(self, crawler_name: str):
        super().__init__(crawler_name)
        self.error_message: str | None = None
        self.counts = {"TablesCreated": 0, "TablesUpdated": 0, "TablesDeleted": 0}

    @property
    def seconds(self) -> float:
        """How long it has been going, or went."""
        return ((self.end_time or utcnow()) - self.start_time).total_seconds()


class Crawler(FakeCrawler):
    """A Glue crawler; moto keeps its definition and its states."""

    backend: StoredBackend
    _principal: Principal = ANYBODY  # who the crawl that is going acts as

    def as_dict(self) -> dict[str, Any]:
        """The crawler as GetCrawler shows it; `LastCrawl` is the last one that ended."""
        shown = super().as_dict()
        shown.pop("LastCrawl", None)
        done = [crawl for crawl in self.crawls if crawl.end_time]
        if self.status != "READY":
            shown["CrawlElapsedTime"] = int(cast(Crawl, self.crawls[-1]).seconds * 1000)
        if done:
            crawl = done[-1]
            outcome = {"COMPLETED": "SUCCEEDED", "STOPPED": "CANCELLED"}.get(str(crawl.status), "FAILED")
            shown["LastCrawl"] = {
                "Status": outcome,
                "LogGroup": crawl.log_group,
                "LogStream": crawl.log_stream,
                "MessagePrefix": crawl.message_prefix,
                "StartTime": crawl.start_time,
            }
            if error := getattr(crawl, "error_message", None):
                shown["LastCrawl"]["ErrorMessage"] = error
        return shown

    def metrics(self) -> dict[str, Any]:
        """What GetCrawlerMetrics shows, from the crawls that ended."""
        done = [cast(Crawl, crawl) for crawl in self.crawls if crawl.end_time]
        return {
            "CrawlerName": self.name,
            "TimeLeftSeconds": 0.0,
            "StillEstimating": self.status != "READY",
            "LastRuntimeSeconds": done[-1].seconds if done else 0.0,
            "MedianRuntimeSeconds": median(crawl.seconds for crawl in done) if done else 0.0,
            **(done[-1].counts if done else {}),
        }

    def check(self, operation: str) -> None:
        """Refuse what the local AWS would not do; raises `InvalidInputException`."""
        others = {kind for kind, targets in self.targets.items() if targets} - {"S3Targets", "CatalogTargets"}
        exclusions = any(target.get("Exclusions") for target in self.targets.get("S3Targets") or [])
        policy = self.schema_change_policy or {}
        problem = None
        if others:
            problem = f"the local AWS does not crawl {', '.join(sorted(others))}"
        elif exclusions:
            problem = "the local AWS does not implement Exclusions"
        elif self.schedule:
            problem = "the local AWS does not run crawlers on a schedule"
        elif (self.recrawl_policy or {}).get("RecrawlBehavior", "CRAWL_EVERYTHING") == "CRAWL_EVENT_MODE":
            problem = "the local AWS does not implement CRAWL_EVENT_MODE"
        elif self.targets.get("CatalogTargets") and policy.get("DeleteBehavior") != "LOG":
            problem = "the DeleteBehavior of a crawler with catalog targets has to be LOG"
        elif settings := self._not_implemented():
            problem = f"the local AWS does not implement {settings} in its Configuration"
        if problem:
            raise InvalidInputException(operation, f"Crawler {self.name}: {problem}")

    def _not_implemented(self) -> str:
        """What the `Configuration` says that is not done; empty if there is nothing."""
        # One table a target is made, that is at the target's own level of the path: the bucket is level 1.
        paths = [target["Path"] for target in self.targets.get("S3Targets") or []]
        levels = {len(path.removeprefix("s3://").rstrip("/").split("/")) for path in paths}
        return ", ".join(
            f"{name} {value!r}"
            for name, value in self._settings().items()
            if value != _CONFIGURATION.get(name) and not (name == _TABLE_LEVEL and list(levels) == [value])
        )

    def _settings(self) -> dict[str, Any]:
        """The `Configuration`, one value a dotted path."""
        try:
            return dict(_flat(json.loads(self.configuration or "{}")))
        except ValueError as error:
            raise InvalidInputException("", f"Configuration of {self.name} is not JSON: {error}") from error

    def start_crawler(self) -> None:
        """Crawl in a thread."""
        super().start_crawler()
        threading.Thread(
            target=self._run, args=(self.crawls[-1],), name=f"crawl {self.name}", daemon=True
        ).start()

    def _run(self, crawl: Crawl) -> None:
        log = log_stream(self.backend.region_name, crawl.log_group, crawl.log_stream)
        log(f"[{crawl.crawl_id}] BENCHMARK : Running Start Crawl for Crawler {self.name}")
        status, error_message = "COMPLETED", None
        try:
            self._principal = role_of_service(self.role, "glue.amazonaws.com")
            for target in self.targets.get("S3Targets") or []:
                self._crawl_location(crawl, target["Path"])
            for target in self.targets.get("CatalogTargets") or []:
                for name in target["Tables"]:
                    self._crawl_table(crawl, target["DatabaseName"], name)
        except CrawlStoppedError:
            status = "STOPPED"
        except Exception as error:  # a crawl must not stay RUNNING because this thread died
            expected = isinstance(error, CrawlError | NotAuthorizedError)
            status, error_message = "FAILED", str(error) if expected else f"{type(error).__name__}: {error}"
            log(f"[{crawl.crawl_id}] ERROR : {error_message}")
        with self.backend.lock:
            crawl.error_message = error_message
            crawl.end_time = utcnow()
            crawl.status = status
            self.backend.save()
        log(f"[{crawl.crawl_id}] BENCHMARK : Crawler has finished running: {status}, {crawl.counts}")

    def _crawl_location(self, crawl: Crawl, location: str) -> None:
        files = list(data_files(location, self._principal))
        name = (self.table_prefix or "") + re.sub(
            r"[^a-z0-9]", "_", location.rstrip("/").rsplit("/", 1)[1].lower()
        )
        table = self._find(self.database_name, name)
        if not files:
            if table and self._deletes(f"table {name}"):
                self._require("DeleteTable", name)
                with self.backend.lock:
                    self.backend.delete_table(self.database_name, name)
                crawl.counts["TablesDeleted"] += 1
            return
        columns = self._columns(crawl, files)
        keys = [key for key, _ in files[0].partition]
        if table is None:
            table_input = {
                "Name": name,
                "TableType": "EXTERNAL_TABLE",
                "Parameters": {
                    "classification": "parquet",
                    "EXTERNAL": "TRUE",
                    "UPDATED_BY_CRAWLER": self.name,
                },
                "PartitionKeys": [{"Name": key, "Type": "string"} for key in keys],
                "StorageDescriptor": {"Columns": columns, "Location": f"{location.rstrip('/')}/", **_PARQUET},
            }
            self._require("CreateTable", name)
            with self.backend.lock:
                table = self.backend.create_table(self.database_name, name, table_input)
            crawl.counts["TablesCreated"] += 1
        else:
            self._update_columns(crawl, table, columns)
        self._update_partitions(crawl, table, files)

    def _crawl_table(self, crawl: Crawl, database_name: str, name: str) -> None:
        table = self._find(database_name, name)
        if table is None:
            raise CrawlError(f"Table {database_name}.{name} does not exist: create it before the crawl")
        files = list(data_files(table.as_dict()["StorageDescriptor"]["Location"], self._principal))
        if files and self._updates():
            self._update_columns(crawl, table, self._columns(crawl, files))
        self._update_partitions(crawl, table, files)

    def _columns(self, crawl: Crawl, files: list[DataFile]) -> Columns:
        """The columns of all files together, without the partition keys."""
        partition_keys = {key for key, _ in files[0].partition}
        types: dict[str, str] = {}
        for file in files:
            _go_on(crawl)
            bucket, _, key = file.address.removeprefix("s3://").partition("/")
            self._principal.require_object("s3:GetObject", bucket, key)
            for column, found in _columns(file.address, file.path, Signature.of(file.path)):
                if column not in partition_keys:
                    types[column] = _wider(types.get(column, found), found, column, file)
        return [{"Name": column, "Type": found} for column, found in types.items()]

    def _update_columns(self, crawl: Crawl, table: FakeTable, columns: Columns) -> None:
        shown = table.as_dict()
        there: Columns = shown["StorageDescriptor"]["Columns"]
        declared = [(column["Name"], column["Type"]) for column in there]
        if _MERGE in self._settings():
            names = {column["Name"] for column in there}
            columns = there + [column for column in columns if column["Name"] not in names]
        if declared == [(column["Name"], column["Type"]) for column in columns] or not self._updates():
            return
        keep = ("Name", "Description", "Owner", "Retention", "PartitionKeys", "TableType", "Parameters")
        table_input = {field: shown[field] for field in keep if field in shown}
        table_input["StorageDescriptor"] = {**shown["StorageDescriptor"], "Columns": columns}
        self._require("UpdateTable", table.name, table.database_name)
        with self.backend.lock:
            table.update(table_input)
        crawl.counts["TablesUpdated"] += 1

    def _update_partitions(self, crawl: Crawl, table: FakeTable, files: list[DataFile]) -> None:
        shown = table.as_dict()
        descriptor = shown["StorageDescriptor"]
        keys = [column["Name"] for column in shown.get("PartitionKeys", [])]
        wanted: dict[str, dict[str, Any]] = {}
        for file in files:
            if [key.lower() for key, _ in file.partition] != keys:
                raise CrawlError(
                    f"{file.address}: its folders are not the partition keys {keys} of {table.name}: move it"
                )
            folders = "".join(f"{key}={value}/" for key, value in file.partition)
            values = [value for _, value in file.partition]
            location = f"{descriptor['Location'].rstrip('/')}/{folders}"
            wanted[str(values)] = {
                "Values": values,
                "StorageDescriptor": {**descriptor, "Location": location},
            }
        if not keys:
            return
        self._require("GetPartitions", table.name, table.database_name)
        with self.backend.lock:
            for name, partition_input in wanted.items():
                _go_on(crawl)
                known = table.partitions.get(name)
                if known is None:
                    self._require("BatchCreatePartition", table.name, table.database_name)
                    table.create_partition(partition_input)
                elif self._updates() and known.partition_input != partition_input:
                    self._require("BatchUpdatePartition", table.name, table.database_name)
                    table.update_partition(partition_input["Values"], partition_input)
            for name in set(table.partitions) - set(wanted):
                if self._deletes(f"partition {name} of table {table.name}"):
                    self._require("BatchDeletePartition", table.name, table.database_name)
                    del table.partitions[name]

    def _find(self, database_name: str, name: str) -> FakeTable | None:
        self._principal.require_in_catalog("glue:GetDatabase", self.backend.region_name, database_name)
        self._require("GetTable", name, database_name)
        with self.backend.lock:
            return self.backend.get_database(database_name).tables.get(name)

    def _require(self, action: str, table: str, database: str | None = None) -> None:
        self._principal.require_in_catalog(
            f"glue:{action}", self.backend.region_name, database or self.database_name, table
        )

    def _updates(self) -> bool:
        return bool((self.schema_change_policy or {}).get("UpdateBehavior", "UPDATE_IN_DATABASE") != "LOG")

    def _deletes(self, thing: str) -> bool:
        behavior = (self.schema_change_policy or {}).get("DeleteBehavior", "DEPRECATE_IN_DATABASE")
        if behavior == "DEPRECATE_IN_DATABASE":
            raise CrawlError(
                f"The data of {thing} are gone, and the local AWS does not implement DEPRECATE_IN_DATABASE:"
                " set DeleteBehavior to LOG or DELETE_FROM_DATABASE"
            )
        return bool(behavior == "DELETE_FROM_DATABASE")


def data_files(location: str, principal: Principal) -> Iterator[DataFile]:
    """The objects of a table: those below a location that `holds_rows` finds part of it.

    Args:
        location: An `s3://` address.
        principal: Who looks.

    Raises:
        CrawlError: No such bucket, or a folder that is not `key=value`.
        NotAuthorizedError: He may not list the location.
    """
    bucket, _, prefix = location.removeprefix("s3://").partition("/")
    prefix = f"{prefix.rstrip('/')}/" if prefix else ""
    principal.require_listing(bucket, prefix)
    try:
        objects = storage().objects(bucket, prefix)
    except MissingBucket:
        raise CrawlError(f"Bucket {bucket} of {location} does not exist: create it first") from None
    for key, path, size in objects:
        below = key[len(prefix) :]
        if not holds_rows(below, size):
            continue
        partition = []
        for folder in below.split("/")[:-1]:
            name, equals, value = folder.partition("=")
            if not equals:
                raise CrawlError(
                    f"s3://{bucket}/{key}: the folder {folder} is not key=value; the local AWS makes one"
                    " table of a target, so point the crawler below that folder"
                )
            partition.append((name, value))
        yield DataFile(f"s3://{bucket}/{key}", path, tuple(partition))


def _flat(settings: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of nested objects, by their dotted paths."""
    if not isinstance(settings, dict):
        yield path, settings
        return
    for name, value in settings.items():
        yield from _flat(value, f"{path}.{name}" if path else name)


def glue_type(arrow: Any) -> str:
    """The catalog's type for a column of this `pyarrow.DataType` in a Parquet file."""
    if pt.is_dictionary(arrow):
        return glue_type(arrow.value_type)
    if pt.is_list(arrow) or pt.is_large_list(arrow):
        return f"array<{glue_type(arrow.value_type)}>"
    if pt.is_map(arrow):
        return f"map<{glue_type(arrow.key_type)},{glue_type(arrow.item_type)}>"
    if pt.is_struct(arrow):
        return f"struct<{','.join(f'{field.name}:{glue_type(field.type)}' for field in arrow)}>"
    if pt.is_decimal(arrow):
        return f"decimal({arrow.precision},{arrow.scale})"
    if pt.is_timestamp(arrow):
        return "timestamp"
    simple = {
        "bool": "boolean",
        "int8": "tinyint",
        "int16": "smallint",
        "int32": "int",
        "int64": "bigint",
        "float": "float",
        "double": "double",
        "date32[day]": "date",
        "string": "string",
        "large_string": "string",
        "binary": "binary",
        "large_binary": "binary",
    }
    if str(arrow) not in simple:
        raise CrawlError(f"the local AWS knows no catalog type for Parquet's {arrow}")
    return simple[str(arrow)]


@lru_cache(maxsize=100_000)  # most files of a crawl are those of the crawl before
def _columns(address: str, path: Path, _: Signature) -> tuple[tuple[str, str], ...]:
    """The columns of a Parquet file with their types in the catalog's words."""
    try:
        schema = pq.read_schema(path)
    except ValueError as error:
        raise CrawlError(f"{address} is not Parquet, which is all the local AWS crawls: {error}") from error
    return tuple((field.name.lower(), glue_type(field.type)) for field in schema)


_WIDENING = ("tinyint", "smallint", "int", "bigint", "double")


def _wider(one: str, other: str, column: str, file: DataFile) -> str:
    if one == other:
        return one
    if {one, other} <= set(_WIDENING):
        return reduce(lambda a, b: max(a, b, key=_WIDENING.index), (one, other))
    raise CrawlError(f"{file.address}: column {column} is {other}, but {one} in the files before it")


def _go_on(crawl: Crawl) -> None:
    if crawl.status == "STOPPING":
        raise CrawlStoppedError
