"""The right answers, their error bounds, and the wrong ones that are known by name."""

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
from reference.losses.mistakes.table import LOSS_MISTAKES, explain_loss, match_loss
from reference.losses.right import Case
from reference.mistakes import MATCH_TOLERANCE, Mistake
from reference.questions import QUESTIONS, question_of
from reference.questions.inputs import Inputs
from reference.questions.question import Question, QuestionCase, Rule

__all__ = [
    "LOSS_MISTAKES",
    "MATCH_TOLERANCE",
    "QUESTIONS",
    "TIMED_FUNCTIONS",
    "Case",
    "Condition",
    "Convention",
    "Inputs",
    "LossAndGradient",
    "Mistake",
    "Question",
    "QuestionCase",
    "Rule",
    "benign_epsilon_condition",
    "driver_source",
    "explain_loss",
    "function_alone",
    "kink_clearance",
    "match_loss",
    "predict",
    "question_of",
    "right_source",
    "scores",
    "softmax_condition",
    "softmax_loss",
    "svm_condition",
    "svm_loss",
    "timed_source",
]
