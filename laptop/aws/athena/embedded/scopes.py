"""What names mean where: relations, their columns, and where those come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from laptop.aws.athena.catalog import Table
from laptop.aws.athena.types import Type


@dataclass(frozen=True)
class Value:
    """An expression in DuckDB's SQL with its Trino type, and its text if it is a literal in quotes."""

    sql: str
    kind: Type
    literal: str | None = None


@dataclass(frozen=True)
class Column:
    """A column that an expression can name.

    `origin` is the scan and the partition key that it is, unchanged; None if it is anything else.
    """

    name: str
    kind: Type
    sql: str
    origin: tuple[int, str] | None = None
    hidden: bool = False


@dataclass(frozen=True)
class Relation:
    """Something in FROM: the names that may qualify its columns, outermost first, and the columns."""

    names: tuple[str, ...]
    columns: Sequence[Column]

    def answers_to(self, qualifier: Sequence[str]) -> bool:
        """Whether `qualifier.column` can mean a column of this."""
        return not qualifier or tuple(qualifier) == self.names[-len(qualifier) :]

    def without_origins(self) -> Relation:
        """The same where an outer join may add rows of NULLs."""
        return replace(self, columns=[replace(column, origin=None) for column in self.columns])


@dataclass
class Scan:
    """One reference to a table, and conditions on its partition keys in DuckDB's SQL."""

    table: Table
    conditions: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """A query in DuckDB's SQL: its columns are named c0, c1, … there."""

    sql: str
    columns: Sequence[Column]


@dataclass
class Scope:
    """The relations of one SELECT, within those of the queries around it."""

    relations: list[Relation] = field(default_factory=list)
    parent: Scope | None = None
    variables: dict[str, Value] = field(default_factory=dict)  # of lambdas
    aliases: dict[str, Value] = field(default_factory=dict)  # that ORDER BY may use
    groups: set[str] | None = None  # the grouping expressions; None where nothing is grouped
    aggregates: bool = False  # whether aggregate functions may stand here
    windows: bool = False  # whether window functions may
    in_aggregate: bool = False

    def find(self, qualifier: Sequence[str], name: str) -> Iterator[Column]:
        """The columns of this SELECT that a name can mean."""
        for relation in self.relations:
            if relation.answers_to(qualifier):
                yield from (column for column in relation.columns if column.name == name)
