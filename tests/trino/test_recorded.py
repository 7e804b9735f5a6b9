"""A real Trino beside the local AWS gives the answers that were recorded, and is an engine of its Athena."""

from __future__ import annotations

import os

import pytest

from laptop.trino.__main__ import main
from tests import athena

pytestmark = [
    pytest.mark.skipif(not os.environ.get("TEST_TRINO"), reason="TEST_TRINO: run make test-trino"),
    pytest.mark.usefixtures("aws"),
]


def test_trino_gives_the_recorded_answers(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["record", os.environ["ATHENA_ENGINE"], "--check"]) == 0, capfd.readouterr().err


def test_athena_answers_with_trino_what_the_embedded_engine_refuses() -> None:
    rows = athena.rows(athena.run("SELECT histogram(x) AS h FROM (VALUES 1, 1, 2) AS t(x)", "cases"))
    assert rows == [{"h": "{2=1, 1=2}"}]
