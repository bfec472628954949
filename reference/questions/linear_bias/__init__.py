"""A linear softmax classifier with a separate bias: its loss, and its training by full gradient steps."""

from reference.questions.linear_bias.loss import LOSS_QUESTION
from reference.questions.linear_bias.training import TRAINING_QUESTIONS

LINEAR_BIAS_QUESTIONS = (LOSS_QUESTION, *TRAINING_QUESTIONS)

__all__ = ["LINEAR_BIAS_QUESTIONS"]
