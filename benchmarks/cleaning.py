"""How long a large dropped file takes, and how much memory, beside plain pandas."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import boto3

from laptop.aws.process import running
from laptop.lake.deployment import LAKE_BUCKET, deploy
from laptop.runner.environment import REPOSITORY, aws_environment

ROWS = 1_000_000
COINS = 10_000
"""Each comes again and again, every hour: the lake keeps its latest row a day."""
ROUNDS = 1
SWEEPS = (1_000, 10_000, 100_000)
"""Files in `raw/` that are listed, each of a day with ten of them."""

TITLE = "A dropped file of a million rows"
METHOD = f"""
A file of {ROWS:,} rows and 11 columns ({COINS:,} coins, every hour) lies in `raw/`, on the local AWS. In a
fresh process runs the function that the DAG's task calls (`on_arrival.processing.process`): it fetches the
file, cleans every row, refuses with reasons, keeps the latest row of each coin and day, and writes one
Parquet file a day. In another the yardstick: fetch the same file, `pandas.read_csv` or `read_json`,
`to_parquet`; no check, no merge. {ROUNDS} run(s) of each, in turns; medians of seconds, and of the processes'
highest memory (imports included). Aim: memory that does not grow with the file.

The sweep: what a run of the DAG does before it finds nothing new (`arrivals.find`), when `raw/` has that
many files and each is done. Its S3 is a stand-in that answers from memory, so the figure is the code's own
CPU time (the memory holds the stand-in's list, too); on AWS each 1,000 keys are one LIST request more.
"""


def measure() -> dict[str, Any]:
    """Of each shape: seconds and memory, ours and pandas'; of each sweep: CPU seconds and requests."""
    with tempfile.TemporaryDirectory(prefix="cleaning-") as folder:
        with running(Path(folder) / "aws") as endpoint_url:
            os.environ.update(aws_environment(endpoint_url))
            deploy(endpoint_url)
            files = [_make_file(name, write, Path(folder)) for name, write in SHAPES.items()]
        return {"files": files, "sweeps": [_run_child("sweep", str(count)) for count in SWEEPS]}


def table(figures: dict[str, Any]) -> str:
    """The files, then the sweeps."""
    lines = [
        "| file | MB | seconds | rows a second | memory, MB | pandas: seconds | memory, MB "
        "| ratio: time | memory |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for file in figures["files"]:
        ours, plain = file["ours"], file["pandas"]
        lines.append(
            f"| {file['shape']} | {file['megabytes']:.0f} | {ours['seconds']:.1f} | "
            f"{file['rows'] / ours['seconds']:,.0f} | "
            f"{ours['memory']:.0f} | {plain['seconds']:.1f} | {plain['memory']:.0f} | "
            f"**{ours['seconds'] / plain['seconds']:.1f}** | **{ours['memory'] / plain['memory']:.2f}** |"
        )
    lines += ["", "| files in `raw/` | days | sweep, CPU seconds | memory, MB | S3 requests | index, MB |"]
    lines += ["|---:|---:|---:|---:|---:|---:|"]
    lines += [
        f"| {sweep['files']:,} | {sweep['days']:,} | {sweep['seconds']:.2f} | {sweep['memory']:.0f} | "
        f"{sweep['requests']:,} | {sweep['index']:.1f} |"
        for sweep in figures["sweeps"]
    ]
    return "\n".join(lines)


def plot(figures: dict[str, Any], axes: Any) -> None:
    """Rows a second, ours beside pandas'."""
    names = [file["shape"] for file in figures["files"]]
    for offset, (who, label) in enumerate(
        (("ours", "the DAG's task"), ("pandas", "plain pandas, nothing checked"))
    ):
        speeds = [file["rows"] / file[who]["seconds"] for file in figures["files"]]
        axes.barh([p + 0.4 * offset - 0.2 for p in range(len(names))], speeds, 0.36, label=label)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel("rows a second")
    axes.legend()


def rows() -> Iterator[dict[str, Any]]:
    """The file's rows: what CoinGecko gives, of one coin after the other, hour after hour."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(ROWS):
        hour, coin = divmod(number, COINS)
        price = 50_000 / (coin + 1) * (1 + (number * 7919 % 1000 - 500) / 10_000)
        yield {
            "id": f"coin-{coin}",
            "symbol": f"c{coin}",
            "name": f"Coin {coin}",
            "current_price": price,
            "market_cap": int(price * 19_000_000),
            "market_cap_rank": coin + 1,
            "total_volume": price * 400_000,
            "high_24h": price * 1.02,
            "low_24h": price * 0.97,
            "price_change_percentage_24h": (number * 104_729 % 20_000 - 10_000) / 1_000,
            "last_updated": (start + timedelta(hours=hour, seconds=coin % 3600)).isoformat(),
        }


def _write_csv(file: IO[str]) -> None:
    for number, row in enumerate(rows()):
        if not number:
            file.write(",".join(row) + "\n")
        file.write(",".join(map(str, row.values())) + "\n")


def _write_json(file: IO[str]) -> None:
    for number, row in enumerate(rows()):
        file.write(("," if number else "[") + json.dumps(row))
    file.write("]")


def _write_json_lines(file: IO[str]) -> None:
    file.writelines(json.dumps(row) + "\n" for row in rows())


SHAPES: dict[str, Callable[[IO[str]], None]] = {
    "prices.csv": _write_csv,
    "prices.json": _write_json,
    "prices.jsonl": _write_json_lines,
    "prices.csv.gz": _write_csv,
}


def _make_file(name: str, write: Callable[[IO[str]], None], folder: Path) -> dict[str, Any]:
    path = folder / name
    with gzip.open(path, "wt") if name.endswith(".gz") else path.open("w") as file:
        write(file)
    key = f"raw/{name}"
    boto3.client("s3").upload_file(str(path), LAKE_BUCKET, key)
    megabytes = path.stat().st_size / 1e6
    path.unlink()
    runs: dict[str, list[dict[str, float]]] = {"ours": [], "pandas": []}
    for number in range(ROUNDS):
        for who in runs if number % 2 else reversed(runs):
            runs[who].append(_run_child(who, key))
    made = {
        who: {each: sorted(run[each] for run in runs[who])[ROUNDS // 2] for each in runs[who][0]}
        for who in runs
    }
    print(f"{name}: {made}", flush=True)
    return {"shape": name.removeprefix("prices."), "megabytes": megabytes, "rows": ROWS, **made}


def _run_child(*arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.cleaning", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"a measurement failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


# --- in a process of its own ---


def _process_file(key: str) -> None:
    from include.crypto_lake.on_arrival.arrivals import Arrival
    from include.crypto_lake.on_arrival.processing import process

    s3 = boto3.client("s3")
    head = s3.head_object(Bucket=LAKE_BUCKET, Key=key)
    arrival = Arrival(key, head["ETag"].strip('"'), head["LastModified"].astimezone(UTC).isoformat())
    outcome = process(s3, LAKE_BUCKET, arrival, currency="usd", run_id=f"run-{os.getpid()}", again=True)
    days = -(-ROWS // COINS // 24)
    if outcome.status != "processed" or outcome.rows != ROWS or len(outcome.days) != days or outcome.rejected:
        sys.exit(f"not what was expected: {outcome}")


def _read_with_pandas(key: str) -> None:
    import pandas as pd

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / key.removeprefix("raw/")
        boto3.client("s3").download_file(LAKE_BUCKET, key, str(path))
        frame = pd.read_csv(path) if ".csv" in key else pd.read_json(path, lines=key.endswith("l"))
        frame.to_parquet(Path(folder) / "prices.parquet")


class _Listing:
    """An S3 that lists files that are all done, and has their index."""

    def __init__(self, files: int) -> None:
        from include.crypto_lake.on_arrival import arrivals
        from include.crypto_lake.on_arrival.partitions import PREFIX

        now = datetime.now(UTC)
        self.requests = 0
        self.days = [
            f"{datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=n):%Y-%m-%d}" for n in range(files // 10)
        ]
        self.objects: dict[str, list[dict[str, Any]]] = {arrivals.RAW: [], PREFIX: []}
        index = {}
        for day in self.days:
            year, month, number = day.split("-")
            output = f"{PREFIX}year={year}/month={month}/day={number}/data.parquet"
            self.objects[PREFIX].append({"Key": output, "ETag": f'"{day}"', "Size": 1, "LastModified": now})
            sources = []
            for part in range(10):
                key, etag = f"raw/crypto_prices_{day}_{part}.json", f"{hash((day, part)) & (2**128 - 1):032x}"
                self.objects[arrivals.RAW].append(
                    {"Key": key, "ETag": f'"{etag}"', "Size": 1, "LastModified": now}
                )
                sources.append(
                    {"key": key, "etag": etag, "put_at": now.isoformat(), "days": [day], "rows": 250}
                    | {"rejected": 0, "superseded": 0, "run_id": f"asset_triggered__{now.isoformat()}_abcd"}
                )
            index[output] = {"etag": f'"{day}"', "sources": sources}
        self.index = json.dumps(index).encode()

    def get_paginator(self, _: str) -> _Listing:
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: ARG002, N803
        objects = self.objects.get(Prefix, [])
        for start in range(0, max(1, len(objects)), 1000):
            self.requests += 1
            yield {"Contents": objects[start : start + 1000]}

    def get_object(self, **_: str) -> dict[str, Any]:
        import io

        self.requests += 1
        return {"Body": io.BytesIO(self.index)}


def _measure_sweep(count: str) -> dict[str, float]:
    from include.crypto_lake.on_arrival import arrivals

    listing: Any = _Listing(int(count))
    began = time.process_time()
    if found := arrivals.find(listing, LAKE_BUCKET):
        sys.exit(f"{len(found)} were found, none was expected")
    seconds = time.process_time() - began
    return {
        "files": int(count),
        "days": len(listing.days),
        "seconds": seconds,
        "requests": listing.requests,
        "index": len(listing.index) / 1e6,
    }


def _peak_memory_mb() -> float:
    """Of this process, in MB; Linux's ru_maxrss would begin with the parent's."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    began, (what, argument) = time.monotonic(), sys.argv[1:]
    result = {"ours": _process_file, "pandas": _read_with_pandas, "sweep": _measure_sweep}[what](
        argument
    ) or {}
    print(
        json.dumps(
            {"seconds": time.monotonic() - began, "cpu": time.process_time(), "memory": _peak_memory_mb()}
            | result
        )
    )
