"""A package with commands."""

from data_and_scripts._native import add as add


def main():
    """Print a sum."""
    print(add(1, 1))
