"""nn_train beside a loss function whose gradients are drawn beforehand: each step, the rate's schedule, the histories.

The k-th call of the loss function returns the gradients G_k + reg*p for each parameter p, and the loss L_k + reg*sum(p*p)
over all four, so the step, the strength that is passed on and the parameters it was called with all show. The handout's
loop decays the rate after the update at every step that is a multiple of E = max(N // batch_size, 1), the first included:
step t has learning_rate * decay^ceil(t/E). That part is given, so no other schedule is right.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from reference.losses.problem import Array
from reference.questions.inputs import Inputs, Value
from reference.questions.question import Answer, Question, QuestionCase, Rule, in_outputs
from reference.questions.two_layer.loss import drawn_parameters
from reference.questions.two_layer.network import PARAMETERS, WEIGHTS

_SLOPES = tuple(f"G_{name}" for name in PARAMETERS)
_HISTORIES = ("loss_history", "train_acc_history", "val_acc_history")

Exponent = Callable[[int, int], int]
"""How often the rate has decayed before step t, for E steps in an epoch."""


def _handouts(t: int, E: int) -> int:
    return math.ceil(t / E)


@dataclass(frozen=True, slots=True)
class Steps:
    """How training goes; the defaults are right."""

    decays: Exponent = _handouts
    updated: tuple[str, ...] = PARAMETERS
    factor: float = 1.0
    """Of every step."""
    added: float = 0.0
    """Times reg times W1 or W2 is added to its gradient, which holds the regularization already."""
    given: Mapping[str, float] = field(default_factory=dict)
    """Replaces inputs of the call."""
    when: str = "always"
    """When parameters change: also "at epochs", "at epochs, decayed", "after the last step"."""


RIGHT = Steps()


def epoch_of(inputs: Inputs) -> int:
    """The number of steps after which the rate decays."""
    return max(len(inputs.array("X")) // inputs.integer("batch_size"), 1)


def descend(inputs: Inputs, steps: Steps = RIGHT) -> dict[str, Array]:
    """The parameters after the steps, and the losses, under "loss_history"."""
    inputs = inputs.replace(**steps.given)
    parameters = dict(zip(PARAMETERS, inputs.arrays(*PARAMETERS), strict=True))
    slopes = dict(zip(PARAMETERS, inputs.arrays(*_SLOPES), strict=True))
    losses = inputs.array("losses")
    rate, decay, reg = (inputs.number(name) for name in ("learning_rate", "learning_rate_decay", "reg"))
    E, count, history = epoch_of(inputs), inputs.integer("num_iters"), []
    for t in range(count):
        squares = sum(float((value**2).sum()) for value in parameters.values())
        history.append(float(losses[t]) + reg * squares)
        moves, exponent = _moves(steps, t, E, count)
        if moves:
            size = steps.factor * rate * decay**exponent
            for name in steps.updated:
                again = steps.added if name in WEIGHTS else 0.0
                gradient = slopes[name][t] + (1 + again) * reg * parameters[name]
                parameters[name] = parameters[name] - size * gradient
    return {**parameters, "loss_history": np.asarray(history)}


def _moves(steps: Steps, t: int, E: int, count: int) -> tuple[bool, int]:
    """Whether step t changes the parameters, and how often the rate has decayed by then."""
    match steps.when:
        case "at epochs":
            return t % E == 0, steps.decays(t, E)
        case "at epochs, decayed":
            return t % E == 0, steps.decays(t, E) + 1
        case "after the last step":
            return t == count - 1, steps.decays(count, E)
        case _:
            return True, steps.decays(t, E)


def _answer(inputs: Inputs) -> Answer:
    X_val, y_val = inputs.arrays("X_val", "y_val")
    count = math.ceil(inputs.integer("num_iters") / epoch_of(inputs))
    accuracy = float(np.mean(np.round(X_val[:, 1]) == y_val))
    one, none = np.asarray(1.0), np.asarray(0.0)
    return {
        **descend(inputs),
        "train_acc_history": np.zeros(count),
        "val_acc_history": np.full(count, accuracy),
        "params_seen": none,
        "batch_rows": none,
        "batch_sizes": none,
        "batches": one,
        "history_entries": none,
    }


def _in_percent(inputs: Inputs) -> Sequence[Answer]:
    found = _answer(inputs)
    return [{**found, "val_acc_history": 100 * found["val_acc_history"]}]


def _draw(rng: np.random.Generator) -> Sequence[QuestionCase]:
    return [
        _case(rng, *numbers)
        for numbers in (
            (40, 10, 0.07, 0.6, 0.3, 14),
            (12, 12, 0.1, 0.8, 0.5, 6),
            (30, 5, 0.2, 0.7, 0.2, 13),
            (6, 20, 0.15, 0.9, 0.4, 5),
        )
    ]


def _case(
    rng: np.random.Generator, N: int, batch: int, rate: float, decay: float, reg: float, count: int
) -> QuestionCase:
    D, H, C = 5, 7, 4
    parameters = drawn_parameters(rng, D, H, C)
    X, y = _rows(rng, N, D, C, start=0)
    X_val, y_val = _rows(rng, 32, D, C, start=N)
    inputs: dict[str, Value] = {
        **parameters,
        **{f"G_{name}": rng.normal(size=(count, *value.shape)) for name, value in parameters.items()},
        "losses": rng.uniform(0.5, 3.0, size=count),
        "X": X,
        "y": y,
        "X_val": X_val,
        "y_val": y_val,
        "learning_rate": rate,
        "learning_rate_decay": decay,
        "reg": reg,
        "num_iters": count,
        "batch_size": batch,
    }
    label = f"{N} rows, batch_size={batch}, learning_rate={rate:g}, learning_rate_decay={decay:g}, reg={reg:g}, num_iters={count}"
    return QuestionCase(label, inputs)


def _rows(rng: np.random.Generator, N: int, D: int, C: int, start: int) -> tuple[Array, Array]:
    """X with the row's number and the class that is predicted for it in front, and labels of which about half are that."""
    X, y = rng.normal(size=(N, D)), rng.integers(0, C, size=N)
    X[:, 0] = start + np.arange(N)
    X[:, 1] = np.where(rng.random(N) < 0.5, y, (y + 1) % C)
    return X, y


# --- Mistakes --------------------------------------------------------------------------------------------------------

_BEGIN = "It is the result of "
_RATE = "is learning_rate used in the update?"
_REG = "is reg passed to loss_func?"
_AGAIN = "what do loss_func's gradients already include?"
_WHICH = "which parameters should a step update?"
_DECAY = "the handout's loop decays the rate once per epoch, after the update; is it unchanged?"
_PLACE = "where in the loop is the update?"

_FAULTS = {
    "gradient_ascent": ("steps along the gradient: in which direction does the loss fall?", Steps(factor=-1.0)),
    "step_doubled": ("steps of twice the size: is each parameter updated once per step?", Steps(factor=2.0)),
    "lr_default": (f"a learning rate of 0.001, the default: {_RATE}", Steps(given={"learning_rate": 1e-3})),
    "lr_written_out": (f"a learning rate of 0.001 in all steps: {_RATE}", Steps(given={"learning_rate": 1e-3, "learning_rate_decay": 1.0})),
    "rate_left_out": (f"a learning rate of 1: {_RATE}", Steps(given={"learning_rate": 1.0, "learning_rate_decay": 1.0})),
    "decay_default": ("a decay of 0.95, the default: is learning_rate_decay used?", Steps(given={"learning_rate_decay": 0.95})),
    "reg_not_passed": (f"a loss without regularization: {_REG}", Steps(given={"reg": 0.0})),
    "reg_default": (f"the default regularization: {_REG}", Steps(given={"reg": 5e-6})),
    "no_decay": (f"a rate that never decays: {_DECAY}", Steps(decays=lambda _t, _E: 0)),
    "decay_applied_twice": (f"a rate that decays twice in each epoch: {_DECAY}", Steps(decays=lambda t, E: 2 * math.ceil(t / E))),
    "decay_at_every_step": (f"a rate that decays at every step: {_DECAY}", Steps(decays=lambda t, _E: t)),
    "decay_before_update": (f"a rate that decays before the update: {_DECAY}", Steps(decays=lambda t, E: t // E + 1)),
    "decay_in_update": (f"a rate that is multiplied by learning_rate_decay in the update too: {_DECAY}", Steps(decays=lambda t, E: math.ceil(t / E) + 1)),
    "decay_after_epoch": (f"a rate that first decays after a whole epoch: {_DECAY}", Steps(decays=lambda t, E: t // E)),
    "decay_not_at_first": (f"a rate that does not decay after the first step: {_DECAY}", Steps(decays=lambda t, E: max(math.ceil(t / E) - 1, 0))),
    "once_in_an_epoch": (f"an update only at the first step of each epoch: {_PLACE}", Steps(when="at epochs")),
    "once_in_an_epoch_decayed": (f"an update only at the first step of each epoch, after the decay: {_PLACE}", Steps(when="at epochs, decayed")),
}  # fmt: skip

_IN_PARAMETERS = {
    "one_step_only": (f"a single update, with the gradients of the last step: {_PLACE}", Steps(when="after the last step")),
}  # fmt: skip

_IN_WEIGHTS = {
    "reg_added_again": (f"regularization that is added to the gradients of W1 and W2 again: {_AGAIN}", Steps(added=2.0)),
    "reg_added_again_without_2": (f"regularization that is added to the gradients of W1 and W2 again, without the 2: {_AGAIN}", Steps(added=1.0)),
}  # fmt: skip

_PARTIAL: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "weights_only": ("biases that never change", WEIGHTS),
    "only_first_layer_updated": ("a second layer that never changes", ("W1", "b1")),
    "only_second_layer_updated": ("a first layer that never changes", ("W2", "b2")),
}
"""The parameters that alone are updated."""

_IN_LOSSES = {
    name: (f"{what}: {_WHICH}", Steps(updated=updated)) for name, (what, updated) in _PARTIAL.items()
}


def _is_as_before(inputs: Inputs, seen: Answer, name: str) -> bool:
    return bool(np.allclose(seen[name], inputs.array(name), rtol=1e-6, atol=0.0))


def _rebinds(name: str) -> Rule:
    def broken(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
        return {} if _is_as_before(inputs, seen, name) and float(seen["params_seen"]) else None

    return Rule(
        "rebinds_params",
        name,
        "It is unchanged in the dict that was passed in: the steps updated a different dict. TwoLayerNet.train passes self.params and takes nothing back; what does the name params refer to after `params = ...`?",
        broken,
    )


def _partial(mistake: str) -> list[Rule]:
    """Parameters that are as before, beside others that are not."""
    what, updated = _PARTIAL[mistake]
    others = [name for name in PARAMETERS if name not in updated]

    def broken(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
        before = {name for name in PARAMETERS if _is_as_before(inputs, seen, name)}
        return {} if before == {*others} else None

    return [Rule(mistake, name, f"It is the result of {what}: {_WHICH}", broken) for name in others]


def _stays(name: str) -> Rule:
    def broken(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
        is_same = _is_as_before(inputs, seen, name)
        return {} if is_same and all(_is_as_before(inputs, seen, each) for each in PARAMETERS) else None

    return Rule(
        "nothing_updated",
        name,
        "It is unchanged in the dict that was passed in: where are the gradients used?",
        broken,
        is_symptom=True,
    )


def _keeps_earlier(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
    history, count = seen["loss_history"], inputs.integer("num_iters")
    return {"count": history.size, "steps": count} if history.size > count + 1 else None


def _has_tensors(_: Inputs, seen: Answer) -> Mapping[str, float] | None:
    return {} if float(seen["history_entries"]) else None


def _has_other_rows(_: Inputs, seen: Answer) -> Mapping[str, float] | None:
    return {"count": float(seen["batch_rows"])} if float(seen["batch_rows"]) else None


def _has_other_sizes(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
    found = float(seen["batch_sizes"])
    return {"count": found, "size": inputs.number("batch_size")} if found else None


def _has_one_batch(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
    is_drawn = not float(seen["batch_rows"]) and not float(seen["batch_sizes"])
    is_small = inputs.integer("batch_size") < len(inputs.array("X"))
    is_one = is_drawn and is_small and float(seen["batches"]) <= 1
    return {"steps": inputs.number("num_iters")} if is_one else None


def _another_length(name: str) -> Rule:
    def broken(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
        expected = math.ceil(inputs.integer("num_iters") / epoch_of(inputs))
        count = seen[name].size
        return None if count == expected else {"count": count, "expected": expected}

    return Rule(
        "accuracies_of_other_steps",
        name,
        "It has {count} accuracies, expected {expected}: one after the first step of each epoch.",
        broken,
    )


def _is_no_share(_: Inputs, seen: Answer) -> Mapping[str, float] | None:
    found = seen["train_acc_history"]
    is_share = np.all((found >= 0) & (found <= 100))
    return None if is_share else {"found": float(found[0])}


_RULES = (
    *map(_rebinds, PARAMETERS),
    *(rule for mistake in _PARTIAL for rule in _partial(mistake)),
    *map(_stays, PARAMETERS),
    Rule(
        "retains_history",
        "loss_history",
        "It has {count} losses after {steps} steps: it still holds the losses of an earlier training. Where do you create the list?",
        _keeps_earlier,
    ),
    Rule(
        "retains_history",
        "history_entries",
        "loss_history holds tensors, each of which keeps its whole graph in memory: append the number, loss.item().",
        _has_tensors,
    ),
    _another_length("train_acc_history"),
    Rule(
        "no_accuracy",
        "train_acc_history",
        "It holds numbers such as {found}, which are not accuracies between 0 and 1.",
        _is_no_share,
    ),
    Rule(
        "other_rows",
        "batch_rows",
        "{count} of the samples that loss_func got are not rows of X with their own labels: which X and y does sample_batch return?",
        _has_other_rows,
    ),
    Rule(
        "batch_size_ignored",
        "batch_sizes",
        "{count} of the batches that loss_func got do not have batch_size={size}.",
        _has_other_sizes,
    ),
    Rule(
        "one_batch_only",
        "batches",
        "loss_func got the same batch in all {steps} steps: where do you draw the batch?",
        _has_one_batch,
    ),
)

_NUMBERS = ("params_seen", "batch_rows", "batch_sizes", "batches", "history_entries")

STEP_QUESTIONS = (
    Question(
        name="nn_train",
        parameters=(
            *(*PARAMETERS, *_SLOPES, "losses", "X", "y", "X_val", "y_val"),
            *("learning_rate", "learning_rate_decay", "reg", "num_iters", "batch_size"),
        ),
        outputs={
            **dict.fromkeys(PARAMETERS, "array"),
            **dict.fromkeys(_HISTORIES, "series"),
            **dict.fromkeys(_NUMBERS, "number"),
        },
        draw=_draw,
        answer=_answer,
        driver=("net_functions", "steps"),
        right=("net_functions", "nn_train"),
        mistakes=(
            *in_outputs((*PARAMETERS, "loss_history"), _FAULTS, descend, _BEGIN),
            *in_outputs(PARAMETERS, _IN_PARAMETERS, descend, _BEGIN),
            *in_outputs((*WEIGHTS, "loss_history"), _IN_WEIGHTS, descend, _BEGIN),
            *in_outputs(("loss_history",), _IN_LOSSES, descend, _BEGIN),
        ),
        accepted=_in_percent,
        free=("train_acc_history", *_NUMBERS),
        rules=_RULES,
        aside=("train_acc_history", "history_entries", "params_seen"),
        tolerances={"val_acc_history": 1e-5},  # a mean in float32 is right
        needs=dict.fromkeys((*_HISTORIES[1:], *_NUMBERS[1:]), PARAMETERS),
        raised={
            "HistoriesMissing": (
                "histories_missing",
                "does not return a dict of histories",
                "The handout's version of the function ends by returning loss_history, train_acc_history and val_acc_history in a dict.",
            ),
            "LabelsNotPassed": (
                "y_not_passed",
                "calls loss_func without labels",
                "Without y it returns scores; with the batch's labels it returns the loss and the gradients.",
            ),
        },
        unchanged=("X", "y", "X_val", "y_val"),
        is_training=True,
    ),
)
