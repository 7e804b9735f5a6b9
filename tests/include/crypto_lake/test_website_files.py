"""The website as it is deployed: names that change with the content, and how long each may be kept."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from include.crypto_lake.website_files import cache_control, website_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text(
        '<link rel="stylesheet" href="style.css"><a href="https://example.org">x</a><a href="#top">x</a>'
    )
    (tmp_path / "style.css").write_text("a { color: red }")
    return tmp_path


def test_the_page_refers_to_assets_whose_names_change_with_their_content(folder: Path) -> None:
    style, page = website_files(folder)
    assert re.fullmatch(r"assets/style\.[0-9a-f]{10}\.css", style.key)
    assert style.content_type == "text/css; charset=utf-8"
    assert f'href="{style.key}"'.encode() in page.body
    assert b'href="https://example.org"' in page.body
    assert b'href="#top"' in page.body
    (folder / "style.css").write_text("a { color: blue }")
    other, _ = website_files(folder)
    assert other.key != style.key


def test_assets_are_kept_for_ever_and_the_page_and_the_data_are_not(folder: Path) -> None:
    style, page = website_files(folder)
    assert style.cache_control == "public, max-age=31536000, immutable"
    assert page.cache_control == "public, max-age=60, must-revalidate"
    assert cache_control("data/top10_cryptos.json") == "public, max-age=300, must-revalidate"
    with pytest.raises(KeyError, match=r"no CacheControl for notes\.txt"):
        cache_control("notes.txt")


def test_a_missing_and_a_forgotten_asset_are_named(folder: Path) -> None:
    (folder / "style.css").rename(folder / "styles.css")
    with pytest.raises(ValueError, match=r"refers to \['style.css'\] and not to \['styles.css'\]"):
        list(website_files(folder))


def test_what_an_editor_or_a_desktop_leaves_is_not_deployed(folder: Path) -> None:
    before = list(website_files(folder))
    (folder / ".DS_Store").write_bytes(b"\0")
    (folder / ".style.css.swp").write_bytes(b"\0")
    (folder / "data").mkdir()
    (folder / "data" / "top10_cryptos.json").write_text("{}")
    assert list(website_files(folder)) == before


def test_the_repositorys_website_can_be_deployed() -> None:
    keys = [file.key for file in website_files()]
    assert keys[-1] == "index.html"
    assert any(key.endswith(".js") for key in keys)
