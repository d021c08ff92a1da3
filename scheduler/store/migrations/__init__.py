"""Shapes of the database, oldest first. Every change of `tables.py` is one new file in `versions/`."""
