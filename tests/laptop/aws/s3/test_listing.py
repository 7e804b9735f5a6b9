"""Listings: every key once and in order, however the pages are cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from laptop.aws import process
from laptop.aws.s3 import listing
from tests.laptop.conftest import client_of

KEYS = ["a+b/1", "a+b/2", "a/", "a/1", "a/b/", "a/b/2", "a/b/3", "a/c", "b", "b/", "c%/x", "ü/1", "z"]
KEYS = sorted(set(KEYS) - {"b"})  # a key cannot be a file and a folder


@pytest.fixture(scope="module")
def listed(s3: Any, lake: str) -> str:
    for key in KEYS:
        s3.put_object(Bucket=lake, Key=key, Body=key.encode())
    return lake


def pages(s3: Any, version: str, **options: Any) -> tuple[list[str], list[str]]:
    """All keys and common prefixes, and that no page has more than it may have."""
    keys, prefixes = [], []
    for page in s3.get_paginator(version).paginate(**options):
        entries = page.get("Contents", []), page.get("CommonPrefixes", [])
        assert 0 < len(entries[0]) + len(entries[1]) <= options["MaxKeys"]
        assert page["IsTruncated"] or page.get("KeyCount", 1)
        keys += [entry["Key"] for entry in entries[0]]
        prefixes += [entry["Prefix"] for entry in entries[1]]
    return keys, prefixes


@pytest.mark.parametrize("version", ["list_objects", "list_objects_v2"])
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, (KEYS, [])),
        ({"Prefix": "a/"}, (["a/", "a/1", "a/b/", "a/b/2", "a/b/3", "a/c"], [])),
        ({"Delimiter": "/"}, (["z"], ["a+b/", "a/", "b/", "c%/", "ü/"])),
        ({"Prefix": "a/", "Delimiter": "/"}, (["a/", "a/1", "a/c"], ["a/b/"])),
        ({"Prefix": "a", "Delimiter": "/"}, ([], ["a+b/", "a/"])),
        ({"Delimiter": "b/"}, (["a/", "a/1", "a/c", "c%/x", "z", "ü/1"], ["a+b/", "a/b/", "b/"])),
    ],
)
def test_pages_together_have_each_key_and_prefix_once(
    s3: Any, listed: str, version: str, size: int, options: dict[str, str], expected: Any
) -> None:
    assert pages(s3, version, Bucket=listed, MaxKeys=size, **options) == expected


def test_start_after_is_a_place_in_the_order_of_keys(s3: Any, listed: str) -> None:
    page = s3.list_objects_v2(Bucket=listed, StartAfter="a/b/2", MaxKeys=2)
    assert [entry["Key"] for entry in page["Contents"]] == ["a/b/3", "a/c"]
    assert page["StartAfter"] == "a/b/2"
    folders = s3.list_objects_v2(Bucket=listed, StartAfter="a/1", Delimiter="/", MaxKeys=1)
    assert [entry["Prefix"] for entry in folders["CommonPrefixes"]] == ["a/"]
    plus = s3.list_objects_v2(Bucket=listed, StartAfter="a+b/1", MaxKeys=1)
    assert (plus["StartAfter"], plus["Contents"][0]["Key"]) == ("a+b/1", "a+b/2")
    assert s3.list_objects_v2(Bucket=listed, MaxKeys=0)["KeyCount"] == 0
    assert "Contents" not in s3.list_objects(Bucket=listed, Marker="ü/1")


@pytest.mark.parametrize("options", [{"ContinuationToken": "no token"}, {"MaxKeys": -1}])
def test_what_is_no_token_or_number_is_refused(s3: Any, listed: str, options: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="InvalidArgument"):
        s3.list_objects_v2(Bucket=listed, **options)


@pytest.mark.product
def test_a_token_holds_through_a_restart(tmp_path: Path) -> None:
    with process.running(tmp_path) as endpoint_url:
        s3 = client_of(endpoint_url, "s3")
        s3.create_bucket(Bucket="lake")
        for key in ("a", "b", "c"):
            s3.put_object(Bucket="lake", Key=key, Body=b"")
        token = s3.list_objects_v2(Bucket="lake", MaxKeys=2)["NextContinuationToken"]
    with process.running(tmp_path) as endpoint_url:
        page = client_of(endpoint_url, "s3").list_objects_v2(Bucket="lake", ContinuationToken=token)
        assert [entry["Key"] for entry in page["Contents"]] == ["c"]


@pytest.mark.product
@pytest.mark.thorough
def test_more_than_ten_thousand_keys_come_in_pages_of_a_thousand(tmp_path: Path) -> None:
    names = [f"dt={number % 7}/{number:05}" for number in range(10_500)]
    for name in names:
        path = tmp_path / "s3" / "lake" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"1")
    with process.running(tmp_path) as endpoint_url:
        s3 = client_of(endpoint_url, "s3")
        found = [
            [entry["Key"] for entry in page["Contents"]]
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket="lake", MaxKeys=5000)
        ]
        assert [len(page) for page in found] == [1000] * 10 + [500]
        assert [key for page in found for key in page] == sorted(names)
        folders = s3.list_objects_v2(Bucket="lake", Delimiter="/")
        assert [entry["Prefix"] for entry in folders["CommonPrefixes"]] == [f"dt={n}/" for n in range(7)]


@given(
    names=st.sets(st.text("ab/", min_size=1, max_size=5), max_size=12),
    prefix=st.text("ab/", max_size=2),
    delimiter=st.sampled_from(["", "/", "b"]),
    size=st.integers(1, 4),
)
def test_pages_of_any_size_are_the_one_page(names: set[str], prefix: str, delimiter: str, size: int) -> None:
    whole = listing.page(names, prefix, delimiter, "", 1000, past_prefix=True)
    keys: list[str] = []
    prefixes: list[str] = []
    after: str | None = ""
    while after is not None:
        page = listing.page(names, prefix, delimiter, after, size, past_prefix=True)
        keys += page.keys
        prefixes += page.prefixes
        after = page.last
    assert (keys, prefixes) == (whole.keys, whole.prefixes)
    assert whole.keys == sorted(
        n for n in names if n.startswith(prefix) and not (delimiter and delimiter in n[len(prefix) :])
    )
