"""Modules that are executed in the student's process and call the student's code: they marshal, and hold no answer.

Each function takes the student's functions and classes first, then arrays or tensors, and returns what the judge asks for
in a fixed order. Nothing else of this package may be imported by one of them.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent


def driver_source(name: str) -> str:
    """The text of a driver module by its name. FileNotFoundError where there is none."""
    return (_HERE / f"{name}.py").read_text(encoding="utf-8")
