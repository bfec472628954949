"""A network of two layers as functions of a dict of tensors: nn_forward_pass and its kin."""

from reference.questions.net_functions.passes import PASS_QUESTIONS
from reference.questions.net_functions.search import SEARCH_QUESTIONS
from reference.questions.net_functions.steps import STEP_QUESTIONS

NET_FUNCTION_QUESTIONS = (*PASS_QUESTIONS, *STEP_QUESTIONS, *SEARCH_QUESTIONS)

__all__ = ["NET_FUNCTION_QUESTIONS"]
