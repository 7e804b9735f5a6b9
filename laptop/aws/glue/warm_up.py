"""What a new JVM does before its first job: a little of all that jobs do, so that their code is loaded.

Runs as a job does. JSON, text, windows, aggregates, Parquet and its dynamic overwrite cover the usual ones.
"""

from typing import Any

from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as sf

BUCKET = "s3://warm-up"

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
print(rows.groupBy("dt").agg(sf.count("*"), sf.max("at"), sf.expr("percentile(price, 0.5)")).collect())
rows.join(sf.broadcast(rows.select("dt", "id")), ["dt", "id"]).where("place = 1").count()
for _ in range(2):
    rows.select("id", "at", "price", "flags", "dt").coalesce(1).write.mode("overwrite").option(
        "partitionOverwriteMode", "dynamic"
    ).partitionBy("dt").parquet(f"{BUCKET}/silver")
spark.read.option("mergeSchema", True).parquet(f"{BUCKET}/silver").orderBy("id").collect()
rows.unpersist()
