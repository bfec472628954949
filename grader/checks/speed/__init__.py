"""Checks of speed beside the reference."""
