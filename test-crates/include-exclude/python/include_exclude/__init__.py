"""What is let in and what is kept out."""

from include_exclude._native import add as add
