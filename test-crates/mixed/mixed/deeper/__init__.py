"""Python that stands on the extension."""

from mixed._native import add


def twice(number):
    """Double a number."""
    return add(number, number)
