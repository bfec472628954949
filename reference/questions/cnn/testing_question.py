"""The question on one epoch of testing, on a linear classifier of the judge's choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from reference.losses.problem import Array
from reference.mistakes import Table, mistakes_in
from reference.questions.cnn import cases
from reference.questions.cnn.epochs import evaluated
from reference.questions.inputs import Inputs
from reference.questions.question import Answer, Question, QuestionMistake, Rule


def _test(inputs: Inputs) -> Answer:
    losses, rights = evaluated(inputs)
    return {
        "test_loss": np.asarray(np.concatenate(losses).mean()),
        "num_correct": np.asarray(float(np.concatenate(rights).sum())),
        "eval_mode": np.asarray(1.0),
        "weight_afterwards": inputs.array("weight"),
        "gradient_afterwards": inputs.array("gradient"),
    }


_RETURN_IN_LOOP = "does the function return inside the loop?"

_TEST_LOSS: Table[Callable[[list[Array]], Any]] = {
    "mean_of_batches": (
        "It is the mean of the batches' means: the last batch is smaller, so its samples count for more than the others.",
        lambda parts: np.mean([part.mean() for part in parts]),
    ),
    "sum_over_samples": (
        "It is the sum over all samples: the assignment asks for the mean.",
        lambda parts: sum(part.sum() for part in parts),
    ),
    "sum_over_batches": (
        "It is the sum of the batches' means: what should it be divided by?",
        lambda parts: sum(part.mean() for part in parts),
    ),
    "divided_twice": (
        "It is the sum of the batches' means divided by the number of samples: each was already divided by its batch.",
        lambda parts: sum(part.mean() for part in parts) / sum(map(len, parts)),
    ),
    "divided_by_batches": (
        "It is the sum over all samples divided by the number of batches.",
        lambda parts: sum(part.sum() for part in parts) / len(parts),
    ),
    "last_batch": ("It is the mean loss of the last batch only.", lambda parts: parts[-1].mean()),
    "first_batch": (
        f"It is the mean loss of the first batch only: {_RETURN_IN_LOOP}",
        lambda parts: parts[0].mean(),
    ),
}

_CORRECT: Table[Callable[[list[Array]], Any]] = {
    "share": (
        "It is the share of the samples that are right: the assignment asks for their number.",
        lambda parts: np.concatenate(parts).mean(),
    ),
    "percent": (
        "It is the percentage of the samples that are right: the assignment asks for their number.",
        lambda parts: 100 * np.concatenate(parts).mean(),
    ),
    "last_batch": ("It counts the last batch only.", lambda parts: parts[-1].sum()),
    "first_batch": (f"It counts the first batch only: {_RETURN_IN_LOOP}", lambda parts: parts[0].sum()),
    "counts_wrong": ("It counts the samples that are wrong.", lambda parts: (~np.concatenate(parts)).sum()),
}

_MISTAKES: tuple[QuestionMistake, ...] = (
    *mistakes_in("test_loss", _TEST_LOSS, lambda inputs, rule: float(rule(evaluated(inputs)[0]))),
    *mistakes_in("num_correct", _CORRECT, lambda inputs, rule: float(rule(evaluated(inputs)[1]))),
)


def _differs(output: str, given: str) -> Callable[[Inputs, Answer], Mapping[str, float] | None]:
    return lambda inputs, outputs: None if np.array_equal(outputs[output], inputs.array(given)) else {}


_RULES = (
    Rule(
        "not_in_evaluation_mode",
        "eval_mode",
        "The model is used in training mode, or not at all: what would dropout do to the result?",
        lambda _, outputs: None if outputs["eval_mode"] == 1 else {},
    ),
    *(
        Rule(
            "nothing_tested",
            output,
            "While the loss is 0, an unchanged model does not count.",
            lambda _, outputs: {} if outputs["test_loss"] == 0 else None,
        )
        for output in ("weight_afterwards", "gradient_afterwards")
    ),
    Rule(
        "model_changed",
        "weight_afterwards",
        "The test changes the parameters: it takes a step.",
        _differs("weight_afterwards", "weight"),
    ),
    Rule(
        "gradients_changed",
        "gradient_afterwards",
        "The test changes the gradients: it needs no backward pass and should not zero any gradients.",
        _differs("gradient_afterwards", "gradient"),
    ),
)

QUESTIONS = (
    Question(
        "cnn_test",
        ("images", "labels", "weight", "bias", "gradient"),
        {
            "test_loss": "number",
            "num_correct": "number",
            "eval_mode": "number",
            "weight_afterwards": "array",
            "gradient_afterwards": "array",
        },
        cases.testing_cases,
        _test,
        driver=("cnn", "test"),
        mistakes=_MISTAKES,
        rules=_RULES,
        needs=dict.fromkeys(("weight_afterwards", "gradient_afterwards"), ("test_loss", "num_correct")),
        is_training=True,
    ),
)
