"""What the DAG files stand on; on MWAA it lies in the dags folder, with the same import name."""
