"""What the DAG files share with Airflow: defaults, templates, assets, publication."""
