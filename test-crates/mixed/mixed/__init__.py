"""A Python package with an extension in it."""

from mixed._native import add
from mixed.deeper import twice

__all__ = ["add", "twice"]
