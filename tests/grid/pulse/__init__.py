"""Tests of grid/pulse."""
