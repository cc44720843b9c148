"""Excluded from the wheel."""
