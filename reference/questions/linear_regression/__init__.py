"""Regression on squared features: its questions."""

from reference.questions.linear_regression.questions import LINEAR_REGRESSION_QUESTIONS

__all__ = ["LINEAR_REGRESSION_QUESTIONS"]
