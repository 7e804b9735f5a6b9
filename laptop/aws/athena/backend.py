"""Athena: moto's API, with queries that run on DuckDB over the files that the Glue catalog names."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, cast

import moto.athena.urls
from moto.athena.models import AthenaBackend, Execution, WorkGroup, athena_backends
from moto.athena.responses import AthenaResponse
from moto.core.exceptions import JsonRESTError
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.glue.models import FakeTable, glue_backends
from sqlglot import exp

from laptop.aws import seams
from laptop.aws.athena import ddl as athena_ddl
from laptop.aws.athena import engine as athena_engine
from laptop.aws.athena import partition_projection
from laptop.aws.athena.results import Row, column_info, csv
from laptop.aws.athena.sql import (
    MalformedQueryError,
    Partition,
    Query,
    QueryError,
    Table,
    parse,
    position,
    table_references,
)
from laptop.aws.glue.stored_backend import StoredBackend
from laptop.aws.iam.authorization import NotAuthorizedError, Principal, caller
from laptop.aws.s3.backend import storage
from laptop.aws.s3.object_files import holds_rows

_PAGE = 1000  # rows that GetQueryResults gives at most
_DONE = ("SUCCEEDED", "FAILED", "CANCELLED")
_CATALOG = "awsdatacatalog"


def install() -> None:
    """Make moto run Athena's queries."""
    seams.install("athena", RunningAthenaBackend, {})


class InvalidRequestError(JsonRESTError):
    """What Athena does not accept."""

    code = 400

    def __init__(self, message: str):
        super().__init__("InvalidRequestException", message)


class QueryExecution(Execution):
    """One query, run in a thread of its own."""

    # A plain attribute instead of moto's property, which moves on when it is looked at.
    status: str | None = "QUEUED"
    reason: str | None = None
    bytes_read = 0
    columns: Sequence[Mapping[str, Any]] = ()
    rows: Sequence[Row] = ()

    def __init__(
        self,
        query: str,
        context: Mapping[str, str],
        location: str,
        workgroup: WorkGroup,
        parameters: list[str] | None,
        principal: Principal,
    ):
        super().__init__(query, cast(str, context), {}, workgroup, parameters)
        self.is_statement = athena_ddl.is_statement(query)
        self.location = f"{location.rstrip('/')}/{self.id}.{'txt' if self.is_statement else 'csv'}"
        self.config = {"OutputLocation": self.location}
        self.limit = workgroup.configuration.get("BytesScannedCutoffPerQuery")
        self.lock = threading.Lock()
        self.principal = principal  # whose query it is
        self._database = athena_engine.connect()

    def start(self, glue: StoredBackend, tree: exp.Expr | None) -> None:
        """Run in a thread; `tree` is the parsed query, None for a statement."""
        threading.Thread(target=self._run, args=(glue, tree), daemon=True).start()

    def stop(self) -> None:
        """Cancel the query unless it has ended."""
        with self.lock:
            if self.status not in _DONE:
                self._end("CANCELLED", "Query cancelled by user")
                self._database.interrupt()

    def _run(self, glue: StoredBackend, tree: exp.Expr | None) -> None:
        with self.lock:
            if self.status == "CANCELLED":
                return
            self.status = "RUNNING"
        try:
            if tree is None:
                name, values = athena_ddl.run(self.query, self._default_database(), glue, self.principal)
                self.columns, self.rows = [column_info(name, "VARCHAR")], [[value] for value in values]
                content = "".join(f"{value}\n" for value in values)
            else:
                result = self._query(glue, tree)
                self.columns = [
                    column_info(*column) for column in zip(result.names, result.types, strict=True)
                ]
                self.rows = [list(result.names), *result.rows]
                self.bytes_read = result.bytes_read
                content = csv(result.names, result.rows)
            bucket, _, key = self.location.removeprefix("s3://").partition("/")
            outcome, reason = "SUCCEEDED", None
            if self.status != "CANCELLED":
                storage().write(bucket, key, content.encode(), "application/octet-stream")
        except NotAuthorizedError as error:
            outcome, reason = "FAILED", f"PERMISSION_DENIED: {error}"
        except QueryError as error:
            outcome, reason = "FAILED", str(error)
        except athena_engine.LimitError as error:
            outcome, reason = "CANCELLED", str(error)
        except Exception as error:  # a query must not stay RUNNING because this thread died
            outcome, reason = "FAILED", f"GENERIC_INTERNAL_ERROR: {type(error).__name__}: {error}"
        with self.lock:
            self._database.close()
            if self.status != "CANCELLED":
                self._end(outcome, reason)

    def _end(self, status: str, reason: str | None) -> None:
        self.end_time = time.time()
        self.reason = reason
        self.status = status

    def _query(self, glue: StoredBackend, tree: exp.Expr) -> athena_engine.Result:
        tables: dict[tuple[str, str], Table] = {}
        with glue.lock:
            for reference in list(table_references(tree)):
                table = self._table(glue, reference)
                tables[table.database, table.name] = table
                reference.set("catalog", None)
                reference.set("db", exp.to_identifier(table.database, quoted=True))
        files = partial(_files, principal=self.principal)
        return athena_engine.run(self._database, Query(tree, tables), tables, files, self.limit)

    def _table(self, glue: StoredBackend, reference: exp.Table) -> Table:
        database, name = reference.db.lower() or self._default_database(), reference.name.lower()
        where = position(reference.this)
        if reference.catalog.lower() not in ("", _CATALOG):
            raise QueryError("CATALOG_NOT_FOUND", f"{where}: Catalog '{reference.catalog}' does not exist")
        if not database:
            message = "Schema must be specified when session schema is not set"
            raise QueryError("MISSING_SCHEMA_NAME", f"{where}: {message}")
        self._require(glue, "GetDatabase", database)
        if database not in glue.databases:
            raise QueryError("SCHEMA_NOT_FOUND", f"{where}: Schema '{database}' does not exist")
        self._require(glue, "GetTable", database, name)
        table = glue.databases[database].tables.get(name)
        if table is None:
            message = f"Table '{_CATALOG}.{database}.{name}' does not exist"
            raise QueryError("TABLE_NOT_FOUND", f"{where}: {message}")
        found = _catalog_table(database, table)
        if found.keys and not partition_projection.is_enabled(_parameters(table)):
            self._require(glue, "GetPartitions", database, name)
        return found

    def _require(self, glue: StoredBackend, action: str, database: str, table: str | None = None) -> None:
        self.principal.require_in_catalog(f"glue:{action}", glue.region_name, database, table)

    def _default_database(self) -> str:
        return (cast(Mapping[str, str] | None, self.context) or {}).get("Database", "").lower()


class RunningAthenaBackend(AthenaBackend):
    """moto's Athena of one region, with queries that run."""

    @property
    def _url_module(self) -> Any:
        return seams.routes(moto.athena.urls, RunningAthenaResponse)

    def create_work_group(self, name: str, *args: Any, **options: Any) -> WorkGroup | None:
        """Create a workgroup."""
        if name in self.work_groups:
            raise InvalidRequestError(f"WorkGroup {name} is already created")
        return super().create_work_group(name, *args, **options)

    def get_work_group(self, name: str) -> dict[str, Any] | None:
        """A workgroup; raises `InvalidRequestError` if there is none of this name."""
        if name not in self.work_groups:
            raise InvalidRequestError(f"WorkGroup {name} is not found.")
        return super().get_work_group(name)

    def start_query_execution(
        self,
        query: str,
        context: Any,
        config: dict[str, Any] | None,
        workgroup: str | None,
        execution_parameters: list[str] | None,
    ) -> str:
        """Start a query; returns its id.

        Raises:
            InvalidRequestError: It is not SQL, or its result has no place to go.
        """
        group = self.work_groups[workgroup or "primary"]
        if group.state != "ENABLED":
            raise InvalidRequestError(f"WorkGroup {group.name} is disabled.")
        location = _output_location(group, config or {})
        try:
            tree = None if athena_ddl.is_statement(query) else parse(query, execution_parameters or ())
        except MalformedQueryError as error:
            raise InvalidRequestError(str(error)) from None
        execution = QueryExecution(query, context, location, group, execution_parameters, caller.get())
        _require_output(execution)
        self.executions[execution.id] = execution
        glue = cast(StoredBackend, glue_backends[DEFAULT_ACCOUNT_ID][self.region_name])
        execution.start(glue, tree)
        return execution.id

    def find(self, execution_id: str) -> QueryExecution:
        """A query; raises `InvalidRequestError` if there is none of this id."""
        if execution_id not in self.executions:
            raise InvalidRequestError(f"QueryExecution {execution_id} was not found")
        return cast(QueryExecution, self.executions[execution_id])


class RunningAthenaResponse(AthenaResponse):
    """moto's Athena over HTTP, with what the queries really did."""

    @property
    def _execution(self) -> QueryExecution:
        backend = cast(RunningAthenaBackend, athena_backends[self.current_account][self.region])
        return backend.find(self._get_param("QueryExecutionId"))

    def get_query_execution(self) -> str:
        """GetQueryExecution: with the reason of a failure and the bytes read."""
        execution = self._execution
        with execution.lock:
            shown = json.loads(super().get_query_execution())
            query = shown["QueryExecution"]
            query["StatementType"] = "DDL" if execution.is_statement else "DML"
            done = execution.status in _DONE
            milliseconds = int(((execution.end_time if done else time.time()) - execution.start_time) * 1000)
            query["Statistics"] |= {
                "EngineExecutionTimeInMillis": milliseconds,
                "TotalExecutionTimeInMillis": milliseconds,
                "DataScannedInBytes": execution.bytes_read,
            }
            if not done:
                del query["Status"]["CompletionDateTime"]
            if execution.reason:
                query["Status"]["StateChangeReason"] = execution.reason
            if execution.status == "FAILED":
                query["Status"]["AthenaError"] = {
                    "ErrorCategory": 1 if str(execution.reason).startswith("GENERIC_INTERNAL_ERROR") else 2,
                    "ErrorType": 0,
                    "Retryable": False,
                    "ErrorMessage": execution.reason,
                }
            return json.dumps(shown)

    def get_query_results(self) -> str:
        """GetQueryResults: one page; the first row of a query is its header."""
        execution = self._execution
        if execution.status in ("FAILED", "CANCELLED"):
            message = f"Query did not finish successfully. Final query state: {execution.status}"
            raise InvalidRequestError(message)
        if execution.status != "SUCCEEDED":
            raise InvalidRequestError(f"Query has not yet finished. Current state: {execution.status}")
        bucket, _, key = execution.location.removeprefix("s3://").partition("/")
        try:
            caller.get().require_object("s3:GetObject", bucket, key)
        except NotAuthorizedError as error:
            raise InvalidRequestError(f"Access denied when reading {execution.location}: {error}") from None
        token = self._get_param("NextToken") or "0"
        size = self._get_int_param("MaxResults", _PAGE)
        if not token.isdigit() or not 1 <= size <= _PAGE:
            raise InvalidRequestError(f"NextToken {token!r} or MaxResults {size} is not valid")
        start = int(token)
        rows = [
            {"Data": [{} if value is None else {"VarCharValue": value} for value in row]}
            for row in execution.rows[start : start + size]
        ]
        page: dict[str, Any] = {
            "UpdateCount": 0,
            "ResultSet": {"Rows": rows, "ResultSetMetadata": {"ColumnInfo": execution.columns}},
        }
        if start + size < len(execution.rows):
            page["NextToken"] = str(start + size)
        return json.dumps(page)

    def update_work_group(self) -> str:
        """UpdateWorkGroup: what is given replaces what was there; `Remove…` takes it away."""
        name = self._get_param("WorkGroup")
        self.athena_backend.get_work_group(name)
        group = self.athena_backend.work_groups[name]
        group.description = self._get_param("Description", group.description)
        group.state = self._get_param("State", group.state)
        _update(group.configuration, self._get_param("ConfigurationUpdates") or {})
        return "{}"

    def stop_query_execution(self) -> str:
        """StopQueryExecution: interrupts the query."""
        self._execution.stop()
        return "{}"


def _update(configuration: dict[str, Any], updates: Mapping[str, Any]) -> None:
    for name, value in updates.items():
        if name.startswith("Remove"):
            if value:
                configuration.pop(name.removeprefix("Remove"), None)
        elif name.endswith("Updates"):
            _update(configuration.setdefault(name.removesuffix("Updates"), {}), value)
        else:
            configuration[name] = value


def _output_location(group: WorkGroup, config: Mapping[str, Any]) -> str:
    of_group = (group.configuration.get("ResultConfiguration") or {}).get("OutputLocation")
    enforced = group.configuration.get("EnforceWorkGroupConfiguration")
    location = of_group if enforced else config.get("OutputLocation") or of_group
    if not location:
        raise InvalidRequestError(
            "No output location provided. An output location is required either through the Workgroup result"
            " configuration setting or as an API input."
        )
    found = re.fullmatch(r"s3://([^/]+)(/.*)?", location)
    if not found:
        raise InvalidRequestError(f"outputLocation is not a valid S3 path: {location}")
    if found[1] not in storage().buckets:
        raise InvalidRequestError(f"Unable to verify/create output bucket {found[1]}")
    return str(location)


def _require_output(execution: QueryExecution) -> None:
    """Refuse a query whose result its caller may not write."""
    bucket, _, key = execution.location.removeprefix("s3://").partition("/")
    try:
        execution.principal.require("s3:GetBucketLocation", f"arn:aws:s3:::{bucket}")
    except NotAuthorizedError as error:
        raise InvalidRequestError(f"Unable to verify/create output bucket {bucket}: {error}") from None
    try:
        execution.principal.require_object("s3:PutObject", bucket, key)
    except NotAuthorizedError as error:
        raise InvalidRequestError(
            f"Access denied when writing output to url: {execution.location}: {error}"
        ) from None


def _parameters(table: FakeTable) -> Mapping[str, str]:
    return cast(Mapping[str, str], table.as_dict().get("Parameters") or {})


def _catalog_table(database: str, table: FakeTable) -> Table:
    shown = table.as_dict()
    descriptor = shown.get("StorageDescriptor") or {}
    if "parquet" not in descriptor.get("InputFormat", "").lower():
        kind = descriptor.get("InputFormat") or shown.get("TableType")
        raise QueryError("NOT_SUPPORTED", f"the local AWS reads Parquet; {database}.{table.name} is {kind}")
    keys = {column["Name"].lower(): column["Type"] for column in shown.get("PartitionKeys", [])}
    partitions = [Partition(descriptor["Location"], ())]
    if keys and partition_projection.is_enabled(_parameters(table)):
        name, today = f"{database}.{table.name}", datetime.now(UTC).date()
        partitions = partition_projection.partitions(
            name, list(keys), descriptor["Location"], _parameters(table), today
        )
    elif keys:
        partitions = [
            Partition(partition.partition_input["StorageDescriptor"]["Location"], tuple(partition.values))
            for partition in table.partitions.values()
        ]
    columns = {column["Name"].lower(): column["Type"] for column in descriptor["Columns"]}
    return Table(database, table.name, columns, keys, partitions)


def _files(location: str, principal: Principal) -> list[tuple[Path, int]]:
    """The files of a partition or table, with their sizes: those that no part of the path hides."""
    bucket, _, prefix = location.removeprefix("s3://").partition("/")
    prefix = f"{prefix.rstrip('/')}/" if prefix else ""
    if bucket not in storage().buckets:
        raise QueryError("HIVE_INVALID_BUCKET_NAME", f"Bucket {bucket} of {location} does not exist")
    principal.require_listing(bucket, prefix)
    files = []
    for key, path, size in storage().objects(bucket, prefix):
        if holds_rows(key[len(prefix) :], size):
            principal.require_object("s3:GetObject", bucket, key)
            files.append((path, size))
    return files
