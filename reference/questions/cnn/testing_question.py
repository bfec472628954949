"""The question on one epoch of testing, on a linear classifier of the judge's choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from reference.conventions import Convention
from reference.losses.problem import Array
from reference.questions.cnn import cases
from reference.questions.cnn.epochs import evaluated
from reference.questions.question import Answer, Inputs, Mistake, Question, Rule


def _test(inputs: Inputs, convention: Convention) -> Answer:
    del convention
    losses, rights = evaluated(inputs)
    return {
        "test_loss": np.asarray(np.concatenate(losses).mean()),
        "num_correct": np.asarray(float(np.concatenate(rights).sum())),
        "eval_mode": np.asarray(1.0),
        "weight_afterwards": np.asarray(inputs["weight"]),
        "gradient_afterwards": np.asarray(inputs["gradient"]),
    }


def _tested(
    name: str, output: str, message: str, rule: Callable[[list[Array]], float | np.floating[Any]]
) -> Mistake:
    def outcome(inputs: Inputs, convention: Convention) -> float:
        del convention
        return float(rule(evaluated(inputs)[output == "num_correct"]))

    return Mistake(name, output, message, outcome)


_TEST_MISTAKES = (
    _tested(
        "mean_of_batches",
        "test_loss",
        "It is the mean of the batches' means: the last batch is smaller, so its samples count for more than the others.",
        lambda parts: np.mean([part.mean() for part in parts]),
    ),
    _tested(
        "sum_over_samples",
        "test_loss",
        "It is the sum over all samples: the mean is asked for.",
        lambda parts: sum(part.sum() for part in parts),
    ),
    _tested(
        "sum_over_batches",
        "test_loss",
        "It is the sum of the batches' means: what is it to be divided by?",
        lambda parts: sum(part.mean() for part in parts),
    ),
    _tested(
        "divided_twice",
        "test_loss",
        "It is the sum of the batches' means divided by the number of samples: each was divided by its batch before.",
        lambda parts: sum(part.mean() for part in parts) / sum(map(len, parts)),
    ),
    _tested(
        "divided_by_batches",
        "test_loss",
        "It is the sum over all samples divided by the number of batches.",
        lambda parts: sum(part.sum() for part in parts) / len(parts),
    ),
    _tested(
        "last_batch",
        "test_loss",
        "It is the mean loss of the last batch alone.",
        lambda parts: parts[-1].mean(),
    ),
    _tested(
        "first_batch",
        "test_loss",
        "It is the mean loss of the first batch alone: does the function return within the loop?",
        lambda parts: parts[0].mean(),
    ),
    _tested(
        "share",
        "num_correct",
        "It is the share of the samples that are right: their number is asked for.",
        lambda parts: np.concatenate(parts).mean(),
    ),
    _tested(
        "percent",
        "num_correct",
        "It is the percentage of the samples that are right: their number is asked for.",
        lambda parts: 100 * np.concatenate(parts).mean(),
    ),
    _tested(
        "last_batch",
        "num_correct",
        "It counts the last batch alone.",
        lambda parts: parts[-1].sum(),
    ),
    _tested(
        "first_batch",
        "num_correct",
        "It counts the first batch alone: does the function return within the loop?",
        lambda parts: parts[0].sum(),
    ),
    _tested(
        "counts_wrong",
        "num_correct",
        "It counts the samples that are wrong.",
        lambda parts: (~np.concatenate(parts)).sum(),
    ),
)


def _not_evaluated(inputs: Inputs, outputs: Answer, convention: Convention) -> Mapping[str, float] | None:
    del inputs, convention
    return None if outputs["eval_mode"] == 1 else {}


def _differs(output: str, given: str) -> Callable[[Inputs, Answer, Convention], Mapping[str, float] | None]:
    def broken(inputs: Inputs, outputs: Answer, convention: Convention) -> Mapping[str, float] | None:
        del convention
        return None if np.array_equal(outputs[output], np.asarray(inputs[given])) else {}

    return broken


def _nothing_tested(inputs: Inputs, outputs: Answer, convention: Convention) -> Mapping[str, float] | None:
    del inputs, convention
    return {} if outputs["test_loss"] == 0 else None


_TEST_RULES = (
    Rule(
        "not_in_evaluation_mode",
        "eval_mode",
        "The model is used in training mode, or not at all: what would dropout do to the result?",
        _not_evaluated,
    ),
    *(
        Rule(
            "nothing_tested",
            output,
            "While the loss is 0, an unchanged model shows nothing.",
            _nothing_tested,
        )
        for output in ("weight_afterwards", "gradient_afterwards")
    ),
    Rule(
        "model_changed",
        "weight_afterwards",
        "The parameters are others after the test: a step was taken.",
        _differs("weight_afterwards", "weight"),
    ),
    Rule(
        "gradients_changed",
        "gradient_afterwards",
        "The gradients are others after the test: a test needs no backward pass and sets nothing to zero.",
        _differs("gradient_afterwards", "gradient"),
    ),
)

_GIVEN = ("images", "labels", "weight", "bias")

QUESTIONS = (
    Question(
        "cnn_test",
        (*_GIVEN, "gradient"),
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
        mistakes=_TEST_MISTAKES,
        rules=_TEST_RULES,
        is_training=True,
    ),
)
