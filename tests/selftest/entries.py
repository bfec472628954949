"""Which implementations of the catalogues a test run grades, and which of them are not sound."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable

from grader.checks.losses import diagnosis, stability
from grader.selftest import Implementation
from reference.losses.mistakes.families import FAMILIES
from reference.losses.mistakes.table import LOSS_MISTAKES

NAMES_OF_LOSSES = {
    *(each.name for table in LOSS_MISTAKES.values() for each in table),
    *(each.name for each in FAMILIES),
    *(each.misconception for each in (stability.OVERFLOW, stability.UNDERFLOW, stability.CLIPPED)),
    *diagnosis.SHAPES,
    *diagnosis.LOGARITHMS,
    "other_margin",
}
"""All that a wrong loss may be called."""


def smoke_slice(implementations: Iterable[Implementation]) -> list[Implementation]:
    """The first of each function and kind and every 24th after it, the same on any day; grading all takes minutes."""
    groups = defaultdict(list)
    for each in implementations:
        groups[each.function, each.kind].append(each)
    return [each for group in groups.values() for each in group[::24]]


def unsound(implementations: Iterable[Implementation], mistakes: set[str]) -> dict[str, str]:
    """By full name what is wrong with an entry: it lacks its function, has no full sentence or names an unknown mistake."""
    found = {}
    for each in implementations:
        if each.function not in _bound(each.source):
            found[each.full_name] = f"{each.function} is not defined"
        elif not each.about.endswith("."):
            found[each.full_name] = f"not a sentence: {each.about}"
        elif unknown := each.diagnosis - mistakes:
            found[each.full_name] = f"unknown mistakes: {sorted(unknown)}"
    return found


def _bound(source: str) -> set[str]:
    """The names that a module binds at its top level."""
    names = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names
