"""Trino on the local Glue and S3: it creates, writes, changes and drops, and reads what it wrote.

Needs Trino's server in the folder that TRINO_SERVER names, and in TRINO_JAVA the home of a Java that runs it
(`make test-clients` brings and finds them).
"""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from laptop.runner.servers import free_port

SERVER, JAVA = os.environ.get("TRINO_SERVER"), os.environ.get("TRINO_JAVA")
pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(not (SERVER and JAVA), reason="TRINO_SERVER and TRINO_JAVA: run make test-clients"),
]
Query = Callable[[str], list[list[Any]]]


def configuration(folder: Path, port: int, aws: dict[str, str]) -> list[str]:
    """Write Trino's configuration; gives the command that starts it."""
    files = {
        "node.properties": {
            "node.environment": "test",
            "node.data-dir": folder / "data",
            "plugin.dir": f"{SERVER}/plugin",
        },
        "config.properties": {
            "coordinator": "true",
            "node-scheduler.include-coordinator": "true",
            "http-server.http.port": port,
            "discovery.uri": f"http://127.0.0.1:{port}",
        },
        "catalog/lake.properties": {
            "connector.name": "hive",
            "hive.metastore": "glue",
            "hive.metastore-cache-ttl": "0s",
            "hive.metastore.glue.region": aws["AWS_DEFAULT_REGION"],
            "hive.metastore.glue.endpoint-url": aws["AWS_ENDPOINT_URL"],
            "hive.metastore.glue.aws-access-key": aws["AWS_ACCESS_KEY_ID"],
            "hive.metastore.glue.aws-secret-key": aws["AWS_SECRET_ACCESS_KEY"],
            "fs.native-s3.enabled": "true",
            "s3.endpoint": aws["AWS_ENDPOINT_URL"],
            "s3.region": aws["AWS_DEFAULT_REGION"],
            "s3.path-style-access": "true",
            "s3.aws-access-key": aws["AWS_ACCESS_KEY_ID"],
            "s3.aws-secret-key": aws["AWS_SECRET_ACCESS_KEY"],
            "hive.non-managed-table-writes-enabled": "true",
        },
    }
    for name, properties in files.items():
        path = folder / "etc" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{key}={value}\n" for key, value in properties.items()))
    (folder / "etc/jvm.config").write_text("-server\n-Xmx2G\n-Djdk.attach.allowAttachSelf=true\n")
    etc = folder / "etc"
    return [
        f"{SERVER}/bin/launcher",
        "--etc-dir",
        str(etc),
        "--config",
        str(etc / "config.properties"),
        "run",
    ]


@pytest.fixture(scope="module")
def trino(aws_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Query]:
    folder, port = tmp_path_factory.mktemp("trino"), free_port()
    log = folder / "log"
    environment = {**os.environ, "JAVA_HOME": str(JAVA), "PATH": f"{JAVA}/bin:{os.environ['PATH']}"}
    command = configuration(folder, port, aws_environment)
    with log.open("wb") as output:
        server = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 400
        while "SERVER STARTED" not in log.read_text(errors="replace"):
            assert server.poll() is None, log.read_text(errors="replace")[-3000:]
            assert time.monotonic() < deadline, log.read_text(errors="replace")[-3000:]
            time.sleep(0.5)
        yield lambda sql: answer(f"http://127.0.0.1:{port}", sql)
    finally:
        server.terminate()
        server.wait()


def answer(url: str, sql: str) -> list[list[Any]]:
    headers = {"X-Trino-User": "test", "X-Trino-Catalog": "lake", "X-Trino-Schema": "sales"}
    request = urllib.request.Request(f"{url}/v1/statement", sql.encode(), headers)
    page = json.load(urllib.request.urlopen(request))
    rows = []
    while True:
        assert "error" not in page, f"{sql}: {page['error']['message']}"
        rows += page.get("data", [])
        if "nextUri" not in page:
            return rows
        page = json.load(urllib.request.urlopen(page["nextUri"]))


def test_trino_creates_writes_changes_and_drops(trino: Query, s3: Any, glue: Any, bucket: str) -> None:
    trino(f"CREATE SCHEMA sales WITH (location = 's3://{bucket}/sales/')")
    columns = "id bigint, name varchar, price double, amount decimal(10, 2), day date"
    trino(f"CREATE TABLE orders ({columns}) WITH (format = 'PARQUET')")
    trino(
        "INSERT INTO orders VALUES (1, 'a', 1.5, 10.25, DATE '2026-01-01'),"
        " (2, 'b', 2.5, 20, DATE '2026-01-02'), (3, NULL, NULL, NULL, NULL)"
    )
    assert trino("SELECT count(*), sum(price), sum(amount) FROM orders") == [[3, 4.0, "30.25"]]
    statistics = {row[0]: row for row in trino("SHOW STATS FOR orders")}
    assert statistics["id"][5:] == ["1", "3"]
    assert statistics["day"][5:] == ["2026-01-01", "2026-01-02"]
    kept = glue.get_column_statistics_for_table(
        DatabaseName="sales", TableName="orders", ColumnNames=["id", "amount"]
    )["ColumnStatisticsList"]
    assert [one["StatisticsData"]["Type"] for one in kept] == ["LONG", "DECIMAL"]
    assert kept[1]["StatisticsData"]["DecimalColumnStatisticsData"]["MaximumValue"]["Scale"] == 2

    partitioned = "format = 'PARQUET', partitioned_by = ARRAY['day']"
    trino(f"CREATE TABLE days WITH ({partitioned}) AS SELECT id, day FROM orders WHERE day IS NOT NULL")
    trino("INSERT INTO days VALUES (4, DATE '2026-01-02'), (5, DATE '2026-01-03')")
    by_day = "SELECT cast(day AS varchar), count(*) FROM days GROUP BY 1 ORDER BY 1"
    assert trino(by_day) == [["2026-01-01", 1], ["2026-01-02", 2], ["2026-01-03", 1]]
    values = [p["Values"] for p in glue.get_partitions(DatabaseName="sales", TableName="days")["Partitions"]]
    assert sorted(values) == [["2026-01-01"], ["2026-01-02"], ["2026-01-03"]]
    trino("DELETE FROM days WHERE day = DATE '2026-01-02'")
    assert trino(by_day) == [["2026-01-01", 1], ["2026-01-03", 1]]
    trino("ANALYZE days")
    trino("CALL system.sync_partition_metadata('sales', 'days', 'FULL')")
    assert trino(by_day) == [["2026-01-01", 1], ["2026-01-03", 1]]

    trino("CREATE VIEW cheap AS SELECT id FROM orders WHERE price < 2")
    assert trino("SELECT * FROM cheap") == [[1]]
    trino("CREATE OR REPLACE VIEW cheap AS SELECT id + 1 AS id FROM orders WHERE price < 2")
    assert trino("SELECT * FROM cheap") == [[2]]
    for form in ("ORC", "JSON", "AVRO"):
        trino(f"CREATE TABLE as_{form} WITH (format = '{form}') AS SELECT id, name FROM orders")
        assert trino(f"SELECT count(*), count(name) FROM as_{form}") == [[3, 2]]
    trino("ALTER TABLE orders ADD COLUMN note varchar")
    trino("INSERT INTO orders (id, note) VALUES (9, 'new')")
    assert trino("SELECT id FROM orders WHERE note = 'new'") == [[9]]
    trino("COMMENT ON TABLE orders IS 'what was sold'")
    assert glue.get_table(DatabaseName="sales", Name="orders")["Table"]["Description"] == "what was sold"
    s3.put_object(
        Bucket=bucket, Key="outside/", Body=b""
    )  # an external table's folder, as the console makes it
    trino(
        f"CREATE TABLE outside (id bigint) WITH (format = 'PARQUET', external_location = 's3://{bucket}/outside/')"
    )
    trino("INSERT INTO outside VALUES 7")
    assert trino("SELECT * FROM outside") == [[7]]
    assert trino("SHOW FUNCTIONS FROM lake.sales") == []

    trino("DROP VIEW cheap")
    trino("DROP TABLE days")
    assert not s3.list_objects_v2(Bucket=bucket, Prefix="sales/days")["KeyCount"]
    trino("DROP SCHEMA sales CASCADE")
    assert trino("SHOW SCHEMAS LIKE 'sales'") == []
    pages = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert {entry["Key"].partition("/")[0] for entry in pages} == {"outside"}, (
        "an external table's files stay"
    )
