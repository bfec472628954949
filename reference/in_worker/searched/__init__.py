"""The search among a student's pairs of learning rate and strength: a plain NumPy module that runs in a worker.

How long it takes, and what it meets, depends on the student's numbers, so the judge does not compute it itself.
"""

from __future__ import annotations

from pathlib import Path

SEARCH_FUNCTIONS = {"svm": "svm_best_pair", "softmax": "softmax_best_pair"}
"""By classifier: a search that misses its deadline is not called again, which must not cost the other classifier's."""

Pair = tuple[float, float]
"""(learning_rate, reg)."""


def searched_source() -> str:
    """The source of a module with the functions of SEARCH_FUNCTIONS; see grid.py for their arguments."""
    return Path(__file__).with_name("grid.py").read_text(encoding="utf-8")
