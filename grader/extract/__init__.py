"""Extraction of the graded functions and everything they need from a submission, by syntax tree."""

from grader.extract.assembling import extract
from grader.extract.source.extracted import (
    NOT_PARSED,
    Chunk,
    Duplicate,
    Extracted,
    ExtractedFunction,
    LeftOut,
)

__all__ = [
    "NOT_PARSED",
    "Chunk",
    "Duplicate",
    "Extracted",
    "ExtractedFunction",
    "LeftOut",
    "extract",
]
