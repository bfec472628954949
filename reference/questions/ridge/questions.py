"""Ridge regression: the sample of docs/writing-a-spec.md, from an empty file to a spec that grades.

The loss is mean((X w - y)**2) + reg * sum(w**2); its minimum solves (X^T X / N + reg I) w = X^T y / N
(Hoerl and Kennard, "Ridge Regression", Technometrics 1970, with the loss taken as a mean).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reference.conventions import Convention
from reference.losses.problem import Array
from reference.questions.question import Answer, Inputs, Mistake, Question, QuestionCase


def _regression(rng: np.random.Generator, N: int, D: int) -> tuple[Array, Array]:
    """X (N, D) and y (N,) that lies near a plane."""
    X = rng.normal(size=(N, D))
    return X, X @ rng.normal(size=D) + 0.3 * rng.normal(size=N)


def _loss_cases(rng: np.random.Generator, _: Convention) -> Sequence[QuestionCase]:
    cases = []
    for N, D, reg in ((9, 4, 0.7), (20, 6, 0.2), (5, 1, 1.5), (7, 3, 0.0), (1, 2, 0.4)):
        X, y = _regression(rng, N, D)
        inputs: Inputs = {"w": rng.normal(size=D), "X": X, "y": y, "reg": reg}
        cases.append(QuestionCase(f"N={N}, D={D}, reg={reg:g}", inputs))
    return cases


def _loss(inputs: Inputs, _: Convention) -> Answer:
    w, X, y, reg = (np.asarray(inputs[name]) for name in ("w", "X", "y", "reg"))
    residual = X @ w - y
    loss = np.mean(residual**2) + reg * np.sum(w**2)
    return {"loss": np.asarray(loss), "dw": 2 * X.T @ residual / len(y) + 2 * reg * w}


def _without_regularizer(inputs: Inputs, convention: Convention) -> Answer:
    return _loss({**inputs, "reg": 0.0}, convention)


def _regularizer_gradient_without_2(inputs: Inputs, convention: Convention) -> Array:
    without: Array = _loss(inputs, convention)["dw"] - np.asarray(inputs["reg"]) * np.asarray(inputs["w"])
    return without


def _sum_over_samples(inputs: Inputs, convention: Convention) -> Answer:
    right, bare = _loss(inputs, convention), _without_regularizer(inputs, convention)
    N = len(np.asarray(inputs["y"]))
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
            "It equals the loss without the regularizer: what has reg to do with it?",
            lambda inputs, convention: _without_regularizer(inputs, convention)["loss"],
        ),
        Mistake(
            "sum_instead_of_mean",
            "loss",
            "It equals the loss with a sum over the samples in place of their mean.",
            lambda inputs, convention: _sum_over_samples(inputs, convention)["loss"],
        ),
        Mistake(
            "no_regularizer",
            "dw",
            "It equals the gradient of the loss without its regularizer.",
            lambda inputs, convention: _without_regularizer(inputs, convention)["dw"],
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
            "It equals the gradient with a sum over the samples in place of their mean.",
            lambda inputs, convention: _sum_over_samples(inputs, convention)["dw"],
        ),
        Mistake(
            "sign_flipped",
            "dw",
            "It equals the gradient with its sign turned: does the residual stand the right way round?",
            lambda inputs, convention: -_loss(inputs, convention)["dw"],
        ),
    ),
)


def _fit_cases(rng: np.random.Generator, _: Convention) -> Sequence[QuestionCase]:
    cases = []
    for N, D, reg in ((12, 3, 0.5), (30, 5, 0.05), (4, 6, 0.3)):
        X, y = _regression(rng, N, D)
        more = ", more features than samples" if D > N else ""
        cases.append(QuestionCase(f"N={N}, D={D}, reg={reg:g}{more}", {"X": X, "y": y, "reg": reg}))
    return cases


def _minimum(X: Array, y: Array, weight: float) -> Array:
    found: Array = np.linalg.solve(X.T @ X / len(y) + weight * np.eye(X.shape[1]), X.T @ y / len(y))
    return found


def _fit(inputs: Inputs, _: Convention) -> Answer:
    return {"w": _minimum(np.asarray(inputs["X"]), np.asarray(inputs["y"]), float(np.asarray(inputs["reg"])))}


def _fit_without_samples(inputs: Inputs, _: Convention) -> Array:
    X, y = np.asarray(inputs["X"]), np.asarray(inputs["y"])
    return _minimum(X, y, float(np.asarray(inputs["reg"])) / len(y))


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
