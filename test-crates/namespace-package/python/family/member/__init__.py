"""One member of a family that other projects may add to: `family` itself has no `__init__.py`."""

from family.member._native import add as add
