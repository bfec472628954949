"""Questions about the update rules of CS231n's optim.py."""

from reference.questions.update_rules.adam import ADAM
from reference.questions.update_rules.rmsprop import RMSPROP
from reference.questions.update_rules.sgd import SGD, SGD_MOMENTUM

UPDATE_RULE_QUESTIONS = (SGD, SGD_MOMENTUM, RMSPROP, ADAM)

__all__ = ["UPDATE_RULE_QUESTIONS"]
