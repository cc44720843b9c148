"""Reads, checks and summarises what measuring stations send."""

from readings._native import Reading, client_version, database, digest, limits, read, summary

__all__ = ["Reading", "client_version", "database", "digest", "limits", "means", "read", "summary"]


def means(rows):
    """The mean of each row, as a list of Python's own numbers."""
    import numpy

    return summary(numpy.asarray(rows, dtype=float)).tolist()
