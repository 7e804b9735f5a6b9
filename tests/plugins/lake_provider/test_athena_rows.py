"""Athena's texts as Python's values."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lake_provider.athena_rows import parse_rows


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-01-31 01:59:00.123", datetime(2026, 1, 31, 1, 59, 0, 123_000, tzinfo=UTC)),
        ("0001-01-01 00:00:00.000", datetime(1, 1, 1, tzinfo=UTC)),
        ("1-01-01 00:00:00.000", datetime(1, 1, 1, tzinfo=UTC)),
        ("999-12-31 23:59:59", datetime(999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("0000-01-01 00:00:00.000", None),
        ("-0001-11-30 00:00:00.000", None),
        ("+10000-01-01 00:00:00.000", None),
    ],
)
def test_a_timestamp_is_read_or_null_if_python_has_no_such_year(text: str, value: datetime | None) -> None:
    page = {
        "ResultSet": {
            "ResultSetMetadata": {"ColumnInfo": [{"Name": "at", "Type": "timestamp"}]},
            "Rows": [{"Data": [{"VarCharValue": "at"}]}, {"Data": [{"VarCharValue": text}]}],
        }
    }
    assert list(parse_rows([page])) == [{"at": value}]
