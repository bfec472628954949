"""sgd: w - lr*dw. sgd_momentum: v = mu*v - lr*dw, w + v (Sutskever et al., ICML 2013, without Nesterov's term)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reference.losses.problem import Array
from reference.questions.update_rules.trajectory import (
    NOT_KEPT,
    Mistakes,
    Numbers,
    State,
    Step,
    UpdateRule,
    not_stored,
    question_of,
    uphill,
    with_numbers,
)


def _plain(w: Array, dw: Array, _: State, numbers: Numbers) -> tuple[Array, State]:
    return w - numbers["learning_rate"] * dw, {}


def _moving(formula: Callable[[Array, Array, float], Array]) -> Step:
    """formula: (w, dw, lr) -> next w."""
    return lambda w, dw, _, numbers: (formula(w, dw, numbers["learning_rate"]), {})


_SGD = UpdateRule("sgd", {"learning_rate": 1e-2}, {"learning_rate": 0.037}, _plain)
_RATE = "is config's learning_rate used in the update?"

SGD = question_of(
    _SGD,
    {
        "uphill": ("steps along the gradient: in which direction does the loss fall?", uphill(_SGD)),
        "hard_lr": (f"a learning rate of 0.01: {_RATE}", with_numbers(_SGD, learning_rate=1e-2)),
        "no_lr": (f"a learning rate of 1: {_RATE}", with_numbers(_SGD, learning_rate=1.0)),
        "nothing": ("no step at all: what should happen to dw?", lambda w, *_: (w, {})),
        "step_alone": ("the step alone: what is it added to?", _moving(lambda _, dw, lr: -lr * dw)),
        "divided_by_lr": ("a gradient divided by the learning rate: does a smaller rate make a smaller step?", _moving(lambda w, dw, lr: w - dw / lr)),
        "sign_of_dw": ("steps of the learning rate itself, along the gradient's signs: how long should a step be?", _moving(lambda w, dw, lr: w - lr * np.sign(dw))),
        "normalized": ("a gradient divided by its length: how long should a step be?", _moving(lambda w, dw, lr: w - lr * dw / np.linalg.norm(dw))),
        "mean_of_dw": ("the same step for all parameters, from the mean gradient: each parameter has its own.", _moving(lambda w, dw, lr: w - lr * np.mean(dw))),
    },
)  # fmt: skip

_Formula = Callable[[Array, Array, Array, float, float], tuple[Array, Array]]
"""(w, dw, v, lr, mu) -> (next w, next v)."""


def _by(formula: _Formula) -> Step:
    def step(w: Array, dw: Array, state: State, numbers: Numbers) -> tuple[Array, State]:
        after, v = formula(w, dw, state["velocity"], numbers["learning_rate"], numbers["momentum"])
        return after, {"velocity": v}

    return step


def _next(dw: Array, v: Array, lr: float, mu: float) -> Array:
    return mu * v - lr * dw


def _nesterov(w: Array, dw: Array, v: Array, lr: float, mu: float) -> tuple[Array, Array]:
    after = _next(dw, v, lr, mu)
    return w - mu * v + (1 + mu) * after, after


def _with_velocity(velocity: Callable[[Array, Array, float, float], Array]) -> Step:
    """Another new velocity, added to w."""
    return _by(lambda w, dw, v, lr, mu: (w + velocity(dw, v, lr, mu), velocity(dw, v, lr, mu)))


_MOMENTUM = UpdateRule(
    "sgd_momentum",
    {"learning_rate": 1e-2, "momentum": 0.9},
    {"learning_rate": 0.037, "momentum": 0.6},
    _with_velocity(_next),
    states=("velocity",),
)

_SIGNS = "compare the signs with the handout's formula."

_TABLE: Mistakes = {
    "nesterov": ("Nesterov's momentum: the handout asks for the plain form.", _by(_nesterov)),
    "minus": (f"subtracting the velocity from w: {_SIGNS}", _by(lambda w, dw, v, lr, mu: (w - _next(dw, v, lr, mu), _next(dw, v, lr, mu)))),
    "uphill": (f"a velocity that grows along the gradient: {_SIGNS}", _with_velocity(lambda dw, v, lr, mu: mu * v + lr * dw)),
    "ema": ("a gradient with weight 1 - momentum in the velocity: the handout's velocity is not an average.", _with_velocity(lambda dw, v, lr, mu: mu * v - (1 - mu) * lr * dw)),
    "pytorch": ("PyTorch's form, whose velocity accumulates plain gradients and is scaled by the learning rate at the end: the handout's velocity accumulates steps.", _by(lambda w, dw, v, lr, mu: (w - lr * (mu * v + dw), mu * v + dw))),
    "ignored": ("plain SGD: where is the velocity used?", _by(lambda w, dw, v, lr, _: (w - lr * dw, v))),
    "old": ("adding the velocity from before the step: which one should move w?", _by(lambda w, dw, v, lr, mu: (w + v, _next(dw, v, lr, mu)))),
    "both_scaled": ("a gradient that is also multiplied by momentum: what should momentum multiply?", _with_velocity(lambda dw, v, lr, mu: mu * (v - lr * dw))),
    "next_is_v": ("returning the velocity in place of w: what is added to what?", _by(lambda _, dw, v, lr, mu: (_next(dw, v, lr, mu), _next(dw, v, lr, mu)))),
    "hard_lr": (f"a learning rate of 0.01: {_RATE}", with_numbers(_MOMENTUM, learning_rate=1e-2)),
    "hard_mu": ("a momentum of 0.9: is config's momentum used in the update?", with_numbers(_MOMENTUM, momentum=0.9)),
    "no_lr": (f"a velocity without the learning rate: {_RATE}", _with_velocity(lambda dw, v, _, mu: mu * v - dw)),
    "twice": ("subtracting the gradient's step a second time beside the velocity: the velocity already includes it.", _by(lambda w, dw, v, lr, mu: (w + _next(dw, v, lr, mu) - lr * dw, _next(dw, v, lr, mu)))),
    "not_stored": (f"steps that all begin with the first velocity: {NOT_KEPT.format(state='velocity')}", not_stored(_MOMENTUM, "velocity")),
}  # fmt: skip

SGD_MOMENTUM = question_of(_MOMENTUM, _TABLE)
