"""Glue: jobs that run on Spark, crawlers that crawl, and a catalog that survives a restart."""
