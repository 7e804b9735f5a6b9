"""Trino, the engine that Athena is made of: started on a local Glue and S3, and asked for its answers.

`laptop/trino/up` starts one. `python -m laptop.trino record` writes down what it answers.
"""
