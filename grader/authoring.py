"""The names for questions.py in a spec's own folder; docs/own-assignment.md explains them.

These names are stable. Everything else in `grader` and `reference` may move.
"""

from reference.losses.problem import Array
from reference.mistakes import Mistake, mistakes_in
from reference.questions.inputs import Inputs, Value
from reference.questions.question import Answer, Question, QuestionCase, Rule, in_outputs

__all__ = [
    "Answer",
    "Array",
    "Inputs",
    "Mistake",
    "Question",
    "QuestionCase",
    "Rule",
    "Value",
    "in_outputs",
    "mistakes_in",
]
