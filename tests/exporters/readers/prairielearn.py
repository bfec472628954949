"""Reads results.json by PrairieLearn's rules: what is gradable, which score counts, and what the panel shows."""

import json
from dataclasses import dataclass

GREATEST_BYTES = 1 << 20


@dataclass(frozen=True)
class Graded:
    gradable: bool
    score: float | None
    """Of 1; None if nothing is graded and no attempt is used."""
    shown: tuple[float, float] | None
    """Points and maximum of the panel; None if they are switched off."""
    format_errors: tuple[str, ...]


NOT_GRADABLE = Graded(gradable=False, score=None, shown=None, format_errors=())


def read(content):
    """What PrairieLearn makes of the file."""
    if len(content) > GREATEST_BYTES:
        return NOT_GRADABLE
    try:
        data = json.loads(content)
    except ValueError:
        return NOT_GRADABLE
    if data.get("succeeded") is False:
        return Graded(gradable=True, score=0.0, shown=None, format_errors=())
    errors = data.get("format_errors", [])
    errors = (errors,) if isinstance(errors, str) else tuple(errors)
    if data.get("gradable") is False:
        return Graded(gradable=False, score=None, shown=None, format_errors=errors)
    score = data.get("score") or 0
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
        return NOT_GRADABLE
    tests = data.get("tests") or []
    has_points = all(test.get("points") is not None and test.get("max_points") is not None for test in tests)
    shown = None
    if tests and has_points:
        shown = (
            round(sum(test["points"] for test in tests), 2),
            round(sum(test["max_points"] for test in tests), 2),
        )
    return Graded(gradable=True, score=float(score), shown=shown, format_errors=errors)
