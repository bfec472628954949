"""The selftest: grades implementations known to be right or wrong, to show what a spec lets pass."""

from grader.selftest.catalogue import CatalogueError, implementations_for, load_catalogue
from grader.selftest.implementation import Implementation
from grader.selftest.mutants import make_mutants
from grader.selftest.outcome import Outcome, Result
from grader.selftest.own import OwnImplementation, mutants_of, own_implementations
from grader.selftest.runner import run_selftest

__all__ = [
    "CatalogueError",
    "Implementation",
    "Outcome",
    "OwnImplementation",
    "Result",
    "implementations_for",
    "load_catalogue",
    "make_mutants",
    "mutants_of",
    "own_implementations",
    "run_selftest",
]
