"""Tests of `tenken signatures`."""
