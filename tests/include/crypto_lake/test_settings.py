"""The Variable `crypto_lake`, checked."""

from __future__ import annotations

from typing import Any

import pytest

from include.crypto_lake.settings import LakeSettings, SettingsError

GOOD = {"bucket": "a-lake", "website_bucket": "a-website"}


def test_two_buckets_are_enough() -> None:
    assert LakeSettings.from_variable(GOOD) == LakeSettings("a-lake", "a-website", coins=250, currency="usd")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "has no 'bucket'"),
        ({"bucket": "a-lake"}, "has no 'website_bucket'"),
        (GOOD | {"bucket": ""}, "has no 'bucket'"),
        (GOOD | {"bucket": "s3://a-lake"}, "no name of an S3 bucket: 's3://a-lake'"),
        (GOOD | {"bucket": "lake/../other"}, "no name of an S3 bucket"),
        (GOOD | {"coins": "250"}, "'coins' .* it is '250'"),
        (GOOD | {"coins": 9}, "from 10 to 20000; it is 9"),
        (GOOD | {"currency": "USD"}, "lower case .* it is 'USD'"),
        (GOOD | {"bukket": "x"}, r"unknown keys \['bukket'\]"),
        (["a-lake"], "must be one JSON object"),
        (None, "must be one JSON object"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(value: Any, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        LakeSettings.from_variable(value)
