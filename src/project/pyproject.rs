//! pyproject.toml, read with the place of every value.
