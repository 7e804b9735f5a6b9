"""docs/cost.md adds up: each line's figure is in the total, and its sentence about shares is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "cost.md").read_text("utf-8")
ROWS = re.findall(r"^\| (.+?) \| .* \| ([0-9.]+) \|$", PAGE, re.MULTILINE)
(TOTAL,) = re.findall(r"^\| \*\*together\*\* .*\*\*([0-9.]+)\*\* \|$", PAGE, re.MULTILINE)


def test_the_total_is_the_sum_of_its_lines() -> None:
    assert len(ROWS) >= 15
    assert sum(float(usd) for _, usd in ROWS) == pytest.approx(float(TOTAL), abs=0.005)


def test_airflows_share_is_what_the_page_says() -> None:
    airflow = sum(float(usd) for service, usd in ROWS if service.startswith(("MWAA:", "NAT")))
    (share,) = re.findall(r"are ([0-9]+) % of the bill", PAGE)
    (rest,) = re.findall(r"The rest of the lake costs some ([0-9]+) dollars", PAGE)
    assert round(airflow / float(TOTAL) * 100) == int(share)
    assert round(float(TOTAL) - airflow) == int(rest)
