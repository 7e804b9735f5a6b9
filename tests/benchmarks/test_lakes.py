"""A made lake, read back: its days, their files and the catalog, without Spark."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import boto3
import pytest

from benchmarks import lakes
from benchmarks.queries import run
from include.crypto_lake import layout
from include.crypto_lake.resources import load_resources
from laptop.aws.s3.object_files import ObjectFiles
from laptop.lake.deployment import LAKE_BUCKET, VALUES
from tests import athena
from tests.include.sql.conftest import made_up_day, parquet

pytestmark = pytest.mark.product

USUAL, REFUSED = date(2026, 1, 30), date(2026, 1, 31)
LAST = date(2026, 3, 15)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> lakes.Template:
    """Two days that no job made, of twenty coins in bronze."""
    tables = load_resources(VALUES)["catalog"]["tables"]
    gold, folder = tables["gold_coins_market"], tmp_path_factory.mktemp("template")
    objects = {}
    for day in (USUAL, REFUSED):
        rows, summary = made_up_day(day)
        ingestion = f"currency=usd/ingested_at={day:%Y%m%d}T020000Z/source=coingecko/page-0001.json"
        files = {
            f"bronze/coins_market/dt={day}/{ingestion}": json.dumps(lakes.market(20, day)).encode(),
            f"silver/coins_market/dt={day}/part.parquet": parquet(rows, gold),
            f"gold/coins_market/dt={day}/part.parquet": parquet(rows, gold),
            f"gold/market_summary/dt={day}/part.parquet": parquet([summary], tables["gold_market_summary"]),
        }
        if day == REFUSED:
            files[f"quarantine/coins_market/dt={day}/part.parquet"] = b"PAR1"
        objects[day] = []
        for key, body in files.items():
            file: Path = folder / key
            file.parent.mkdir(parents=True)
            file.write_bytes(body)
            facts = {
                "metadata": {"x-amz-meta-pages": "1"},
                "tags": {},
                "_etag": f"etag-of-{key.split('/')[0]}",
            }
            objects[day].append((key, file, facts))
    return lakes.Template(objects)


def test_a_lake_of_three_days_has_them_in_s3_the_catalog_and_athena(
    template: lakes.Template, tmp_path: Path
) -> None:
    days = [LAST - timedelta(days=back) for back in range(3)]
    with lakes.running_lake(template, tmp_path, days=3, last=LAST):
        s3, glue = boto3.client("s3"), boto3.client("glue")
        for folder in ("bronze/coins_market", *lakes.FOLDERS.values()):
            listed = s3.list_objects_v2(Bucket=LAKE_BUCKET, Prefix=f"{folder}/")["Contents"]
            assert [entry["Key"].split("/")[2] for entry in listed] == [f"dt={day}" for day in sorted(days)]
        ingestion = f"currency=usd/ingested_at={LAST:%Y%m%d}T020000Z/source=coingecko"
        key = f"bronze/coins_market/dt={LAST}/{ingestion}/page-0001.json"
        page = s3.get_object(Bucket=LAKE_BUCKET, Key=key)
        assert (page["Metadata"], page["ETag"]) == ({"pages": "1"}, '"etag-of-bronze"')
        assert page["LastModified"].date() == LAST
        assert len({row["id"] for row in json.loads(page["Body"].read())}) == 20
        for table in lakes.FOLDERS:
            partitions = glue.get_partitions(DatabaseName=layout.DATABASE, TableName=table)["Partitions"]
            assert {partition["Values"][0] for partition in partitions} == set(map(str, days))
        sql = "SELECT dt, COUNT(*) AS coins FROM gold_coins_market GROUP BY dt"
        rows = athena.rows(athena.run(sql, LAKE_BUCKET, layout.DATABASE))
        assert {row["dt"]: row["coins"] for row in rows} == dict.fromkeys(days, 26)
        one_day = run(f"SELECT COUNT(*) FROM gold_coins_market WHERE dt = DATE '{LAST}'")["bytes"]
        assert one_day == template.objects[USUAL][2][1].stat().st_size

        lakes.forget_day(LAST)
        lakes.crawl()
        rows = athena.rows(athena.run(sql, LAKE_BUCKET, layout.DATABASE))
        assert {row["dt"] for row in rows} == set(days[1:])
    assert all(file.exists() for _, file, _ in template.objects[USUAL]), "a link was deleted, not its file"


def test_one_day_in_ten_has_refused_rows(template: lakes.Template, tmp_path: Path) -> None:
    days = [LAST - timedelta(days=back) for back in range(20)]
    lakes.link(template, tmp_path, days)
    keys = [key for key, _ in ObjectFiles(tmp_path).scan(LAKE_BUCKET, "quarantine/")]
    assert [key.split("/")[2] for key in sorted(keys)] == [f"dt={days[19]}", f"dt={days[9]}"]


def test_a_market_of_many_coins_has_each_once_and_ranks_them() -> None:
    rows = lakes.market(1000, LAST, priceless=3)
    assert len({row["id"] for row in rows}) == 1000
    assert [row["market_cap_rank"] for row in rows] == list(range(1, 1001))
    caps = [row["market_cap"] for row in rows]
    assert caps == sorted(caps, reverse=True)
    assert [n for n, row in enumerate(rows) if row["current_price"] is None] == [10, 11, 12]
