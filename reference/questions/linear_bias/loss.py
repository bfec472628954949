"""softmax_loss(W, b, X, y, reg) -> (loss, dW, db): the question.

W (D, K), b (1, K), X (N, D), y (N,); the loss is the mean cross-entropy plus c*reg*sum(W*W), and b is not regularized. c is
the convention's; the slides of seed 003 have c = 0.5. The mistakes of a linear classifier without a bias
(reference.losses.mistakes.table) show in the loss and in dW here too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from reference.losses.formulas import softmax_data_term
from reference.losses.mistakes.table import LOSS_MISTAKES
from reference.losses.problem import Array, Problem
from reference.losses.right import Part, RightAnswer
from reference.mistakes import Mistake, Table, mistakes_in
from reference.questions.inputs import Inputs, Value
from reference.questions.question import Answer, Question, QuestionCase, QuestionMistake

OVERFLOW = (
    "its exponentials overflow where scores are near 1000; the slides do not ask for more, but subtracting each row's"
    " maximum from its scores would keep them finite"
)

_SPIRAL = (300, 3, 2, 1e-3)
_SIZES = ((7, 5, 6, 0.37), (13, 3, 4, 0.0), (6, 2, 3, 0.8), (1, 4, 5, 0.5), (40, 10, 12, 1.3), _SPIRAL)
"""N, K, D and reg of the cases; the last are those of the slides."""


def _problem(inputs: Inputs) -> Problem:
    """The inputs in extended precision, with the bias in the scores."""
    W, X, y = inputs.arrays("W", "X", "y")
    bare = Problem.of(W, X, y, inputs.number("reg"), inputs.convention)
    return dataclasses.replace(bare, scores=bare.scores + _bias(inputs).astype(bare.scores.dtype))


def _without_bias(problem: Problem) -> Problem:
    return dataclasses.replace(problem, scores=problem.X @ problem.W)


def _bias(inputs: Inputs) -> Array:
    return inputs.array("b").reshape(1, -1)


def _db(problem: Problem) -> Array:
    """(1, K): the mean of P - Y over the samples."""
    return np.asarray(softmax_data_term(problem)[1].sum(axis=0, keepdims=True) / problem.num_samples)


def _answer(inputs: Inputs) -> Answer:
    problem = _problem(inputs)
    right = {
        "loss": RightAnswer("softmax", "loss", problem).value,
        "dW": RightAnswer("softmax", "gradient", problem).value,
        "db": _db(problem),
    }
    return {name: value.astype(np.float64) for name, value in right.items()}


def _draw(rng: np.random.Generator) -> Sequence[QuestionCase]:
    cases = []
    for N, K, D, reg in _SIZES:
        inputs: dict[str, Value] = {
            # No label so unlikely that an epsilon of 1e-8 beside its probability shows.
            "W": rng.normal(size=(D, K)) / np.sqrt(D),
            "b": 0.7 * rng.normal(size=(1, K)),
            "X": rng.normal(size=(N, D)),
            "y": rng.integers(0, K, size=N),
            "reg": reg,
        }
        cases.append(QuestionCase(f"N={N}, K={K}, D={D}, reg={reg:g}", inputs))
    first = cases[0].inputs
    shift = {**first, "b": np.asarray(first["b"]) + 1000.0}
    return [*cases, QuestionCase("all scores near 1000", shift, is_noted=True, note=OVERFLOW, is_large=True)]


# --- Mistakes --------------------------------------------------------------------------------------------------------

_BIAS_LEFT_OUT = (
    "It equals the {part} for scores without the bias: the scores are X @ W + b; is the bias used here?"
)
_NOT_REGULARIZED = "which parameters should be regularized?"
_AVERAGE = "what should the average be taken over?"


def _without_a_bias(part: Part, output: str) -> tuple[QuestionMistake, ...]:
    """The mistakes of the linear classifier without a bias, and a bias that the scores lack."""
    table = {
        each.name: (each.message, each.outcome) for each in LOSS_MISTAKES["softmax"] if each.output == part
    }
    table["bias_left_out_of_scores"] = (
        _BIAS_LEFT_OUT,
        lambda right: dataclasses.replace(right, problem=_without_bias(right.problem)).value,
    )
    return mistakes_in(
        output, table, lambda inputs, outcome: outcome(RightAnswer("softmax", part, _problem(inputs)))
    )


def _loss_with_bias_regularized(inputs: Inputs) -> Array:
    problem = _problem(inputs)
    right = RightAnswer("softmax", "loss", problem).value
    return np.asarray(right + problem.penalty * np.sum(_bias(inputs) ** 2))


_DB: Table[Callable[[Problem], Array]] = {
    "all_zero": (
        "It is zero everywhere: is db never filled in, or is it one sum over samples and classes? Each class has its own entry.",
        lambda problem: 0 * _db(problem),
    ),
    "sum_instead_of_mean": (
        "It equals the correct gradient times the number of samples: is the loss a sum over the samples, or their average?",
        lambda problem: _db(problem) * problem.num_samples,
    ),
    "divided_twice": (
        "It equals the correct gradient divided by the number of samples one more time: do you take the average twice?",
        lambda problem: _db(problem) / problem.num_samples,
    ),
    "bias_left_out_of_scores": (_BIAS_LEFT_OUT, lambda problem: _db(_without_bias(problem))),
    "minus_one_missing": (
        "It equals the average probabilities: what else does the derivative have for the true class?",
        lambda problem: problem.probabilities.mean(axis=0, keepdims=True),
    ),
    "sign_flipped": (
        "It equals the correct gradient with the opposite sign: does the loss rise or fall as the true score rises?",
        lambda problem: -_db(problem),
    ),
    "mean_over_classes_too": (
        f"It equals the correct gradient divided by the number of classes: {_AVERAGE}",
        lambda problem: _db(problem) / problem.num_classes,
    ),
    "no_probabilities": (
        "It equals minus the share of each true class, without any probabilities: where do the probabilities enter?",
        lambda problem: -problem.one_hot.mean(axis=0, keepdims=True),
    ),
    "last_sample_only": (
        "It equals the share of the last sample only: does each sample overwrite the ones before it?",
        lambda problem: softmax_data_term(problem)[1][-1:] / problem.num_samples,
    ),
}

_DB_REGULARIZED: Table[float] = {
    "bias_regularized": (
        f"It equals the correct gradient plus a regularization of the bias: {_NOT_REGULARIZED}",
        2,
    ),
    "bias_regularized_twice": (
        f"It equals the correct gradient plus twice a regularization of the bias: {_NOT_REGULARIZED}",
        4,
    ),
}


def _db_with_bias_regularized(inputs: Inputs, factor: float) -> Array:
    problem = _problem(inputs)
    return np.asarray(_db(problem) + factor * problem.penalty * _bias(inputs))


_MISTAKES = (
    *_without_a_bias("loss", "loss"),
    Mistake(
        "bias_regularized",
        "loss",
        f"It equals the correct loss with the bias in the regularization too: {_NOT_REGULARIZED}",
        _loss_with_bias_regularized,
    ),
    *_without_a_bias("gradient", "dW"),
    *mistakes_in("db", _DB, lambda inputs, rule: rule(_problem(inputs))),
    *mistakes_in("db", _DB_REGULARIZED, _db_with_bias_regularized),
)

LOSS_QUESTION = Question(
    name="linear_bias_loss",
    parameters=("W", "b", "X", "y", "reg"),
    outputs={"loss": "number", "dW": "array", "db": "array"},
    draw=_draw,
    answer=_answer,
    driver=("linear_bias", "loss"),
    right=("linear_bias", "softmax_loss"),
    mistakes=_MISTAKES,
    unchanged=("W", "b", "X", "y"),
)
