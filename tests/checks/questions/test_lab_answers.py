"""The lab's training questions through their check: what is drawn, what is learned, what is said of it."""

from typing import Any

import numpy as np
import pytest

from grader.checks.base.context import CheckContext
from grader.checks.questions.answers import AnswersCheck
from grader.model.assignment import AnyFunction
from reference.questions.lab import formulas
from tests.checks.students import ASSIGNMENT, observe

ON = ASSIGNMENT.model_copy(update={"functions": {"train_sgd": AnyFunction(role="function")}})


def check_of(question):
    return AnswersCheck(
        kind="answers",
        id=question,
        title=question,
        points=4,
        function="train_sgd",
        question=question,
        shares={"weight": 1.0},
    )


def verdict_on(question, student, seed=0):
    """The check's verdict, the driver executed here."""
    check = check_of(question)
    evidence = []
    for trial in check.trials(CheckContext(ON, seed)):
        namespace: dict[str, Any] = {}
        assert trial.driver is not None
        exec(trial.driver.source, namespace)
        drive = namespace[trial.driver.name]
        evidence.append((trial, observe(trial, drive, others={"train_sgd": student})))
    return check.judge(CheckContext(ON, 0), evidence)


def trainer(draw, rate=lambda rate: rate, is_foreign=False):
    rng = np.random.default_rng(7)

    def train(weight, bias, X, y, learning_rate=1e-3, epochs=3):
        for _ in range(epochs):
            for step in range(len(X)):
                k = draw(rng, len(X), step)
                label = y[rng.integers(len(X))] if is_foreign else y[k]
                of_weight, of_bias = formulas.backward(X[k], label, formulas.forward(weight, bias, X[k]))
                weight = weight - rate(learning_rate) * of_weight
                bias = bias - rate(learning_rate) * of_bias
        return weight, bias

    return train


def at_random(rng, count, step):
    return rng.integers(count)


@pytest.mark.parametrize("question", ["lab_train", "lab_draws", "lab_learning"])
@pytest.mark.parametrize("seed", range(8))
def test_a_right_trainer_passes(question, seed):
    verdict = verdict_on(question, trainer(at_random), seed)

    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert not any(finding.diagnosis or finding.notes for finding in verdict.findings)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "student,named",
    [
        (trainer(lambda rng, count, step: rng.integers(max(1, count - 1))), "last_row_never_drawn"),
        (trainer(lambda rng, count, step: rng.integers(1, count) if count > 1 else 0), "rows_never_drawn"),
        (trainer(lambda rng, count, step: step), "samples_in_order"),
        (trainer(lambda rng, count, step: rng.integers(count) * (rng.random() < 0.6)), "uneven_draws"),
        (trainer(at_random, rate=lambda rate: 2 * rate), "number_of_steps"),
        (trainer(at_random, rate=lambda rate: 0.37 * rate), "no_steps_on_single_samples"),
    ],
)
def test_draws_that_are_not_even_are_named(student, named, seed):
    verdict = verdict_on("lab_draws", student, seed)

    assert verdict.status == "failed"
    assert [each.misconception for each in verdict.findings[0].diagnosis] == [named]


def test_a_label_of_another_sample_is_not_learned_from():
    verdict = verdict_on("lab_learning", trainer(at_random, is_foreign=True))

    assert verdict.status == "failed"
    assert verdict.findings[0].diagnosis[0].misconception in {"loss_grew", "accuracy_below_bar"}
