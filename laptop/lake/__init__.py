"""This lake on the local AWS: the only part that knows both."""
