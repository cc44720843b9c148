from workspace_and_strangers._native import configured, helped

__all__ = ["configured", "helped"]
