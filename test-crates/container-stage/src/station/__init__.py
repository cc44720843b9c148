"""The application: it serves what the extension reads."""
