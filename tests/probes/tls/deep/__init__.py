"""Tests of deep."""
