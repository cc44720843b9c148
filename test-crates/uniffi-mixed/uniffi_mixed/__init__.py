from .uniffi_mixed import add

__all__ = ["add"]
