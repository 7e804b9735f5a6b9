"""What it costs to parse each DAG file, beside an empty DAG with the same imports."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from laptop.runner.environment import REPOSITORY, airflow_environment

ROUNDS = 5
"""Of each file and its empty DAG, one after the other."""
FILES = sorted((REPOSITORY / "dags").glob("*.py"))
HEAVY = ("pandas", "pyarrow", "numpy", "pyspark", "duckdb")
"""What no DAG file may import."""

TITLE = "Parsing the DAG files"
METHOD = f"""
CPU seconds in which the DAG processor's own code (`airflow.dag_processing.processor`) makes serialised DAGs
of a file, each time in a fresh process that has imported that code and nothing else: so the file's imports
are in it. Beside it stands a file that the benchmark writes: an empty DAG with the same imports, which are
the DAG file's own and those that Airflow adds while it makes the first task (its decorators, its
serialisation). {ROUNDS} times each, alternating; medians. Aim: at most 1.15 times the empty DAG. *Own
imports*: the empty DAG without what Airflow adds. *The DAG itself*: the file once more in the same
process, all imports being there.

The second table says where the imports' time goes: CPU seconds of each import, in the file's order, after
`airflow.sdk`. What two need is counted where it comes first.
"""

_PARSE = """
import json, sys, time
from pathlib import Path
from unittest.mock import Mock
from airflow.dag_processing import processor
from airflow.dag_processing.processor import DagFileParseRequest

request = DagFileParseRequest(
    file=sys.argv[1], bundle_path=Path(sys.argv[1]).parent, bundle_name="dags-folder", callback_requests=[]
)
seconds = []
for _ in range(2):
    began = time.process_time()
    result = processor._parse_file(request, Mock())
    seconds.append(time.process_time() - began)
if result.import_errors or len(result.serialized_dags) != 1:
    sys.exit(f"{sys.argv[1]}: {result.import_errors or 'no DAG'}")
print(json.dumps({"first": seconds[0], "again": seconds[1], "modules": sorted(sys.modules)}))
"""
_IMPORTS = """
import json, sys, time

seconds = {}
for line in ["from airflow.sdk import DAG", *json.loads(sys.argv[1])]:
    began = time.process_time()
    exec(line, {})
    seconds[line.split()[1]] = seconds.get(line.split()[1], 0) + time.process_time() - began
print(json.dumps(seconds))
"""


def measure() -> list[dict[str, Any]]:
    """Of each DAG file: CPU seconds of it, of the empty DAG, of the DAG itself, and of each import."""
    with tempfile.TemporaryDirectory(prefix="dag-parse-") as folder:
        environment = airflow_environment(
            Path(folder) / "airflow",
            endpoint_url="http://127.0.0.1:9",  # nobody: parsing asks nobody
            coingecko_url="http://127.0.0.1:9",
            time_travel=False,
        )
        environment["PYTHONPATH"] += f"{os.pathsep}{REPOSITORY / 'plugins'}"
        # Compiled modules are kept, as they are everywhere from the second parse on.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment["PYTHONPYCACHEPREFIX"] = str(Path(folder) / "compiled")
        return [_measure_file(file, Path(folder), environment) for file in FILES]


def table(figures: list[dict[str, Any]]) -> str:
    """The ratio of each file, then the imports."""
    lines = [
        "| DAG file | CPU seconds | empty DAG, same imports | ratio | own imports | the DAG itself, ms |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| `{file['file']}` | {file['seconds']:.2f} | {file['empty']:.2f} | **{file['ratio']:.3f}** | "
        f"{file['own']:.2f} | {1000 * file['again']:.0f} |"
        for file in figures
    ]
    heavy = sorted({name for file in figures for name in file["heavy"]})
    lines += [
        "",
        f"Imported while parsing, of {', '.join(HEAVY)}: {', '.join(heavy) or 'none'}.",
        "",
        "| import | " + " | ".join(f"`{file['file'].removesuffix('.py')}`" for file in figures) + " |",
        "|---|" + "---:|" * len(figures),
    ]
    modules = dict.fromkeys(name for file in figures for name in file["imports"])
    for name in modules:
        cells = (f"{file['imports'][name]:.2f}" if name in file["imports"] else "" for file in figures)
        if any(file["imports"].get(name, 0) >= 0.005 for file in figures):
            lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join([*lines, "", "Imports below 5 ms in every file are left out."])


def plot(figures: list[dict[str, Any]], axes: Any) -> None:
    """Each file beside its empty DAG, what is `airflow.sdk` alone apart."""
    names = [file["file"].removesuffix(".py") for file in figures]
    positions = range(len(names))
    axes.barh([p - 0.2 for p in positions], [file["seconds"] for file in figures], 0.36, label="DAG file")
    axes.barh(
        [p + 0.2 for p in positions],
        [file["empty"] for file in figures],
        0.36,
        label="empty DAG, same imports",
    )
    axes.set_yticks(list(positions), names)
    axes.invert_yaxis()
    axes.set_xlabel("CPU seconds")
    axes.legend()


def imports_of(source: str) -> list[str]:
    """The import statements that parsing a file executes at its top level."""
    return [
        ast.unparse(node) for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)
    ]


def _measure_file(file: Path, folder: Path, environment: dict[str, str]) -> dict[str, Any]:
    imports = imports_of(file.read_text())
    own = _empty_dag(folder / f"own_{file.name}", imports)
    modules, without = (_run_code(environment, _PARSE, str(one))["modules"] for one in (file, own))
    added = [name for name in modules if name not in set(without) and not name.startswith("unusual_prefix_")]
    same = _empty_dag(folder / f"same_{file.name}", [*imports, *(f"import {name}" for name in added)])
    _run_code(environment, _PARSE, str(same))  # its compiled form is kept, too
    runs: dict[Path, list[dict[str, Any]]] = {file: [], same: [], own: []}
    for number in range(ROUNDS):
        for one in list(runs) if number % 2 else reversed(runs):
            runs[one].append(_run_code(environment, _PARSE, str(one)))
    times = [_run_code(environment, _IMPORTS, json.dumps(imports)) for _ in range(3)]
    first = {one: median(run["first"] for run in runs[one]) for one in runs}
    print(f"{file.name}: {first[file]:.3f} s, empty {first[same]:.3f} s", flush=True)
    return {
        "file": file.name,
        "seconds": first[file],
        "empty": first[same],
        "ratio": first[file] / first[same],
        "own": first[own],
        "again": median(run["again"] for run in runs[file]),
        "heavy": sorted(set(HEAVY) & set(modules)),
        "imports": {name: median(time[name] for time in times) for name in times[0]},
    }


def _empty_dag(file: Path, imports: list[str]) -> Path:
    file.write_text(
        "\n".join([*imports, "from airflow.sdk import DAG", "with DAG('empty'):", "    pass", ""])
    )
    return file


def _run_code(environment: dict[str, str], code: str, argument: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", code, argument], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"a measurement failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])
