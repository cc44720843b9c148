"""Says what it is imported as."""

from import_names._native import add as add
