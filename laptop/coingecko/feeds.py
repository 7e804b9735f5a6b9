"""What the CoinGecko stand-in serves: a folder of recorded bodies, or a synthetic market.

A feed gives one `Snapshot` per day: the coins as JSON texts, in order, so that any page of them can be cut
out without touching a digit; and a coin's `Moment`s of any range.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from laptop.coingecko import demo_market as coingecko_demo

_DECODER = json.JSONDecoder()
_SEPARATOR = re.compile(r"[\s,\]]*")


class NoSnapshotError(LookupError):
    """The feed has nothing for that day."""


@dataclass(frozen=True)
class Snapshot:
    """One day of the market.

    Attributes:
        body: the whole response body.
        coins: each coin's JSON text, cut out of ``body``; None if the body is no array (a recorded error).
        status: the HTTP status the body goes with.
        newest: the newest ``last_updated`` in it (UTC), or None.
    """

    body: bytes
    coins: list[str] | None
    status: int
    newest: datetime | None

    def page(self, number: int, per_page: int) -> bytes:
        """Return one page: the body itself if it fits, else a slice of its coins, else ``[]``."""
        if self.coins is None or (number == 1 and per_page >= len(self.coins)):
            return self.body
        first = (number - 1) * per_page
        return ("[" + ",".join(self.coins[first : first + per_page]) + "]").encode()


class Moment(NamedTuple):
    """A coin at one time: milliseconds since 1970 (UTC), and JSON texts, digit for digit."""

    milliseconds: int
    price: str
    market_cap: str
    total_volume: str


class Feed(Protocol):
    """Where the stand-in's data comes from."""

    source: str
    """Sent as X-Data-Source."""
    currencies: Collection[str]
    """In which it has prices."""

    def snapshot(self, day: date, currency: str, *, exact: bool) -> Snapshot:
        """Return the snapshot of a day (UTC).

        Args:
            day: the day.
            currency: one of `currencies`.
            exact: False if the newest snapshot will do when there is none of that day.

        Raises:
            NoSnapshotError: there is none.
        """
        ...

    def history(self, coin_id: str, currency: str, first: datetime, last: datetime) -> list[Moment]:
        """Return what is known of a coin between two moments, both included, the earliest first.

        Raises:
            KeyError: there is no such coin at any time.
        """
        ...


class DemoFeed:
    """The synthetic market of `laptop.coingecko.demo_market`, for any day."""

    source = "synthetic"
    currencies: Collection[str] = coingecko_demo.CURRENCIES

    def __str__(self) -> str:
        return "a synthetic market (invented prices)"

    def snapshot(self, day: date, currency: str, *, exact: bool) -> Snapshot:  # noqa: ARG002
        """Return that day's invented market."""
        return _demo_snapshot(day, currency)

    def history(self, coin_id: str, currency: str, first: datetime, last: datetime) -> list[Moment]:
        """Return that coin's invented days, each at 00:00 UTC, however short the range is."""
        midnight = datetime(first.year, first.month, first.day, tzinfo=UTC)
        count = (last - midnight) // timedelta(days=1) + 1
        midnights = [
            at for at in (midnight + timedelta(days=offset) for offset in range(count)) if at >= first
        ]
        figures = coingecko_demo.history(coin_id, [at.date() for at in midnights], currency)
        return [
            Moment(round(at.timestamp()) * 1000, *map(json.dumps, of_day))
            for at, of_day in zip(midnights, figures, strict=True)
        ]


class RecordedFeed:
    """A folder of recorded response bodies in USD, ``YYYY-MM-DD.json``.

    A recorded error object is served with the HTTP status that its ``error_code`` names, as the API once
    answered, and with 200 if it names none.

    Args:
        folder: read anew for every request, so recordings may be added at any time.

    Raises:
        ValueError: the folder does not exist or has no recording.
    """

    source = "coingecko"
    currencies: Collection[str] = ("usd",)

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not folder.is_dir():
            raise ValueError(f"{folder} is not a folder: name one with recorded bodies (YYYY-MM-DD.json)")
        if not self._recorded_days():
            raise ValueError(f"{folder} has no file named YYYY-MM-DD.json: record one, or use the demo feed")

    def __str__(self) -> str:
        return f"recordings of {self._describe_recordings()}"

    def snapshot(self, day: date, currency: str, *, exact: bool) -> Snapshot:  # noqa: ARG002
        """Return that day's recording; unless ``exact``, the newest one if there is none of that day.

        Raises:
            NoSnapshotError: no recording of that day; names the days there are.
        """
        days = self._recorded_days()
        if day not in days:
            if exact or not days:
                raise NoSnapshotError(f"no recording of {day}: {self._describe_recordings()}")
            day = days[-1]
        return read_snapshot((self.folder / f"{day}.json").read_bytes())

    def history(self, coin_id: str, currency: str, first: datetime, last: datetime) -> list[Moment]:  # noqa: ARG002
        """Return that coin's recorded moments: of each recording its own `last_updated`."""
        begin, end = (round(moment.timestamp() * 1000) for moment in (first, last))
        recorded: list[Moment] = []
        for day in self._recorded_days():
            path = self.folder / f"{day}.json"
            if moment := _read_moments(path, path.stat().st_mtime_ns).get(coin_id):
                recorded.append(moment)
        if not recorded:
            raise KeyError(coin_id)
        return sorted(moment for moment in recorded if begin <= moment.milliseconds <= end)

    def _recorded_days(self) -> list[date]:
        names = (path.stem for path in self.folder.glob("*.json"))
        return sorted(date.fromisoformat(name) for name in names if re.fullmatch(r"\d{4}-\d\d-\d\d", name))

    def _describe_recordings(self) -> str:
        days = self._recorded_days()
        span = f"{days[0]} to {days[-1]}, " if days else ""
        return f"{self.folder} has {span}{len(days)} day(s)"


@lru_cache(maxsize=8)  # the pages of one day come one after the other
def _demo_snapshot(day: date, currency: str) -> Snapshot:
    body = json.dumps(coingecko_demo.market(day, currency), ensure_ascii=False, separators=(",", ":"))
    return read_snapshot(body.encode())


class _Digits(str):
    """A JSON number as it is spelled."""


@lru_cache(maxsize=1000)  # every coin wants every recording
def _read_moments(path: Path, changed: int) -> dict[str, Moment]:  # noqa: ARG001
    """Each coin's moment in a recording; coins without `last_updated` have none."""
    coins = json.loads(path.read_text(), parse_float=_Digits, parse_int=_Digits)
    return {
        coin["id"]: Moment(
            round(datetime.fromisoformat(coin["last_updated"]).timestamp() * 1000),
            *(
                str(coin[field]) if isinstance(coin.get(field), _Digits) else "null"
                for field in ("current_price", "market_cap", "total_volume")
            ),
        )
        for coin in (coins if isinstance(coins, list) else [])
        if coin.get("last_updated")
    }


def open_feed(feed: str) -> Feed:
    """Return the feed that a command line names: ``demo`` or a folder.

    Raises:
        ValueError: the folder does not exist or has no recording.
    """
    return DemoFeed() if feed == "demo" else RecordedFeed(Path(feed))


def read_snapshot(body: bytes) -> Snapshot:
    """Take a response body apart; what is no JSON array is kept as it is."""
    text = body.decode()
    payload = json.loads(text)
    if not isinstance(payload, list):
        return Snapshot(body, None, _error_status(payload), None)
    updates = [coin["last_updated"] for coin in payload if coin.get("last_updated")]
    newest = max((datetime.fromisoformat(update) for update in updates), default=None)
    return Snapshot(body, _split_coins(text), HTTPStatus.OK, newest)


def simulated_now(day: date, newest: datetime | None) -> datetime:
    """Return the moment at which a past day's snapshot claims to be served.

    02:00:00 UTC, or later if the data is newer (up to the next second), but always on that day.
    """
    moment = datetime(day.year, day.month, day.day, 2, tzinfo=UTC)
    if newest is not None:
        moment = max(moment, (newest + timedelta(microseconds=999_999)).replace(microsecond=0))
    return min(moment, datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC))


def _split_coins(text: str) -> list[str]:
    coins = []
    position = text.index("[") + 1
    while (position := _SEPARATOR.match(text, position).end()) < len(text):  # type: ignore[union-attr]
        _, end = _DECODER.raw_decode(text, position)
        coins.append(text[position:end])
        position = end
    return coins


def _error_status(payload: Any) -> int:
    error = payload.get("error") if isinstance(payload, dict) else None
    status = (error if isinstance(error, dict) else payload).get("status") if payload else None
    code = status.get("error_code") if isinstance(status, dict) else None
    return code if isinstance(code, int) and 400 <= code < 600 else int(HTTPStatus.OK)
