"""Files that cannot import `layout` – YAML, Terraform, SQL, Glue scripts, pages – have the names it has."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowFailException

from include.crypto_lake import layout
from include.crypto_lake.on_arrival import arrivals, columns, partitions, rejects
from include.crypto_lake.on_arrival.currencies import CURRENCIES
from include.crypto_lake.resources import PLACEHOLDERS, load_resources
from include.crypto_lake.settings import CURRENCY
from include.crypto_lake.website import EXPORTS
from include.glue_scripts import bronze_to_silver
from lake_provider.coingecko import arguments
from laptop.aws.glue.crawlers import glue_type

REPOSITORY = Path(__file__).parents[3]
RESOURCES = load_resources({name: f"the-{name}" for name in PLACEHOLDERS})
LAKE = "s3://the-lake_bucket/"

PREFIXES = {
    layout.BRONZE_COINS_MARKET,
    layout.BRONZE_COINS_HISTORY,
    layout.REJECTED_COINS_MARKET,
    layout.REJECTED_COINS_HISTORY,
    layout.REJECTED_RAW,
    layout.ATHENA_RESULTS,
    layout.GLUE_SCRIPTS,
    *(table.prefix for table in layout.TABLES),
}
LAYERS = "bronze|silver|gold|quarantine|processed|rejected|athena|src"
"""The first parts of the prefixes that have two."""


def files(*patterns: str) -> list[Path]:
    found = [path for pattern in patterns for path in sorted(REPOSITORY.glob(pattern)) if path.is_file()]
    assert found, f"{patterns} has no file: the test would prove nothing"
    return found


def schedule(cron: str) -> str:
    """A daily cron expression as people write it: 02:00."""
    minute, hour, *days = cron.split()
    assert days == ["*", "*", "*"]
    return f"{int(hour):02}:{int(minute):02}"


def relative(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


# Declared resources


def test_the_catalog_declares_the_database_and_its_tables() -> None:
    catalog = RESOURCES["catalog"]
    assert catalog["database"]["Name"] == layout.DATABASE
    declared = {name: table["StorageDescriptor"]["Location"] for name, table in catalog["tables"].items()}
    assert declared == {table.name: f"{LAKE}{table.prefix}/" for table in layout.TABLES}


def test_the_table_of_dropped_files_is_declared_as_they_are_written() -> None:
    table = RESOURCES["catalog"]["tables"][layout.PROCESSED_CRYPTO.name]
    declared = table["StorageDescriptor"]["Columns"]
    assert [(c["Name"], c["Type"], c["Comment"], c["Parameters"]["null_when"]) for c in declared] == [
        (column.name, glue_type(column.type), column.meaning, column.missing) for column in columns.COLUMNS
    ]
    assert [key["Name"] for key in table["PartitionKeys"]] == ["year", "month", "day"]


def test_the_crawlers_maintain_these_tables() -> None:
    assert list(RESOURCES["crawlers"]) == [crawler.name for crawler in layout.CRAWLERS]
    for crawler in layout.CRAWLERS:
        declared = RESOURCES["crawlers"][crawler.name]
        assert declared["DatabaseName"] == layout.DATABASE
        tables = []
        for target in declared["Targets"]["CatalogTargets"]:
            assert target["DatabaseName"] == layout.DATABASE
            tables += target["Tables"]
        assert tables == crawler.table_names


def test_the_other_resources_have_their_names() -> None:
    workgroup = RESOURCES["athena"]["workgroup"]
    assert workgroup["Name"] == layout.WORKGROUP
    results = workgroup["Configuration"]["ResultConfiguration"]["OutputLocation"]
    assert results == f"{LAKE}{layout.ATHENA_RESULTS}/"
    assert RESOURCES["queues"]["arrivals"]["QueueName"] == layout.ARRIVALS_QUEUE
    assert RESOURCES["topics"]["alerts"]["Name"] == layout.ALERT_TOPIC
    [notification] = RESOURCES["buckets"]["lake"]["NotificationConfiguration"]["QueueConfigurations"]
    assert notification["QueueArn"].endswith(f":{layout.ARRIVALS_QUEUE}")
    assert notification["Filter"]["Key"]["FilterRules"] == [{"Name": "prefix", "Value": f"{layout.RAW}/"}]
    for name, job in RESOURCES["glue_jobs"].items():
        bundle = f"{LAKE}{layout.GLUE_SCRIPTS}/[0-9a-f]{{12}}"
        assert re.fullmatch(f"{bundle}/{name}.py", job["Command"]["ScriptLocation"])
        modules = job["DefaultArguments"]["--extra-py-files"]
        assert re.fullmatch(f"{bundle}/day_partitions.py,{bundle}/silver_rules.py", modules)


def test_dropped_files_are_read_and_written_where_the_lake_says() -> None:
    assert f"{layout.RAW}/" == arrivals.RAW
    assert f"{layout.PROCESSED_CRYPTO.prefix}/" == partitions.PREFIX
    assert f"{layout.REJECTED_RAW}/" == rejects.PREFIX


# Names in texts


@pytest.mark.parametrize(
    "path",
    files(
        "include/resources/*.yaml",
        "include/sql/**/*.sql",
        "include/glue_scripts/*.py",
        "include/crypto_lake/**/*.py",
        "infra/*.tf",
        "infra/policies/**/*.json",
        "dags/*.py",
        "docs/*.md",
        "docs/images/*.svg",
        "README.md",
    ),
    ids=relative,
)
def test_every_prefix_is_one_of_the_lake(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = set(re.findall(rf"(?<![\w/.=-])(?:{LAYERS})/[a-z][a-z_]+(?=[/\"'`*\s_$])", text))
    found |= set(re.findall(rf"bucket}}/((?:{LAYERS})/[a-z][a-z_]+)(?=[/\"'`*])", text))
    stripped = {name.removesuffix("_") for name in found}  # Hadoop's coins_market_$folder$
    assert stripped <= PREFIXES, f"{relative(path)}: {sorted(stripped - PREFIXES)}"


@pytest.mark.parametrize("path", files("include/glue_scripts/*.py"), ids=relative)
def test_a_glue_script_reads_and_writes_the_prefixes_of_the_lake(path: Path) -> None:
    constants = {
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    named = {text for text in constants if re.fullmatch(rf"(?:{LAYERS})/\w+/?", text)}
    assert {text.rstrip("/") for text in named} <= PREFIXES
    assert {text for text in constants if re.fullmatch(r"-[a-z]+", text)} <= {layout.HISTORY_SUFFIX}


@pytest.mark.parametrize("path", files("include/sql/**/*.sql"), ids=relative)
def test_a_query_reads_tables_of_the_lake(path: Path) -> None:
    sql = re.sub(r"--.*", "", path.read_text(encoding="utf-8"))
    sql = re.sub(r"'[^']*'", "''", sql)
    own = set(re.findall(r"(\w+) AS \(", sql))  # common table expressions
    read = set(re.findall(r"\b(?:FROM|JOIN)\s+([a-z]\w*)", sql)) - own
    tables = {table.name for table in layout.TABLES}
    assert read <= tables, f"{relative(path)}: {read - tables}"


@pytest.mark.parametrize("path", files("include/sql/**/*.sql"), ids=relative)
def test_a_query_ends_a_historys_source_as_the_lake_does(path: Path) -> None:
    suffixes = set(re.findall(r"'%?(-[a-z]+)'", path.read_text(encoding="utf-8")))
    assert suffixes <= {layout.HISTORY_SUFFIX}


@pytest.mark.parametrize("path", files("infra/policies/**/*.json"), ids=relative)
def test_a_policy_names_resources_of_the_lake(path: Path) -> None:
    arns = re.findall(r"arn:aws:(\w+):\$\{region\}:\$\{account_id\}:([\w/:*$-]+)", path.read_text("utf-8"))
    known = {
        "glue": {
            f"database/{layout.DATABASE}",
            "database/default",  # Glue asks for it whatever it is told
            *(f"table/{layout.DATABASE}/{table.name}" for table in layout.TABLES),
            *(f"crawler/{crawler.name}" for crawler in layout.CRAWLERS),
        },
        "sqs": {layout.ARRIVALS_QUEUE, f"{layout.ARRIVALS_QUEUE}-dead-letters"},
        "sns": {layout.ALERT_TOPIC},
        "athena": {f"workgroup/{layout.WORKGROUP}"},
    }
    for service, resource in arns:
        if service in known and "*" not in resource and not resource.startswith(("catalog", "job/")):
            assert resource in known[service], f"{relative(path)}: {service} {resource}"


def test_the_page_asks_for_the_files_that_the_dag_writes() -> None:
    page = (REPOSITORY / "include/website/data.js").read_text(encoding="utf-8")
    assert "`data/${name}.json`" in page
    for export in EXPORTS:
        assert export.key == f"data/{export.name}.json"
        assert re.search(rf'\b{export.name}: {{ rows: "{export.rows_key}"', page), export.name


# Schedules


@pytest.mark.parametrize(
    "path",
    files("README.md", "docs/*.md", "docs/images/*.svg", "dags/*.py", "include/website/index.html"),
    ids=relative,
)
def test_who_tells_a_schedule_tells_the_lakes(path: Path) -> None:
    midnight = {"00:00", "00:01"}  # the moment of CoinGecko's daily prices, and just after it
    told = set(re.findall(r"\b(\d\d:\d\d)\s+UTC", path.read_text(encoding="utf-8")))
    assert told <= midnight | {schedule(layout.DAILY_SCHEDULE), schedule(layout.DEADLINE_SCHEDULE)}


@pytest.mark.parametrize(
    ("name", "cron"),
    [
        ("README.md", layout.DAILY_SCHEDULE),
        ("README.md", layout.DEADLINE_SCHEDULE),
        ("docs/images/pipeline.svg", layout.DAILY_SCHEDULE),
        ("docs/mwaa.md", layout.DEADLINE_SCHEDULE),
        ("docs/operations.md", layout.DEADLINE_SCHEDULE),
        ("dags/crypto_market_daily.py", layout.DAILY_SCHEDULE),
        ("dags/crypto_market_daily.py", layout.DEADLINE_SCHEDULE),
        ("dags/crypto_market_deadline.py", layout.DEADLINE_SCHEDULE),
        ("include/website/index.html", layout.DAILY_SCHEDULE),
    ],
)
def test_these_tell_it(name: str, cron: str) -> None:
    assert schedule(cron) in (REPOSITORY / name).read_text(encoding="utf-8")


def test_the_timer_of_the_dropped_files_is_told_as_it_is() -> None:
    minutes = re.fullmatch(r"\*/(\d+) \* \* \* \*", layout.ARRIVALS_SCHEDULE)
    assert minutes
    runbook = (REPOSITORY / "dags/crypto_prices_on_arrival.py").read_text(encoding="utf-8")
    assert f"every {minutes[1]} minutes" in runbook


# One owner


@pytest.mark.parametrize("path", files("plugins/**/*.py"), ids=relative)
def test_plugins_have_no_name_of_the_lake_as_a_default(path: Path) -> None:
    """DAGs pass them: the provider could serve another lake."""
    names = PREFIXES | {
        layout.DATABASE,
        layout.WORKGROUP,
        layout.ARRIVALS_QUEUE,
        layout.ALERT_TOPIC,
        layout.HISTORY_SUFFIX,
        *(table.name for table in layout.TABLES),
        *(crawler.name for crawler in layout.CRAWLERS),
    }
    values = {
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not {value.strip("/") for value in values} & names


# Currencies


def test_one_rule_says_what_a_currency_is() -> None:
    rule = CURRENCY.pattern
    assert arguments.CURRENCY.pattern == rule
    assert rule == bronze_to_silver.CURRENCY
    for schema in files("include/schemas/*.json"):
        properties = json.loads(schema.read_text())["properties"]
        assert properties["currency"]["pattern"] == f"^{rule}$", schema
    variables = (REPOSITORY / "infra/variables.tf").read_text()
    assert f'regex("^{rule}$", var.currency)' in variables
    assert all(CURRENCY.fullmatch(code) for code in CURRENCIES), "what files may name, a lake may have"


@pytest.mark.parametrize(
    "wrong", ["", "u", "USD", "us-dollar", "usd\n", "u5d", "usd' OR '1'='1", "x" * 11, "éur"]
)
def test_what_is_no_currency_gets_into_no_key_and_no_sql(wrong: str) -> None:
    assert not CURRENCY.fullmatch(wrong)
    with pytest.raises(AirflowFailException, match="currency is "):
        arguments.check_currency(wrong)
