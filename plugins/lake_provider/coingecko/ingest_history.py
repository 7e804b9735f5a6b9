"""Past days: CoinGecko's history of each coin -> bronze in S3, in the shape of its market snapshot.

Objects::

    <history_prefix>/currency=usd/range=2026-01-01_2026-01-31/source=coingecko/bitcoin.json
    <prefix>/dt=2026-01-31/currency=usd/ingested_at=20260301T091500Z/source=coingecko-history/page-0001.json

The first is a response, byte for byte, stored the moment it arrives: whatever ends a task, the next try asks
only for the rest. The second is a day of all coins, made once all responses are there, with the fields of
/coins/markets that a history tells.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from lake_provider.bronze import STAMP, BronzeDay, Page, ascii_line, put_new, whole_ingestions
from lake_provider.clock import utc_now
from lake_provider.coingecko.arguments import check_currency, parse_coins, parse_day, parse_flag
from lake_provider.coingecko.client import HISTORY, CoinGeckoHook, path_segment
from lake_provider.coingecko.market_chart import Points, bronze_row, split_into_days
from lake_provider.coingecko.rejected import put_refused
from lake_provider.coingecko.responses import CoinGeckoRefusal

if TYPE_CHECKING:
    from airflow.sdk import Context

MAX_COIN_DAYS = 1_000_000
"""What a task holds in memory at once, at some 0.35 KB each."""
_MAX_NAMED_COINS = 20
"""How many skipped coins a warning names."""

Coin = dict[str, Any]


@dataclass(frozen=True)
class _CoinList:
    """The coins to ask for, by id, and who lists them."""

    source: str
    coins: list[Coin]


@dataclass
class _RangeHistories:
    """What the coins' histories have of the wanted days.

    Attributes:
        source: who made them.
        rows: of each day with a price, the coins' JSON texts, by coin id.
        coins: how many have a price in the range.
        unknown: coins that CoinGecko lists, but does not know.
        without_price: coins without a price in the range.
    """

    source: str = ""
    rows: dict[date, list[str]] = field(default_factory=dict)
    coins: int = 0
    unknown: list[str] = field(default_factory=list)
    without_price: list[str] = field(default_factory=list)

    def add(self, coin: Coin, history: dict[date, Points], days: list[date], wanted: set[date]) -> None:
        """Take the wanted days out of a coin's history."""
        priced = [day for day in days if "prices" in history.get(day, {})]
        for day in priced:
            if day in wanted:
                self.rows.setdefault(day, []).append(bronze_row(coin, history[day]))
        if priced:
            self.coins += 1
        else:
            self.without_price.append(coin["id"])


class CoinGeckoHistoryToS3Operator(BaseOperator):
    """Fills days of bronze from /coins/{id}/market_chart/range, which gives a coin's whole range in one call.

    * Days that have a whole ingestion in the currency are left alone, unless ``replace``: then they get a
      history ingestion beside it, unless the newest they have is the same.
    * No day left to fill: no API call.
    * Coins: the largest of today's /coins/markets. What CoinGecko does not know any more, and what had no
      price in the range, is left out, with a warning.
    * ``/coins/{id}/history`` is not used: it wants a call for every coin *and* day.

    A retried or cleared task, and a new run for the same range, reads the responses that are in S3 and asks
    for the others. Every argument is a template.

    Args:
        from_date: the range's first UTC date, ``YYYY-MM-DD``.
        to_date: its last, before today.
        bucket: the lake's bucket.
        coins: how many coins, by today's market capitalisation (text, as templates give it, or a number).
        currency: CoinGecko's ``vs_currency``, e.g. ``usd``.
        replace: whether days that have bronze get a history ingestion, too (``True``, or as text).
        prefix: where bronze's days are in the bucket.
        history_prefix: where the responses go in the bucket.
        rejected_prefix: where refused responses go in the bucket.
        source_suffix: what the days' source is called after the responses' source, e.g. ``-history``.
        coingecko_conn_id: Airflow connection, see ``lake_provider.coingecko.connection``.
        aws_conn_id: Airflow connection for S3.
    """

    template_fields: Sequence[str] = (
        "from_date",
        "to_date",
        "bucket",
        "coins",
        "currency",
        "replace",
        "prefix",
        "history_prefix",
        "rejected_prefix",
        "source_suffix",
        "coingecko_conn_id",
        "aws_conn_id",
    )

    def __init__(
        self,
        *,
        from_date: str,
        to_date: str,
        bucket: str,
        coins: str | int,
        currency: str,
        prefix: str,
        history_prefix: str,
        rejected_prefix: str,
        source_suffix: str,
        replace: str | bool = False,
        coingecko_conn_id: str = "coingecko_default",
        aws_conn_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.from_date = from_date
        self.to_date = to_date
        self.bucket = bucket
        self.coins = coins
        self.currency = currency
        self.replace = replace
        self.prefix = prefix
        self.history_prefix = history_prefix
        self.rejected_prefix = rejected_prefix
        self.source_suffix = source_suffix
        self.coingecko_conn_id = coingecko_conn_id
        self.aws_conn_id = aws_conn_id

    def execute(self, context: Context) -> dict[str, Any]:  # noqa: ARG002
        """Fill the range's days.

        Returns:
            ``from_date``, ``to_date``, ``currency``, ``partitions`` (``[["2026-01-31"], …]``: the range's
            days that have bronze in the currency now), ``ingested_at`` (of the newest ingestion among them,
            as in the keys), ``filled`` (how many days this try has written), ``rows`` (in them), ``coins``
            (with a price in the range), ``unknown`` and ``without_price`` (ids of the others),
            ``api_calls``.

        Raises:
            AirflowFailException: a retry cannot help: a wrong argument, a missing bucket or connection, a
                range that is too large or reaches back too far, a request that the API refuses for good, no
                price of any coin.
            AirflowException: a retry may help, and goes on where this try has ended: rate limits, outages,
                odd bodies.
        """
        days = self._parse_range()
        coins = parse_coins(self.coins)
        check_currency(self.currency)
        replace = parse_flag("replace", self.replace)
        hook = CoinGeckoHook(self.coingecko_conn_id)
        BronzeDay(self.s3, self.bucket, self.prefix, days[0], self.currency).check_bucket()
        ingestions = whole_ingestions(self.s3, self.bucket, self.prefix, days[0], days[-1], self.currency)
        wanted = days if replace else [day for day in days if day not in ingestions]
        self.log.info(
            "%s to %s: %d of %d days have bronze in %s, %d to fill",
            *(days[0], days[-1], len(ingestions), len(days), self.currency, len(wanted)),
        )
        found, filled, rows = _RangeHistories(), 0, 0
        if wanted:
            _check_size(len(wanted), coins)
            found = self._collect_histories(hook, days, set(wanted), coins)
        if priceless := [day for day in wanted if day not in found.rows]:
            self.log.warning(
                "%d day(s) without a price of any coin stay empty, %s to %s",
                *(len(priceless), priceless[0], priceless[-1]),
            )
        for day in sorted(found.rows):
            page = self._build_page(hook, found, day)
            newest = ingestions.get(day, [])[-1:]
            if newest and self._has_same_page(newest[0], page):
                continue  # an earlier try has got this far
            bronze = BronzeDay(self.s3, self.bucket, self.prefix, day, self.currency)
            ingested_at, [key] = bronze.append([page], requested=coins)
            ingestions[day] = [*ingestions.get(day, []), (ingested_at, key)]
            filled, rows = filled + 1, rows + page.rows
        self.log.info(
            "%d days filled with %d rows of %d coins, %d API call(s) -> s3://%s/%s/",
            *(filled, rows, found.coins, hook.calls, self.bucket, self.prefix),
        )
        return {
            "from_date": self.from_date,
            "to_date": self.to_date,
            "currency": self.currency,
            "partitions": [[day.isoformat()] for day in sorted(ingestions)],
            "ingested_at": max(newest for day in ingestions.values() for newest, _ in day),
            "filled": filled,
            "rows": rows,
            "coins": found.coins,
            "unknown": found.unknown,
            "without_price": found.without_price,
            "api_calls": hook.calls,
        }

    @cached_property
    def s3(self) -> Any:
        """The client, of `aws_conn_id`."""
        return S3Hook(self.aws_conn_id).get_conn()

    def _parse_range(self) -> list[date]:
        first, last = parse_day("from_date", self.from_date), parse_day("to_date", self.to_date)
        today = utc_now().date()
        if first > last:
            raise AirflowFailException(
                f"from_date {first} is after to_date {last}: give the earlier of the two days first"
            )
        if last >= today:
            raise AirflowFailException(
                f"to_date {last} is not over (today is {today} UTC): give a day before today. Today's market "
                "is for the daily DAG to fetch"
            )
        return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]

    def _collect_histories(
        self, hook: CoinGeckoHook, days: list[date], wanted: set[date], coins: int
    ) -> _RangeHistories:
        """Have every coin's response in S3, and take the wanted days out of it."""
        listed = self._list_largest_coins(hook, coins)
        found = _RangeHistories(source=listed.source)
        folder = (
            f"{self.history_prefix.strip('/')}/currency={self.currency}/range={days[0]}_{days[-1]}"
            f"/source={listed.source}/"
        )
        keys = {coin["id"]: f"{folder}{path_segment(coin['id'])}.json" for coin in listed.coins}
        listings = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=folder)
        there = {entry["Key"] for listing in listings for entry in listing.get("Contents", [])}
        to_ask = sum(key not in there for key in keys.values())
        self.log.info("%d of %d coins are in s3://%s/%s", len(keys) - to_ask, len(keys), self.bucket, folder)
        pace = hook.connection.calls_per_minute
        for number, coin in enumerate(listed.coins, 1):
            key = keys[coin["id"]]
            if key not in there:
                self.log.info(
                    "Coin %d of %d, %s: %d to ask, for some %.0f min",
                    *(number, len(keys), ascii_line(coin["id"]), to_ask, to_ask / pace),
                )
                to_ask -= 1
                if not self._fetch_history(hook, days, coin["id"], key, listed.source):
                    found.unknown.append(coin["id"])
                    continue
            found.add(coin, self._read_history(key), days, wanted)
        for ids, what in (
            (found.unknown, "CoinGecko lists them, but does not know them"),
            (found.without_price, f"no price from {days[0]} to {days[-1]}"),
        ):
            if ids:
                named = ascii_line(", ".join(ids[:_MAX_NAMED_COINS]))
                named += " …" if len(ids) > _MAX_NAMED_COINS else ""
                self.log.warning("%d coin(s) left out, %s: %s", len(ids), what, named)
        if not found.coins:
            raise AirflowFailException(
                f"none of the {len(keys)} largest coins has a price from {days[0]} to {days[-1]}: give a "
                f"later range. (Unknown to CoinGecko: {len(found.unknown)}. The responses are in "
                f"s3://{self.bucket}/{folder})"
            )
        return found

    def _list_largest_coins(self, hook: CoinGeckoHook, coins: int) -> _CoinList:
        """Today's largest coins, each once."""
        try:
            pages = hook.markets(coins=coins, currency=self.currency)
        except CoinGeckoRefusal as refusal:
            self._raise_refusal(refusal)
        largest: dict[str, Coin] = {}
        for page in pages:
            _check_source(page, pages[0].source)
            for coin in json.loads(page.body):
                largest.setdefault(coin["id"], coin)
        # By id: a later try makes the same page of the same coins, whatever their order by then.
        listed = sorted(list(largest.values())[:coins], key=lambda coin: str(coin["id"]))
        return _CoinList(pages[0].source, listed)

    def _fetch_history(
        self, hook: CoinGeckoHook, days: list[date], coin_id: str, key: str, source: str
    ) -> bool:
        """Ask for a coin's history and store the response; False if CoinGecko does not know the coin."""
        try:
            page = hook.history(coin_id, currency=self.currency, first=days[0], last=days[-1])
        except CoinGeckoRefusal as refusal:
            if not refusal.unknown:
                self._raise_refusal(refusal)
            self._store_refusal(refusal)
            return False
        _check_source(page, source)
        # Not ours if somebody else has stored the coin meanwhile: that one is as good.
        put_new(self.s3, self.bucket, key, page, {"ingested-at": f"{utc_now():{STAMP}}"})
        return True

    def _read_history(self, key: str) -> dict[date, Points]:
        body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        try:
            return split_into_days(body)
        except ValueError as error:
            raise AirflowFailException(
                f"s3://{self.bucket}/{key} is no history ({error}): delete it, and clear this task, which "
                "then asks CoinGecko for it"
            ) from error

    def _build_page(self, hook: CoinGeckoHook, found: _RangeHistories, day: date) -> Page:
        rows = found.rows[day]
        return Page(
            url=f"{hook.base_url}{HISTORY.format('{id}')}",
            body=f"[{','.join(rows)}]".encode(),
            content_type="application/json",
            http_date=None,
            etag=None,
            source=f"{found.source}{self.source_suffix}",
            clock=utc_now(),
            rows=len(rows),
        )

    def _has_same_page(self, ingestion: tuple[str, str], page: Page) -> bool:
        """Whether an ingestion has that very page."""
        _, key = ingestion
        if f"/source={page.source}/" not in key:
            return False
        return bool(
            self.s3.head_object(Bucket=self.bucket, Key=key)["Metadata"].get("sha256")
            == hashlib.sha256(page.body).hexdigest()
        )

    def _raise_refusal(self, refusal: CoinGeckoRefusal) -> NoReturn:
        failure = AirflowFailException if refusal.permanent else AirflowException
        remedy = ""
        if refusal.too_long_ago:
            earliest = utc_now().date() - timedelta(days=364)
            remedy = (
                f" Without a paid plan CoinGecko goes back 365 days: give from_date {earliest} or later, or "
                "put a pro key into the connection."
            )
        key = self._store_refusal(refusal)
        raise failure(f"{refusal}.{remedy} The response is kept in s3://{self.bucket}/{key}") from refusal

    def _store_refusal(self, refusal: CoinGeckoRefusal) -> str:
        folder = f"{self.rejected_prefix.strip('/')}/range={self.from_date}_{self.to_date}"
        return put_refused(self.s3, self.bucket, folder, refusal, utc_now())


def _check_size(days: int, coins: int) -> None:
    if days * coins > MAX_COIN_DAYS:
        raise AirflowFailException(
            f"{days} days of {coins} coins are {days * coins:,} coin-days, and a task holds "
            f"{MAX_COIN_DAYS:,} of them in memory at most: give a shorter range, of "
            f"{MAX_COIN_DAYS // coins} days, then the next"
        )


def _check_source(page: Page, source: str) -> None:
    if page.source != source:
        raise AirflowException(
            f"{page.url} comes from source {page.source!r}, and the list of coins from {source!r}: it is not "
            "stored. A range has one source: check where the connection points to"
        )
