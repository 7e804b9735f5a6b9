"""One ingestion: CoinGecko's market snapshot -> bronze in S3, byte for byte, append-only.

Objects:
``<prefix>/dt=2026-01-31/currency=usd/ingested_at=20260131T020003Z/source=coingecko/page-0001.json``. A key is
never reused, and ``ingested_at`` is the source's clock. A response that is not the market that was requested
goes to ``<rejected_prefix>/dt=2026-01-31/`` and fails the task with the API's own message.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from lake_provider.bronze import BronzeDay, Ingestion, ascii_line
from lake_provider.clock import utc_now
from lake_provider.coingecko.arguments import check_currency, parse_coins, parse_day, parse_flag
from lake_provider.coingecko.client import CoinGeckoHook
from lake_provider.coingecko.rejected import put_refused
from lake_provider.coingecko.responses import CoinGeckoRefusal, MarketsPage

if TYPE_CHECKING:
    from airflow.sdk import Context


class CoinGeckoMarketsToS3Operator(BaseOperator):
    """Ingests one run date's /coins/markets into bronze.

    * Run date = the source's today (UTC): fetches and appends a new ingestion, however many there are.
    * Run date in the past: reuses the newest whole ingestion in the currency, with no API call: a snapshot,
      or what `CoinGeckoHistoryToS3Operator` has made. If there is none, the task fails and says so, because
      CoinGecko has no historical /coins/markets.
    * With ``time_travel`` in the CoinGecko connection's extra, a past day without a whole ingestion is
      fetched as of that day. With ``fetch_again``, so is one that has such an ingestion.
    * Run date in the future: fails.

    All pages are fetched and checked before the first is written. Every argument is a template.

    Args:
        run_date: UTC date, ``YYYY-MM-DD``.
        bucket: the lake's bucket.
        coins: how many coins, by market capitalisation (text, as templates give it, or a number).
        currency: CoinGecko's ``vs_currency``, e.g. ``usd``.
        fetch_again: whether to fetch a past day that has a whole ingestion (``True``, or as text).
        prefix: where bronze is in the bucket.
        rejected_prefix: where refused responses go in the bucket.
        coingecko_conn_id: Airflow connection, see ``lake_provider.coingecko.connection``.
        aws_conn_id: Airflow connection for S3.
    """

    template_fields: Sequence[str] = (
        "run_date",
        "bucket",
        "coins",
        "currency",
        "fetch_again",
        "prefix",
        "rejected_prefix",
        "coingecko_conn_id",
        "aws_conn_id",
    )

    def __init__(
        self,
        *,
        run_date: str,
        bucket: str,
        coins: str | int,
        currency: str,
        prefix: str,
        rejected_prefix: str,
        fetch_again: str | bool = False,
        coingecko_conn_id: str = "coingecko_default",
        aws_conn_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.run_date = run_date
        self.bucket = bucket
        self.coins = coins
        self.currency = currency
        self.fetch_again = fetch_again
        self.prefix = prefix
        self.rejected_prefix = rejected_prefix
        self.coingecko_conn_id = coingecko_conn_id
        self.aws_conn_id = aws_conn_id

    def execute(self, context: Context) -> dict[str, Any]:  # noqa: ARG002
        """Ingest, or reuse what is there.

        Returns:
            ``run_date``, ``currency``, ``source``, ``ingested_at`` (as in the keys), ``keys``, ``rows``,
            ``requested`` (how many coins the ingestion was to have), ``api_calls``, ``reused`` (True: no API
            call was made, the rest describes the day's newest whole ingestion).

        Raises:
            AirflowFailException: a retry cannot help: a wrong argument, a missing bucket or connection,
                a past day without a whole ingestion, a day that an earlier release stored without its
                currency, a request that the API refuses for good.
            AirflowException: a retry may help: rate limits, outages, odd bodies, a clock just past midnight.
        """
        day = parse_day("run_date", self.run_date)
        coins = parse_coins(self.coins)
        check_currency(self.currency)
        fetch_again = parse_flag("fetch_again", self.fetch_again)
        hook = CoinGeckoHook(self.coingecko_conn_id)
        bronze = BronzeDay(S3Hook(self.aws_conn_id).get_conn(), self.bucket, self.prefix, day, self.currency)
        bronze.check_bucket()
        today = utc_now().date()
        if day > today:
            raise AirflowFailException(
                f"run_date {day} is in the future (today is {today} UTC): its prices do not exist yet"
            )
        time_travel = hook.connection.time_travel
        if day < today and fetch_again and not time_travel:
            raise AirflowFailException(
                f"run_date {day} cannot be fetched again: CoinGecko serves only today's market "
                f"({today} UTC). Leave fetch_again off to reuse the day's newest whole ingestion"
            )
        if day < today and not fetch_again:
            newest, cut_off = self._find_newest_whole(bronze)
            if newest:
                return self._report_reused(bronze, newest)
            if not time_travel:
                self._raise_not_available(bronze, today, cut_off)
        try:
            pages = hook.markets(coins=coins, currency=self.currency, run_date=day if time_travel else None)
        except CoinGeckoRefusal as refusal:
            folder = f"{self.rejected_prefix.strip('/')}/dt={day}"
            key = put_refused(bronze.s3, self.bucket, folder, refusal, utc_now())
            failure = AirflowFailException if refusal.permanent else AirflowException
            raise failure(f"{refusal}. The response is kept in s3://{self.bucket}/{key}") from refusal
        _check_day(pages, day)
        ingested_at, keys = bronze.append(pages, requested=coins)
        if day < today:
            self._warn_if_superseded(bronze, ingested_at)
        return self._report(pages, bronze, ingested_at, keys, coins, hook.calls)

    def _report(
        self,
        pages: list[MarketsPage],
        bronze: BronzeDay,
        ingested_at: str,
        keys: list[str],
        requested: int,
        calls: int,
    ) -> dict[str, Any]:
        ids = [coin_id for page in pages for coin_id in page.coin_ids]
        repeated = len(ids) - len(set(ids))
        if repeated:
            self.log.warning(
                "%d of %d rows repeat a coin (the ranking moved between two pages): bronze keeps them, "
                "silver takes one row per coin",
                repeated,
                len(ids),
            )
        self.log.info(
            "%s: %d coins from %s (%s …), %d page(s), %d API call(s), %d bytes -> s3://%s/%s",
            bronze.day,
            len(set(ids)),
            pages[0].source,
            ascii_line(", ".join(ids[:3])),
            len(pages),
            calls,
            sum(len(page.body) for page in pages),
            self.bucket,
            keys[0].rpartition("/")[0] + "/",
        )
        return {
            "run_date": bronze.day.isoformat(),
            "currency": bronze.currency,
            "source": pages[0].source,
            "ingested_at": ingested_at,
            "keys": keys,
            "rows": len(ids),
            "requested": requested,
            "api_calls": calls,
            "reused": False,
        }

    def _find_newest_whole(self, bronze: BronzeDay) -> tuple[Ingestion | None, list[str]]:
        """The day's newest whole ingestion, and what newer ones lack."""
        cut_off: list[str] = []
        for ingestion in bronze.ingestions():
            if ingestion.whole:
                return ingestion, cut_off
            pages = ", ".join(key.rpartition("/")[2] for key in ingestion.keys)
            cut_off.append(f"ingested_at={ingestion.ingested_at} was cut off: only {pages} is there")
            self.log.warning("%s%s", bronze.root, cut_off[-1])
        return None, cut_off

    def _raise_not_available(self, bronze: BronzeDay, today: date, cut_off: list[str]) -> NoReturn:
        remedy = (
            f"the market snapshot of {bronze.day} cannot be had any more: CoinGecko has no historical "
            f"/coins/markets, only today's ({today} UTC). Backfill the day with the DAG "
            "crypto_market_backfill, or run another date"
        )
        if not cut_off:
            raise AirflowFailException(f"s3://{self.bucket}/{bronze.root} is empty, and {remedy}")
        raise AirflowFailException(
            f"s3://{self.bucket}/{bronze.root} has no whole ingestion ({'; '.join(cut_off)}), and {remedy}"
        )

    def _warn_if_superseded(self, bronze: BronzeDay, ingested_at: str) -> None:
        """Say so if silver will not use the snapshot just stored, because a history was fetched later."""
        newest, _ = self._find_newest_whole(bronze)
        if newest and newest.ingested_at > ingested_at:
            self.log.warning(
                "silver keeps using %singested_at=%s/ of source %s, which is newer than this snapshot "
                "(ingested_at=%s). Delete that ingestion, then clear bronze_to_silver, to use the snapshot",
                *(bronze.root, newest.ingested_at, newest.source, ingested_at),
            )

    def _report_reused(self, bronze: BronzeDay, newest: Ingestion) -> dict[str, Any]:
        self.log.info(
            "%s is over: reusing its newest whole ingestion, %d rows from %s, ingested_at=%s; no API call",
            *(bronze.day, newest.rows, newest.source, newest.ingested_at),
        )
        return {
            "run_date": bronze.day.isoformat(),
            "currency": bronze.currency,
            "source": newest.source,
            "ingested_at": newest.ingested_at,
            "keys": newest.keys,
            "rows": newest.rows,
            "requested": newest.requested,
            "api_calls": 0,
            "reused": True,
        }


def _check_day(pages: list[MarketsPage], day: date) -> None:
    """Refuse pages of another day or of several sources.

    Raises:
        AirflowException: naming the page, its date and the run date.
    """
    for page in pages:
        if page.clock.date() != day:
            raise AirflowException(
                f"{page.url} answered at {page.clock:%Y-%m-%d %H:%M:%S} UTC, which is not run_date {day}: "
                "nothing is written. Midnight passed, or a clock is wrong: the next attempt decides anew"
            )
        if page.source != pages[0].source:
            raise AirflowException(
                f"page 1 comes from source {pages[0].source!r} and page {page.number} from {page.source!r}: "
                "nothing is written. One ingestion has one source: check where the connection points to"
            )
