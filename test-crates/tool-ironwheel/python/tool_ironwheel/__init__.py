"""Flags win over `[tool.ironwheel]`, which wins over `[tool.maturin]`."""

from tool_ironwheel._native import add as add
