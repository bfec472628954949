"""The right answers of the linear classifier assignment, their error bounds, and known wrong ones."""

from reference.conventions import Convention
from reference.in_worker.drivers import driver_source
from reference.in_worker.timed import TIMED_FUNCTIONS, timed_source
from reference.losses.condition import (
    Condition,
    benign_epsilon_condition,
    kink_clearance,
    softmax_condition,
    svm_condition,
    tie_clearance,
)
from reference.losses.formulas import LossAndGradient, accuracy, predict, scores, softmax_loss, svm_loss
from reference.losses.mistakes.misconception import Misconception
from reference.losses.mistakes.table import MISCONCEPTIONS, Case, match, match_pair
from reference.losses.trainer import train
from reference.questions import QUESTIONS, question_of
from reference.questions.question import (
    MATCH_TOLERANCE,
    Answer,
    Inputs,
    Mistake,
    Question,
    QuestionCase,
    Rule,
    match_mistakes,
)

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
