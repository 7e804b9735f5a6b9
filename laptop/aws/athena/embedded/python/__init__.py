"""Trino's functions in Python, for the values for which DuckDB has none that gives the same answers."""
