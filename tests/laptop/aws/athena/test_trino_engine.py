"""The Trino engine, with a server in Trino's place that answers one row and remembers what it was asked."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import pytest

from laptop.aws.athena.catalog import Catalog, File, Table
from laptop.aws.athena.errors import QueryError
from laptop.aws.athena.partition_projection import Partition
from laptop.aws.athena.trino_engine import TrinoEngine, TrinoQuery
from laptop.aws.athena.types import BIGINT
from laptop.aws.iam.authorization import ANYBODY, NotAuthorizedError, Principal

ROW = {"columns": [{"name": "n", "type": "bigint"}], "data": [[1]], "stats": {}}


@dataclass
class FakeTrino:
    url: str
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def trino() -> Iterator[FakeTrino]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            fake.asked.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            body = json.dumps(ROW).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake = FakeTrino(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield fake
    server.shutdown()
    thread.join()
    server.server_close()


class OneTable(Catalog):
    """A catalog whose caller may read `d.open`; of `d.hidden` not the files, and of `d.secret` nothing."""

    def __init__(self, principal: Principal):
        super().__init__(cast(Any, None), principal, "d")

    def table(self, catalog: str, database: str, name: str, place: str) -> Table:
        if name == "secret":
            raise NotAuthorizedError(f"glue:GetTable on {name}")
        return Table(database or "d", name, {"n": BIGINT}, {}, [Partition(f"s3://lake/{name}/", ())])

    def files(self, location: str) -> list[File]:
        if location != "s3://lake/open/":
            raise NotAuthorizedError(f"s3:GetObject on {location}")
        return []


def asked(
    trino: FakeTrino, sql: str, parameters: Sequence[str] = (), principal: Principal | None = None
) -> Any:
    """The rows of a query, asked by a caller with rights of its own."""
    catalog = OneTable(principal or Principal("analyst"))
    query: TrinoQuery = TrinoEngine(trino.url).query(sql, parameters, catalog, None)
    query.start()
    return [row for batch in query.batches() for row in batch]


def test_a_query_over_what_its_caller_may_read_reaches_trino(trino: FakeTrino) -> None:
    sql = "WITH o AS (SELECT n FROM d.open) SELECT n FROM o WHERE n IN (SELECT n FROM open)"
    assert asked(trino, sql) == [["1"]]
    assert trino.asked == [sql]


@pytest.mark.parametrize(
    ("sql", "parameters", "refusal"),
    [
        ("SELECT n FROM secret", [], "glue:GetTable on secret"),
        ("SELECT n FROM hidden", [], "s3:GetObject on s3://lake/hidden/"),
        ("SELECT n FROM open WHERE n IN (SELECT n FROM d.secret)", [], "GetTable on secret"),
        ("WITH o AS (SELECT n FROM secret) SELECT n FROM o", [], "GetTable on secret"),
        ("WITH secret AS (SELECT n FROM secret) SELECT n FROM secret", [], "GetTable on secret"),
        ("WITH secret AS (SELECT 1 AS n) SELECT n FROM d.secret", [], "GetTable on secret"),
        ("WITH a AS (SELECT n FROM secret), secret AS (SELECT 1) SELECT n FROM a", [], "GetTable on secret"),
        ("SELECT (WITH secret AS (SELECT 1) SELECT 1), n FROM secret", [], "GetTable on secret"),
        ("SELECT n FROM open UNION ALL SELECT n FROM secret", [], "GetTable on secret"),
        ("SELECT n FROM open CROSS JOIN secret", [], "GetTable on secret"),
        ("SELECT n FROM open /* */ JOIN -- it is\n secret USING (n)", [], "GetTable on secret"),
        ("TABLE secret", [], ""),
        ("SELECT n FROM open WHERE n = ?", ["(SELECT max(n) FROM secret)"], "GetTable on secret"),
    ],
)
def test_a_query_over_what_its_caller_may_not_read_never_reaches_trino(
    trino: FakeTrino, sql: str, parameters: list[str], refusal: str
) -> None:
    with pytest.raises((NotAuthorizedError, QueryError), match=re.escape(refusal)):
        asked(trino, sql, parameters)
    assert trino.asked == []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT n FROM open; SELECT n FROM secret",
        "SELECT * FROM TABLE(system.query('SELECT 1'))",
        "INSERT INTO open SELECT 1",
        "CREATE TABLE other AS SELECT n FROM open",
        "EXPLAIN ANALYZE SELECT n FROM secret",
        "EXECUTE IMMEDIATE 'SELECT n FROM secret'",
        "SHOW STATS FOR secret",
        "CALL system.sync_partition_metadata('d', 'secret', 'ADD')",
        "SELECT FROM WHERE",
        "WITH RECURSIVE secret AS (SELECT n FROM secret) SELECT n FROM secret",
        "WITH RECURSIVE a AS (SELECT n FROM secret), secret AS (SELECT 1 AS n) SELECT n FROM a",
        'SELECT n FROM U&"\\0073ecret"',
    ],
)
def test_what_cannot_be_checked_is_refused_by_name(trino: FakeTrino, sql: str) -> None:
    with pytest.raises(QueryError, match="NOT_SUPPORTED: Query not authorized: it "):
        asked(trino, sql)
    assert trino.asked == []


def test_without_authorization_trino_gets_every_query(trino: FakeTrino) -> None:
    assert asked(trino, "SHOW STATS FOR secret", principal=ANYBODY) == [["1"]]
    assert trino.asked == ["SHOW STATS FOR secret"]


def test_a_trino_that_is_not_there_is_named() -> None:
    engine = TrinoEngine("http://127.0.0.1:9")
    query = engine.query("SELECT 1", (), OneTable(ANYBODY), None)
    with pytest.raises(
        QueryError, match=r"Trino did not answer at http://127.0.0.1:9: .*unset ATHENA_ENGINE"
    ):
        query.start()
