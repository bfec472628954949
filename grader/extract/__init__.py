"""What of a submission is graded: its functions, all that they need, and what was left out and why."""

from grader.extract.assembling import extract
from grader.extract.extracted import Chunk, Duplicate, Extracted, ExtractedFunction, LeftOut

__all__ = [
    "Chunk",
    "Duplicate",
    "Extracted",
    "ExtractedFunction",
    "LeftOut",
    "extract",
]
