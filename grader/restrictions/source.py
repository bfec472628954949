"""The uses of help that a function's source shows: its own statement and its helpers, up to what is graded by itself.

A use is a name in code that would be executed, resolved through the student's own imports and aliases. What is
only imported, or said in a string, a comment or an annotation, is none; nor is code that no call of ours reaches.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from grader.extract import Chunk, Extracted
from grader.extract.scopes import scope_of
from grader.model.assignment import Assignment
from grader.restrictions.uses import SourceNotice
from grader.restrictions.walk import Parsed, Walk


def notices_in(extracted: Extracted, assignment: Assignment) -> Mapping[str, SourceNotice]:
    """For each graded function what its source says; executes nothing and raises nothing."""
    parsed = {chunk.number: _parsed(chunk) for chunk in extracted.chunks}
    notices = {}
    for name, function in extracted.functions.items():
        walk = Walk(extracted, function, assignment, parsed, {})
        notices[name] = walk.notice()
        if kept := walk.kept():  # known from the beginning, they may lead further
            notices[name] = Walk(extracted, function, assignment, parsed, kept).notice()
    return notices


def _parsed(chunk: Chunk) -> Parsed:
    try:
        body = ast.parse(chunk.source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        body = []
    return Parsed(body, scope_of(body, chunk.file))
