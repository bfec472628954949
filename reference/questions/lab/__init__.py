"""The softmax classifier on single samples, trained by stochastic gradient descent: its questions."""

from reference.questions.lab.questions import QUESTIONS

__all__ = ["QUESTIONS"]
