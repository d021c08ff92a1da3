"""Checks: signatures in Python, for what the template language cannot say. Sans-IO, admitted and tested like templates."""
