"""Connections to what the lake talks to."""
