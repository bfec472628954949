"""Mistakes in the softmax's probabilities, which show in the loss and in the gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from reference.losses.problem import Array, Problem, log_softmax
from reference.losses.right import LossMistake, Part, RightAnswer, in_both, of_terms
from reference.mistakes import Table, mistakes_in

POWERS = range(1, 7)
"""Of ten, for the epsilons that are named: far larger than the harmless ones and than what matching can miss."""


def cross_entropy(problem: Problem, logarithms: Array) -> Array:
    """(N, C): minus the logarithm at the true class, else zero."""
    return np.where(problem.one_hot == 1, -logarithms, 0)


def at_label(problem: Problem, table: Array) -> Array:
    """(N,): the entry of each row at its label."""
    return np.asarray(np.take_along_axis(table, problem.y[:, None], axis=1)[:, 0])


def total(problem: Problem, epsilon: float = 0.0) -> Array:
    """(N, 1): the sum of the shifted exponentials and the epsilon."""
    return np.asarray(np.exp(problem.shifted_scores).sum(axis=1, keepdims=True) + epsilon)


def _other_probabilities(right: RightAnswer, logarithms: Callable[[Problem], Array]) -> Array:
    """Loss or gradient of probabilities with these logarithms (N, C)."""
    problem, other = right.problem, logarithms(right.problem)
    return right.with_terms(
        cross_entropy(problem, other) if right.part == "loss" else np.exp(other) - problem.one_hot
    )


def _log_sigmoid(problem: Problem) -> Array:
    """log(1/(1 + exp(-s))), without overflow."""
    half: Array = np.tanh(problem.scores / 2) / 2
    return np.log(half + 0.5)


def _without_true_class(problem: Problem) -> Array:
    """(N, C): the exponentials over the sum of those of the wrong classes."""
    exponentials = np.exp(problem.shifted_scores)
    return np.asarray(exponentials / (exponentials * (1 - problem.one_hot)).sum(axis=1, keepdims=True))


SUM_TO = "what do the probabilities of one sample sum to?"
_KEEPS = "which changes to the scores leave the probabilities unchanged?"
_WRONG_AXIS = (
    "It equals the {part} with the exponentials divided by their sum over the samples, not the classes: "
    "along which axis do the probabilities of one sample sum to one?"
)
_WHOLE_BATCH = (
    f"It equals the {{part}} with the exponentials divided by their sum over the whole batch: {SUM_TO}"
)
_BOUND = "is a bound needed once the largest score of each row is subtracted?"
_EPSILON = (
    "It equals the {{part}} with an epsilon of 1e-{} added {}: "
    "is it needed once the largest score of each row is subtracted?"
)
_TRUE_CLASS_NOT_IN_SUM = (
    f"It equals the {{part}} with the true class left out of the sum of the exponentials: {SUM_TO}"
)

_LOGARITHMS: Table[Callable[[Problem], Array]] = {
    "wrong_axis": (_WRONG_AXIS, lambda problem: log_softmax(problem.scores, axis=0)),
    "wrong_axis_of_shifted_scores": (
        _WRONG_AXIS,
        lambda problem: log_softmax(problem.shifted_scores, axis=0),
    ),
    "whole_batch": (_WHOLE_BATCH, lambda problem: log_softmax(problem.scores, axis=None)),
    "whole_batch_of_shifted_scores": (
        _WHOLE_BATCH,
        lambda problem: log_softmax(problem.shifted_scores, axis=None),
    ),
    "maximum_over_samples": (
        "It equals the {part} with each score lowered by the largest score of its class in the batch: along which axis do you take the maximum of a sample's scores?",
        lambda problem: log_softmax(problem.scores - problem.scores.max(axis=0)),
    ),
    "sigmoid_for_softmax": (
        f"It equals the {{part}} with the sigmoid of each score instead of its probability: {SUM_TO}",
        _log_sigmoid,
    ),
    "sum_replaced_by_mean": (
        f"It equals the {{part}} with the exponentials divided by their average, not their sum: {SUM_TO}",
        lambda problem: problem.log_probabilities + np.log(problem.num_classes),
    ),
    "exponentials_divided_by_samples": (
        f"It equals the {{part}} with the exponentials divided by the number of samples: {SUM_TO}",
        lambda problem: problem.shifted_scores - np.log(problem.num_samples),
    ),
    "powers_of_2": (
        "It equals the {part} with powers of 2 instead of exponentials: which base does exp have?",
        lambda problem: log_softmax(problem.scores * np.log(2)),
    ),
    "powers_of_10": (
        "It equals the {part} with powers of 10 instead of exponentials: which base does exp have?",
        lambda problem: log_softmax(problem.scores * np.log(10)),
    ),
    "scores_negated": (
        "It equals the {part} for scores with the opposite sign: where does the minus sign come from?",
        lambda problem: log_softmax(-problem.scores),
    ),
    "scores_all_zero": (
        "It equals the {part} of probabilities that are all the same: are the scores computed from W and X?",
        lambda problem: log_softmax(0 * problem.scores),
    ),
    "scores_divided_by_maximum": (
        f"It equals the {{part}} for scores divided by the largest in their row: {_KEEPS}",
        lambda problem: log_softmax(problem.scores / problem.scores.max(axis=1, keepdims=True)),
    ),
    "scores_divided_by_largest": (
        f"It equals the {{part}} for scores divided by the largest absolute value in their row: {_KEEPS}",
        lambda problem: log_softmax(problem.scores / np.abs(problem.scores).max(axis=1, keepdims=True)),
    ),
    "scores_divided_by_maximum_of_batch": (
        f"It equals the {{part}} for scores divided by the largest of the batch: {_KEEPS}",
        lambda problem: log_softmax(problem.scores / problem.scores.max()),
    ),
    "scores_standardized": (
        f"It equals the {{part}} for scores divided by the standard deviation of their row: {_KEEPS}",
        lambda problem: log_softmax(problem.scores / problem.scores.std(axis=1, keepdims=True)),
    ),
    "sum_never_reset": (
        "It equals the {part} with the sum of the exponentials carried over from sample to sample: where do you reset it to zero?",
        lambda problem: problem.shifted_scores - np.log(np.cumsum(total(problem), axis=0)),
    ),
}

_LOSS: Table[Callable[[Problem], Array]] = {
    "true_class_not_in_sum": (
        _TRUE_CLASS_NOT_IN_SUM,
        lambda problem: (
            np.log(1 - at_label(problem, problem.probabilities))
            - at_label(problem, problem.log_probabilities)
        ),
    ),
}

_GRADIENT: Table[Callable[[Problem], Array]] = {
    "true_class_not_in_sum": (
        _TRUE_CLASS_NOT_IN_SUM,
        lambda problem: _without_true_class(problem) - problem.one_hot,
    ),
    "exponentials_not_divided": (
        f"It equals the gradient with the exponentials of the shifted scores instead of the probabilities: {SUM_TO}",
        lambda problem: np.exp(problem.shifted_scores) - problem.one_hot,
    ),
}

LEAST_BOUND = 5
"""The power from which on clipping at both ends cannot be told from clipping at one."""


def _clipped(part: Part, powers: Iterable[int]) -> tuple[LossMistake, ...]:
    """Probabilities clipped at 10**-power, some at one less that too; the gradient cannot show the smallest."""

    def outcome(right: RightAnswer, bounds: tuple[float, float]) -> Array:
        return _other_probabilities(right, lambda problem: np.log(np.clip(problem.probabilities, *bounds)))

    table: Table[tuple[float, float]] = {
        f"probabilities_clipped_{name}_1e_{power}": (
            f"It equals the {{part}} with probabilities clipped at 1e-{power}: {_BOUND}",
            (10.0**-power, 1 - is_both * 10.0**-power),
        )
        for power in powers
        for name, is_both in (("at", True), ("below", False))
        if is_both or power < LEAST_BOUND  # where the upper bound shows
    }
    return mistakes_in(part, table, outcome)


PROBABILITIES: tuple[LossMistake, ...] = (
    *in_both(_LOGARITHMS, _other_probabilities),
    *of_terms("loss", _LOSS),
    *of_terms("gradient", _GRADIENT),
    *mistakes_in(
        "loss",
        {
            f"epsilon_of_1e_{power}_in_logarithm": (
                _EPSILON.format(power, "inside the logarithm"),
                10.0**-power,
            )
            for power in (*POWERS, 7)
        },
        lambda right, epsilon: right.with_terms(
            -np.log(at_label(right.problem, right.problem.probabilities) + epsilon)
        ),
    ),
    *mistakes_in(
        "loss",
        {
            f"epsilon_of_1e_{power}_in_both": (
                _EPSILON.format(power, "to the sum of the exponentials and inside the logarithm"),
                10.0**-power,
            )
            for power in POWERS
        },
        lambda right, epsilon: right.with_terms(
            -np.log(
                at_label(right.problem, np.exp(right.problem.shifted_scores))
                / total(right.problem, epsilon)[:, 0]
                + epsilon
            )
        ),
    ),
    *_clipped("loss", (*POWERS, 7)),
    *_clipped("gradient", POWERS),
    *in_both(
        {
            f"epsilon_of_1e_{power}_in_denominator": (
                _EPSILON.format(power, "to the sum of the exponentials"),
                10.0**-power,
            )
            for power in POWERS
        },
        lambda right, epsilon: _other_probabilities(
            right, lambda problem: problem.shifted_scores - np.log(total(problem, epsilon))
        ),
    ),
)
