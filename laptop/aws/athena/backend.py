"""Athena: moto's API, with queries that an engine runs over the files that the Glue catalog names."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, cast

import moto.athena.urls
from moto.athena.models import AthenaBackend, Execution, WorkGroup, athena_backends
from moto.athena.responses import AthenaResponse
from moto.core.exceptions import JsonRESTError
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.glue.models import glue_backends

from laptop.aws import seams
from laptop.aws.athena import ddl as athena_ddl
from laptop.aws.athena import results
from laptop.aws.athena.catalog import Catalog
from laptop.aws.athena.engine import Engine, Query
from laptop.aws.athena.errors import InterruptedQueryError, LimitError, MalformedQueryError, QueryError
from laptop.aws.athena.types import VARCHAR
from laptop.aws.glue.stored_backend import StoredBackend
from laptop.aws.iam.authorization import NotAuthorizedError, Principal, caller
from laptop.aws.s3.backend import StoredKey, storage

_PAGE = 1000  # rows that GetQueryResults gives at most
_DONE = ("SUCCEEDED", "FAILED", "CANCELLED")


def install(engine: Engine) -> None:
    """Make moto run Athena's queries on an engine."""
    seams.install("athena", partial(RunningAthenaBackend, engine=engine), {})


class InvalidRequestError(JsonRESTError):
    """What Athena does not accept."""

    code = 400

    def __init__(self, message: str):
        super().__init__("InvalidRequestException", message)


class QueryExecution(Execution):
    """One query, run in a thread of its own. Its result is in S3 alone."""

    # A plain attribute instead of moto's property, which moves on when it is looked at.
    status: str | None = "QUEUED"
    reason: str | None = None
    columns: Sequence[Mapping[str, Any]] = ()

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
        self.lock = threading.Lock()
        self.principal = principal  # whose query it is
        self._running: Query | None = None

    @property
    def bytes_read(self) -> int:
        """How many bytes of the tables' files the query has read."""
        return self._running.bytes_read if self._running else 0

    @property
    def database(self) -> str:
        """The database of names without one; empty if the request names none."""
        return (cast(Mapping[str, str] | None, self.context) or {}).get("Database", "").lower()

    def start(self, glue: StoredBackend, query: Query | None) -> None:
        """Run in a thread; `query` is None for a statement."""
        self._running = query
        threading.Thread(target=self._run, args=(glue,), daemon=True).start()

    def stop(self) -> None:
        """Cancel the query unless it has ended."""
        with self.lock:
            if self.status in _DONE:
                return
            self._end("CANCELLED", "Query cancelled by user")
        if self._running:
            self._running.interrupt()

    def _run(self, glue: StoredBackend) -> None:
        with self.lock:
            if self.status == "CANCELLED":
                return
            self.status = "RUNNING"
        file = storage().new_file()
        try:
            if self._running is None:
                name, values = athena_ddl.run(self.query, self.database, glue, self.principal)
                self.columns = [results.column_info(name, VARCHAR)]
                results.write_lines(file, values)
            else:
                results.write_csv(file, self._rows(self._running))
            bucket, _, key = self.location.removeprefix("s3://").partition("/")
            outcome, reason = "SUCCEEDED", None
            if self.status != "CANCELLED":
                storage().write(bucket, key, file, "application/octet-stream")
        except NotAuthorizedError as error:
            outcome, reason = "FAILED", f"PERMISSION_DENIED: {error}"
        except QueryError as error:
            outcome, reason = "FAILED", str(error)
        except LimitError as error:
            outcome, reason = "CANCELLED", str(error)
        except InterruptedQueryError:
            outcome, reason = "CANCELLED", "Query cancelled by user"
        except Exception as error:  # a query must not stay RUNNING because this thread died
            outcome, reason = "FAILED", f"GENERIC_INTERNAL_ERROR: {type(error).__name__}: {error}"
        file.unlink(missing_ok=True)
        if self._running:
            self._running.close()
        with self.lock:
            if self.status != "CANCELLED":
                self._end(outcome, reason)

    def _rows(self, query: Query) -> Iterator[Sequence[results.Row]]:
        """The header, then the rows; sets `columns` on the way."""
        columns = query.start()
        self.columns = [results.column_info(*column) for column in columns]
        yield [[name for name, _ in columns]]
        yield from query.batches()

    def _end(self, status: str, reason: str | None) -> None:
        self.end_time = time.time()
        self.reason = reason
        self.status = status


class RunningAthenaBackend(AthenaBackend):
    """moto's Athena of one region, with queries that run."""

    def __init__(self, region_name: str, account_id: str, *, engine: Engine):
        super().__init__(region_name, account_id)
        self._engine = engine

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
        execution = QueryExecution(query, context, location, group, execution_parameters, caller.get())
        glue = cast(StoredBackend, glue_backends[DEFAULT_ACCOUNT_ID][self.region_name])
        running = None
        if not execution.is_statement:
            catalog = Catalog(glue, execution.principal, execution.database)
            limit = group.configuration.get("BytesScannedCutoffPerQuery")
            try:
                running = self._engine.query(query, execution_parameters or (), catalog, limit)
            except MalformedQueryError as error:
                raise InvalidRequestError(str(error)) from None
        _require_output(execution)
        self.executions[execution.id] = execution
        execution.start(glue, running)
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
        stored = storage().get_object(bucket, key) if bucket in storage().buckets else None
        if stored is None:
            raise InvalidRequestError(f"Could not find results: {execution.location} does not exist")
        try:
            rows, following = results.read_page(
                cast(StoredKey, stored).file, int(token), size, is_csv=not execution.is_statement
            )
        except ValueError as error:
            raise InvalidRequestError(f"NextToken {token!r} is not valid: {error}") from None
        data = [{"Data": [{} if value is None else {"VarCharValue": value} for value in row]} for row in rows]
        page: dict[str, Any] = {
            "UpdateCount": 0,
            "ResultSet": {"Rows": data, "ResultSetMetadata": {"ColumnInfo": execution.columns}},
        }
        if following is not None:
            page["NextToken"] = str(following)
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
