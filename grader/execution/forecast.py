"""Guesses whether grading will need torch from raw bytes, so that it is imported while everything else is read.

A wrong guess costs time and nothing else: whoever needs torch gets it (grader.sandbox.inside.backends).
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.intake.submission import Submission

_SHIPPED = Path(__file__).resolve().parents[2] / "test_specs"
_BACKEND = re.compile(rb"""^backend[ \t]*=[ \t]*["']numpy["']""", re.MULTILINE)


def spec_needs_torch(spec: str | os.PathLike[str]) -> bool:
    """Whether a spec's functions take tensors, as far as its file can be read; spec: its name or path, also a folder's."""
    for path in (_SHIPPED / f"{os.fspath(spec)}.toml", Path(spec), Path(spec) / "spec.toml"):
        try:
            return _BACKEND.search(path.read_bytes()) is None
        except (OSError, ValueError):
            continue
    return True


def submission_needs_torch(submission: Submission) -> bool:
    """Whether a submission says torch anywhere."""
    return any(b"torch" in file.content for file in submission.sources)
