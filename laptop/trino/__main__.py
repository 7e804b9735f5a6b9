"""The command line: `python -m laptop.trino record`."""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import boto3

from laptop.aws.athena import results
from laptop.aws.athena.embedded.signatures import FILE as FUNCTIONS
from laptop.aws.athena.trino_engine import TrinoEngine
from laptop.trino import tables
from laptop.trino.comparison import Answer, FileCatalog, answer, without_message
from laptop.trino.generator import Generator

CASES = Path(__file__).with_name("cases.sql")
ANSWERS = Path(__file__).with_name("answers.json")
GENERATED = Path(__file__).with_name("generated.json")
"""Queries of the generator, with their answers, in the same form."""
_GENERATED = 300  # queries


def cases() -> list[str]:
    """The queries of the file of cases: one a line, in families that a comment names."""
    lines = CASES.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("--")]


def read(file: Path) -> list[Answer]:
    """The queries of a file of answers, with these."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").rstrip("\n").split("\n")]


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m laptop.trino", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    record = commands.add_parser("record", help="write down what a Trino answers to the cases")
    record.add_argument("url", help="the Trino, whose catalog is the Glue and S3 that AWS_ENDPOINT_URL names")
    record.add_argument("--check", action="store_true", help="write nothing; fail if the answers are others")
    arguments = parser.parse_args(argv)

    tables.make(boto3.client("s3"), boto3.client("glue"), "cases")
    engine = TrinoEngine(arguments.url)
    generated = Generator(0).queries(_GENERATED)
    if arguments.check:  # those that are there: the generator makes others when its tables have changed
        generated = [recorded["sql"] for recorded in read(GENERATED)]
    answers, generated_answers = (_recorded(engine, queries) for queries in (cases(), generated))
    functions = "name\tresult\targuments\tkind\n" + "".join(
        "\t".join(cast(list[str], row[:4])) + "\n" for row in _rows(engine, "SHOW FUNCTIONS")
    )
    different = 0
    for file, content in ((ANSWERS, answers), (GENERATED, generated_answers), (FUNCTIONS, functions)):
        if not arguments.check:
            file.write_text(content, encoding="utf-8")
        elif file.read_text(encoding="utf-8") != content:
            before, after = (set(text.splitlines()) for text in (file.read_text(encoding="utf-8"), content))
            print(*(f"- {line}" for line in sorted(before - after)), sep="\n", file=sys.stderr)
            print(*(f"+ {line}" for line in sorted(after - before)), sep="\n", file=sys.stderr)
            different = 1
    done = "compared" if arguments.check else "recorded"
    print(f"{len(cases())} cases and {len(generated)} generated queries {done}")
    return different


def _recorded(engine: TrinoEngine, queries: list[str]) -> str:
    with ThreadPoolExecutor(4) as pool:  # most of a query's time is Trino's waiting
        found = list(pool.map(lambda sql: answer(engine, sql, FileCatalog()), queries))
    return "".join(
        f"{json.dumps({'sql': sql, **without_message(given)}, ensure_ascii=False)}\n"
        for sql, given in zip(queries, found, strict=True)
    )


def _rows(engine: TrinoEngine, sql: str) -> list[results.Row]:
    query = engine.query(sql, (), FileCatalog(), None)
    query.start()
    return [row for batch in query.batches() for row in batch]


if __name__ == "__main__":
    sys.exit(main())
