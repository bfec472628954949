"""Ridge regression: the example in docs/writing-a-spec.md, from an empty file to a spec that grades.

The loss is mean((X w - y)**2) + reg * sum(w**2); its minimum solves (X^T X / N + reg I) w = X^T y / N
(Hoerl and Kennard, "Ridge Regression", Technometrics 1970, with the loss taken as a mean).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reference.losses.problem import Array
from reference.mistakes import Mistake
from reference.questions.inputs import Inputs, Value
from reference.questions.question import Answer, Question, QuestionCase


def _regression(rng: np.random.Generator, N: int, D: int) -> tuple[Array, Array]:
    """X (N, D) and y (N,) near a plane."""
    X = rng.normal(size=(N, D))
    return X, X @ rng.normal(size=D) + 0.3 * rng.normal(size=N)


def _loss_cases(rng: np.random.Generator) -> Sequence[QuestionCase]:
    cases = []
    for N, D, reg in ((9, 4, 0.7), (20, 6, 0.2), (5, 1, 1.5), (7, 3, 0.0), (1, 2, 0.4)):
        X, y = _regression(rng, N, D)
        inputs: dict[str, Value] = {"w": rng.normal(size=D), "X": X, "y": y, "reg": reg}
        cases.append(QuestionCase(f"N={N}, D={D}, reg={reg:g}", inputs))
    return cases


def _loss(inputs: Inputs) -> Answer:
    w, X, y = inputs.arrays("w", "X", "y")
    reg = inputs.number("reg")
    residual = X @ w - y
    loss = np.mean(residual**2) + reg * np.sum(w**2)
    return {"loss": np.asarray(loss), "dw": 2 * X.T @ residual / len(y) + 2 * reg * w}


def _without_regularizer(inputs: Inputs) -> Answer:
    return _loss(inputs.replace(reg=0.0))


def _regularizer_gradient_without_2(inputs: Inputs) -> Array:
    return np.asarray(_loss(inputs)["dw"] - inputs.number("reg") * inputs.array("w"))


def _sum_over_samples(inputs: Inputs) -> Answer:
    right, bare = _loss(inputs), _without_regularizer(inputs)
    N = len(inputs.array("y"))
    return {name: right[name] + (N - 1) * bare[name] for name in right}


RIDGE_LOSS = Question(
    name="ridge_loss",
    parameters=("w", "X", "y", "reg"),
    outputs={"loss": "number", "dw": "array"},
    draw=_loss_cases,
    answer=_loss,
    mistakes=(
        Mistake(
            "no_regularizer",
            "loss",
            "It equals the loss without the regularizer: where is reg used?",
            lambda inputs: _without_regularizer(inputs)["loss"],
        ),
        Mistake(
            "sum_instead_of_mean",
            "loss",
            "It equals the loss with a sum over the samples instead of their mean.",
            lambda inputs: _sum_over_samples(inputs)["loss"],
        ),
        Mistake(
            "no_regularizer",
            "dw",
            "It equals the gradient of the loss without its regularizer.",
            lambda inputs: _without_regularizer(inputs)["dw"],
        ),
        Mistake(
            "regularizer_gradient_without_2",
            "dw",
            "It equals the gradient with reg*w for the regularizer: what is the derivative of a square?",
            _regularizer_gradient_without_2,
        ),
        Mistake(
            "sum_instead_of_mean",
            "dw",
            "It equals the gradient with a sum over the samples instead of their mean.",
            lambda inputs: _sum_over_samples(inputs)["dw"],
        ),
        Mistake(
            "sign_flipped",
            "dw",
            "It equals the gradient with the opposite sign: which of prediction and target do you subtract?",
            lambda inputs: -_loss(inputs)["dw"],
        ),
    ),
)


def _fit_cases(rng: np.random.Generator) -> Sequence[QuestionCase]:
    cases = []
    for N, D, reg in ((12, 3, 0.5), (30, 5, 0.05), (4, 6, 0.3)):
        X, y = _regression(rng, N, D)
        more = ", more features than samples" if D > N else ""
        cases.append(QuestionCase(f"N={N}, D={D}, reg={reg:g}{more}", {"X": X, "y": y, "reg": reg}))
    return cases


def _minimum(X: Array, y: Array, weight: float) -> Array:
    return np.asarray(np.linalg.solve(X.T @ X / len(y) + weight * np.eye(X.shape[1]), X.T @ y / len(y)))


def _fit(inputs: Inputs) -> Answer:
    X, y = inputs.arrays("X", "y")
    return {"w": _minimum(X, y, inputs.number("reg"))}


def _fit_without_samples(inputs: Inputs) -> Array:
    X, y = inputs.arrays("X", "y")
    return _minimum(X, y, inputs.number("reg") / len(y))


RIDGE_FIT = Question(
    name="ridge_fit",
    parameters=("X", "y", "reg"),
    outputs={"w": "array"},
    draw=_fit_cases,
    answer=_fit,
    mistakes=(
        Mistake(
            "samples_forgotten",
            "w",
            "It equals the minimum of a loss that sums over the samples: this one takes their mean.",
            _fit_without_samples,
        ),
    ),
)

RIDGE_QUESTIONS = (RIDGE_LOSS, RIDGE_FIT)
