"""Tests of the signatures that are shipped."""
