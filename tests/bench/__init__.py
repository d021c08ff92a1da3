"""Benchmarks: seconds, bytes, ratios, medians. Nothing here asserts a time; `python -m tests.bench [NAME ...]` prints."""
