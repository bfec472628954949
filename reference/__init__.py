"""The right answers and their error bounds; `reference.questions` and the wrong answers are imported where they are asked for."""

from reference.conventions import Convention
from reference.in_worker.drivers import driver_source
from reference.in_worker.right import function_alone, right_source
from reference.in_worker.timed import TIMED_FUNCTIONS, timed_source
from reference.losses.condition import (
    Condition,
    benign_epsilon_condition,
    kink_clearance,
    softmax_condition,
    svm_condition,
)
from reference.losses.formulas import LossAndGradient, predict, scores, softmax_loss, svm_loss
from reference.losses.problem import Case

__all__ = [
    "TIMED_FUNCTIONS",
    "Case",
    "Condition",
    "Convention",
    "LossAndGradient",
    "benign_epsilon_condition",
    "driver_source",
    "function_alone",
    "kink_clearance",
    "predict",
    "right_source",
    "scores",
    "softmax_condition",
    "softmax_loss",
    "svm_condition",
    "svm_loss",
    "timed_source",
]
