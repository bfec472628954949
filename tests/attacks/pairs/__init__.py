"""Cheats beside honest work, one module for each kind. Each has PAIRS: by name, what it tries in a few words."""
