from ._native import lib


def add(one, other):
    return lib.add(one, other)
