"""Follows an update rule over several steps, as a Solver does, and returns what it had after each."""

from typing import Any

import numpy as np

HYPERPARAMETERS = {
    "sgd": ("learning_rate",),
    "sgd_momentum": ("learning_rate", "momentum"),
    "rmsprop": ("learning_rate", "decay_rate", "epsilon"),
    "adam": ("learning_rate", "beta1", "beta2", "epsilon"),
}
STATES = {"sgd": (), "sgd_momentum": ("velocity",), "rmsprop": ("cache",), "adam": ("m", "v", "t")}

NO_CONFIG, PASSED, FLOAT32, BESIDE_ANOTHER = "no config", "passed", "float32", "beside another"
HOW = ("", NO_CONFIG, PASSED, FLOAT32, BESIDE_ANOTHER)
"""What is unusual, by the number that the judge sends: no config at the first step; the state is read from the config that was
passed; in float32; steps of another parameter between these."""


def sgd(rule: Any, *given: Any) -> Any:
    """The parameters after each step. given: see follow."""
    answer = follow("sgd", rule, *given)
    return answer[0] if isinstance(answer, tuple) and len(answer) == 1 else answer


def sgd_momentum(rule: Any, *given: Any) -> Any:
    """The parameters and the velocity after each step."""
    return follow("sgd_momentum", rule, *given)


def rmsprop(rule: Any, *given: Any) -> Any:
    """The parameters and the cache after each step."""
    return follow("rmsprop", rule, *given)


def adam(rule: Any, *given: Any) -> Any:
    """The parameters, m, v and t after each step."""
    return follow("adam", rule, *given)


def follow(name: Any, rule: Any, w: Any, dw: Any, how: Any, *numbers: Any) -> Any:
    """The parameters and the state after each step, stacked; NaN for a state that config lacks.

    dw: the gradient of each step. how: an index of HOW. numbers: hyperparameters and state, None for what config lacks. An
    answer that is no pair of parameters and config is returned unchanged, and so is None in the place of the parameters.
    """
    how = HOW[how]
    start = dict(zip((*HYPERPARAMETERS[name], *STATES[name]), numbers, strict=True))
    config: Any = {key: value for key, value in start.items() if value is not None}
    if how == NO_CONFIG:
        config = None
    if how == FLOAT32:
        w, dw = w.astype(np.float32), dw.astype(np.float32)
    shape, kind = w.shape, w.dtype
    other_w, other_config = 2 - 3 * w, None
    after: Any = [[] for _ in range(1 + len(STATES[name]))]
    for gradient in dw:
        if how == BESIDE_ANOTHER:
            other_w, other_config = rule(other_w, 1 - 2 * gradient, other_config)
        passed, before = config, w.copy()
        answer = rule(w, gradient, config)
        if not isinstance(answer, tuple | list) or len(answer) != 2:
            return answer
        w, config = answer
        if getattr(w, "shape", None) != shape:
            return w if w is None else (np.array([w] * len(dw)), *[None] * len(STATES[name]))
        if "epsilon" in HYPERPARAMETERS[name]:
            w = without_zero_over_zero(rule, before, w, gradient)
        after[0].append(np.array(w) if how != FLOAT32 or w.dtype == kind else np.full(shape, np.nan))
        for values, key in zip(after[1:], STATES[name], strict=True):
            values.append(state_of(passed if how == PASSED else config, key, shape))
    return tuple(np.array(values, dtype=np.float64) for values in after)


def without_zero_over_zero(rule: Any, before: Any, w: Any, gradient: Any) -> Any:
    """The parameters as they were where 0/0 made them NaN, if the rule does use its epsilon, though where it does not help."""
    is_lost = np.isnan(w) & (gradient == 0)
    if not is_lost.any():
        return w
    trials = [rule(before + 0, 0 * gradient + 1, {"epsilon": epsilon})[0] for epsilon in (1e-8, 1.0)]
    return np.where(is_lost, before, w) if np.any(trials[0] != trials[1]) else w


def state_of(config: Any, key: Any, shape: Any) -> Any:
    """A state in the shape of the parameters, t as a number."""
    wanted = () if key == "t" else shape
    value = config.get(key) if isinstance(config, dict) else None
    if isinstance(value, int | float | np.ndarray | np.generic) and np.shape(value) in (wanted, ()):
        return np.broadcast_to(np.array(value, dtype=np.float64), wanted)
    return np.full(wanted, np.nan)
