"""Questions on functions of any signature, a folder for each assignment."""

from reference.questions.registry import QUESTIONS, question_of

__all__ = ["QUESTIONS", "question_of"]
