"""The embedded engine: Athena's SQL, typed by Trino's rules, translated to DuckDB's from an allow-list.

What is on the list gets Athena's answer. What is not is refused as NOT_SUPPORTED, with its place and name.
"""
