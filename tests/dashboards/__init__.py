"""Tests of every face that people look at."""
