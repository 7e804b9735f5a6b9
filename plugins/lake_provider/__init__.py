"""Hooks and operators of the lake, laid out like an Airflow provider."""
