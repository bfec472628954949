"""A network of two layers with a ReLU between them: its loss, its start, its training."""

from reference.questions.two_layer.loss import LOSS_QUESTIONS
from reference.questions.two_layer.training import TRAINING_QUESTIONS

TWO_LAYER_QUESTIONS = (*LOSS_QUESTIONS, *TRAINING_QUESTIONS)

__all__ = ["TWO_LAYER_QUESTIONS"]
