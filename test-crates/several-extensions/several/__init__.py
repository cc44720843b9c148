from several._first import first
from several.deeper._second import second

__all__ = ["first", "second"]
