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
from reference.drivers import driver_source
from reference.losses import LossAndGradient, accuracy, predict, scores, softmax_loss, svm_loss
from reference.misconception import Misconception
from reference.misconceptions import MISCONCEPTIONS, Case, match, match_pair
from reference.question import (
    MATCH_TOLERANCE,
    Answer,
    Inputs,
    Mistake,
    Question,
    QuestionCase,
    Rule,
    match_mistakes,
)
from reference.questions import QUESTIONS, question_of
from reference.timed import TIMED_FUNCTIONS, timed_source
from reference.trainer import train

__all__ = [
    "MATCH_TOLERANCE",
    "MISCONCEPTIONS",
    "QUESTIONS",
    "TIMED_FUNCTIONS",
    "Answer",
    "Case",
    "Condition",
    "Convention",
    "Inputs",
    "LossAndGradient",
    "Misconception",
    "Mistake",
    "Question",
    "QuestionCase",
    "Rule",
    "accuracy",
    "benign_epsilon_condition",
    "driver_source",
    "kink_clearance",
    "match",
    "match_mistakes",
    "match_pair",
    "predict",
    "question_of",
    "scores",
    "softmax_condition",
    "softmax_loss",
    "svm_condition",
    "svm_loss",
    "tie_clearance",
    "timed_source",
    "train",
]
