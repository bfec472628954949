"""The shipped questions by name, as specs name them."""

from __future__ import annotations

from collections.abc import Mapping

from reference.in_worker.drivers import driver_source
from reference.in_worker.right import right_source
from reference.questions import cnn, lab
from reference.questions.fc_net import FC_NET_QUESTIONS
from reference.questions.knn import KNN_QUESTIONS
from reference.questions.layers import LAYER_QUESTIONS
from reference.questions.linear_bias import LINEAR_BIAS_QUESTIONS
from reference.questions.linear_regression.questions import LINEAR_REGRESSION_QUESTIONS
from reference.questions.net_functions import NET_FUNCTION_QUESTIONS
from reference.questions.question import Question
from reference.questions.question_set import QuestionSet
from reference.questions.ridge.questions import RIDGE_QUESTIONS
from reference.questions.two_layer import TWO_LAYER_QUESTIONS
from reference.questions.update_rules import UPDATE_RULE_QUESTIONS

_ALL: tuple[Question, ...] = (
    *cnn.QUESTIONS,
    *FC_NET_QUESTIONS,
    *KNN_QUESTIONS,
    *lab.QUESTIONS,
    *LAYER_QUESTIONS,
    *LINEAR_BIAS_QUESTIONS,
    *LINEAR_REGRESSION_QUESTIONS,
    *NET_FUNCTION_QUESTIONS,
    *RIDGE_QUESTIONS,
    *TWO_LAYER_QUESTIONS,
    *UPDATE_RULE_QUESTIONS,
)

QUESTIONS: Mapping[str, Question] = {question.name: question for question in _ALL}


def question_of(name: str) -> Question:
    """The question of that name. Raises KeyError for an unknown one."""
    return QUESTIONS[name]


def shipped_questions() -> QuestionSet:
    """All shipped questions; a driver's module is sent whole."""
    return QuestionSet(QUESTIONS, lambda module, _: driver_source(module), right_source)
