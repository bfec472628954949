"""softmax_loss(W, b, X, y, reg) -> (loss, dW, db): the question, its right answer, and mistakes by name.

W (D, K), b (1, K), X (N, D), y (N,); the loss is the mean cross-entropy plus c*reg*sum(W*W), and b is not regularized. c is the
convention's; the slides of seed 003 have c = 0.5. What goes wrong in the loss and in dW is what goes wrong without a bias
(reference.losses.mistakes.table), and what is told here besides.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from reference.conventions import Convention
from reference.losses.formulas import softmax_data_term
from reference.losses.formulas import softmax_loss as reference_loss
from reference.losses.mistakes.table import MISCONCEPTIONS
from reference.losses.problem import Array, Problem
from reference.questions.question import Answer, Inputs, Mistake, Question, QuestionCase

OVERFLOW = (
    "its exponentials overflow where scores are near 1000; the slides do not ask for more, but taking each row's"
    " maximum out of its scores would keep them finite"
)

_WORDS = Convention(regularizer_coefficient=0.5, bias="separate")
"""The terms of the messages: the lecture's 0.5*reg*sum(W*W)."""

_SIZES = ((7, 5, 6, 0.37), (13, 3, 4, 0.0), (6, 2, 3, 0.8), (1, 4, 5, 0.5), (40, 10, 12, 1.3))
"""N, K, D and reg of the cases."""


def softmax_problem(inputs: Inputs, convention: Convention) -> Problem:
    """The inputs in extended precision."""
    W, b, X, y, reg = (inputs[name] for name in ("W", "b", "X", "y", "reg"))
    assert isinstance(reg, int | float)
    separate = dataclasses.replace(convention, bias="separate")
    return Problem.of(np.asarray(W), np.asarray(X), np.asarray(y), float(reg), separate, np.asarray(b))


def _answer(inputs: Inputs, convention: Convention) -> Answer:
    W, b, X, y, reg = (inputs[name] for name in ("W", "b", "X", "y", "reg"))
    assert isinstance(reg, int | float)
    separate = dataclasses.replace(convention, bias="separate")
    right = reference_loss(np.asarray(W), np.asarray(X), np.asarray(y), float(reg), separate, np.asarray(b))
    assert right.db is not None
    return {
        "loss": np.asarray(right.loss, dtype=np.float64),
        "dW": right.dW.astype(np.float64),
        "db": right.db.astype(np.float64),
    }


def _draw(rng: np.random.Generator, _: Convention) -> Sequence[QuestionCase]:
    cases = []
    for N, K, D, reg in _SIZES:
        inputs: dict[str, Array | float | int | None] = {
            "W": rng.normal(size=(D, K)) * 1.5 / np.sqrt(D),
            "b": rng.normal(size=(1, K)),
            "X": rng.normal(size=(N, D)),
            "y": rng.integers(0, K, size=N),
            "reg": reg,
        }
        cases.append(QuestionCase(f"N={N}, K={K}, D={D}, reg={reg:g}", inputs))
    first = cases[0].inputs
    shift = {**first, "b": np.asarray(first["b"]) + 1000.0}
    return [*cases, QuestionCase("all scores near 1000", shift, is_noted=True, note=OVERFLOW)]


# --- Mistakes --------------------------------------------------------------------------------------------------------

_Term = Callable[[Problem], Array]


def _of_output(output: str, name: str, message: str, term: _Term) -> Mistake:
    def outcome(inputs: Inputs, convention: Convention) -> Array:
        return np.asarray(term(softmax_problem(inputs, convention)), dtype=np.float64)

    return Mistake(name, output, message, outcome)


def _known() -> Iterator[Mistake]:
    """Those of the linear classifier without a bias, in the loss and in dW."""
    for each in MISCONCEPTIONS:
        if each.classifier == "softmax":
            output = "loss" if each.part == "loss" else "dW"
            yield _of_output(output, each.name, each.message(_WORDS), each.outcome)


def _without_bias(problem: Problem) -> Problem:
    return dataclasses.replace(problem, scores=problem.X @ problem.W)


def _data_loss(problem: Problem) -> Array:
    return np.asarray(softmax_data_term(problem)[0])


def _slopes(problem: Problem) -> Array:
    """P - Y (N, K)."""
    slopes: Array = softmax_data_term(problem)[1]
    return slopes


def _row(problem: Problem, entries: Array) -> Array:
    return np.broadcast_to(entries, (problem.num_classes,)).reshape(1, -1)


def _bias(problem: Problem) -> Array:
    assert problem.b is not None
    return problem.b


def _db(change: Callable[[Problem, Array], Array]) -> _Term:
    """A row made of the problem and the right (K,) gradient."""
    return lambda problem: _row(problem, change(problem, _slopes(problem).sum(axis=0) / problem.num_samples))


_BIAS_ENTERS = "the scores are X @ W + b; does the bias reach this part?"
_NOT_REGULARIZED = "which parameters does the regularization contain?"


_LOSS_MISTAKES = (
    _of_output(
        "loss",
        "bias_left_out_of_scores",
        f"It equals the loss of scores without the bias: {_BIAS_ENTERS}",
        lambda problem: _data_loss(_without_bias(problem)) + problem.regularizer,
    ),
    _of_output(
        "loss",
        "bias_regularized",
        f"It equals the correct loss with the bias in the regularization too: {_NOT_REGULARIZED}",
        lambda problem: (
            _data_loss(problem) + problem.regularizer + problem.penalty * np.sum(_bias(problem) ** 2)
        ),
    ),
    _of_output(
        "dW",
        "bias_left_out_of_scores",
        f"It equals the gradient for scores without the bias: {_BIAS_ENTERS}",
        lambda problem: problem.pull_back(_slopes(_without_bias(problem))) + problem.regularizer_gradient,
    ),
)

_DB_MISTAKES = tuple(
    _of_output("db", name, message, term)
    for name, message, term in (
        (
            "all_zero",
            "It is zero throughout: is db never filled, or is it one sum over samples and classes, where each class has an entry of its own?",
            _db(lambda _, right: 0 * right),
        ),
        (
            "sum_instead_of_mean",
            "It equals the correct gradient times the number of samples: is the loss a sum over the samples, or their average?",
            _db(lambda problem, right: right * problem.num_samples),
        ),
        (
            "divided_twice",
            "It equals the correct gradient divided by the number of samples once more: is the average taken twice?",
            _db(lambda problem, right: right / problem.num_samples),
        ),
        (
            "bias_regularized",
            f"It equals the correct gradient with the bias's part of a regularization: {_NOT_REGULARIZED}",
            _db(lambda problem, right: right + 2 * problem.penalty * _bias(problem)),
        ),
        (
            "bias_regularized_twice",
            f"It equals the correct gradient with twice the bias's part of a regularization: {_NOT_REGULARIZED}",
            _db(lambda problem, right: right + 4 * problem.penalty * _bias(problem)),
        ),
        (
            "bias_left_out_of_scores",
            f"It equals the gradient for scores without the bias: {_BIAS_ENTERS}",
            lambda problem: _row(problem, _slopes(_without_bias(problem)).sum(axis=0) / problem.num_samples),
        ),
        (
            "minus_one_missing",
            "It equals the average probabilities: what does the derivative have in addition for the true class?",
            lambda problem: _row(problem, problem.probabilities.mean(axis=0)),
        ),
        (
            "sign_flipped",
            "It equals the correct gradient with the opposite sign: does the loss rise or fall as the true score rises?",
            _db(lambda _, right: -right),
        ),
        (
            "mean_over_classes_too",
            "It equals the correct gradient divided by the number of classes: over what is the average taken?",
            _db(lambda problem, right: right / problem.num_classes),
        ),
        (
            "no_probabilities",
            "It equals the true classes' share with the opposite sign and no probabilities: where do the probabilities enter?",
            lambda problem: _row(problem, -problem.one_hot.mean(axis=0)),
        ),
        (
            "last_sample_only",
            "It equals what the last sample alone gives: is what the samples before it gave overwritten?",
            lambda problem: _row(problem, _slopes(problem)[-1] / problem.num_samples),
        ),
    )
)

LOSS_QUESTION = Question(
    name="linear_bias_loss",
    parameters=("W", "b", "X", "y", "reg"),
    outputs={"loss": "number", "dW": "array", "db": "array"},
    draw=_draw,
    answer=_answer,
    driver=("linear_bias", "loss"),
    mistakes=(*_known(), *_LOSS_MISTAKES, *_DB_MISTAKES),
    unchanged=("W", "b", "X", "y"),
)
