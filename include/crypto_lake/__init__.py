"""What the lake knows that Airflow need not: settings, the website's files. Imports no Airflow."""
