"""The website's files as they are deployed: assets under names that change with their content.

`include/website/index.html` refers to its assets by their plain names, as in `href="style.css"`. Its modules
import each other as in `from "./data.js"`. All of it works like that from the folder.

Deployed, `style.css` becomes `assets/style.0123456789.css`, which a browser may keep indefinitely, and the
page refers to that. A module refers to the deployed names of the modules that it imports, so its own name
changes with theirs. Its comments stay behind: half of a module is types and reasons, which no visitor reads.
How long anything is kept is in `include/resources/website.yaml`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path, PurePosixPath

import yaml

_INCLUDE = Path(__file__).parents[1]
_PAGE = "index.html"
_REFERENCE = re.compile(r'\b(href|src)="([\w-]+\.\w+)"')
_IMPORT = re.compile(r'^((?:import|export)\b[^;"]*"\./)([\w-]+\.js)(?=";)', re.MULTILINE)
# Those that have their lines to themselves: what else looks like a comment may be part of a text.
_COMMENT = re.compile(r"^ *(?://[^\n]*|/\*\*(?:[^*]|\*(?!/))*\*/ *)\n", re.MULTILINE)
# Not what the machine thinks: that differs, and a package must not.
_CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True)
class WebsiteFile:
    """One object of the website's bucket."""

    key: str
    body: bytes
    content_type: str
    cache_control: str


def website_files(folder: Path = _INCLUDE / "website") -> Iterator[WebsiteFile]:
    """What to put into the website's bucket: the assets, then the page that refers to them.

    Args:
        folder: Holds index.html and its assets, flat. Folders and dot files are left out.

    Raises:
        ValueError: the page refers to an asset that is not there, or not to one that is; a module imports
            one that the page does not name, or modules import each other in a circle; or an asset's content
            type is not known.
    """
    page = (folder / _PAGE).read_text(encoding="utf-8")
    named = {name for _, name in _REFERENCE.findall(page)}
    files = (path.name for path in folder.iterdir() if path.is_file())
    there = {name for name in files if not name.startswith(".")} - {_PAGE}
    if named != there:
        raise ValueError(
            f"{folder / _PAGE} refers to {sorted(named - there) or 'no missing file'} and not to "
            f"{sorted(there - named) or 'every file there is'}: name each asset once as href or src"
        )
    keys: dict[str, str] = {}
    for name in _imports_first(folder, named):
        path = PurePosixPath(name)
        body = (folder / name).read_bytes()
        if path.suffix == ".js":
            body = _deployed_module(body.decode(), keys)
        keys[name] = f"assets/{path.stem}.{hashlib.sha256(body).hexdigest()[:10]}{path.suffix}"
        yield _file(keys[name], body)
    yield _file(_PAGE, _REFERENCE.sub(lambda found: f'{found[1]}="{keys[found[2]]}"', page).encode())


def _deployed_module(source: str, keys: Mapping[str, str]) -> bytes:
    code = _COMMENT.sub("", source)
    return _IMPORT.sub(lambda found: found[1] + PurePosixPath(keys[found[2]]).name, code).encode()


def _imports_first(folder: Path, names: set[str]) -> Iterator[str]:
    """The assets, each after those that it imports."""
    imports = {
        name: sorted({found[2] for found in _IMPORT.finditer((folder / name).read_text(encoding="utf-8"))})
        if name.endswith(".js")
        else []
        for name in sorted(names)
    }
    for name, imported in imports.items():
        if missing := set(imported) - names:
            raise ValueError(
                f"{folder / name} imports {sorted(missing)}, which {_PAGE} does not name: "
                'add <link rel="modulepreload" href="…"> for each'
            )
    try:
        yield from TopologicalSorter(imports).static_order()
    except CycleError as error:
        raise ValueError(
            f"{folder}: modules import each other in a circle: {' → '.join(error.args[1])}. A module's "
            "deployed name holds a hash of what it imports: move what they share into a module of its own"
        ) from None


def cache_control(key: str) -> str:
    """How long browsers and CloudFront may keep an object of the website's bucket.

    Raises:
        KeyError: website.yaml has no rule for it.
    """
    for prefix, value in _cache_rules().items():
        if key.startswith(prefix):
            return value
    raise KeyError(f"include/resources/website.yaml has no CacheControl for {key}")


@cache
def _cache_rules() -> dict[str, str]:
    declared = yaml.safe_load((_INCLUDE / "resources" / "website.yaml").read_text(encoding="utf-8"))
    return dict(declared["CacheControl"])


def _file(key: str, body: bytes) -> WebsiteFile:
    suffix = PurePosixPath(key).suffix
    if suffix not in _CONTENT_TYPES:
        raise ValueError(f"{key}: add the content type of {suffix} files to _CONTENT_TYPES in {__name__}")
    return WebsiteFile(key, body, _CONTENT_TYPES[suffix], cache_control(key))
