"""Questions on functions of any signature, a folder for each assignment."""

from reference.questions.question_set import QuestionSet
from reference.questions.registry import QUESTIONS, question_of, shipped_questions

__all__ = ["QUESTIONS", "QuestionSet", "question_of", "shipped_questions"]
