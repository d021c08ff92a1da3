"""Tests of scheduler/form/."""
