"""The Glue scripts as they are deployed: all under one prefix that names their content.

A run of a job is told both addresses when it starts. So a deployment during a run never mixes two releases,
and a rollback of the DAG files brings back the scripts that belong to them.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from include.crypto_lake import layout

_FOLDER = Path(__file__).parents[1] / "glue_scripts"
_SHARED_MODULES = ("day_partitions.py", "silver_rules.py")


def script_keys(folder: Path = _FOLDER) -> dict[str, Path]:
    """Where each file goes in the lake's bucket."""
    files = sorted(folder.glob("*.py"))
    # infra/names.tf computes the same.
    content = "".join(f"{file.name}:{hashlib.sha256(file.read_bytes()).hexdigest()}" for file in files)
    prefix = f"{layout.GLUE_SCRIPTS}/{hashlib.sha256(content.encode()).hexdigest()[:12]}"
    return {f"{prefix}/{file.name}": file for file in files}


def script_prefix() -> str:
    """Where they all are in the lake's bucket, without the slash at the end."""
    return next(iter(script_keys())).rpartition("/")[0]


def script_arguments(job: str, bucket: str) -> dict[str, str]:
    """Arguments with which a run of a job takes this release's script and modules, whatever the job names."""
    address = f"s3://{bucket}/{script_prefix()}"
    return {
        "--scriptLocation": f"{address}/{job}.py",
        "--extra-py-files": ",".join(f"{address}/{module}" for module in _SHARED_MODULES),
    }
