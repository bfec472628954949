"""The losses of scores x (N, C) and labels y (N,), with their gradients (N, C); no regularizer.

softmax_loss: L = -mean log p_y, dx = (p - Y)/N, p the softmax of each row and Y one-hot.
svm_loss: the mean over the samples of sum_{j != y} max(0, x_j - x_y + 1). Formulas of CS231n assignment 1, layers.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from reference.losses.epsilons import LOSS_NOTE, with_epsilons
from reference.losses.problem import Array, cross_entropies, log_softmax, softmax
from reference.mistakes import Table
from reference.questions.inputs import Inputs, Value
from reference.questions.layers.layer import (
    TURNED,
    UNCHANGED,
    Formula,
    arrays_of,
    change_rules,
    formulas,
)
from reference.questions.question import Answer, Misshapen, Question, QuestionCase

OVERFLOW = "Its exponentials overflow when all scores are 1000 larger: what can you subtract from a row of scores without changing its probabilities?"

_SIZES = ((7, 5), (13, 3), (1, 4), (6, 2), (5, 10), (4, 6))

_POSITIVE = 4
"""So many cases have positive scores, whose logarithm exists if somebody takes it."""


def _draw_cases(rng: np.random.Generator) -> list[QuestionCase]:
    cases = []
    for number, (N, C) in enumerate(_SIZES):
        is_turned = number == len(_SIZES) - 1
        x = 1.5 * rng.normal(size=(N, C))
        inputs: dict[str, Value] = {
            "x": x if number >= _POSITIVE else np.maximum(x + 4, 0.2),
            "y": rng.integers(0, C, size=N),
            TURNED: int(is_turned),
        }
        order = " in Fortran's memory order" if is_turned else ""
        cases.append(QuestionCase(f"N={N}, C={C}{order}", inputs))
    return cases


def _draw(rng: np.random.Generator) -> Sequence[QuestionCase]:
    cases = _draw_cases(rng)
    first = cases[0].inputs
    shifted = {**first, "x": np.asarray(first["x"]) + 1000.0}
    return [*cases, QuestionCase("N=7, C=5, every score shifted by 1000", shifted, is_large=True)]


def _one_hot(x: Array, y: Array) -> Array:
    found = np.zeros(x.shape)
    found[np.arange(len(x)), y] = 1.0
    return found


def _of_true(x: Array, y: Array) -> Array:
    return np.asarray(x[np.arange(len(x)), y])


def _softmax_loss(x: Array, y: Array) -> Answer:
    return {
        "loss": cross_entropies(x, y).mean(),
        "dx": (softmax(x) - _one_hot(x, y)) / len(x),
        UNCHANGED: np.zeros(()),
    }


def _with_epsilons(inputs: Inputs) -> Sequence[Answer]:
    x, y = arrays_of(inputs)
    return with_epsilons(_softmax_loss(x, y), x, y)


def _mean_loss(x: Array, y: Array) -> Array:
    return np.asarray(cross_entropies(x, y).mean())


def _next(x: Array, y: Array) -> Array:
    return np.asarray((y + 1) % x.shape[1])


def _over_batch(x: Array) -> Array:
    return np.asarray(np.exp(x - x.max(axis=0)) / np.exp(x - x.max(axis=0)).sum(axis=0))


def _max_kept(x: Array, y: Array) -> Array:
    shifted = x - x.max(axis=1, keepdims=True)
    return np.asarray((np.log(np.exp(shifted).sum(axis=1)) - _of_true(x, y)).mean())


def _slopes(x: Array, y: Array) -> Array:
    return np.asarray(softmax(x) - _one_hot(x, y))


def _whole_columns(x: Array, y: Array) -> Array:
    p = softmax(x)
    p[:, y] -= 1
    return np.asarray(p / len(x))


def _only(x: Array, y: Array, *, is_true: bool) -> Array:
    mask = _one_hot(x, y) if is_true else 1 - _one_hot(x, y)
    return np.asarray(_slopes(x, y) * mask / len(x))


_MEAN = "does the assignment ask for a sum or for an average over the samples?"
_DERIVE = "compare it with the derivative of -log p_y."
_TRUE = "what is the derivative at the true class?"
_FILLED = "It is zero everywhere: is it ever filled in?"


def _with_epsilon(epsilon: float) -> tuple[str, Formula]:
    """What is told of a loss with an epsilon inside its logarithm that is too large, and that loss."""
    words = f"An epsilon of {epsilon:g} is added inside the logarithm: is it needed once you subtract the maximum?"
    return words, lambda x, y: -np.log(_of_true(softmax(x), y) + epsilon).mean()


_LOSS = {
    **{f"epsilon_of_{name}_in_logarithm": _with_epsilon(float(name.replace("_", "-"))) for name in ("1e_3", "1e_2")},
    "sum_instead_of_mean": (f"It is the sum over the samples: {_MEAN}", lambda x, y: len(x) * _mean_loss(x, y)),
    "classes_too": ("It is divided by the number of classes too: what should the average be taken over?", lambda x, y: _mean_loss(x, y) / x.shape[1]),
    "divided_twice": ("It is divided by N twice: where do you take the average?", lambda x, y: _mean_loss(x, y) / len(x)),
    "no_log": ("It is minus the mean of p_y: where is the logarithm?", lambda x, y: -_of_true(softmax(x), y).mean()),
    "no_exp": ("It is the loss of scores divided by their sum: how do scores become probabilities?", lambda x, y: -np.log(_of_true(x, y) / x.sum(axis=1)).mean()),
    "log2": ("It uses the logarithm to base 2: which logarithm does the loss use?", lambda x, y: _mean_loss(x, y) / np.log(2)),
    "log10": ("It uses the logarithm to base 10: which logarithm does the loss use?", lambda x, y: _mean_loss(x, y) / np.log(10)),
    "all_classes": ("It adds up -log p of all classes: which class's probability counts?", lambda x, y: -log_softmax(x).sum() / len(x)),
    "predicted_class": ("It is the loss of the class with the highest score: which class's probability counts?", lambda x, y: -np.log(softmax(x).max(axis=1)).mean()),
    "label_plus_one": ("It uses the class after the true one: is y used as it is?", lambda x, y: _mean_loss(x, _next(x, y))),
    "over_batch": ("It uses probabilities that add up to 1 over the samples: over which axis do they add up to 1?", lambda x, y: -np.log(_of_true(_over_batch(x), y)).mean()),
    "max_kept": ("The maximum is subtracted in the exponentials only: is it subtracted from the true score too?", _max_kept),
    "log_of_mean": ("It is the logarithm of the mean probability: which comes first, the logarithm or the mean?", lambda x, y: -np.log(_of_true(softmax(x), y).mean())),
    "squared": ("It is the mean squared difference between probabilities and labels: which loss does the assignment ask for?", lambda x, y: (_slopes(x, y) ** 2).sum() / len(x)),
    "binary": ("It is a binary cross-entropy over all classes: which classes appear in the loss?", lambda x, y: -np.log(np.abs(1 - _one_hot(x, y) - softmax(x))).sum() / len(x)),
    "sign_flipped": ("It is the correct loss with the opposite sign: can a loss be negative?", lambda x, y: -_mean_loss(x, y)),
    "all_zero": (_FILLED, lambda x, y: 0.0),
}  # fmt: skip

_DX = {
    "sum_instead_of_mean": (f"It is not divided by N: {_MEAN}", _slopes),
    "classes_too": ("It is divided by the number of classes too: what should the average be taken over?", lambda x, y: _slopes(x, y) / x.size),
    "divided_twice": ("It is divided by N twice: where do you take the average?", lambda x, y: _slopes(x, y) / len(x) ** 2),
    "minus_one_missing": (f"It is the probabilities divided by N: {_TRUE}", lambda x, y: softmax(x) / len(x)),
    "plus_one": ("One is added for the true class: does the loss rise or fall as the true score rises?", lambda x, y: (softmax(x) + _one_hot(x, y)) / len(x)),
    "set_to_minus_one": (f"It is -1/N at the true class: {_TRUE}", lambda x, y: (softmax(x) * (1 - _one_hot(x, y)) - _one_hot(x, y)) / len(x)),
    "whole_columns": ("One is subtracted from whole columns: how do you select one entry of each row?", _whole_columns),
    "minus_one_after_mean": ("One is subtracted for the true class after the division by N: which comes first?", lambda x, y: softmax(x) / len(x) - _one_hot(x, y)),
    "sigmoid": (f"It is p(1 - p)/N: {_DERIVE}", lambda x, y: softmax(x) * (1 - softmax(x)) / len(x)),
    "scores": ("It uses the scores instead of the probabilities.", lambda x, y: (x - _one_hot(x, y)) / len(x)),
    "exponentials": ("It uses the exponentials: are they divided by their sum?", lambda x, y: (np.exp(x) - _one_hot(x, y)) / len(x)),
    "shifted_exponentials": ("It uses the exponentials: are they divided by their sum?", lambda x, y: (np.exp(x - x.max(axis=1, keepdims=True)) - _one_hot(x, y)) / len(x)),
    "over_batch": ("It uses probabilities that add up to 1 over the samples: over which axis do they add up to 1?", lambda x, y: (_over_batch(x) - _one_hot(x, y)) / len(x)),
    "label_plus_one": ("It uses the class after the true one: is y used as it is?", lambda x, y: _slopes(x, _next(x, y)) / len(x)),
    "only_true": ("It is filled in for the true class only: do the other scores change the loss?", lambda x, y: _only(x, y, is_true=True)),
    "only_others": (f"It is zero at the true class: {_TRUE}", lambda x, y: _only(x, y, is_true=False)),
    "over_p": (f"It is the derivative with respect to p, not to the scores: {_DERIVE}", lambda x, y: -_one_hot(x, y) / softmax(x) / len(x)),
    "sign_flipped": ("It is the correct gradient with the opposite sign: in which direction does the loss rise?", lambda x, y: -_slopes(x, y) / len(x)),
    "all_zero": (_FILLED, lambda x, y: 0 * x),
}  # fmt: skip


def _margins(x: Array, y: Array, delta: float = 1.0) -> Array:
    """Before the clamp; -inf at the true class, whose margin does not count."""
    return np.where(_one_hot(x, y) > 0, -np.inf, x - _of_true(x, y)[:, None] + delta)


def _hinge(x: Array, y: Array, delta: float = 1.0) -> Array:
    return np.asarray(np.maximum(_margins(x, y, delta), 0))


def _svm_slopes(x: Array, y: Array, delta: float = 1.0) -> Array:
    """Not divided by N."""
    active = (_margins(x, y, delta) > 0).astype(np.float64)
    return np.asarray(active - _one_hot(x, y) * active.sum(axis=1, keepdims=True))


def _svm_loss(x: Array, y: Array) -> Answer:
    return {
        "loss": np.asarray(_hinge(x, y).sum() / len(x)),
        "dx": _svm_slopes(x, y) / len(x),
        UNCHANGED: np.zeros(()),
    }


def _all_active(x: Array, y: Array) -> Array:
    return np.asarray((1 - x.shape[1] * _one_hot(x, y)) / len(x))


def _once(x: Array, y: Array) -> Array:
    active = (_margins(x, y) > 0).astype(np.float64)
    return np.asarray((active - _one_hot(x, y)) / len(x))


def _highest_only(x: Array, y: Array) -> Array:
    margins = _margins(x, y)
    highest = (margins == margins.max(axis=1, keepdims=True)) * (margins > 0) * 1.0
    return np.asarray((highest - _one_hot(x, y) * highest.sum(axis=1, keepdims=True)) / len(x))


_SVM_COUNT = "how often does the true score appear in the loss?"

_SVM_LOSS = {
    "true_class_counted": ("The margin of the true class is added too: which classes does the sum leave out?", lambda x, y: _hinge(x, y).sum() / len(x) + 1),
    "sum_instead_of_mean": (f"It is the sum over the samples: {_MEAN}", lambda x, y: _hinge(x, y).sum()),
    "divided_twice": ("It is divided by N twice: where do you take the average?", lambda x, y: _hinge(x, y).sum() / len(x) ** 2),
    "classes_too": ("It is divided by the number of classes too: what should the average be taken over?", lambda x, y: _hinge(x, y).sum() / x.size),
    "delta_zero": ("It has no margin: by how much must the true score be higher?", lambda x, y: _hinge(x, y, 0.0).sum() / len(x)),
    "delta_subtracted": ("The margin is subtracted: by how much must the true score be higher?", lambda x, y: _hinge(x, y, -1.0).sum() / len(x)),
    "squared_hinge": ("It is the squared hinge loss: which loss does the assignment ask for?", lambda x, y: (_hinge(x, y) ** 2).sum() / len(x)),
    "not_clamped": ("Negative margins are added too: which margins count?", lambda x, y: np.where(_one_hot(x, y) > 0, 0, x - _of_true(x, y)[:, None] + 1).sum() / len(x)),
    "differences_reversed": ("The other scores are subtracted from the true score: which should be subtracted from which?", lambda x, y: np.where(_one_hot(x, y) > 0, 0, np.maximum(_of_true(x, y)[:, None] - x + 1, 0)).sum() / len(x)),
    "highest_only": ("It has only each sample's largest margin: how many classes should count?", lambda x, y: _hinge(x, y).max(axis=1).sum() / len(x)),
    "sign_flipped": ("It is the correct loss with the opposite sign: can a loss be negative?", lambda x, y: -_hinge(x, y).sum() / len(x)),
    "all_zero": (_FILLED, lambda x, y: 0.0),
}  # fmt: skip

_SVM_DX = {
    "sum_instead_of_mean": (f"It is not divided by N: {_MEAN}", _svm_slopes),
    "divided_twice": ("It is divided by N twice: where do you take the average?", lambda x, y: _svm_slopes(x, y) / len(x) ** 2),
    "classes_too": ("It is divided by the number of classes too: what should the average be taken over?", lambda x, y: _svm_slopes(x, y) / x.size),
    "true_class_missing": (f"It is zero at the true class: {_SVM_COUNT}", lambda x, y: (_margins(x, y) > 0) / len(x)),
    "true_class_once": (f"It is -1/N at the true class: {_SVM_COUNT}", _once),
    "true_class_counts_itself": ("The true class counts its own margin: which classes does the sum leave out?", lambda x, y: (_svm_slopes(x, y) - _one_hot(x, y)) / len(x)),
    "all_margins_active": ("Every margin counts: which ones should?", _all_active),
    "delta_zero": ("It has no margin: by how much must the true score be higher?", lambda x, y: _svm_slopes(x, y, 0.0) / len(x)),
    "squared_hinge": ("It is the gradient of the squared hinge loss: which loss does the assignment ask for?", lambda x, y: 2 * (_hinge(x, y) - _one_hot(x, y) * _hinge(x, y).sum(axis=1, keepdims=True)) / len(x)),
    "highest_only": ("Only each sample's largest margin counts: how many classes should count?", _highest_only),
    "sign_flipped": ("It is the correct gradient with the opposite sign: in which direction does the loss rise?", lambda x, y: -_svm_slopes(x, y) / len(x)),
    "all_zero": (_FILLED, lambda x, y: 0 * x),
}  # fmt: skip


def _question(
    name: str,
    answer: Callable[[Array, Array], Answer],
    tables: tuple[Table[Formula], Table[Formula]],
    *,
    is_exponential: bool,
) -> Question:
    loss, slopes = tables
    return Question(
        name=name,
        parameters=("x", "y", TURNED),
        outputs={"loss": "number", "dx": "array", UNCHANGED: "number"},
        draw=_draw if is_exponential else _draw_cases,
        answer=lambda inputs: answer(*arrays_of(inputs)),
        accepted=_with_epsilons if is_exponential else lambda _: (),
        accepted_note=LOSS_NOTE if is_exponential else "",
        driver=("layers", "loss"),
        right=("layers", name.removeprefix("layer_")),
        mistakes=(*formulas("loss", loss), *formulas("dx", slopes)),
        misshapen=(
            Misshapen(
                "not_summed",
                "loss",
                "It has one entry per sample: a loss is a single number.",
                lambda inputs: inputs.array("y").shape,
            ),
        ),
        free=(UNCHANGED,),
        rules=change_rules(("x", "y")),
        needs={UNCHANGED: ("loss", "dx")},
        aside=(UNCHANGED,),
        unchanged=(),
        overflow=OVERFLOW if is_exponential else "",
    )


LOSS_QUESTIONS = (
    _question("layer_softmax_loss", _softmax_loss, (_LOSS, _DX), is_exponential=True),
    _question("layer_svm_loss", _svm_loss, (_SVM_LOSS, _SVM_DX), is_exponential=False),
)
