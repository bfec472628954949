"""kNN's distances and labels as the check of answers judges them."""

import numpy as np
import pytest

from grader.checks.questions.answers import AnswersCheck
from reference.questions.knn import KNN_QUESTIONS
from tests.checks.questions.knn_students import ON, knn, no_loops
from tests.checks.students import verdict_on


def verdict(question, **methods):
    check = AnswersCheck(
        kind="answers", id="knn", title="knn", points=4, function="KNearestNeighbor", question=question
    )
    student = knn(**methods)
    return verdict_on(check, {"KNearestNeighbor": student}, 3, ON), student


@pytest.mark.parametrize("question", [each.name for each in KNN_QUESTIONS])
def test_a_right_class_passes(question):
    found, _ = verdict(question)

    assert (found.status, found.credit) == ("passed", 1.0)


def test_a_version_that_calls_another_earns_nothing_and_is_told_so():
    found, student = verdict(
        "knn_one_loop", compute_distances_one_loop=lambda self, X: self.compute_distances_no_loops(X)
    )

    assert (found.status, found.credit) == ("failed", 0.0)
    assert found.message == (
        "compute_distances_one_loop calls another of the three versions at linear_classifier.py, line 12."
        " Write each version on its own; no points for this one until you do."
    )
    assert [each.misconception for each in found.findings[0].diagnosis] == ["calls_another"]
    assert student.compute_distances_no_loops is no_loops  # it is there again


def test_calling_the_class_for_another_version_is_no_way_around():
    def through_the_class(self, X):
        return type(self).compute_distances_two_loops(self, X)

    found, _ = verdict("knn_no_loops", compute_distances_no_loops=through_the_class)

    assert found.credit == 0.0
    assert "calls another of the three versions" in found.message


def test_nan_for_equal_points_is_a_note():
    def unclamped(self, X):
        a, b = (X**2).sum(axis=1)[:, None], (self.X_train**2).sum(axis=1)
        with np.errstate(invalid="ignore"):
            return np.sqrt(a + b - 2 * X @ self.X_train.T)

    found, _ = verdict("knn_no_loops", compute_distances_no_loops=unclamped)

    assert (found.status, found.credit) == ("passed", 1.0)
    assert [
        each.startswith("the distance of two equal points is NaN") for each in found.findings[0].notes
    ] == [True]


def test_what_is_kept_of_an_earlier_train_is_named():
    def train_once(self, X, y):
        if not hasattr(self, "X_train"):
            self.X_train, self.y_train = X, y

    found, _ = verdict("knn_two_loops", train=train_once)

    assert [each.misconception for each in found.findings[0].diagnosis] == ["trained_once"]
    assert "an earlier call of train" in found.message


def test_points_that_are_changed_cost_a_fifth():
    def centred(self, X):
        X -= 1.0
        self.X_train -= 1.0
        return no_loops(self, X)

    found, _ = verdict("knn_no_loops", compute_distances_no_loops=centred)

    assert found.credit == pytest.approx(0.8)
    assert found.message.startswith("compute_distances_no_loops changes its input X_train, on N=5, M=8, D=6")


@pytest.mark.parametrize("dtype", [np.float64, np.int64, np.int32])
def test_labels_may_have_any_dtype_of_whole_numbers(dtype):
    def chosen(self, dists, k=1):
        order = np.argpartition(dists, k - 1, axis=1)[:, :k]
        return np.array([np.bincount(self.y_train[row]).argmax() for row in order], dtype)

    found, _ = verdict("knn_labels", predict_labels=chosen)

    assert found.credit == 1.0
