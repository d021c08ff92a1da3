"""Tests of set."""
