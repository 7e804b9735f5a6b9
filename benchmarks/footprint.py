"""What a run leaves and asks for: objects and bytes by layer, requests by service. The cost model's base."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3

from include.crypto_lake import layout
from laptop.aws.process import running
from laptop.coingecko.demo_market import market
from laptop.coingecko.stand_in import running_stand_in
from laptop.lake.deployment import LAKE_BUCKET, WEBSITE_BUCKET, deploy
from laptop.runner.environment import airflow_environment, aws_environment, prepare_database

COINS = (250, 10_000)
DAY = date(2026, 1, 31)

TITLE = "What a run leaves and asks for"
METHOD = f"""
The daily DAG once with {COINS[0]} and once with {COINS[1]:,} coins (a made-up market with fields as long as
the real ones), each a day of its own, then the on-arrival DAG with one dropped file and with none, on
the local AWS. A proxy before it counts every request of Airflow; what Spark and Athena themselves ask of S3
it does not see. No aim: these figures are what the [cost model](../docs/cost.md) and
[growth](../docs/growth.md) are computed from. They are counts and bytes; of them only the polls of waiting
tasks (`GetJobRun`, `GetLogEvents`) depend on the machine.
"""

LAYERS = {
    "bronze": (LAKE_BUCKET, "bronze/"),
    "silver": (LAKE_BUCKET, "silver/"),
    "gold": (LAKE_BUCKET, "gold/"),
    "processed": (LAKE_BUCKET, "processed/"),
    "raw": (LAKE_BUCKET, "raw/"),
    "manifests": (LAKE_BUCKET, "manifests/"),
    "quarantine": (LAKE_BUCKET, "quarantine/"),
    "Athena's results": (LAKE_BUCKET, "athena/"),
    "website data": (WEBSITE_BUCKET, "data/"),
}


def measure() -> dict[str, Any]:
    """Of each run: objects and bytes it added by layer, its requests, its queries' bytes, its log's bytes."""
    with (
        tempfile.TemporaryDirectory(prefix="footprint-") as name,
        running(Path(name) / "aws") as endpoint_url,
    ):
        folder = Path(name)
        os.environ.update(aws_environment(endpoint_url))
        deploy(endpoint_url)
        (folder / "feed").mkdir()
        days = {coins: DAY + timedelta(days=number) for number, coins in enumerate(COINS)}
        for coins, day in days.items():
            feed = json.dumps(coins_of(day, coins), separators=(",", ":"), ensure_ascii=False)
            (folder / "feed" / f"{day}.json").write_text(feed)
        runs = {}
        with (
            counting(endpoint_url) as (proxy_url, requests),
            running_stand_in(str(folder / "feed")) as stand_in,
        ):
            environment = airflow_environment(
                folder / "airflow", endpoint_url=proxy_url, coingecko_url=stand_in.url, time_travel=True
            )
            prepare_database(environment)

            def run(name: str, dag_id: str, day: date, coins: int) -> None:
                variable = json.loads(environment["AIRFLOW_VAR_CRYPTO_LAKE"]) | {"coins": coins}
                before, queries = _count_objects(), _query_ids()
                requests.clear()
                log = _dags_test(environment | {"AIRFLOW_VAR_CRYPTO_LAKE": json.dumps(variable)}, dag_id, day)
                after = _count_objects()
                runs[name] = {
                    "layers": {
                        layer: {
                            kind: after[layer][kind] - before[layer][kind] for kind in ("objects", "bytes")
                        }
                        for layer in LAYERS
                        if after[layer] != before[layer]
                    },
                    "requests": dict(sorted(requests.items())),
                    "scanned": sorted(_scanned_bytes(_query_ids() - queries)),
                    "log": len(log),
                }
                print(f"{name}: {runs[name]}", flush=True)

            for coins, day in days.items():
                run(f"daily, {coins:,} coins", "crypto_market_daily", day, coins)
            body = json.dumps(coins_of(DAY, COINS[0])).encode()
            boto3.client("s3").put_object(Bucket=LAKE_BUCKET, Key=f"raw/crypto_prices_{DAY}.json", Body=body)
            run("on arrival, one file", "crypto_prices_on_arrival", DAY, COINS[0])
            run("on arrival, nothing new", "crypto_prices_on_arrival", DAY + timedelta(days=1), COINS[0])
        metrics = boto3.client("cloudwatch").list_metrics(Namespace="CryptoLake")["Metrics"]
        return {"runs": runs, "metrics": len(metrics), "day": str(DAY), "coins": list(COINS)}


def table(figures: dict[str, Any]) -> str:
    """Bytes and objects by layer, then requests, then queries."""
    runs = figures["runs"]
    layers = [layer for layer in LAYERS if any(layer in run["layers"] for run in runs.values())]
    kinds = sorted({kind for run in runs.values() for kind in run["requests"]})
    lines = ["| new, kB (objects) | " + " | ".join(runs) + " |", "|---|" + "---:|" * len(runs)]
    for layer in layers:
        found = (run["layers"].get(layer) for run in runs.values())
        cells = (f"{each['bytes'] / 1000:,.0f} ({each['objects']})" if each else "" for each in found)
        lines.append(f"| {layer} | {' | '.join(cells)} |")
    lines += ["", "| requests | " + " | ".join(runs) + " |", "|---|" + "---:|" * len(runs)]
    for kind in kinds:
        cells = (f"{run['requests'].get(kind, 0) or ''}" for run in runs.values())
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    scanned = (
        f"{len(run['scanned'])}, {max(run['scanned'], default=0) / 1000:,.0f} kB" for run in runs.values()
    )
    logs = (f"{run['log'] / 1000:,.0f}" for run in runs.values())
    lines += [
        f"| Athena: queries, most bytes of one | {' | '.join(scanned)} |",
        f"| Airflow's log, kB | {' | '.join(logs)} |",
        "",
        f"Metrics of its own in CloudWatch: {figures['metrics']}.",
    ]
    return "\n".join(lines)


def coins_of(day: date, count: int) -> list[dict[str, Any]]:
    """A made-up market of any size: copies of the demo's coins, with each number changed.

    So as many different values lie in the files as in real ones; the logos' addresses are of real length.
    """
    rows = market(day)
    image = "https://coin-images.coingecko.com/coins/images/{}/large/{}.png?1696501400"
    found = []
    for number in range(count):
        copy, row = divmod(number, len(rows))
        coin_id = rows[row]["id"] + (f"-{copy}" if copy else "")
        factor = 1 + (number * 7919 % 10_007) / 100_000 if copy else 1
        changed = {
            name: type(value)(float(f"{value * factor:.9g}"))
            for name, value in rows[row].items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        }
        found.append(
            rows[row]
            | changed
            | {
                "id": coin_id,
                "name": f"{rows[row]['name']} {copy}" if copy else rows[row]["name"],
                "image": image.format(number + 1, coin_id),
                "market_cap_rank": number + 1,
            }
        )
    return found


@contextmanager
def counting(endpoint_url: str) -> Iterator[tuple[str, Counter[str]]]:
    """A proxy before an endpoint, and what it has counted: `S3 GET`, `Glue StartJobRun`, …."""
    counts: Counter[str] = Counter()
    target = endpoint_url.removeprefix("http://")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self) -> None:
            body = self._read_body()
            counts[_billed_kind(self.command, self.path, dict(self.headers), body)] += 1
            upstream = http.client.HTTPConnection(target, timeout=600)
            headers = {
                k: v for k, v in self.headers.items() if k.lower() not in ("expect", "transfer-encoding")
            }
            upstream.request(self.command, self.path, body, headers | {"Content-Length": str(len(body))})
            answer = upstream.getresponse()
            content = answer.read()
            self.send_response_only(answer.status)
            for key, value in answer.getheaders():
                if key.lower() not in ("connection", "transfer-encoding", "content-length"):
                    self.send_header(key, value)
            length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
            self.send_header("Content-Length", length or "0")
            self.end_headers()
            self.wfile.write(content)
            upstream.close()

        def _read_body(self) -> bytes:
            if "chunked" not in self.headers.get("Transfer-Encoding", ""):
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = forward  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", counts
    finally:
        server.shutdown()
        server.server_close()


_SERVICES = {
    "AWSGlue": "Glue",
    "AmazonAthena": "Athena",
    "AmazonSQS": "SQS",
    "GraniteServiceVersion20100801": "CloudWatch",
}


def _billed_kind(method: str, path: str, headers: dict[str, str], body: bytes) -> str:
    """A request's service and action, as AWS bills them: S3 by PUT (with COPY, POST, LIST), GET, DELETE."""
    lower = {key.lower(): value for key, value in headers.items()}
    if action := lower.get("x-amz-target"):
        service, _, name = action.rpartition(".")
        service = _SERVICES.get(service, service)
        return f"{service.split('_')[0]} {name}"
    scope = re.search(r"Credential=[^/]+/\d+/[^/]+/(\w+)/", lower.get("authorization", ""))
    service = scope[1] if scope else "s3"
    if service != "s3":
        action = re.search(rb"Action=(\w+)", body)
        return f"{service} {action[1].decode() if action else path.rsplit('/', 1)[-1]}"
    is_list = method == "GET" and ("list-type" in path or "delimiter" in path or path.count("/") < 2)
    return f"S3 {'LIST' if is_list else method}"


def _dags_test(environment: dict[str, str], dag_id: str, day: date) -> bytes:
    done = subprocess.run(
        [sys.executable, "-m", "airflow", "dags", "test", dag_id, str(day)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode or b"state=failed" in done.stdout:
        raise RuntimeError(f"{dag_id} of {day} failed:\n{done.stdout.decode()[-4000:]}")
    return done.stdout


def _count_objects() -> dict[str, dict[str, int]]:
    s3 = boto3.client("s3")
    found = {}
    for layer, (bucket, prefix) in LAYERS.items():
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        sizes = [entry["Size"] for page in pages for entry in page.get("Contents", [])]
        found[layer] = {"objects": len(sizes), "bytes": sum(sizes)}
    return found


def _query_ids() -> set[str]:
    athena = boto3.client("athena")
    return set(athena.list_query_executions(WorkGroup=layout.WORKGROUP)["QueryExecutionIds"])


def _scanned_bytes(queries: set[str]) -> list[int]:
    athena = boto3.client("athena")
    return [
        athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Statistics"][
            "DataScannedInBytes"
        ]
        for query in queries
    ]
