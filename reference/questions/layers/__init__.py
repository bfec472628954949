"""Layers on their own: affine, ReLU, and the two losses of scores."""

from dataclasses import replace

from reference.questions.layers.affine import AFFINE_QUESTIONS
from reference.questions.layers.losses import LOSS_QUESTIONS
from reference.questions.layers.relu import RELU_QUESTIONS

LAYER_QUESTIONS = tuple(
    replace(each, is_left_to_students=True) for each in (*AFFINE_QUESTIONS, *RELU_QUESTIONS, *LOSS_QUESTIONS)
)

__all__ = ["LAYER_QUESTIONS"]
