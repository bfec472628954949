"""Help that an assignment may forbid: where the source uses it, what a traced call ran, and what follows."""

from grader.forbidden.ruling import Ruling, findings_of, rulings_on, verdict_under
from grader.forbidden.trace import operator_trial, traced_functions

__all__ = [
    "Ruling",
    "findings_of",
    "operator_trial",
    "rulings_on",
    "traced_functions",
    "verdict_under",
]
