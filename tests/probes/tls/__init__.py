"""Tests of the item `tls`."""
