"""Who may import whom: what keeps the folders apart. Each rule says why."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
OURS = (
    "benchmarks",
    "dags",
    "day_partitions",
    "docs",
    "include",
    "lake_provider",
    "laptop",
    "release",
    "silver_rules",
    "tests",
)

MAY_IMPORT: dict[str, tuple[set[str], str]] = {
    "dags": (
        {"include.crypto_lake", "include.orchestration", "lake_provider"},
        "DAG files only wire what the other folders do",
    ),
    "plugins": (
        {"lake_provider"},
        "MWAA's triggerer and web server see plugins.zip alone, without include/",
    ),
    "include/crypto_lake": (
        {"include.crypto_lake"},
        "the lake's rules are plain Python: no Airflow, no laptop",
    ),
    "include/orchestration": (
        {"include.crypto_lake", "include.orchestration", "lake_provider"},
        "what DAGs share runs on MWAA, where there is no laptop",
    ),
    "include/glue_scripts": (
        {"day_partitions", "silver_rules"},
        "a Glue run has the script and the modules that travel with it",
    ),
    "release": (
        {"include.crypto_lake", "release"},
        "a deployment to AWS needs nothing of the laptop",
    ),
    "laptop/aws": (
        {"laptop.aws"},
        "an AWS endpoint for any lake knows nothing of this one",
    ),
    "laptop/coingecko": (
        {"laptop.coingecko"},
        "a stand-in that shared code with the pipeline would share its mistakes",
    ),
    "laptop/lake": (
        {"include.crypto_lake", "laptop.aws", "laptop.coingecko", "laptop.lake"},
        "the only part that knows both this lake and the endpoint",
    ),
    "laptop/runner": (
        {
            "include.crypto_lake",
            "lake_provider.athena_rows",
            "laptop.aws.glue.script",
            "laptop.aws.process",
            "laptop.coingecko",
            "laptop.lake",
            "laptop.runner",
        },
        "starts and stops the others, looks into none of them, and prints what a query answers",
    ),
    "laptop/trino": (
        {"laptop.aws", "laptop.trino"},
        "what judges the endpoint's Athena is about tables of its own, not about this lake",
    ),
    "docs": (
        {"benchmarks.results", "dags", "include", "laptop.aws.athena.embedded.reference"},
        "what is generated says what the product's own files say",
    ),
    "benchmarks": (
        {"benchmarks", "include", "lake_provider", "laptop"},
        "measures the product, and never the tests",
    ),
    "tests": (
        set(OURS),
        "tests look at everything",
    ),
}
FOREIGN: dict[str, tuple[set[str], str]] = {
    "dags": ({"moto", "os", "pandas", "pyspark"}, "parsed every minute: nothing slow, no environment"),
    "plugins": ({"moto", "pandas", "pyspark"}, "loaded by every process of Airflow"),
    "include/crypto_lake": ({"airflow", "moto", "pyspark"}, "its tests need no Airflow and no Java"),
    "include/orchestration": ({"moto", "pyspark"}, "runs in Airflow's workers"),
    "include/glue_scripts": ({"airflow", "boto3", "pandas"}, "plain PySpark, as in any Glue job"),
    "laptop/aws": ({"airflow"}, "an AWS endpoint has no scheduler"),
    "release": ({"airflow", "moto", "pyspark"}, "deploys from a machine without either"),
}


def imports_of(file: Path) -> set[str]:
    """The modules that a file imports, in full: `from a import b` gives `a` and `a.b`."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def files_of(folder: str) -> list[Path]:
    files = [f for f in sorted((REPOSITORY / folder).rglob("*.py")) if "dags/include/" not in f.as_posix()]
    assert files, f"{folder} has no Python file: the test would prove nothing"
    return files


def within(name: str, allowed: set[str]) -> bool:
    """Whether a module is allowed, or is a package on the way to one that is."""
    return any(f"{name}.".startswith(f"{a}.") or a.startswith(f"{name}.") for a in allowed)


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_a_folder_imports_of_ours_only_what_it_may_know(folder: str) -> None:
    allowed, reason = MAY_IMPORT[folder]
    broken = {
        f"{file.relative_to(REPOSITORY)} imports {name}"
        for file in files_of(folder)
        for name in imports_of(file)
        if name.partition(".")[0] in OURS and not within(name, allowed)
    }
    assert not broken, f"{folder}: {reason}"


@pytest.mark.parametrize("folder", FOREIGN)
def test_a_folder_imports_no_library_that_it_must_not_need(folder: str) -> None:
    refused, reason = FOREIGN[folder]
    broken = {
        f"{file.relative_to(REPOSITORY)} imports {name}"
        for file in files_of(folder)
        for name in imports_of(file)
        if name.partition(".")[0] in refused
    }
    assert not broken, f"{folder}: {reason}"


def test_storing_bronze_knows_no_source() -> None:
    """A second source would store its pages with the same module."""
    stored_with = imports_of(REPOSITORY / "plugins/lake_provider/bronze.py")
    assert not {name for name in stored_with if name.startswith("lake_provider.")}


def test_every_folder_of_python_has_a_rule() -> None:
    ruled = {Path(folder).parts for folder in MAY_IMPORT} | {("docker",)}
    for file in REPOSITORY.glob("*/**/*.py"):
        parts = file.relative_to(REPOSITORY).parts[:-1]
        if not parts[0].startswith(".") and parts[0] not in {"dist"} and "include" not in parts[1:2]:
            known = any(parts[: len(rule)] == rule for rule in ruled)
            assert known or parts in {("include",), ("laptop",)}, f"{file} is in a folder without a rule"


@pytest.mark.parametrize("package", ["include", "laptop", "plugins", "release"])
def test_no_module_imports_itself_by_a_circle(package: str) -> None:
    modules = {
        file.relative_to(REPOSITORY).with_suffix("").as_posix().replace("/", "."): imports_of(file)
        for file in files_of(package)
    }
    names = {name.removeprefix("plugins.").removesuffix(".__init__"): name for name in modules}
    graph = {
        name: {names[found] for found in imported if found in names} - {name}
        for name, imported in modules.items()
        if not name.endswith("__init__")
    }
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle
