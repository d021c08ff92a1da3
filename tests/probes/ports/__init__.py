"""Tests of the item `ports`."""
