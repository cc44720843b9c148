"""A module that ASCII cannot spell."""

SIZE = 3
