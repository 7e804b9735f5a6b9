"""S3: objects are files, kept through a restart and shared with Spark, DuckDB and PyArrow."""
