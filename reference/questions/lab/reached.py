"""The questions on the samples that the lab's descent draws and the accuracy it reaches; every run ends differently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from reference.losses.problem import Array, cross_entropies
from reference.questions.inputs import Inputs, Value
from reference.questions.lab.descent import GIVEN, accuracy, sequential, slopes
from reference.questions.lab.training import PARAMETERS, named
from reference.questions.question import Answer, Question, QuestionCase, Rule
from reference.uniformity import chi_square, greatest_chi_square

_ROWS, _CLASSES = 12, 4
_TINY_RATE = 1e-7
"""So small that every step on a row changes the weights like the first one, to 1 part in 1e4."""

_ACCURACY_BAR = 0.9


def _sequential(inputs: Inputs) -> Answer:
    return named(sequential(inputs, inputs.number("learning_rate"), inputs.integer("epochs")))


def _draws_cases(rng: np.random.Generator) -> Sequence[QuestionCase]:
    """Rows that are unit vectors, each of which changes one column of the weight; and rows whose order shows."""
    counted = _start(rng, np.eye(_ROWS), rng.integers(_CLASSES, size=_ROWS))
    counted |= {"weight": np.zeros((_CLASSES, _ROWS)), "bias": np.zeros(_CLASSES)}
    counted |= {"learning_rate": _TINY_RATE, "epochs": 40}
    ordered = _start(rng, rng.normal(size=(10, 6)), rng.permutation(np.arange(10) % _CLASSES))
    ordered |= {"learning_rate": 0.5, "epochs": 2}
    return [
        QuestionCase(f"{_ROWS} samples, epochs=40", counted),
        QuestionCase("10 samples, epochs=2", ordered),
    ]


def _start(rng: np.random.Generator, X: Array, y: Array) -> dict[str, Value]:
    weight = rng.normal(size=(_CLASSES, X.shape[1]))
    return {"weight": weight, "bias": rng.normal(size=_CLASSES), "X": X, "y": y.astype(np.int64)}


def draws(inputs: Inputs, outputs: Answer) -> Array | None:
    """How often each row was drawn, (N,), from the column of weight that it changed; None unless rows are unit vectors."""
    weight, bias, X, y = inputs.arrays(*GIVEN)
    if not np.array_equal(X, np.eye(len(X))):
        return None
    change = np.linalg.norm(outputs["weight"] - weight, axis=0)
    steps = [
        float(np.linalg.norm(slopes((weight, bias), row, int(label))[1]))
        for row, label in zip(X, y, strict=True)
    ]
    return np.asarray(change / (inputs.number("learning_rate") * np.asarray(steps)))


def _whole_draws(inputs: Inputs, outputs: Answer) -> Array | None:
    """The draws, if they are whole numbers and as many as there are steps."""
    found = draws(inputs, outputs)
    if found is None or np.abs(found - np.rint(found)).max() > 0.05:
        return None
    whole = np.rint(found)
    return whole if whole.sum() == len(whole) * inputs.number("epochs") else None


def _is_not_whole_steps(inputs: Inputs, outputs: Answer) -> Mapping[str, float] | None:
    found = draws(inputs, outputs)
    return None if found is None or np.abs(found - np.rint(found)).max() <= 0.05 else {}


def _other_count(inputs: Inputs, outputs: Answer) -> Mapping[str, float] | None:
    found = draws(inputs, outputs)
    if found is None or _whole_draws(inputs, outputs) is not None:
        return None
    return {"seen": float(np.rint(found).sum()), "expected": len(found) * inputs.number("epochs")}


def _missed(inputs: Inputs, outputs: Answer) -> Mapping[str, float] | None:
    found = _whole_draws(inputs, outputs)
    if found is None or found.all():
        return None
    return {"missed": float((found == 0).sum()), "rows": float(len(found))}


def _last_missed(inputs: Inputs, outputs: Answer) -> Mapping[str, float] | None:
    found = _whole_draws(inputs, outputs)
    return {} if found is not None and found[:-1].all() and found[-1] == 0 else None


def _uneven(inputs: Inputs, outputs: Answer) -> Mapping[str, float] | None:
    found = _whole_draws(inputs, outputs)
    if found is None:
        return None
    if chi_square(found) <= greatest_chi_square(len(found)):
        return None
    return {"most": float(found.max()), "expected": float(found.mean())}


def _in_order(inputs: Inputs, outputs: Answer) -> Mapping[str, float] | None:
    if draws(inputs, outputs) is not None:
        return None
    expected = _sequential(inputs)["weight"]
    return {} if np.allclose(outputs["weight"], expected, rtol=1e-7, atol=1e-9) else None


_DRAWS_RULES = (
    Rule(
        "no_steps_on_single_samples",
        "weight",
        "The change in weight is not a whole number of steps on single samples with that learning rate.",
        _is_not_whole_steps,
    ),
    Rule(
        "number_of_steps",
        "weight",
        "It shows {seen} steps, expected {expected}: an epoch has one step per sample.",
        _other_count,
    ),
    Rule(
        "last_row_never_drawn",
        "weight",
        "The last sample is never drawn: is the largest index one too small? torch.randint excludes its upper bound.",
        _last_missed,
    ),
    Rule("rows_never_drawn", "weight", "{missed} of {rows} samples are never drawn.", _missed),
    Rule(
        "uneven_draws",
        "weight",
        "The samples are not drawn evenly: one was drawn {most} times; the mean is {expected}.",
        _uneven,
    ),
    Rule(
        "samples_in_order",
        "weight",
        "It takes the samples in order: each step should draw one at random.",
        _in_order,
    ),
)


def _learning_cases(rng: np.random.Generator) -> Sequence[QuestionCase]:
    """Four clouds far apart; random labels would be right for a quarter of them."""
    samples, features = 120, 8
    centers = np.linalg.qr(rng.normal(size=(features, features)))[0][:_CLASSES] * 4
    y = rng.permutation(np.arange(samples) % _CLASSES)
    inputs = _start(rng, centers[y] + rng.normal(size=(samples, features)) * 0.6, y)
    inputs |= {"learning_rate": 0.05, "epochs": 5}
    return [QuestionCase(f"{samples} samples of {_CLASSES} well-separated classes, epochs=5", inputs)]


def mean_loss(weight: Array, bias: Array, X: Array, y: Array) -> float:
    """Mean cross-entropy over the samples."""
    return float(cross_entropies(X @ weight.T + bias, y).mean())


def _loss_grew(inputs: Inputs, outputs: Answer) -> Mapping[str, float] | None:
    start = mean_loss(*inputs.arrays(*GIVEN))
    seen = mean_loss(outputs["weight"], outputs["bias"], *inputs.arrays("X", "y"))
    return None if seen < start else {"seen": seen, "start": start}


def _too_few_right(inputs: Inputs, outputs: Answer) -> Mapping[str, float] | None:
    seen = accuracy(outputs["weight"], outputs["bias"], *inputs.arrays("X", "y"))
    return None if seen >= _ACCURACY_BAR else {"seen": 100 * seen, "bar": 100 * _ACCURACY_BAR}


_LEARNING_RULES = (
    Rule(
        "loss_grew",
        "weight",
        "The mean loss goes from {start} to {seen}: does each step go down the gradient, and is that the gradient of the"
        " drawn sample with its own label?",
        _loss_grew,
    ),
    Rule(
        "accuracy_below_bar",
        "weight",
        "It labels {seen}% of the samples correctly, expected at least {bar}%: does the label belong to the sample that was"
        " drawn, and are there enough steps?",
        _too_few_right,
    ),
)

QUESTIONS = tuple(
    Question(
        name,
        (*GIVEN, "learning_rate", "epochs"),
        dict.fromkeys(PARAMETERS, "array"),
        cases,
        _sequential,
        driver=("lab", "train"),
        free=PARAMETERS,
        rules=rules,
        is_training=True,
        is_learning=rules is _LEARNING_RULES,
    )
    for name, cases, rules in (
        ("lab_draws", _draws_cases, _DRAWS_RULES),
        ("lab_learning", _learning_cases, _LEARNING_RULES),
    )
)
