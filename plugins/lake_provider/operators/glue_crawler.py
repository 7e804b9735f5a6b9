"""A Glue crawler that runs when the catalog needs it, and is judged by what the catalog then has."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from airflow.providers.amazon.aws.operators.glue_crawler import GlueCrawlerOperator
from airflow.providers.amazon.aws.triggers.glue_crawler import GlueCrawlerCompleteTrigger
from airflow.sdk.exceptions import AirflowException, AirflowFailException

if TYPE_CHECKING:
    from airflow.sdk import Context

_GROUP = 1000
"""How many partitions BatchGetPartition takes at a time."""
_LONGEST_CRAWL = 3600  # seconds
_PATIENCE = 5.0
"""Seconds that a task looks at its crawl before it is deferred: on a laptop most crawls are over by then, and
Airflow 3.2.1 takes a task whose trigger fires at once for killed (apache/airflow#66374)."""
_PAUSE = 0.5
"""Seconds between two such looks, and before the first."""
_NAMED = 10
"""How many missing things an error names."""


class Missing(NamedTuple):
    """What a table of the catalog has not; false if it has everything."""

    table: str
    partitions: list[list[str]]
    columns: list[str]

    def __bool__(self) -> bool:
        return bool(self.partitions or self.columns)

    def __str__(self) -> str:
        partitions = _named("partitions", ["/".join(values) for values in self.partitions])
        lacks = " and ".join(filter(None, [partitions, _named("columns", self.columns)]))
        return f"table {self.table} lacks {lacks}"


def _named(what: str, things: list[str]) -> str:
    more = f" and {len(things) - _NAMED} more" if len(things) > _NAMED else ""
    return f"{what} {', '.join(things[:_NAMED])}{more}" if things else ""


class GlueCatalogCrawlerOperator(GlueCrawlerOperator):
    """The provider's `GlueCrawlerOperator`, deferred, for partitions and columns that tables have to have.

    If they are all in the Data Catalog, the crawler is left alone: a crawl takes minutes and is paid for, and
    rewritten files need none. After a crawl they have to be there: the provider is content with SUCCEEDED,
    which a crawl that found nothing is, too. A crawl that is going already may have missed the newest files:
    it is waited for, and if something is still missing, another one follows.

    The crawler exists already: the provider would create or change it, this operator does neither.

    Args:
        crawler_name: The Glue crawler (`include/resources/crawlers.yaml`).
        database: The tables' database in the Data Catalog.
        tables: The tables that have to have them, all that the crawler maintains. They need not exist yet.
        partitions: The values of each partition that has to be there, in the partition keys' order:
            `[["2026", "02", "25"], …]`. Templated: a list, or JSON text.
        columns: Names of columns that have to be there. Templated: a list, or JSON text.
        poll_interval: Seconds between two looks at a crawl once the task is deferred.
        **kwargs: As `GlueCrawlerOperator`.
    """

    template_fields: Sequence[str] = (*GlueCrawlerOperator.template_fields, "partitions", "columns")

    def __init__(
        self,
        *,
        crawler_name: str,
        database: str,
        tables: Sequence[str],
        partitions: Any,
        columns: Any = (),
        poll_interval: int = 10,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            config={"Name": crawler_name}, poll_interval=poll_interval, deferrable=True, **kwargs
        )
        self.crawler_name = crawler_name
        self.database = database
        self.tables = tables
        self.partitions = partitions
        self.columns = columns

    def execute(self, context: Context) -> dict[str, Any]:  # type: ignore[override]
        """Look into the catalog; if something is missing there, crawl: deferred, unless it is soon over.

        Returns:
            `{"crawled": False, "partitions": 3, "columns": 12}`: how many were looked for.

        Raises:
            AirflowFailException: there is no such crawler, or `partitions` or `columns` is no such list.
            AirflowException: as `execute_complete`.
        """
        missing = self._missing()
        if not missing:
            return self._done(crawled=False)
        self.log.info("In database %s %s", self.database, missing)
        before = _started(self._crawler())
        ours = self._start()
        deadline = time.monotonic() + _PATIENCE
        time.sleep(_PAUSE)
        while not self._has_ended(self._crawler(), before if ours else None):
            if time.monotonic() > deadline:
                self._defer(ours, before)
            time.sleep(_PAUSE)
        return self.execute_complete(context, ours=ours, before=before)

    def execute_complete(  # type: ignore[override]
        self,
        context: Context,
        event: Mapping[str, Any] | None = None,
        ours: bool = True,
        before: str | None = None,
    ) -> dict[str, Any]:
        """Look at the crawl, and into the catalog, when the crawl has ended.

        Args:
            context: Airflow's.
            event: The trigger's.
            ours: Whether the crawl was started by this task, and so after all files were there.
            before: When the crawl before it started; None if there was none.

        Returns:
            As `execute`; `crawled` is whether this task's own crawl added what was missing.

        Raises:
            AirflowException: the crawl has not succeeded, with Glue's error message; or something is still
                missing, by name.
        """
        crawler = self._crawler()
        if crawler["State"] != "READY":
            reason = (event or {}).get("message")
            raise AirflowException(
                f"Glue crawler {self.crawler_name} is still {crawler['State']} ({reason}): clear this task, "
                "which then goes on waiting, or stop the crawler"
            )
        if not ours:
            return self.execute(context)
        if not self._has_ended(crawler, before):
            raise AirflowException(
                f"Glue crawler {self.crawler_name} is READY, but the crawl that this task started has left "
                f"no trace: its last one started at {before or 'no time'}. Clear this task."
            )
        crawl = crawler["LastCrawl"]
        if crawl["Status"] != "SUCCEEDED":
            reason = crawl.get("ErrorMessage") or "Glue gives no error message"
            raise AirflowException(
                f"Glue crawler {self.crawler_name}: the crawl is {crawl['Status']}: {reason}"
            )
        if missing := self._missing():
            raise AirflowException(
                f"Glue crawler {self.crawler_name} succeeded, but in database {self.database} {missing}: "
                "look whether the files are below the crawler's target, in one key=value folder a partition "
                "key, and what the crawler's log says; then clear this task"
            )
        return self._done(crawled=True)

    def _crawler(self) -> dict[str, Any]:
        glue: Any = self.hook.conn
        try:
            crawler: dict[str, Any] = glue.get_crawler(Name=self.crawler_name)["Crawler"]
        except glue.exceptions.EntityNotFoundException as error:
            raise AirflowFailException(
                f"Glue crawler {self.crawler_name} does not exist: "
                "create it from include/resources/crawlers.yaml"
            ) from error
        return crawler

    @staticmethod
    def _has_ended(crawler: Mapping[str, Any], before: str | None) -> bool:
        """Whether another crawl than the one before has ended. READY alone may mean that none has begun."""
        return crawler["State"] == "READY" and _started(crawler) not in (None, before)

    def _start(self) -> bool:
        """Start a crawl; False if one is going already."""
        glue: Any = self.hook.conn
        try:
            glue.start_crawler(Name=self.crawler_name)
        except glue.exceptions.CrawlerRunningException:
            self.log.info("Glue crawler %s is running already: waiting for it first", self.crawler_name)
            return False
        return True

    def _defer(self, ours: bool, before: str | None) -> NoReturn:
        self.defer(
            trigger=GlueCrawlerCompleteTrigger(
                crawler_name=self.crawler_name,
                waiter_delay=self.poll_interval,
                waiter_max_attempts=_LONGEST_CRAWL // self.poll_interval,
                aws_conn_id=self.aws_conn_id,
                region_name=self.region_name,
                verify=self.verify,
                botocore_config=self.botocore_config,
            ),
            method_name="execute_complete",
            kwargs={"ours": ours, "before": before},
        )

    def _done(self, *, crawled: bool) -> dict[str, Any]:
        partitions, columns = self._wanted()
        self.log.info(
            "%s in database %s: all %d partitions and %d columns are there; %s",
            ", ".join(self.tables),
            self.database,
            len(partitions),
            len(columns),
            f"{self.crawler_name} added what was missing"
            if crawled
            else f"{self.crawler_name} is not needed",
        )
        return {"crawled": crawled, "partitions": len(partitions), "columns": len(columns)}

    def _wanted(self) -> tuple[list[list[str]], list[str]]:
        """The partitions and columns that have to be there, each once."""
        partitions, columns = _listed(self.partitions), _listed(self.columns)
        if partitions is None or not all(map(_are_values, partitions)):
            example = 'a list like [["2026", "02", "25"]], with one text a partition key, or JSON of it'
            raise AirflowFailException(f"partitions of {self.task_id} is {self.partitions!r}: give {example}")
        if columns is None or not all(isinstance(name, str) for name in columns):
            raise AirflowFailException(
                f"columns of {self.task_id} is {self.columns!r}: give a list of names, or JSON of it"
            )
        # Each once; names of columns are lower case in the catalog.
        return (
            [list(values) for values in dict.fromkeys(map(tuple, partitions))],
            list(dict.fromkeys(name.lower() for name in columns)),
        )

    def _missing(self) -> Missing | None:
        """What the first table that lacks something lacks."""
        partitions, columns = self._wanted()
        if not partitions and not columns:
            return None
        missing = (self._missing_in(table, partitions, columns) for table in self.tables)
        return next(filter(None, missing), None)

    def _missing_in(self, name: str, partitions: list[list[str]], columns: list[str]) -> Missing:
        glue: Any = self.hook.conn
        try:
            table = glue.get_table(DatabaseName=self.database, Name=name)["Table"]
        except glue.exceptions.EntityNotFoundException:
            return Missing(name, partitions, columns)
        declared = table["StorageDescriptor"]["Columns"] + table.get("PartitionKeys", [])
        there = {column["Name"] for column in declared}
        return Missing(
            name,
            self._missing_partitions(glue, name, partitions),
            [column for column in columns if column not in there],
        )

    def _missing_partitions(self, glue: Any, table: str, partitions: list[list[str]]) -> list[list[str]]:
        there: set[tuple[str, ...]] = set()
        for start in range(0, len(partitions), _GROUP):
            asked = [{"Values": values} for values in partitions[start : start + _GROUP]]
            while asked:
                answer = glue.batch_get_partition(
                    DatabaseName=self.database, TableName=table, PartitionsToGet=asked
                )
                there.update(tuple(partition["Values"]) for partition in answer["Partitions"])
                asked = answer.get("UnprocessedKeys", [])
        return [values for values in partitions if tuple(values) not in there]


def _started(crawler: Mapping[str, Any]) -> str | None:
    """When a crawler's last crawl that has ended started; None if there was none yet."""
    start = crawler.get("LastCrawl", {}).get("StartTime")
    return start.isoformat() if start else None


def _listed(value: Any) -> list[Any] | None:
    """A rendered argument as a list, None if it is none."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    return None if isinstance(value, str | Mapping) or not isinstance(value, Iterable) else list(value)


def _are_values(values: Any) -> bool:
    return (
        isinstance(values, list | tuple) and bool(values) and all(isinstance(value, str) for value in values)
    )
