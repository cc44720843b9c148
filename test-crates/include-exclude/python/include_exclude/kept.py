"""Excluded from the source distribution only."""
