"""What the whole lake shares: the JSON object in the Airflow Variable `crypto_lake`, checked.

    {"bucket": "my-lake", "website_bucket": "my-website", "coins": 250, "currency": "usd"}

`bucket` and `website_bucket` are required. `coins` is how many coins a day ingests (default 250, one call
of CoinGecko's API), `currency` is CoinGecko's `vs_currency` (default usd); both concern every day from
now on, which is why they are not parameters of a run. Days in another currency stay what they are.
`alert_topic_arn` is the SNS topic that gets the alerts, like
`arn:aws:sns:us-east-1:123456789012:crypto-lake-alerts`; without it they are log lines only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

CURRENCY = re.compile(r"[a-z]{2,10}")
"""A currency as CoinGecko names it. It becomes part of keys in S3 and of SQL."""

VARIABLE = "crypto_lake"
EXAMPLE = '{"bucket": "my-lake", "website_bucket": "my-website", "coins": 250, "currency": "usd"}'

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_TOPIC_ARN = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}", re.ASCII)


class SettingsError(ValueError):
    """The Variable `crypto_lake` lacks a key or holds a value that cannot be used."""


@dataclass(frozen=True)
class LakeSettings:
    """The lake's settings: buckets, number of coins a day, currency to ingest, where alerts go."""

    bucket: str
    website_bucket: str
    coins: int = 250
    currency: str = "usd"
    alert_topic_arn: str | None = None

    @classmethod
    def from_variable(cls, value: object) -> LakeSettings:
        """Check the Variable's decoded JSON.

        Raises:
            SettingsError: naming the key, the value and the remedy.
        """
        if not isinstance(value, Mapping):
            raise SettingsError(
                f"Airflow Variable '{VARIABLE}' must be one JSON object like {EXAMPLE}; it is {value!r}"
            )
        known = {field.name for field in fields(cls)}
        for key in ("bucket", "website_bucket"):
            if not value.get(key):
                raise SettingsError(
                    f"Airflow Variable '{VARIABLE}' has no '{key}': set it, for example "
                    f"airflow variables set {VARIABLE} '{EXAMPLE}'"
                )
            if not _BUCKET.fullmatch(str(value[key])):
                raise SettingsError(
                    f"'{key}' in Airflow Variable '{VARIABLE}' is no name of an S3 bucket: {value[key]!r}"
                )
        if unknown := sorted(set(value) - known):
            raise SettingsError(
                f"Airflow Variable '{VARIABLE}' has unknown keys {unknown}; known are {sorted(known)}"
            )
        settings = cls(**value)
        if not isinstance(settings.coins, int) or not 10 <= settings.coins <= 20_000:
            raise SettingsError(
                f"'coins' in Airflow Variable '{VARIABLE}' must be a whole number from 10 to 20000; "
                f"it is {settings.coins!r}"
            )
        if not CURRENCY.fullmatch(str(settings.currency)):
            raise SettingsError(
                f"'currency' in Airflow Variable '{VARIABLE}' must be one of CoinGecko's vs_currencies, "
                f"in lower case (usd, eur, …); it is {settings.currency!r}"
            )
        if settings.alert_topic_arn is not None and not _TOPIC_ARN.fullmatch(str(settings.alert_topic_arn)):
            raise SettingsError(
                f"'alert_topic_arn' in Airflow Variable '{VARIABLE}' must be the ARN of an SNS topic, like "
                "arn:aws:sns:us-east-1:123456789012:crypto-lake-alerts, or be left out; "
                f"it is {settings.alert_topic_arn!r}"
            )
        return settings
