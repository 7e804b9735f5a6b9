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


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """A page of three modules: a imports b, and b imports c."""
    (tmp_path / "index.html").write_text(
        '<link rel="modulepreload" href="b.js"><link rel="modulepreload" href="c.js">'
        '<script type="module" src="a.js"></script>'
    )
    (tmp_path / "a.js").write_text('import {\n  b,\n} from "./b.js";\nb("./c.js"); // import("./x.js")\n')
    (tmp_path / "b.js").write_text('import { c } from "./c.js";\nexport const b = c;\n')
    (tmp_path / "c.js").write_text("export const c = console.log;\n")
    return tmp_path


def test_a_module_refers_to_the_deployed_names_of_what_it_imports(modules: Path) -> None:
    c, b, a, page = website_files(modules)
    assert b.body.decode() == f'import {{ c }} from "./{Path(c.key).name}";\nexport const b = c;\n'
    assert a.body.decode().startswith(f'import {{\n  b,\n}} from "./{Path(b.key).name}";\n')
    assert a.body.endswith(b'b("./c.js"); // import("./x.js")\n'), "what is not an import stays as it is"
    assert f'<link rel="modulepreload" href="{c.key}">'.encode() in page.body
    (modules / "c.js").write_text("export const c = console.warn;\n")
    others = list(website_files(modules))
    assert {file.key for file in others} & {a.key, b.key, c.key} == set(), (
        "every name that leads to c changes"
    )


def test_a_module_leaves_the_comments_behind_that_have_lines_of_their_own(modules: Path) -> None:
    (modules / "c.js").write_text("""\
// Why, in a line.
/**
 * @param {*} x
 */
/** Short. **/
export const c = (x) => {
  // Inside.
  const address = "https://example.org/**"; // beside
  /* not a type */
  return /** @type {any} */ (x);
};
""")
    c, *_ = website_files(modules)
    assert (
        c.body.decode()
        == """\
export const c = (x) => {
  const address = "https://example.org/**"; // beside
  /* not a type */
  return /** @type {any} */ (x);
};
"""
    )


def test_an_import_that_cannot_be_deployed_is_refused(modules: Path) -> None:
    (modules / "c.js").write_text('export { d } from "./d.js";\n')
    with pytest.raises(ValueError, match=r"c\.js imports \['d.js'\], which index\.html does not name"):
        list(website_files(modules))
    (modules / "c.js").write_text('export { a } from "./a.js";\n')
    with pytest.raises(ValueError, match=r"in a circle: [abc]\.js → [abc]\.js → [abc]\.js → [abc]\.js"):
        list(website_files(modules))


def test_what_an_editor_or_a_desktop_leaves_is_not_deployed(folder: Path) -> None:
    before = list(website_files(folder))
    (folder / ".DS_Store").write_bytes(b"\0")
    (folder / ".style.css.swp").write_bytes(b"\0")
    (folder / "data").mkdir()
    (folder / "data" / "top10_cryptos.json").write_text("{}")
    assert list(website_files(folder)) == before


def test_the_repositorys_website_can_be_deployed() -> None:
    files = {file.key: file.body.decode() for file in website_files()}
    assert list(files)[-1] == "index.html"
    modules = {key: body for key, body in files.items() if key.endswith(".js")}
    imported = {
        f"assets/{name}" for body in modules.values() for name in re.findall(r' from "\./(.+)";', body)
    }
    preloaded = set(re.findall(r'"modulepreload" href="(.+?)"', files["index.html"]))
    [entry] = re.findall(r'<script type="module" src="(.+?)"', files["index.html"])
    assert imported == preloaded == modules.keys() - {entry}
