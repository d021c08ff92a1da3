"""Tests of the embedded shop systems."""
