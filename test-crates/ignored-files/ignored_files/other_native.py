"""Begins like no left-over."""
