"""Has the extension."""

from first._native import add as add
