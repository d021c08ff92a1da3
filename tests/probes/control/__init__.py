"""Tests of probes/control/."""
