"""Functions that train a lent classifier and score it: right ones in every style pass, each slip has its words."""

import dataclasses

import numpy as np
import pytest

from grader.checks.base.context import CheckContext
from grader.checks.training.param_set import ParamSetCheck, asked_of
from grader.model.assignment import ParamSetFunction
from grader.model.observation import Missing, Received, Returned
from tests.checks.students import ASSIGNMENT, evidence_of, says, verdict_on

NAME = "test_one_param_set"
JUDGED = ASSIGNMENT.model_copy(
    update={"functions": {**ASSIGNMENT.functions, NAME: ParamSetFunction(role="param_set")}}
)
CHECK = ParamSetCheck(
    kind="param_set", id="param_set", title="param set", points=4, hint="Train, then score.", function=NAME
)


def verdict_of(student, seed=0):
    return verdict_on(CHECK, {NAME: student}, seed, JUDGED)


def accuracy(cls, X, y):
    return float((cls.predict(X) == y).mean())


def right(cls, data_dict, lr, reg, num_iters=2000):
    cls.train(data_dict["X_train"], data_dict["y_train"], lr, reg, num_iters)
    return (
        cls,
        accuracy(cls, data_dict["X_train"], data_dict["y_train"]),
        accuracy(cls, data_dict["X_val"], data_dict["y_val"]),
    )


def variant(
    train=lambda cls, data, lr, reg, iters: cls.train(
        data["X_train"], data["y_train"], learning_rate=lr, reg=reg, num_iters=iters
    ),
    answer=lambda cls, train_acc, val_acc: (cls, train_acc, val_acc),
    splits=("train", "val"),
    default=2000,
):
    def function(cls, data_dict, lr, reg, num_iters=default):
        train(cls, data_dict, lr, reg, num_iters)
        return answer(
            cls, *(accuracy(cls, data_dict[f"X_{name}"], data_dict[f"y_{name}"]) for name in splits)
        )

    return function


def by_scores(cls, data_dict, lr, reg, num_iters=2000):
    cls.train(data_dict["X_train"], data_dict["y_train"], lr, reg, num_iters, verbose=True)
    return [
        cls,
        *(
            (np.argmax(data_dict[X] @ cls.W, 1) == data_dict[y]).mean()
            for X, y in (("X_train", "y_train"), ("X_val", "y_val"))
        ),
    ]


def train_by_loss(cls, data_dict, lr, reg, num_iters=2000, *, batches=True, in_place=True):
    """The student's own loop over the classifier's loss, as train_linear_classifier has it."""
    rng = np.random.default_rng(0)
    X, y = data_dict["X_train"], data_dict["y_train"]
    W = 1e-3 * rng.normal(size=(X.shape[1], int(y.max()) + 1))
    for _ in range(num_iters):
        rows = rng.integers(0, len(X), 200) if batches else rng.permutation(len(X))[:200]
        _, dW = cls.loss(W, X[rows], y[rows], reg)
        if in_place:
            W -= lr * dW
        else:
            W = W - lr * dW
    cls.W = W
    return cls, accuracy(cls, X, y), accuracy(cls, data_dict["X_val"], data_dict["y_val"])


RIGHT = {
    "by loss": train_by_loss,
    "by loss, without replacement": lambda *given: train_by_loss(*given, batches=False, in_place=False),
    "positional": right,
    "keywords": variant(),
    "percent": variant(answer=lambda cls, one, other: (cls, 100 * one, 100 * other)),
    "rounded percents": variant(answer=lambda cls, one, other: (cls, round(100 * one), round(100 * other))),
    "arrays": variant(answer=lambda cls, one, other: (cls, np.array(one), np.float32(other))),
    "by scores, as a list": by_scores,
}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("student", RIGHT.values(), ids=RIGHT)
def test_right_functions_pass(student, seed):
    verdict = verdict_of(student, seed)

    assert (verdict.status, verdict.credit, verdict.hint) == ("passed", 1.0, None)
    assert verdict.message == (
        f"{NAME} trains the classifier as asked and returns its accuracies on both splits, in 3 calls."
    )
    assert [(each.function, each.is_correct, each.notes) for each in verdict.findings] == [(NAME, True, ())]


def test_other_defaults_are_notes():
    verdict = verdict_of(
        variant(
            lambda cls, data, lr, reg, iters: cls.train(
                data["X_train"], data["y_train"], lr, reg, iters, 500
            ),
            default=1500,
        )
    )

    assert verdict.credit == 1
    assert verdict.findings[0].notes == (
        "it trains with batches of 500; the default is 200",
        "without num_iters it trains for 1500 iterations; the handout's default is 2000",
    )


def training(*names, swap=False, iters=None):
    def train(cls, data, lr, reg, num_iters):
        X, y = ([data[f"{part}_{name}"] for name in names] for part in "Xy")
        numbers = (reg, lr) if swap else (lr, reg)
        cls.train(np.concatenate(X), np.concatenate(y), *numbers, iters or num_iters)

    return train


WRONG = {
    "by loss, another rate": (
        lambda cls, data, lr, reg, num_iters=2000: train_by_loss(cls, data, lr / 2, reg, num_iters),
        0.5,
        f"{NAME}: it trains with learning_rate <number>, not with the lr that it was given.",
    ),
    "swapped accuracies": (
        variant(answer=lambda cls, one, other: (cls, other, one)),
        0.5,
        f"{NAME}: train_acc and val_acc are swapped: it returns (cls, val_acc, train_acc).",
    ),
    "trained on val": (variant(training("val")), 0.5, f"{NAME}: it trains on X_val; expected X_train."),
    "trained on test": (variant(training("test")), 0.5, f"{NAME}: it trains on X_test; expected X_train."),
    "trained on both": (
        variant(training("train", "val")),
        0.5,
        f"{NAME}: it trains on rows of X_train and X_val; expected X_train.",
    ),
    "trained on a part": (
        variant(lambda cls, data, *numbers: cls.train(data["X_train"][:20], data["y_train"][:20], *numbers)),
        0.5,
        f"{NAME}: it trains on 20 of the <count> rows of X_train.",
    ),
    "other labels": (
        variant(lambda cls, data, *numbers: cls.train(data["X_train"], data["y_train"][::-1], *numbers)),
        0.5,
        f"{NAME}: it trains on labels that do not belong to the rows.",
    ),
    "lr and reg swapped": (
        variant(training("train", swap=True)),
        0.5,
        f"{NAME}: it swaps the two: lr is passed on as reg, and reg as learning_rate.",
    ),
    "lr and reg left out": (
        variant(
            lambda cls, data, lr, reg, iters: cls.train(data["X_train"], data["y_train"], num_iters=iters)
        ),
        0.5,
        (
            f"{NAME}: it trains with learning_rate 0.001, not with the lr that it was given;"
            " it trains with reg 1e-05, not with the reg that it was given."
        ),
    ),
    "num_iters left out": (
        variant(training("train", iters=100)),
        0.5,
        f"{NAME}: it trains for 100 iterations, not for the num_iters that it was given.",
    ),
    "trained twice": (
        variant(lambda *given: [training("train")(*given) for _ in range(2)]),
        0.5,
        f"{NAME}: it calls train 2 times, expected once.",
    ),
    "another classifier": (
        variant(answer=lambda cls, one, other: (cls.W, one, other)),
        0.5,
        f"{NAME}: the first value that it returns is not the classifier that it was given.",
    ),
    "val for both": (
        variant(splits=("val", "val")),
        0.75,
        f"{NAME}: train_acc is <number>: the accuracy on X_val.",
    ),
    "test for val": (
        variant(splits=("train", "test")),
        0.75,
        f"{NAME}: val_acc is <number>: the accuracy on X_test.",
    ),
    "errors": (
        variant(answer=lambda cls, one, other: (cls, one, 1 - other)),
        0.75,
        f"{NAME}: val_acc is <number>: the share of wrong labels.",
    ),
    "no number": (
        variant(answer=lambda cls, one, other: (cls, one, None)),
        0.75,
        f"{NAME}: val_acc should be a number, but is None.",
    ),
    "a constant": (
        variant(answer=lambda cls, one, other: (cls, 0.0, other)),
        0.75,
        f"{NAME}: train_acc is 0, but the labels predicted for X_train make it <number>.",
    ),
    "two values": (
        variant(answer=lambda cls, one, other: (one, other)),
        0.0,
        f"{NAME}: it should return (cls, train_acc, val_acc), but returns 2 values.",
    ),
    "nothing": (
        lambda *_: None,
        0.0,
        f"{NAME}: it should return (cls, train_acc, val_acc), but returns something other than a tuple.",
    ),
    "the template": (
        lambda cls, *_: (cls, 0.0, 0.0),
        0.0,
        f"{NAME}: it never calls the train method of the classifier that it was given.",
    ),
}


@pytest.mark.parametrize("student,credit,words", WRONG.values(), ids=WRONG)
def test_each_fault_has_its_words(student, credit, words):
    for seed in range(3):
        verdict = verdict_of(student, seed)

        assert (verdict.status, verdict.credit, verdict.hint) == ("failed", credit, "Train, then score.")
        assert says(verdict.message, words), verdict.message
        assert verdict.findings[0].is_correct is False


@pytest.mark.parametrize("huge", [1.7e308, -1.7e308, 10**300, float("inf"), float("nan")])
def test_accuracies_beyond_all_bounds_are_wrong_and_nothing_more(huge):
    verdict = verdict_of(variant(answer=lambda cls, *_: (cls, huge, huge)))

    assert (verdict.status, verdict.credit) == ("failed", 0.5)
    assert "train_acc is " in verdict.message
    assert "val_acc is " in verdict.message


@pytest.mark.parametrize("forged", [float("nan"), float("inf"), -1.0, 1e300])
def test_numbers_that_no_driver_of_ours_sends_are_wrong_and_nothing_more(forged):
    evidence = evidence_of(CHECK, {NAME: right}, assignment=JUDGED)
    for position in range(10):
        changed = []
        for trial, seen in evidence:
            assert isinstance(seen, Returned)
            values = list(seen.values)
            values[position] = Received(np.array(forged), "float")
            changed.append((trial, dataclasses.replace(seen, values=tuple(values))))

        verdict = CHECK.judge(CheckContext(JUDGED, 0), changed)

        assert verdict.status in {"passed", "failed"}
        assert len(verdict.message) < 500


def test_the_number_of_right_labels_is_named():
    def counts(cls, data_dict, lr, reg, num_iters=2000):
        _, train_acc, val_acc = right(cls, data_dict, lr, reg, num_iters)
        return cls, train_acc * len(data_dict["y_train"]), val_acc

    verdict = verdict_of(counts)

    assert verdict.credit == 0.75
    assert says(
        verdict.message, f"{NAME}: train_acc is <number>: the number of right labels, not their share."
    )


def test_data_that_change_are_named():
    def changes(cls, data_dict, lr, reg, num_iters=2000):
        data_dict["X_val"] += 1
        answer = right(cls, data_dict, lr, reg, num_iters)
        data_dict["X_val"] *= 2
        return answer

    assert "it changes X_val in data_dict" in verdict_of(changes).message


def test_what_raises_or_is_missing_is_said():
    raised = verdict_of(lambda cls, data_dict, lr, reg, num_iters=2000: data_dict["X_dev"])
    missing = CHECK.judge(
        CheckContext(JUDGED, 0), [(CHECK.trials(CheckContext(JUDGED, 0))[0], Missing("no file defines it"))]
    )

    assert raised.message.startswith(f"{NAME} raised KeyError")
    assert missing.message == f"{NAME} is missing: no file defines it."
    assert (raised.credit, missing.credit) == (0, 0)


@pytest.mark.parametrize("seed", range(200))
def test_no_two_accuracies_of_a_call_are_near_one_another(seed):
    for trial in CHECK.trials(CheckContext(JUDGED, seed)):
        train, val, test = asked_of(trial).accuracies

        assert min(abs(train - val), abs(train - test), abs(val - test)) > 0.1
        assert min(abs(1 - train - val), abs(train + test - 1), abs(2 * train - 1)) > 0.02
