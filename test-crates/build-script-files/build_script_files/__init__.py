"""Carries files that its build script made."""

from build_script_files._native import add as add
