"""Left-overs lie around it."""

from ignored_files._native import add as add
