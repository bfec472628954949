"""The kinds of checks: each draws its trials from a seed and judges the observations."""

from grader.checks.base.check import CheckFields, Evidence
from grader.checks.kinds import KINDS, AnyCheck, class_of, is_slow, tells_numbers

__all__ = ["KINDS", "AnyCheck", "CheckFields", "Evidence", "class_of", "is_slow", "tells_numbers"]
