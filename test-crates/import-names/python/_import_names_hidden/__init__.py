"""Not for others."""
