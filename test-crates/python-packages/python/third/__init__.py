"""Is not named, so stays at home."""
