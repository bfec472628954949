"""Restrictions of an assignment: their uses in source and in its calls, and the violations."""

from grader.restrictions.trace import shows_in_trace
from grader.restrictions.violations import Violation, find_violations, findings_of, verdict_under

__all__ = [
    "Violation",
    "find_violations",
    "findings_of",
    "shows_in_trace",
    "verdict_under",
]
