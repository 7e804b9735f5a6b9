"""The tables of the Glue catalog and the files behind them, as the caller of a query may see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from moto.glue.models import FakeTable

from laptop.aws.athena import partition_projection
from laptop.aws.athena.errors import QueryError
from laptop.aws.athena.partition_projection import Partition
from laptop.aws.athena.types import Type, hive_type
from laptop.aws.glue.stored_backend import StoredBackend
from laptop.aws.iam.authorization import Principal
from laptop.aws.s3.backend import storage
from laptop.aws.s3.object_files import holds_rows

NAME = "awsdatacatalog"


@dataclass(frozen=True)
class Table:
    """A table of the catalog: its columns and partition keys with their types, and its partitions.

    A table without partition keys has one partition without values.
    """

    database: str
    name: str
    columns: Mapping[str, Type]
    keys: Mapping[str, Type]
    partitions: Sequence[Partition]


@dataclass(frozen=True)
class File:
    """A file of a partition: its `s3://` address, where it is on disk, and its size in bytes."""

    address: str
    path: Path
    size: int


class Catalog:
    """The catalog of a region for one caller.

    `database` is the one of names without a database; "" if the query has none.
    """

    def __init__(self, glue: StoredBackend, principal: Principal, database: str):
        self._glue = glue
        self.principal = principal
        self.database = database

    def table(self, catalog: str, database: str, name: str, place: str) -> Table:
        """A table.

        Args:
            catalog: The catalog that the query names; "" if it names none.
            database: The database that it names; "" for the default one.
            name: The table's name, in any case.
            place: Where the query names it, as messages begin: `line 1:15`.

        Raises:
            QueryError: It does not exist, or its files cannot be read here.
            NotAuthorizedError: The caller may not see it.
        """
        database, name = (database or self.database).lower(), name.lower()
        if catalog.lower() not in ("", NAME):
            raise QueryError("CATALOG_NOT_FOUND", f"{place}: Catalog '{catalog.lower()}' not found")
        if not database:
            raise QueryError(
                "MISSING_SCHEMA_NAME", f"{place}: Schema must be specified when session schema is not set"
            )
        for action in ("GetDatabase", "GetTable"):
            self.require(action, database, name if action == "GetTable" else None)
        with self._glue.lock:
            found = self._glue.databases.get(database)
            if found is None:
                raise QueryError("SCHEMA_NOT_FOUND", f"{place}: Schema '{database}' does not exist")
            if name not in found.tables:
                raise QueryError(
                    "TABLE_NOT_FOUND", f"{place}: Table '{NAME}.{database}.{name}' does not exist"
                )
            table = _table(database, found.tables[name])
        if table.keys:
            self.require("GetPartitions", database, name)
        return table

    def require(self, action: str, database: str, table: str | None = None) -> None:
        """Raise `NotAuthorizedError` if the caller may not do this in the catalog."""
        self.principal.require_in_catalog(f"glue:{action}", self._glue.region_name, database, table)

    def files(self, location: str) -> list[File]:
        """The files of a partition or table: those that no part of the path hides.

        Raises:
            QueryError: There is no such bucket.
            NotAuthorizedError: The caller may not list or read them.
        """
        bucket, _, prefix = location.removeprefix("s3://").partition("/")
        prefix = f"{prefix.rstrip('/')}/" if prefix else ""
        if bucket not in storage().buckets:
            raise QueryError("HIVE_INVALID_BUCKET_NAME", f"Bucket {bucket} of {location} does not exist")
        self.principal.require_listing(bucket, prefix)
        files = []
        for key, path, size in storage().objects(bucket, prefix):
            if holds_rows(key[len(prefix) :], size):
                self.principal.require_object("s3:GetObject", bucket, key)
                files.append(File(f"s3://{bucket}/{key}", path, size))
        return files


def _table(database: str, table: FakeTable) -> Table:
    shown = table.as_dict()
    descriptor = shown.get("StorageDescriptor") or {}
    if "parquet" not in descriptor.get("InputFormat", "").lower():
        kind = descriptor.get("InputFormat") or shown.get("TableType")
        raise QueryError("NOT_SUPPORTED", f"the local AWS reads Parquet; {database}.{table.name} is {kind}")
    parameters = cast(Mapping[str, str], shown.get("Parameters") or {})
    keys = _columns(database, table, shown.get("PartitionKeys", []))
    partitions = [Partition(descriptor["Location"], ())]
    if keys and partition_projection.is_enabled(parameters):
        name, today = f"{database}.{table.name}", datetime.now(UTC).date()
        partitions = partition_projection.partitions(
            name, list(keys), descriptor["Location"], parameters, today
        )
    elif keys:
        partitions = [
            Partition(partition.partition_input["StorageDescriptor"]["Location"], tuple(partition.values))
            for partition in table.partitions.values()
        ]
    return Table(database, table.name, _columns(database, table, descriptor["Columns"]), keys, partitions)


def _columns(database: str, table: FakeTable, listed: Sequence[Mapping[str, str]]) -> dict[str, Type]:
    try:
        return {column["Name"].lower(): hive_type(column["Type"]) for column in listed}
    except ValueError as error:
        raise QueryError("HIVE_INVALID_METADATA", f"{database}.{table.name}: {error}") from None
