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

_INCLUDED = re.compile(rb"""^spec[ \t]*=[ \t]*["']([a-z0-9_]+)["']""", re.MULTILINE)
"""A spec that this one includes, which has the same backend."""


def spec_needs_torch(spec: str | os.PathLike[str]) -> bool:
    """Whether a spec's functions take tensors, as far as its file can be read; spec: its name or path, also a folder's."""
    for path in (_SHIPPED / f"{os.fspath(spec)}.toml", Path(spec), Path(spec) / "spec.toml"):
        try:
            content = path.read_bytes()
            if included := _INCLUDED.search(content):
                content += b"\n" + (_SHIPPED / f"{included[1].decode()}.toml").read_bytes()
        except (OSError, ValueError):
            continue
        return _BACKEND.search(content) is None
    return True


def submission_needs_torch(submission: Submission) -> bool:
    """Whether a submission says torch anywhere."""
    return any(b"torch" in file.content for file in submission.sources)
