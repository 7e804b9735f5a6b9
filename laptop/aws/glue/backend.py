"""Glue: moto's, with jobs that run, crawlers that crawl and a catalog that stays."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any, cast

import moto.glue.urls
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import camelcase_to_underscores, utcnow
from moto.glue.exceptions import (
    AlreadyExistsException,
    CrawlerRunningException,
    GlueClientError,
    InvalidInputException,
)
from moto.glue.models import glue_backends
from moto.glue.responses import GlueResponse

from laptop.aws import seams
from laptop.aws.glue import spark
from laptop.aws.glue.catalog_files import CatalogFiles
from laptop.aws.glue.column_statistics import Table
from laptop.aws.glue.crawlers import Crawl, Crawler
from laptop.aws.glue.jobs import Job, JobRun
from laptop.aws.glue.stored_backend import StoredBackend
from laptop.aws.glue.warm_spark import Pool


def install(state: Path, endpoint_url: str) -> None:
    """Make moto run Glue's jobs and crawlers, and keep its catalog below `state`."""
    JobRun.logs = state / "logs" / "glue"
    JobRun.endpoint_url = endpoint_url
    JobRun.pool = Pool(state / "spark", lambda: spark.environment(endpoint_url, "us-east-1"))
    models: dict[str, type] = {
        "FakeJob": Job,
        "FakeJobRun": JobRun,
        "FakeCrawler": Crawler,
        "FakeCrawl": Crawl,
        "FakeTable": Table,
    }
    seams.install("glue", partial(StoredGlueBackend, state=state), models)


class StoredGlueBackend(StoredBackend):
    """moto's Glue of one region, kept in `CatalogFiles`."""

    def __init__(self, region_name: str, account_id: str, *, state: Path):
        super().__init__(region_name, account_id)
        self._files = CatalogFiles(state / "glue" / region_name)
        self._files.load(self)
        if self.jobs:
            JobRun.pool.warm()

    @property
    def _url_module(self) -> Any:
        return seams.routes(moto.glue.urls, StoredGlueResponse)

    def save(self) -> None:
        """Write what changed."""
        for database in self.databases.values():
            for table in database.tables.values():
                cast(Table, table).forget_statistics_of_what_is_gone()
        self._files.save(self)

    def create_job(self, name: str, *args: Any, **options: Any) -> None:
        """Create a job; unlike moto, not over one that exists."""
        if name in self.jobs:
            raise AlreadyExistsException("Job")
        super().create_job(name, *args, **options)
        self.jobs[name].execution_class = options["execution_class"]  # Glue shows it only where it was given
        JobRun.pool.warm()

    def create_crawler(self, *args: Any, **options: Any) -> None:
        """Create a crawler that the local AWS can run."""
        super().create_crawler(*args, **options)
        crawler = cast(Crawler, self.crawlers[options["name"]])
        try:
            crawler.check("CreateCrawler")
        except Exception:
            del self.crawlers[crawler.name]
            raise


class StoredGlueResponse(GlueResponse):
    """moto's Glue over HTTP, one request at a time, each on disk before it is answered."""

    @property
    def backend(self) -> StoredGlueBackend:
        """The region's Glue."""
        return cast(StoredGlueBackend, glue_backends[self.current_account][self.region])

    def call_action(self) -> Any:
        """Answer a request."""
        backend = self.backend
        with backend.lock:
            response = super().call_action()
            if not self._get_action().startswith(("Get", "List", "BatchGet")):
                backend.save()
            return response

    def update_job(self) -> ActionResult:
        """UpdateJob: the new definition replaces the old one; the runs stay."""
        name = self.parameters["JobName"]
        old = self.backend.get_job(name)
        self.body = json.dumps({"Name": name, **self.parameters["JobUpdate"]})
        del self.backend.jobs[name]
        self.create_job()
        new = self.backend.jobs[name]
        new.created_on, new.job_runs = old.created_on, old.job_runs
        return ActionResult({"JobName": name})

    def batch_stop_job_run(self) -> ActionResult:
        """BatchStopJobRun: ends the processes of runs that are going."""
        name = self.parameters["JobName"]
        stopped, errors = [], []
        for run_id in self.parameters["JobRunIds"]:
            try:
                run = cast(JobRun, self.backend.get_job_run(name, run_id))
                if run.status not in ("STARTING", "RUNNING"):
                    raise InvalidInputException("BatchStopJobRun", f"Job run {run_id} is {run.status}")
                run.stop()
                stopped.append({"JobName": name, "JobRunId": run_id})
            except GlueClientError as error:
                detail = {"ErrorCode": error.error_type, "ErrorMessage": error.message}
                errors.append({"JobName": name, "JobRunId": run_id, "ErrorDetail": detail})
        return ActionResult({"SuccessfulSubmissions": stopped, "Errors": errors})

    def update_crawler(self) -> ActionResult:
        """UpdateCrawler: what is given replaces what was there."""
        crawler = cast(Crawler, self.backend.get_crawler(self.parameters["Name"]))
        if crawler.status != "READY":
            raise CrawlerRunningException(
                f"Crawler {crawler.name} is {crawler.status}: wait until it is READY"
            )
        before = vars(crawler).copy()
        for name, value in self.parameters.items():
            if name != "Name":
                setattr(crawler, camelcase_to_underscores(name), value)
        try:
            crawler.check("UpdateCrawler")
        except InvalidInputException:
            vars(crawler).update(before)
            raise
        crawler.version += 1
        crawler.last_updated = utcnow()
        return EmptyResult()

    def get_crawler_metrics(self) -> ActionResult:
        """GetCrawlerMetrics: of the last crawl that ended."""
        names = self.parameters.get("CrawlerNameList") or list(self.backend.crawlers)
        crawlers = [cast(Crawler, self.backend.get_crawler(name)) for name in names]
        return ActionResult({"CrawlerMetricsList": [crawler.metrics() for crawler in crawlers]})

    def get_user_defined_functions(self) -> ActionResult:
        """GetUserDefinedFunctions: there are none, for none can be created; Trino asks."""
        if name := self.parameters.get("DatabaseName"):
            self.backend.get_database(name)
        return ActionResult({"UserDefinedFunctions": []})

    def update_column_statistics_for_table(self) -> str:
        """UpdateColumnStatisticsForTable."""
        return self._update_statistics("")

    def update_column_statistics_for_partition(self) -> str:
        """UpdateColumnStatisticsForPartition."""
        return self._update_statistics(self._partition())

    def get_column_statistics_for_table(self) -> str:
        """GetColumnStatisticsForTable."""
        return self._get_statistics("")

    def get_column_statistics_for_partition(self) -> str:
        """GetColumnStatisticsForPartition."""
        return self._get_statistics(self._partition())

    def delete_column_statistics_for_table(self) -> ActionResult:
        """DeleteColumnStatisticsForTable."""
        return self._delete_statistics("")

    def delete_column_statistics_for_partition(self) -> ActionResult:
        """DeleteColumnStatisticsForPartition."""
        return self._delete_statistics(self._partition())

    def _table(self) -> Table:
        names = self.parameters["DatabaseName"], self.parameters["TableName"]
        return cast(Table, self.backend.get_table(*names))

    def _partition(self) -> str:
        """The partition that is asked for, which has to be there, as `Table` names it."""
        return str(self._table().get_partition(self.parameters["PartitionValues"]).values)

    # Statistics go back as they came, without a serializer between: it would encode what is encoded.

    def _update_statistics(self, of: str) -> str:
        errors = self._table().update_statistics(of, self.parameters["ColumnStatisticsList"])
        return json.dumps({"Errors": errors})

    def _get_statistics(self, of: str) -> str:
        found, errors = self._table().statistics(of, self.parameters["ColumnNames"])
        return json.dumps({"ColumnStatisticsList": found, "Errors": errors})

    def _delete_statistics(self, of: str) -> ActionResult:
        self._table().delete_statistics(of, self.parameters["ColumnName"])
        return EmptyResult()
