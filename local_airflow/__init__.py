"""Airflow on a laptop, against `local_aws`: one run with progress, or the whole of Airflow with its UI.

The DAG files know nothing of this. What differs from MWAA is in `environment.py`: the AWS endpoint, the
Airflow Variable and the CoinGecko connection, all as environment variables.

    python -m local_airflow run --date 2026-01-31 --feed demo
    python -m local_airflow dev
    python -m local_airflow stop
    python -m local_airflow env
"""
