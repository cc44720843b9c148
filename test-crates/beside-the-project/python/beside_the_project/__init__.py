from beside_the_project._native import helped

__all__ = ["helped"]
