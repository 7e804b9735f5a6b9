"""Trino as Athena's engine: each query goes to a Trino whose Hive connector reads this server's Glue and S3.

What differs between the two is in `differences`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from laptop.aws.athena import differences, results
from laptop.aws.athena.catalog import NAME, Catalog
from laptop.aws.athena.errors import InterruptedQueryError, LimitError, QueryError
from laptop.aws.athena.references import table_references
from laptop.aws.athena.results import Row, Text
from laptop.aws.athena.text import original_place, without_comments
from laptop.aws.athena.types import Type, trino_type
from laptop.aws.iam.authorization import Anybody

_SECONDS = 60  # how long Trino may take to answer one request; it answers in one or two


def _real(value: Any) -> str:
    return results.java_float(float(value))


def _binary(value: str) -> str:
    return base64.b64decode(value).hex(" ")


# Trino's REST API gives the other scalar types as the text that Athena shows.
SCALARS: Mapping[str, Text] = {
    "boolean": results.boolean,
    "double": lambda value: results.java_double(float(value)),
    "real": _real,
    "varbinary": _binary,
}


class TrinoEngine:
    """Sends queries to a Trino."""

    def __init__(self, url: str):
        self._url = url.rstrip("/")

    def query(self, sql: str, parameters: Sequence[str], catalog: Catalog, limit: int | None) -> TrinoQuery:
        """Prepare a query; Trino parses it when it starts."""
        return TrinoQuery(self._url, sql, parameters, catalog, limit)


class TrinoQuery:
    """One query."""

    def __init__(self, url: str, sql: str, parameters: Sequence[str], catalog: Catalog, limit: int | None):
        self.bytes_read = 0
        self._url = url
        self._sql = without_comments(sql).strip().removesuffix(";")
        self._parameters = parameters
        self._catalog = catalog
        self._limit = limit
        self._interrupted = False
        self._answer: dict[str, Any] = {}

    def start(self) -> Sequence[tuple[str, Type]]:
        """Check what the caller may read, send the query, and wait for its columns."""
        self._authorize()
        sql = differences.for_trino(self._sql)
        if self._parameters:
            quoted = sql.replace("'", "''")
            values = ", ".join(differences.for_trino(value) for value in self._parameters)
            sql = f"EXECUTE IMMEDIATE '{quoted}' USING {values}"
        headers = {
            "X-Trino-User": "athena",
            "X-Trino-Source": "laptop.aws",
            "X-Trino-Catalog": NAME,
            "X-Trino-Time-Zone": "UTC",
            **({"X-Trino-Schema": self._catalog.database} if self._catalog.database else {}),
        }
        self._take(Request(f"{self._url}/v1/statement", sql.encode(), headers, method="POST"))  # noqa: S310
        while "columns" not in self._answer and self._proceed():
            pass
        return [(column["name"], trino_type(column["type"])) for column in self._answer.get("columns") or []]

    def batches(self) -> Iterator[Sequence[Row]]:
        """Give the rows that have come, then ask for more."""
        kinds = [trino_type(column["type"]) for column in self._answer.get("columns") or []]
        shown = [results.renderer(kind, SCALARS) for kind in kinds]
        while True:
            yield [
                [None if value is None else show(value) for value, show in zip(row, shown, strict=True)]
                for row in self._answer.get("data") or []
            ]
            if not self._proceed():
                return

    def interrupt(self) -> None:
        """Cancel the query in Trino."""
        self._interrupted = True
        self._cancel()

    def close(self) -> None:
        """Cancel the query if it has not ended."""
        self._cancel()

    def _cancel(self) -> None:
        if following := self._answer.get("nextUri"):
            with contextlib.suppress(OSError):  # it has ended
                urlopen(Request(following, method="DELETE"), timeout=_SECONDS).close()  # noqa: S310

    def _proceed(self) -> bool:
        """Ask for what follows; False at the end."""
        if self._interrupted:
            raise InterruptedQueryError
        following = self._answer.get("nextUri")
        if following is None:
            return False
        self._take(Request(following))  # noqa: S310 - from Trino
        return True

    def _take(self, request: Request) -> None:
        for attempt in range(4):
            try:
                with urlopen(request, timeout=_SECONDS) as response:  # noqa: S310 - the operator's setting
                    self._answer = json.load(response)
                break
            except (URLError, TimeoutError) as error:
                # "Trino is busy": its documentation asks clients to try again.
                if getattr(error, "code", None) in (502, 503, 504) and attempt < 3:
                    time.sleep(0.1 * 2**attempt)
                    continue
                raise QueryError(
                    "GENERIC_INTERNAL_ERROR",
                    f"Trino did not answer at {self._url}: {error}. Start it, or unset ATHENA_ENGINE and"
                    " start the local AWS again to use the embedded engine.",
                ) from None
        self.bytes_read = self._answer["stats"].get("physicalInputBytes", self.bytes_read)
        if self._limit is not None and self.bytes_read > self._limit:
            raise LimitError(f"Bytes scanned limit was exceeded: {self.bytes_read} of {self._limit}")
        if failure := self._answer.get("error"):
            if self._interrupted:
                raise InterruptedQueryError
            raise QueryError(failure["errorName"], self._original_places(failure["message"]))

    def _original_places(self, message: str) -> str:
        found = re.match(r"line (\d+):(\d+):", message)
        if not found or self._parameters:
            return message
        line, column = original_place(self._sql, int(found[1]), int(found[2]))
        return f"line {line}:{column}:{message[found.end() :]}"

    def _authorize(self) -> None:
        """Refuse what the caller may not read: Trino itself reads with the server's own keys."""
        if isinstance(self._catalog.principal, Anybody):
            return
        for text in (self._sql, *(f"SELECT {value}" for value in self._parameters)):
            for reference in table_references(text):
                table = self._catalog.table(*reference)
                for partition in table.partitions:
                    self._catalog.files(partition.location)
