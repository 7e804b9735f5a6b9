"""`make glue`: one script as a Glue job, with its output in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from laptop.aws.glue import script as glue_script
from laptop.aws.glue.script import ScriptError, run
from tests.laptop.conftest import make_bucket

SCRIPT = """
import sys
from helper import hello
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
print(hello, sys.argv[sys.argv.index("--day") + 1], spark.range(3).count(), spark.conf.get("spark.a"))
print(sys.argv[sys.argv.index("--lent") + 1])
"""


@pytest.fixture(autouse=True)
def _aws(aws: None) -> None:
    """The clients find the server in the environment."""


def test_a_script_runs_with_local_files_and_settings_and_leaves_nothing(
    tmp_path: Path, s3: Any, glue: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    script, helper = tmp_path / "a_script.py", tmp_path / "helper.py"
    script.write_text(SCRIPT)
    helper.write_text("hello = 'good day'")
    bucket = make_bucket(s3)
    glue.create_job(
        Name="lends",
        Role="r",
        GlueVersion="6.0",
        Command={"Name": "glueetl", "ScriptLocation": f"s3://{bucket}/src/a_script.py"},
        DefaultArguments={"--lent": "of the deployed job"},
    )
    try:
        extra = f"--extra-py-files {helper} --additional-python-modules 'boto3>=1'"
        status = run(script, f"--day 2026-01-31 {extra} --conf spark.a=b --conf spark.c=d")
    finally:
        glue.delete_job(JobName="lends")
    shown = capfd.readouterr()
    assert status == 0, shown
    assert "good day 2026-01-31 3 b\nof the deployed job\n" in shown.out
    assert "SUCCEEDED after" in shown.err
    assert not any(job["Name"].startswith("a_script-") for job in glue.get_jobs()["Jobs"])
    assert s3.list_objects_v2(Bucket=glue_script.BUCKET)["KeyCount"] == 0


def test_a_script_that_fails_says_why(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    script = tmp_path / "fails.py"
    script.write_text("print('before'); raise ValueError('no rows')")
    assert run(script, "") == 1
    shown = capfd.readouterr()
    assert "before\n" in shown.out
    assert "Traceback" in shown.out
    assert shown.err.rstrip().endswith("s: ValueError: no rows")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("day 2026-01-31", "'day' has no name"),
        ("--day 2026-01-31 --more", "--more has no value"),
        ("--day '2026", "No closing quotation"),
        ("--extra-py-files lost.py", "lost.py is not a file"),
    ],
)
def test_a_command_that_cannot_be_done_is_refused(tmp_path: Path, arguments: str, reason: str) -> None:
    script = tmp_path / "a.py"
    script.touch()
    with pytest.raises(ScriptError, match=reason):
        run(script, arguments)
    with pytest.raises(ScriptError, match="is not a file"):
        run(tmp_path / "lost.py", "")
