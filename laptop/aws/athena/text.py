"""A query's text before it is parsed: comments, decimal literals, and where something stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""
      (?P<comment> --[^\n]* | /\*.*?\*/ )
    | (?P<quoted> '(?:[^']|'')*' | "(?:[^"]|"")*" )
    | (?P<word> [^\W\d]\w* )
    | (?P<decimal> (?: \d[\d_]*\.[\d_]* | \.\d[\d_]* ) (?![\w.]) )
    | (?P<number> \.?\d[\w.]* )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)


def tokens(sql: str) -> Iterator[tuple[str, str, int]]:
    """The kind, text and offset of all that a query consists of, by Trino's rules."""
    for found in _TOKEN.finditer(sql):
        yield str(found.lastgroup), found[0], found.start()


def without_comments(sql: str) -> str:
    """The query with spaces for its comments, so that everything stays where it was."""
    return "".join(
        re.sub(r"[^\n]", " ", text) if kind == "comment" else text for kind, text, _ in tokens(sql)
    )


def with_double_literals(sql: str) -> str:
    """The query as Trino has to be asked: Athena reads a bare `1.5` as a double, which Trino writes 1.5E0."""
    return "".join(f"{text}E0" if kind == "decimal" else text for kind, text, _ in tokens(sql))


def original_place(sql: str, line: int, column: int) -> tuple[int, int]:
    """Where a place in `with_double_literals(sql)` is in `sql`: lines and columns from 1."""
    for kind, text, offset in tokens(sql):
        row = sql.count("\n", 0, offset) + 1
        if row > line:
            break
        end = offset - (sql.rfind("\n", 0, offset) + 1) + len(text)
        if kind == "decimal" and row == line and column > end + 1:
            column -= 2
    return line, column


def place(sql: str, offset: int) -> str:
    """An offset as Athena's messages begin: `line 1:15`."""
    return f"line {sql.count(chr(10), 0, offset) + 1}:{offset - sql.rfind(chr(10), 0, offset)}"
