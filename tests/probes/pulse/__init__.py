"""Tests of probes/pulse."""
