"""What `include/resources` declares, with the names of one environment filled in.

Terraform reads the same files with `yamldecode(templatefile(…))` (`infra/names.tf`); the laptop, the
deployment's checks and the tests read them here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from include.crypto_lake.glue_script_files import script_prefix

PLACEHOLDERS = frozenset(
    {
        "region",
        "account_id",
        "lake_bucket",
        "website_bucket",
        "bronze_to_silver_role",
        "silver_to_gold_role",
        "glue_crawler_role",
    }
)
"""What differs between environments: `${region}` and so on in the files."""
RELEASE_PLACEHOLDERS = frozenset({"glue_scripts"})
"""What differs between releases; filled in here."""

_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
_RESOURCES = Path(__file__).parents[1] / "resources"


def load_resources(values: Mapping[str, str]) -> dict[str, Any]:
    """Read the resource files.

    Args:
        values: A value for each of `PLACEHOLDERS`.

    Returns:
        The content of each file by its name without `.yaml`, in AWS's own shapes.

    Raises:
        ValueError: A placeholder has no value, or a file has one that is not in `PLACEHOLDERS`.
    """
    if missing := PLACEHOLDERS - values.keys():
        raise ValueError(f"Placeholders without a value: {', '.join(sorted(missing))}. Give each a value.")
    values = {**values, "glue_scripts": script_prefix()}
    resources = {}
    for path in sorted(_RESOURCES.glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        if unknown := set(_PLACEHOLDER.findall(text)) - PLACEHOLDERS - RELEASE_PLACEHOLDERS:
            raise ValueError(
                f"Unknown placeholders in {path.name}: {', '.join(sorted(unknown))}. "
                f"Add them to PLACEHOLDERS in {Path(__file__).name} and to infra/names.tf."
            )
        resources[path.stem] = yaml.safe_load(_PLACEHOLDER.sub(lambda found: values[found[1]], text))
    return resources


def growing_tables(crawlers: Mapping[str, Any]) -> set[str]:
    """The tables to which a crawler adds columns."""
    return {
        table
        for crawler in crawlers.values()
        if crawler["SchemaChangePolicy"]["UpdateBehavior"] == "UPDATE_IN_DATABASE"
        for target in crawler["Targets"]["CatalogTargets"]
        for table in target["Tables"]
    }
