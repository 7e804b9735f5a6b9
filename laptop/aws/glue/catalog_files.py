"""The Glue catalog, jobs and crawlers in JSON files: written through at every change, read at the start.

Below `<state>/glue/<region>/`, one file a thing, readable by people: `databases/`, `tables/` (with their
versions, and a line a partition), `jobs/` (definitions; runs are not kept), `crawlers/` (with the last
crawl) and `tags.json`.
"""

from __future__ import annotations

import inspect
import json
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote
from weakref import WeakKeyDictionary

from moto.glue.models import FakeCrawler, FakeDatabase, FakeJob, FakePartition, FakeTable, GlueBackend

from laptop.aws.glue.column_statistics import Table
from laptop.aws.glue.crawlers import Crawl, Crawler
from laptop.aws.glue.jobs import Job
from laptop.aws.json_files import write_text

_NOT_FIELDS = {"self", "name", "tags", "backend"}
_JOB_FIELDS = inspect.signature(FakeJob.__init__).parameters.keys() - _NOT_FIELDS
_CRAWLER_FIELDS = inspect.signature(FakeCrawler.__init__).parameters.keys() - _NOT_FIELDS
_CRAWL_FIELDS = ("crawl_id", "status", "start_time", "end_time", "error_message", "counts")


class CatalogFiles:
    """The files of one region's Glue."""

    def __init__(self, directory: Path):
        self._directory = directory
        self._written: dict[str, str] = {}
        self._tables: dict[str, list[Any]] = {}
        self._lines: WeakKeyDictionary[FakePartition, str] = WeakKeyDictionary()

    def save(self, backend: GlueBackend) -> None:
        """Make the files be what the backend holds; only those that changed are written."""
        now = {name: _to_json(content) for name, content in _file_contents(backend).items()}
        for database in backend.databases.values():
            for table in database.tables.values():
                name = f"tables/{_file_name(database.name, table.name)}"
                now[name] = self._table_text(name, table)
        for name, text in now.items():
            if self._written.get(name) != text:
                write_text(self._directory / name, text)
        for name in self._written.keys() - now.keys():
            (self._directory / name).unlink()
        self._written = now

    def load(self, backend: GlueBackend) -> None:
        """Fill an empty backend from the files."""
        for content in self._read_files("databases"):
            database = FakeDatabase(content["name"], content["input"], catalog_id=backend.account_id)
            database.created_time = datetime.fromisoformat(content["created"])
            backend.databases[database.name] = database
        for content in self._read_files("tables"):
            table = _load_table(content, backend)
            backend.databases[table.database_name].tables[table.name] = table
        for content in self._read_files("jobs"):
            job = Job(content["name"], **content["definition"], tags={}, backend=backend)
            job.execution_class = content["definition"]["execution_class"]
            job.created_on = datetime.fromisoformat(content["created"])
            job.last_modified_on = datetime.fromisoformat(content["modified"])
            backend.jobs[job.name] = job
        for content in self._read_files("crawlers"):
            crawler = Crawler(content["name"], **content["definition"], tags={}, backend=backend)
            crawler.creation_time = datetime.fromisoformat(content["created"])
            crawler.last_updated = datetime.fromisoformat(content["modified"])
            crawler.version = content["version"]
            crawler.crawls += [_load_crawl(crawler.name, kept) for kept in content["crawls"]]
            backend.crawlers[crawler.name] = crawler
        for content in self._read_files("."):
            for arn, tags in content.items():
                backend.tag_resource(arn, tags)
        self.save(backend)

    def _table_text(self, name: str, table: FakeTable) -> str:
        """A table's file; what is unchanged is not put into words again, for there may be many partitions."""
        # Neither a version nor a partition is ever changed: another one takes its place.
        statistics = cast(Table, table).column_statistics
        state = [table, table.updated_time, {**table.versions}, statistics, *table.partitions.values()]
        if state != self._tables.get(name) or name not in self._written:
            head = _to_json(
                {
                    "database": table.database_name,
                    "name": table.name,
                    "created": table.created_time,
                    "updated": table.updated_time,
                    "versions": table.versions,
                    "statistics": statistics,
                }
            )
            head = head.removesuffix("\n}\n")
            lines = ",\n".join(map(self._partition_line, table.partitions.values()))
            self._tables[name] = state
            return f'{head},\n  "partitions": [\n{lines}\n  ]\n}}\n'
        return self._written[name]

    def _partition_line(self, partition: FakePartition) -> str:
        if partition not in self._lines:
            content = {"created": partition.creation_time, "input": partition.partition_input}
            self._lines[partition] = f"    {_to_json(content, indent=None).rstrip()}"
        return self._lines[partition]

    def _read_files(self, folder: str) -> list[Any]:
        paths = sorted((self._directory / folder).glob("[!.]*.json"))
        for path in paths:
            self._written[path.relative_to(self._directory).as_posix()] = path.read_text(encoding="utf-8")
        return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def _file_contents(backend: GlueBackend) -> dict[str, Any]:
    contents: dict[str, Any] = {}
    for database in backend.databases.values():
        contents[f"databases/{_file_name(database.name)}"] = {
            "name": database.name,
            "created": database.created_time,
            "input": database.input,
        }
    for job in backend.jobs.values():
        contents[f"jobs/{_file_name(job.name)}"] = {
            "name": job.name,
            "created": job.created_on,
            "modified": job.last_modified_on,
            "definition": {field: getattr(job, field) for field in sorted(_JOB_FIELDS)},
        }
    for crawler in backend.crawlers.values():
        done = [crawl for crawl in crawler.crawls if crawl.end_time]
        contents[f"crawlers/{_file_name(crawler.name)}"] = {
            "name": crawler.name,
            "created": crawler.creation_time,
            "modified": crawler.last_updated,
            "version": crawler.version,
            "definition": {field: getattr(crawler, field) for field in sorted(_CRAWLER_FIELDS)},
            "crawls": [{field: getattr(crawl, field) for field in _CRAWL_FIELDS} for crawl in done[-1:]],
        }
    tags = {arn: backend.tagger.get_tag_dict_for_resource(arn) for arn in sorted(backend.tagger.tags)}
    contents["tags.json"] = {arn: kept for arn, kept in tags.items() if kept}
    return contents


def _to_json(content: Any, indent: int | None = 2) -> str:
    return json.dumps(content, indent=indent, ensure_ascii=False, default=datetime.isoformat) + "\n"


def _file_name(*names: str) -> str:
    return ".".join(quote(name, safe="") for name in names) + ".json"


def _load_table(content: dict[str, Any], backend: GlueBackend) -> FakeTable:
    table = Table(content["database"], content["name"], {}, catalog_id=backend.account_id)
    table.created_time = datetime.fromisoformat(content["created"])
    table.updated_time = datetime.fromisoformat(content["updated"]) if content["updated"] else None
    table.versions = content["versions"]
    table.column_statistics = content.get("statistics", {})
    table._current_version = max(int(version) for version in table.versions)
    for kept in content["partitions"]:
        partition = FakePartition(content["database"], content["name"], kept["input"])
        partition.creation_time = datetime.fromisoformat(kept["created"])
        table.partitions[str(partition.values)] = partition
    return table


def _load_crawl(crawler_name: str, content: dict[str, Any]) -> Crawl:
    crawl = Crawl(crawler_name)
    for field in _CRAWL_FIELDS:
        setattr(crawl, field, content[field])
    crawl.start_time = datetime.fromisoformat(content["start_time"])
    crawl.end_time = datetime.fromisoformat(content["end_time"])
    crawl.message_prefix = crawl.crawl_id
    return crawl
