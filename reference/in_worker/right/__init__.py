"""Right functions that take the place of a student's wrong ones in the student's process: plain modules, like a handout's.

They have the signatures of the assignments and hold no data and no expected value. A module must not import anything of
this package.
"""

from __future__ import annotations

from pathlib import Path

from reference.conventions import Convention
from reference.in_worker.constants import in_convention

_HERE = Path(__file__).parent


def right_source(name: str, convention: Convention) -> str:
    """The source of a module in a convention. Raises FileNotFoundError for an unknown name."""
    return in_convention((_HERE / f"{name}.py").read_text(encoding="utf-8"), convention)
