"""Tests: a mirror of the tree, plus house/ (rules of the house), fakes/ (seams), bench and figures."""
