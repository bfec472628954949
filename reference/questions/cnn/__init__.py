"""The convolutional network on digits: its questions, and the generated digits."""

from reference.questions.cnn.digits import make_digits
from reference.questions.cnn.learning_questions import QUESTIONS as _LEARNING_QUESTIONS
from reference.questions.cnn.network_questions import QUESTIONS as _NETWORK_QUESTIONS
from reference.questions.cnn.testing_question import QUESTIONS as _TESTING_QUESTIONS
from reference.questions.cnn.training_question import QUESTIONS as _TRAINING_QUESTIONS

QUESTIONS = (*_NETWORK_QUESTIONS, *_TRAINING_QUESTIONS, *_TESTING_QUESTIONS, *_LEARNING_QUESTIONS)

__all__ = ["QUESTIONS", "make_digits"]
