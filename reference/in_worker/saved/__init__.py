"""The reader of a student's saved weights: a plain module that runs in a worker without any student code."""

from __future__ import annotations

from pathlib import Path

SAVED_FUNCTION = "load_weights"
SAVED_FUNCTIONS = (SAVED_FUNCTION, "network_sizes", "load_network")


def saved_source() -> str:
    """The source of a module with load_weights(content) -> W, where content holds the file's bytes (uint8), and its kin."""
    return Path(__file__).with_name("weights.py").read_text(encoding="utf-8")
