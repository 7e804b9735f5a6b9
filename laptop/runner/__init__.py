"""Airflow on a laptop, against the local AWS: one run with progress, or the whole of Airflow with its UI.

The DAG files know nothing of this. What differs from MWAA is in `environment.py`: the AWS endpoint, the
Airflow Variable and the CoinGecko connection, all as environment variables.

    python -m laptop.runner run --date 2026-01-31 --feed demo
    python -m laptop.runner dev
    python -m laptop.runner stop
    python -m laptop.runner env
"""
