"""Athena: queries that run over the Parquet files which the Glue catalog names."""
