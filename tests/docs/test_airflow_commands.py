"""Every `airflow` command in the documentation runs, on a lake of a laptop."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterator

import pytest

from laptop.aws import process
from laptop.runner import __main__ as runner
from laptop.runner import state
from laptop.runner.run import DAG_ID
from tests.docs.test_commands import PAGES

pytestmark = pytest.mark.product

PLACEHOLDERS = {"$year": json.dumps({"from_date": "2026-01-30", "to_date": "2026-01-31"})}
"""Two days, where a reader would choose a year."""
ELSEWHERE = {  # tests/e2e/test_make_run.py runs these
    f"airflow dags test {DAG_ID} 2026-01-31",
    'airflow dags test crypto_market_backfill --conf "$year"',
}


def documented() -> Iterator[str]:
    for page in PAGES:
        text = re.sub(r"(`airflow [^`]*?)\n([^`]*`)", r"\1 \2", page.read_text("utf-8"))  # a wrapped line
        yield from re.findall(r"^airflow [^\n#]+", text, re.MULTILINE)
        yield from re.findall(r"`(airflow [a-z][^`]+)`", text)


COMMANDS = sorted({" ".join(command.split()) for command in documented()})
MENTIONED = [command for command in COMMANDS if "…" in command or len(command.split()) == 3]
WHOLE = [command for command in COMMANDS if command not in {*ELSEWHERE, *MENTIONED}]


@pytest.fixture(scope="module")
def _lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("laptop") / ".local"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(state, "STATE", folder)
        patch.setattr(state, "AWS_STATE", folder / "aws")
        patch.setattr(os, "environ", os.environ.copy())
        state.open_state()
        process.start(folder / "aws", module="laptop.lake", options=("--coingecko-port", "0"))
        yield
        process.stop(folder / "aws")


def test_the_commands_of_every_kind_were_found() -> None:
    assert set(COMMANDS) >= ELSEWHERE
    assert {command.split()[1] for command in WHOLE} == {"dags", "backfill", "db"}


@pytest.mark.usefixtures("_lake")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("command", WHOLE)
@pytest.mark.thorough
def test_it_runs(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    _, *words = shlex.split(command)
    words = [PLACEHOLDERS.get(word, word) for word in words]
    assert runner.main(["airflow", "--args", shlex.join(words)]) == 0, capfd.readouterr().err[-3000:]


@pytest.mark.usefixtures("_lake")
@pytest.mark.parametrize("command", MENTIONED)
@pytest.mark.thorough
def test_what_is_only_mentioned_is_a_command(command: str) -> None:
    assert runner.main(["airflow", "--args", shlex.join([*command.split()[1:3], "--help"])]) == 0
