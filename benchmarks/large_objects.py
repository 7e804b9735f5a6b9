"""A large object on the local S3: how long it takes, and what of the server's memory."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import psutil

from laptop.aws import process
from laptop.runner.environment import aws_environment

MEGABYTE = 1 << 20
PART = 64 * MEGABYTE
PARTS = 32
READS = 20

TITLE = "A 2 GB object on the local S3"
METHOD = f"""
A multipart upload of {PARTS} parts of {PART // MEGABYTE} MB, four at a time; {READS} reads of 8 bytes at its
end, as a reader of Parquet begins; and all of it read once. The client runs on the same machine. The memory
is the resident set of the server, looked at every 50 ms. The aim: it does not grow with the object.
"""


def measure() -> dict[str, Any]:
    """Seconds of each step, and the most memory that the server had in it, in bytes."""
    with tempfile.TemporaryDirectory(prefix="large-objects-") as name:
        state = Path(name) / "aws"
        with process.running(state) as endpoint_url:
            server = psutil.Process(json.loads((state / process.RECORD).read_text())["pid"])
            return _steps(endpoint_url, server)


def _steps(endpoint_url: str, server: psutil.Process) -> dict[str, Any]:
    environment = aws_environment(endpoint_url)
    s3 = boto3.client(
        "s3",
        endpoint_url=endpoint_url,
        region_name=environment["AWS_DEFAULT_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
    s3.create_bucket(Bucket="lake")
    s3.put_object(Bucket="lake", Key="small", Body=b"1")
    address = {"Bucket": "lake", "Key": "big"}

    def upload() -> None:
        begun = s3.create_multipart_upload(**address)["UploadId"]

        def send(number: int) -> dict[str, Any]:
            body = bytes([number]) * PART
            part = s3.upload_part(**address, UploadId=begun, PartNumber=number, Body=body)
            return {"PartNumber": number, "ETag": part["ETag"]}

        with ThreadPoolExecutor(4) as pool:
            parts = list(pool.map(send, range(1, PARTS + 1)))
        s3.complete_multipart_upload(**address, UploadId=begun, MultipartUpload={"Parts": parts})

    def read_ends() -> None:
        for _ in range(READS):
            assert s3.get_object(**address, Range="bytes=-8")["Body"].read() == bytes([PARTS]) * 8

    def read_all() -> None:
        body = s3.get_object(**address)["Body"]
        assert sum(len(piece) for piece in iter(lambda: body.read(MEGABYTE), b"")) == PART * PARTS

    figures: dict[str, Any] = {"before": {"memory": server.memory_info().rss}}
    for name, step in (("upload", upload), ("ends", read_ends), ("all", read_all)):
        print(f"{name} …", flush=True)
        figures[name] = _watched(step, server)
    return figures


def _watched(step: Callable[[], None], server: psutil.Process) -> dict[str, float]:
    memory = []
    began = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(step)
        while not running.done():
            memory.append(server.memory_info().rss)
            time.sleep(0.05)
        running.result()
    return {"seconds": time.monotonic() - began, "memory": max(memory)}


def table(figures: dict[str, Any]) -> str:
    """Seconds and memory of each step."""
    names = {"upload": "upload", "ends": f"{READS} reads of the end", "all": "read all"}
    before = figures["before"]["memory"] / MEGABYTE
    rows = [
        f"| {text} | {figures[name]['seconds']:.1f} | {figures[name]['memory'] / MEGABYTE:.0f} |"
        for name, text in names.items()
    ]
    head = "| step | seconds | server's memory at most, MB |\n|---|---|---|\n"
    return f"{head}{chr(10).join([f'| before | | {before:.0f} |', *rows])}"
