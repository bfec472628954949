"""adam with both corrections (Kingma and Ba, ICLR 2015): t grows before it is used.

m = b1*m + (1 - b1)*dw, v = b2*v + (1 - b2)*dw^2, mhat = m/(1 - b1^t), vhat = v/(1 - b2^t), w - lr*mhat/(sqrt(vhat) + eps).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

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


@dataclass(frozen=True, slots=True)
class Faults:
    """Ways to go wrong; the defaults are right."""

    corrected: tuple[str, ...] = ("m", "v")
    correction: Literal["own", "beta1", "beta2"] = "own"
    """Whose beta corrects."""
    added: int = 1
    """To t, at each step."""
    is_t_late: bool = False
    """t grows after it is used."""
    is_beta_times_t: bool = False
    first: Literal["dw", "dw^2"] = "dw"
    """What m averages."""
    second: Literal["dw^2", "|dw|", "dw", "m^2"] = "dw^2"
    """What v averages."""
    is_swapped: bool = False
    """The betas."""
    moved: Literal["m", "dw"] = "m"
    """What is divided."""
    has_root: bool = True
    is_stored_back: bool = False
    """The corrected m and v are kept."""
    without_one_minus: bool = False


def _by(faults: Faults = Faults()) -> Step:
    def step(w: Array, dw: Array, state: State, numbers: Numbers) -> tuple[Array, State]:
        beta1, beta2 = numbers["beta1"], numbers["beta2"]
        if faults.is_swapped:
            beta1, beta2 = beta2, beta1
        new1, new2 = (1.0, 1.0) if faults.without_one_minus else (1 - beta1, 1 - beta2)
        t = state["t"] + faults.added
        m = beta1 * state["m"] + new1 * (dw if faults.first == "dw" else dw**2)
        averaged = {"dw^2": dw**2, "|dw|": np.abs(dw), "dw": dw, "m^2": m**2}[faults.second]
        v = beta2 * state["v"] + new2 * averaged
        used = state["t"] if faults.is_t_late else t
        bases = {"own": (beta1, beta2), "beta1": (beta1, beta1), "beta2": (beta2, beta2)}[faults.correction]
        corrections = [1 - beta * used if faults.is_beta_times_t else 1 - beta**used for beta in bases]
        mhat = m / corrections[0] if "m" in faults.corrected else m
        vhat = v / corrections[1] if "v" in faults.corrected else v
        below = np.sqrt(vhat) if faults.has_root else vhat
        after = w - numbers["learning_rate"] * (mhat if faults.moved == "m" else dw) / (
            below + numbers["epsilon"]
        )
        kept = (mhat, vhat) if faults.is_stored_back else (m, v)
        return after, {"m": kept[0], "v": kept[1], "t": t}

    return step


_RULE = UpdateRule(
    "adam",
    {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
    {"learning_rate": 0.037, "beta1": 0.7, "beta2": 0.95, "epsilon": 1e-8},
    _by(),
    states=("m", "v", "t"),
    positive=("v",),
)

_CORRECTED = "which of the two averages need correction, and by what?"
_AVERAGES = "which one averages the gradients, and which one their squares?"
_EPSILON = "use config's epsilon, 1e-8 if it has none."

_TABLE: Mistakes = {
    "t_after": ("corrections with t from before the step: when do you increase t?", _by(Faults(is_t_late=True))),
    "t_twice": ("a t that increases by 2 at each step.", _by(Faults(added=2))),
    "t_not_stored": (f"steps that all have the same t: {NOT_KEPT.format(state='t')}", not_stored(_RULE, "t")),
    "beta_times_t": ("corrections by 1 - beta*t: is that a product or a power?", _by(Faults(is_beta_times_t=True))),
    "no_correction": (f"averages without their corrections: {_CORRECTED}", _by(Faults(corrected=()))),
    "m_only": (f"a correction of m alone: {_CORRECTED}", _by(Faults(corrected=("m",)))),
    "v_only": (f"a correction of v alone: {_CORRECTED}", _by(Faults(corrected=("v",)))),
    "one_correction_for_both": (f"beta1 in both corrections: {_CORRECTED}", _by(Faults(correction="beta1"))),
    "beta2_for_both": (f"beta2 in both corrections: {_CORRECTED}", _by(Faults(correction="beta2"))),
    "stored_back": ("keeping the corrected averages in config: the next step corrects them again.", _by(Faults(is_stored_back=True))),
    "betas_swapped": ("swapped betas: which one belongs to m?", _by(Faults(is_swapped=True))),
    "hard_betas": ("betas of 0.9 and 0.999: are config's beta1 and beta2 used in the update?", with_numbers(_RULE, beta1=0.9, beta2=0.999)),
    "hard_beta1": ("a beta1 of 0.9: is config's beta1 used in the update?", with_numbers(_RULE, beta1=0.9)),
    "hard_beta2": ("a beta2 of 0.999: is config's beta2 used in the update?", with_numbers(_RULE, beta2=0.999)),
    "hard_lr": ("a learning rate of 0.001: is config's learning_rate used in the update?", with_numbers(_RULE, learning_rate=1e-3)),
    "no_lr": ("a learning rate of 1: is config's learning_rate used in the update?", with_numbers(_RULE, learning_rate=1.0)),
    "m_of_squares": (f"squared gradients in m: {_AVERAGES}", _by(Faults(first="dw^2"))),
    "v_not_squared": (f"gradients in v that are not squared: {_AVERAGES}", _by(Faults(second="dw"))),
    "v_of_absolutes": (f"absolute gradients in v: {_AVERAGES}", _by(Faults(second="|dw|"))),
    "v_of_m": (f"the square of m in v: {_AVERAGES}", _by(Faults(second="m^2"))),
    "no_one_minus": ("new terms with weight 1 in both averages: what should their weights be?", _by(Faults(without_one_minus=True))),
    "no_root": ("dividing by v itself: do you take the square root?", _by(Faults(has_root=False))),
    "dw_for_m": ("the gradient in place of its average: what should the step move along?", _by(Faults(moved="dw"))),
    "uphill": ("steps along the gradient: in which direction does the loss fall?", uphill(_RULE)),
    "big_eps_1e-3": (f"an epsilon of 1e-3: {_EPSILON}", with_numbers(_RULE, epsilon=1e-3)),
    "big_eps_1e-2": (f"an epsilon of 1e-2: {_EPSILON}", with_numbers(_RULE, epsilon=1e-2)),
    "big_eps_1e-1": (f"an epsilon of 0.1: {_EPSILON}", with_numbers(_RULE, epsilon=0.1)),
    "big_eps_1": (f"an epsilon of 1: {_EPSILON}", with_numbers(_RULE, epsilon=1.0)),
    "m_not_stored": (f"steps that all begin with the first m: {NOT_KEPT.format(state='m')}", not_stored(_RULE, "m")),
    "v_not_stored": (f"steps that all begin with the first v: {NOT_KEPT.format(state='v')}", not_stored(_RULE, "v")),
    "nothing_stored": (f"steps that all begin with the first m, v and t: {NOT_KEPT.format(state='state')}", not_stored(_RULE, "m", "v", "t")),
}  # fmt: skip


def _are_averages_right(inputs: Inputs, seen: Answer) -> bool:
    right = follow(_RULE, inputs)
    return all(np.allclose(seen[name], right[name], rtol=1e-6) for name in ("m", "v"))


def _divides_by_zero(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
    """Not finite from the first step on where t begins at 0, with right averages."""
    is_lost = inputs["t"] is None and not np.isfinite(seen["w"]).any()
    return {} if is_lost and _are_averages_right(inputs, seen) else None


def _is_lost_later(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
    """Not finite from the second step on: 1 - beta*t is right at t = 1 and negative from t = 2 on."""
    w = seen["w"]
    is_lost = inputs["t"] is None and np.isfinite(w[0]).all() and not np.isfinite(w[1:]).any()
    is_first_right = is_lost and np.allclose(w[0], follow(_RULE, inputs)["w"][0], rtol=1e-6)
    return {} if is_first_right and _are_averages_right(inputs, seen) else None


def _has_negative_root(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
    v = follow(_RULE, inputs, _by(Faults(second="dw")))["v"]
    is_it = np.isnan(seen["w"]).any() and np.allclose(seen["v"], v, rtol=1e-6)
    return {} if is_it else None


_RULES = (
    Rule("t_after", "w", "It is not finite from the first step on, though m and v are right: with t = 0 the corrections divide by 0. When do you increase t?", _divides_by_zero),
    Rule("beta_times_t", "w", "It is right at the first step and not finite after it, though m and v are right: is t in the corrections a factor or an exponent?", _is_lost_later),
    Rule("v_not_squared", "w", f"It is NaN, the root of a negative v, which averages gradients that are not squared: {_AVERAGES}", _has_negative_root),
)  # fmt: skip

ADAM = question_of(_RULE, _TABLE, _RULES)
