"""rmsprop: c = rho*c + (1 - rho)*dw^2, w - lr*dw/(sqrt(c) + eps) (Tieleman and Hinton, lecture 6.5 of Coursera, 2012)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from reference.losses.problem import Array
from reference.questions.inputs import Inputs
from reference.questions.question import Answer, Rule
from reference.questions.update_rules.trajectory import (
    NOT_KEPT,
    Mistakes,
    Numbers,
    State,
    Step,
    UpdateRule,
    follow,
    not_stored,
    question_of,
    uphill,
    with_numbers,
)

_Cache = Callable[[Array, Array, float], Array]
"""(c, dw, rho) -> next c."""
_Scaled = Callable[[Array, Array, float, Array], Array]
"""(dw, next c, eps, c) -> what the learning rate multiplies."""


def _next(c: Array, dw: Array, rho: float) -> Array:
    return rho * c + (1 - rho) * dw**2


def _scaled(dw: Array, after: Array, eps: float, _: Array) -> Array:
    return dw / (np.sqrt(after) + eps)


def _by(cache: _Cache = _next, scaled: _Scaled = _scaled) -> Step:
    def step(w: Array, dw: Array, state: State, numbers: Numbers) -> tuple[Array, State]:
        c = state["cache"]
        after = cache(c, dw, numbers["decay_rate"])
        return w - numbers["learning_rate"] * scaled(dw, after, numbers["epsilon"], c), {"cache": after}

    return step


_RULE = UpdateRule(
    "rmsprop",
    {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8},
    {"learning_rate": 0.037, "decay_rate": 0.8, "epsilon": 1e-8},
    _by(),
    states=("cache",),
    positive=("cache",),
)

_WEIGHTS = "what weights should the old cache and the new square have?"
_EPSILON = "use config's epsilon, 1e-8 if it has none."
_SQUARES = "average their squares instead."
_unsquared = _by(lambda c, dw, rho: rho * c + (1 - rho) * dw)

_TABLE: Mistakes = {
    "old": ("dividing by the root of the cache from before the step: which one belongs to this gradient?", _by(scaled=lambda dw, _, eps, c: dw / (np.sqrt(c) + eps))),
    "no_one_minus": (f"a new square with weight 1: {_WEIGHTS}", _by(lambda c, dw, rho: rho * c + dw**2)),
    "adagrad": (f"AdaGrad, whose cache only grows: {_WEIGHTS}", _by(lambda c, dw, _: c + dw**2)),
    "swapped": (f"the two weights swapped: {_WEIGHTS}", _by(lambda c, dw, rho: (1 - rho) * c + rho * dw**2)),
    "not_squared": (f"a cache of absolute gradients: {_SQUARES}", _by(lambda c, dw, rho: rho * c + (1 - rho) * np.abs(dw))),
    "gradient_for_square": (f"a cache of gradients that are not squared: {_SQUARES}", _unsquared),
    "mean": ("one mean of the squares for all parameters: each parameter has its own.", _by(lambda c, dw, rho: rho * c + (1 - rho) * np.mean(dw**2))),
    "no_root": ("dividing by the cache itself: do you take the square root?", _by(scaled=lambda dw, after, eps, _: dw / (after + eps))),
    "dw_missing": ("a step of lr/(sqrt(cache) + eps), without the gradient.", _by(scaled=lambda _, after, eps, __: 1 / (np.sqrt(after) + eps))),
    "ignored": ("plain SGD: what is the gradient divided by?", _by(scaled=lambda dw, *_: dw)),
    "uphill": ("steps along the gradient: in which direction does the loss fall?", uphill(_RULE)),
    "hard_lr": ("a learning rate of 0.01: is config's learning_rate used in the update?", with_numbers(_RULE, learning_rate=1e-2)),
    "no_lr": ("a learning rate of 1: is config's learning_rate used in the update?", with_numbers(_RULE, learning_rate=1.0)),
    "hard_rate": ("a decay_rate of 0.99: is config's decay_rate used in the update?", with_numbers(_RULE, decay_rate=0.99)),
    "big_eps_1e-5": (f"an epsilon of 1e-5: {_EPSILON}", with_numbers(_RULE, epsilon=1e-5)),
    "big_eps_1e-4": (f"an epsilon of 1e-4: {_EPSILON}", with_numbers(_RULE, epsilon=1e-4)),
    "big_eps_1e-3": (f"an epsilon of 1e-3: {_EPSILON}", with_numbers(_RULE, epsilon=1e-3)),
    "big_eps_1e-2": (f"an epsilon of 1e-2: {_EPSILON}", with_numbers(_RULE, epsilon=1e-2)),
    "big_eps_1e-1": (f"an epsilon of 0.1: {_EPSILON}", with_numbers(_RULE, epsilon=0.1)),
    "big_eps_1": (f"an epsilon of 1: {_EPSILON}", with_numbers(_RULE, epsilon=1.0)),
    "not_stored": (f"steps that all begin with the first cache: {NOT_KEPT.format(state='cache')}", not_stored(_RULE, "cache")),
}  # fmt: skip


def _has_negative_root(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
    cache = follow(_RULE, inputs, _unsquared)["cache"]
    return {} if np.isnan(seen["w"]).any() and np.allclose(seen["cache"], cache, rtol=1e-6) else None


_RULES = (
    Rule("gradient_for_square", "w", f"It is NaN, the root of a negative cache, which averages gradients that are not squared: {_SQUARES}", _has_negative_root),
)  # fmt: skip

RMSPROP = question_of(_RULE, _TABLE, _RULES)
