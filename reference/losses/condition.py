"""How far rounding alone can move a right answer on given inputs, and how far those inputs are from a kink.

The bounds are for one unit of rounding: the caller multiplies them by K*u, with u the eps of the dtype
and K = 64. Right implementations were measured below 10 units, the nearest wrong one at 489. The bounds
follow from the forward error of the dot product, |fl(x.w) - x.w| <= D*u*sum_d |x_d||w_d|, carried through
the losses; the D is left to K, because rounding errors of either sign grow far more slowly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reference.conventions import Convention
from reference.losses.formulas import svm_data_term
from reference.losses.problem import Array, Problem

EPSILON_ALLOWANCE = 4e-9
UNDERFLOW = 1e-31


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """Error bounds in float64: one for the loss, one per entry of the gradient."""

    loss: float
    gradient: Array
    """Shaped like W as it was given."""


def softmax_condition(W: Array, X: Array, y: Array, reg: float, convention: Convention) -> Condition:
    """Bound of the softmax loss and gradient per unit of rounding; shapes as in reference.losses.formulas.

    With A_i = max_c sum_d |X_id||W_dc| and L_i the loss of row i,
    loss: mean(2A + |L_i| + ln C) + c*reg*sum(W*W); gradient: |X|^T (P*(1 + 4A) + Y)/N + 2*c*reg*|W|.
    P counts as 1e-31 at least: below 87 or so under the row's maximum a float32 probability underflows, which
    costs up to 1.2e-38, or 1e-31 of its eps; in float64 that is far less, and neither hides a mistake.
    """
    problem = Problem.of(W, X, y, reg, convention, dtype=np.float64)
    logarithms, one_hot = problem.log_probabilities, problem.one_hot
    magnitude = _score_magnitude(problem)
    row_losses = -(logarithms * one_hot).sum(axis=1)
    data_loss = np.mean(2 * magnitude + np.abs(row_losses) + np.log(problem.num_classes))
    coefficients = np.maximum(np.exp(logarithms), UNDERFLOW) * (1 + 4 * magnitude[:, None]) + one_hot
    return _condition(problem, float(data_loss + problem.regularizer), coefficients)


def svm_condition(W: Array, X: Array, y: Array, reg: float, convention: Convention) -> Condition:
    """Bound of the SVM loss and gradient per unit of rounding; shapes as in reference.losses.formulas.

    With A as in softmax_condition, k_i the number of active margins of row i and M the signed mask,
    loss: mean(max(k, 1)*(2A + 2*delta)) + c*reg*sum(W*W); gradient: |X|^T |M|/N + 2*c*reg*|W|.
    It holds where kink_clearance is well above rounding: at a kink the gradient jumps.
    """
    problem = Problem.of(W, X, y, reg, convention, dtype=np.float64)
    _, mask = svm_data_term(problem)
    active = np.sum(problem.margins > 0, axis=1)
    data_loss = np.mean(np.maximum(active, 1) * (2 * _score_magnitude(problem) + 2 * convention.delta))
    return _condition(problem, float(data_loss + problem.regularizer), np.abs(mask))


def benign_epsilon_condition(W: Array, X: Array, y: Array, reg: float, convention: Convention) -> Condition:
    """The largest effect of a harmless epsilon of 1e-9 in the denominator of the softmax, in float64.

    Added to K*u times softmax_condition; not in units of rounding.
    loss: 4e-9; gradient: 4e-9*|X|^T P/N (by P, not |P - Y|: P/(Z + eps) falls short in proportion to P).
    """
    problem = Problem.of(W, X, y, reg, convention, dtype=np.float64)
    coefficients = EPSILON_ALLOWANCE * problem.probabilities
    return _condition(problem, EPSILON_ALLOWANCE, coefficients, regularized=False)


def kink_clearance(W: Array, X: Array, y: Array, convention: Convention) -> float:
    """Smallest |s_j - s_{y_i} + delta| over all samples i and classes j != y_i; infinite with one class."""
    problem = Problem.of(W, X, y, 0.0, convention, dtype=np.float64)
    return float(np.min(np.abs(problem.margins) + np.where(problem.one_hot == 1, np.inf, 0)))


def _score_magnitude(problem: Problem) -> Array:
    """A (N,): the largest score of each row had every product been positive."""
    return np.asarray((np.abs(problem.X) @ np.abs(problem.W)).max(axis=1))


def _condition(problem: Problem, loss: float, coefficients: Array, *, regularized: bool = True) -> Condition:
    gradient = np.abs(problem.X).T @ coefficients / problem.num_samples
    if regularized:
        gradient = gradient + np.abs(problem.regularizer_gradient)
    return Condition(loss=loss, gradient=problem.in_layout(gradient))
