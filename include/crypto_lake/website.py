"""The website's data files: from query results to checked JSON, and whether it may replace what is there.

A file `data/<name>.json` is the result of the query `include/sql/<name>.sql` in an envelope that says what
day and currency it is of, when and from which source it was made, and whom to credit; its contract is
`include/schemas/<name>.schema.json`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import jsonschema

SCHEMAS = Path(__file__).parents[1] / "schemas"

# CoinGecko asks for it near its data.
ATTRIBUTION = {"text": "Data provided by CoinGecko", "url": "https://www.coingecko.com"}
# Columns of the queries that the envelope says once.
_OF_ALL_ROWS = ("source", "currency")
SYNTHETIC = "synthetic"
SYNTHETIC_ATTRIBUTION = {"text": "Made-up demo data, not market prices"}


class WebsiteDataError(ValueError):
    """The rows do not make a file that keeps its contract."""


@dataclass(frozen=True)
class Export:
    """One data file of the website: its name, and the member that holds the rows."""

    name: str
    rows_key: str

    @property
    def key(self) -> str:
        """The object's key in the website bucket."""
        return f"data/{self.name}.json"

    def document(
        self, rows: Sequence[Mapping[str, Any]], *, run_date: date, generated_at: datetime
    ) -> dict[str, Any]:
        """Put query rows into the file's envelope.

        Args:
            rows: One mapping a row, with columns `source` and `currency` that are the same in all.
            run_date: The day the rows are of; the file's `as_of`.
            generated_at: When the query ended, timezone-aware.

        Raises:
            WebsiteDataError: there are no rows, their sources or currencies differ, or the document breaks
                its schema; the message names the file, the place and the value.
        """
        if not rows:
            raise WebsiteDataError(f"{self.key}: the query gave no rows for {run_date}")
        if len(sources := {str(row["source"]) for row in rows}) != 1:
            raise WebsiteDataError(f"{self.key}: rows come from several sources: {sorted(sources)}")
        if any("currency" not in row for row in rows):
            raise WebsiteDataError(
                f"{self.key}: the query's rows do not say in which currency they are, because an earlier "
                "release ran it: clear fetch_markets with everything downstream"
            )
        if len(currencies := {str(row["currency"]) for row in rows}) != 1:
            raise WebsiteDataError(f"{self.key}: rows are in several currencies: {sorted(currencies)}")
        source = sources.pop()
        document = {
            "as_of": run_date.isoformat(),
            "generated_at": _json_value(generated_at.replace(microsecond=0)),
            "source": source,
            "currency": currencies.pop(),
            "attribution": SYNTHETIC_ATTRIBUTION if source == SYNTHETIC else ATTRIBUTION,
            self.rows_key: [
                {column: _json_value(value) for column, value in row.items() if column not in _OF_ALL_ROWS}
                for row in rows
            ],
        }
        self.check(document)
        return document

    def check(self, document: Mapping[str, Any]) -> None:
        """Check a document against the file's JSON Schema, and a history for ending on the file's day.

        Raises:
            WebsiteDataError: naming the first place that breaks the schema, or the two days.
        """
        schema = json.loads((SCHEMAS / f"{self.name}.schema.json").read_text())
        validator = jsonschema.Draft202012Validator(
            schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
        )
        if errors := sorted(validator.iter_errors(document), key=lambda error: error.json_path):
            first = errors[0]
            raise WebsiteDataError(
                f"{self.key}: {first.json_path} {first.message} ({len(errors)} places break its schema)"
            )
        days = [row["dt"] for row in document[self.rows_key] if "dt" in row]
        if days and (last := max(days)) != document["as_of"]:
            raise WebsiteDataError(f"{self.key} is of {document['as_of']}, but its last day is {last}")


TOP10_CRYPTOS = Export("top10_cryptos", rows_key="coins")
MARKET_HISTORY = Export("market_history", rows_key="days")
COIN_HISTORY = Export("coin_history", rows_key="prices")
# In the order in which they are written: last the one that the page leads with.
EXPORTS = (MARKET_HISTORY, COIN_HISTORY, TOP10_CRYPTOS)


def check_together(documents: Mapping[Export, Mapping[str, Any]]) -> None:
    """Check that one day's documents fit each other: each of the ten coins has its price of that day.

    Raises:
        WebsiteDataError: naming the coins that have none.
    """
    top10, history = documents[TOP10_CRYPTOS], documents[COIN_HISTORY]
    priced = {row["coin_id"] for row in history[COIN_HISTORY.rows_key] if row["dt"] == top10["as_of"]}
    if missing := {coin["coin_id"] for coin in top10[TOP10_CRYPTOS.rows_key]} - priced:
        raise WebsiteDataError(f"{COIN_HISTORY.key} has no price of {top10['as_of']} for {sorted(missing)}")


def may_replace(document: Mapping[str, Any], published: Mapping[str, Any]) -> bool:
    """Whether a new document may take the place of the published one.

    The website never goes back in time: neither to an older day nor, within a day, to an older query. Only
    made-up demo data give way to real data whatever their day.
    """
    if published["source"] == SYNTHETIC != document["source"]:
        return True
    return bool(
        (published["as_of"], published["generated_at"]) <= (document["as_of"], document["generated_at"])
    )


def encode(document: Mapping[str, Any]) -> bytes:
    """The document as the bytes that are stored: UTF-8, no spaces to carry, never NaN."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _json_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON has no NaN; the schema says whether null may stand there
    return value
