"""Data files with names that need care."""

from pathlib import Path

from odd_names._native import add as add

DATA = {path.name: path.read_text(encoding="utf-8") for path in (Path(__file__).parent / "data").iterdir()}
