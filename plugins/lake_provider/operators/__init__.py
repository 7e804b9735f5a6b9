"""Tasks of the lake's DAGs."""
