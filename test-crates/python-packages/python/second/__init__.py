"""Has none."""

from first import add


def twice(number):
    """Double a number."""
    return add(number, number)
