"""Modules that run in the student's process and call the student's code: they pass values on and hold no answers.

Each function takes the student's functions and classes first, then arrays or tensors, and returns the outputs that the
judge asks for, in order. A driver must not import anything of this package.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent


def driver_source(name: str) -> str:
    """The source of a driver module. Raises FileNotFoundError for an unknown name."""
    return (_HERE / f"{name}.py").read_text(encoding="utf-8")
