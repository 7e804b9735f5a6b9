"""Athena: one API over the files that the Glue catalog names, and two engines behind it."""
