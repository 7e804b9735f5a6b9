"""The arguments of both operators: templates give them as text."""

from __future__ import annotations

import re
from datetime import date

from airflow.sdk.exceptions import AirflowFailException

CURRENCY = re.compile(r"[a-z]{2,10}")
"""A currency as CoinGecko names it: that of the lake's settings, which nothing here may import."""


def parse_day(name: str, text: str) -> date:
    """An operator's argument as a UTC date.

    Raises:
        AirflowFailException: it is none; names the argument.
    """
    try:
        day = date.fromisoformat(text)
    except (TypeError, ValueError):
        day = None
    if day is None or day.isoformat() != text:  # fromisoformat reads 20260131 and 2026-W05-6, too
        raise AirflowFailException(f"{name} is {text!r}: give a UTC date as YYYY-MM-DD")
    return day


def parse_coins(text: str | int) -> int:
    """How many coins an operator is to ingest.

    Raises:
        AirflowFailException: it is no number above 0.
    """
    try:
        coins = int(text)
    except (TypeError, ValueError):
        coins = 0
    if coins < 1:
        raise AirflowFailException(f"coins is {text!r}: give how many coins to ingest, 1 or more")
    return coins


def check_currency(text: str) -> None:
    """Refuse what cannot be a currency's name, before it gets into an address or a key.

    Raises:
        AirflowFailException: with an example.
    """
    if not CURRENCY.fullmatch(text or ""):
        raise AirflowFailException(
            f"currency is {text!r}: give CoinGecko's name of one, 2 to 10 lower-case letters, e.g. usd"
        )


def parse_flag(name: str, value: str | bool) -> bool:
    """An operator's argument as a yes or no.

    Raises:
        AirflowFailException: it is neither; names the argument.
    """
    flags = {"true": True, "false": False}
    if str(value).lower() not in flags:
        raise AirflowFailException(f"{name} is {value!r}: give true or false")
    return flags[str(value).lower()]
