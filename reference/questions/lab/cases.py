"""Inputs of the lab's functions on single samples, drawn from a generator of the run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reference.losses.problem import Array
from reference.questions.inputs import Value
from reference.questions.lab import formulas
from reference.questions.question import QuestionCase

_SIZES = ((4, 4), (5, 7), (10, 12), (3, 9), (10, 3072))
"""Classes and features; the first is square, so that a transposed product is a wrong number and not an error.

The last are those of the lab's images.
"""


def _model(rng: np.random.Generator, classes: int, features: int) -> dict[str, Array]:
    """The weight (C, D), the bias (C,) and x (D,): scores of standard deviation about 1.5."""
    return {
        "weight": rng.normal(size=(classes, features)) * 1.2 / np.sqrt(features),
        "bias": rng.normal(size=classes) * 0.9,
        "x": rng.normal(size=features),
    }


def forward_cases(rng: np.random.Generator) -> Sequence[QuestionCase]:
    """Five sizes."""
    return [QuestionCase(f"C={C}, D={D}", _model(rng, C, D)) for C, D in _SIZES]


def large_score_cases(rng: np.random.Generator) -> Sequence[QuestionCase]:
    """Ordinary scores, then such whose exponentials overflow, or are all zero, unless the largest is subtracted first."""
    cases = [QuestionCase("scores of ordinary size", _model(rng, 6, 5))]
    for offset in (1e3, -1e3, 1e4):
        inputs = _model(rng, 6, 5)
        inputs["bias"] = inputs["bias"] + offset
        cases.append(QuestionCase(f"scores near {offset:g}", inputs, is_large=True))
    apart = _model(rng, 4, 5)
    apart["bias"] = apart["bias"] + np.asarray([0.0, 800.0, -800.0, 799.0])
    return [*cases, QuestionCase("scores 1600 apart", apart, is_large=True)]


def loss_cases(rng: np.random.Generator) -> Sequence[QuestionCase]:
    """Probabilities of several sizes; the label is never the most probable one in the first."""
    cases: list[QuestionCase] = []
    for classes in (5, 10, 3, 7, 2):
        y_hat = rng.dirichlet(np.full(classes, 3.0)) * 0.9 + 0.1 / classes
        label = int(np.argsort(y_hat)[classes // 2]) if not cases else int(rng.integers(classes))
        cases.append(QuestionCase(f"C={classes}, label {label}", {"y_hat": y_hat, "label": label}))
    return cases


def backward_cases(rng: np.random.Generator) -> Sequence[QuestionCase]:
    """Five sizes, with y_hat as the forward pass gives it."""
    cases = []
    for C, D in _SIZES:
        inputs = _model(rng, C, D)
        label = int(rng.integers(C))
        y_hat = formulas.forward(inputs["weight"], inputs["bias"], inputs["x"])
        cases.append(QuestionCase(f"C={C}, D={D}, label {label}", {**inputs, "label": label, "y_hat": y_hat}))
    return cases


def numeric_cases(rng: np.random.Generator) -> Sequence[QuestionCase]:
    """The lab's epsilon, and larger ones, which tell the kinds of differences apart."""
    cases = []
    for (C, D), epsilon in zip(((3, 4), (4, 3), (5, 6)), (1e-2, 1e-4, 5e-2), strict=True):
        inputs = _model(rng, C, D)
        label = int(rng.integers(C))
        cases.append(
            QuestionCase(f"C={C}, D={D}, epsilon {epsilon:g}", {**inputs, "label": label, "epsilon": epsilon})
        )
    return cases


def evaluation_cases(rng: np.random.Generator) -> Sequence[QuestionCase]:
    """Some, all and none of the samples right; scores without the bias would label many differently."""
    cases = []
    for N, C, D, share in ((40, 5, 6, 0.55), (25, 10, 8, 0.3), (9, 3, 4, 1.0), (1, 4, 5, 0.0)):
        weight = rng.normal(size=(C, D))
        bias = rng.normal(size=C) * np.sqrt(D)
        X = rng.normal(size=(N, D))
        best = np.argmax(X @ weight.T + bias, axis=1)
        is_right = rng.permutation(N) < round(share * N)
        y = np.where(is_right, best, (best + rng.integers(1, C, size=N)) % C)
        inputs = {"weight": weight, "bias": bias, "X": X, "y": y.astype(np.int64)}
        cases.append(QuestionCase(f"N={N}, C={C}, D={D}", inputs))
    return cases


def training_cases(rng: np.random.Generator) -> Sequence[QuestionCase]:
    """One sample, and equal samples: whichever is drawn, the steps are the same."""
    cases = []
    for N, epochs, rate in ((1, 1, 0.3), (1, 4, 0.2), (5, 2, 0.1), (4, 5, 0.05)):
        inputs: dict[str, Value] = {**_equal_rows(rng, N), "learning_rate": rate, "epochs": epochs}
        cases.append(QuestionCase(f"{_samples(N)}, epochs={epochs}, learning rate {rate:g}", inputs))
    note = "called without learning_rate and epochs it does not do what 1e-3 and 3 would"
    inputs = {**_equal_rows(rng, 3), "learning_rate": None, "epochs": None}
    return [*cases, QuestionCase("the defaults of its signature", inputs, is_noted=True, note=note)]


def minibatch_cases(rng: np.random.Generator) -> Sequence[QuestionCase]:
    """Equal samples in whole batches, with and without L2 and momentum."""
    cases = []
    for N, epochs, batch, reg, momentum in (
        (8, 2, 4, 0.0, 0.0),
        (4, 3, 4, 0.05, 0.0),
        (12, 2, 3, 0.0, 0.7),
        (6, 3, 2, 0.03, 0.5),
    ):
        inputs: dict[str, Value] = {
            **_equal_rows(rng, N),
            "learning_rate": 0.1,
            "epochs": epochs,
            "batch_size": batch,
            "reg": reg,
            "momentum": momentum,
        }
        words = f"{_samples(N)}, batches of {batch}, reg {reg:g}, momentum {momentum:g}"
        cases.append(QuestionCase(words, inputs))
    return cases


def histogram_cases(rng: np.random.Generator) -> Sequence[QuestionCase]:
    """Images (N, 3, H, W) of bytes, each with 0 and 255."""
    cases = []
    for N, side, bins in ((4, 8, 8), (2, 6, 4), (1, 10, 16)):
        images = rng.integers(0, 256, size=(N, 3, side, side)).astype(np.uint8)
        images[:, 1] //= 2
        images[:, :, 0, 0], images[:, :, 0, 1] = 255, 0
        cases.append(
            QuestionCase(f"{N} images of {side} x {side}, {bins} bins", {"images": images, "bins": bins})
        )
    return cases


def _equal_rows(rng: np.random.Generator, N: int) -> dict[str, Array]:
    classes, features = 4, 5
    model = _model(rng, classes, features)
    row = model.pop("x")
    label = int(rng.integers(classes))
    return {**model, "X": np.tile(row, (N, 1)), "y": np.full(N, label, dtype=np.int64)}


def _samples(N: int) -> str:
    return "one sample" if N == 1 else f"{N} equal samples"
