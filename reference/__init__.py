"""The right answers of the linear classifier assignment, their error bounds, and known wrong ones."""

from reference.condition import (
    Condition,
    benign_epsilon_condition,
    kink_clearance,
    softmax_condition,
    svm_condition,
    tie_clearance,
)
from reference.conventions import Convention
from reference.losses import LossAndGradient, accuracy, predict, scores, softmax_loss, svm_loss
from reference.misconception import Misconception
from reference.misconceptions import MISCONCEPTIONS, Case, match, match_pair
from reference.timed import TIMED_FUNCTIONS, timed_source
from reference.trainer import train

__all__ = [
    "MISCONCEPTIONS",
    "TIMED_FUNCTIONS",
    "Case",
    "Condition",
    "Convention",
    "LossAndGradient",
    "Misconception",
    "accuracy",
    "benign_epsilon_condition",
    "kink_clearance",
    "match",
    "match_pair",
    "predict",
    "scores",
    "softmax_condition",
    "softmax_loss",
    "svm_condition",
    "svm_loss",
    "tie_clearance",
    "timed_source",
    "train",
]
