"""docs/cost.md says what its inputs make, and the arithmetic is that of a bill done by hand."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "docs" / "cost.py"
NOTHING: dict[str, Any] = {"layers": {"processed": {"bytes": 0}}, "requests": {}, "scanned": [], "log": 0}


@pytest.fixture(scope="module")
def cost() -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(SCRIPT), run_name="cost"))


def footprint(**daily: Any) -> dict[str, Any]:
    run = {"layers": {name: {"bytes": 0} for name in ("bronze", "silver", "gold")}} | NOTHING | daily
    return {
        "runs": {
            "daily, 250 coins": run,
            "on arrival, one file": NOTHING,
            "on arrival, nothing new": NOTHING,
        },
        "metrics": 10,
    }


def layers(bronze: int, silver: int, gold: int) -> dict[str, dict[str, int]]:
    return {"bronze": {"bytes": bronze}, "silver": {"bytes": silver}, "gold": {"bytes": gold}}


def test_the_page_is_what_its_inputs_make() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_stale_page_is_refused_with_the_remedy_and_left_alone(
    cost: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "cost.md"
    page.write_text("of yesterday")
    assert cost.main(["--check", "--output", str(page)]) == 1
    assert "run 'make cost'" in capsys.readouterr().err
    assert page.read_text() == "of yesterday"


def test_a_bill_is_what_it_is_by_hand(cost: SimpleNamespace) -> None:
    measured = footprint(
        layers=layers(600_000_000, 200_000_000, 200_000_000),  # 1 GB a day
        requests={"S3 PUT": 1000, "S3 GET": 500, "Glue GetTable": 10},
        scanned=[4_000, 20_000_000],  # the first is billed as 10 MB
    )
    lines = {
        line.service: line.usd
        for line in cost.bill(
            cost.Scenario("one a day, no files", 250, 1, 0),
            measured,
            cost.Assumed(
                job_seconds=30, spark_puts=0, spark_gets=0, athena_puts=0, athena_gets=0, mwaa_log_gb=2
            ),
        )
    }
    days = 730 / 24
    assert lines == {
        "MWAA: environment": pytest.approx(357.70),
        "MWAA: metadata": pytest.approx(1.00),
        "NAT gateway, its address": pytest.approx(32.85 + 3.65 + 0.135),
        "Glue: jobs": pytest.approx(2 * days * 2 / 60 * 0.44),  # a minute at least
        "Glue: crawlers": pytest.approx(2 * days * 2 / 6 * 0.44),  # ten minutes at least
        "Glue: catalog": 0,
        "Athena": pytest.approx(days * 30e6 / 1e12 * 5),
        "S3: requests": pytest.approx(days * (0.005 + 0.0002)),
        "S3: storage, after a year": pytest.approx(365 * 0.023),
        "SQS": pytest.approx(730 * 3600 / 21 / 1e6 * 0.40),
        "CloudWatch: metrics, alarms": pytest.approx(3.00 + 0.50),
        "CloudWatch: logs": pytest.approx(1.00),
        "Secrets Manager": pytest.approx(0.80 + 0.05),
        "CloudFront, SNS, EventBridge, Budgets, KMS": 0,
    }


def test_each_run_of_a_day_is_counted_but_its_partition_is_stored_and_crawled_once(
    cost: SimpleNamespace,
) -> None:
    measured = footprint(layers=layers(100_000_000, 50_000_000, 50_000_000), scanned=[1])
    once, hourly = (
        {line.service: line.usd for line in cost.bill(cost.Scenario("", 250, runs, 0), measured)}
        for runs in (1, 24)
    )
    assert hourly["Glue: jobs"] == pytest.approx(24 * once["Glue: jobs"])
    assert hourly["Athena"] == pytest.approx(24 * once["Athena"])
    assert hourly["Glue: crawlers"] == once["Glue: crawlers"]
    assert hourly["S3: storage, after a year"] == pytest.approx(12.5 * once["S3: storage, after a year"])


def test_an_efficient_design_saves_and_never_costs(cost: SimpleNamespace) -> None:
    measured = footprint(layers=layers(1, 1, 30_000_000), scanned=[1])
    measured["runs"]["daily, 10,000 coins"] = measured["runs"]["daily, 250 coins"]
    saved = cost.savings(measured)
    assert all(one.small >= 0 and one.large >= 0 for one in saved)
    [scan] = [one for one in saved if "365 days" in one.what]
    assert scan.small == pytest.approx(730 / 24 * (30e6 * 365 - 30e6) / 1e12 * 5)
