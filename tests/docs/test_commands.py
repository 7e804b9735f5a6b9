"""Every AWS command in the documentation can work: names, lengths, patterns and values are AWS's own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import airflow.api_fastapi.core_api
import jsonschema
import pytest
import yaml

from tests.docs import aws_cli
from tests.docs.shell import UNKNOWN, commands

REPOSITORY = Path(__file__).parents[2]
PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")])
SCHEDULED = "scheduled__2026-01-31T02:00:00+00:00"  # what <run> may be, the longest there is
OPENAPI = Path(airflow.api_fastapi.core_api.__file__).parent / "openapi" / "v2-rest-api-generated.yaml"


def scripts(page: str) -> Iterator[str]:
    """What a page gives to type: blocks for a shell, and code within the text that begins like a command."""
    yield from re.findall(r"^ *```bash\n(.*?)^ *```$", page, re.MULTILINE | re.DOTALL)
    text = re.sub(r"^ *```.*?^ *```$", "", page, flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"`((?:aws|airflow_api) [^`]+)`", text)


def documented() -> Iterator[Any]:
    for path in PAGES:
        for script in scripts(path.read_text("utf-8")):
            for words in commands(script):
                if is_call(words):
                    yield pytest.param(words, id=f"{path.name}: {' '.join(words)[:60]}")


def is_call(words: list[str]) -> bool:
    """Whether a command asks AWS or Airflow; the definition of `airflow_api` itself is none."""
    return words[0] in {"aws", "airflow_api"} and len(words) > 1 and words[5:7] != ["--method", UNKNOWN]


def as_aws(words: list[str]) -> list[str]:
    """`airflow_api` as docs/operations.md defines it for AWS."""
    _, method, path, *body = words
    path = re.sub(r"<[^>]+>", SCHEDULED, path)
    call = ["aws", "mwaa", "invoke-rest-api", "--name", "crypto-lake-dev", "--method", method, "--path", path]
    return [*call, "--body", *body] if body else call


@cache
def airflow_api() -> dict[str, Any]:
    """Airflow's own description of its REST API."""
    return yaml.load(OPENAPI.read_text("utf-8"), yaml.CSafeLoader)


def wrong_for_airflow(method: str, path: str, body: str | None) -> Iterator[str]:
    """What Airflow would refuse."""
    described = airflow_api()
    if "?" in path:
        yield f"{path}: a query string has a parameter of its own in InvokeRestApi"
        return
    known = f"/api/v2{path}".replace(UNKNOWN, "x")
    matching = [
        operations
        for template, operations in described["paths"].items()
        if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)), known)
    ]
    operation = next((found[method.lower()] for found in matching if method.lower() in found), None)
    if operation is None:
        yield f"Airflow has no {method} {path}"
        return
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if (schema is None) != (body is None):
        yield f"{method} {path} takes {'no' if schema is None else 'a'} body"
    elif body is not None:
        validator = jsonschema.Draft202012Validator({**schema, "components": described["components"]})
        for error in validator.iter_errors(json.loads(body.replace(UNKNOWN, "x"))):
            yield f"{method} {path}: {error.message}"


def problems(words: list[str]) -> list[str]:
    """All that is wrong with one command."""
    if words[0] == "airflow_api":
        words = as_aws(words)
    found = list(aws_cli.problems(words))
    if words[1:3] == ["mwaa", "invoke-rest-api"] and not found:
        given = dict(zip(words[3::2], words[4::2], strict=True))
        found += wrong_for_airflow(given["--method"], given["--path"], given.get("--body"))
    return found


@pytest.mark.parametrize("words", documented())
def test_the_command_can_work(words: list[str]) -> None:
    assert problems(words) == []


def test_commands_were_found_in_every_form() -> None:
    found = [param.values[0] for param in documented()]
    assert len(found) >= 40
    operations = {tuple(words[1:3]) for words in found if words[0] == "aws"}
    assert {("mwaa", "invoke-rest-api"), ("sqs", "get-queue-url"), ("s3", "cp")} <= operations
    assert any(words[:2] == ["airflow_api", "PATCH"] for words in found)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("aws glue get-crawlr --name x", "aws glue has no operation get-crawlr"),
        ("aws gleu get-crawler --name x", "aws has no command gleu get-crawler"),
        ("aws glue get-crawler", "aws glue get-crawler lacks Name"),
        ("aws glue get-crawler --crawler x", "has no option --crawler"),
        ("aws glue get-crawler --name x --query Crawler.Stat", "--query: Crawler has no Stat"),
        ("aws glue get-job-runs --job-name x --query 'JobRuns[].[Id, Stat]'", "JobRun has no Stat"),
        ("aws glue get-job-runs --job-name x --max-results 5000", "--max-results is not from 1 to 200: 5000"),
        ("aws glue get-job-runs --job-name x --max-results five", "--max-results is no number: five"),
        ("aws glue get-crawler --name x --output xml", "--output is one of"),
        (
            "aws cloudwatch set-alarm-state --alarm-name a --state-value RED --state-reason t",
            "one of OK, ALARM",
        ),
        (
            "aws sqs get-queue-attributes --queue-url u --attribute-names Arn",
            "--attribute-names is one of All",
        ),
        (
            "aws athena start-query-execution --query-string q --query-execution-context Databse=d",
            "no member",
        ),
        ("aws mwaa get-environment --name 1st", "--name does not match"),
        ("aws s3 cp only-one", "aws s3 cp takes 2 operands"),
        ("aws s3api delete-object --bucket b", "aws s3api delete-object lacks Key"),
        ("aws mwaa invoke-rest-api --name x --method FETCH --path /dags", "--method is one of GET"),
        ("aws mwaa invoke-rest-api --name x --method POST --path /dags/d/dagRuns --body '{'", "is no JSON"),
        ("airflow_api GET /dags/crypto_market_daily/dagRuns/<run>", "--path has 70 characters, of 1 to 64"),
        ("airflow_api GET '/dags/crypto_market_daily/dagRuns?limit=3'", "a query string has a parameter"),
        ("airflow_api GET /dag/crypto_market_daily", "Airflow has no GET /dag/crypto_market_daily"),
        ("airflow_api DELETE /importErrors", "Airflow has no DELETE /importErrors"),
        ("airflow_api PATCH /dags/d", "PATCH /dags/d takes a body"),
        ('airflow_api PATCH /dags/d \'{"is_paused": "maybe"}\'', "'maybe' is not of type 'boolean'"),
        ("airflow_api POST /dags/~/dagRuns/list '{\"limit\": 3}'", "limit"),
        ('x=$(aws sqs get-queue-url --queue "$1")', "has no option --queue"),
        ('f() { aws sqs get-queue-url \\\n --queue-name "$1" --query Url; }', "has no Url"),
    ],
)
def test_a_command_that_cannot_work_is_found(script: str, reason: str) -> None:
    found = [problem for words in commands(script) if is_call(words) for problem in problems(words)]
    assert any(reason in problem for problem in found), found
