"""train_softmax(X, y, num_classes, step_size=1.0, reg=1e-3, num_iters=200) -> (W, b, loss_history).

Every step takes the gradient over all samples, so everything is fixed but the start: W = 0.01*randn, b = 0 in the slides
of seed 003. On the spiral the final loss counts. On other data the regularization is so strong that the start is
forgotten, and W and b are those of the reference, which starts from zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reference.losses.problem import Array, cross_entropies, cross_entropy_slopes
from reference.mistakes import Mistake
from reference.questions.history import before_steps, length_rule, other_histories
from reference.questions.inputs import Inputs, Value
from reference.questions.linear_bias.spiral import spiral
from reference.questions.question import Answer, Question, QuestionCase, Rule, in_outputs

STEP_SIZE, REG, STEPS = 1.0, 1e-3, 200
"""The defaults of step_size, reg and num_iters."""

_PARAMETERS = ("X", "y", "num_classes", "step_size", "reg", "num_iters")
_NEAR = 0.01
"""Relative, of the final loss on the spiral; starts of 0.01*randn differ by less than 0.001."""
_START = 0.1
"""Relative, of the first loss."""
_LEARNED = 0.9
"""Of the first loss on the spiral: weights that are not even this far down learned nothing."""
_CONVERGED = 5e-3
"""Relative, of weights that no longer depend on the start."""
_PATH = 0.06
"""Relative, of a history whose start is as small as the slides'."""

_SIZES = ((60, 4, 5, 0.5, 0.3, 150), (36, 3, 2, 0.4, 0.5, 120), (48, 6, 4, 0.8, 0.2, 160))
"""N, D, K, step size, reg and number of steps."""


def _penalty(inputs: Inputs) -> float:
    return inputs.convention.regularizer_coefficient * inputs.number("reg")


def _loss(W: Array, b: Array, inputs: Inputs) -> tuple[float, Array]:
    """The loss, and P - Y (N, K)."""
    X, y = inputs.arrays("X", "y")
    scores = X @ W + b
    data_loss = cross_entropies(scores, y).mean()
    return float(_penalty(inputs) * np.sum(W * W) + data_loss), cross_entropy_slopes(scores, y)


@dataclass(frozen=True, slots=True)
class Steps:
    """How a step goes; the defaults are right."""

    step_factor: float = 1.0
    step_size: float | None = None
    reg_factor: float = 1.0
    is_bias_updated: bool = True
    is_bias_regularized: bool = False


RIGHT = Steps()


def descend(inputs: Inputs, steps: Steps = RIGHT) -> Answer:
    """W (D, K), b (1, K) and the losses (num_iters + 1,) of gradient descent from zero; "data" has no regularization.

    The last loss is that of the W and b returned.
    """
    X, classes, penalty = inputs.array("X"), inputs.integer("num_classes"), _penalty(inputs)
    size = inputs.number("step_size") if steps.step_size is None else steps.step_size
    step = steps.step_factor * size
    W, b = np.zeros((X.shape[1], classes)), np.zeros((1, classes))
    history, data = [], []
    for left in reversed(range(inputs.integer("num_iters") + 1)):
        loss, slopes = _loss(W, b, inputs)
        history.append(loss)
        data.append(loss - penalty * np.sum(W * W))
        if left == 0:
            break
        W = W - step * (X.T @ slopes / len(X) + steps.reg_factor * 2 * penalty * W)
        if steps.is_bias_updated:
            pull = 2 * penalty * b if steps.is_bias_regularized else 0.0
            b = b - step * (slopes.mean(axis=0, keepdims=True) + pull)
    return {"W": W, "b": b, "history": np.asarray(history), "data": np.asarray(data)}


def _answer(inputs: Inputs, steps: Steps = RIGHT) -> Answer:
    return before_steps(descend(inputs, steps))


def _reached(inputs: Inputs, seen: Answer) -> float:
    """The loss of the W and b that were returned."""
    return _loss(seen["W"], seen["b"], inputs)[0]


# --- Rules -----------------------------------------------------------------------------------------------------------


def _has_large_start(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
    if not seen["history"].size:
        return None
    expected = descend(inputs.replace(num_iters=1))["history"]
    first = float(seen["history"][0])
    is_near = np.any(np.abs(first - expected) <= _START * expected[0])
    return None if is_near else {"first": first, "expected": float(expected[0])}


def _rises(_: Inputs, seen: Answer) -> Mapping[str, float] | None:
    history = seen["history"]
    if history.size < 2 or history[-1] <= history[0]:
        return None
    return {"first": float(history[0]), "last": float(history[-1])}


def _is_inconsistent(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
    history, reached = seen["history"], _reached(inputs, seen)
    if not history.size or abs(history[-1] - reached) <= 2 * _NEAR * abs(reached):
        return None
    return {"last": float(history[-1]), "reached": reached}


def _is_unlearned(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
    reached = _reached(inputs, seen)
    return None if reached <= _LEARNED * np.log(inputs.number("num_classes")) else {"reached": reached}


def _is_not_reached(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
    expected, reached = float(descend(inputs)["history"][-1]), _reached(inputs, seen)
    return None if abs(reached - expected) <= _NEAR * expected else {"reached": reached, "expected": expected}


_HISTORY_RULES = (
    length_rule(),
    Rule(
        "loss_rises",
        "history",
        "The loss goes from {first} to {last}: which way should a step go along the gradient?",
        _rises,
    ),
    Rule(
        "start_not_small",
        "history",
        "Its first loss is {first}; scores near zero give {expected}: how large are the weights at the start?",
        _has_large_start,
    ),
)
_REACHED_RULES = (
    Rule(
        "history_of_other_weights",
        "history",
        "Its last loss is {last}, but the returned W and b have the loss {reached}: are they from the last step, and is the loss complete?",
        _is_inconsistent,
        is_symptom=True,
    ),
    Rule(
        "history_of_nothing",
        "history",
        "It does not count: the returned W and b have the loss {reached}, hardly lower than at the start.",
        _is_unlearned,
        is_symptom=True,
    ),
    Rule(
        "loss_not_reached",
        "W",
        "The returned W and b have the loss {reached}; the same number of gradient descent steps reaches {expected}.",
        _is_not_reached,
        is_symptom=True,
    ),
)

# --- Mistakes --------------------------------------------------------------------------------------------------------

_DERIVATIVE = "what is the derivative of {regularizer}?"

_IN_ALL = {
    "no_regularizer": ("without the regularization: is its gradient part of dW?", Steps(reg_factor=0.0)),
    "double_regularizer": (f"with twice the gradient of the regularization: {_DERIVATIVE}", Steps(reg_factor=2.0)),
    "half_regularizer": (f"with half the gradient of the regularization: {_DERIVATIVE}", Steps(reg_factor=0.5)),
}  # fmt: skip

_IN_PARAMETERS = {
    "bias_not_updated": ("that never change b: which parameters should a step update?", Steps(is_bias_updated=False)),
    "bias_regularized": ("that shrink b too: which parameters should be regularized?", Steps(is_bias_regularized=True)),
}  # fmt: skip
"""Without the bias a history stays near the right one."""

_IN_HISTORY = {
    "step_size_ignored": ("of size 1: is step_size used in the update?", Steps(step_size=1.0)),
    "step_halved": ("of half the size: which factor scales the gradient?", Steps(step_factor=0.5)),
    "step_doubled": ("of twice the size: is each parameter updated once per step?", Steps(step_factor=2.0)),
}  # fmt: skip
"""W forgets the step size."""

_STEPS = "It is the result of steps "
_MISTAKES = (
    *in_outputs(("W", "b", "history"), _IN_ALL, _answer, _STEPS),
    *in_outputs(("W", "b"), _IN_PARAMETERS, _answer, _STEPS),
    *in_outputs(("history",), _IN_HISTORY, _answer, _STEPS),
    Mistake(
        "history_without_regularizer",
        "history",
        "It equals the losses without the regularization: do you record the whole loss?",
        lambda inputs: descend(inputs)["data"][:-1],
    ),
)

# --- Cases -----------------------------------------------------------------------------------------------------------


def _draw_spiral(rng: np.random.Generator) -> Sequence[QuestionCase]:
    X, y = spiral(rng)
    defaults: dict[str, Value] = {
        "X": X,
        "y": y,
        "num_classes": 3,
        "step_size": STEP_SIZE,
        "reg": REG,
        "num_iters": STEPS,
    }
    X, y = spiral(rng, points=40)
    stated: dict[str, Value] = {
        "X": X,
        "y": y,
        "num_classes": 3,
        "step_size": 0.5,
        "reg": 0.01,
        "num_iters": 300,
    }
    return [
        QuestionCase(
            "the spiral of 3 arms with 100 points each, step_size=1, reg=0.001, num_iters=200", defaults
        ),
        QuestionCase("a spiral with 40 points each, step_size=0.5, reg=0.01, num_iters=300", stated),
    ]


def _draw_others(rng: np.random.Generator) -> Sequence[QuestionCase]:
    cases = []
    for N, D, K, step, reg, count in _SIZES:
        y = rng.permutation(np.minimum(rng.geometric(0.5, size=N) - 1, K - 1))
        centers = rng.normal(size=(K, D))
        inputs: dict[str, Value] = {
            "X": centers[y] + 0.5 * rng.normal(size=(N, D)),
            "y": y,
            "num_classes": K,
            "step_size": step,
            "reg": reg,
            "num_iters": count,
        }
        label = f"N={N}, D={D}, K={K}, step_size={step:g}, reg={reg:g}, num_iters={count}"
        cases.append(QuestionCase(label, inputs))
    return cases


TRAINING_QUESTIONS = (
    Question(
        name="linear_bias_spiral",
        parameters=_PARAMETERS,
        outputs={"W": "array", "b": "array", "history": "series"},
        draw=_draw_spiral,
        answer=_answer,
        driver=("linear_bias", "train"),
        free=("W", "b", "history"),
        rules=(*_HISTORY_RULES, *_REACHED_RULES),
        unchanged=("X", "y"),
        is_training=True,
    ),
    Question(
        name="linear_bias_training",
        parameters=_PARAMETERS,
        outputs={"W": "array", "b": "array", "history": "series"},
        draw=_draw_others,
        answer=_answer,
        driver=("linear_bias", "train"),
        tolerances={"W": _CONVERGED, "b": _CONVERGED, "history": _PATH},
        accepted=lambda inputs: other_histories(descend(inputs)),
        mistakes=_MISTAKES,
        rules=_HISTORY_RULES,
        unchanged=("X", "y"),
        is_training=True,
    ),
)
