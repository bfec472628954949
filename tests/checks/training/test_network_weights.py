"""A saved network of two layers: its sizes are read first, then its tensors; what can be told of it without CIFAR-10."""

import io
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from grader.checks.base.context import CheckContext
from grader.checks.training.network_weights import NetworkWeightsCheck
from grader.data import DataSet
from grader.model.observation import Missing, Observation, Raised, Returned
from grader.model.trial import Trial
from reference.in_worker.saved import weights
from tests.checks.images import DATA
from tests.checks.students import ASSIGNMENT, PLACE, received, says

CHECK = NetworkWeightsCheck(
    kind="network_weights",
    id="saved",
    title="saved",
    points=2,
    file="nn_best_model.pt",
    val_bar=0.5,
    test_bar=0.5,
)
REAL = DataSet("a few images", lambda: (DATA.splits, ()), path=Path("cifar-10"))
RNG = np.random.default_rng(0)


def network(H=6, scale=1e-4, bias=0.0):
    widths = (3072, H, 10)
    arrays = {}
    for number, (rows, columns) in enumerate(pairwise(widths), start=1):
        arrays[f"W{number}"] = torch.from_numpy(scale * RNG.normal(size=(rows, columns))).float()
        arrays[f"b{number}"] = torch.full((columns,), bias)
    return arrays


def verdict_on(value, data=DATA):
    """The check's verdict on what torch.save writes of a value, read here."""
    stream = io.BytesIO()
    torch.save(value, stream)
    content = torch.from_numpy(np.frombuffer(stream.getvalue(), np.uint8).copy())
    context = CheckContext(ASSIGNMENT, 0, data=data)
    evidence: list[tuple[Trial, Observation]] = []
    trials = CHECK.trials(context)
    while trials:
        for trial in trials:
            assert (trial.runner, trial.is_apart) == ("reference", True)
            try:
                result = getattr(weights, trial.function)(content)
            except LookupError as error:
                evidence.append((trial, Raised(type(error).__name__, str(error), PLACE, 0.0)))
                continue
            arrays = (each.numpy() if isinstance(each, torch.Tensor) else each for each in result)
            values = tuple(received(*pair) for pair in zip(arrays, trial.outputs, strict=True))
            evidence.append((trial, Returned(values=values, seconds=0.0)))
        trials = CHECK.more_trials(context, evidence)
    return CHECK.judge(context, evidence)


@pytest.mark.parametrize("H", [1, 6, 40])
def test_a_network_of_any_width_that_may_be_trained_has_the_points_on_the_stand_in_and_not_with_the_images(H):
    value = network(H, bias=0.1)

    on_standin, on_images = verdict_on(value), verdict_on(value, REAL)

    assert (on_standin.status, on_standin.credit) == ("passed", 1.0), on_standin.message
    assert "These are stand-in images" in on_standin.message
    assert (on_images.status, on_images.credit) == ("failed", 0.0)
    assert on_images.message.startswith("nn_best_model.pt is not accurate enough: ")


@pytest.mark.parametrize(
    "value, message",
    [
        (network(), "The network in nn_best_model.pt was not trained: its biases are zero and W1 is noise, as before the first step."),
        (network(scale=0.0), "The network in nn_best_model.pt was not trained: every image has the same scores."),
        ({"W": torch.zeros(3073, 10)}, "nn_best_model.pt holds a dict without W1, b1, W2, b2 (it has 'W'); save it with torch.save(params, path)."),
        (torch.zeros(3), "nn_best_model.pt holds a value of type Tensor, not a dict; save it with torch.save(params, path)."),
        ({**network(), "b1": torch.zeros(1, 6)}, "nn_best_model.pt holds b1 of shape (1, 6); save it with torch.save(params, path)."),
        ({**network(), "b1": torch.zeros(7)}, "nn_best_model.pt: shapes do not fit together: W1 (3072, 6), b1 (7,), W2 (6, 10), b2 (10,); b1 and the rows of W2 go with the columns of W1, b2 with those of W2."),
        ({**network(), "W1": torch.zeros(3073, 6)}, "nn_best_model.pt: W1 has 3073 rows and W2 has 10 columns; an image has 3072 numbers, and there are 10 classes."),
        ({**network(), "b2": torch.full((10,), torch.nan)}, "nn_best_model.pt holds numbers that are not finite; did the loss grow?"),
    ],
)  # fmt: skip
def test_what_is_no_trained_network_is_told_why(value, message):
    verdict = verdict_on(value)

    assert (verdict.status, verdict.message) == ("failed", message)


def test_a_file_that_is_not_there_is_told():
    context = CheckContext(ASSIGNMENT, 0, data=DATA)
    (trial,) = CHECK.trials(context)

    verdict = CHECK.judge(context, [(trial, Missing(""))])

    assert says(verdict.message, "nn_best_model.pt is not in the submission, or is larger than <count> MiB.")
