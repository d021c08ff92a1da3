"""Tests of the signature language."""
