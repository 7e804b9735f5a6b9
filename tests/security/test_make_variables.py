"""What is given to `make` as DATE, FEED, ENV or a port is one argument of a program, and never code."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.product

REPOSITORY = Path(__file__).parents[2]
EVIL = [
    "it's mine",
    "x'; touch {planted}; '",
    "$(touch {planted})",
    "$(shell touch {planted})",
    "`touch {planted}`",
    '" && touch {planted} #',
    "$$HOME ${HOME}",
    "a\\",
    "two\nlines",
]


def commands(target: str, name: str, value: str, where: str) -> list[str]:
    """The words of what a target would run, and that is run as far as Make runs things by itself."""
    given = [f"{name}={value}"]
    done = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", target, *(given if where == "command line" else [])],
        cwd=REPOSITORY,
        env={key: text for key, text in os.environ.items() if key != "MAKEFLAGS"}
        | ({name: value} if where == "environment" else {}),
        capture_output=True,
        text=True,
        check=True,
    )
    return shlex.split(re.sub(r"\$'(?:[^'\\]|\\.)*'", plainly_quoted, done.stdout), comments=False)


def plainly_quoted(word: re.Match[str]) -> str:
    """A word that Bash knows how to read, as every shell does, and Python."""
    read = subprocess.run(["bash", "-c", f"printf %s {word[0]}"], capture_output=True, text=True, check=True)
    return shlex.quote(read.stdout)


@pytest.mark.parametrize(
    ("target", "name", "where"),
    [
        *(("run", "FEED", "command line"), ("run", "DATE", "command line"), ("smoke", "ENV", "command line")),
        *(("run", "FEED", "environment"), ("run", "DATE", "environment"), ("smoke", "ENV", "environment")),
        *(
            ("run", "COINS", "environment"),
            ("dev", "COINS", "environment"),
            ("dev", "FEED", "environment"),
            ("dev", "UI_PORT", "environment"),
            ("env", "AWS_PORT", "environment"),
            ("bench", "SECTIONS", "environment"),
        ),
    ],
)
def test_a_variable_is_one_word(tmp_path: Path, target: str, name: str, where: str) -> None:
    planted = tmp_path / "planted"
    for text in EVIL:
        value = text.replace("{planted}", str(planted))
        assert value in commands(target, name, value, where)
        assert not planted.exists(), value
