"""The page that lists what the embedded engine answers, from the tables that it works by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from laptop.aws.athena.embedded import expressions, functions, lambdas, queries, zones
from laptop.aws.athena.embedded.casts import DUCKDB_TYPES

HEAD = """# What the embedded Athena answers

<!-- Written by `make docs` from the tables in laptop/aws/athena/embedded: change those, not this. -->

The embedded engine of [the local Athena](athena.md) answers queries that consist of what this page lists.
It refuses a query with anything else as `NOT_SUPPORTED`. It also refuses a query that meets a value for which
Trino's answer is not known. A real Trino answers all of Athena's queries.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *_sections()]).rstrip() + "\n"


def _sections() -> Iterator[str]:
    yield "## Queries\n"
    yield _listed(f"`{clause}`" for clause in queries.CLAUSES)
    yield "## Operators and other syntax\n"
    yield _listed(f"`{name}`" for name in expressions.syntax())
    yield "## Types\n"
    yield "Arrays, maps and rows of these, decimals, and:\n"
    yield _listed(f"`{name}`" for name in DUCKDB_TYPES if name != "unknown")
    yield "## Scalar functions\n"
    yield "| function | arguments |\n|---|---|"
    yield from _rows(functions.scalar_arguments())
    yield "\n## Functions with lambdas\n"
    yield _listed(f"`{name}`" for name in sorted(lambdas.RULES))
    yield "## Functions of time zones\n"
    yield _listed(f"`{name}`" for name in sorted(zones.FUNCTIONS))
    yield "## Functions that are syntax\n"
    yield _listed(f"`{name}`" for name in expressions.special())
    yield "## Aggregate functions\n"
    yield "| function | arguments |\n|---|---|"
    yield from _rows(functions.arguments(functions.AGGREGATES))
    yield "\n## Window functions\n"
    yield "| function | arguments |\n|---|---|"
    yield from _rows(functions.arguments(functions.WINDOWS))


def _listed(items: Iterable[str]) -> str:
    """Items in lines of a readable length."""
    lines, line = [], ""
    for item in items:
        if len(line) + len(item) > 96:
            lines.append(line)
            line = ""
        line += f"{item}, "
    return "\n".join([*lines, line]).rstrip().rstrip(",").replace(", \n", ",\n") + "\n"


def _rows(found: dict[str, list[str]]) -> Iterator[str]:
    for name, arguments in sorted(found.items()):
        yield f"| `{name}` | {'; '.join(arguments) or 'by a rule of its own'} |"
