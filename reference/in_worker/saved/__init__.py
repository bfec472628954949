"""What reads a student's saved weights: a plain module, executed in a worker that runs no line of the student's."""

from __future__ import annotations

from pathlib import Path

SAVED_FUNCTION = "load_weights"


def saved_source() -> str:
    """The text of a module with load_weights(content) -> W, where content holds the file's bytes (uint8)."""
    return Path(__file__).with_name("weights.py").read_text(encoding="utf-8")
