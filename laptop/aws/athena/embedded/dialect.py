"""Athena's SQL as sqlglot parses it: functions keep their names, and only Trino's syntax passes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError

from laptop.aws.athena import text
from laptop.aws.athena.errors import MalformedQueryError, QueryError

REMEDY = (
    "The embedded engine does not have it. Rewrite the query, or use a Trino: set ATHENA_ENGINE to its URL"
    " (docs/athena.md)."
)
# sqlglot has no name for these; Trino's parser has no other use for them.
_FOREIGN = {
    "::": "mismatched input ':'",
    "`": "backquoted identifiers are not supported; use double quotes to quote identifiers",
    "==": "mismatched input '='",
    "//": "mismatched input '/'",
    "**": "mismatched input '*'",
    **{sign: f"mismatched input '{sign}'" for sign in "&^~@#{}"},
}
_UNPARSED = re.compile(
    r"\b(MATCH_RECOGNIZE|JSON_TABLE|JSON_EXISTS|JSON_QUERY|JSON_VALUE|JSON_OBJECT|JSON_ARRAY|DESCRIPTOR"
    r"|WITH\s+FUNCTION|LATERAL|OVERLAY|NORMALIZE|TABLE\s*\()",
    re.IGNORECASE,
)


class TypedLiteral(exp.Expression):
    """`DATE '2026-01-31'`, which is not `CAST('2026-01-31' AS date)`."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "to": True}


class Dialect(Trino):
    """Trino's dialect without sqlglot's knowledge of functions, which renames and rewrites them."""

    INDEX_OFFSET = 0

    class Parser(Trino.Parser):  # type: ignore[misc, valid-type]  # noqa: D106
        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            name: parser
            for name, parser in Trino.Parser.FUNCTION_PARSERS.items()
            if name in ("CAST", "TRY_CAST", "EXTRACT", "TRIM", "POSITION", "SUBSTRING", "LISTAGG")
        }
        TYPE_LITERAL_PARSERS: ClassVar[dict[Any, Any]] = {
            kind: lambda self, this, to: self.expression(TypedLiteral(this=this, to=to)) for kind in exp.DType
        }


def not_supported(what: str, place: str = "") -> QueryError:
    """The refusal of what Athena has and the embedded engine lacks."""
    return QueryError("NOT_SUPPORTED", f"{place}{': ' if place else ''}{what} is not supported. {REMEDY}")


def parse(sql: str, parameters: Sequence[str] = ()) -> exp.Expr:
    """Parse one query, its `?` filled in.

    Raises:
        MalformedQueryError: It is not SQL.
        QueryError: It may be SQL, but sqlglot does not know this part of it.
    """
    _refuse_foreign_syntax(sql)
    statements = _parsed(sql)
    if len(statements) != 1:
        raise MalformedQueryError(f"Only one sql statement is allowed. Got: {len(statements)}")
    tree = statements[0]
    values = []
    for parameter in parameters:
        (selected,) = _parsed(f"SELECT {parameter}")
        if not isinstance(selected, exp.Select) or len(selected.expressions) != 1:
            raise MalformedQueryError(f"Not an expression: parameter {parameter}")
        values.append(selected.expressions[0])
    placeholders = list(tree.find_all(exp.Placeholder, bfs=False))
    if len(placeholders) != len(values):
        counts = f"expected {len(placeholders)}, found {len(values)}"
        raise MalformedQueryError(f"Incorrect number of parameters: {counts}")
    for placeholder, value in zip(placeholders, values, strict=True):
        placeholder.replace(value)
    return tree


def _parsed(sql: str) -> list[exp.Expr]:
    try:
        return [tree for tree in sqlglot.parse(sql, dialect=Dialect) if tree]
    except TokenError as error:
        raise MalformedQueryError(str(error).splitlines()[0]) from None
    except ParseError as error:
        detail = error.errors[0] if error.errors else {}
        where = f"line {detail['line']}:{detail['col']}" if detail else "line 1:1"
        if "Expected TYPE" in str(error):
            raise not_supported("such a type", where) from None
        if found := _UNPARSED.search(text.without_comments(sql)):
            raise not_supported(found[0].upper(), where) from None
        raise MalformedQueryError(f"{where}: {detail.get('description') or error}") from None


def _refuse_foreign_syntax(sql: str) -> None:
    _refuse_from_first(sql)
    if found := re.search(r"\bLIMIT\s+\d+\s*(,)", sql, re.IGNORECASE):
        raise MalformedQueryError(f"{text.place(sql, found.start(1))}: mismatched input ','")
    previous = ("", "", -1)
    for token in text.tokens(sql):
        kind, sign, offset = token
        if kind != "other":
            previous = token
            continue
        doubled = previous[1] + sign if previous[0] == kind and previous[2] == offset - 1 else sign
        if sign == "&" and previous[1].upper() == "U":  # U&'\00e9'
            continue
        for foreign in (doubled, sign):
            if foreign in _FOREIGN:
                start = offset - len(foreign) + 1
                raise MalformedQueryError(f"{text.place(sql, start)}: {_FOREIGN[foreign]}")
        previous = token


def _refuse_from_first(sql: str) -> None:
    """Refuse `FROM t`, which sqlglot takes for `SELECT * FROM t`."""
    before = "("
    for kind, word, offset in text.tokens(sql):
        if kind == "comment" or word.isspace():
            continue
        opens = before in ("(", "UNION", "ALL", "EXCEPT", "INTERSECT", ";")
        if kind == "word" and word.upper() == "FROM" and opens:
            raise MalformedQueryError(f"{text.place(sql, offset)}: mismatched input 'FROM'")
        before = word.upper()
