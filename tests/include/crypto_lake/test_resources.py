"""The placeholders of the declared resources have one list, and Terraform fills in the same ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from include.crypto_lake.resources import PLACEHOLDERS, RELEASE_PLACEHOLDERS, load_resources

REPOSITORY = Path(__file__).parents[3]


def test_each_value_stands_where_its_placeholder_stood() -> None:
    values = {name: f"the-{name.replace('_', '-')}" for name in PLACEHOLDERS}
    resources = load_resources(values)
    assert resources["buckets"]["lake"]["Bucket"] == "the-lake-bucket"
    assert resources["glue_jobs"]["silver_to_gold"]["Role"] == "the-silver-to-gold-role"
    assert "${" not in str(resources)


def test_a_placeholder_without_a_value_is_named() -> None:
    incomplete = dict.fromkeys(PLACEHOLDERS - {"glue_crawler_role"}, "x")
    with pytest.raises(ValueError, match="without a value: glue_crawler_role"):
        load_resources(incomplete)


def test_terraform_fills_in_the_same_placeholders() -> None:
    names = (REPOSITORY / "infra" / "names.tf").read_text(encoding="utf-8")
    values = re.search(r"^  values = \{$(.*?)^  \}$", names, flags=re.MULTILINE | re.DOTALL)
    assert values
    assert (
        set(re.findall(r"^    (\w+) +=", values[1], flags=re.MULTILINE))
        == PLACEHOLDERS | RELEASE_PLACEHOLDERS
    )


def test_the_files_use_every_placeholder() -> None:
    texts = [p.read_text(encoding="utf-8") for p in (REPOSITORY / "include" / "resources").glob("*.yaml")]
    assert set(re.findall(r"\$\{(\w+)\}", "".join(texts))) == PLACEHOLDERS | RELEASE_PLACEHOLDERS
