"""Sources that are also solutions: plain modules in a checkout, and in a wheel their letters are shifted by 13 places.

Nobody reads one there by looking around, or hands the file in. It keeps no secret: what grades can be read where it grades.
"""

from __future__ import annotations

import codecs
from pathlib import Path

CLOSED_FOLDERS = ("reference/in_worker/right/", "reference/in_worker/timed/")
"""All modules in them but __init__.py. pyproject.toml leaves the same out of the wheel."""

CLOSED_SUFFIX = ".rot13"


def closed(source: str) -> str:
    """The source as a wheel holds it."""
    return codecs.encode(source, "rot13")


def read_source(folder: Path, module: str) -> str:
    """The source of a module in one of those folders, from a checkout or a wheel. FileNotFoundError for an unknown one."""
    shipped = folder / f"{module}{CLOSED_SUFFIX}"
    if shipped.is_file():
        return codecs.decode(shipped.read_text(encoding="utf-8"), "rot13")
    return (folder / f"{module}.py").read_text(encoding="utf-8")
