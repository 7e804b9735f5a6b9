"""Generated queries get the same answers from the embedded engine and from a real Trino."""

from __future__ import annotations

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest

from laptop.aws.athena.embedded.engine import EmbeddedEngine
from laptop.aws.athena.trino_engine import TrinoEngine
from laptop.trino import tables
from laptop.trino.comparison import Answer, FileCatalog, answer, is_alike
from laptop.trino.generator import Generator

QUERIES = int(os.environ.get("QUERIES") or 0)
pytestmark = [
    pytest.mark.skipif(
        not (os.environ.get("TEST_TRINO") and QUERIES), reason="QUERIES: run make test-generated"
    ),
    pytest.mark.usefixtures("aws"),
]


def test_both_engines_answer_alike(tmp_path: Path, seed: int) -> None:
    tables.make(boto3.client("s3"), boto3.client("glue"), "generated")
    embedded, trino = EmbeddedEngine(), TrinoEngine(os.environ["ATHENA_ENGINE"])
    catalog = FileCatalog(tmp_path)

    def ask(sql: str) -> tuple[str, Answer, Answer | None]:
        given = answer(embedded, sql, catalog)
        refused = given.get("error") == "NOT_SUPPORTED"
        return sql, given, None if refused else answer(trino, sql, FileCatalog())

    differences, refused = [], 0
    with ThreadPoolExecutor(4) as pool:
        for sql, given, wanted in pool.map(ask, Generator(seed).queries(QUERIES)):
            if wanted is None:
                refused += 1
            elif not is_alike(given, wanted):
                differences.append(f"{sql}\n  embedded {given}\n  Trino    {wanted}")
                logging.getLogger(__name__).warning(differences[-1])
    assert not differences, "\n".join(differences)
    assert refused < QUERIES / 2
