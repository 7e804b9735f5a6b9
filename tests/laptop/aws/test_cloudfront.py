"""The stand-in for CloudFront: the declared headers on every answer, compression, conditional requests."""

from __future__ import annotations

import gzip

import pytest
from werkzeug.test import Client

from laptop.aws.cloudfront import OriginObject, Website, distribution

PAGE = b"<!doctype html>" + b"<p>the market</p>" * 100
OBJECTS = {
    "index.html": OriginObject(PAGE, "text/html; charset=utf-8", '"abc"', "public, max-age=60"),
    "small.json": OriginObject(b"{}", "application/json", '"def"', None),
    "logo.png": OriginObject(b"\x89PNG" * 1000, "image/png", '"ghi"', None),
}


@pytest.fixture(scope="module")
def browser() -> Client:
    website = Website("website", "index.html", {"X-Frame-Options": "DENY", "X-Of-Ours": "declared"})
    return Client(distribution(OBJECTS.get, website))


@pytest.mark.parametrize("path", ["/", "/index.html", "/small.json", "/not/there"])
def test_every_answer_carries_the_declared_headers(browser: Client, path: str) -> None:
    headers = browser.get(path).headers
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Of-Ours"] == "declared"


def test_the_root_is_the_page(browser: Client) -> None:
    answer = browser.get("/")
    assert answer.data == PAGE
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=60"


def test_text_is_compressed_for_those_who_accept_it(browser: Client) -> None:
    squeezed = browser.get("/", headers={"Accept-Encoding": "gzip, br"})
    assert squeezed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(squeezed.data) == PAGE
    assert squeezed.headers["Vary"] == "Accept-Encoding"
    for path in ("/small.json", "/logo.png"):
        assert "Content-Encoding" not in browser.get(path, headers={"Accept-Encoding": "gzip"}).headers
    assert "Content-Encoding" not in browser.get("/", headers={"Accept-Encoding": "gzip;q=0"}).headers


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_what_the_browser_has_is_not_sent_again(browser: Client, encoding: str) -> None:
    wanted = {"Accept-Encoding": encoding}
    etag = browser.get("/", headers=wanted).headers["ETag"]
    answer = browser.get("/", headers=wanted | {"If-None-Match": etag})
    assert (answer.status_code, answer.data) == (304, b"")


def test_what_is_not_there_is_not_found_and_nothing_can_be_written(browser: Client) -> None:
    assert browser.get("/data/top10_cryptos.json").status_code == 404
    assert browser.get("/../secret").status_code == 404
    assert browser.put("/index.html", data=b"").status_code == 403
