"""Tests of the gate: in namespaces that they make and remove, counted at the target."""
