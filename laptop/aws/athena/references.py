"""Which tables of the catalog a query reads, so that its caller's rights can be checked before it runs."""

from __future__ import annotations

from collections.abc import Iterator

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from laptop.aws.athena.errors import QueryError


def table_references(sql: str) -> Iterator[tuple[str, str, str, str]]:
    """The tables that a query without comments refers to.

    Returns:
        Catalog and database ("" if the query does not name them), name, and place (`line 1:15`) of each.

    Raises:
        QueryError: It is more than a query over tables, or cannot be parsed: who may run it is unknown.
    """
    try:
        trees = sqlglot.parse(sql, read="trino")
    except (ParseError, TokenError) as error:
        raise _refusal(f"cannot be parsed ({str(error).splitlines()[0]})") from None
    tree = trees[0] if len(trees) == 1 else None
    if not isinstance(tree, exp.Query):
        raise _refusal("is not a query")
    for node in tree.walk():
        if isinstance(node, exp.Command | exp.DDL | exp.DML) and not isinstance(node, exp.Query):
            raise _refusal("is not a query")
        if isinstance(node, exp.With) and node.args.get("recursive"):
            raise _refusal("has WITH RECURSIVE")  # whether a name is its own depends on the query's form
        if not isinstance(node, exp.Table):
            continue
        if not isinstance(node.this, exp.Identifier):
            raise _refusal(f"has the table function {node.this.sql('trino')}")
        if node.db or node.name.lower() not in _visible_ctes(node):
            yield node.catalog, node.db, node.name, place(node.this)


def _visible_ctes(node: exp.Expr) -> set[str]:
    """The names that WITH gives a meaning where a node stands: those before it, and not its own."""
    names: set[str] = set()
    child, parent = node, node.parent
    while parent is not None:
        if isinstance(parent, exp.With):
            number = next(number for number, cte in enumerate(parent.expressions) if cte is child)
            before = parent.expressions[:number]
        else:
            with_ = parent.args.get("with_")
            before = with_.expressions if with_ is not None and with_ is not child else []
        names |= {cte.alias.lower() for cte in before}
        child, parent = parent, parent.parent
    return names


def place(identifier: exp.Expr) -> str:
    """Where an identifier stands in the query, as Athena's messages begin: `line 1:15`."""
    line, end = identifier.meta.get("line"), identifier.meta.get("col")
    quotes = 2 if identifier.args.get("quoted") else 0
    return f"line {line}:{end - len(identifier.name) - quotes + 1}" if line and end else "line 1:1"


def _refusal(why: str) -> QueryError:
    return QueryError(
        "NOT_SUPPORTED",
        f"Query not authorized: it {why}, so the tables that it reads are not known. Rewrite it, or run it"
        " with authorization off.",
    )
