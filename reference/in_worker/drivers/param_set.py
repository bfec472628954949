"""Calls a function that trains and scores a classifier, with one that records how it is trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_DATA = ("X_train", "y_train", "X_val", "y_val", "X_test", "y_test")


class Recorder:
    """A linear classifier whose training takes no time: it records its arguments and sets the weights it was made with."""

    def __init__(self, weights: Any) -> None:
        self.W: Any = None
        self._weights = weights
        self._trainings: list[tuple[Any, ...]] = []

    def train(
        self,
        X_train: Any,
        y_train: Any,
        learning_rate: Any = 1e-3,
        reg: Any = 1e-5,
        num_iters: Any = 100,
        batch_size: Any = 200,
        verbose: Any = False,
    ) -> list[float]:
        """Record the arguments."""
        self._trainings.append((X_train, y_train, learning_rate, reg, num_iters, batch_size, verbose))
        self.W = self._weights
        return [1.0] * int(num_iters)

    def predict(self, X: Any) -> Any:
        """The class of the highest score of each row of X (N, D)."""
        return (X @ self.W).argmax(1)


def score(function: Callable[..., Any], *given: Any) -> Any:
    """The result, and how the classifier was trained: see the outputs of grader.checks.training.param_set.

    given: the arrays of the data set, the weights that training sets, rate, reg and the number of iterations; a None
    is left out.
    """
    data = dict(zip(_DATA, given, strict=False))
    weights, *numbers = given[len(_DATA) :]
    lent = Recorder(weights)
    answer = function(lent, data, *(each for each in numbers if each is not None))
    parts = list(answer) if isinstance(answer, tuple | list) else [answer]
    back, *accuracies = [*parts, None, None, None][:3]
    trainings = lent._trainings  # noqa: SLF001  not for the student's eyes
    rows, labels, rate, reg, num_iters, batch_size, _ = trainings[-1] if trainings else (None,) * 7
    numbers_of = (rate, reg, num_iters, batch_size)
    return (
        len(parts) if isinstance(answer, tuple | list) else 0,
        back is lent,
        *accuracies,
        len(trainings),
        *(float("nan") if each is None else each for each in numbers_of),
        [] if rows is None else rows[:, 0].tolist(),
        [] if labels is None else labels.reshape(-1).tolist(),
    )
