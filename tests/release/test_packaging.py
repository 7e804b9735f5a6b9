"""The package: what is in it, and that it is the same bytes wherever it is built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from include.crypto_lake.glue_script_files import script_keys
from include.crypto_lake.resources import load_resources
from include.crypto_lake.website_files import website_files
from laptop.lake.deployment import VALUES
from release import packaging
from release.errors import ReleaseError
from release.manifest import Manifest, open_folder

pytestmark = pytest.mark.product

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package") / "dist"
    packaging.build(folder)
    return folder


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What a package is built from, elsewhere, without git."""
    for folder in ("dags", "include", "laptop", "plugins", "release"):
        shutil.copytree(
            REPOSITORY / folder,
            tmp_path / "elsewhere" / folder,
            ignore=shutil.ignore_patterns("__pycache__"),
            copy_function=shutil.copyfile,  # with the time of now, and the umask's mode
        )
    for name in ("pyproject.toml", "requirements.txt"):
        shutil.copyfile(REPOSITORY / name, tmp_path / "elsewhere" / name)
    return tmp_path / "elsewhere"


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def build(checkout: Path, folder: Path, **environment: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "release", "package", "--output", str(folder)],
        cwd=checkout,
        env=os.environ | environment,
        umask=0o077,
        check=True,
        capture_output=True,
    )


def test_the_dags_folder_has_what_the_dags_read_and_nothing_else(package: Path) -> None:
    there = set(files(package / "dags"))
    assert {".airflowignore"} | {path.name for path in (REPOSITORY / "dags").glob("*.py")} <= there
    assert {path for path in there if path.startswith("include/resources/")} == {
        "include/resources/website.yaml"
    }
    for folder in ("website", "sql/examples"):
        assert not any(path.startswith(f"include/{folder}") for path in there)
    assert (package / "dags" / ".airflowignore").read_text() == "include/\n"


def test_every_file_that_the_code_opens_beside_itself_is_in_the_package(package: Path) -> None:
    """The queries and schemas that the DAGs name, from the package's own text."""
    there = set(files(package / "dags"))
    dag = (package / "dags" / "crypto_market_daily.py").read_text()
    queries = {line.split('"')[1] for line in dag.splitlines() if line.strip().startswith("query=")}
    assert len(queries) == 5
    assert {f"include/sql/{query}" for query in queries} <= there
    schemas = {f"include/schemas/{path.name}" for path in (REPOSITORY / "include" / "schemas").glob("*.json")}
    assert schemas <= there


def test_plugins_are_at_the_archives_root_as_mwaa_unpacks_them(package: Path) -> None:
    with zipfile.ZipFile(package / "plugins.zip") as archive:
        unpacked = {name: archive.read(name) for name in archive.namelist()}
        modes = {entry.external_attr >> 16 for entry in archive.infolist()}
    plugins = REPOSITORY / "plugins"
    assert set(unpacked) >= {".airflowignore", "dashboard_link.py", "lake_provider/triggers/sqs.py"}
    assert all(body == (plugins / name).read_bytes() for name, body in unpacked.items())
    assert modes == {0o100644}


def test_glue_scripts_and_website_go_where_the_resources_say(package: Path) -> None:
    manifest = open_folder(package).manifest
    lake = {
        file.key: package.joinpath(file.path).read_bytes() for file in manifest.files if file.bucket == "lake"
    }
    assert lake == {key: script.read_bytes() for key, script in script_keys().items()}
    for job, definition in load_resources(VALUES)["glue_jobs"].items():
        located = [
            definition["Command"]["ScriptLocation"],
            *definition["DefaultArguments"]["--extra-py-files"].split(","),
        ]
        assert {address.split("/", 3)[3] for address in located} <= lake.keys(), job
    website = {
        file.key: (package.joinpath(file.path).read_bytes(), file.content_type, file.cache_control)
        for file in manifest.files
        if file.bucket == "website"
    }
    assert website == {
        file.key: (file.body, file.content_type, file.cache_control) for file in website_files()
    }


def test_the_same_repository_gives_the_same_bytes_elsewhere(package: Path, checkout: Path) -> None:
    build(checkout, checkout / "out" / "dist", TZ="Asia/Tokyo", LC_ALL="C", PYTHONHASHSEED="7")
    assert files(checkout / "out" / "dist") == files(package)


def test_caches_and_what_editors_leave_stay_behind(package: Path, checkout: Path) -> None:
    for name in (
        "dags/__pycache__/crypto_market_daily.cpython-312.pyc",
        "dags/.crypto_market_daily.py.swp",
        "include/crypto_lake/settings.py~",
        "include/.DS_Store",
        "plugins/lake_provider/athena_rows.py.orig",
    ):
        path = checkout / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"\0")
    build(checkout, checkout / "dist")
    assert files(checkout / "dist") == files(package)


def test_another_content_is_another_release(package: Path, checkout: Path) -> None:
    with (checkout / "plugins" / "dashboard_link.py").open("a") as plugin:
        plugin.write("# changed\n")
    build(checkout, checkout / "dist")
    before, after = (open_folder(folder).manifest for folder in (package, checkout / "dist"))
    assert before.id != after.id
    changed = {file.path for file in set(after.files) - set(before.files)}
    assert changed == {"plugins.zip"}


def test_building_again_replaces_the_package_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    packaging.build(folder)
    (folder / "leftover.txt").write_text("of an earlier version")
    packaging.build(folder)
    assert not (folder / "leftover.txt").exists()
    assert list(tmp_path.iterdir()) == [folder]

    other = tmp_path / "thesis"
    other.mkdir()
    (other / "chapter.txt").write_text("years of work")
    with pytest.raises(ReleaseError, match="holds something that is no package"):
        packaging.build(other)
    assert (other / "chapter.txt").exists()


def test_a_package_that_was_changed_is_refused(package: Path, tmp_path: Path) -> None:
    def copy(name: str) -> Path:
        return Path(shutil.copytree(package, tmp_path / name))

    changed = copy("changed")
    (changed / "requirements.txt").write_text("pandas==3\n")
    with pytest.raises(ReleaseError, match=r"requirements\.txt is not what manifest\.json says"):
        open_folder(changed)

    more = copy("more")
    (more / "dags" / "quick_fix.py").write_text("pass")
    with pytest.raises(ReleaseError, match=r"differ in dags/quick_fix\.py"):
        open_folder(more)

    forged = copy("forged")
    text = (forged / "manifest.json").read_text().replace("max-age=60,", "max-age=61,")
    (forged / "manifest.json").write_text(text)
    with pytest.raises(ReleaseError, match=r"manifest\.json is no manifest"):
        open_folder(forged)

    with pytest.raises(ReleaseError, match="holds no package"):
        open_folder(tmp_path / "nowhere")


def test_a_manifest_is_read_as_it_was_written(package: Path) -> None:
    text = (package / "manifest.json").read_text()
    assert Manifest.parse(text, "manifest.json").text() == text


def test_requirements_are_those_of_the_repository(package: Path) -> None:
    assert (package / "requirements.txt").read_bytes() == (REPOSITORY / "requirements.txt").read_bytes()


def test_requirements_are_pinned_as_mwaa_forces_them_to_be() -> None:
    """As in Airflow 3.2.1's constraints for Python 3.12, which MWAA hands to pip."""
    lines = (REPOSITORY / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["pandas==2.3.3", "pyarrow==23.0.1"]
