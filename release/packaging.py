"""Builds the package: from the repository to the folder `dist/`, the same bytes wherever it is built.

    dist/
      dags/             for the dags bucket: DAG files, and what they import as include/
      plugins.zip       for the dags bucket; MWAA unpacks it
      requirements.txt  for the dags bucket; MWAA installs it over its image
      glue_scripts/     for the lake bucket, under the prefix that names their content
      website/          for the website bucket, under the names and with the headers of `website_files`
      manifest.json     all of these with their hashes

There is no startup.sh: nothing has to be done before Airflow starts. What goes along is chosen by folder and
suffix, so that caches and editors' leftovers stay behind, whether or not the repository is a git checkout.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

from include.crypto_lake.glue_script_files import script_keys
from include.crypto_lake.website_files import website_files
from release.errors import ReleaseError
from release.manifest import NAME, Bucket, File, Manifest

REPOSITORY = Path(__file__).parents[1]

# What the DAGs need at run time. The page and the example queries are not read there, and of the resources
# only the cache rules are. The Glue scripts are read to know which of the lake bucket a run takes.
_DAGS = ("dags/.airflowignore", "dags/*.py")
_INCLUDE = (
    "include/__init__.py",
    "include/crypto_lake/**/*.py",
    "include/glue_scripts/*.py",
    "include/orchestration/**/*.py",
    "include/resources/website.yaml",
    "include/schemas/*.json",
    "include/sql/*.sql",
    "include/sql/checks/*.sql",
)
_PLUGINS = ("plugins/.airflowignore", "plugins/**/*.py")

_CONTENT_TYPES = {
    ".json": "application/json",
    ".py": "text/x-python",
    ".sql": "application/sql",
    ".txt": "text/plain",
    ".yaml": "application/yaml",
    ".zip": "application/zip",
}


def build(folder: Path) -> Manifest:
    """Build the package into a folder, in the place of an earlier one.

    Raises:
        ReleaseError: the folder holds something else, or the repository lacks what belongs into a package.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / NAME).exists():
        raise ReleaseError(f"{folder} holds something that is no package: choose another with --output")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
        made = Path(temporary) / "package"
        files = []
        for file, body in _content():
            path = made / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
            files.append(file)
        manifest = Manifest(_version(), tuple(sorted(files, key=lambda file: file.path)))
        (made / NAME).write_text(manifest.text(), encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        made.replace(folder)
    return manifest


def _content() -> Iterator[tuple[File, bytes]]:
    for name, body in _chosen(_DAGS):
        yield _file(name, "dags", name, body)
    for name, body in _chosen(_INCLUDE):
        yield _file(f"dags/{name}", "dags", f"dags/{name}", body)
    yield _file("plugins.zip", "dags", "plugins.zip", _plugins_zip())
    for name, body in _chosen(("requirements.txt",)):
        yield _file(name, "dags", name, body)
    for key, script in script_keys().items():
        yield _file(f"glue_scripts/{script.name}", "lake", key, script.read_bytes())
    for file in website_files():
        path = f"website/{file.key}"
        yield _file(path, "website", file.key, file.body, file.content_type, file.cache_control)


def _chosen(patterns: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """The files of the repository that match, by name; a pattern that matches none is a mistake."""
    for pattern in patterns:
        paths = [path for path in REPOSITORY.glob(pattern) if path.is_file()]
        if not paths:
            raise ReleaseError(f"nothing in {REPOSITORY} matches {pattern}: the package would lack it")
        for path in sorted(paths):
            yield path.relative_to(REPOSITORY).as_posix(), path.read_bytes()


def _plugins_zip() -> bytes:
    made = io.BytesIO()
    # Not compressed: what a compressor makes of the same input depends on its version.
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, body in sorted(_chosen(_PLUGINS)):
            entry = zipfile.ZipInfo(name.removeprefix("plugins/"), date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # Unix, whatever this is: else the mode is ignored
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, body)
    return made.getvalue()


def _file(
    path: str,
    bucket: Bucket,
    key: str,
    body: bytes,
    content_type: str | None = None,
    cache_control: str | None = None,
) -> tuple[File, bytes]:
    content_type = content_type or _CONTENT_TYPES.get(Path(path).suffix, "text/plain")
    digest = hashlib.sha256(body).hexdigest()
    return File(path, bucket, key, digest, len(body), content_type, cache_control), body


def _version() -> str:
    return str(
        tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    )
