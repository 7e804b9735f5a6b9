"""Queries of Athena's SQL in DuckDB's: FROM, WHERE, GROUP BY and so on, around `expressions`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlglot import exp

from laptop.aws.athena.catalog import Table
from laptop.aws.athena.embedded import casts, functions
from laptop.aws.athena.embedded.casts import FLOATS, UnsupportedTypeError, duckdb_type
from laptop.aws.athena.embedded.expressions import Expressions, direction, replace_scope
from laptop.aws.athena.embedded.scopes import Column, Plan, Relation, Scan, Scope, Value
from laptop.aws.athena.embedded.signatures import common_type
from laptop.aws.athena.errors import QueryError
from laptop.aws.athena.types import BIGINT, UNKNOWN, VARCHAR, Type

_SET_OPERATIONS: dict[type[exp.Expr], str] = {
    exp.Union: "UNION",
    exp.Except: "EXCEPT",
    exp.Intersect: "INTERSECT",
}
_CLAUSES = {
    "with_": ["WITH"],
    "expressions": ["SELECT"],
    "distinct": ["DISTINCT"],
    "from_": ["FROM", "VALUES", "UNNEST", "WITH ORDINALITY"],
    "joins": ["JOIN … ON", "JOIN … USING", "CROSS JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"],
    "where": ["WHERE"],
    "group": ["GROUP BY", "GROUPING SETS", "ROLLUP", "CUBE"],
    "having": ["HAVING"],
    "windows": ["WINDOW"],
    "order": ["ORDER BY"],
    "offset": ["OFFSET"],
    "limit": ["LIMIT", "FETCH FIRST"],
}
"""The parts of a SELECT that are translated, and how they are written."""
CLAUSES = [*(name for names in _CLAUSES.values() for name in names), *_SET_OPERATIONS.values()]

_GROUPABLE = ("tinyint", "smallint", "integer", "bigint", "real", "double", "decimal", "varchar", "boolean",
              "date", "timestamp", "timestamp with time zone", "varbinary", "unknown")  # fmt: skip


def is_groupable(kind: Type) -> bool:
    """Whether DuckDB finds the same values of a type equal as Trino."""
    if kind.name == "array":
        return is_groupable(kind.args[0]) and kind.args[0].name not in FLOATS
    if kind.name == "row":
        return all(is_groupable(part) and part.name not in FLOATS for _, part in kind.args)
    return kind.name in _GROUPABLE


class Queries(Expressions):
    """Translates one query.

    Args:
        sql: Its text.
        table: Finds a table of the catalog by catalog, database, name and place.
        now: When the query began.
    """

    def __init__(self, sql: str, table: Callable[[str, str, str, str], Table], now: datetime | None = None):
        super().__init__(sql, now)
        self._table = table
        self._ctes: list[tuple[str, Plan]] = []  # those that are visible, the innermost last
        self._names = 0
        self.scans: list[Scan] = []

    def translated(self, tree: exp.Expr) -> Plan:
        """The whole query; raises `QueryError`."""
        try:
            return self.query(tree, None)
        except UnsupportedTypeError as error:
            raise self.unsupported(tree, str(error)) from None

    def _name(self) -> str:
        self._names += 1
        return f"r{self._names}"

    def query(self, node: exp.Expr, parent: Scope | None) -> Plan:
        """Translate a query or subquery; `parent` is where it stands."""
        visible, windows = len(self._ctes), self.windows
        if isinstance(node, exp.Subquery):
            self.only(node, "this", "with_", "order", "limit", "offset")
        try:
            prefix = self._with(node, parent)
            if isinstance(node, exp.Select):
                plan = self._select(node, parent)
            elif isinstance(node, exp.SetOperation):
                plan = self._set_operation(node, parent)
            elif isinstance(node, exp.Values):
                self.only(node, "expressions", "order", "limit", "offset")
                plan = self._ended(node, self._values(node, parent))
            elif isinstance(node, exp.Subquery):
                plan = self._ended(node, self.query(node.this, parent))
            else:
                raise self.unsupported(node)
            return Plan(prefix + plan.sql, plan.columns)
        finally:
            del self._ctes[visible:]
            self.windows = windows

    def _with(self, node: exp.Expr, parent: Scope | None) -> str:
        with_ = node.args.get("with_")
        if with_ is None:
            return ""
        self.only(with_, "expressions")
        parts = []
        for cte in with_.expressions:
            self.only(cte, "this", "alias")
            plan = self.query(cte.this, parent)
            columns = self._renamed(cte, cte.args["alias"], plan.columns)
            name = f"w{len(self._ctes)}_{self._name()}"
            uses = sum(
                table.name.lower() == cte.alias.lower() and not table.db for table in node.find_all(exp.Table)
            )
            if uses > 1:  # what restricts one use does not restrict the other
                columns = [replace(column, origin=None) for column in columns]
            parts.append(f"{name} AS ({plan.sql})")
            self._ctes.append((cte.alias.lower(), Plan(name, columns)))
        return f"WITH {', '.join(parts)} "

    # SELECT

    def _select(self, node: exp.Select, parent: Scope | None) -> Plan:
        self.only(node, *_CLAUSES)
        if node.args.get("distinct"):
            self.only(node.args["distinct"])
        self.windows = {window.name.lower(): window for window in node.args.get("windows") or []}
        source, relations = self._from(node, parent)
        scope = Scope(relations, parent)
        where = ""
        if node.args.get("where"):
            condition = node.args["where"].this
            where = f" WHERE {self.boolean(condition, scope, 'WHERE clause')}"
            if not any(join.side for join in node.args.get("joins") or []):
                self._prune(condition, scope)

        items = self._expanded(node, scope)
        grouped, group = self._group(node, items, scope)
        aggregated = node.args.get("group") is not None or self._has_aggregates(node)
        selecting = replace_scope(
            scope, aggregates=True, windows=True, groups=grouped if aggregated else None
        )
        values = [
            self.value(item, selecting) if isinstance(item, exp.Expr) else self._whole(item, selecting, node)
            for item in items
        ]
        columns = [
            Column(
                self._column_name(item, number),
                value.kind,
                f"c{number}",
                None if aggregated else self._origin(item, scope),
            )
            for number, (item, value) in enumerate(zip(items, values, strict=True))
        ]
        for value in values:
            duckdb_type(value.kind)
        having = ""
        if node.args.get("having"):
            selecting_having = replace_scope(selecting, windows=False)
            having = f" HAVING {self.boolean(node.args['having'].this, selecting_having, 'HAVING clause')}"
        distinct = "DISTINCT " if node.args.get("distinct") else ""
        if distinct:
            for value in values:
                if not is_groupable(value.kind):
                    raise self.unsupported(node, f"DISTINCT of the type {value.kind}")
        order = self._order(node, items, columns, values, selecting, distinct=bool(distinct))
        shown = ", ".join(f"{self._typed(value)} AS c{number}" for number, value in enumerate(values))
        sql = f"SELECT {distinct}{shown}{source}{where}{group}{having}{order}{self._limit(node)}"
        is_plain = not (node.args.get("limit") or node.args.get("offset") or node.find(exp.Window))
        if not is_plain:
            columns = [replace(column, origin=None) for column in columns]
        return Plan(sql, columns)

    @staticmethod
    def _typed(value: Value) -> str:
        return f"CAST({value.sql} AS {duckdb_type(value.kind)})" if value.kind == UNKNOWN else value.sql

    def _expanded(self, node: exp.Select, scope: Scope) -> list[exp.Expr | Column]:
        """What is selected, with the columns that `*` stands for."""
        items: list[exp.Expr | Column] = []
        for item in node.expressions:
            star = item.this if isinstance(item, exp.Column) else item
            if not isinstance(star, exp.Star):
                items.append(item)
                continue
            self.only(star)
            qualifier = [part.name.lower() for part in item.parts[:-1]] if star is not item else []
            found = [relation for relation in scope.relations if relation.answers_to(qualifier)]
            if not found:
                if qualifier:
                    raise self.error(item, "TABLE_NOT_FOUND", f"Table '{'.'.join(qualifier)}' not found")
                raise self.error(
                    item, "COLUMN_NOT_FOUND", "SELECT * not allowed in queries without FROM clause"
                )
            if qualifier and any(relation.names == () for relation in scope.relations):
                raise self.unsupported(item, "a qualified * with USING")
            items += [column for relation in found for column in relation.columns if not column.hidden]
        return items

    def _whole(self, column: Column, scope: Scope, node: exp.Expr) -> Value:
        if scope.groups is not None and column.sql not in scope.groups:
            raise self.error(
                node,
                "EXPRESSION_NOT_AGGREGATE",
                f"Column '{column.name}' not in GROUP BY clause",
            )
        return Value(column.sql, column.kind)

    @staticmethod
    def _column_name(item: exp.Expr | Column, number: int) -> str:
        if isinstance(item, Column):
            return item.name
        if isinstance(item, exp.Alias):
            return item.alias.lower()
        if isinstance(item, exp.Column | exp.Identifier):
            return item.name.lower()
        if (
            isinstance(item, exp.Dot)
            and isinstance(item.expression, exp.Identifier)
            and not item.find(exp.Cast, exp.Anonymous, exp.Subquery, exp.Bracket, exp.Tuple)
        ):
            return item.expression.name.lower()
        return f"_col{number}"

    @staticmethod
    def _origin(item: exp.Expr | Column, scope: Scope) -> tuple[int, str] | None:
        if isinstance(item, Column):
            return item.origin
        inner = item.this if isinstance(item, exp.Alias) else item
        if not isinstance(inner, exp.Column):
            return None
        parts = [part.name.lower() for part in inner.parts if isinstance(part, exp.Identifier)]
        found = list(scope.find(parts[:-1], parts[-1]))
        return found[0].origin if len(found) == 1 else None

    def value(self, node: exp.Expr, scope: Scope) -> Value:
        """Translate an expression, which may have a name."""
        if isinstance(node, exp.Alias):
            self.only(node, "this", "alias")
            return super().value(node.this, scope)
        return super().value(node, scope)

    def _has_aggregates(self, node: exp.Select) -> bool:
        if node.args.get("having"):
            return True
        parts = [*node.expressions, *([node.args["order"]] if node.args.get("order") else [])]
        return any(self._is_aggregating(part) for part in parts)

    def _is_aggregating(self, node: exp.Expr) -> bool:
        if isinstance(node, exp.Query):
            return False
        if isinstance(node, exp.Window):
            call = node.this.this if isinstance(node.this, exp.Filter | exp.IgnoreNulls) else node.this
            return any(self._is_aggregating(child) for child in call.iter_expressions()) or any(
                self._is_aggregating(child) for child in node.iter_expressions() if child is not node.this
            )
        if isinstance(node, exp.GroupConcat):
            return True
        if isinstance(node, exp.Anonymous) and str(node.this).lower() in functions.AGGREGATES:
            return True
        return any(self._is_aggregating(child) for child in node.iter_expressions())

    def _group(
        self, node: exp.Select, items: Sequence[exp.Expr | Column], scope: Scope
    ) -> tuple[set[str], str]:
        """What a query groups by: the expressions, and the clause; the clause is empty without one."""
        group = node.args.get("group")
        if group is None:
            return set(), ""
        if group.args.get("all"):
            raise self.unsupported(node, "GROUP BY ALL")
        self.only(group, "expressions")
        grouped: set[str] = set()
        terms: list[str] = []
        for key in group.expressions:
            if isinstance(key, exp.GroupingSets | exp.Rollup | exp.Cube | exp.Tuple):
                terms.append(self._grouping_set(node, key, items, scope, grouped))
                continue
            value = self._grouping_key(node, key, items, scope)
            if not value.sql.startswith(("CAST(1", "'")):  # DuckDB may take a constant for a position
                grouped.add(value.sql if not value.sql.isdigit() else f"({value.sql})")
                terms.append(value.sql if not value.sql.isdigit() else f"({value.sql})")
        return grouped, f" GROUP BY {', '.join(terms) or '()'}"

    def _grouping_key(
        self, node: exp.Select, key: exp.Expr, items: Sequence[exp.Expr | Column], scope: Scope
    ) -> Value:
        if isinstance(key, exp.Literal) and not key.is_string and key.this.isdigit():
            number = int(key.this)
            if not 1 <= number <= len(items):
                raise self.error(
                    node, "INVALID_COLUMN_REFERENCE", f"GROUP BY position {number} is not in select list"
                )
            item = items[number - 1]
            value = Value(item.sql, item.kind) if isinstance(item, Column) else self.value(item, scope)
        else:
            value = self.value(key, scope)
        if not is_groupable(value.kind):
            raise self.unsupported(key, f"GROUP BY of the type {value.kind}")
        return value

    def _grouping_set(
        self,
        node: exp.Select,
        key: exp.Expr,
        items: Sequence[exp.Expr | Column],
        scope: Scope,
        grouped: set[str],
    ) -> str:
        """`ROLLUP (…)`, `CUBE (…)`, `GROUPING SETS (…)` or a list of keys in brackets."""
        parts = []
        for part in key.expressions:
            if isinstance(part, exp.Tuple | exp.GroupingSets | exp.Rollup | exp.Cube):
                parts.append(self._grouping_set(node, part, items, scope, grouped))
                continue
            column = part.unnest() if isinstance(part, exp.Paren) else part
            if not isinstance(column, exp.Column):
                code = "INVALID_COLUMN_REFERENCE" if isinstance(key, exp.Rollup) else "SYNTAX_ERROR"
                raise self.error(node, code, "GROUP BY expression must be a column reference")
            value = self._grouping_key(node, column, items, scope)
            grouped.add(value.sql)
            parts.append(value.sql)
        words: dict[type[exp.Expr], str] = {
            exp.GroupingSets: "GROUPING SETS ",
            exp.Rollup: "ROLLUP ",
            exp.Cube: "CUBE ",
        }
        return f"{words.get(type(key), '')}({', '.join(parts)})"

    def _order(
        self,
        node: exp.Select,
        items: Sequence[exp.Expr | Column],
        columns: Sequence[Column],
        values: Sequence[Value],
        scope: Scope,
        *,
        distinct: bool,
    ) -> str:
        order = node.args.get("order")
        if order is None:
            return ""
        aliases: dict[str, Value] = {}
        ambiguous = set()
        for item, column, value in zip(items, columns, values, strict=True):
            if column.name in aliases and aliases[column.name].sql != value.sql:
                ambiguous.add(column.name)
            if isinstance(item, exp.Alias) or column.name not in aliases:
                aliases[column.name] = value
        inner = replace_scope(scope, aliases=aliases)
        terms = []
        for term in order.expressions:
            self.only(term, "this", "desc", "nulls_first")
            key = term.this
            if isinstance(key, exp.Literal) and not key.is_string and key.this.isdigit():
                number = int(key.this)
                if not 1 <= number <= len(columns):
                    raise self.error(
                        term, "INVALID_COLUMN_REFERENCE", f"ORDER BY position {number} is not in select list"
                    )
                position, kind = number, columns[number - 1].kind
            else:
                if isinstance(key, exp.Column) and not key.table and key.name.lower() in ambiguous:
                    raise self.error(key, "AMBIGUOUS_NAME", f"Column '{key.name}' is ambiguous")
                value = self.value(key, inner)
                kind = value.kind
                positions = [number for number, item in enumerate(values, 1) if item.sql == value.sql]
                if not positions and distinct:
                    raise self.error(
                        key,
                        "EXPRESSION_NOT_IN_DISTINCT",
                        "For SELECT DISTINCT, ORDER BY expressions must appear in select list",
                    )
                position = positions[0] if positions else 0
                if not positions:
                    terms.append(value.sql + direction(term))
            if kind.name not in _GROUPABLE:
                raise self.unsupported(term, f"ORDER BY of the type {kind}")
            if position:
                terms.append(f"{position}{direction(term)}")
        return f" ORDER BY {', '.join(terms)}"

    def _limit(self, node: exp.Expr) -> str:
        sql = ""
        limit, offset = node.args.get("limit"), node.args.get("offset")
        if isinstance(limit, exp.Fetch):
            options = limit.args.get("limit_options")
            if options and (options.args.get("with_ties") or options.args.get("percent")):
                raise self.unsupported(limit, "FETCH … WITH TIES")
            count = limit.args.get("count")
            sql += f" LIMIT {self._count(count) if count else 1}"
        elif limit is not None:
            self.only(limit, "expression")
            if not (isinstance(limit.expression, exp.Var) and limit.expression.name.upper() == "ALL"):
                sql += f" LIMIT {self._count(limit.expression)}"
        if offset is not None:
            self.only(offset, "expression")
            sql += f" OFFSET {self._count(offset.expression)}"
        return sql

    def _count(self, node: exp.Expr) -> int:
        if not isinstance(node, exp.Literal) or not node.this.isdigit():
            raise self.unsupported(node, "LIMIT or OFFSET that is not a number")
        return int(node.this)

    def _ended(self, node: exp.Expr, plan: Plan) -> Plan:
        """A plan with the ORDER BY and LIMIT that follow it."""
        order, limit = node.args.get("order"), self._limit(node)
        if order is None and not limit:
            return plan
        name = self._name()
        terms = []
        relation = Relation((name,), [replace(c, sql=f"{name}.c{n}") for n, c in enumerate(plan.columns)])
        for term in order.expressions if order else ():
            self.only(term, "this", "desc", "nulls_first")
            if isinstance(term.this, exp.Literal) and not term.this.is_string and term.this.this.isdigit():
                number = int(term.this.this)
                if not 1 <= number <= len(plan.columns):
                    raise self.error(
                        term, "INVALID_COLUMN_REFERENCE", f"ORDER BY position {number} is not in select list"
                    )
                value = Value(f"{name}.c{number - 1}", plan.columns[number - 1].kind)
            else:
                value = self.value(term.this, Scope([relation]))
            if value.kind.name not in _GROUPABLE:
                raise self.unsupported(term, f"ORDER BY of the type {value.kind}")
            terms.append(value.sql + direction(term))
        by = f" ORDER BY {', '.join(terms)}" if terms else ""
        columns = [replace(column, origin=None) for column in plan.columns]
        return Plan(f"SELECT * FROM ({plan.sql}) AS {name}{by}{limit}", columns)  # noqa: S608 - translated

    # Set operations and VALUES

    def _set_operation(self, node: exp.Expr, parent: Scope | None) -> Plan:
        self.only(node, "this", "expression", "distinct", "with_", "order", "limit", "offset")
        word = _SET_OPERATIONS[type(node)]
        sides = [self.query(node.this, parent), self.query(node.expression, parent)]
        if len(sides[0].columns) != len(sides[1].columns):
            raise self.error(node, "TYPE_MISMATCH", f"{word} query has different number of fields")
        kinds: list[Type] = []
        for number, (one, other) in enumerate(zip(sides[0].columns, sides[1].columns, strict=True), 1):
            kind = common_type(one.kind, other.kind)
            if kind is None:
                raise self.error(
                    node,
                    "TYPE_MISMATCH",
                    f"column {number} in {word} query has incompatible types: {one.kind}, {other.kind}",
                )
            if (node.args.get("distinct") and kind.name not in _GROUPABLE) or (
                word != "UNION" and kind.name not in _GROUPABLE
            ):
                raise self.unsupported(node, f"{word} of the type {kind}")
            kinds.append(kind)
        word += "" if node.args.get("distinct") else " ALL"
        sqls = []
        for side in sides:
            parts = ", ".join(
                f"{casts.coerced(f'c{number}', column.kind, kind)} AS c{number}"
                for number, (column, kind) in enumerate(zip(side.columns, kinds, strict=True))
            )
            sqls.append(f"(SELECT {parts} FROM ({side.sql}))")  # noqa: S608 - translated
        columns = [
            Column(column.name, kind, f"c{number}")
            for number, (column, kind) in enumerate(zip(sides[0].columns, kinds, strict=True))
        ]
        return self._ended(node, Plan(f"{sqls[0]} {word} {sqls[1]}", columns))

    def _values(self, node: exp.Expr, parent: Scope | None) -> Plan:
        scope = Scope([], parent)
        rows = [
            [self.value(item, scope) for item in (row.expressions if isinstance(row, exp.Tuple) else [row])]
            for row in node.expressions
        ]
        if len({len(row) for row in rows}) != 1:
            raise self.error(node, "TYPE_MISMATCH", "Values rows have mismatched sizes")
        kinds: list[Type] = []
        for number in range(len(rows[0])):
            kind = UNKNOWN
            for row in rows:
                common = common_type(kind, row[number].kind)
                if common is None:
                    raise self.error(
                        node,
                        "TYPE_MISMATCH",
                        f"Values rows have mismatched types: {kind} vs {row[number].kind}",
                    )
                kind = common
            kinds.append(kind)
        listed = ", ".join(
            f"({', '.join(self._stored(value, kind) for value, kind in zip(row, kinds, strict=True))})"
            for row in rows
        )
        names = ", ".join(f"c{number}" for number in range(len(kinds)))
        columns = [Column(f"_col{number}", kind, f"c{number}") for number, kind in enumerate(kinds)]
        return Plan(f"SELECT * FROM (VALUES {listed}) AS {self._name()}({names})", columns)  # noqa: S608 - translated

    def _stored(self, value: Value, kind: Type) -> str:
        return f"CAST({self.coerced(value, kind)} AS {duckdb_type(kind)})"

    # FROM

    def _from(self, node: exp.Select, parent: Scope | None) -> tuple[str, list[Relation]]:
        from_ = node.args.get("from_")
        if from_ is None:
            return "", []
        sql, relations = self._item(from_.this, parent)
        for join in node.args.get("joins") or []:
            sql, relations = self._join(sql, relations, join, parent)
        return f" FROM {sql}", relations

    def _join(
        self, left: str, relations: list[Relation], join: exp.Join, parent: Scope | None
    ) -> tuple[str, list[Relation]]:
        self.only(join, "this", "side", "kind", "on", "using")
        side, kind = (join.side or "").upper(), (join.kind or "").upper()
        if kind not in ("", "INNER", "CROSS", "OUTER"):
            raise self.unsupported(join, f"{kind} JOIN")
        on, using = join.args.get("on"), join.args.get("using")
        if isinstance(join.this, exp.Unnest):
            if side not in ("", "LEFT") or using or (on is not None and not _is_true(on)):
                raise self.unsupported(join, "UNNEST in such a join")
            return self._unnest(join.this, Scope(relations, parent), left, outer_join=bool(side))
        right, added = self._item(join.this, parent)
        if side in ("RIGHT", "FULL"):
            relations = [relation.without_origins() for relation in relations]
        if side in ("LEFT", "FULL"):
            added = [relation.without_origins() for relation in added]
        if using:
            return self._using(left, relations, right, added, join)
        if on is None:
            if side or kind == "INNER":
                raise self.unsupported(join, "a join without ON")
            return f"{left} CROSS JOIN {right}", [*relations, *added]
        scope = Scope([*relations, *added], parent)
        condition = self.boolean(on, scope, "JOIN ON clause")
        if not side:
            self._prune(on, scope)
        if side and on.find(exp.Query):
            raise self.unsupported(join, "an outer join on a subquery")
        return f"{left} {side} JOIN {right} ON {condition}", scope.relations

    def _using(
        self,
        left: str,
        relations: list[Relation],
        right: str,
        added: list[Relation],
        join: exp.Join,
    ) -> tuple[str, list[Relation]]:
        conditions, shared = [], []
        names = [item.name.lower() for item in join.args["using"]]
        for name in names:
            sides = []
            for found in (relations, added):
                columns = list(Scope(found).find((), name))
                if len(columns) != 1:
                    code = "AMBIGUOUS_NAME" if columns else "COLUMN_NOT_FOUND"
                    raise self.error(join, code, f"Column '{name}' of USING is missing or ambiguous")
                sides.append(columns[0])
            one, other = (Value(column.sql, column.kind) for column in sides)
            conditions.append(self.compared(join, "=", one, other))
            kind = common_type(one.kind, other.kind)
            assert kind is not None  # noqa: S101 - for mypy: `compared` has looked
            both = f"COALESCE({self.coerced(one, kind)}, {self.coerced(other, kind)})"
            shared.append(Column(name, kind, both))
        rest = [
            replace(relation, columns=[c for c in relation.columns if c.name not in names])
            for relation in (*relations, *added)
        ]
        side = (join.side or "").upper()
        sql = f"{left} {side} JOIN {right} ON {' AND '.join(conditions)}"
        return sql, [Relation((), shared), *rest]

    def _item(self, node: exp.Expr, parent: Scope | None) -> tuple[str, list[Relation]]:
        """One item of FROM."""
        if isinstance(node, exp.Table):
            return self._table_item(node)
        if isinstance(node, exp.Unnest):
            return self._unnest(node, Scope([], parent))
        if isinstance(node, exp.Subquery):
            self.only(node, "this", "alias")
            plan = self.query(node.this, parent)
        elif isinstance(node, exp.Values):
            self.only(node, "expressions", "alias")
            plan = self._values(node, parent)
        else:
            raise self.unsupported(node, f"{type(node).__name__.upper()} in FROM")
        return self._named_plan(node, f"({plan.sql})", plan.columns)

    def _named_plan(
        self, node: exp.Expr, sql: str, columns: Sequence[Column], names: tuple[str, ...] = ()
    ) -> tuple[str, list[Relation]]:
        name, alias = self._name(), node.args.get("alias")
        if alias is not None:
            columns = self._renamed(node, alias, columns)
            names = (alias.name.lower(),) if alias.name else ()
        own = [replace(column, sql=f"{name}.c{number}") for number, column in enumerate(columns)]
        return f"{sql} AS {name}", [Relation(names or (f"\0{name}",), own)]

    def _renamed(self, node: exp.Expr, alias: exp.Expr, columns: Sequence[Column]) -> Sequence[Column]:
        self.only(alias, "this", "columns")
        names = [item.name.lower() for item in alias.args.get("columns") or []]
        shown = [column for column in columns if not column.hidden]
        if names and len(names) != len(shown):
            raise self.error(
                alias if alias.find(exp.Identifier) else node,
                "MISMATCHED_COLUMN_ALIASES",
                f"Column alias list has {len(names)} entries but '{alias.name}' has {len(shown)} columns"
                " available",
            )
        if not names:
            return columns
        return [replace(column, name=name) for column, name in zip(shown, names, strict=True)]

    def _table_item(self, node: exp.Table) -> tuple[str, list[Relation]]:
        self.only(node, "this", "db", "catalog", "alias", "sample")
        if sample := node.args.get("sample"):
            self.only(sample, "method", "percent", "size")
            share = sample.args.get("percent") or sample.args.get("size")
            if not isinstance(share, exp.Literal) or share.this != "100":
                raise self.unsupported(sample, "TABLESAMPLE of other than 100 percent")
        if not isinstance(node.this, exp.Identifier):
            called = node.this
            if isinstance(called, exp.Anonymous):
                raise self.error(
                    called, "FUNCTION_NOT_FOUND", f"Table function '{called.this}' not registered"
                )
            raise self.unsupported(node, f"{node.this.sql('trino')} in FROM")
        name = node.name.lower()
        if not node.db:
            for cte, plan in reversed(self._ctes):
                if cte == name:
                    return self._named_plan(node, plan.sql, plan.columns, (name,))
        table = self._table(node.catalog, node.db, node.name, self.place(node))
        number = len(self.scans)
        self.scans.append(Scan(table))
        kinds: Mapping[str, Type] = {**table.columns, **table.keys}
        columns = [
            Column(column, kind, f"c{place}", (number, column) if column in table.keys else None)
            for place, (column, kind) in enumerate(kinds.items())
        ]
        columns.append(Column("$path", VARCHAR, f"c{len(columns)}", hidden=True))
        return self._named_plan(
            node, f"scan_{number}", columns, ("awsdatacatalog", table.database, table.name)
        )

    def _unnest(
        self, node: exp.Unnest, scope: Scope, left: str = "", *, outer_join: bool = False
    ) -> tuple[str, list[Relation]]:
        """UNNEST of what is `left` of it, whose relations are the scope's; without that, of itself."""
        before = scope.relations
        self.only(node, "expressions", "alias", "offset")
        inner: list[str] = []  # what is unnested
        outer: list[str] = []  # the columns, of the inner ones u0, u1, …
        columns: list[Type] = []
        name = self._name()
        for item in node.expressions:
            value = self.value(item, scope)
            if value.kind.name == "map":
                for part, keys in zip(value.kind.args, ("map_keys", "map_values"), strict=True):
                    outer.append(f"u{len(inner)}")
                    inner.append(f"unnest({keys}({value.sql}))")
                    columns.append(part)
                continue
            if value.kind.name != "array":
                raise self.error(item, "INVALID_FUNCTION_ARGUMENT", f"Cannot unnest type: {value.kind}")
            element = value.kind.args[0]
            if element == UNKNOWN:
                raise self.unsupported(item, "UNNEST of an array without a type")
            if element.name == "row":
                for place, (_, part) in enumerate(element.args, 1):
                    outer.append(f"struct_extract_at(u{len(inner)}, {place})")
                    columns.append(part)
            else:
                outer.append(f"u{len(inner)}")
                columns.append(element)
            inner.append(f"unnest({value.sql})")
        if node.args.get("offset"):
            if len(node.expressions) != 1:
                raise self.unsupported(node, "WITH ORDINALITY over several arrays")
            value = self.value(node.expressions[0], scope)
            size = f"cardinality({value.sql})" if value.kind.name == "map" else f"len({value.sql})"
            outer.append(f"u{len(inner)}")
            inner.append(f"unnest(generate_series(1, CAST({size} AS BIGINT)))")
            columns.append(BIGINT)
        if outer_join:  # a row of NULLs where there is nothing to unnest
            lists = [sql.removeprefix("unnest(").removesuffix(")") for sql in inner]
            empty = " AND ".join(f"COALESCE(len({sql}), 0) = 0" for sql in lists)
            inner = [f"unnest(CASE WHEN {empty} THEN [NULL] ELSE {sql} END)" for sql in lists]
        # Beside the columns that it multiplies, unnest keeps their order; a join would not.
        kept = [column for relation in before for column in relation.columns]
        parts = [f"{column.sql} AS k{number}" for number, column in enumerate(kept)]
        parts += [f"{sql} AS u{number}" for number, sql in enumerate(inner)]
        shown = [f"k{number}" for number in range(len(kept))]
        shown += [f"{sql} AS c{number}" for number, sql in enumerate(outer)]
        source = f" FROM {left}" if left else ""
        sql = f"(SELECT {', '.join(shown)} FROM (SELECT {', '.join(parts)}{source}))"  # noqa: S608 - translated
        places = iter(range(len(kept)))
        moved = [
            replace(
                relation,
                columns=[replace(column, sql=f"{name}.k{next(places)}") for column in relation.columns],
            )
            for relation in before
        ]
        alias = node.args.get("alias")
        names = [item.name.lower() for item in alias.args.get("columns") or []] if alias else []
        offset = node.args.get("offset")
        if isinstance(offset, exp.Identifier) and names:
            names.append(offset.name.lower())
        if names and len(names) != len(columns):
            raise self.error(
                alias or node,
                "MISMATCHED_COLUMN_ALIASES",
                f"Column alias list has {len(names)} entries but '{alias.name if alias else ''}' has"
                f" {len(columns)} columns available",
            )
        if not names:
            raise self.unsupported(node, "UNNEST without names for its columns")
        own = [
            Column(label, kind, f"{name}.c{number}")
            for number, (label, kind) in enumerate(zip(names, columns, strict=True))
        ]
        label = alias.name.lower() if alias and alias.name else f"\0{name}"
        return f"{sql} AS {name}", [*moved, Relation((label,), own)]

    # Partitions

    def _prune(self, condition: exp.Expr, scope: Scope) -> None:
        """Let what a condition says about partition keys alone restrict the scans."""
        for conjunct in _conjuncts(condition):
            if conjunct.find(exp.Query):
                continue
            seen: list[Column] = []
            self._seen, before = seen, self._seen
            try:
                self.value(conjunct, scope)
            finally:
                self._seen = before
            scans = {column.origin[0] if column.origin else None for column in seen}
            if len(scans) != 1 or None in scans:
                continue
            (number,) = scans
            self._pruned = number
            try:
                self.scans[number].conditions.append(self.value(conjunct, scope).sql)  # type: ignore[index]
            except QueryError:
                pass
            finally:
                self._pruned = None


def _conjuncts(condition: exp.Expr) -> list[exp.Expr]:
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        return [*_conjuncts(condition.left), *_conjuncts(condition.right)]
    return [condition]


def _is_true(node: exp.Expr) -> bool:
    return isinstance(node, exp.Boolean) and bool(node.this)
