"""The Variable `crypto_lake`, checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from include.crypto_lake.settings import LakeSettings, SettingsError
from laptop.aws import process
from laptop.aws.keys import make_key
from laptop.runner.environment import airflow_environment

GOOD = {"bucket": "a-lake", "website_bucket": "a-website"}


def test_two_buckets_are_enough() -> None:
    assert LakeSettings.from_variable(GOOD) == LakeSettings(
        "a-lake", "a-website", coins=250, currency="usd", alert_topic_arn=None
    )


@pytest.mark.parametrize(
    "arn",
    ["arn:aws:sns:eu-central-1:123456789012:alerts", "arn:aws-us-gov:sns:us-gov-west-1:123456789012:a_b-2"],
)
def test_alerts_may_go_to_a_topic(arn: str) -> None:
    assert LakeSettings.from_variable(GOOD | {"alert_topic_arn": arn}).alert_topic_arn == arn


def test_the_laptops_variable_is_complete(tmp_path: Path) -> None:
    make_key(tmp_path / "credentials")
    process.remember_key("http://127.0.0.1:1", tmp_path / "credentials")
    urls = {"endpoint_url": "http://127.0.0.1:1", "coingecko_url": "http://127.0.0.1:2"}
    environment = airflow_environment(Path("home"), **urls, time_travel=True)
    settings = LakeSettings.from_variable(json.loads(environment["AIRFLOW_VAR_CRYPTO_LAKE"]))
    assert settings.alert_topic_arn == "arn:aws:sns:us-east-1:123456789012:crypto-lake-alerts"


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
        (GOOD | {"alert_topic_arn": ""}, "ARN of an SNS topic, .* or be left out; it is ''"),
        (GOOD | {"alert_topic_arn": "crypto-lake-alerts"}, "it is 'crypto-lake-alerts'"),
        (GOOD | {"alert_topic_arn": "arn:aws:sqs:us-east-1:123456789012:a"}, "ARN of an SNS topic"),
        (GOOD | {"bukket": "x"}, r"unknown keys \['bukket'\]"),
        (["a-lake"], "must be one JSON object"),
        (None, "must be one JSON object"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(value: Any, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        LakeSettings.from_variable(value)
