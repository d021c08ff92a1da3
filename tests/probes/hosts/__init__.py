"""Tests of the preliminary inspection."""
