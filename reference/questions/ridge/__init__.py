"""Ridge regression, the example in docs/writing-a-spec.md: its question."""

from reference.questions.ridge.questions import RIDGE_QUESTIONS

__all__ = ["RIDGE_QUESTIONS"]
