"""Tests of the controls of a run."""
