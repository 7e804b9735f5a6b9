"""What CI's command takes from outside the repository, and what it says of what is not there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.product

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with that command alone, where `make` prints what it would do and with what."""
    for file in (".ci/run", "scripts/make-venv"):
        (tmp_path / "clone" / file).parent.mkdir(parents=True)
        shutil.copy(REPOSITORY / file, tmp_path / "clone" / file)
    command(tmp_path, "make", 'echo "$* ${COINGECKO_CAPTURES-none} ${TF_PLUGIN_DIR-none}"')
    for tool in ("bash", "dirname"):
        (tmp_path / "bin" / tool).symlink_to(str(shutil.which(tool)))
    return tmp_path / "clone"


def command(folder: Path, name: str, text: str) -> None:
    path = folder / "bin" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def run(clone: Path, **environment: str) -> tuple[list[str], list[str]]:
    """What was made, and what was left out."""
    done = subprocess.run(
        [clone / ".ci" / "run"],
        env={"PATH": str(clone.parent / "bin")} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines(), done.stderr.splitlines()


def share(folder: Path) -> None:
    (folder / "data" / "coingecko").mkdir(parents=True)
    command(folder / "terraform", "plugin-dir", "echo /a/mirror")
    (folder / "terraform" / "bin" / "plugin-dir").rename(folder / "terraform" / "plugin-dir")


FIRST, LAST = ["lint", "test", "test-thorough"], ["test-faults", "test-package"]
CLOCKS = [
    "test-clock AT=00:05",
    "test-clock AT=13:00 VENV=.local/python3.11 BASE_PYTHON=3.11",
    "test-clock AT=23:58 VENV=.local/python3.11 BASE_PYTHON=3.11",
]
INFRA = ["lint-infra", "test-infra"]


def test_alone_it_says_what_it_left_out(clone: Path) -> None:
    made, left_out = run(clone, COINGECKO_CAPTURES="/elsewhere", TF_PLUGIN_DIR="/elsewhere")
    assert made == [f"{target} none none" for target in (*FIRST, *LAST)]
    assert left_out == [
        'Left out: the tests marked "captures": there is no folder ../shared/data/coingecko.',
        "Left out: infra/ (make lint-infra, make test-infra): there is no Terraform on this machine.",
        'Left out: the tests marked "clock" at other hours (make test-clock): '
        "there is no C compiler on this machine.",
    ]


def test_without_a_mirror_terraform_downloads_its_provider(clone: Path) -> None:
    command(clone.parent, "terraform", "exit 0")
    made, left_out = run(clone)
    assert made == [f"{target} none none" for target in (*FIRST, *LAST, *INFRA)]
    assert "a mirror of Terraform's AWS provider, which is downloaded" in left_out[1]


def test_without_the_oldest_python_the_clock_is_shifted_on_the_other(clone: Path) -> None:
    command(clone.parent, "cc", "exit 0")
    made, left_out = run(clone, HOME=str(clone))
    assert made == [f"{target} none none" for target in (*FIRST, CLOCKS[0], *LAST)]
    assert 'Left out: the tests marked "clock" on Python 3.11: there is none on this machine.' in left_out


@pytest.mark.parametrize("named", [True, False], ids=["named", "beside the repository"])
def test_with_the_shared_folder_nothing_is_left_out(clone: Path, named: bool) -> None:
    folder = clone.parent / ("somewhere" if named else "shared")
    share(folder)
    for tool in ("terraform", "cc", "python3.11"):
        command(clone.parent, tool, "exit 0")
    made, left_out = run(clone, **({"SHARED": str(folder)} if named else {}))
    targets = (*FIRST, *CLOCKS, *LAST, *INFRA)
    assert made == [f"{target} {folder}/data/coingecko /a/mirror" for target in targets]
    assert left_out == []


def test_a_failure_ends_it_and_what_was_left_out_is_still_said(clone: Path) -> None:
    command(clone.parent, "make", 'test "$1" = lint')
    with pytest.raises(subprocess.CalledProcessError) as failure:
        run(clone)
    assert "Left out" in failure.value.stderr
