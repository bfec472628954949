"""Finds the uses in each function's source: in its own statement and its helpers, up to other graded functions.

A use is a name in code that a call may execute, resolved through the student's imports and aliases. Names that are
only imported or appear in a string, a comment, an annotation or unreachable code do not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from grader.extract import Chunk, Extracted
from grader.extract.source.scopes import scope_of
from grader.extract.source.syntax import parsed_quietly
from grader.model.assignment import Assignment
from grader.restrictions.origins import StoredModules
from grader.restrictions.stirring import Parsed
from grader.restrictions.uses import SourceUses, Use
from grader.restrictions.walk import Walk

_ROUNDS = 6
"""How often a function is looked at: modules that it stores in attributes, known from the start, may lead further."""


def uses_in_source(extracted: Extracted, assignment: Assignment) -> Mapping[str, SourceUses]:
    """The uses in each graded function; executes nothing and raises nothing."""
    parsed = {chunk.number: _parsed(chunk) for chunk in extracted.chunks}
    found = {}
    for name, function in extracted.functions.items():
        stored: StoredModules = {}
        for _ in range(_ROUNDS):
            walk = Walk(extracted, function, assignment, parsed, stored)
            found[name] = walk.run()
            known, stored = stored, _merged(stored, walk.stored())
            if stored == known or walk.is_cut_short:
                break
        else:
            use = Use("unclear", "modules stored in one attribute after another", function.location)
            found[name] = replace(found[name], unclear=(*found[name].unclear, use))
    return found


def _merged(first: StoredModules, second: StoredModules) -> StoredModules:
    return {key: first.get(key, frozenset()) | second.get(key, frozenset()) for key in {*first, *second}}


def _parsed(chunk: Chunk) -> Parsed:
    body = parsed_quietly(chunk.source) or []
    return Parsed(body, scope_of(body, chunk.file))
