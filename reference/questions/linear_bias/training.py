"""train_softmax(X, y, num_classes, step_size=1.0, reg=1e-3, num_iters=200) -> (W, b, loss_history).

Every step takes the gradient over all samples, so all is fixed but for the start: W = 0.01*randn, b = 0 in the slides of
seed 003. On the spiral the loss that is reached counts. On other data the regularization is so strong that the start is
forgotten, and W and b are those of the reference, which starts from zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reference.conventions import Convention
from reference.losses.problem import Array, log_softmax
from reference.questions.linear_bias.spiral import spiral
from reference.questions.question import Answer, Inputs, Mistake, Question, QuestionCase, Rule

DEFAULTS: Mapping[str, float] = {"step_size": 1.0, "reg": 1e-3, "num_iters": 200}

_PARAMETERS = ("X", "y", "num_classes", "step_size", "reg", "num_iters")
_NEAR = 0.01
"""Relative, of the loss that is reached on the spiral; starts of 0.01*randn differ by less than 0.001."""
_START = 0.1
"""Relative, of the first loss."""
_CONVERGED = 5e-3
"""Relative, of weights that no longer depend on the start."""
_PATH = 0.06
"""Relative, of a history whose start is as small as the slides'."""

_SIZES = ((60, 4, 5, 0.5, 0.3, 150), (36, 3, 2, 0.4, 0.5, 120), (48, 6, 4, 0.8, 0.2, 160))
"""N, D, K, step size, reg and number of steps."""


def _number(inputs: Inputs, name: str) -> float:
    value = inputs[name]
    assert value is None or isinstance(value, int | float)
    return DEFAULTS[name] if value is None else float(value)


def _loss(W: Array, b: Array, inputs: Inputs, penalty: float) -> tuple[float, Array]:
    """The loss, and P - Y (N, K)."""
    X, y = np.asarray(inputs["X"]), np.asarray(inputs["y"])
    logarithms = log_softmax(X @ W + b)
    rows = np.arange(y.size)
    slopes = np.exp(logarithms)
    slopes[rows, y] -= 1
    return float(penalty * np.sum(W * W) - logarithms[rows, y].mean()), slopes


@dataclass(frozen=True, slots=True)
class Steps:
    """What a step does; the defaults are right, and everything else is a mistake."""

    step_factor: float = 1.0
    step_size: float | None = None
    reg_factor: float = 1.0
    is_bias_updated: bool = True
    is_bias_regularized: bool = False


RIGHT = Steps()


def descend(inputs: Inputs, convention: Convention, steps: Steps = RIGHT) -> Answer:
    """W (D, K), b (1, K) and the losses (num_iters + 1,) of gradient descent from zero, and those without regularization.

    The last loss is that of the W and b that are returned.
    """
    X, classes = np.asarray(inputs["X"]), int(np.asarray(inputs["num_classes"]))
    penalty = convention.regularizer_coefficient * _number(inputs, "reg")
    step = steps.step_factor * (_number(inputs, "step_size") if steps.step_size is None else steps.step_size)
    W, b = np.zeros((X.shape[1], classes)), np.zeros((1, classes))
    history, data = [], []
    for left in reversed(range(int(_number(inputs, "num_iters")) + 1)):
        loss, slopes = _loss(W, b, inputs, penalty)
        history.append(loss)
        data.append(loss - penalty * np.sum(W * W))
        if left == 0:
            break
        W = W - step * (X.T @ slopes / len(X) + steps.reg_factor * 2 * penalty * W)
        if steps.is_bias_updated:
            pull = 2 * penalty * b if steps.is_bias_regularized else 0.0
            b = b - step * (slopes.mean(axis=0, keepdims=True) + pull)
    return {"W": W, "b": b, "history": np.asarray(history), "data": np.asarray(data)}


def _answer(inputs: Inputs, convention: Convention) -> Answer:
    found = descend(inputs, convention)
    return {**found, "history": found["history"][:-1]}


def _accepted(inputs: Inputs, convention: Convention) -> Sequence[Answer]:
    """A history whose losses are those after each step, and one that has both ends."""
    found = descend(inputs, convention)
    return [{**found, "history": found["history"][1:]}, found]


def _reached(inputs: Inputs, seen: Answer, convention: Convention) -> float:
    """The loss of the W and b that were returned."""
    penalty = convention.regularizer_coefficient * _number(inputs, "reg")
    return _loss(seen["W"], seen["b"], inputs, penalty)[0]


# --- Rules -----------------------------------------------------------------------------------------------------------


def _is_other_length(inputs: Inputs, seen: Answer, _: Convention) -> Mapping[str, float] | None:
    steps = int(_number(inputs, "num_iters"))
    count = seen["history"].size
    return None if count in {steps, steps + 1} else {"count": count, "steps": steps}


def _has_great_start(inputs: Inputs, seen: Answer, convention: Convention) -> Mapping[str, float] | None:
    if not seen["history"].size:
        return None
    expected = descend({**inputs, "num_iters": 1}, convention)["history"]
    first = float(seen["history"][0])
    is_near = np.any(np.abs(first - expected) <= _START * expected[0])
    return None if is_near else {"first": first, "expected": float(expected[0])}


def _rises(_: Inputs, seen: Answer, __: Convention) -> Mapping[str, float] | None:
    history = seen["history"]
    if history.size < 2 or history[-1] <= history[0]:
        return None
    return {"first": float(history[0]), "last": float(history[-1])}


def _is_inconsistent(inputs: Inputs, seen: Answer, convention: Convention) -> Mapping[str, float] | None:
    history, reached = seen["history"], _reached(inputs, seen, convention)
    if not history.size or abs(history[-1] - reached) <= 2 * _NEAR * abs(reached):
        return None
    return {"last": float(history[-1]), "reached": reached}


def _is_not_reached(inputs: Inputs, seen: Answer, convention: Convention) -> Mapping[str, float] | None:
    expected, reached = float(descend(inputs, convention)["history"][-1]), _reached(inputs, seen, convention)
    return None if abs(reached - expected) <= _NEAR * expected else {"reached": reached, "expected": expected}


_HISTORY_RULES = (
    Rule(
        "history_of_another_length",
        "history",
        "It has {count} losses for {steps} steps: is one loss kept for every step?",
        _is_other_length,
    ),
    Rule(
        "loss_rises",
        "history",
        "It goes from {first} to {last}: which way does a step along the gradient lead?",
        _rises,
    ),
    Rule(
        "start_not_small",
        "history",
        "Its first loss is {first}; of scores near zero it is {expected}: how large are the weights at the start?",
        _has_great_start,
    ),
)
_REACHED_RULES = (
    Rule(
        "history_of_other_weights",
        "history",
        "Its last loss is {last}, but W and b as returned have the loss {reached}: are they those of the last step, and is the loss whole?",
        _is_inconsistent,
        is_symptom=True,
    ),
    Rule(
        "loss_not_reached",
        "W",
        "W and b as returned have the loss {reached}, where as many steps of gradient descent reach {expected}.",
        _is_not_reached,
        is_symptom=True,
    ),
)

# --- Mistakes --------------------------------------------------------------------------------------------------------

_FAULTS = (
    (
        "no_regularizer",
        "comes from steps without the regularization: is its gradient part of dW?",
        Steps(reg_factor=0.0),
    ),
    (
        "double_regularizer",
        "comes from steps with twice the gradient of the regularization: what is the derivative of 0.5*reg*sum(W*W)?",
        Steps(reg_factor=2.0),
    ),
    (
        "half_regularizer",
        "comes from steps with half the gradient of the regularization: what is the derivative of 0.5*reg*sum(W*W)?",
        Steps(reg_factor=0.5),
    ),
    (
        "bias_not_updated",
        "comes from steps that leave b as it was: which parameters does a step change?",
        Steps(is_bias_updated=False),
    ),
    (
        "bias_regularized",
        "comes from steps that shrink b too: which parameters does the regularization contain?",
        Steps(is_bias_regularized=True),
    ),
    (
        "step_size_ignored",
        "comes from steps of size 1: does step_size reach the update?",
        Steps(step_size=1.0),
    ),
    (
        "step_halved",
        "comes from steps of half the size: by which factor is the gradient scaled?",
        Steps(step_factor=0.5),
    ),
    (
        "step_doubled",
        "comes from steps of twice the size: is each parameter changed once a step?",
        Steps(step_factor=2.0),
    ),
)


def _mistake(name: str, output: str, message: str, steps: Steps, key: str = "") -> Mistake:
    def outcome(inputs: Inputs, convention: Convention) -> Array:
        found = descend(inputs, convention, steps)[key or output]
        return found[:-1] if output == "history" else found

    return Mistake(name, output, message, outcome)


def _outputs_of(name: str) -> tuple[str, ...]:
    """Where the fault is told from others: a history is near the right one without the bias, W does not keep the step."""
    if name.startswith("step"):
        return ("history",)
    return ("W", "b") if name.startswith("bias") else ("W", "b", "history")


_MISTAKES = (
    *(
        _mistake(name, output, f"It equals what {what}", steps)
        for name, what, steps in _FAULTS
        for output in _outputs_of(name)
    ),
    _mistake(
        "history_without_regularizer",
        "history",
        "It equals the losses without the regularization: is the whole loss kept?",
        RIGHT,
        "data",
    ),
)

# --- Cases -----------------------------------------------------------------------------------------------------------


def _draw_spiral(rng: np.random.Generator, _: Convention) -> Sequence[QuestionCase]:
    X, y = spiral(rng)
    defaults: Inputs = {"X": X, "y": y, "num_classes": 3, "step_size": None, "reg": None, "num_iters": None}
    X, y = spiral(rng, points=40)
    stated: Inputs = {"X": X, "y": y, "num_classes": 3, "step_size": 0.5, "reg": 0.01, "num_iters": 300}
    return [
        QuestionCase("the spiral of 3 arms with 100 points each, defaults", defaults),
        QuestionCase("a spiral with 40 points each, step_size=0.5, reg=0.01, num_iters=300", stated),
    ]


def _draw_others(rng: np.random.Generator, _: Convention) -> Sequence[QuestionCase]:
    cases = []
    for N, D, K, step, reg, count in _SIZES:
        y = rng.permutation(np.minimum(rng.geometric(0.5, size=N) - 1, K - 1))
        centers = rng.normal(size=(K, D))
        inputs: Inputs = {
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
        accepted=_accepted,
        mistakes=_MISTAKES,
        rules=_HISTORY_RULES,
        unchanged=("X", "y"),
        is_training=True,
    ),
)
