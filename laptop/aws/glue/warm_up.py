"""What a new JVM does before its first job: a little of all that jobs do, so that their code is loaded.

Runs as a job does. JSON, text, windows, aggregates, Parquet and its dynamic overwrite cover the usual ones.
It ends before its next step once the file `wanted` is in its working directory: a run waits for the JVM.
"""

import sys
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as sf

BUCKET = "s3://warm-up"


def end_if_wanted() -> None:
    """End the script if a run waits."""
    if Path("wanted").exists():
        sys.exit()


# The least. A run would have to do the same, and what it loads is loaded once for the whole JVM: settings of
# Hadoop's file systems, and a thread that counts what they do. Without that in the baseline it were a change.
spark = SparkSession.builder.getOrCreate()
jvm: Any = spark._jvm
path = jvm.org.apache.hadoop.fs.Path(f"{BUCKET}/bronze/dt=2026-01-31/page.json")
files = path.getFileSystem(spark._jsc.hadoopConfiguration())
with_page = files.create(path)
with_page.write(
    bytearray(b'[{"id": "a", "at": "2026-01-31T00:00:00Z", "price": 1.5, "more": {"b": [1, null]}}]')
)
with_page.close()
pages = spark.read.text(f"{BUCKET}/bronze", wholetext=True)
end_if_wanted()

elements = sf.posexplode(sf.from_json("value", "array<string>")).alias("position", "raw")
schema = "id string, at timestamp, price double, more struct<b: array<int>>"
rows = (
    pages.select("dt", sf.col("_metadata.file_path").alias("file"), elements)
    .withColumn("coin", sf.from_json("raw", schema))
    .withColumn("variant", sf.try_parse_json("raw"))
    .select("*", "coin.*", sf.expr("try_variant_get(variant, '$.price', 'double')").alias("again"))
    .withColumn("place", sf.row_number().over(Window.partitionBy("dt").orderBy(sf.desc("price"), "id")))
    .withColumn("flags", sf.array_sort(sf.array(sf.lit("b"), sf.when(sf.col("price") > 1, "a"))))
    .persist()
)
rows.groupBy("dt").agg(sf.count("*"), sf.max("at")).collect()
end_if_wanted()

rows.select("id", "at", "price", "flags", "dt").coalesce(1).write.mode("overwrite").option(
    "partitionOverwriteMode", "dynamic"
).partitionBy("dt").parquet(f"{BUCKET}/silver")
end_if_wanted()

spark.read.option("mergeSchema", True).parquet(f"{BUCKET}/silver").orderBy("id").collect()
