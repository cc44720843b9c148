"""No test travels."""
