"""Questions about KNearestNeighbor, of CS231n's first assignment."""

from reference.questions.knn.distances import DISTANCE_QUESTIONS
from reference.questions.knn.labels import LABELS_QUESTION

KNN_QUESTIONS = (*DISTANCE_QUESTIONS, LABELS_QUESTION)

__all__ = ["KNN_QUESTIONS"]
