"""Tests of what answers behind ports."""
