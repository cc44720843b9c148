"""A package below `src`, a crate below `rust`, and no setting that says so."""

from src_layout._native import add as add
