"""Calls a function that trains and scores a classifier, with one that records how it is trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_DATA = ("X_train", "y_train", "X_val", "y_val", "X_test", "y_test")


class Recorder:
    """A linear classifier whose training takes no time: it records its arguments and sets the weights it was made with.

    A trainer that calls its `loss` instead gets there too: the gradient leads to these weights in one step of the
    learning rate.
    """

    def __init__(self, weights: Any, rate: float) -> None:
        self.W: Any = None
        self._weights = weights
        self._rate = rate
        self._trainings: list[tuple[Any, ...]] = []
        self._steps: list[tuple[Any, ...]] = []

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

    def loss(self, W: Any, X_batch: Any, y_batch: Any, reg: Any) -> tuple[Any, Any]:
        """Record the arguments: a loss, and a gradient that points away from the weights it was made with."""
        gradient = (W - self._weights) / self._rate
        self._steps.append((W * 1.0, gradient * 1.0, X_batch, y_batch, reg))
        return (gradient * gradient).sum(), gradient

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
    lent = Recorder(weights, numbers[0])
    answer = function(lent, data, *(each for each in numbers if each is not None))
    parts = list(answer) if isinstance(answer, tuple | list) else [answer]
    back, *accuracies = [*parts, None, None, None][:3]
    trainings, steps = lent._trainings, lent._steps  # noqa: SLF001  not for the student's eyes
    rows: list[Any]
    if trainings or not steps:
        X, y, *numbers_of, _ = trainings[-1] if trainings else (None,) * 7
        rows = [] if X is None else X[:, 0].tolist()
        labels = [] if y is None else y.reshape(-1).tolist()
    else:
        numbers_of = [_rate_of(steps, lent.W), steps[0][4], len(steps), len(steps[0][2])]
        drawn = {
            float(row): label
            for _, _, X, y, _ in steps
            for row, label in zip(X[:, 0].tolist(), y.reshape(-1).tolist(), strict=True)
        }
        rows, labels = list(drawn), list(drawn.values())
    return (
        len(parts) if isinstance(answer, tuple | list) else 0,
        back is lent,
        *accuracies,
        len(trainings) + bool(steps),
        *(float("nan") if each is None else each for each in numbers_of),
        not trainings,
        rows,
        labels,
    )


def _rate_of(steps: list[tuple[Any, ...]], last: Any) -> float:
    """The learning rate of the first step, from the weights before and after it; nan where they do not tell."""
    first, gradient = steps[0][0], steps[0][1]
    after = steps[1][0] if len(steps) > 1 else last
    length = float((gradient * gradient).sum())
    if after is None or not length:
        return float("nan")
    return float(((first - after) * gradient).sum()) / length
