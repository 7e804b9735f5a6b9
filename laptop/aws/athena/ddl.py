"""Athena's statements about the catalog: SHOW and MSCK REPAIR TABLE run, everything else is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote

from moto.glue.models import FakeTable

from laptop.aws.athena.errors import QueryError
from laptop.aws.glue.crawlers import data_files
from laptop.aws.glue.stored_backend import StoredBackend
from laptop.aws.iam.authorization import Principal

_STATEMENTS = re.compile(
    "ALTER|ANALYZE|CALL|CREATE|DEALLOCATE|DELETE|DESC|DESCRIBE|DROP|EXECUTE|EXPLAIN|INSERT|MERGE|MSCK"
    "|OPTIMIZE|PREPARE|RESET|SET|SHOW|TRUNCATE|UNLOAD|UPDATE|USE|VACUUM",
    re.IGNORECASE,
)
_NAME = r"(?:[`\"]?(\w+)[`\"]?\.)?[`\"]?(\w+)[`\"]?"


def is_statement(sql: str) -> bool:
    """Whether this is anything but a query."""
    first = re.search(r"\w+", re.sub(r"--[^\n]*\n|/\*.*?\*/", " ", sql, flags=re.DOTALL))
    return first is not None and _STATEMENTS.fullmatch(first[0]) is not None


def run(
    sql: str, default_database: str, glue: StoredBackend, principal: Principal
) -> tuple[str, Sequence[str]]:
    """Run a statement on somebody's behalf.

    Returns:
        The name of the one column, and its values.

    Raises:
        NotAuthorizedError: He may not do this.
        QueryError: It is not one of those that run here, or names what does not exist.
    """
    statement = re.sub(r"--[^\n]*\n", " ", sql).strip().rstrip(";").strip()

    def match(pattern: str) -> re.Match[str] | None:
        return re.fullmatch(pattern, statement, re.IGNORECASE)

    def require(action: str, database: str, table: str | None = None) -> None:
        principal.require_in_catalog(f"glue:{action}", glue.region_name, database, table)

    with glue.lock:
        if match(r"SHOW\s+(?:DATABASES|SCHEMAS)"):
            require("GetDatabases", "*")
            return "database_name", sorted(glue.databases)
        if found := match(rf"SHOW\s+TABLES(?:\s+(?:IN|FROM)\s+{_NAME})?(?:\s+'(.+)')?"):
            database = found[2] or default_database
            require("GetDatabase", database)
            require("GetTables", database, "*")
            _require(glue, database)
            pattern = (found[3] or "*").replace("*", ".*")
            return "tab_name", sorted(t for t in glue.databases[database].tables if re.fullmatch(pattern, t))
        if found := match(rf"SHOW\s+PARTITIONS\s+{_NAME}"):
            for action in ("GetTable", "GetPartitions"):
                require(action, found[1] or default_database, found[2])
            keys, table = _table(glue, found[1] or default_database, found[2])
            listed = (zip(keys, partition.values, strict=True) for partition in table.partitions.values())
            return "partition", sorted("/".join(f"{key}={value}" for key, value in pairs) for pairs in listed)
        if found := match(rf"MSCK\s+REPAIR\s+TABLE\s+{_NAME}"):
            for action in ("GetTable", "GetPartitions", "BatchCreatePartition"):
                require(action, found[1] or default_database, found[2])
            return "result", _repair(glue, found[1] or default_database, found[2], principal)
    raise QueryError(
        "NOT_SUPPORTED",
        "the local AWS runs SELECT, SHOW DATABASES, SHOW TABLES, SHOW PARTITIONS and MSCK REPAIR TABLE;"
        f" use the Glue API for the rest. Not: {statement}",
    )


def _table(glue: StoredBackend, database: str, name: str) -> tuple[list[str], FakeTable]:
    _require(glue, database)
    table = glue.databases[database].tables.get(name)
    if table is None:
        raise QueryError(
            "TABLE_NOT_FOUND", f"line 1:1: Table 'awsdatacatalog.{database}.{name}' does not exist"
        )
    keys = [column["Name"] for column in table.as_dict().get("PartitionKeys", [])]
    if not keys:
        raise QueryError("INVALID_TABLE", f"Table {database}.{name} is not partitioned")
    return keys, table


def _require(glue: StoredBackend, database: str) -> None:
    if database not in glue.databases:
        raise QueryError("SCHEMA_NOT_FOUND", f"line 1:1: Schema '{database}' does not exist")


def _repair(glue: StoredBackend, database: str, name: str, principal: Principal) -> list[str]:
    """Add the partitions whose folders are there; returns what Athena prints."""
    keys, table = _table(glue, database, name)
    descriptor = table.as_dict()["StorageDescriptor"]
    known = {tuple(partition.values) for partition in table.partitions.values()}
    found = {file.partition for file in data_files(descriptor["Location"], principal)}
    added = []
    for partition in sorted(found):
        values = [unquote(value) for _, value in partition]
        if [key.lower() for key, _ in partition] != keys or tuple(values) in known:
            continue
        folders = "/".join(f"{key}={value}" for key, value in partition)
        location = f"{descriptor['Location'].rstrip('/')}/{folders}/"
        table.create_partition({"Values": values, "StorageDescriptor": {**descriptor, "Location": location}})
        added.append(f"{name}:{folders}")
    glue.save()
    if not added:
        return []
    return [f"Partitions not in metastore: {' '.join(added)}"] + [
        f"Repair: Added partition to metastore {partition}" for partition in added
    ]
