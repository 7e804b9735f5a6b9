"""Statistics of columns, as Trino keeps them in the catalog: for a table, and for each of its partitions.

They are kept and given back as they came in; nothing here computes or uses them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moto.glue.models import FakeTable

Statistics = Mapping[str, Any]
"""The API's `ColumnStatistics`: of one column."""


class Table(FakeTable):
    """A table of the catalog that has statistics of its columns."""

    # By partition (`str` of its values; empty for the table) and column. What is in it is never changed,
    # only replaced: so the catalog's files see what is new.
    column_statistics: Mapping[str, Mapping[str, Statistics]] = {}

    def update_statistics(self, of: str, given: Sequence[Statistics]) -> list[dict[str, Any]]:
        """Keep the statistics of some columns; gives the API's errors for those that are not there."""
        descriptor = self.as_dict().get("StorageDescriptor") or {}
        columns = {column["Name"].lower() for column in descriptor.get("Columns") or []}
        known = {one["ColumnName"].lower(): one for one in given if one["ColumnName"].lower() in columns}
        self._replace(of, {**self.column_statistics.get(of, {}), **known})
        return [
            {"ColumnStatistics": one, "Error": _not_found(f"Column {one['ColumnName']} of {self.name}")}
            for one in given
            if one["ColumnName"].lower() not in columns
        ]

    def statistics(self, of: str, columns: Sequence[str]) -> tuple[list[Statistics], list[dict[str, Any]]]:
        """The statistics of some columns, and the API's errors for those that have none."""
        known = self.column_statistics.get(of, {})
        found = [known[name.lower()] for name in columns if name.lower() in known]
        errors = [
            {"ColumnName": name, "Error": _not_found(f"Statistics of column {name} of {self.name}")}
            for name in columns
            if name.lower() not in known
        ]
        return found, errors

    def delete_statistics(self, of: str, column: str) -> None:
        """Forget the statistics of a column, if there are any: Trino deletes those that it never wrote."""
        known = self.column_statistics.get(of, {})
        self._replace(of, {name: one for name, one in known.items() if name != column.lower()})

    def forget_statistics_of_what_is_gone(self) -> None:
        """Forget those of partitions that are no more; another one of the same values begins without."""
        if gone := self.column_statistics.keys() - self.partitions.keys() - {""}:
            self.column_statistics = {
                of: known for of, known in self.column_statistics.items() if of not in gone
            }

    def _replace(self, of: str, known: Mapping[str, Statistics]) -> None:
        self.column_statistics = {**self.column_statistics, of: known}


def _not_found(what: str) -> dict[str, str]:
    return {"ErrorCode": "EntityNotFoundException", "ErrorMessage": f"{what} is not in the catalog."}
