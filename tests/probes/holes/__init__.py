"""Tests of the holes probe."""
