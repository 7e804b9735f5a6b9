"""Athena's SQL on DuckDB: which tables and partitions a query needs, and the query in DuckDB's dialect.

sqlglot resolves names and types against the catalog, as strictly as Athena where it knows the types, and
translates. Partitions are chosen by evaluating the query's own predicates on partition keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import OptimizeError, ParseError, SqlglotError, TokenError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.pushdown_predicates import pushdown_predicates
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope
from sqlglot.schema import MappingSchema

_DIALECT = "athena"
_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}


class QueryError(Exception):
    """Why a query fails, as Athena's StateChangeReason says it: `TABLE_NOT_FOUND: …`."""

    def __init__(self, code: str, message: str):
        super().__init__(f"{code}: {message}")


class MalformedQueryError(Exception):
    """The text is not SQL: StartQueryExecution refuses it."""


@dataclass(frozen=True)
class Partition:
    """Where the files of a partition are, and its values in the order of the table's partition keys."""

    location: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table of the catalog.

    `columns` and `keys` are types by name, in the catalog's words (`array<string>`). A table without
    partition keys has one partition without values.
    """

    database: str
    name: str
    columns: Mapping[str, str]
    keys: Mapping[str, str]
    partitions: Sequence[Partition]


def duckdb_type(glue_type: str) -> str:
    """The catalog's type in DuckDB's words: `array<string>` is `TEXT[]`."""
    return _type(glue_type).sql(dialect="duckdb")


def _type(glue_type: str) -> exp.DataType:
    return exp.DataType.build(glue_type, dialect="hive")


def parse(sql: str, parameters: Sequence[str] = ()) -> exp.Expr:
    """Parse one statement, its `?` filled in; raises `MalformedQueryError`."""
    try:
        statements = [statement for statement in sqlglot.parse(sql, read=_DIALECT) if statement]
        values = [sqlglot.parse_one(parameter, read=_DIALECT) for parameter in parameters]
    except (ParseError, TokenError) as error:
        detail = error.errors[0] if isinstance(error, ParseError) and error.errors else {}
        where = f"line {detail['line']}:{detail['col']}: " if detail else ""
        raise MalformedQueryError(f"{where}{detail.get('description') or error}") from None
    if len(statements) != 1:
        raise MalformedQueryError(f"Only one sql statement is allowed. Got: {len(statements)}")
    tree = statements[0]
    placeholders = list(tree.find_all(exp.Placeholder, bfs=False))
    if len(placeholders) != len(values):
        counts = f"expected {len(placeholders)}, found {len(values)}"
        raise MalformedQueryError(f"Incorrect number of parameters: {counts}")
    for placeholder, value in zip(placeholders, values, strict=True):
        placeholder.replace(value)
    # The engine has statements that write, and takes them where Athena takes queries alone.
    for query in (tree, *(cte.this for cte in tree.find_all(exp.CTE))):
        if not isinstance(query, exp.Query | exp.Values):
            raise MalformedQueryError(f"line 1:1: mismatched input '{query.key.upper()}': expecting a query")
    return tree


def table_references(tree: exp.Expr) -> Iterator[exp.Table]:
    """The references to tables of the catalog in a query; raises `QueryError` for table functions."""
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            raise QueryError(
                "FUNCTION_NOT_FOUND", f"Table function {table.this.sql(_DIALECT)} not registered"
            )
        if table.db or table.name.lower() not in _ctes_visible_to(table):
            yield table


def _ctes_visible_to(table: exp.Table) -> set[str]:
    """The names that are no tables of the catalog: a CTE sees those before it, and itself if recursive."""
    names: set[str] = set()
    node: exp.Expr = table
    while (parent := node.parent) is not None:
        if isinstance(parent, exp.With):
            number = next(n for n, cte in enumerate(parent.expressions) if cte is node)
            visible = parent.expressions[: number + 1 if parent.recursive else number]
        elif isinstance(node, exp.With) or (with_ := parent.args.get("with_")) is None:
            visible = []
        else:
            visible = with_.expressions
        names |= {cte.alias.lower() for cte in visible}
        node = parent
    return names


def position(identifier: exp.Expr) -> str:
    """Where an identifier stands in the query, as Athena's messages begin: `line 1:15`."""
    line, end = identifier.meta.get("line"), identifier.meta.get("col")
    return f"line {line}:{end - len(identifier.name) + 1}" if line and end else "line 1:1"


class Query:
    """A query over tables of the catalog, its names and types resolved.

    Args:
        tree: A SELECT (or WITH, UNION, VALUES); its references to tables name their databases.
        tables: The tables it refers to, by database and name.

    Raises:
        QueryError: A column is unknown, or types do not go together.
    """

    def __init__(self, tree: exp.Expr, tables: Mapping[tuple[str, str], Table]):
        self._tables = tables
        _name_columns(tree)
        schema = MappingSchema(dialect=_DIALECT)
        for (database, name), table in tables.items():
            columns = {column: _type(kind) for column, kind in {**table.columns, **table.keys}.items()}
            schema.add_table(exp.table_(name, db=database, quoted=True), columns, dialect=_DIALECT)
        self._resolved = True
        try:
            qualified = qualify(tree.copy(), dialect=_DIALECT, schema=schema, expand_alias_refs=False)
            self._tree = annotate_types(qualified, schema=schema, dialect=_DIALECT)
        except OptimizeError as error:
            if found := re.match(
                r"Column '(.+?)' could not be resolved(?:. Line: (\d+), Col: (\d+))?", str(error)
            ):
                name, line, end = found.groups()
                start = int(end) - len(name) + 1 if end else 1
                message = f"line {line or 1}:{start}: Column '{name}' cannot be resolved"
                raise QueryError("COLUMN_NOT_FOUND", message) from None
            self._resolved, self._tree = False, tree  # more than sqlglot knows: DuckDB decides
            return
        _check_types(self._tree)
        _keep_dates(self._tree)

    def sql(self) -> str:
        """The query in DuckDB's dialect; its tables are `"database"."table"`."""
        _translate_format(self._tree)
        try:
            return self._tree.sql(dialect="duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)
        except SqlglotError as error:
            raise QueryError("NOT_SUPPORTED", f"the local AWS cannot translate this query: {error}") from None

    def partitions(self, table: Table) -> Sequence[Partition]:
        """The partitions of a table that the query's constant predicates on partition keys let through."""
        if not table.keys or not self._resolved:
            return table.partitions
        kept: set[int] = set()
        references = list(self._predicates_on_keys(table))
        if len(references) != self._count(table) or not all(references):
            return table.partitions
        for predicates in references:
            kept |= _matching(table, predicates)
        return [table.partitions[index] for index in sorted(kept)]

    def _count(self, table: Table) -> int:
        names = [(found.db, found.name) for found in self._tree.find_all(exp.Table)]
        return names.count((table.database, table.name))

    def _predicates_on_keys(self, table: Table) -> Iterator[list[exp.Expr]]:
        """For each reference to the table in a FROM, what restricts it by partition keys alone."""
        for scope in traverse_scope(pushdown_predicates(self._tree.copy(), dialect=_DIALECT)):
            select = scope.expression
            if not isinstance(select, exp.Select):
                continue
            joins = select.args.get("joins") or []
            conditions = [select.args.get("where"), *(join.args.get("on") for join in joins)]
            if any(join.side for join in joins):  # an outer join keeps rows that fail its predicates
                conditions = []
            conjuncts = list(_conjuncts(conditions))
            for alias, (_, source) in scope.selected_sources.items():
                if isinstance(source, exp.Table) and (source.db, source.name) == (table.database, table.name):
                    yield [conjunct for conjunct in conjuncts if _only_on(conjunct, alias, table.keys)]


def _conjuncts(conditions: Sequence[exp.Expr | None]) -> Iterator[exp.Expr]:
    for condition in conditions:
        if condition is None:
            continue
        expression = condition.this if isinstance(condition, exp.Where) else condition
        expression = expression.unnest()
        if isinstance(expression, exp.And):
            yield from _conjuncts([expression.left, expression.right])
        else:
            yield expression


def _only_on(conjunct: exp.Expr, alias: str, keys: Mapping[str, str]) -> bool:
    columns = list(conjunct.find_all(exp.Column))
    if not columns or conjunct.find(exp.Query, exp.Rand):
        return False
    return all(column.table == alias and column.name in keys for column in columns)


def _matching(table: Table, predicates: Sequence[exp.Expr]) -> set[int]:
    """The indices of the partitions for which all predicates hold."""
    typed = ", ".join(
        f'CAST(v[{number}] AS {duckdb_type(kind)}) AS "{key}"'
        for number, (key, kind) in enumerate(table.keys.items(), 1)
    )
    conditions = []
    for predicate in predicates:
        bare = predicate.copy()
        for column in bare.find_all(exp.Column):
            column.set("table", None)
        conditions.append(f"({bare.sql(dialect='duckdb')})")
    values = [list(partition.values) for partition in table.partitions]
    with duckdb.connect(config={"enable_external_access": False}) as database:
        database.execute("SET TimeZone = 'UTC'")
        database.execute(
            "CREATE TABLE listed AS SELECT unnest(range(len($1))) AS i, unnest($1::VARCHAR[][]) AS v",
            [values],
        )
        listed = f"(SELECT i, {typed} FROM listed)"  # noqa: S608 - the catalog's own names
        try:
            found = database.execute(f"SELECT i FROM {listed} WHERE {' AND '.join(conditions)}")  # noqa: S608
            return {row[0] for row in found.fetchall()}
        except duckdb.ConversionException as error:
            message = f"{table.database}.{table.name}: {error}"
            raise QueryError("HIVE_INVALID_PARTITION_VALUE", message) from None
        except duckdb.Error:  # a predicate that needs more than the keys: read everything
            return set(range(len(table.partitions)))


def _name_columns(tree: exp.Expr) -> None:
    """Name what has no name as Athena does: `_col0`."""
    for select in tree.find_all(exp.Select):
        for index, projection in enumerate(select.expressions):
            if not isinstance(projection, exp.Alias | exp.Aliases | exp.Column | exp.Star | exp.Dot):
                projection.replace(exp.alias_(projection.copy(), f"_col{index}"))


_TEXT = exp.DataType.TEXT_TYPES
_NUMBER = exp.DataType.NUMERIC_TYPES
_TIME = exp.DataType.TEMPORAL_TYPES


def _check_types(tree: exp.Expr) -> None:
    """Refuse to compare text with dates and the like, which DuckDB would cast and Athena does not."""
    for node in tree.find_all(*_COMPARISONS, exp.Between, exp.In):
        if isinstance(node, exp.Between):
            others = [node.args["low"], node.args["high"]]
            message = (
                f"Cannot check if {_shown(node.this)} is BETWEEN {_shown(others[0])} and {_shown(others[1])}"
            )
        elif isinstance(node, exp.In):
            others = node.expressions
            message = f"IN value and list items must be the same type: {_shown(node.this)}"
        else:
            others = [node.expression]
            operands = f"{_shown(node.this)} {_COMPARISONS[type(node)]} {_shown(node.expression)}"
            message = f"Cannot apply operator: {operands}"
        if any(_differ(node.this, other) for other in others):
            raise QueryError("TYPE_MISMATCH", f"{_place(node)}: {message}")


def _family(node: exp.Expr) -> str | None:
    kind = node.type.this if node.type else None
    families = {"text": _TEXT, "number": _NUMBER, "time": _TIME, "boolean": {exp.DataType.Type.BOOLEAN}}
    return next((family for family, kinds in families.items() if kind in kinds), None)


def _differ(one: exp.Expr, other: exp.Expr) -> bool:
    families = {_family(one), _family(other)}
    return None not in families and len(families) == 2


def _shown(node: exp.Expr) -> str:
    if isinstance(node, exp.Literal) and node.is_string:
        return f"varchar({len(node.this)})"
    return node.type.sql(dialect="trino").lower() if node.type else "unknown"


def _place(node: exp.Expr) -> str:
    identifier = next((found for found in node.find_all(exp.Identifier) if found.meta.get("line")), None)
    return position(identifier) if identifier else "line 1:1"


def _keep_dates(tree: exp.Expr) -> None:
    """A date plus an interval is a date; DuckDB makes it a timestamp."""
    for node in list(tree.find_all(exp.Add, exp.Sub, exp.DateAdd, exp.DateSub)):
        if node.type and node.type.this == exp.DataType.Type.DATE:
            node.replace(exp.cast(node.copy(), "date"))


def _translate_format(tree: exp.Expr) -> None:
    """Athena's FORMAT takes Java's `%d`; DuckDB's function of that name takes `{}`, its printf `%d`."""
    for node in list(tree.find_all(exp.Format)):
        node.replace(exp.func("printf", node.this.copy(), *(value.copy() for value in node.expressions)))
