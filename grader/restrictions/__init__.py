"""Restrictions of an assignment: their uses in source and in a traced call, and the violations."""

from grader.restrictions.trace import operator_trial, traced_functions
from grader.restrictions.violations import Violation, find_violations, findings_of, verdict_under

__all__ = [
    "Violation",
    "find_violations",
    "findings_of",
    "operator_trial",
    "traced_functions",
    "verdict_under",
]
